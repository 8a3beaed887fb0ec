// A CSV file, chosen or pasted: its columns are chosen here, the server makes points of them.

import { el, onLanguage, say, t } from "./dom.js";
import { headed } from "./help.js";

const PART = 45_000; // bytes of a message: the server takes no more
const LARGEST = 1 << 20;
const PLACES = ["x", "y", "target"];

export class TableCard {
  // loaded: called with the points, as the knob takes them
  constructor(connection, loaded) {
    Object.assign(this, { connection, loaded });
    this.file = el("input", { type: "file", accept: ".csv,.tsv,.txt,text/csv", tLabel: "table.file", onchange: () => this.chosen() });
    this.text = el("textarea", { rows: 5, spellcheck: "false", tLabel: "table.text" });
    const take = el("button", { type: "button", t: "table.take", onclick: () => this.pasted() });
    this.state = el("p", { class: "note", role: "status" });
    this.notes = el("ul", { class: "notes", role: "status" });
    this.selects = Object.fromEntries(
      [...PLACES, "targets"].map((name) => [name, el("select", { onchange: () => this.ask() })]),
    );
    this.columns = el(
      "div",
      { class: "columns", hidden: true },
      ...Object.entries(this.selects).map(([name, select]) =>
        el("label", { class: "knob" }, el("span", { t: `table.${name}` }), select),
      ),
    );
    this.element = el(
      "div",
      { class: "table-card" },
      headed("h4", "table.heading"),
      el("label", { class: "button file" }, el("span", { t: "table.file" }), this.file),
      el("details", {}, el("summary", { t: "table.paste" }), this.text, take),
      this.state,
      this.columns,
      this.notes,
    );
    connection.on("table", (message) => this.read(message));
    connection.on("points", (message) => this.points(message));
    onLanguage(() => this.last && this.tell(this.last));
  }

  async chosen() {
    const file = this.file.files[0];
    this.file.value = ""; // the same file may be chosen again
    if (!file) return;
    this.name = file.name;
    // what is too large is cut where the server says so
    this.send(new Uint8Array(await file.slice(0, LARGEST + 1).arrayBuffer()));
  }

  pasted() {
    this.name = "";
    this.send(new TextEncoder().encode(this.text.value));
  }

  send(bytes) {
    const parts = Math.max(1, Math.ceil(bytes.length / PART));
    say(this.state, "table.reading");
    this.notes.replaceChildren();
    for (let part = 0; part < parts; part++) {
      const piece = bytes.subarray(part * PART, (part + 1) * PART);
      let text = "";
      for (const byte of piece) text += String.fromCharCode(byte);
      if (!this.connection.send({ type: "upload", part, parts, data: btoa(text) })) return;
    }
  }

  read(message) {
    this.last = message;
    this.columns.hidden = Boolean(message.problem);
    this.tell(message);
    if (message.problem) return;
    const { columns, guess } = message;
    for (const name of PLACES) {
      const items = columns.map((c, i) => {
        const option = el("option", { value: i }, `${c.name ?? t("table.column", { number: i + 1 })} (${c.first.join(", ")})`);
        option.disabled = name !== "target" && !c.numeric;
        return option;
      });
      this.selects[name].replaceChildren(...items);
      this.selects[name].value = guess[name] ?? "";
    }
    const kinds = ["classes", "number"].map((kind) => el("option", { value: kind, t: `own.${kind}` }));
    this.selects.targets.replaceChildren(...kinds);
    this.selects.targets.value = guess.targets;
    if (guess.x === null || guess.y === null) say(this.state, "table.numbers");
    else this.ask();
  }

  ask() {
    const chosen = Object.fromEntries(PLACES.map((name) => [name, Number(this.selects[name].value)]));
    if (PLACES.some((name) => this.selects[name].value === "")) return;
    this.connection.send({ type: "columns", ...chosen, targets: this.selects.targets.value });
  }

  points(message) {
    if (message.problem) return this.tellNotes([message.problem], "problem");
    this.tellNotes(message.notes, "told");
    const { own } = message;
    own.table.file = (this.name || "data.csv").slice(0, 80);
    return this.loaded(own);
  }

  tell(message) {
    if (message.problem) {
      say(this.state, null);
      this.tellNotes([message.problem], "problem");
      return;
    }
    const words = { "\t": t("table.tab"), ",": ",", ";": ";", "|": "|" };
    say(this.state, message.header ? "table.found" : "table.headless", {
      rows: message.rows,
      columns: message.columns.length,
      separator: words[message.separator],
      decimal: message.decimal,
      encoding: message.encoding.toUpperCase(),
    });
  }

  tellNotes(problems, kind) {
    const items = problems.map(({ code, values }) => say(el("li", { class: kind }), `csv.${code}`, values));
    this.notes.replaceChildren(...items);
  }
}
