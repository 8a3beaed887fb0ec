// Maps with a window on them, and the numbers under it.

import { el, number, t } from "./dom.js";
import { paintMap } from "./heat.js";
import { largest, shareBytes, signedBytes } from "./numbers.js";

const SCALE = 10; // px of the canvas for a cell

// One channel of maps (rows, columns, channels) as a picture.
// options: palette, frame ({place, size} of the window), label, pick (called with the place that is clicked)
export function mapOf(values, [rows, columns, channels], channel, { palette = "signed", frame, label, pick }) {
  const one = values.filter((_, i) => i % channels === channel);
  const most = largest(values);
  const small = document.createElement("canvas");
  paintMap(small, palette === "ink" ? shareBytes(one, most) : signedBytes(one, most), columns, rows, palette);
  const canvas = el("canvas", { role: "img", "aria-label": label, class: pick ? "picked" : "" });
  Object.assign(canvas, { width: columns * SCALE, height: rows * SCALE });
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  if (frame) outline(context, frame);
  if (pick) {
    canvas.addEventListener("click", (event) => {
      const box = canvas.getBoundingClientRect();
      const at = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
      pick([at((event.clientY - box.top) / box.height, rows), at((event.clientX - box.left) / box.width, columns)]);
    });
  }
  return el("figure", {}, el("figcaption", { class: "note" }, label), canvas);
}

function outline(context, { place, size }) {
  const style = getComputedStyle(document.documentElement);
  const box = [place[1], place[0], size[1], size[0]].map((v) => v * SCALE);
  context.lineWidth = 5;
  context.strokeStyle = style.getPropertyValue("--panel");
  context.strokeRect(...box);
  context.lineWidth = 3;
  context.strokeStyle = style.getPropertyValue("--red");
  context.strokeRect(...box);
}

// Numbers in rows of `columns`; best: the one that stands out.
export function grid(values, columns, name, key, best = -1) {
  const most = largest(values);
  const cell = (value, i) => {
    const data = el("data", { value, "data-number": `${name}${i}`, title: String(value) }, number(value + 0, 3));
    const td = el("td", { class: i === best ? "best-cell" : "" }, data);
    td.style.setProperty("--hue", value < 0 ? "var(--orange)" : "var(--blue)");
    td.style.setProperty("--share", Math.abs(value) / most / 2);
    return td;
  };
  const cells = [...values].map(cell);
  const rows = [];
  for (let i = 0; i < cells.length; i += columns) rows.push(el("tr", {}, ...cells.slice(i, i + columns)));
  return el("table", { class: "grid" }, el("caption", { class: "note" }, t(key)), el("tbody", {}, ...rows));
}
