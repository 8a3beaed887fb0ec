// The card of own points: class and tool, undo, and the hand on the plane by pointer and keys.

import { el, number, onLanguage, say } from "./dom.js";
import { headed } from "./help.js";
import { classButton } from "./marks.js";
import { own } from "./own.js";
import { className } from "./plane.js";
import { TableCard } from "./table.js";

const EDGE = 1.2;
const NEAR = 0.07; // of the plane: a point under the pointer
const MOST = 2000;
const CLASSES = 8;
const SETTLED = 250; // ms after the last change until the network learns the new points
const TOOLS = ["add", "move", "erase"];

export class OwnCard {
  // pictures: the plane that is drawn on
  constructor(view, pictures) {
    Object.assign(this, { view, pictures, tool: "add", label: 0, number: 1, cursor: [0, 0], held: null });
    const button = (key, onclick) => el("button", { type: "button", t: key, onclick });
    this.start = el(
      "div",
      { class: "row" },
      button("own.place", () => this.choose()),
      button("own.edit", () => this.copy()),
    );
    this.kind = el(
      "select",
      { tLabel: "own.kind", onchange: () => this.retarget() },
      ...["classes", "number"].map((kind) => el("option", { value: kind, t: `own.${kind}` })),
    );
    this.chips = el("div", { class: "row chips", role: "group", tLabel: "own.class" });
    this.value = el("input", { type: "range", min: -1, max: 1, step: 0.05, tLabel: "own.value" });
    this.value.value = 1;
    this.tools = TOOLS.map((tool) => button(`own.${tool}`, () => this.take(tool)));
    this.back = button("own.undo", () => own.undo());
    this.clear = button("own.clear", () => own.set({ kind: own.value.kind, points: [], names: [], table: null }));
    this.note = el("p", { class: "note", role: "status" });
    this.said = el("p", { class: "unseen", role: "status" });
    this.body = el(
      "div",
      { class: "own-body" },
      this.kind,
      this.chips,
      this.value,
      el("div", { class: "row", role: "group", tLabel: "own.tool" }, ...this.tools),
      el("div", { class: "row" }, this.back, this.clear),
      this.note,
      el("p", { class: "note", t: "own.keys" }),
    );
    this.table = new TableCard(view.connection, (value) => this.load(value));
    this.element = el(
      "section",
      { class: "card own" },
      headed("h3", "own.heading"),
      this.start,
      this.body,
      this.table.element,
      this.said,
    );
    own.on(() => this.changed());
    onLanguage(() => this.show());
    this.listen(pictures.figure.canvas);
    pictures.overlay = (context, width, style) => this.drawCursor(context, width, style);
    this.show();
  }

  // -- what is chosen ---------------------------------------------------------------------

  choose() {
    this.view.knobs.parts.data.set("own");
    this.view.changed("data");
    this.show();
  }

  // The points that are shown become the learner's own.
  copy() {
    const shown = this.pictures.points();
    if (!shown || this.pictures.editing) return;
    const points = shown.points.slice(0, MOST).map((p, i) => [
      inside(p[0], EDGE),
      inside(p[1], EDGE),
      shown.targets === "number" ? inside(shown.labels[i], 1) : shown.labels[i],
    ]);
    own.set({ kind: shown.targets, points, names: [], table: null });
    this.choose();
  }

  load(value) {
    own.set(value);
    this.label = 0;
    this.choose();
  }

  retarget() {
    const kind = this.kind.value;
    const points = own.value.points.map(([x, y, v]) => [x, y, kind === "number" ? (v ? 1 : -1) : v > 0 ? 1 : 0]);
    own.set({ kind, points, names: [], table: null });
  }

  take(tool) {
    this.tool = tool;
    this.show();
  }

  target() {
    return own.value.kind === "number" ? Number(this.value.value) : this.label;
  }

  changed() {
    this.show();
    if (!this.pictures.editing) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.view.begin(this.view.now !== "running"), SETTLED);
  }

  show() {
    const editing = this.pictures.editing;
    this.start.hidden = editing;
    this.body.hidden = !editing;
    const { kind, points, names } = own.value;
    this.kind.value = kind;
    this.value.hidden = kind !== "number";
    this.chips.hidden = kind === "number";
    const count = Math.min(CLASSES, Math.max(own.classes() + (names.length ? 0 : 1), this.label + 1));
    const chips = [...Array(count).keys()].map((i) => {
      const chip = classButton(i, className(names, i), () => {
        this.label = i;
        this.show();
      });
      chip.setAttribute("aria-pressed", String(i === this.label));
      return chip;
    });
    const focused = [...this.chips.children].indexOf(document.activeElement);
    this.chips.replaceChildren(...chips);
    chips[focused]?.focus();
    this.tools.forEach((b, i) => b.setAttribute("aria-pressed", String(TOOLS[i] === this.tool)));
    this.back.disabled = own.past.length === 0;
    this.clear.disabled = points.length === 0;
    const lacking = own.lacking();
    say(this.note, lacking ?? "own.count", { count: number(points.length, 9) });
  }

  // -- the hand on the plane --------------------------------------------------------------

  listen(canvas) {
    canvas.tabIndex = 0;
    const on = (name, does) =>
      canvas.addEventListener(name, (event) => this.pictures.editing && does.call(this, event, canvas));
    on("pointerdown", this.press);
    on("pointermove", this.drag);
    on("pointerup", this.release);
    on("pointercancel", this.release);
    on("keydown", this.key);
    on("focus", () => this.pictures.paint());
    on("blur", () => this.pictures.paint());
  }

  press(event, canvas) {
    if (event.button !== 0) return;
    const at = placeOf(event, canvas);
    const found = nearest(at);
    if (this.tool === "add" && found === null) this.add(at);
    else if (this.tool === "erase" && found !== null) this.erase(found);
    else if (this.tool !== "erase" && found !== null) {
      this.held = { index: found, first: true };
      canvas.setPointerCapture(event.pointerId);
    }
    if (this.held) event.preventDefault();
  }

  drag(event, canvas) {
    if (!this.held) return;
    this.move(this.held.index, placeOf(event, canvas), !this.held.first);
    this.held.first = false;
  }

  release() {
    this.held = null;
  }

  add([x, y]) {
    const { points } = own.value;
    if (points.length >= MOST) return void say(this.said, "own.full", { most: MOST });
    own.set(edited([...points, [x, y, this.target()]]));
  }

  erase(index) {
    own.set(edited(own.value.points.filter((_, i) => i !== index)));
  }

  move(index, [x, y], same) {
    const points = own.value.points.map((p, i) => (i === index ? [x, y, p[2]] : p));
    own.set(edited(points), same);
  }

  key(event) {
    const step = event.shiftKey ? 0.2 : 0.05;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const digit = Number(event.key);
    if (event.key in moves) this.steer(moves[event.key]);
    else if (event.key === " " || event.key === "Enter") this.act();
    else if (event.key === "Delete" || event.key === "Backspace") this.eraseNear();
    else if ((event.ctrlKey || event.metaKey) && event.key === "z") own.undo();
    else if (event.key.toLowerCase() === "m") this.grab();
    else if (digit >= 1 && digit <= CLASSES && own.value.kind === "classes") this.label = digit - 1;
    else return;
    event.preventDefault();
    this.show();
    this.pictures.paint();
  }

  steer([dx, dy]) {
    this.cursor = [inside(this.cursor[0] + dx, EDGE), inside(this.cursor[1] + dy, EDGE)];
    if (this.grabbed !== undefined) this.move(this.grabbed, this.cursor, true);
    say(this.said, "own.at", { x: number(this.cursor[0]), y: number(this.cursor[1]) });
  }

  act() {
    if (this.grabbed !== undefined) this.grabbed = undefined;
    else if (this.tool === "erase") this.eraseNear();
    else if (this.tool === "move") this.grab();
    else this.add(this.cursor);
  }

  eraseNear() {
    const found = nearest(this.cursor);
    if (found !== null) this.erase(found);
  }

  // A point under the cursor goes along with it, until the next press.
  grab() {
    const found = this.grabbed === undefined ? nearest(this.cursor) : null;
    if (found !== null) this.move(found, this.cursor, false);
    this.grabbed = found ?? undefined;
  }

  drawCursor(context, width, style) {
    const canvas = this.pictures.figure.canvas;
    if (!this.pictures.editing || document.activeElement !== canvas || !canvas.matches(":focus-visible")) return;
    const x = ((this.cursor[0] / EDGE + 1) / 2) * width;
    const y = ((1 - this.cursor[1] / EDGE) / 2) * width;
    context.strokeStyle = style.getPropertyValue("--ink");
    context.lineWidth = Math.max(2, width / 250);
    const arm = width / 40;
    context.beginPath();
    context.moveTo(x - arm, y);
    context.lineTo(x + arm, y);
    context.moveTo(x, y - arm);
    context.lineTo(x, y + arm);
    context.stroke();
  }
}

// Other points than those of the file: code cannot read them from it any more.
function edited(points) {
  const { table } = own.value;
  return { ...own.value, points, table: table && { ...table, file: "" } };
}

function inside(value, edge) {
  return Math.round(Math.min(edge, Math.max(-edge, value)) * 1e4) / 1e4;
}

function placeOf(event, canvas) {
  const box = canvas.getBoundingClientRect();
  const x = (((event.clientX - box.left) / box.width) * 2 - 1) * EDGE;
  const y = (1 - ((event.clientY - box.top) / box.height) * 2) * EDGE;
  return [inside(x, EDGE), inside(y, EDGE)];
}

function nearest([x, y]) {
  let best = null;
  let least = NEAR;
  own.value.points.forEach((p, i) => {
    const far = Math.hypot(p[0] - x, p[1] - y);
    if (far < least) [best, least] = [i, far];
  });
  return best;
}
