// Train a network live: knobs, buttons, curves; and the task's panels (panels.js).

import { allowed, lengthen, shorten } from "./address.js";
import { Chart, LAYER_COLOURS } from "./chart.js";
import { el, number, percent, say, t } from "./dom.js";
import { help } from "./help.js";
import { field, Knobs } from "./knobs.js";
import { PANELS } from "./panels.js";

// Seconds to wait after a step.
export const SPEEDS = { full: 0, fast: 0.004, moderate: 0.04, slow: 0.4 };
const GOES_ON = new Set(["done", "stopped", "paused"]);
const ENDED = new Set(["done", "stopped", "diverged", "failed", "empty"]);

export class TrainView {
  // page: {connection, touched(): a knob was turned, complain(found): the address asks for what is not}
  constructor(page, task, speed) {
    const { connection } = page;
    Object.assign(this, { page, connection, task });
    this.panels = [];
    for (const make of PANELS[task]) this.panels.push(make(this));
    this.run = 0;
    this.steps = this.epochs = 0;
    this.charts = {
      loss: new Chart({ heading: "chart.loss", x: "chart.steps", low: 0 }),
      accuracy: new Chart({ heading: "chart.accuracy", x: "chart.steps", high: 1, form: percent0 }),
      // targets that are numbers have no accuracy
      r2: new Chart({ heading: "chart.r2", x: "chart.steps", low: -1, high: 1, form: (v) => v.toFixed(2) }),
      gradients: new Chart({ heading: "chart.gradients", x: "chart.steps", log: true }),
    };
    this.panel = el("section", { class: "card panel" }, el("h3", { t: "train.knobs" }));
    this.state = el("p", { class: "state", role: "status" });
    this.where = el("p", { class: "note where" });
    this.size = el("p", { class: "note" });
    this.stale = el("p", { class: "note", role: "status" });
    this.makeButtons(speed);
    this.firstSpeed = speed;
    this.wanted = {};
    this.inAddress = { entries: () => this.entries(), apply: (found) => this.fromAddress(found) };
    const side = el("div", { class: "side" }, this.left(), ...this.cards("side"));
    const parts = [side, this.right(), this.panel];
    this.element = el("div", { class: `view train ${task}` }, ...parts);
    connection.on("welcome", (message) => this.welcome(message));
    connection.on("begun", (message) => this.mine(message) && this.begun(message));
    connection.on("status", (message) => this.mine(message) && this.status(message));
    connection.on("progress", (message) => this.mine(message) && this.progress(message));
    connection.on("lost", () => this.status({ state: "empty" }));
    this.each("listen"); // after the views of the task, whose pictures they may copy
    this.status({ state: "empty" });
  }

  makeButtons(speed) {
    const button = (key, onclick) => el("button", { type: "button", t: key, onclick });
    this.go = button("train.start", () => this.pressed());
    this.go.classList.add("main");
    this.step = button("train.step", () => this.stepped());
    this.reset = button("train.reset", () => this.begin(true));
    this.speed = el(
      "select",
      { "data-knob": "speed", onchange: () => this.sendSpeed() },
      ...Object.keys(SPEEDS).map((name) => el("option", { value: name, t: `speed.${name}` })),
    );
    this.speed.value = speed;
  }

  left() {
    return el(
      "section",
      { class: "card buttons" },
      el("h2", { t: `train.${this.task}` }),
      el("div", { class: "row" }, this.go, this.step, this.reset),
      field("train.speed", this.speed),
      this.state,
      el("div", { class: "named" }, this.where, help("train.steps")),
      el("div", { class: "named" }, this.size, help("train.size")),
    );
  }

  right() {
    const charts = Object.values(this.charts).map((chart) => chart.element);
    const [loss, accuracy, r2, ...others] = charts;
    const cards = [...this.cards("elements"), loss, accuracy, r2, ...this.cards("wide"), ...others];
    r2.hidden = true;
    return el("div", { class: "pictures" }, ...cards);
  }

  cards(place) {
    return this.panels.flatMap((panel) => panel[place] ?? []);
  }

  each(name, message) {
    for (const panel of this.panels) panel[name]?.(message);
  }

  mine(message) {
    return message.task === this.task;
  }

  welcome(message) {
    if (!this.knobs) {
      const bounds = (this.bounds = message.knobs);
      this.defaults = message.defaults[this.task];
      this.knobs = new Knobs(bounds, message.defaults[this.task], (name) => this.changed(name));
      this.panel.append(this.knobs.element, this.stale);
      const bad = this.fromAddress(this.wanted);
      if (bad.length) this.page.complain(bad[0]);
    }
    if (this.isShown) this.begin(true);
  }

  shown() {
    this.isShown = true;
    if (this.now === "empty" && this.knobs) this.begin(true);
  }

  begin(paused) {
    const knobs = this.valid();
    if (!knobs) return;
    const why = this.hindrance(knobs);
    if (why) return void say(this.state, why);
    say(this.stale, null);
    this.page.touched?.();
    this.connection.send({ type: "train", task: this.task, knobs, paused });
    this.sendSpeed();
  }

  // A learning rate counts from the next step on; other knobs make another network.
  changed(name) {
    this.page.touched?.();
    const knobs = this.valid();
    if (!knobs || this.now === "empty") return;
    if (name === "learning_rate") {
      this.connection.send({ type: "rate", task: this.task, learning_rate: knobs[name] });
    } else if (this.steps === 0 && this.now !== "running") this.begin(true);
    else say(this.stale, "train.changed");
  }

  // The knobs that are not as they stand at first, as the address has them, and the speed.
  entries() {
    if (!this.knobs) return this.wanted;
    const values = this.knobs.current();
    const found = Object.entries(values).filter(([name, v]) => this.bounds[name].kind !== "points"
      && shorten(v) !== shorten(this.defaults[name]));
    if (this.speed.value !== this.firstSpeed) found.push(["speed", this.speed.value]);
    return Object.fromEntries(found.map(([name, v]) => [name, shorten(v)]));
  }

  // Another address: knobs that it does not name stand as at first.
  fromAddress(entries) {
    if (!this.knobs) {
      this.wanted = entries; // until the server has said what there is
      return [];
    }
    const { speed = this.firstSpeed, ...named } = entries;
    const [values, bad] = [{}, []];
    for (const [name, first] of Object.entries(this.defaults)) {
      if (this.bounds[name].kind === "points") continue;
      values[name] = name in named ? lengthen(this.bounds[name], named[name]) : first;
      if (values[name] !== undefined) continue;
      bad.push({ name, value: named[name], allowed: allowed(this.bounds[name]), kept: shorten(first) });
      values[name] = first;
    }
    for (const name of Object.keys(named)) if (!(name in this.defaults)) bad.push({ name, value: named[name] });
    if (speed in SPEEDS) this.speed.value = speed;
    else bad.push({ name: "speed", value: speed, allowed: Object.keys(SPEEDS).join(", "), kept: this.firstSpeed });
    this.knobs.set(values);
    if (this.now !== "empty") this.begin(true);
    return bad;
  }

  // Set knobs for somebody, and start anew with them; gives what they were before.
  apply(values, paused = false) {
    const before = this.knobs.values() ?? {};
    this.knobs.set(values);
    this.begin(paused);
    return Object.fromEntries(Object.keys(values).map((name) => [name, before[name]]));
  }

  control(action) {
    this.connection.send({ type: "control", task: this.task, action });
  }

  // The knobs, or null; then what one may be is said beside them, as the browser's own words soon vanish.
  valid() {
    const knobs = this.knobs?.values();
    if (knobs) return knobs;
    const input = this.knobs?.element.querySelector("input:invalid");
    if (input) {
      say(this.stale, "train.invalid", { name: t(`knob.${input.dataset.knob}`), low: input.min, high: input.max });
    }
    return null;
  }

  // Why what is shown cannot be learned: a row of strings. A step would be one of the network that was there before.
  hindrance(knobs) {
    return this.panels.map((panel) => panel.hindered?.(knobs)).find(Boolean);
  }

  pressed() {
    if (this.now === "running") return void this.control("pause");
    const knobs = this.valid();
    if (!knobs) return;
    const same = GOES_ON.has(this.now) && this.stale.dataset.t !== "train.changed";
    if (same && !this.hindrance(knobs)) this.control("resume");
    else this.begin(false);
  }

  stepped() {
    const knobs = this.valid();
    if (!knobs) return;
    if (ENDED.has(this.now) || this.hindrance(knobs)) this.begin(true);
    else this.control("step");
  }

  sendSpeed() {
    if (!this.isShown) return;
    const delay = SPEEDS[this.speed.value];
    this.connection.send({ type: "speed", task: this.task, delay });
  }

  status(message) {
    this.now = message.state;
    this.element.dataset.state = message.state;
    say(this.state, `state.${message.state}`, { reason: "", ...message });
    const begun = this.steps > 0 && GOES_ON.has(this.now);
    say(this.go, this.now === "running" ? "train.pause" : begun ? "train.resume" : "train.start");
    this.go.disabled = this.step.disabled = this.now === "building";
    this.each("status", message);
  }

  begun(message) {
    this.steps = this.epochs = 0;
    say(this.size, "train.parameters", { count: number(message.parameters, 9) });
    for (const chart of Object.values(this.charts)) chart.clear();
    const numbers = message.targets === "number";
    this.charts.accuracy.element.hidden = numbers;
    this.charts.r2.element.hidden = !numbers;
    for (const name of ["loss", "accuracy", "r2"]) {
      this.charts[name].curve("training", "chart.training", {}, "--blue");
      this.charts[name].curve("validation", "chart.validation", {}, "--orange");
    }
    for (let i = 0; i < message.depth; i++) {
      this.charts.gradients.curve(i, "chart.layer", { number: i + 1 }, LAYER_COLOURS[i]);
    }
    this.each("begin", message);
  }

  progress(message) {
    const first = this.steps === 0;
    this.steps = message.step;
    this.element.dataset.r2 = message.val_r2 ?? "";
    this.element.dataset.accuracy = message.val_accuracy ?? this.element.dataset.accuracy;
    const { step, epoch } = message;
    say(this.where, "train.where", { epoch: number(epoch, 9), step: number(step, 9) });
    this.charts.loss.add("training", step, message.loss);
    this.charts.loss.add("validation", step, message.val_loss);
    this.charts.accuracy.add("training", step, message.accuracy);
    this.charts.accuracy.add("validation", step, message.val_accuracy);
    this.charts.r2.add("training", step, atLeast(message.r2, -1));
    this.charts.r2.add("validation", step, atLeast(message.val_r2, -1));
    message.gradients?.forEach((norm, i) => this.charts.gradients.add(i, step, norm));
    this.each("show", message);
    if (first && step > 0) this.status({ state: this.now });
  }

  recolour() {
    for (const chart of Object.values(this.charts)) chart.paint();
    this.each("recolour");
  }
}

function atLeast(value, low) {
  return value === null || value === undefined ? value : Math.max(value, low);
}

function percent0(share, digits) {
  return percent(share, digits > 2 ? 1 : 0);
}
