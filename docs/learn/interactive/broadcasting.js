// Broadcasting: two shapes, the cells that are read again, the sum; or the axis that does not fit.
"use strict";

(() => {
  const { maths, builders, say, html, button, group } = window.naraeFigures;
  const MOST_AXES = 6, MOST_CELLS = 120, LONGEST = 99;

  /** What two shapes become: {shape}, or {wrong: [axes, counted from the last]}. */
  function broadcast(a, b) {
    const rank = Math.max(a.length, b.length);
    const shape = [], wrong = [];
    for (let back = 1; back <= rank; back++) {
      const [m, n] = [a.at(-back) ?? 1, b.at(-back) ?? 1];
      if (m !== n && m !== 1 && n !== 1) wrong.push(-back);
      shape.unshift(m === 1 ? n : m);
    }
    return wrong.length ? { wrong } : { shape };
  }

  /** Where the cell at `index` of the result is read in a tensor of `shape`: its flat position. */
  function readAt(shape, index) {
    const own = index.slice(index.length - shape.length);
    return shape.reduce((flat, length, axis) => flat * length + (length === 1 ? 0 : own[axis]), 0);
  }

  /** All indices of a shape, the last axis fastest. */
  function indices(shape) {
    return shape.reduce((all, length) => all.flatMap((i) => Array.from({ length }, (_, k) => [...i, k])), [[]]);
  }

  /** a + b cell by cell, as a flat list; a and b are flat lists. */
  const add = (a, aShape, b, bShape) =>
    indices(broadcast(aShape, bShape).shape).map((i) => a[readAt(aShape, i)] + b[readAt(bShape, i)]);

  /** The shape that people wrote, "3, 4" or "(3, 4)", or null. */
  function parsed(text) {
    const inner = text.replace(/[()[\]\s]/g, "").replace(/,$/, "");
    const lengths = inner === "" ? [] : inner.split(/[,x×]/).map(Number);
    const fine = (n) => Number.isInteger(n) && n >= 1 && n <= LONGEST;
    return lengths.length <= MOST_AXES && lengths.every(fine) ? lengths : null;
  }

  const written = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
  const size = (shape) => shape.reduce((product, n) => product * n, 1);

  /** The rows of lengths, one column per axis, that show which axes fit. */
  function lengths(a, b, result) {
    const rank = Math.max(a.length, b.length, 1);
    const row = (name, shape) =>
      html("tr", {}, html("th", { scope: "row" }, name), Array.from({ length: rank }, (_, axis) => {
        const back = axis - rank;
        const own = shape.at(back) !== undefined && -back <= shape.length;
        const length = own ? shape.at(back) : 1;
        const grown = result.shape && length !== result.shape.at(back);
        const wrong = result.wrong?.includes(back);
        return html("td", { class: wrong ? "nf-wrong" : grown ? "nf-stretched" : "" },
          own ? String(length) : say("broadcasting.added"), grown ? ` → ${result.shape.at(back)}` : "", wrong ? " ✗" : "");
      }));
    const axes = html("tr", {}, html("th", {}, say("broadcasting.axis")),
      Array.from({ length: rank }, (_, axis) => html("th", { scope: "col" }, String(axis - rank).replace("-", "−"))));
    const rows = [axes, row("a", a), row("b", b)];
    if (result.shape) rows.push(row("a + b", result.shape));
    return html("table", { class: "nf-table" }, rows);
  }

  /** A tensor of at most three axes as cells; those that are read again are pale. */
  function cells(kind, shape, values, own, lit) {
    const [rows, columns] = [shape.at(-2) ?? 1, shape.at(-1) ?? 1];
    const sheets = Array.from({ length: shape.length > 2 ? shape[0] : 1 }, () =>
      html("div", { class: `nf-cells ${kind}`, style: `grid-template-columns: repeat(${columns}, auto)` }));
    indices(shape).forEach((index, flat) => {
      const offset = index.length - own.length;
      const ghost = index.some((at, axis) => at > 0 && (axis < offset || own[axis - offset] === 1));
      const cell = html("span", { class: ghost ? "nf-ghost" : "" }, String(values[readAt(own, index)]));
      cell.addEventListener("pointerenter", () => lit(flat));
      cell.addEventListener("click", () => lit(flat));
      sheets[Math.floor(flat / (rows * columns))].append(cell);
    });
    return html("div", {}, html("p", { class: "nf-caption" }, kind === "nf-sum" ? "a + b" : kind.at(-1)), sheets);
  }

  const PRESETS = [["3, 4", "4"], ["3, 1", "1, 4"], ["3, 4", "3, 1"], ["2, 3, 4", "3, 1"], ["3, 4", ""], ["3, 4", "3"]];

  builders.broadcasting = (tell) => {
    let texts = ["3, 4", "4"];
    const stage = html("div", {});
    const fields = texts.map((text, which) => {
      const name = "ab"[which];
      const field = html("input", { type: "text", value: text, size: 9, "aria-label": say("broadcasting.shape", { name }) });
      field.addEventListener("input", () => {
        texts[which] = field.value;
        draw();
      });
      return field;
    });

    function draw() {
      const [a, b] = texts.map(parsed);
      fields.forEach((field, k) => field.toggleAttribute("aria-invalid", [a, b][k] === null));
      if (!a || !b) {
        stage.replaceChildren();
        tell(say("broadcasting.unreadable", { most: LONGEST, axes: MOST_AXES }));
        return;
      }
      const result = broadcast(a, b);
      stage.replaceChildren(html("div", { class: "nf-wide" }, lengths(a, b, result)));
      if (result.wrong) {
        const axis = result.wrong[0];
        tell(say("broadcasting.wrong", { a: written(a), b: written(b), axis: `−${-axis}`, m: a.at(axis), n: b.at(axis) }));
        return;
      }
      tell(say("broadcasting.fits", { a: written(a), b: written(b), shape: written(result.shape) }));
      if (result.shape.length > 3 || size(result.shape) > MOST_CELLS) {
        stage.append(html("p", {}, say("broadcasting.large")));
        return;
      }
      pictures(a, b, result.shape);
    }

    function pictures(a, b, shape) {
      const aValues = Array.from({ length: size(a) }, (_, k) => k);
      const bValues = Array.from({ length: size(b) }, (_, k) => 10 * k);
      const sum = add(aValues, a, bValues, b);
      const every = indices(shape);
      const row = html("div", { class: "nf-row nf-top" });
      const lit = (flat) => {
        for (const part of row.children) {
          part.querySelectorAll("span").forEach((cell, k) => cell.classList.toggle("nf-on", k === flat));
        }
        const i = every[flat];
        const values = { a: aValues[readAt(a, i)], b: bValues[readAt(b, i)], sum: sum[flat], index: i.join(", ") };
        tell(say("broadcasting.cell", values));
      };
      row.append(cells("nf-a", shape, aValues, a, lit), cells("nf-b", shape, bValues, b, lit), cells("nf-sum", shape, sum, shape, lit));
      let at = 0;
      dressForKeys(row, (by) => lit((at = (at + by + sum.length) % sum.length)), shape.at(-1) ?? 1);
      stage.append(html("div", { class: "nf-wide" }, row));
    }

    /** Arrow keys go through the cells of the result. */
    function dressForKeys(row, move, columns) {
      row.tabIndex = 0;
      row.setAttribute("role", "group");
      row.setAttribute("aria-label", say("broadcasting.keys"));
      row.addEventListener("keydown", (event) => {
        const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        move(by);
      });
    }

    const presets = PRESETS.map(([a, b]) =>
      button(`(${a}) + (${b})`, () => {
        texts = [a, b];
        fields.forEach((field, k) => (field.value = texts[k]));
        draw();
      }));
    draw();
    const entry = (name, field) => html("label", { class: "nf-choice" }, html("span", {}, name), field);
    return [
      html("div", { class: "nf-row" }, entry("a", fields[0]), "+", entry("b", fields[1])),
      html("div", { class: "nf-row" }, group(say("broadcasting.examples"), presets)),
      stage,
    ];
  };

  maths.broadcasting = { broadcast, add, parsed };
})();
