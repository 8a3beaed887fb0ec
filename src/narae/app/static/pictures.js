// What the two tasks show of their networks: the first layer's weights; the plane.

import { el, framed, onLanguage, say } from "./dom.js";
import { bytes, paintMap, paintSheet } from "./heat.js";
import { headed } from "./help.js";

// A captioned canvas with a note below.
function figure(heading, kind) {
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

export class PlanePictures {
  constructor() {
    this.figure = figure("plane.heading", "plane-map");
    this.surface = document.createElement("canvas");
    say(this.figure.note, "plane.note");
    this.elements = [this.figure.element];
    this.paint = framed(() => this.draw());
    new ResizeObserver(() => this.paint()).observe(this.figure.canvas);
    onLanguage(() => this.paint());
  }

  begin(message) {
    this.data = message;
  }

  show(message) {
    if (!message.boundary) return;
    this.last = message;
    this.paint();
  }

  draw() {
    if (!this.last || !this.data) return;
    this.drawPlane(this.last.boundary);
  }

  drawPlane({ side, values }) {
    const canvas = this.figure.canvas;
    const width = Math.round(canvas.getBoundingClientRect().width * (devicePixelRatio || 1));
    if (!width) return;
    canvas.width = canvas.height = width;
    paintMap(this.surface, bytes(values), side, side, "signed");
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.globalAlpha = 0.75;
    context.drawImage(this.surface, 0, 0, width, width);
    context.globalAlpha = 1;
    this.drawPoints(context, width, getComputedStyle(canvas));
  }

  drawPoints(context, width, style) {
    const { points, labels, training, edge } = this.data;
    const colours = [style.getPropertyValue("--orange"), style.getPropertyValue("--blue")];
    const paper = style.getPropertyValue("--panel");
    const radius = Math.max(2, width / (training > 500 ? 200 : 130));
    context.lineWidth = Math.max(1, width / 500);
    // those that validate lie below
    for (let i = points.length - 1; i >= 0; i--) {
      const x = ((points[i][0] / edge + 1) / 2) * width;
      const y = ((1 - points[i][1] / edge) / 2) * width;
      context.beginPath();
      context.arc(x, y, i < training ? radius : radius * 0.75, 0, 2 * Math.PI);
      context.fillStyle = i < training ? colours[labels[i]] : paper;
      context.strokeStyle = i < training ? paper : colours[labels[i]];
      context.fill();
      context.stroke();
    }
  }

  recolour() {
    this.draw();
  }
}
