// Guided experiments: a question, a prediction, a run of two networks, and an answer by what was measured.

import { called, Comparison, SIDES } from "./compare.js";
import { el, number, onLanguage, percent, say, t, translate } from "./dom.js";
import { headed } from "./help.js";
import { Journal } from "./journal.js";
import { OwnComparison } from "./knobs_pair.js";

const GUESSES = [...SIDES, "same"];
const OWN = "own";

export class ExperimentsView {
  constructor(page) {
    const { connection } = page;
    this.whole = page;
    this.journal = new Journal();
    this.own = new OwnComparison(connection);
    this.guided = new Comparison(connection, (message) => this.found(message));
    this.element = el("div", { class: "experiments" });
    this.list = el("ol", { class: "list" });
    this.count = el("p", { class: "note", role: "status" });
    connection.on("welcome", (message) => this.welcome(message));
    onLanguage(() => this.table && this.fill());
  }

  welcome(message) {
    const first = !this.table;
    this.table = message.experiments;
    this.own.welcome(message);
    if (!first) return;
    const [wrong] = this.want(this.wanted);
    if (wrong) this.whole.complain(wrong);
  }

  // What is open, in the address of the page; nothing: the list.
  get inAddress() {
    return {
      entries: () => (this.wanted ? { open: this.wanted } : {}),
      apply: ({ open }) => this.want(open),
      back: ({ open }) => this.want(open),
    };
  }

  want(name) {
    const known = !name || name === OWN || !this.table || name in this.table;
    this.wanted = known ? name : undefined;
    if (this.table) this.open(this.wanted);
    if (known) return [];
    return [{ name: "experiments.open", value: name, allowed: [...Object.keys(this.table), OWN].join(", "), kept: t("experiments.all") }];
  }

  // By a link of this view: a place to go back from.
  go(event, name) {
    event.preventDefault();
    history.pushState({ ours: true }, "", location.hash);
    this.want(name);
    this.whole.touched();
  }

  link(name, options, ...parts) {
    const href = name ? `#experiment=${name}` : "#experiments";
    return el("a", { href, onclick: (event) => this.go(event, name), ...options }, ...parts);
  }

  shown() {}

  open(name) {
    if (name === this.name && this.element.firstChild) return;
    const moved = this.element.contains(document.activeElement);
    this.guided.leave();
    this.own.comparison.leave();
    this.name = name;
    if (name === OWN) this.element.replaceChildren(this.back(), this.own.element);
    else if (name in this.table) this.element.replaceChildren(this.back(), ...this.page(name));
    else this.element.replaceChildren(this.overview());
    translate(this.element);
    if (moved) this.element.querySelector("h2").focus();
  }

  back() {
    return this.link(undefined, { class: "back", t: "experiments.all" });
  }

  overview() {
    this.fill();
    const heading = el("h2", { tabindex: -1, t: "experiments.heading" });
    const own = this.link(
      OWN,
      { class: "entry" },
      el("b", { t: "experiments.own" }),
      el("span", { class: "note", t: "experiments.own.intro" }),
    );
    return el("div", { class: "overview" }, heading, el("p", { t: "experiments.intro" }), this.count, this.list, own);
  }

  fill() {
    const names = Object.keys(this.table);
    const done = names.filter((name) => this.journal.of(name));
    const right = done.filter((name) => this.journal.of(name) === "right");
    say(this.count, "experiments.progress", { done: done.length, count: names.length, right: right.length });
    this.list.replaceChildren(...names.map((name) => el("li", {}, this.entry(name))));
  }

  entry(name) {
    const state = this.journal.of(name);
    const mark = el("span", { class: "done", "aria-hidden": "true" }, state === "right" ? "✓" : state ? "○" : "");
    const said = state ? el("span", { class: "unseen", t: `experiments.done.${state}` }) : "";
    const title = el("b", { t: `experiment.title.${name}` });
    const versus = el("span", { class: "note" }, t(`experiment.name_a.${name}`), " · ", t(`experiment.name_b.${name}`));
    return this.link(name, { class: "entry" }, el("span", { class: "row" }, title, mark, said), versus);
  }

  page(name) {
    const { task, measure } = this.table[name];
    this.seed = 1;
    this.sides = Object.fromEntries(SIDES.map((side) => [side, called(`experiment.name_${side}.${name}`)]));
    this.guesses = GUESSES.map((guess) => this.radio(guess, measure));
    this.choices = el("fieldset", {}, headed("legend", "experiments.predict"), ...this.guesses);
    this.missing = el("p", { class: "missing", role: "alert" });
    this.start = el("button", { type: "button", class: "main", t: "experiments.run", onclick: () => this.run() });
    this.answer = el("section", { class: "card answer", hidden: true });
    // a part of the page that speaks has to be there before it says something
    const speaking = el("div", { role: "status" }, this.answer);
    this.guided.show(task, this.sides);
    this.guided.element.hidden = true;
    const question = el(
      "section",
      { class: "card question" },
      el("h2", { tabindex: -1, t: `experiment.title.${name}` }),
      el("p", { t: `experiment.question.${name}` }),
      this.choices,
      this.missing,
      el("div", { class: "row" }, this.start, el("button", { type: "button", t: "experiments.change", onclick: (event) => this.change(event) })),
    );
    return [el("div", { class: "guide" }, question, speaking), this.guided.element];
  }

  radio(guess, measure) {
    const input = el("input", { type: "radio", name: "guess", value: guess, onchange: () => say(this.missing, null) });
    const words = el("span");
    if (guess === "same") say(words, "experiments.guess.same");
    else say(words, `experiments.guess.${measure}`, this.sides[guess]);
    return el("label", { class: "guess" }, input, words);
  }

  run() {
    this.guess = this.choices.querySelector("input:checked")?.value;
    if (!this.guess) {
      say(this.missing, "experiments.choose");
      this.choices.querySelector("input").focus();
      return;
    }
    this.answer.hidden = true;
    this.guided.element.hidden = false;
    this.guided.element.scrollIntoView({ block: "nearest" });
    this.guided.begin({ experiment: this.name, seed: this.seed });
    say(this.start, "experiments.again");
    this.seed++;
  }

  change(event) {
    const { task, a, b } = this.table[this.name];
    this.own.choose(task, { a, b });
    this.go(event, OWN);
  }

  found(message) {
    if (message.experiment !== this.name || !this.guess) return;
    this.journal.add(this.name, this.guess, message.outcome);
    this.answer.replaceChildren(...this.said(message));
    this.answer.hidden = false;
    this.answer.scrollIntoView({ block: "nearest" });
  }

  // The sentences: what was measured, whether it was predicted, why, and what to do next.
  said(message) {
    const { name, table } = this;
    const { measure, chapter } = table[name];
    const values = this.numbers(message);
    const { outcome } = message;
    const part = (key, given = values, kind = "p") => say(el(kind), key, given);
    const found = outcome === "same" ? `experiments.level.${measure}` : `experiments.found.${measure}`;
    const agreed = outcome === this.guess;
    const guess = this.guess === "same" ? "experiments.guess.same" : `experiments.guess.${measure}`;
    const side = this.sides[this.guess];
    const guessed = named("guess", () => t(guess, side));
    const parts = [headed("h3", "experiments.result"), part(found)];
    parts.push(agreed ? part("experiments.agreed") : part("experiments.otherwise", guessed));
    parts.at(-1).classList.add(agreed ? "agreed" : "otherwise");
    parts.push(part(message.expected ? `experiment.why.${name}` : "experiments.unusual"));
    parts.push(part("experiments.next", named("text", () => t(`experiment.next.${name}`))));
    if (chapter) parts.push(part("experiments.chapter", named("title", () => t(`chapter.${chapter}`), { number: chapter })));
    parts.at(-1).classList.add("note");
    const names = Object.keys(table);
    const next = names[(names.indexOf(name) + 1) % names.length];
    const link = this.link(next, {});
    say(link, "experiments.following", named("title", () => t(`experiment.title.${next}`)));
    return [...parts, link];
  }

  // What a sentence may name: each number of both sides, and the sides.
  numbers(message) {
    const { sides } = this;
    const values = {};
    for (const side of SIDES) {
      for (const [name, value] of Object.entries(message[side])) {
        const share = name.endsWith("accuracy") || name === "gap";
        values[`${name}_${side}`] = share ? percent(value) : number(value);
      }
      Object.defineProperty(values, `name_${side}`, { get: () => sides[side].name });
    }
    Object.defineProperty(values, "better", { get: () => sides[message.outcome]?.name ?? "" });
    return values;
  }

  recolour() {
    this.own.comparison.recolour();
    this.guided.recolour();
  }
}

// Values for a row of strings, one of them made when it is shown: it changes with the language.
function named(name, get, values = {}) {
  return Object.defineProperty({ ...values }, name, { get });
}
