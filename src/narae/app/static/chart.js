// Curves on a canvas, with axes and a legend that says the last values.

import { el, framed, number, onLanguage, sharp, t } from "./dom.js";
import { headed } from "./help.js";

const MOST = 600; // points of a curve; beyond it every other one is left out
const LEFT = 46;
const BOTTOM = 22;
const TOP = 8;
const RIGHT = 8;

// options: heading (a row of strings), x (the axis's row), log, low and high (ends of the y axis that
// do not move), form (how values are written)
export class Chart {
  constructor(options) {
    this.options = { form: number, ...options };
    this.series = new Map();
    this.canvas = el("canvas", { role: "img" });
    this.legend = el("p", { class: "legend" });
    this.element = el(
      "figure",
      { class: "card" },
      headed("figcaption", options.heading),
      el("div", { class: "chart" }, this.canvas),
      this.legend,
    );
    this.paint = framed(() => this.draw());
    new ResizeObserver(() => this.paint()).observe(this.canvas);
    onLanguage(() => this.paint());
  }

  clear() {
    this.series.clear();
    this.paint();
  }

  // name: identity; key and values: its words; colour: a variable of the style sheet
  curve(name, key, values, colour, points = [], dashed = false) {
    this.series.set(name, { key, values, colour, points, dashed });
    this.paint();
  }

  add(name, x, y) {
    const curve = this.series.get(name);
    if (!curve || y === null || y === undefined) return;
    curve.points.push([x, y]);
    if (curve.points.length > MOST) curve.points = curve.points.filter((_, i) => i % 2 === 0);
    this.paint();
  }

  draw() {
    const box = this.canvas.getBoundingClientRect();
    if (!box.width) return;
    const context = sharp(this.canvas, box);
    const style = getComputedStyle(this.canvas);
    context.font = `12px ${style.fontFamily}`;
    const places = this.places(box);
    this.axes(context, box, places, style);
    for (const curve of this.series.values()) this.line(context, curve, places, style);
    this.words();
  }

  places(box) {
    const all = [...this.series.values()].flatMap((curve) => curve.points);
    const value = this.options.log ? (y) => Math.log10(Math.max(y, 1e-9)) : (y) => y;
    const xs = all.map((p) => p[0]);
    const ys = all.map((p) => value(p[1]));
    const x = ends(xs, 0, 1, this.options.x === "chart.steps" ? 0 : undefined);
    const y = ends(ys, 0, 1, this.options.low, this.options.high);
    if (this.options.high === undefined) y[1] += (y[1] - y[0]) * 0.05;
    const wide = box.width - LEFT - RIGHT;
    const high = box.height - TOP - BOTTOM;
    return {
      x,
      y,
      toX: (v) => LEFT + ((v - x[0]) / (x[1] - x[0])) * wide,
      toY: (v) => TOP + (1 - (value(v) - y[0]) / (y[1] - y[0])) * high,
      back: this.options.log ? (v) => 10 ** v : (v) => v,
    };
  }

  axes(context, box, places, style) {
    context.strokeStyle = style.getPropertyValue("--line");
    context.fillStyle = style.getPropertyValue("--muted");
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const v of this.options.log ? powers(...places.y) : marks(...places.y, 4)) {
      const y = Math.round(places.toY(places.back(v))) + 0.5;
      context.beginPath();
      context.moveTo(LEFT, y);
      context.lineTo(box.width - RIGHT, y);
      context.stroke();
      context.fillText(this.options.form(places.back(v), 2), LEFT - 6, y);
    }
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const v of marks(...places.x, Math.max(2, Math.min(6, box.width / 90)))) {
      const x = Math.min(places.toX(v), box.width - RIGHT - 12);
      context.fillText(number(v, 6), x, box.height - BOTTOM + 6);
    }
  }

  line(context, curve, places, style) {
    context.strokeStyle = style.getPropertyValue(curve.colour);
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.beginPath();
    curve.points.forEach(([x, y], i) =>
      i ? context.lineTo(places.toX(x), places.toY(y)) : context.moveTo(places.toX(x), places.toY(y)),
    );
    context.setLineDash(curve.dashed ? [5, 4] : []);
    context.stroke();
    context.setLineDash([]);
    if (curve.points.length > 40 || curve.dashed) return;
    context.fillStyle = style.getPropertyValue(curve.colour);
    for (const [x, y] of curve.points) {
      context.beginPath();
      context.arc(places.toX(x), places.toY(y), 2.5, 0, 2 * Math.PI);
      context.fill();
    }
  }

  words() {
    const said = [];
    const items = [...this.series.values()].map((curve) => {
      const last = curve.points.at(-1);
      const words = t(curve.key, curve.values);
      const value = last === undefined ? "–" : this.options.form(last[1], 3);
      said.push(`${words} ${value}`);
      const dot = el("span", { class: curve.dashed ? "dot dashed" : "dot", "aria-hidden": "true" });
      dot.style.background = `var(${curve.colour})`;
      return el("span", { class: "key" }, dot, this.options.bare ? words : `${words} ${value}`);
    });
    this.legend.replaceChildren(...items);
    this.canvas.setAttribute("aria-label", `${t(this.options.heading)}: ${said.join(", ")}`);
  }
}

function ends(values, low, high, least, most) {
  const finite = values.filter(Number.isFinite);
  const first = least ?? (finite.length ? Math.min(...finite) : low);
  const last = most ?? (finite.length ? Math.max(...finite) : high);
  return last - first > 1e-9 ? [first, last] : [first, first + 1];
}

// Round numbers from low to high, about `count` of them.
function marks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const found = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-6; v += step) {
    found.push(Math.abs(v) < step * 1e-6 ? 0 : v);
  }
  return found;
}

// Logarithms of 1, 2 and 5 times the powers of ten, or of these alone where there are many.
function powers(low, high) {
  const steps = high - low > 2 ? [0] : [0, Math.log10(2), Math.log10(5)];
  const stride = Math.ceil((high - low) / 8) || 1;
  const found = [];
  for (let power = Math.floor(low / stride) * stride; power <= high; power += stride) {
    found.push(...steps.map((s) => power + s).filter((v) => v >= low && v <= high));
  }
  return found;
}

export const LAYER_COLOURS = ["--blue", "--orange", "--green", "--violet", "--red", "--teal", "--brown"];
