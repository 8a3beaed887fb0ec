// What a learner takes along: the trained network as a file, the knobs as a script.

import { el, say } from "./dom.js";
import { headed } from "./help.js";

export class KeepCard {
  constructor(view) {
    this.view = view;
    const button = (key, onclick) => el("button", { type: "button", t: key, onclick });
    this.said = el("p", { class: "note", role: "status" });
    this.text = el("pre", { tabindex: 0 });
    this.code = el(
      "dialog",
      { class: "code", tLabel: "keep.code" },
      el(
        "div",
        { class: "row" },
        button("keep.copy", () => this.copy()),
        button("keep.download", () => download(`playground-${view.task}.py`, "text/x-python", this.text.textContent)),
        button("keep.close", () => this.code.close()),
        this.said,
      ),
      this.text,
    );
    const buttons = [button("keep.save", () => this.ask("save")), button("keep.code", () => this.ask("code"))];
    const row = el("div", { class: "row" }, ...buttons);
    this.side = [el("section", { class: "card keep" }, headed("h3", "keep.heading"), row, this.code)];
  }

  listen() {
    const { connection, task } = this.view;
    connection.on("code", (message) => message.task === task && this.present(message.text));
    connection.on("saved", (message) => message.task === task && this.save(message.file));
  }

  ask(type) {
    const knobs = this.view.knobs?.values();
    if (knobs) this.view.connection.send({ type, task: this.view.task, knobs });
  }

  // Not `show`: a view calls that of its panels with each progress of the training.
  present(text) {
    say(this.said, null);
    this.text.textContent = text;
    this.code.showModal();
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(this.text.textContent);
    } catch {
      // a page that is not from this machine may not: the text is chosen, and copied as by hand
      getSelection().selectAllChildren(this.text);
      document.execCommand("copy");
    }
    say(this.said, "keep.copied");
  }

  save(file) {
    const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
    download(`playground-${this.view.task}.keras`, "application/octet-stream", bytes);
  }
}

function download(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
