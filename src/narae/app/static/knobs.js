// The knobs of a task, made from the bounds that the server states.

import { el, say } from "./dom.js";
import { headed, help } from "./help.js";
import { own } from "./own.js";

// Knobs whose choices have words of their own; the others are called as in Keras.
const WORDED = new Set(["data", "initial", "scale"]);
let count = 0;

export class Knobs {
  // bounds, defaults: of `welcome`; changed: called with a knob's name
  constructor(bounds, defaults, changed) {
    this.parts = {};
    this.element = el("div", { class: "knobs" });
    for (const [name, value] of Object.entries(defaults)) {
      const part = make(name, bounds[name], value, () => changed(name));
      this.parts[name] = part;
      this.element.append(part.element);
    }
  }

  // The values, whether they are within their bounds or not.
  current() {
    return Object.fromEntries(Object.entries(this.parts).map(([name, part]) => [name, part.get()]));
  }

  // Set some knobs, by name; the page is not told of it.
  set(values) {
    for (const [name, value] of Object.entries(values)) this.parts[name].set(value);
  }

  // The values, or null when one is not within its bounds; the browser says which then.
  values() {
    const inputs = [...this.element.querySelectorAll("input")];
    if (!inputs.every((input) => input.reportValidity())) return null;
    return this.current();
  }
}

function make(name, bound, value, changed) {
  if (bound.kind === "points") return { element: el("span", { hidden: true }), get: () => own.value };
  if (bound.kind === "several") return several(name, bound.options, value, changed);
  if (bound.kind === "row") return new Row(name, bound, value, changed);
  if (bound.kind === "choice") return choice(name, bound.options, value, changed);
  if (bound.marks.length) return marks(name, bound, value, changed);
  return bound.whole ? whole(name, bound, value, changed) : slider(name, bound, value, changed);
}

// A control with its words (a row of strings) and their "?" before it.
export function field(key, control, ...more) {
  control.id ||= `${key.replaceAll(".", "-")}-${count++}`;
  const label = el("label", { for: control.id, t: key });
  return el("div", { class: "knob" }, el("div", { class: "named" }, label, help(key)), control, ...more);
}

function labelled(name, control, ...more) {
  control.dataset.knob = name;
  return field(`knob.${name}`, control, ...more);
}

function choice(name, options, value, changed) {
  const items = options.map((option) =>
    WORDED.has(name) ? el("option", { value: option, t: `${name}.${option}` }) : el("option", {}, option),
  );
  const select = el("select", { onchange: changed }, ...items);
  select.value = value;
  return { element: labelled(name, select), get: () => select.value, set: (v) => (select.value = v) };
}

// Some of a few words: a box for each; the last one stays.
function several(name, options, values, changed) {
  const boxes = options.map((option) => {
    const box = el("input", { type: "checkbox", value: option, "data-knob": name });
    box.checked = values.includes(option);
    box.addEventListener("change", () => {
      if (!boxes.some((b) => b.checked)) box.checked = true;
      changed();
    });
    return box;
  });
  const labels = boxes.map((box) => el("label", { class: "box" }, box, el("span", { t: `feature.${box.value}` })));
  const element = el(
    "fieldset",
    { class: "knob" },
    el("legend", {}, headed("span", `knob.${name}`)),
    el("div", { class: "boxes" }, ...labels),
  );
  const set = (values) => boxes.forEach((b) => (b.checked = values.includes(b.value)));
  return { element, get: () => boxes.filter((b) => b.checked).map((b) => b.value), set };
}

function marked(name, mark) {
  const option = el("option", { value: mark }, String(mark));
  if (name === "patience") say(option, mark ? "patience.epochs" : "patience.never", { count: mark });
  return option;
}

function marks(name, bound, value, changed) {
  // a preset may lie between the marks
  const all = [...new Set([...bound.marks, value])].sort((a, b) => a - b);
  const items = all.map((mark) => marked(name, mark));
  const select = el("select", { onchange: changed }, ...items);
  select.value = value;
  // a value between the marks, such as an address may have, gets a place of its own
  const set = (v) => {
    if (!bound.marks.includes(v)) select.append(marked(name, v));
    select.value = v;
  };
  return { element: labelled(name, select), get: () => Number(select.value), set };
}

function whole(name, bound, value, changed) {
  const input = el("input", {
    type: "number",
    min: bound.low,
    max: bound.high,
    step: 1,
    required: true,
    onchange: changed,
  });
  input.value = value;
  return { element: labelled(name, input), get: () => Number(input.value), set: (v) => (input.value = v) };
}

function slider(name, bound, value, changed) {
  const shown = el("output", {}, value.toFixed(2));
  const input = el("input", {
    type: "range",
    min: bound.low,
    max: bound.high,
    step: 0.01,
    onchange: changed,
    oninput: () => (shown.textContent = Number(input.value).toFixed(2)),
  });
  input.value = value;
  const set = (v) => {
    input.value = v;
    shown.textContent = Number(input.value).toFixed(2);
  };
  return { element: labelled(name, input, shown), get: () => Number(input.value), set };
}

// Hidden layers: a number of units for each.
class Row {
  constructor(name, bound, values, changed) {
    Object.assign(this, { name, bound, changed });
    this.cells = el("div", { class: "cells" });
    this.less = el("button", { type: "button", tLabel: "knob.units.remove", onclick: () => this.pop() });
    this.less.textContent = "−";
    this.more = el("button", { type: "button", tLabel: "knob.units.add", onclick: () => this.push() });
    this.more.textContent = "+";
    this.element = el(
      "fieldset",
      { class: "knob" },
      el("legend", {}, headed("span", `knob.${name}`)),
      el("div", { class: "row" }, this.cells, this.less, this.more),
    );
    values.forEach((value) => this.cell(value));
    this.limit();
  }

  cell(value) {
    const input = el("input", {
      type: "number",
      min: this.bound.low,
      max: this.bound.high,
      step: 1,
      required: true,
      "data-knob": this.name,
      onchange: this.changed,
    });
    say(input, "knob.units.one", { number: this.cells.childElementCount + 1 }, "tLabel");
    input.value = value;
    this.cells.append(input);
  }

  push() {
    this.cell(this.cells.lastElementChild?.value ?? 16);
    this.limit();
    this.changed();
  }

  pop() {
    this.cells.lastElementChild.remove();
    this.limit();
    this.changed();
  }

  limit() {
    this.less.disabled = this.cells.childElementCount === 0;
    this.more.disabled = this.cells.childElementCount >= this.bound.most;
  }

  set(values) {
    this.cells.replaceChildren();
    values.forEach((value) => this.cell(value));
    this.limit();
  }

  get() {
    return [...this.cells.children].map((input) => Number(input.value));
  }
}
