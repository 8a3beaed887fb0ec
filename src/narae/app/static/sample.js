// One sample's arithmetic, step by step, with the numbers of the network that carries it.

import { currentLanguage, el, onLanguage, say, t } from "./dom.js";
import { anyPoint, inputNames, nextPlace, numberOf, stepsOf, titleOf } from "./sample_steps.js";
import { headed } from "./help.js";
import { field } from "./knobs.js";
import { PARTS } from "./sample_parts.js";

const PLAY = 350; // ms for a place of a window that slides
const TASK = { mine: "digits", plane: "plane" }; // whose network the page trains
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class SampleView {
  // pad: the drawing of the tab "Draw"
  constructor(connection, pad) {
    Object.assign(this, { connection, pad, networks: {}, place: 0, focuses: {}, back: null });
    this.busy = this.again = this.playing = false;
    this.makeSource();
    this.makeFocus();
    this.list = el("ol", { class: "steps" });
    this.title = el("h2", { id: "sample-step", role: "status" });
    this.words = el("p");
    this.body = el("div", { class: "step-body" });
    this.previous = this.button("sample.back", () => this.go(this.place - 1));
    this.next = this.button("sample.next", () => this.go(this.place + 1));
    this.next.classList.add("main");
    this.element = el("div", { class: "view sample" }, this.originCard(), this.right(), this.stepsCard());
    connection.on("library", (message) => this.library(message.networks));
    connection.on("sample", (message) => this.show(message));
    connection.on("error", () => this.failed());
    connection.on("lost", () => (this.busy = this.again = false));
    connection.on("welcome", () => this.isShown && this.networks[this.network.input.value] && this.ask());
    connection.on("status", (message) => this.status(message));
    connection.on("begun", (message) => this.begun(message));
    onLanguage(() => this.render());
  }

  button(key, onclick) {
    return el("button", { type: "button", t: key, onclick });
  }

  labelled(name, input) {
    input.dataset.sample = name;
    return { row: field(`sample.${name}`, input), input };
  }

  whole(name, low, high, changed) {
    const step = name === "x1" || name === "x2" ? "any" : 1;
    const input = el("input", { type: "number", min: low, max: high, step, required: true });
    input.addEventListener("change", () => input.reportValidity() && changed());
    return this.labelled(name, input);
  }

  makeSource() {
    const choose = (name, values, key, changed) =>
      this.labelled(name, el("select", { onchange: changed }, ...values.map((v) => el("option", { value: v, ...key(v) }))));
    this.network = choose("network", ["dense", "conv", "mine", "plane"], (n) => ({ t: n === "plane" ? "tab.plane" : `network.${n}` }), () => this.fresh());
    this.kind = choose("kind", ["test", "drawn"], (k) => ({ t: `sample.kind.${k}` }), () => this.fresh(true));
    this.index = this.whole("index", 0, 9999, () => this.fresh(true));
    this.index.input.value = 0;
    this.x1 = this.whole("x1", -100, 100, () => this.fresh(true));
    this.x2 = this.whole("x2", -100, 100, () => this.fresh(true));
    [this.x1.input.value, this.x2.input.value] = [0.5, 0.25];
    this.target = this.labelled("target", el("input", { type: "number", step: "any" }));
    this.target.input.addEventListener("change", () => this.ask());
    this.another = this.button("sample.another", () => this.anotherOne());
    this.empty = el("p", { class: "note", role: "status" });
    this.moving = el("p", { class: "note", role: "status" });
  }

  // A test image, or a point of the plane's data with its class or number.
  anotherOne() {
    if (this.network.input.value === "plane") {
      const [x, y, label] = anyPoint(this.opening);
      [this.x1.input.value, this.x2.input.value, this.target.input.value] = [x, y, label];
    } else this.index.input.value = Math.floor(Math.random() * 10000);
    this.fresh(true);
  }

  makeFocus() {
    const change = () => this.focused();
    this.layer = this.labelled("layer", el("select", { onchange: () => this.chooseBack() }));
    this.unit = this.whole("unit", 1, 1024, change);
    this.source = this.labelled("source", el("select", { onchange: change }));
    this.row = this.whole("row", 0, 27, change);
    this.column = this.whole("column", 0, 27, change);
    this.channel = this.whole("channel", 1, 1024, () => this.render());
    this.play = this.button("sample.play", () => this.toggle());
    const fields = [this.layer, this.unit, this.source, this.row, this.column, this.channel];
    this.focusRow = el("div", { class: "row focus" }, ...fields.map((f) => f.row), this.play);
  }

  originCard() {
    const fields = [this.network, this.kind, this.index, this.x1, this.x2, this.target];
    return el(
      "section",
      { class: "card origin", "aria-labelledby": "sample-heading" },
      headed("h2", "sample.heading", { id: "sample-heading" }),
      ...fields.map((f) => f.row),
      this.another,
      this.empty,
    );
  }

  stepsCard() {
    return el("section", { class: "card all-steps" }, headed("h3", "sample.steps"), this.list);
  }

  right() {
    return el(
      "section",
      { class: "card step", "aria-labelledby": "sample-step" },
      el("div", { class: "row" }, this.previous, this.next),
      this.title,
      this.moving,
      this.words,
      this.focusRow,
      this.body,
    );
  }

  shown() {
    this.isShown = true;
    this.fresh(true);
  }

  library(networks) {
    const before = this.ready();
    this.networks = networks;
    if (!before && this.ready() && this.isShown) this.fresh();
  }

  begun(message) {
    if (message.task === "plane") this.opening = message;
  }

  // A network that trains meanwhile has other numbers at each step.
  status({ task, state }) {
    this.states = { ...this.states, [task]: state };
    const own = TASK[this.network.input.value];
    say(this.moving, this.states[own] === "running" ? "sample.training" : null);
  }

  ready() {
    const name = this.network.input.value;
    return name === "mine" || name === "plane" || Boolean(this.networks[name]?.ready);
  }

  // Another sample, or another network: what was looked at may not be there. keep: the step.
  fresh(keep = false) {
    if (this.network.input.value !== "plane") this.target.input.value = "";
    else if (!keep || this.target.input.value === "") this.target.input.value = 1;
    if (!keep) Object.assign(this, { focuses: {}, back: null, place: 0 });
    else for (const focus of Object.values(this.focuses)) focus.source = null;
    this.sourceFields();
    this.status({});
    this.ask();
  }

  sourceFields() {
    const plane = this.network.input.value === "plane";
    const drawn = this.kind.input.value === "drawn";
    this.kind.row.hidden = plane;
    this.index.row.hidden = plane || drawn;
    this.another.hidden = plane ? !this.opening?.points?.length : drawn;
    this.x1.row.hidden = this.x2.row.hidden = !plane;
  }

  ask() {
    if (!this.ready() || !this.connection.open) return;
    if (this.busy) return void (this.again = true);
    const sample = this.sample();
    say(this.empty, sample ? null : "sample.empty");
    if (!sample) return;
    const step = this.steps?.[this.place];
    const layer = step?.layer ?? this.back ?? undefined;
    const target = this.target.input.value === "" ? null : Number(this.target.input.value);
    const focus = this.focuses[layer] ?? {};
    const network = this.network.input.value;
    this.busy = this.connection.send({ type: "sample", network, ...sample, target, layer, ...focus });
    return undefined;
  }

  sample() {
    if (this.network.input.value === "plane") {
      return { point: [Number(this.x1.input.value), Number(this.x2.input.value)] };
    }
    if (this.kind.input.value === "test") return { index: Number(this.index.input.value) };
    return this.pad.empty ? null : this.pad.image();
  }

  failed() {
    if (!this.busy) return;
    const { again } = this;
    this.busy = this.again = false;
    this.stop();
    if (again) this.ask(); // something else, since then
  }

  show(message) {
    this.busy = false;
    if (this.again) {
      this.again = false; // what came was asked for before the last change
      return this.ask();
    }
    if (message.empty) return void say(this.empty, "sample.empty");
    const shape = message.network + message.stages.map((s) => s.kind + s.shape).join();
    this.message = message;
    if (this.target.input.value === "") this.target.input.value = message.target;
    if (this.shape !== shape) {
      this.shape = shape;
      this.back = message.stages.length - 1;
      this.steps = stepsOf(message);
      this.place = Math.min(this.place, this.steps.length - 1);
      return this.ask(); // with the layer of the step
    }
    this.remember(message.focus);
    this.render();
    if (this.playing) this.timer = setTimeout(() => this.slide(), PLAY);
    return undefined;
  }

  // What the server chose where nothing was asked for stays chosen.
  remember(focus) {
    const back = this.message.back;
    const kept = { unit: focus.unit, place: focus.place ?? null, source: back?.source ?? null };
    this.focuses[focus.layer] = kept;
  }

  go(place) {
    this.stop();
    this.place = Math.max(0, Math.min(this.steps.length - 1, place));
    this.ask();
  }

  chooseBack() {
    this.back = Number(this.layer.input.value);
    this.ask();
  }

  // The unit, weight or place that the fields name.
  focused() {
    this.stop();
    const { layer, unit } = this.message.focus;
    const chosen = Number(this.unit.input.value) - 1;
    const place = this.row.row.hidden ? null : [Number(this.row.input.value), Number(this.column.input.value)];
    const source = this.source.row.hidden || chosen !== unit ? null : Number(this.source.input.value);
    this.focuses[layer] = { unit: chosen, place, source };
    this.ask();
  }

  pick(place) {
    [this.row.input.value, this.column.input.value] = place;
    this.focused();
  }

  toggle() {
    if (this.playing) return this.stop();
    this.playing = true;
    say(this.play, "sample.pause");
    return this.slide();
  }

  stop() {
    clearTimeout(this.timer);
    this.playing = false;
    say(this.play, "sample.play");
  }

  // The window goes on by one place, row by row.
  slide() {
    const { layer, place } = this.message.focus;
    this.focuses[layer].place = nextPlace(this.message.stages[layer], place);
    this.ask();
  }

  render() {
    if (!this.message || !this.steps) return;
    const step = this.steps[this.place];
    // what came last may be of the step before
    if (step.layer !== undefined && step.layer !== this.message.focus.layer) return;
    const values = titleOf(this.message, step);
    say(this.title, values.key, values.words);
    say(this.words, `sample.words.${step.kind}`, values.words);
    this.previous.disabled = this.place === 0;
    this.next.disabled = this.place === this.steps.length - 1;
    this.fields(step);
    const names = this.opening?.features;
    const draw = PARTS[step.kind];
    const channel = Number(this.channel.input.value || 1) - 1;
    const parts = draw(this.message, { step, channel, names, pick: (place) => this.pick(place) });
    this.body.replaceChildren(...parts);
    this.listSteps();
  }

  fields(step) {
    const { focus, stages, back } = this.message;
    const stage = stages[focus.layer];
    const backward = step.kind === "gradient" || step.kind === "update";
    const window = step.kind === "conv" || step.kind === "pool";
    const of = (field, shown) => (field.row.hidden = !shown);
    of(this.layer, backward);
    of(this.unit, backward || window || step.kind === "dense");
    of(this.source, backward);
    of(this.row, window);
    of(this.column, window);
    const channels = step.kind === "conv" ? focus.sums.length : 1;
    of(this.channel, channels > 1);
    this.play.hidden = !window || calm.matches;
    Object.assign(this.unit.input, { max: stage.shape.at(-1), value: focus.unit + 1 });
    this.channel.input.max = channels;
    const chosen = Number(this.channel.input.value);
    if (!(chosen >= 1 && chosen <= channels)) this.channel.input.value = 1;
    if (window) {
      Object.assign(this.row.input, { max: stage.shape[0] - 1, value: focus.place[0] });
      Object.assign(this.column.input, { max: stage.shape[1] - 1, value: focus.place[1] });
    }
    if (backward) this.backFields(stages, focus, back);
  }

  backFields(stages, focus, back) {
    const weighted = stages.filter((s) => s.sums);
    const options = weighted.map((s) => el("option", { value: s.layer }, t(`sample.layer.${s.kind}`, { number: numberOf(this.message, s.layer) })));
    this.layer.input.replaceChildren(...options);
    this.layer.input.value = focus.layer;
    const key = `${currentLanguage()} ${focus.layer} ${this.shape}`;
    if (this.sourcesOf !== key) {
      this.sourcesOf = key;
      const names = inputNames(this.message, focus.layer, this.opening?.features);
      this.source.input.replaceChildren(...names.map((name, i) => el("option", { value: i }, name)));
    }
    this.source.input.value = back.source;
  }

  listSteps() {
    const items = this.steps.map((step, i) => {
      const { key, words } = titleOf(this.message, step);
      const button = el("button", { type: "button", onclick: () => this.go(i) }, t(key, words));
      if (i === this.place) button.setAttribute("aria-current", "step");
      return el("li", {}, button);
    });
    const held = this.list.contains(document.activeElement);
    this.list.replaceChildren(...items);
    if (held) this.list.querySelector('[aria-current="step"]').focus();
  }

  recolour() {
    this.render();
  }
}
