// What the interactive figures share: words in two languages, controls, drawing, and finding their places on a page.
//
// A page holds <div data-figure="descent">what is read without JavaScript</div>. These are classic scripts, not modules:
// a browser loads no module from file://, and the site is to be read from a folder.
"use strict";

(() => {
  const maths = {}; // each figure's arithmetic, apart from its drawing, so that tests can hold it to NumPy
  const builders = {};
  const words = {};
  const still = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  const language = () => (document.documentElement.lang.startsWith("ko") ? "ko" : "en");

  /** The words of a key in the page's language; {name} in them stands for a value. */
  function say(key, values = {}) {
    const entry = words[key];
    if (!entry) throw new Error(`no words for ${key}`);
    return entry[language()].replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** A number for people: at most `digits` after the point, a real minus sign. */
  function show(number, digits = 2) {
    if (!Number.isFinite(number)) return Number.isNaN(number) ? "—" : number > 0 ? "∞" : "−∞";
    if (Math.abs(number) >= 1e6) return number.toExponential(1).replace(/-/g, "−");
    const rounded = Number(number.toFixed(digits));
    return String(rounded === 0 ? 0 : rounded).replace("-", "−");
  }

  function dress(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") node.addEventListener(name, value);
      else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat());
    return node;
  }

  /** An element of HTML; a function among its attributes listens to the event of that name. */
  const html = (tag, attributes = {}, ...children) => dress(document.createElement(tag), attributes, children);
  /** An element of SVG. */
  const svg = (tag, attributes = {}, ...children) =>
    dress(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  const button = (text, click, attributes = {}) =>
    html("button", { type: "button", click, ...attributes }, text);

  /** A labelled slider that shows its value; `set(value)` moves it without telling. */
  function slider(label, { min, max, step, value, digits = 2 }, changed) {
    const input = html("input", { type: "range", min, max, step, value });
    const shown = html("output", {}, show(value, digits));
    const update = () => (shown.textContent = show(Number(input.value), digits));
    input.addEventListener("input", () => {
      update();
      changed(Number(input.value));
    });
    const set = (to) => {
      input.value = to;
      update();
    };
    return { element: html("label", { class: "nf-slider" }, html("span", {}, label), input, shown), set };
  }

  /** A field for a number. What is no number is marked, and changes nothing. */
  function number(label, value, changed, attributes = {}) {
    const input = html("input", { type: "number", step: "any", value, "aria-label": label, ...attributes });
    input.addEventListener("input", () => {
      const wrong = input.value.trim() === "" || !Number.isFinite(Number(input.value));
      input.toggleAttribute("aria-invalid", wrong);
      if (!wrong) changed(Number(input.value));
    });
    return input;
  }

  function choice(label, options, chosen, changed) {
    const select = html("select", { change: () => changed(select.value) });
    for (const [value, text] of options) select.append(html("option", { value, selected: value === chosen }, text));
    return html("label", { class: "nf-choice" }, html("span", {}, label), select);
  }

  function check(label, checked, changed) {
    const input = html("input", { type: "checkbox", checked, change: () => changed(input.checked) });
    return html("label", { class: "nf-check" }, input, html("span", {}, label));
  }

  const group = (label, ...children) =>
    html("div", { class: "nf-group", role: "group", "aria-label": label }, ...children);

  /** The arithmetic sign of a step, for keys that move something by one. */
  const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

  /** Build a figure in its place: a heading, what it draws, and a line that screen readers are told of. */
  function build(place) {
    const name = place.dataset.figure;
    const builder = builders[name];
    if (!builder) throw new Error(`no interactive figure is called ${name}`);
    const told = html("p", { class: "nf-told", role: "status", "aria-live": "polite" });
    // Of what moves by itself screen readers would be told many times a second: only its end is said aloud.
    const tell = (text, moving = false) => {
      told.setAttribute("aria-live", moving ? "off" : "polite");
      told.textContent = text;
    };
    const body = builder(tell);
    const title = say(`${name}.title`);
    place.classList.add("nf-figure");
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", title);
    place.replaceChildren(
      html("p", { class: "nf-title" }, title),
      html("p", { class: "nf-help" }, say(`${name}.help`)),
      ...body,
      told,
    );
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll("[data-figure]")) build(place);
  });

  window.naraeFigures = {
    maths, builders, words, still, say, show, html, svg, button, slider, number, choice, check, group, ARROWS,
  };
})();
