// Draw a digit; see the probabilities, and every layer, change with the stroke.

import { selects } from "./address.js";
import { el, number, onLanguage, percent, say, t } from "./dom.js";
import { bytes, paintMap, paintSheet, paintUnits } from "./heat.js";
import { headed, help } from "./help.js";
import { field } from "./knobs.js";
import { Pad } from "./pad.js";
import { PaperCard } from "./paper.js";

const SETTLED = 600; // ms after the last change until the result is said aloud

export class DrawView {
  constructor(connection) {
    this.connection = connection;
    this.networks = {};
    this.busy = this.changed = false;
    this.pad = new Pad(() => this.ask());
    this.choice = el(
      "select",
      { id: "draw-network", onchange: () => this.chosen() },
      ...["dense", "conv", "mine"].map((n) => el("option", { value: n, t: `network.${n}` })),
    );
    this.state = el("p", { class: "note", role: "status" });
    this.bars = [...Array(10).keys()].map((digit) => new Bar(digit));
    this.digit = el("output", { class: "digit", "aria-hidden": "true" });
    this.took = el("p", { class: "note" });
    this.said = el("p", { class: "unseen", role: "status", id: "prediction" });
    this.layers = el("div", { class: "layers" });
    this.paper = new PaperCard();
    this.element = el("div", { class: "view draw" }, this.left(), this.right(), this.inside(), this.paper.element);
    connection.on("library", (message) => this.library(message.networks));
    connection.on("prediction", (message) => this.show(message));
    connection.on("error", (message) => this.refused(message));
    connection.on("lost", () => (this.busy = false));
    connection.on("welcome", () => this.ask());
    onLanguage(() => this.last && this.show(this.last, true));
    this.inAddress = selects({ network: this.choice }, () => this.chosen());
    this.nothing();
  }

  left() {
    return el(
      "section",
      { class: "card", "aria-labelledby": "draw-heading" },
      headed("h2", "draw.heading", { id: "draw-heading" }),
      this.pad.canvas,
      this.pad.live,
      el(
        "div",
        { class: "row" },
        el("button", { type: "button", t: "draw.clear", onclick: () => this.pad.clear() }),
        el("button", { type: "button", t: "draw.undo", onclick: () => this.pad.undo() }),
      ),
      el("p", { class: "note", id: "pad-help", t: "draw.help" }),
    );
  }

  right() {
    return el(
      "section",
      { class: "card", "aria-labelledby": "prediction-heading" },
      headed("h2", "draw.prediction", { id: "prediction-heading" }),
      field("draw.network", this.choice),
      this.state,
      el(
        "div",
        { class: "reading" },
        this.digit,
        el("ol", { class: "bars", start: "0" }, ...this.bars.map((bar) => bar.element)),
      ),
      el("div", { class: "named" }, this.took, help("draw.time")),
      this.said,
    );
  }

  inside() {
    return el(
      "section",
      { class: "card wide", "aria-labelledby": "inside-heading" },
      headed("h2", "draw.inside", { id: "inside-heading" }),
      this.layers,
    );
  }

  shown() {
    this.ask();
  }

  recolour() {
    this.pad.paint();
    this.paper.recolour();
    if (this.last) this.show(this.last, true);
  }

  chosen() {
    this.library(this.networks);
    this.ask();
  }

  library(networks) {
    const before = this.ready();
    this.networks = networks;
    const found = networks[this.choice.value];
    if (found?.failed) say(this.state, "draw.broken", { reason: found.failed });
    else if (found && !found.ready) say(this.state, "draw.training", found);
    else say(this.state, null);
    if (!before && this.ready()) this.ask();
  }

  ready() {
    return this.choice.value === "mine" || Boolean(this.networks[this.choice.value]?.ready);
  }

  // One drawing is under way at a time: the newest one goes when the answer to the last is here.
  ask() {
    if (this.pad.empty) return this.nothing();
    if (this.busy) return void (this.changed = true);
    if (!this.ready()) return undefined;
    const network = this.choice.value;
    this.busy = this.connection.send({ type: "draw", network, ...this.pad.image() });
    return undefined;
  }

  refused(message) {
    if (message.code === "no_network" && this.busy && this.choice.value === "mine") this.untrained();
    this.answered();
  }

  answered() {
    this.busy = false;
    if (this.changed) {
      this.changed = false;
      this.ask();
    }
  }

  // No answer of another network stands there, as if it were this one's.
  untrained() {
    this.nothing();
    say(this.took, "draw.untrained");
  }

  nothing() {
    this.last = null;
    this.changed = false;
    say(this.digit, "draw.empty");
    this.digit.classList.add("empty");
    this.bars.forEach((bar) => bar.set(0, false));
    say(this.took, "draw.nothing");
    this.layers.replaceChildren();
    clearTimeout(this.settled);
    this.said.textContent = "";
  }

  show(message, again = false) {
    if (!again) this.answered();
    if (this.pad.empty || message.empty) return this.nothing();
    if (message.untrained) return this.untrained();
    this.last = message;
    say(this.digit, null).textContent = message.digit;
    this.digit.classList.remove("empty");
    this.bars.forEach((bar, i) => bar.set(message.probabilities[i], i === message.digit));
    say(this.took, "draw.took", { ms: message.ms.toFixed(1) });
    this.showLayers(message);
    clearTimeout(this.settled);
    this.settled = setTimeout(() => {
      const share = message.probabilities[message.digit];
      say(this.said, "draw.said", { digit: message.digit, percent: percent(share, 0) });
    }, SETTLED);
    return undefined;
  }

  showLayers(message) {
    const key = message.layers.map((layer) => layer.shape.join("x")).join(" ");
    if (key !== this.shape || !this.layers.childElementCount) {
      this.shape = key;
      this.pictures = [null, ...message.layers].map(() => new Layer());
      this.layers.replaceChildren(...this.pictures.map((picture) => picture.element));
    }
    this.pictures[0].seen(bytes(message.seen));
    message.layers.forEach((layer, i) => this.pictures[i + 1].layer(layer, i + 1));
  }
}

class Bar {
  constructor(digit) {
    this.fill = el("span", { class: "fill" });
    this.value = el("span", { class: "value" });
    this.element = el(
      "li",
      { "data-digit": digit },
      el("span", { class: "name" }, String(digit)),
      el("span", { class: "track", "aria-hidden": "true" }, this.fill),
      this.value,
    );
    this.set(0, false);
  }

  set(share, best) {
    this.fill.style.transform = `scaleX(${share})`;
    this.value.textContent = percent(share);
    this.element.classList.toggle("best", best);
  }
}

class Layer {
  constructor() {
    this.caption = el("figcaption");
    this.note = el("p", { class: "note" });
    this.canvas = el("canvas", { class: "map", role: "img" });
    this.element = el("figure", {}, this.caption, this.canvas, this.note);
  }

  seen(values) {
    say(this.caption, "draw.seen");
    say(this.note, "draw.seen.note");
    this.canvas.setAttribute("aria-label", t("draw.seen"));
    paintMap(this.canvas, values, 28, 28, "ink");
  }

  layer(layer, place) {
    const [count, height, width] = layer.shape;
    const values = bytes(layer.values);
    if (height === undefined) {
      say(this.caption, "draw.layer", { number: place, units: count });
      paintUnits(this.canvas, values, "signed");
    } else {
      say(this.caption, "draw.maps", { number: place, maps: count, size: height });
      paintSheet(this.canvas, values, count, width, height, 4, "signed");
    }
    say(this.note, "draw.active", {
      active: number(layer.active, 9),
      total: number(values.length, 9),
    });
    this.canvas.setAttribute("aria-label", `${this.caption.textContent}: ${this.note.textContent}`);
  }
}
