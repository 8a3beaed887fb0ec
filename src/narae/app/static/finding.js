// What is wrong with a training, by its figures, and a button that mends it: it sets knobs and starts anew.

import { el, number, onLanguage, percent, say, t } from "./dom.js";

export class FindingCard {
  constructor(view) {
    this.view = view;
    this.list = el("div", { class: "findings", role: "status" });
    this.done = el("div", { class: "card finding mended", hidden: true, role: "status" });
    this.side = [this.list, this.done];
  }

  listen() {
    this.view.connection.on("finding", (message) => message.task === this.view.task && this.found(message));
    this.view.connection.on("lost", () => this.begin());
    onLanguage(() => this.mended && this.showDone());
  }

  begin() {
    this.list.replaceChildren();
    if (!this.fresh) this.done.hidden = true;
    this.fresh = false;
  }

  found({ symptom, figures, fix }) {
    const share = figures.share === undefined ? {} : { share: percent(figures.share, 0) };
    const said = Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, number(value)]));
    const words = el("p", {});
    say(words, `finding.${symptom}`, { ...said, ...share });
    const button = el("button", { type: "button", class: "main", onclick: () => this.mend(fix) });
    const label = () => (button.textContent = t("finding.mend", { changes: this.changes(fix) }));
    label();
    onLanguage(label);
    const title = el("h3", { t: `found.${symptom}` });
    this.list.append(el("section", { class: "card finding", "data-symptom": symptom }, title, words, button));
  }

  changes(fix) {
    return Object.entries(fix).map(([name, value]) => `${t(`knob.${name}`)} ${this.words(name, value)}`).join(", ");
  }

  words(name, value) {
    const select = this.view.element.querySelector(`select[data-knob="${name}"]`);
    const option = [...(select?.options ?? [])].find((o) => o.value === String(value));
    if (option) return option.textContent;
    return Array.isArray(value) ? value.join(" · ") || "0" : String(value);
  }

  mend(fix) {
    this.fresh = true; // what was changed stays to be read while the new network begins
    this.mended = { fix, before: this.view.apply(fix) };
    this.showDone();
  }

  showDone() {
    const { fix, before } = this.mended;
    const changed = Object.keys(fix).map(
      (name) => `${t(`knob.${name}`)} ${this.words(name, before[name])} → ${this.words(name, fix[name])}`,
    );
    const text = el("p", {}, t("finding.changed", { changes: changed.join(", ") }));
    const undo = el("button", { type: "button", t: "finding.undo", onclick: () => this.undo() });
    this.done.replaceChildren(text, undo);
    this.done.hidden = false;
  }

  undo() {
    this.view.apply(this.mended.before, true);
    this.mended = null;
    this.done.hidden = true;
    this.view.go.focus();
  }
}
