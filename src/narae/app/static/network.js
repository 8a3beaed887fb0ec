// The diagram of a network: units as small pictures, edges weighted, live; beside it one unit, large.

import { currentLanguage, el, framed, number, onLanguage, say, sharp, t } from "./dom.js";
import { edgesOf, nearest, paintEdges, unitName } from "./edges.js";
import { headed } from "./help.js";
import { field } from "./knobs.js";
import { floats } from "./numbers.js";
import { Squares } from "./squares.js";
import { UnitPanel } from "./unit.js";

// What is said below the diagram, when all edges are drawn and when not.
const NOTES = {
  digits: ["network.note.digits", "network.note.digits.some"],
  plane: ["network.note.plane", "network.note.plane.some"],
};
const SHOWN = [4, 8, 16, 32, 64]; // units of a layer that can be asked for
const LARGEST = 38; // px of a unit's side
const SMALLEST = 9;
const HIGH = 560; // px that a column takes at most, unless its units would be too small
const HEAD = 44; // px for the words above a column
const FOOT = 24; // and below

export class NetworkCard {
  // whole: the canvas that shows what the network decides
  constructor(connection, task, whole) {
    Object.assign(this, { connection, task, ready: false, open: false });
    this.selected = this.pointed = this.data = null;
    this.panel = new UnitPanel(task, whole, (edit) => this.edit(edit));
    this.most = el(
      "select",
      { "data-knob": "shown", onchange: () => this.look() },
      ...SHOWN.map((n) => el("option", { value: n }, String(n))),
    );
    this.most.value = innerWidth < 760 ? 8 : 16;
    this.undo = this.button("network.undo", "undo");
    this.allOn = this.button("network.all_on", "all_on");
    this.note = el("p", { class: "note" });
    this.edited = el("p", { class: "note", role: "status" });
    this.canvas = el("canvas", { class: "edges", role: "img", tLabel: "network.heading" });
    this.tip = el("p", { class: "tip", hidden: true, "aria-hidden": "true" });
    this.units = el("div", { class: "unit-buttons", role: "group", tLabel: "network.heading" });
    this.stage = el("div", { class: "stage" }, this.canvas, this.units, this.tip);
    this.squares = new Squares();
    this.element = this.card();
    this.paint = framed(() => this.drawInTime());
  }

  card() {
    const shown = field("network.shown", this.most);
    return el(
      "section",
      { class: "card network" },
      headed("h3", "network.heading"),
      el("div", { class: "row" }, shown, this.undo, this.allOn, this.edited),
      el("div", { class: "network-parts" }, this.stage, this.panel.element),
      this.note,
    );
  }

  button(key, action) {
    const onclick = () => this.edit({ action });
    return el("button", { type: "button", t: key, "data-edit": action, disabled: true, onclick });
  }

  listen() {
    const { connection } = this;
    const mine = (handle) => (message) => message.task === this.task && handle(message);
    connection.on("begun", mine((message) => this.begun(message)));
    connection.on("progress", mine((message) => this.show(message.inside)));
    connection.on("lost", () => (this.ready = false));
    const seen = ([entry]) => {
      if (entry.isIntersecting === this.open) return;
      this.open = entry.isIntersecting;
      this.look();
    };
    new IntersectionObserver(seen, { rootMargin: "2000px" }).observe(this.element);
    new ResizeObserver(() => this.arrange()).observe(this.stage);
    this.stage.addEventListener("pointermove", (event) => this.overEdge(event));
    this.stage.addEventListener("pointerleave", () => this.leave());
    this.units.addEventListener("focusout", (event) => {
      if (!this.units.contains(event.relatedTarget)) this.leave();
    });
    this.units.addEventListener("keydown", (event) => this.key(event));
    onLanguage(() => this.arrange());
  }

  begun(message) {
    this.ready = true;
    this.opening = message;
    this.panel.begun(message);
    this.look();
  }

  // Which unit is shown large: the one pointed at, else the one that was chosen.
  get shownUnit() {
    return this.pointed ?? this.selected;
  }

  look() {
    if (!this.ready) return;
    this.connection.send({
      type: "look",
      task: this.task,
      open: this.open,
      most: Number(this.most.value),
      unit: this.open ? this.shownUnit : null,
    });
  }

  edit(fields) {
    this.connection.send({ type: "edit", task: this.task, ...fields });
  }

  show(inside) {
    if (!inside) return;
    this.undo.disabled = inside.hand.undo === 0;
    this.allOn.disabled = inside.hand.off === 0;
    const off = inside.hand.off;
    say(this.edited, off ? "network.off_count" : null, { count: off });
    if (inside.network) {
      this.take(inside.network);
      this.paint();
    }
    const unit = this.shownUnit;
    const asked = inside.unit && unit && inside.unit.layer === unit[0] && inside.unit.unit === unit[1];
    if (asked) this.panel.show(inside.unit, same(unit, this.selected));
    else if (!unit) this.panel.clear();
  }

  take(network) {
    const shape = network.layers.map((layer) => `${layer.count}/${layer.of}`).join(" ");
    this.data = { ...network, edges: network.edges.map(floats) };
    if (shape !== this.shape) {
      this.shape = shape;
      const gone = (unit) => unit && unit[1] >= (network.layers[unit[0] + 1]?.of ?? 0);
      if (gone(this.selected)) this.selected = null;
      if (gone(this.pointed)) this.pointed = null;
      this.arrange();
    }
  }

  // Places of all units, and a button over each.
  arrange() {
    const wide = this.stage.clientWidth;
    if (!this.data || !wide) return;
    const { layers } = this.data;
    const column = wide / layers.length;
    const rows = Math.max(...layers.map((layer) => Math.max(1, layer.count)));
    const fits = Math.floor(HIGH / rows) - 3;
    this.side = Math.max(SMALLEST, Math.min(LARGEST, Math.floor(column * 0.62), fits));
    const step = this.side + Math.max(2, Math.min(8, fits - this.side + 3));
    this.high = HEAD + rows * step + FOOT;
    this.stage.style.height = `${this.high}px`;
    this.places = layers.map((layer, i) => {
      const count = Math.max(1, layer.count);
      const top = HEAD + ((rows - count) * step) / 2;
      return Array.from({ length: count }, (_, j) => [column * (i + 0.5), top + (j + 0.5) * step]);
    });
    this.makeButtons(layers, column);
    this.paint();
  }

  makeButtons(layers, column) {
    const held = document.activeElement?.dataset?.unit;
    const inside = this.units.contains(document.activeElement);
    const parts = layers.flatMap((layer, i) => {
      const head = el("p", { class: "layer-name" });
      head.style.left = `${column * i}px`;
      head.style.width = `${column}px`;
      const key = i === 0 ? "network.input" : i === layers.length - 1 ? "network.output" : "network.layer";
      say(head, key, { number: i, of: number(layer.of, 9), activation: layer.activation ?? "" });
      const hidden = layer.count ? layer.of - layer.count : 0;
      const found = i === 0 ? [] : this.places[i].map((place, j) => this.unitButton(i - 1, j, place));
      return [head, ...found, ...(hidden > 0 ? [this.more(hidden, i, column)] : [])];
    });
    this.units.replaceChildren(...parts);
    this.markButtons(); // at once: the next painting may be a while away
    const again = inside && this.units.querySelector(`[data-unit="${held}"]`);
    const first = again || this.units.querySelector("button");
    if (first) first.tabIndex = 0;
    if (again) again.focus();
  }

  more(hidden, i, column) {
    const words = el("p", { class: "layer-more" });
    words.style.left = `${column * i}px`;
    words.style.width = `${column}px`;
    words.style.top = `${this.places[i].at(-1)[1] + this.side / 2 + 4}px`;
    return say(words, "network.more", { count: number(hidden, 9) });
  }

  unitButton(layer, unit, [x, y]) {
    const button = el("button", {
      type: "button",
      class: "unit",
      tabindex: "-1",
      "data-unit": `${layer}-${unit}`,
      onclick: () => this.select(same([layer, unit], this.selected) ? null : [layer, unit]),
      onpointerenter: () => this.point([layer, unit]),
      onfocus: () => this.point([layer, unit]),
    });
    Object.assign(button.style, {
      left: `${x - this.side / 2}px`,
      top: `${y - this.side / 2}px`,
      width: `${this.side}px`,
      height: `${this.side}px`,
    });
    return button;
  }

  // Words and marks of the buttons, as they stand now.
  markButtons() {
    for (const button of this.units.querySelectorAll("button")) {
      const [layer, unit] = button.dataset.unit.split("-").map(Number);
      const row = this.data.layers[layer + 1];
      const off = row.off.includes(unit);
      const pressed = same([layer, unit], this.selected);
      const mark = `${off} ${pressed} ${currentLanguage()}`;
      if (button.dataset.mark === mark) continue; // 384 of them, many times a second
      button.dataset.mark = mark;
      button.setAttribute("aria-pressed", String(pressed));
      const name = unitName(this.data, layer + 1, unit);
      button.setAttribute("aria-label", off ? t("network.unit_off", { name }) : name);
    }
  }

  point(unit) {
    if (same(unit, this.pointed)) return;
    this.pointed = unit;
    this.tip.hidden = true;
    this.paint();
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.look(), 60);
  }

  leave() {
    this.tip.hidden = true;
    if (!this.pointed) return;
    this.point(null);
    if (!this.selected) this.panel.clear();
  }

  select(unit) {
    this.selected = unit;
    if (!unit) this.panel.clear();
    this.look();
    this.paint();
  }

  key(event) {
    if (event.key === "Escape") return this.select(null);
    const here = event.target.dataset.unit?.split("-").map(Number);
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!here || !(event.key in moves)) return undefined;
    event.preventDefault();
    const [dl, du] = moves[event.key];
    const layer = Math.max(0, Math.min(this.data.layers.length - 2, here[0] + dl));
    const unit = Math.max(0, Math.min(this.data.layers[layer + 1].count - 1, here[1] + du));
    for (const button of this.units.querySelectorAll("button")) button.tabIndex = -1;
    const next = this.units.querySelector(`[data-unit="${layer}-${unit}"]`);
    next.tabIndex = 0;
    next.focus();
    return undefined;
  }

  overEdge(event) {
    if (!this.drawn || event.target.closest("button")) return void (this.tip.hidden = true);
    if (this.pointed && !this.units.contains(document.activeElement)) this.leave();
    const box = this.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const edge = nearest(this.drawn, x, y);
    this.tip.hidden = !edge;
    if (!edge) return undefined;
    const names = [unitName(this.data, edge.layer, edge.from), unitName(this.data, edge.layer + 1, edge.to)];
    this.tip.textContent = `${names[0]} → ${names[1]}: ${number(edge.weight, 7)}`;
    this.tip.style.left = `${Math.max(0, Math.min(x + 12, box.width - this.tip.offsetWidth))}px`;
    this.tip.style.top = `${Math.max(0, y - 30)}px`;
    return undefined;
  }

  // Drawing takes a fifth of the time at most: on a slow machine with many units it comes less often.
  drawInTime() {
    clearTimeout(this.later);
    const began = performance.now();
    if (began < (this.rested ?? 0)) {
      this.later = setTimeout(() => this.drawInTime(), this.rested - began);
      return;
    }
    this.draw();
    const now = performance.now();
    this.rested = now + 4 * (now - began);
  }

  draw() {
    const wide = this.stage.clientWidth;
    if (!this.data || !wide || !this.places) return;
    const context = sharp(this.canvas, { width: wide, height: this.high });
    const style = getComputedStyle(this.canvas);
    const found = edgesOf(this.data, this.places, this.side);
    this.drawn = found.edges;
    paintEdges(context, found.edges, style, this.shownUnit);
    const { places, side, selected } = this;
    const chosen = selected && [selected[0] + 1, selected[1]];
    this.squares.paint(context, this.data.layers, { places, side, chosen, style });
    this.markButtons();
    const all = found.count === found.edges.length;
    const key = NOTES[this.task][all ? 0 : 1];
    say(this.note, key, { drawn: number(found.edges.length, 9), count: number(found.count, 9) });
  }

  recolour() {
    this.paint();
    this.panel.recolour();
  }
}

function same(one, two) {
  return Boolean(one && two && one[0] === two[0] && one[1] === two[1]);
}
