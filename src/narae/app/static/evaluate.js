// Test a network: confusion matrix, surest mistakes, and how much noise, rotation and shift it bears.

import { selects } from "./address.js";
import { Chart } from "./chart.js";
import { el, number, onLanguage, percent, say, t } from "./dom.js";
import { bytes, paintMap } from "./heat.js";
import { headed, help } from "./help.js";
import { field } from "./knobs.js";

const COLOURS = { noise: "--blue", rotation: "--orange", shift: "--green" };

export class EvaluateView {
  constructor(connection) {
    this.connection = connection;
    this.choice = el(
      "select",
      { id: "evaluate-network" },
      ...["dense", "conv", "mine"].map((n) => el("option", { value: n, t: `network.${n}` })),
    );
    this.inAddress = selects({ network: this.choice }, () => {});
    this.button = el("button", { type: "button", class: "main", t: "evaluate.run" });
    this.button.addEventListener("click", () => this.ask());
    this.result = el("p", { class: "state", role: "status", t: "evaluate.none" });
    this.matrix = el("div", { class: "matrix" });
    this.mistakes = el("div", { class: "mistakes" });
    this.charts = Object.fromEntries(
      Object.keys(COLOURS).map((name) => [
        name,
        new Chart({ heading: `curve.${name}`, low: 0, high: 1, bare: true, form: whole }),
      ]),
    );
    this.report = el("div", { class: "report", hidden: true }, ...this.parts());
    this.element = el("div", { class: "view evaluate" }, this.head(), this.report);
    connection.on("evaluation", (message) => this.show(message));
    connection.on("error", () => this.failed());
    connection.on("lost", () => this.failed());
    onLanguage(() => this.last && this.show(this.last));
  }

  head() {
    return el(
      "section",
      { class: "card wide", "aria-labelledby": "evaluate-heading" },
      el("h2", { id: "evaluate-heading", t: "evaluate.heading" }),
      el(
        "div",
        { class: "row" },
        field("draw.network", this.choice),
        this.button,
      ),
      el("div", { class: "named" }, this.result, help("evaluate.heading")),
    );
  }

  parts() {
    const card = (heading, ...inside) =>
      el("section", { class: "card" }, headed("h3", heading), ...inside);
    const note = el("p", { class: "note", t: "evaluate.matrix.note" });
    const charts = Object.values(this.charts).map((chart) => chart.element);
    return [
      card("evaluate.matrix", this.matrix, note),
      card("evaluate.mistakes", this.mistakes),
      el(
        "section",
        { class: "wide" },
        headed("h3", "evaluate.robustness"),
        el("div", { class: "thirds" }, ...charts),
      ),
    ];
  }

  shown() {}

  recolour() {
    if (this.last) this.show(this.last);
  }

  ask() {
    if (!this.connection.send({ type: "evaluate", network: this.choice.value })) return;
    this.button.disabled = true;
    say(this.result, "evaluate.running");
  }

  failed() {
    if (!this.button.disabled) return;
    this.button.disabled = false;
    say(this.result, "evaluate.none");
  }

  show(message) {
    this.last = message;
    this.button.disabled = false;
    this.report.hidden = false;
    say(this.result, "evaluate.result", {
      accuracy: percent(message.accuracy, 2),
      count: number(message.count, 9),
      loss: number(message.loss, 3),
    });
    this.matrix.replaceChildren(table(message.matrix));
    this.mistakes.replaceChildren(...message.mistakes.map(mistake));
    for (const [name, chart] of Object.entries(this.charts)) {
      const { x, y } = message.curves[name];
      const points = x.map((value, i) => [value, y[i]]);
      chart.curve("accuracy", "chart.accuracy", {}, COLOURS[name], points);
    }
  }
}

function whole(share) {
  return percent(share, 0);
}

function table(matrix) {
  const digits = matrix.map((_, i) => el("th", { scope: "col" }, String(i)));
  const rows = matrix.map((row, i) => {
    const total = Math.max(1, row.reduce((a, b) => a + b));
    const cells = row.map((count, j) => {
      const cell = el("td", { class: i === j ? "right" : "wrong" }, String(count));
      // the root lets rare mistakes be seen beside the diagonal
      cell.style.setProperty("--share", Math.sqrt(count / total).toFixed(3));
      return cell;
    });
    return el("tr", {}, el("th", { scope: "row" }, String(i)), ...cells);
  });
  return el(
    "table",
    { tLabel: "evaluate.matrix" },
    el("thead", {}, el("tr", {}, el("td"), ...digits)),
    el("tbody", {}, ...rows),
  );
}

function mistake(found) {
  const words = { true: found.true, guess: found.guess, percent: percent(found.probability) };
  const canvas = el("canvas", { class: "map", role: "img" });
  canvas.setAttribute("aria-label", t("evaluate.mistake", words));
  paintMap(canvas, bytes(found.image), 28, 28, "ink");
  return el("figure", {}, canvas, say(el("figcaption"), "evaluate.mistake", words));
}
