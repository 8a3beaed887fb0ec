// The page in its address: #plane?lang=ko&plane.noise=0.2&plane.units=16-8. Tab, language, and each view's
// settings that are not as they stand at first. A view that has some gives them as `inAddress`:
//   entries(): {name: text}; apply({name: text}): sets them, and gives what it could not take, as
//   [{name, value, allowed, kept}]; and, if Back and Forward lead from one of its pages to another, back({name: text})
// #experiment=rate is short for #experiments?experiments.open=rate.

import { currentLanguage } from "./dom.js";

const LANGUAGES = ["en", "ko"];

export function parse(hash) {
  const short = /^#experiment=(\w+)$/.exec(hash);
  if (short) return { tab: "experiments", query: new URLSearchParams({ "experiments.open": short[1] }) };
  const [tab, query = ""] = hash.replace(/^#/, "").split("?");
  return { tab, query: new URLSearchParams(query) };
}

export class Address {
  // choose(tab), language(name): what the page does; complain(found): says that an address asks for what is not
  constructor(views, page) {
    Object.assign(this, { views, page });
    this.tab = "draw";
    // a knob may be turned by hand, or by a panel that then calls `touched`
    document.addEventListener("change", () => this.write());
    addEventListener("popstate", (event) => this.moved(event));
  }

  // At first, and when somebody writes another address: all that it says counts.
  read() {
    const { tab, query } = parse(location.hash);
    const language = query.get("lang");
    if (LANGUAGES.includes(language)) this.page.language(language);
    else if (language) this.bad([{ name: "lang", value: language, allowed: LANGUAGES.join(", "), kept: currentLanguage() }]);
    for (const [name, view] of Object.entries(this.views)) {
      if (view.inAddress && query.size) this.bad(view.inAddress.apply(own(query, name)));
    }
    const known = (key) => key === "lang" || this.views[key.split(".")[0]]?.inAddress;
    this.bad([...query.keys()].filter((key) => !known(key)).map((key) => ({ name: key, value: query.get(key) })));
    this.tab = tab in this.views ? tab : "draw";
    if (tab && tab !== this.tab) this.bad([{ name: "", value: tab, allowed: Object.keys(this.views).join(", "), kept: this.tab }]);
    this.page.choose(this.tab);
    this.write();
  }

  bad(found) {
    if (found?.length) this.page.complain(found[0]);
  }

  // Another tab is a place to go back from; knobs that are turned are not: what Back brings is the tab, with the
  // knobs, and the training, as they now are.
  go(tab) {
    if (tab === this.tab) return;
    this.tab = tab;
    history.pushState({ ours: true }, "", this.text());
    this.page.choose(tab);
  }

  moved(event) {
    const { tab, query } = parse(location.hash);
    if (!event.state?.ours && query.size) return this.read();
    this.tab = tab in this.views ? tab : "draw";
    this.views[this.tab].inAddress?.back?.(own(query, this.tab));
    this.page.choose(this.tab);
    this.write();
    return undefined;
  }

  write() {
    const text = this.text();
    if (text !== location.hash || !history.state?.ours) history.replaceState({ ours: true }, "", text);
  }

  text() {
    const query = new URLSearchParams({ lang: currentLanguage() });
    for (const [name, view] of Object.entries(this.views)) {
      for (const [key, value] of Object.entries(view.inAddress?.entries() ?? {})) query.set(`${name}.${key}`, value);
    }
    return `#${this.tab}?${query}`;
  }
}

function own(query, scope) {
  const found = [...query].filter(([key]) => key.startsWith(`${scope}.`));
  return Object.fromEntries(found.map(([key, value]) => [key.slice(scope.length + 1), value]));
}

// The part of an address of selects, by name: {network: element}.
export function selects(parts, chosen) {
  const first = Object.fromEntries(Object.entries(parts).map(([name, select]) => [name, select.value]));
  return {
    entries: () =>
      Object.fromEntries(
        Object.entries(parts).flatMap(([name, s]) => (s.value === first[name] ? [] : [[name, s.value]])),
      ),
    apply: (entries) => {
      const bad = [];
      for (const [name, value] of Object.entries(entries)) {
        const options = [...(parts[name]?.options ?? [])].map((option) => option.value);
        if (options.includes(value)) parts[name].value = value;
        else bad.push({ name, value, allowed: options.join(", "), kept: parts[name]?.value });
      }
      chosen();
      return bad;
    },
  };
}

// A knob's value as text, and back: undefined where the bound does not allow it.
export function shorten(value) {
  return Array.isArray(value) ? value.join("-") || "none" : String(value);
}

export function lengthen(bound, text) {
  if (bound.kind === "choice") return bound.options.includes(text) ? text : undefined;
  const words = text === "none" ? [] : text.split("-");
  if (bound.kind === "several") return words.length && words.every((w) => bound.options.includes(w)) ? words : undefined;
  if (bound.kind === "row") {
    const numbers = words.map((word) => whole(bound, word));
    return numbers.length <= bound.most && !numbers.includes(undefined) ? numbers : undefined;
  }
  return bound.kind === "number" ? whole(bound, text) : undefined;
}

function whole(bound, text) {
  const value = text.trim() === "" ? NaN : Number(text);
  const fits = value >= bound.low && value <= bound.high && (!bound.whole || Number.isInteger(value));
  return fits ? value : undefined;
}

export function allowed(bound) {
  return bound.options?.join(", ") ?? `${bound.low} … ${bound.high}`;
}
