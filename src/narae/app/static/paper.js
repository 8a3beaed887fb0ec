// A photograph of paper, chosen, taken, dropped or pasted; read on the server; shown with what was cut out.

import { el, onLanguage, percent, say, t } from "./dom.js";
import { bytes, paintMap } from "./heat.js";
import { headed } from "./help.js";

const KINDS = "image/png,image/jpeg,image/webp";
const LARGE = 3e6; // bytes; photographs of more are made smaller before they are sent
const SIDE = 2000; // pixels of the longer side, then
const COLOURS = { sure: "--blue", unsure: "--orange", unknown: "--muted" };
const LEAST = 480; // pixels of the canvas's longer side

export class PaperCard {
  constructor() {
    this.turn = 0;
    this.state = el("p", { class: "note", role: "status", id: "paper-state" });
    this.canvas = el("canvas", { class: "paper-picture", role: "img", hidden: true });
    this.text = el("output", { class: "paper-text", hidden: true });
    this.cuts = el("ol", { class: "paper-cuts" });
    this.result = el("div", { class: "paper-result", hidden: true }, this.canvas, this.side());
    this.element = el(
      "section",
      { class: "card wide paper-card", "aria-labelledby": "paper-heading" },
      headed("h2", "paper.heading", { id: "paper-heading" }),
      el("div", { class: "row" }, this.button("paper.choose"), this.button("paper.camera", "environment")),
      el("p", { class: "note", t: "paper.note" }),
      this.state,
      this.result,
    );
    this.listen();
    onLanguage(() => this.seen && this.show());
  }

  side() {
    const key = Object.keys(COLOURS).map((verdict) =>
      el("li", { class: verdict }, el("span", { t: `paper.${verdict}` })),
    );
    return el(
      "div",
      {},
      this.text,
      el("ul", { class: "paper-key", tLabel: "paper.key" }, ...key),
      el("p", { class: "note", t: "paper.cut" }),
      this.cuts,
    );
  }

  button(key, capture) {
    const input = el("input", { type: "file", accept: KINDS, capture, hidden: true, tabindex: -1 });
    input.addEventListener("change", () => {
      if (input.files[0]) this.take(input.files[0]);
      input.value = ""; // the same file may be chosen again
    });
    return el("span", {}, el("button", { type: "button", t: key, onclick: () => input.click() }), input);
  }

  listen() {
    this.element.addEventListener("dragover", (event) => {
      event.preventDefault();
      this.element.classList.add("over");
    });
    this.element.addEventListener("dragleave", () => this.element.classList.remove("over"));
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      this.element.classList.remove("over");
      this.some(event.dataTransfer.files);
    });
    document.addEventListener("paste", (event) => {
      if (this.element.offsetParent !== null) this.some(event.clipboardData.files);
    });
  }

  some(files) {
    if (files.length) this.take(files[0]);
  }

  // The newest picture counts; answers to those before are left.
  async take(file) {
    const turn = ++this.turn;
    this.result.hidden = true;
    say(this.state, "paper.reading");
    const found = await this.ask(file);
    if (turn !== this.turn) return;
    if (found.error) {
      this.seen = null;
      say(this.state, `paper.error.${found.error}`);
      return;
    }
    this.seen = found;
    this.show();
  }

  async ask(file) {
    let picture;
    try {
      picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      return { error: "no_picture" };
    }
    try {
      const body = file.size > LARGE ? await smaller(picture) : file;
      const answer = await fetch("paper", { method: "POST", body });
      return { ...(await answer.json()), picture };
    } catch {
      return { error: "lost" };
    }
  }

  show() {
    const { text, rows } = this.seen;
    const line = text.replaceAll("\n", " / ");
    say(this.state, "paper.read", { text: line });
    this.result.hidden = this.canvas.hidden = this.text.hidden = false;
    this.text.textContent = text;
    say(this.canvas, "paper.picture", { text: line }, "tLabel");
    this.cuts.replaceChildren(...rows.flat().map(cut));
    this.paint();
  }

  recolour() {
    if (this.seen) this.show();
  }

  paint() {
    const { picture, rows, width, height } = this.seen;
    const zoom = Math.max(1, LEAST / Math.max(width, height));
    Object.assign(this.canvas, { width: Math.round(width * zoom), height: Math.round(height * zoom) });
    const pen = this.canvas.getContext("2d");
    pen.drawImage(picture, 0, 0, this.canvas.width, this.canvas.height);
    const size = Math.max(14, this.canvas.width / 36);
    const style = getComputedStyle(document.documentElement);
    pen.lineWidth = Math.max(2, this.canvas.width / 320);
    pen.font = `600 ${size}px system-ui, sans-serif`;
    for (const mark of rows.flat()) {
      const [left, top, right, bottom] = mark.box.map((n) => n * zoom);
      pen.strokeStyle = pen.fillStyle = style.getPropertyValue(COLOURS[mark.verdict]);
      pen.strokeRect(left - 3, top - 3, right - left + 6, bottom - top + 6);
      const word = shown(mark);
      const wide = pen.measureText(word).width + 8;
      const above = top > size + 8 ? top - size - 8 : bottom + 4;
      pen.fillRect(left - 4, above, wide, size + 5);
      pen.fillStyle = style.getPropertyValue("--panel");
      pen.fillText(word, left, above + size);
    }
  }
}

function shown(mark) {
  return mark.verdict === "unknown" ? "?" : String(mark.digit);
}

function cut(mark) {
  const canvas = el("canvas", { class: "map", role: "img" });
  paintMap(canvas, bytes(mark.image), 28, 28, "ink");
  const words = t("paper.mark", { digit: shown(mark), percent: percent(mark.confidence, 0) });
  canvas.setAttribute("aria-label", words);
  return el("li", { class: mark.verdict }, canvas, el("span", { "aria-hidden": "true" }, words));
}

// A photograph as a JPEG of at most SIDE pixels each way.
async function smaller(picture) {
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}
