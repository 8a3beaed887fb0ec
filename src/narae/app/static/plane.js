// The plane: what the network decides everywhere, and the points, each class with a colour and a shape.

import { el, framed, number, onLanguage, say, t } from "./dom.js";
import { bytes, paintBlend, paintMap, rgb, shade } from "./heat.js";
import { figure } from "./pictures.js";
import { markOf, tracePoint } from "./marks.js";
import { own } from "./own.js";

export class PlanePictures {
  constructor(view) {
    this.view = view;
    this.figure = figure("plane.heading", "plane-map");
    this.surface = document.createElement("canvas");
    this.key = el("p", { class: "legend plane-key" });
    this.figure.note.before(this.key);
    say(this.figure.note, "plane.note");
    this.elements = [this.figure.element];
    this.paint = framed(() => this.draw());
    new ResizeObserver(() => this.paint()).observe(this.figure.canvas);
    onLanguage(() => this.paint());
    own.on(() => this.paint());
  }

  begin(message) {
    this.data = message;
    this.last = null;
    this.paint();
  }

  show(message) {
    if (!message.boundary) return;
    this.last = message;
    this.paint();
  }

  get editing() {
    return this.view.knobs?.parts.data.get() === "own";
  }

  // What is drawn: the learner's own points as they are now, or those the network has.
  points() {
    const data = this.data;
    if (!this.editing) return data && { ...data, trains: (i) => i < data.training };
    const { points, kind, table, names } = own.value;
    const place = new Map(data?.order?.map((i, at) => [i, at]));
    return {
      points,
      labels: points.map((p) => p[2]),
      targets: kind,
      classes: own.classes(),
      edge: 1.2,
      names,
      table,
      trains: (i) => !place.has(i) || place.get(i) < data.training,
    };
  }

  draw() {
    const shown = this.points();
    const canvas = this.figure.canvas;
    const width = Math.round(canvas.getBoundingClientRect().width * (devicePixelRatio || 1));
    if (!width || !shown) return;
    canvas.width = canvas.height = width;
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const fits = this.last && this.data.targets === shown.targets && Boolean(this.data.order) === this.editing;
    if (fits) this.drawSurface(context, width, this.last.boundary, style);
    else {
      context.fillStyle = style.getPropertyValue("--zero");
      context.fillRect(0, 0, width, width);
    }
    this.drawAxes(context, width, style, shown);
    this.drawPoints(context, width, style, shown);
    this.drawKey(shown);
    this.overlay?.(context, width, style);
  }

  drawSurface(context, width, { side, values, best }, style) {
    if (best) {
      const colours = [...Array(8).keys()].map((i) => rgb(style.getPropertyValue(`--class-${i}`)));
      const floor = 1 / this.data.classes;
      const zero = rgb(style.getPropertyValue("--zero"));
      paintBlend(this.surface, bytes(best), bytes(values), side, colours, zero, floor);
    } else paintMap(this.surface, bytes(values), side, side, "signed");
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.globalAlpha = 0.75;
    context.drawImage(this.surface, 0, 0, width, width);
    context.globalAlpha = 1;
  }

  // Ticks at -1, 0 and 1 of the plane, with the table's true numbers where there is one.
  drawAxes(context, width, style, { edge, table }) {
    const size = Math.max(10, width / 45);
    context.font = `${size}px ${style.fontFamily}`;
    context.fillStyle = style.getPropertyValue("--muted");
    context.strokeStyle = style.getPropertyValue("--line");
    context.lineWidth = Math.max(1, width / 600);
    for (const at of [-1, 0, 1]) {
      const x = ((at / edge + 1) / 2) * width;
      const y = ((1 - at / edge) / 2) * width;
      context.beginPath();
      context.moveTo(x, width);
      context.lineTo(x, width - size / 2);
      context.moveTo(0, y);
      context.lineTo(size / 2, y);
      context.stroke();
      context.textAlign = "center";
      context.textBaseline = "bottom";
      context.fillText(trueNumber(table?.columns[0], at), x, width - size * 0.6);
      context.textAlign = "left";
      context.textBaseline = "middle";
      context.fillText(trueNumber(table?.columns[1], at), size * 0.7, y);
    }
    if (!table) return;
    context.fillStyle = style.getPropertyValue("--ink");
    context.textAlign = "right";
    context.textBaseline = "bottom";
    context.fillText(`${table.columns[0].name} →`, width - size / 2, width - size * 1.8);
    context.textAlign = "left";
    context.textBaseline = "top";
    context.fillText(`↑ ${table.columns[1].name}`, size / 2, size / 2);
  }

  drawPoints(context, width, style, { points, labels, targets, edge, trains }) {
    const radius = Math.max(2.5, width / (points.length > 1000 ? 190 : 120));
    const ink = style.getPropertyValue("--ink");
    const paper = style.getPropertyValue("--panel");
    const colours = [...Array(8).keys()].map((i) => style.getPropertyValue(`--class-${i}`));
    context.lineWidth = Math.max(1, width / 450);
    const order = [...points.keys()].sort((a, b) => trains(a) - trains(b)); // those that test lie below
    for (const i of order) {
      const x = ((points[i][0] / edge + 1) / 2) * width;
      const y = ((1 - points[i][1] / edge) / 2) * width;
      const numeric = targets === "number";
      const colour = numeric ? shade("signed", (labels[i] + 1) / 2) : colours[labels[i]];
      tracePoint(context, numeric ? 0 : labels[i], x, y, radius);
      if (trains(i)) {
        context.fillStyle = colour;
        context.strokeStyle = numeric ? ink : paper;
      } else {
        context.fillStyle = numeric ? colour : paper;
        context.strokeStyle = numeric ? paper : colour;
      }
      context.fill();
      context.stroke();
    }
  }

  drawKey({ targets, classes, names, table }) {
    if (targets === "number") {
      const column = table?.columns[2];
      const ends = [-1, 1].map((v) => el("span", {}, trueNumber(column, v)));
      const bar = el("span", { class: "colour-bar", "aria-hidden": "true" });
      const name = column ? column.name : t("plane.target");
      this.key.replaceChildren(el("span", {}, name), ends[0], bar, ends[1]);
      return;
    }
    const items = [...Array(classes).keys()].map((i) =>
      el("span", { class: "key" }, markOf(i), className(names, i)),
    );
    this.key.replaceChildren(...items);
  }

  recolour() {
    this.draw();
  }
}

export function className(names, i) {
  return names?.[i] || t("plane.class", { number: i + 1 });
}

// What a place of the plane is in the table's own unit.
function trueNumber(column, at) {
  if (!column) return number(at);
  return number(column.low + ((at + 1) / 2) * (column.high - column.low), 4);
}
