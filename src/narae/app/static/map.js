// A map of digits: test images as points, by PCA or t-SNE of their pixels or of a layer's outputs.

import { el, framed, number, onLanguage, percent, say, sharp, t } from "./dom.js";
import { bytes, paintMap } from "./heat.js";
import { headed } from "./help.js";
import { field } from "./knobs.js";
import { floats } from "./numbers.js";
import { Pad } from "./pad.js";

const PIXELS = 784;
const NEAR = 14; // of the canvas's own lengths: a point under the pointer

export class MapView {
  constructor(connection) {
    this.connection = connection;
    const select = (options, key) =>
      el("select", { onchange: () => this.changed() }, ...options.map((o) => el("option", { value: o, t: `${key}.${o}` })));
    this.network = select(["dense", "conv", "mine"], "network");
    this.layer = el("select", { onchange: () => this.changed() }, el("option", { value: -1, t: "map.pixels" }));
    this.method = select(["pca", "tsne"], "map");
    this.perplexity = el("input", { type: "number", min: 2, max: 100, step: 1, required: true, onchange: () => this.changed() });
    this.perplexity.value = 30;
    this.button = el("button", { type: "button", class: "main", t: "map.make", onclick: () => this.pressed() });
    this.state = el("p", { class: "state", role: "status", t: "map.none" });
    this.pad = new Pad(() => this.place());
    this.canvas = el("canvas", { class: "map-canvas", role: "img", tabindex: 0, tLabel: "map.heading" });
    this.image = el("canvas", { class: "map", role: "img", tLabel: "map.image" });
    this.name = el("p", { class: "state", role: "status", t: "map.hover" });
    this.element = el("div", { class: "view digit-map" }, ...this.left(), this.right());
    this.paint = framed(() => this.draw());
    new ResizeObserver(() => this.paint()).observe(this.canvas);
    onLanguage(() => this.paint());
    this.listen(connection);
  }

  left() {
    this.perplexityField = field("map.perplexity", this.perplexity);
    const card = (kind, ...inside) => el("section", { class: `card ${kind}` }, ...inside);
    const choices = card(
      "choices",
      headed("h2", "map.heading"),
      field("map.network", this.network),
      field("map.layer", this.layer),
      field("map.method", this.method),
      this.perplexityField,
      this.button,
      this.state,
    );
    const image = el("div", { class: "map-image" }, this.image, this.name);
    const hand = card(
      "hand",
      image,
      headed("h3", "map.drawn"),
      this.pad.canvas,
      this.pad.live,
      el("div", { class: "row" }, el("button", { type: "button", t: "draw.clear", onclick: () => this.pad.clear() })),
    );
    return [choices, hand];
  }

  right() {
    this.key = el("p", { class: "legend map-key" });
    return el("figure", { class: "card" }, headed("h3", "map.points"), this.canvas, this.key, el("p", { class: "note", t: "map.note" }));
  }

  listen(connection) {
    connection.on("map", (message) => this.begun(message));
    connection.on("moved", (message) => this.moved(message));
    connection.on("placed", (message) => this.placed(message));
    connection.on("error", () => this.stopped());
    connection.on("lost", () => this.stopped());
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerdown", (event) => this.hover(event));
    this.canvas.addEventListener("keydown", (event) => this.step(event));
  }

  shown() {
    this.changed();
  }

  changed() {
    this.perplexityField.hidden = this.method.value !== "tsne";
    say(this.button, this.running ? "map.stop" : "map.make");
  }

  pressed() {
    if (this.running) {
      this.connection.send({ type: "stop" });
      return void this.stopped();
    }
    if (!this.perplexity.reportValidity()) return undefined;
    const sent = this.connection.send({
      type: "map",
      network: this.network.value,
      layer: Number(this.layer.value),
      method: this.method.value,
      perplexity: Number(this.perplexity.value),
      images: !this.images,
    });
    if (sent) say(this.state, "map.making");
    this.waiting = sent;
    return undefined;
  }

  begun(message) {
    this.waiting = false;
    if (message.images) this.images = bytes(message.images);
    this.data = message;
    this.points = floats(message.points);
    this.own = null;
    this.chosen = null;
    this.running = message.of > 0;
    const wrong = message.labels.filter((label, i) => label !== message.guesses[i]).length;
    this.wrong = wrong;
    const shares = message.shares[0] + message.shares[1];
    if (!this.running) say(this.state, "map.pca.done", { share: percent(shares, 0), wrong });
    this.fillLayers(message);
    this.changed();
    this.paint();
    this.place();
  }

  fillLayers(message) {
    const before = this.layer.value;
    const items = message.layers.map((shape, i) => {
      const last = i === message.layers.length - 1;
      const key = last ? "map.output" : shape.length > 1 ? "map.maps" : "map.units";
      return say(el("option", { value: i }), key, { number: i + 1, units: shape.at(-1) });
    });
    this.layer.replaceChildren(el("option", { value: -1, t: "map.pixels" }), ...items);
    this.layer.value = before;
  }

  moved(message) {
    if (!this.running) return;
    this.points = floats(message.points);
    say(this.state, message.done ? "map.tsne.done" : "map.tsne.step", {
      step: message.step,
      of: this.data.of,
      kl: number(message.kl),
      wrong: this.wrong,
    });
    if (message.done) this.stopped();
    this.paint();
  }

  stopped() {
    if (this.waiting) say(this.state, "map.none");
    this.waiting = this.running = false;
    this.changed();
  }

  // A drawing goes to its place with each bit of the stroke; one is under way at a time.
  place() {
    if (!this.data || this.data.method !== "pca" || this.pad.empty) {
      this.own = null;
      return this.paint();
    }
    if (this.placing) return void (this.again = true);
    this.placing = this.connection.send({ type: "place", ...this.pad.image() });
    return undefined;
  }

  placed(message) {
    this.placing = false;
    this.own = message.point && message;
    if (this.own) {
      paintMap(this.image, bytes(message.seen), 28, 28, "ink");
      say(this.name, "map.placed", { guess: message.guess });
    }
    this.paint();
    if (this.again) {
      this.again = false;
      this.place();
    }
  }

  // -- the picture ------------------------------------------------------------------------

  draw() {
    const box = this.canvas.getBoundingClientRect();
    if (!box.width || !this.data) return;
    const context = sharp(this.canvas, box);
    const style = getComputedStyle(this.canvas);
    this.places = placesOf(this.points, box, this.own?.point);
    const size = Math.max(9, Math.min(14, box.width / 55));
    context.font = `600 ${size}px ${style.fontFamily}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    const { labels, guesses } = this.data;
    labels.forEach((label, i) => {
      const [x, y] = this.places.at(i);
      context.fillStyle = style.getPropertyValue(`--digit-${label}`);
      context.fillText(String(label), x, y);
    });
    context.strokeStyle = style.getPropertyValue("--red");
    context.lineWidth = 1.5;
    labels.forEach((label, i) => label !== guesses[i] && ring(context, this.places.at(i), size * 0.75));
    context.strokeStyle = style.getPropertyValue("--ink");
    context.lineWidth = 2.5;
    if (this.chosen !== null) ring(context, this.places.at(this.chosen), size);
    if (this.own) {
      context.lineWidth = 4;
      ring(context, this.places.of(this.own.point), size * 1.3);
      context.fillStyle = style.getPropertyValue("--ink");
      context.fillText("★", ...this.places.of(this.own.point));
    }
    this.drawKey(style);
  }

  drawKey() {
    const items = [...Array(10).keys()].map((digit) => {
      const item = el("b", { class: "key" }, String(digit));
      item.style.color = `var(--digit-${digit})`;
      return item;
    });
    this.key.replaceChildren(...items, el("span", { class: "key" }, el("span", { class: "ring" }), t("map.wrong")));
  }

  hover(event) {
    if (!this.places) return;
    const box = this.canvas.getBoundingClientRect();
    let best = null;
    let least = NEAR;
    this.data.labels.forEach((_, i) => {
      const [x, y] = this.places.at(i);
      const far = Math.hypot(x - (event.clientX - box.left), y - (event.clientY - box.top));
      if (far < least) [best, least] = [i, far];
    });
    if (best !== null) this.choose(best);
  }

  step(event) {
    const moves = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    if (!this.data || !(event.key in moves)) return;
    event.preventDefault();
    const count = this.data.labels.length;
    this.choose(((this.chosen ?? -1) + moves[event.key] + count) % count);
  }

  choose(index) {
    if (index === this.chosen) return;
    this.chosen = index;
    paintMap(this.image, this.images.subarray(index * PIXELS, (index + 1) * PIXELS), 28, 28, "ink");
    const words = { label: this.data.labels[index], guess: this.data.guesses[index] };
    say(this.name, words.label === words.guess ? "map.right" : "map.mistake", words);
    this.paint();
  }

  recolour() {
    this.pad.paint();
    this.draw();
  }
}

function ring(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

// Where points lie on the canvas: one scale for both axes, for distances are what the map shows.
function placesOf(points, box, own) {
  const all = own ? [...points, ...own] : points;
  const ends = [0, 1].map((axis) => {
    const values = all.filter((_, i) => i % 2 === axis);
    return [Math.min(...values), Math.max(...values)];
  });
  const margin = 20;
  const scale = Math.min(
    ...ends.map(([low, high], axis) => ((axis ? box.height : box.width) - 2 * margin) / Math.max(high - low, 1e-9)),
  );
  const middle = ends.map(([low, high]) => (low + high) / 2);
  const of = ([x, y]) => [box.width / 2 + (x - middle[0]) * scale, box.height / 2 - (y - middle[1]) * scale];
  return { of, at: (i) => of([points[2 * i], points[2 * i + 1]]) };
}
