// Two networks that train beside each other: buttons for both, their curves in the same charts, and what each decides.

import { Chart } from "./chart.js";
import { el, number, percent, say, t } from "./dom.js";
import { field } from "./knobs.js";
import { WeightPictures } from "./pictures.js";
import { PlanePictures } from "./plane.js";
import { SPEEDS } from "./train.js";

export const SIDES = ["a", "b"];
const COLOURS = { a: "--violet", b: "--green" }; // classes of the plane have blue and orange
const MOST = 200; // points of a curve that are drawn
const WHICH = ["building", "running", "paused"]; // both are, if one is

export class Comparison {
  // ended: called with the server's "outcome"
  constructor(connection, ended) {
    this.connection = connection;
    this.states = { a: "empty", b: "empty" };
    this.active = false; // whether the server's pair trains what is shown here
    this.charts = {
      loss: new Chart({ heading: "compare.loss", x: "chart.epochs", low: 0 }),
      accuracy: new Chart({ heading: "compare.accuracy", x: "chart.epochs", high: 1, form: percent0 }),
      // targets that are numbers have no accuracy
      r2: new Chart({ heading: "compare.r2", x: "chart.epochs", high: 1 }),
    };
    this.element = el("div", { class: "comparison" }, this.bar());
    this.sides = el("div", { class: "sides" });
    const charts = Object.values(this.charts).map((chart) => chart.element);
    this.element.append(this.sides, el("div", { class: "sides curves" }, ...charts));
    const mine = (listener) => (message) => this.active && message.task === "compare" && listener(message);
    connection.on("begun", mine((message) => this.begun(message)));
    connection.on("status", mine((message) => this.status(message.side, message)));
    connection.on("progress", mine((message) => this.parts[message.side].pictures.show(message)));
    connection.on("measured", mine((message) => this.measured(message)));
    connection.on("outcome", mine((message) => ended(message)));
    connection.on("lost", () => this.leave());
  }

  bar() {
    const button = (key, onclick) => el("button", { type: "button", t: key, onclick });
    this.go = button("train.start", () => this.pressed());
    this.step = button("train.step", () => this.control("step"));
    this.reset = button("train.reset", () => this.begin({ ...this.asked, paused: true }));
    this.speed = el(
      "select",
      { "data-knob": "speed", onchange: () => this.sendSpeed() },
      ...Object.keys(SPEEDS).map((name) => el("option", { value: name, t: `speed.${name}` })),
    );
    this.state = el("p", { class: "state", role: "status" });
    const buttons = el("div", { class: "row buttons" }, this.go, this.step, this.reset);
    return el("section", { class: "card bar" }, buttons, field("train.speed", this.speed), this.state);
  }

  // names: for each side an object whose `name` is what it is called; caption: the row of strings above its picture
  show(task, names, caption = "compare.side") {
    this.leave();
    this.parts = {};
    for (const side of SIDES) this.parts[side] = part(side, task, names[side], caption);
    this.sides.replaceChildren(...SIDES.map((side) => this.parts[side].element));
    this.clear();
  }

  // What is shown here no longer trains.
  leave() {
    if (this.active && WHICH.includes(this.now)) this.control("pause");
    this.active = false;
    SIDES.forEach((side) => this.status(side, { state: "empty" }));
  }

  // asked: the fields of the message "compare"
  begin(asked) {
    this.asked = asked;
    this.active = true;
    this.clear();
    this.connection.send({ type: "compare", ...asked });
    this.sendSpeed();
  }

  clear() {
    for (const chart of Object.values(this.charts)) chart.clear();
    for (const side of SIDES) {
      this.parts[side].points = [];
      say(this.parts[side].reached, null);
    }
  }

  begun(message) {
    const numbers = message.targets === "number";
    this.charts.accuracy.element.hidden = numbers;
    this.charts.r2.element.hidden = !numbers;
    this.parts[message.side].points = [];
    this.parts[message.side].pictures.begin(message);
  }

  measured(message) {
    const { points, reached } = this.parts[message.side];
    points.length = message.first;
    points.push(...message.points);
    for (const side of SIDES) this.curves(side);
    const last = points.at(-1);
    const numbers = "r2" in last;
    const form = numbers ? number : percent;
    say(reached, numbers ? "compare.reached_number" : "compare.reached", {
      training: form(last.r2 ?? last.accuracy),
      validation: form(last.val_r2 ?? last.val_accuracy),
      epoch: number(last.epoch, 9),
    });
  }

  // Validation is whole, training dashed.
  curves(side) {
    const { points, values } = this.parts[side];
    const every = Math.ceil(points.length / MOST);
    const kept = points.filter((_, i) => i % every === 0 || i === points.length - 1);
    for (const [name, chart] of Object.entries(this.charts)) {
      const curve = (key) => kept.map((p) => [p.epoch, p[key]]).filter((p) => Number.isFinite(p[1]));
      chart.curve(`${side}-validation`, "compare.validation", values, COLOURS[side], curve(`val_${name}`));
      chart.curve(`${side}-training`, "compare.training", values, COLOURS[side], curve(name), true);
    }
  }

  get now() {
    const states = Object.values(this.states);
    const first = WHICH.find((state) => states.includes(state));
    return first ?? states.find((state) => state !== "done") ?? "done";
  }

  status(side, message) {
    this.states[side] = message.state;
    this.element.dataset.state = this.now;
    const state = message.state === this.now ? message : {};
    say(this.state, `state.${this.now}`, { best: "", reason: "", ...state });
    const go = { running: "train.pause", building: "train.pause", paused: "train.resume" };
    say(this.go, go[this.now] ?? "train.start");
    this.step.disabled = this.now !== "paused";
    this.go.disabled = this.now === "building";
  }

  pressed() {
    if (this.now === "running") this.control("pause");
    else if (this.now === "paused") this.control("resume");
    else this.begin({ ...this.asked, paused: false });
  }

  control(action) {
    this.connection.send({ type: "control", task: "compare", action });
  }

  sendSpeed() {
    if (!this.active) return;
    this.connection.send({ type: "speed", task: "compare", delay: SPEEDS[this.speed.value] });
  }

  recolour() {
    for (const chart of Object.values(this.charts)) chart.paint();
    for (const side of SIDES) this.parts?.[side].pictures.recolour();
  }
}

function part(side, task, named, heading) {
  const pictures = task === "plane" ? new PlanePictures({}) : new WeightPictures();
  const values = {
    side: side.toUpperCase(),
    get name() {
      return named.name;
    },
  };
  const caption = say(el("h3", { class: `side-${side}` }), heading, values);
  const reached = el("p", { class: "note reached" });
  pictures.figure.element.prepend(caption);
  pictures.figure.element.append(reached);
  return { element: pictures.figure.element, pictures, values, reached, points: [] };
}

// What a side is called: a row of strings, in the language of the moment.
export function called(key, values) {
  return {
    get name() {
      return t(key, values);
    },
  };
}

function percent0(share, digits) {
  return percent(share, digits > 2 ? 1 : 0);
}
