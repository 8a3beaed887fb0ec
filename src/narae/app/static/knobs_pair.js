// One's own comparison: two sets of knobs, side by side; those that differ are marked.

import { called, Comparison, SIDES } from "./compare.js";
import { el, onLanguage, say, t } from "./dom.js";
import { headed } from "./help.js";
import { Knobs } from "./knobs.js";

export class OwnComparison {
  constructor(connection) {
    this.comparison = new Comparison(connection, () => {});
    this.columns = el("div", { class: "sides" });
    this.difference = el("p", { class: "note difference", role: "status" });
    this.task = el("select", { id: "compare-task", onchange: () => this.choose(this.task.value) });
    const copy = el("button", { type: "button", t: "compare.copy", onclick: () => this.copy() });
    const label = el("label", { for: "compare-task", t: "experiments.task" });
    const choice = el("div", { class: "row choice" }, label, this.task, copy);
    const heading = headed("h2", "experiments.own", { tabindex: -1 });
    const top = el("section", { class: "card" }, heading, el("p", { t: "experiments.own.intro" }), choice);
    top.append(this.difference);
    this.element = el("div", { class: "two" }, top, this.columns, this.comparison.element);
    onLanguage(() => this.knobs && this.mark());
  }

  welcome({ knobs, defaults }) {
    this.bounds = knobs;
    this.defaults = defaults;
    this.task.replaceChildren(
      ...Object.keys(defaults).map((name) => el("option", { value: name, t: `task.${name}` })),
    );
    if (!this.knobs) this.choose("plane");
    else this.task.value = this.shownTask;
  }

  // values: knobs by side, those of the table when not given
  choose(task, values = { a: this.defaults[task], b: this.defaults[task] }) {
    this.task.value = this.shownTask = task;
    this.knobs = {};
    this.columns.replaceChildren(
      ...SIDES.map((side) => {
        this.knobs[side] = new Knobs(this.bounds, values[side], () => this.changed());
        const heading = say(el("h3", { class: `side-${side}` }), "compare.network", { side: side.toUpperCase() });
        return el("section", { class: "card" }, heading, this.knobs[side].element);
      }),
    );
    this.comparison.show(
      task,
      Object.fromEntries(SIDES.map((side) => [side, called("compare.network", { side: side.toUpperCase() })])),
      "compare.network",
    );
    this.mark();
    this.ask();
  }

  copy() {
    const values = this.knobs.a.values();
    if (values) this.choose(this.shownTask, { a: values, b: values });
  }

  changed() {
    this.mark();
    this.ask();
  }

  // What Start will train, which is read when it is pressed.
  ask() {
    const { a, b } = Object.fromEntries(SIDES.map((side) => [side, this.knobs[side].values()]));
    if (a && b) this.comparison.asked = { task: this.shownTask, a, b };
  }

  mark() {
    const parts = SIDES.map((side) => this.knobs[side].parts);
    const differing = Object.keys(parts[0]).filter(
      (name) => JSON.stringify(parts[0][name].get()) !== JSON.stringify(parts[1][name].get()),
    );
    for (const part of parts) {
      for (const [name, { element }] of Object.entries(part)) {
        element.classList.toggle("differs", differing.includes(name));
      }
    }
    const knobs = differing.map((name) => t(`knob.${name}`)).join(", ");
    say(this.difference, differing.length ? "compare.differing" : "compare.equal", { knobs });
  }
}
