// The drawing area: strokes by mouse, finger, pen or keys, kept as lines so that they can be undone.

import { el, say } from "./dom.js";

const SIDE = 280; // the canvas's own pixels
const SMALL = 84; // what is sent: three times MNIST's 28
const PEN = 0.075; // the pen's width as a share of the side: MNIST's strokes are 2 to 3 of 28 pixels
const STEP = SIDE / 28; // one key press

export class Pad {
  // changed: called after each change of the drawing
  constructor(changed) {
    this.changed = changed;
    this.strokes = [];
    this.pen = { x: SIDE / 2, y: SIDE / 2 };
    this.down = false;
    this.canvas = el("canvas", {
      class: "pad",
      width: SIDE,
      height: SIDE,
      tabindex: "0",
      role: "application",
      tLabel: "draw.canvas",
      "aria-describedby": "pad-help",
    });
    this.live = el("p", { class: "unseen", role: "status" });
    this.small = new OffscreenCanvas(SMALL, SMALL).getContext("2d", { willReadFrequently: true });
    const listen = (name, does) => this.canvas.addEventListener(name, does.bind(this));
    listen("pointerdown", this.begin);
    listen("pointermove", this.move);
    listen("pointerup", this.end);
    listen("pointercancel", this.end);
    listen("keydown", this.key);
    listen("focus", this.paint);
    listen("blur", this.paint);
  }

  get empty() {
    return this.strokes.length === 0;
  }

  clear() {
    this.strokes = [];
    this.down = false;
    say(this.live, "draw.cleared");
    this.update();
  }

  undo() {
    this.strokes.pop();
    this.down = false;
    this.update();
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * SIDE,
      y: ((event.clientY - box.top) / box.height) * SIDE,
    };
  }

  begin(event) {
    if (event.button !== 0 || this.pointer !== undefined) return;
    this.pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.strokes.push([this.place(event)]);
    this.update();
  }

  move(event) {
    if (event.pointerId !== this.pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const e of events.length ? events : [event]) this.strokes.at(-1)?.push(this.place(e));
    this.update();
  }

  end(event) {
    if (event.pointerId === this.pointer) this.pointer = undefined;
  }

  key(event) {
    const far = event.shiftKey ? 3 * STEP : STEP;
    const moves = {
      ArrowLeft: [-far, 0],
      ArrowRight: [far, 0],
      ArrowUp: [0, -far],
      ArrowDown: [0, far],
    };
    if (event.key in moves) this.step(...moves[event.key]);
    else if (event.key === " ") this.lift(!this.down);
    else if (event.key === "Escape") this.lift(false);
    else if (event.key === "Delete" || event.key === "Backspace") this.clear();
    else return;
    event.preventDefault();
  }

  step(dx, dy) {
    const inside = (v) => Math.min(SIDE, Math.max(0, v));
    this.pen = { x: inside(this.pen.x + dx), y: inside(this.pen.y + dy) };
    if (this.down) {
      this.strokes.at(-1).push(this.pen);
      this.update();
    } else this.paint();
  }

  lift(down) {
    if (down === this.down) return;
    this.down = down;
    if (down) this.strokes.push([this.pen]);
    say(this.live, down ? "draw.down" : "draw.up");
    this.update();
  }

  update() {
    this.paint();
    this.changed();
  }

  paint() {
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.canvas);
    context.clearRect(0, 0, SIDE, SIDE);
    this.trace(context, 1, style.getPropertyValue("--ink"));
    if (document.activeElement !== this.canvas || !this.canvas.matches(":focus-visible")) return;
    context.strokeStyle = style.getPropertyValue("--orange");
    context.lineWidth = this.down ? 4 : 2;
    context.beginPath();
    context.arc(this.pen.x, this.pen.y, (PEN * SIDE) / 2 + 3, 0, 2 * Math.PI);
    context.stroke();
  }

  trace(context, scale, colour) {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = PEN * SIDE * scale;
    context.lineCap = context.lineJoin = "round";
    for (const stroke of this.strokes) {
      context.beginPath();
      const [first, ...others] = stroke;
      context.moveTo(first.x * scale, first.y * scale);
      // a line of no length is drawn as a dot
      for (const p of others.length ? others : [first]) context.lineTo(p.x * scale, p.y * scale);
      context.stroke();
    }
  }

  // The drawing as the server takes it: a byte of ink per pixel, in base64.
  image() {
    this.small.clearRect(0, 0, SMALL, SMALL);
    this.trace(this.small, SMALL / SIDE, "#000");
    const data = this.small.getImageData(0, 0, SMALL, SMALL).data;
    let text = "";
    for (let i = 3; i < data.length; i += 4) text += String.fromCharCode(data[i]);
    return { size: SMALL, image: btoa(text) };
  }
}
