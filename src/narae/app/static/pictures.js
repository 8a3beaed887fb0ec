// What the task of digits shows of its network: the first layer's weights.

import { el, framed, say } from "./dom.js";
import { bytes, paintSheet } from "./heat.js";
import { headed } from "./help.js";

// A captioned canvas with a note below.
export function figure(heading, kind) {
  const canvas = el("canvas", { class: kind, role: "img", tLabel: heading });
  const note = el("p", { class: "note" });
  const element = el("figure", { class: "card" }, headed("figcaption", heading), canvas, note);
  return { canvas, note, element };
}

export class WeightPictures {
  constructor() {
    this.figure = figure("weights.heading", "map weights");
    this.elements = [this.figure.element];
    this.paint = framed(() => this.draw());
  }

  begin() {}

  show(message) {
    if (!message.weights) return;
    this.last = message.weights;
    this.paint();
  }

  draw() {
    const { count, values } = this.last;
    say(this.figure.note, "weights.note", this.last);
    paintSheet(this.figure.canvas, bytes(values), count, 28, 28, 8, "signed");
  }

  recolour() {
    if (this.last) this.draw();
  }
}
