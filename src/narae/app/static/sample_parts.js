// What each step of a sample's way shows: tables of its numbers, and pictures.

import { el, number, t } from "./dom.js";
import { bytes } from "./heat.js";
import { floats } from "./numbers.js";
import { grid, mapOf } from "./sample_maps.js";
import { inputNames } from "./sample_steps.js";

// A number as it is: rounded for the eye, whole in `value`; name: what it is, for who reads the page by
// program.
export function num(value, name) {
  return el("data", { value, "data-number": name, title: String(value) }, number(value + 0, 4)); // -0 is 0
}

// head: keys of strings; rows: of cells, each a node or a text
function table(head, rows, kind = "") {
  const cells = (cell) => el("td", {}, cell);
  const body = rows.map((row, i) => {
    const line = el("tr", { class: row.kind ?? "" }, el("th", { scope: "row" }, row[0]), ...row.slice(1).map(cells));
    line.style.setProperty("--row", i);
    return line;
  });
  const top = el("tr", {}, ...head.map((key) => el("th", { scope: "col", t: key })));
  return el("div", { class: "numbers" }, el("table", { class: kind }, el("thead", {}, top), el("tbody", {}, ...body)));
}

function marked(kind, ...cells) {
  return Object.assign(cells, { kind });
}

function paragraph(...parts) {
  return el("p", { class: "equation" }, ...parts);
}

// -- forwards --------------------------------------------------------------------------------------

function input(message, { names }) {
  const values = floats(message.input);
  if (values.length === 784) return [mapOf(values, [28, 28, 1], 0, { palette: "ink", label: t("sample.step.input") })];
  const all = inputNames(message, 0, names);
  return [table(["sample.input", "sample.value"], [...values].map((v, i) => [all[i], num(v, `x${i}`)]))];
}

// The rows of a sum of products: the largest, those that are left, zeros.
function products(sum, name, [x, w]) {
  const rows = sum.terms.map(([i, a, b, product]) => [name(i), num(a, `${x}${i}`), num(b, `${w}${i}`), num(product, `product${i}`)]);
  if (sum.others) rows.push(marked("rest", t("sample.others", { count: sum.others }), "", "", num(sum.rest, "rest")));
  if (sum.zeros) rows.push(marked("rest", t("sample.zeros", { count: sum.zeros }), "", "", num(0, "zeros")));
  return rows;
}

function dense(message, { step, names }) {
  const { sum } = message.focus;
  const stage = message.stages[step.layer];
  const all = inputNames(message, step.layer, names);
  const rows = [
    ...products(sum, (i) => all[i], ["x", "w"]),
    marked("total", t("sample.sum"), "", "", num(sum.total, "sum")),
    marked("total", t("unit.bias"), "", "", num(sum.bias, "bias")),
    marked("total", "z", "", "", num(sum.z, "z")),
  ];
  if (stage.activation !== "softmax") rows.push(marked("total", `${stage.activation}(z)`, "", "", num(sum.output, "output")));
  return [table(["sample.input", "sample.x", "sample.w", "sample.product"], rows, "appear")];
}

function before(message, layer) {
  const stage = message.stages[layer - 1];
  return stage ? [floats(stage.output), stage.shape] : [floats(message.input), message.shape];
}

function maps(message, { step, pick }, channel) {
  const { focus } = message;
  const stage = message.stages[step.layer];
  const [values, shape] = before(message, step.layer);
  const frame = { place: focus.origin, size: stage.window };
  const first = step.layer === 0;
  const palette = first ? "ink" : "signed";
  const out = { place: focus.place, size: [1, 1] };
  return el(
    "div",
    { class: "maps" },
    mapOf(values, shape, channel, { palette, frame, label: t("sample.map_in", { map: channel + 1 }) }),
    mapOf(floats(stage.output), stage.shape, focus.unit, { frame: out, pick, label: t("sample.map_out", { map: focus.unit + 1 }) }),
  );
}

function conv(message, options) {
  const { focus } = message;
  const stage = message.stages[options.step.layer];
  const [rows, columns] = stage.window;
  const channel = Math.min(options.channel, focus.sums.length - 1);
  const part = (text) => floats(text).subarray(channel * rows * columns, (channel + 1) * rows * columns);
  const three = [
    grid(part(focus.under), columns, "under", "sample.under"),
    el("span", { class: "sign" }, "×"),
    grid(part(focus.kernel), columns, "kernel", "sample.kernel"),
    el("span", { class: "sign" }, "="),
    grid(part(focus.products), columns, "products", "sample.products"),
  ];
  const several = focus.sums.length > 1;
  const sums = focus.sums.map((sum, i) => [t("sample.map_sum", { map: i + 1 }), num(sum, `sum${i}`)]);
  const lines = [
    ...(several ? sums : [[t("sample.sum"), num(focus.sums[0], "sum0")]]),
    marked("total", t("unit.bias"), num(focus.bias, "bias")),
    marked("total", "z", num(focus.z, "z")),
    marked("total", `${stage.activation}(z)`, num(focus.output, "output")),
  ];
  return [
    maps(message, options, channel),
    el("div", { class: "grids" }, ...three),
    table(["sample.term", "sample.value"], lines),
  ];
}

function pool(message, options) {
  const { focus } = message;
  const [, columns] = message.stages[options.step.layer].window;
  const under = floats(focus.under);
  const best = under.indexOf(Math.max(...under));
  return [
    maps(message, options, focus.unit),
    el("div", { class: "grids" }, grid(under, columns, "under", "sample.under", best)),
    paragraph("max = ", num(focus.output, "output")),
  ];
}

function flatten(message, { step }) {
  const [, shape] = before(message, step.layer);
  return [paragraph(`${shape.join(" × ")} = ${number(message.stages[step.layer].shape[0], 9)}`)];
}

const nothing = () => [];

// A layer without a picture of its own: its numbers in and out, where they are few.
function other(message, { step }) {
  const [values] = before(message, step.layer);
  const out = floats(message.stages[step.layer].output);
  if (values.length > 32 || out.length > 32) return [];
  const pad = (all, i, name) => (i < all.length ? num(all[i], `${name}${i}`) : "");
  const rows = Array.from({ length: Math.max(values.length, out.length) }, (_, i) => [String(i + 1), pad(values, i, "in"), pad(out, i, "out")]);
  return [table(["sample.term", "sample.input", "sample.value"], rows)];
}

// -- from sums to the loss -------------------------------------------------------------------------

const COLUMNS = { shift: 2, power: 3, share: 4 };

function softmax(message, { step }) {
  const { end, target } = message;
  const shown = COLUMNS[step.kind];
  const head = ["sample.class", "sample.z", "sample.shifted", "sample.power", "sample.p"];
  const columns = [end.z, end.shifted, end.powers, end.p];
  const keys = ["z", "shifted", "power", "p"];
  const rows = end.z.map((_, i) => {
    const cells = columns.slice(0, shown).map((column, c) => num(column[i], `${keys[c]}${i}`));
    return marked(i === target ? "true" : "", String(i), ...cells);
  });
  const below = {
    shift: () => paragraph("max z = ", num(end.max, "max")),
    power: () => paragraph("Σ exp(z − max) = ", num(end.total, "total")),
    share: () => paragraph(`p${target} = `, num(end.powers[target], "power"), " / ", num(end.total, "total"), " = ", num(end.p[target], "p")),
  };
  return [table(head.slice(0, shown + 1), rows), below[step.kind]()];
}

function penalty(end) {
  return end.penalty ? [paragraph(t("sample.penalty"), " = ", num(end.penalty, "penalty"))] : [];
}

function loss(message) {
  const { end, target } = message;
  return [paragraph("L = −log p", el("sub", {}, String(target)), " = −log ", num(end.p[target], "p"), " = ", num(end.loss, "loss")), ...penalty(end)];
}

function square(message) {
  const { end, target } = message;
  return [paragraph("L = (", num(end.p[0], "p"), " − ", num(target, "target"), ")² = ", num(end.loss, "loss")), ...penalty(end)];
}

// -- back ------------------------------------------------------------------------------------------

function delta(message) {
  const { end, target } = message;
  if (end.activation !== "softmax") {
    return [paragraph("dL/dz = 2 · (", num(end.p[0], "p"), " − ", num(target, "target"), ") = ", num(end.delta[0], "delta0"))];
  }
  const rows = end.p.map((p, i) => {
    const y = i === target ? 1 : 0;
    return marked(y ? "true" : "", String(i), num(p, `p${i}`), num(y, `y${i}`), num(end.delta[i], `delta${i}`));
  });
  return [table(["sample.class", "sample.p", "sample.y", "sample.delta"], rows)];
}

function gradient(message) {
  const { back } = message;
  const own = back.penalty ? [" + ", num(back.penalty, "penalty")] : [];
  if (back.places) return [...places(back.places), paragraph("dL/dw = ", num(back.places.total, "sum"), ...own, " = ", num(back.gradient, "gradient"))];
  const end = paragraph("dL/dw = x · δ = ", num(back.x, "x"), " · ", num(back.delta, "delta"), ...own, " = ", num(back.gradient, "gradient"));
  if (back.chain) return [...chain(back), end];
  return message.end.activation === "softmax" ? [difference(message), end] : [end];
}

// δ of an output: p - y.
function difference({ back, end, target }) {
  const y = back.unit === target ? 1 : 0;
  return paragraph("δ = p − y = ", num(end.p[back.unit], "p"), " − ", num(y, "y"), " = ", num(back.delta, "output_delta"));
}

// How a hidden unit's δ comes of those of the next layer.
function chain({ chain: found }) {
  const sum = found.sum
    ? [table(["sample.next_unit", "sample.delta", "sample.w", "sample.product"], [
        ...products(found.sum, (i) => t("sample.unit_name", { unit: i + 1 }), ["delta", "w"]),
        marked("total", t("sample.sum"), "", "", num(found.sum.total, "upstream_sum")),
      ])]
    : [];
  return [...sum, paragraph("δ = ", num(found.upstream, "upstream"), " · ", num(found.slope, "slope"), " = ", num(found.delta, "delta"))];
}

function places(terms) {
  const rows = terms.terms.map(([r, c, x, d, product], i) => [`${r}, ${c}`, num(x, `x${i}`), num(d, `delta${i}`), num(product, `product${i}`)]);
  if (terms.others) rows.push(marked("rest", t("sample.others", { count: terms.others }), "", "", num(terms.rest, "rest")));
  return [table(["sample.at", "sample.x", "sample.delta", "sample.product"], rows)];
}

// A formula, each symbol as `shown` gives it; powers are raised.
function formulaParts(formula, shown) {
  return formula.split(/(\^\{[^}]+\}|\^\([^)]+\)|\{[^}]+\})/).map((part) => {
    if (part.startsWith("^")) {
      const inner = part.startsWith("^(") ? part.slice(2, -1) : part.slice(1);
      return el("sup", {}, ...formulaParts(inner, shown));
    }
    return part.startsWith("{") ? shown(part.slice(1, -1)) : part;
  });
}

function filled(symbol, numbers) {
  const value = num(numbers[symbol], symbol);
  return numbers[symbol] < 0 ? el("span", {}, "(", value, ")") : value;
}

function update(message) {
  const { optimizer, lines, numbers } = message.back.update;
  const parts = lines.map(({ name, formula }) =>
    el(
      "li",
      { class: "formula" },
      el("p", { class: "equation" }, `${name} = `, ...formulaParts(formula, (symbol) => symbol)),
      el("p", { class: "equation" }, "= ", ...formulaParts(formula, (symbol) => filled(symbol, numbers))),
      el("p", { class: "equation result" }, `${name} = `, num(numbers[name], name)),
    ),
  );
  const known = Object.entries(numbers).filter(([name]) => !lines.some((line) => line.name === name));
  const rows = known.map(([name, value]) => [name, num(value, name)]);
  return [
    paragraph(optimizer),
    el("div", { class: "update" }, table(["sample.symbol", "sample.value"], rows), el("ol", { class: "formulas" }, ...parts)),
  ];
}

export const PARTS = {
  input,
  dense,
  conv,
  pool,
  flatten,
  switches: nothing,
  other,
  shift: softmax,
  power: softmax,
  share: softmax,
  loss,
  square,
  delta,
  gradient,
  update,
};
