// One unit, large: what it answers to, its bias and weights; switched off and on, edited, put back.

import { el, framed, number, say, t } from "./dom.js";
import { inputName } from "./edges.js";
import { bytes, paintMap } from "./heat.js";
import { field } from "./knobs.js";
import { floats, largest, signedBytes } from "./numbers.js";

const ROWS = 64; // weights that are listed, the largest

export class UnitPanel {
  // whole: the canvas of what the network decides, which is shown small; send: sends a change
  constructor(task, whole, send) {
    Object.assign(this, { task, whole, send });
    this.hint = el("p", { class: "note", t: "unit.hint" });
    this.title = el("h4", { "aria-live": "polite" });
    this.picture = el("canvas", { class: "map", role: "img" });
    this.decides = el("canvas", { class: "map", role: "img", tLabel: "plane.heading" });
    this.decision = el("figure", { hidden: task === "digits" }, el("figcaption", { class: "note", t: "unit.decision" }), this.decides);
    this.range = el("p", { class: "note" });
    this.means = el("ol", { class: "means", start: "0" });
    this.best = el("div", { class: "best" });
    this.facts = el("p", { class: "note" });
    this.switch = el("button", { type: "button", onclick: () => this.turn() });
    this.restore = el("button", { type: "button", t: "unit.restore", onclick: () => this.change("restore") });
    this.into = el("ul", { class: "weights-list scrolls", tabindex: "0", tLabel: "unit.into" });
    this.out = el("ul", { class: "weights-list scrolls", tabindex: "0", tLabel: "unit.out" });
    this.makeEditor();
    this.body = el("div", { class: "unit-body", hidden: true }, ...this.parts());
    this.element = el("section", { class: "unit-panel", tLabel: "unit.heading" }, this.hint, this.body);
    this.push = framed(() => this.sendWeight());
  }

  parts() {
    this.outHead = el("h5", { t: "unit.out" });
    this.editing = el("div", { class: "editing" }, el("div", { class: "row" }, this.switch, this.restore), this.editor);
    const own = el("figure", {}, el("figcaption", { class: "note", t: "unit.answers" }), this.picture);
    this.own = own;
    return [
      this.title,
      el("div", { class: "unit-pictures" }, own, this.decision, this.means, this.best),
      this.range,
      this.facts,
      this.editing,
      el("h5", { t: "unit.into" }),
      this.into,
      this.outHead,
      this.out,
    ];
  }

  makeEditor() {
    this.which = el("select", { onchange: () => this.pick(Number(this.which.value)) });
    this.slider = el("input", { type: "range", min: -2, max: 2, step: 0.01, tLabel: "unit.value" });
    this.value = el("input", { type: "number", min: -1000, max: 1000, step: "any", tLabel: "unit.value" });
    this.slider.addEventListener("input", () => this.dragged());
    this.slider.addEventListener("change", () => (this.held = false));
    this.value.addEventListener("change", () => this.typed());
    this.editor = el(
      "div",
      { class: "editor" },
      field("unit.edit", this.which),
      this.slider,
      this.value,
    );
  }

  begun(message) {
    this.names = message.features;
    this.chosen = null;
  }

  clear() {
    this.body.hidden = true;
    this.hint.hidden = false;
    this.unit = null;
  }

  // selected: whether it may be edited, not only looked at
  show(unit, selected) {
    const other = !this.unit || this.unit.layer !== unit.layer || this.unit.unit !== unit.unit;
    this.unit = { ...unit, into: floats(unit.into), out: unit.out && floats(unit.out) };
    this.selected = selected;
    this.hint.hidden = true;
    this.body.hidden = false;
    this.editing.hidden = !selected;
    if (other || this.chosen === null) this.choices();
    this.words();
    this.draw();
    this.lists();
    this.follow();
  }

  words() {
    const { unit } = this;
    const name = { layer: unit.layer + 1, unit: unit.unit + 1, output: unit.unit };
    say(this.title, unit.output ? "unit.title.output" : unit.off ? "unit.title.off" : "unit.title", name);
    const range = { low: number(unit.low, 3), high: number(unit.high, 3) };
    say(this.range, this.task === "digits" ? "unit.range.digits" : "unit.range.plane", range);
    say(this.facts, "unit.facts", { activation: unit.activation, bias: number(unit.bias, 6) });
    this.switch.hidden = unit.output;
    say(this.switch, unit.off ? "unit.on" : "unit.off");
    this.restore.disabled = unit.edited.length === 0 && !unit.off;
  }

  draw() {
    const { unit } = this;
    const weights = this.task === "digits" && unit.into.length === 784;
    this.own.hidden = this.task === "digits" && !weights;
    if (unit.map) paintMap(this.picture, bytes(unit.map.values), unit.map.side, unit.map.side, "signed");
    else if (weights) paintMap(this.picture, signedBytes(unit.into), 28, 28, "signed");
    if (unit.map) this.copy();
    this.picture.setAttribute("aria-label", `${this.title.textContent}: ${this.range.textContent}`);
    this.means.hidden = this.best.hidden = !unit.means;
    if (!unit.means) return;
    const most = largest(unit.means);
    this.means.replaceChildren(...unit.means.map((mean, digit) => bar(String(digit), mean, most)));
    this.best.replaceChildren(...unit.best.map(image));
  }

  // The network's decision beside it, small: it changes with the unit.
  copy() {
    const { width, height } = this.whole;
    if (!width || !height) return;
    this.decides.width = this.decides.height = 320;
    this.decides.getContext("2d").drawImage(this.whole, 0, 0, width, height, 0, 0, 320, 320);
  }

  source(i) {
    const { unit } = this;
    if (unit.layer > 0) return t("network.name.unit", { layer: unit.layer, unit: i + 1 });
    return unit.into.length === 784 ? t("unit.pixel", { row: Math.floor(i / 28), column: i % 28 }) : inputName(i, this.names);
  }

  lists() {
    const { unit } = this;
    const rows = (weights, name) => {
      const order = [...weights.keys()].sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]));
      const most = largest(weights);
      const found = order.slice(0, ROWS).sort((a, b) => a - b);
      const items = found.map((i) => bar(name(i), weights[i], most));
      const left = weights.length - found.length;
      return left > 0 ? [...items, el("li", { class: "note" }, t("unit.left", { count: number(left, 9) }))] : items;
    };
    this.into.replaceChildren(...rows(unit.into, (i) => this.source(i)));
    this.outHead.hidden = this.out.hidden = !unit.out;
    const next = (i) =>
      unit.before_output
        ? t("network.name.output", { unit: i })
        : t("network.name.unit", { layer: unit.layer + 2, unit: i + 1 });
    if (unit.out) this.out.replaceChildren(...rows(unit.out, next));
  }

  choices() {
    const bias = el("option", { value: -1 }, t("unit.bias"));
    const sources = Array.from(this.unit.into, (_, i) => el("option", { value: i }, this.source(i)));
    this.which.replaceChildren(bias, ...sources);
    this.pick(this.unit.into.length === 784 ? -1 : 0);
  }

  get number() {
    return this.chosen < 0 ? this.unit.bias : this.unit.into[this.chosen];
  }

  pick(source) {
    this.chosen = source;
    this.which.value = source;
    const reach = Math.max(2, Math.ceil(2 * Math.abs(this.number)));
    Object.assign(this.slider, { min: -reach, max: reach });
    this.slider.value = this.number;
    this.value.value = shortest(this.number);
    this.held = false;
  }

  // Controls follow the training, but not under the hand that moves them.
  follow() {
    if (!this.held) this.slider.value = this.number;
    if (document.activeElement !== this.value) this.value.value = shortest(this.number);
  }

  dragged() {
    this.held = true;
    this.pending = Number(this.slider.value);
    this.push();
  }

  typed() {
    if (!this.value.reportValidity() || this.value.value === "") return;
    this.pending = Number(this.value.value);
    this.sendWeight();
  }

  sendWeight() {
    if (!this.unit) return;
    const bias = this.chosen < 0;
    this.change(bias ? "bias" : "weight", { source: bias ? 0 : this.chosen, value: this.pending });
  }

  turn() {
    this.change(this.unit.off ? "on" : "off");
  }

  change(action, fields = {}) {
    this.send({ action, layer: this.unit.layer, unit: this.unit.unit, ...fields });
  }

  recolour() {
    if (this.unit) this.draw();
  }
}

// The shortest text that is this float32.
function shortest(value) {
  for (let digits = 1; digits < 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === Math.fround(value)) return String(Number(text));
  }
  return String(value);
}

function bar(name, value, most) {
  const fill = el("span", { class: value < 0 ? "fill minus" : "fill" });
  fill.style.width = `${(Math.abs(value) / most) * 50}%`;
  const track = el("span", { class: "track", "aria-hidden": "true" }, fill);
  return el("li", { class: "weight" }, el("span", { class: "name" }, name), track, el("span", { class: "value" }, number(value, 4)));
}

function image(one) {
  const canvas = el("canvas", { class: "map", role: "img" });
  paintMap(canvas, bytes(one.image), 28, 28, "ink");
  const words = t("unit.best", { label: one.label, value: number(one.value, 3) });
  canvas.setAttribute("aria-label", words);
  return el("figure", { title: words }, canvas);
}
