"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg", GAP = [22, 34], LANE = 70, TOP = 34;
const open = new Set();
let chosen = null, scale = 1, shade = "phase";

// --- numbers as people read them

const unit = (n, names, base) => {
  if (n === null || n === undefined) return "–";
  let i = 0;
  while (Math.abs(n) >= base && i < names.length - 1) { n /= base; i++; }
  return `${+n.toPrecision(3)} ${names[i]}`;
};
const flops = n => unit(n, ["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"], 1000);
const bytes = n => unit(n, ["B", "kB", "MB", "GB"], 1000);
const time = s => s ? unit(s * 1e9, ["ns", "µs", "ms", "s"], 1000) : "–";
const num = n => n === null || n === undefined ? "–" : Math.abs(n) >= 1e5 || (n && Math.abs(n) < 1e-3) ? n.toExponential(2) : String(+n.toPrecision(4));
const share = n => n === null || n === undefined ? "–" : `${+(100 * n).toPrecision(3)} %`;

// --- elements

const el = (name, attributes = {}, ...children) => {
  const e = name.startsWith("svg:") ? document.createElementNS(SVG, name.slice(4)) : document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children.filter(c => c !== null && c !== undefined));
  return e;
};
const cut = (text, most) => text.length <= most ? text : text.slice(0, most - 1) + "…";

// --- placing: the rows come from Python, the sizes change as boxes unfold

function neighbours(rows, chains) {
  const rank = new Map(), above = new Map(), below = new Map();
  rows.forEach((row, i) => row.forEach(n => { rank.set(n, i); above.set(n, []); below.set(n, []); }));
  for (const [, , way] of chains)
    for (let i = 1; i < way.length; i++) {
      const [a, b] = rank.get(way[i - 1]) < rank.get(way[i]) ? [way[i - 1], way[i]] : [way[i], way[i - 1]];
      above.get(b).push(a); below.get(a).push(b);
    }
  return [above, below];
}
function apart(wanted, widths, gap) {
  const blocks = [];
  wanted.forEach((at, i) => {
    blocks.push([at - widths[i] / 2, 1, widths[i], i]);
    while (blocks.length > 1) {
      const [p, q] = blocks.slice(-2);
      if (p[0] / p[1] + p[2] + gap <= q[0] / q[1]) break;
      blocks.splice(-2, 2, [p[0] + q[0] - q[1] * (p[2] + gap), p[1] + q[1], p[2] + gap + q[2], p[3]]);
    }
  });
  const places = [];
  for (const [sum, count, , first] of blocks)
    for (let i = first, at = sum / count; i < first + count; at += widths[i] + gap, i++) places.push(at + widths[i] / 2);
  return places;
}
function columns(rows, chains, width, gap) { // x of each node; total width
  const [above, below] = neighbours(rows, chains), x = new Map();
  for (const row of rows) { let left = 0; for (const n of row) { x.set(n, left + width(n) / 2); left += width(n) + gap; } }
  for (let sweep = 0; sweep < 8; sweep++) {
    const near = sweep % 2 ? below : above;
    for (const row of sweep % 2 ? [...rows].reverse() : rows) {
      const wanted = row.map(n => { const m = near.get(n); return m.length ? m.reduce((s, k) => s + x.get(k), 0) / m.length : x.get(n); });
      apart(wanted, row.map(width), gap).forEach((at, i) => x.set(row[i], at));
    }
  }
  const all = rows.flat(), left = Math.min(...all.map(n => x.get(n) - width(n) / 2)), right = Math.max(...all.map(n => x.get(n) + width(n) / 2));
  all.forEach(n => x.set(n, x.get(n) - left));
  return [x, right - left];
}

// --- boxes

const label = p => `${p.step ? p.step : "view"} ${cut(p.names, 30)}`;
const partWidth = p => Math.max(70, 7.3 * label(p).length + 18);
function inner(box) {
  const parts = box.parts.slice(0, box.parts.length - box.more).map(i => D.parts[i]);
  const { rows, chains } = box.inner, [x, w] = columns(rows, chains, n => n < parts.length ? partWidth(parts[n]) : 6, 10);
  const places = new Map();
  rows.forEach((row, i) => row.forEach(n => places.set(n, [x.get(n), 13 + i * 44])));
  return { parts, places, w: w + 24, h: rows.length * 44 - 18 + 62 + (box.more ? 16 : 0) };
}
function size(box) {
  if (open.has(box.id)) { const i = inner(box); return [Math.max(i.w, titleWidth(box)), i.h]; }
  return [titleWidth(box), 44];
}
const titleWidth = box => Math.max(104, 7.4 * Math.max(cut(box.layer, 30).length + 3, cut(box.kind, 30).length) + 24);

function layout() {
  const { boxes: lane, rows, chains } = D.forward, byKey = new Map(D.boxes.map(b => [`${b.phase} ${b.layer}`, b]));
  const lanes = [0, 1, 2].map(() => new Map()); // place in the forward lane -> box of each lane
  lane.forEach((id, n) => lanes[0].set(n, D.boxes[id]));
  const row = new Map();
  rows.forEach((r, i) => r.forEach(n => row.set(n, i)));
  const free = [[], []];
  for (const b of D.boxes.filter(b => b.lane)) {
    const mate = b.layer === "loss" ? byKey.get("loss loss") : byKey.get(`forward ${b.layer}`), n = mate ? lane.indexOf(mate.id) : -1;
    if (n >= 0) lanes[b.lane].set(n, b); else free[b.lane - 1].push(b);
  }
  const heights = rows.map(() => 0);
  for (const l of lanes) for (const [n, b] of l) heights[row.get(n)] = Math.max(heights[row.get(n)], size(b)[1]);
  const above = Math.max(0, ...free.map(f => f.reduce((s, b) => s + size(b)[1] + 14, 0)));
  const y = []; let top = TOP + above;
  rows.forEach((_, i) => { y.push(top + heights[i] / 2); top += heights[i] + GAP[1]; });
  const at = new Map(), bends = [new Map(), new Map(), new Map()], heads = []; let left = 16;
  lanes.forEach((l, k) => {
    const alone = k ? free[k - 1] : [];
    if (!l.size && !alone.length) return;
    const here = rows.map(r => r.filter(n => l.has(n) || (n >= lane.length && k < 2)));
    const kept = here.filter(r => r.length), seen = new Set(kept.flat()), wide = n => l.has(n) ? size(l.get(n))[0] : 8;
    const ways = chains.filter(c => c[2].every(n => seen.has(n)));
    let [x, w] = kept.length ? columns(kept, ways, wide, GAP[0]) : [new Map(), 0], down = TOP;
    w = Math.max(w, ...alone.map(b => size(b)[0]));
    heads.push([["forward", "backward: gradients", "update"][k], left]);
    for (const [n, b] of l) at.set(b.id, [left + x.get(n), y[row.get(n)]]);
    for (const n of seen) if (!l.has(n)) bends[k].set(n, [left + x.get(n), y[row.get(n)], heights[row.get(n)] / 2]);
    for (const b of alone) { const [bw, bh] = size(b); at.set(b.id, [left + bw / 2, down + bh / 2]); down += bh + 14; }
    left += w + LANE;
  });
  return { at, bends, heads, width: left - LANE + 36, height: top - GAP[1] + 16 };
}

// --- drawing

function way(a, b, L) { // the path of an edge between boxes
  const A = D.boxes[a], B = D.boxes[b], [ax, ay] = L.at.get(a), [bx, by] = L.at.get(b), [aw, ah] = size(A), [bw, bh] = size(B);
  if (A.lane !== B.lane) {
    const d = B.lane > A.lane ? 1 : -1, x1 = ax + d * aw / 2, x2 = bx - d * bw / 2, m = Math.max(24, Math.abs(x2 - x1) / 2);
    return `M${x1} ${ay}C${x1 + d * m} ${ay} ${x2 - d * m} ${by} ${x2} ${by}`;
  }
  const between = D.boxes.some(o => o !== A && o !== B && o.lane === A.lane && (y => y > Math.min(ay, by) && y < Math.max(ay, by))(L.at.get(o.id)[1]) && Math.abs(L.at.get(o.id)[0] - (ax + bx) / 2) < size(o)[0] / 2);
  if (A.lane && between || A.lane === 2) { // past the boxes between
    const x1 = ax + aw / 2, x2 = bx + bw / 2, out = Math.max(x1, x2) + 26;
    return `M${x1} ${ay}C${out} ${ay} ${out} ${by} ${x2} ${by}`;
  }
  const down = by >= ay ? 1 : -1;
  const lane = D.forward.boxes, mate = id => { const q = D.boxes[id]; return q.lane ? D.boxes.find(o => !o.lane && o.layer === q.layer && o.phase !== "batch" && (o.phase === "forward" || o.phase === "loss")) : q; };
  const [p, q] = [mate(a), mate(b)], points = [[ax, ay + down * ah / 2]];
  if (p && q) {
    const [u, v] = [lane.indexOf(p.id), lane.indexOf(q.id)];
    const found = D.forward.chains.find(c => (c[0] === u && c[1] === v) || (c[0] === v && c[1] === u));
    if (found) {
      const middle = found[2].slice(1, -1).map(n => L.bends[A.lane].get(n)).filter(Boolean);
      points.push(...(middle.length > 1 && (middle[0][1] - middle[middle.length - 1][1]) * down > 0 ? middle.reverse() : middle));
    }
  }
  points.push([bx, by - down * bh / 2]);
  let text = "", from = null; // straight past the boxes of a row, curved between rows
  for (const [x, y, deep = 0] of points) {
    const into = y - down * deep;
    if (from === null) text = `M${x} ${y}`;
    else { const m = (from[1] + into) / 2; text += `C${from[0]} ${m} ${x} ${m} ${x} ${into}`; }
    from = [x, y + down * deep];
    if (deep) text += `L${from[0]} ${from[1]}`;
  }
  return text;
}
const weight = b => ({ time: [b.seconds, D.totals.seconds], flops: [b.flops, D.totals.flops] })[shade];
function button(g, text, act) {
  for (const [k, v] of Object.entries({ tabindex: 0, role: "button", "aria-label": text })) g.setAttribute(k, v);
  g.addEventListener("click", e => { e.stopPropagation(); act(); });
  g.addEventListener("keydown", e => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); e.stopPropagation(); act(); } });
  return g;
}
function drawBox(box, L) {
  const [x, y] = L.at.get(box.id), [w, h] = size(box), left = x - w / 2, top = y - h / 2, folds = box.parts !== undefined, isOpen = open.has(box.id);
  const g = el("svg:g", { class: `box${chosen === `b${box.id}` ? " on" : ""}`, "data-key": `b${box.id}` });
  const rect = el("svg:rect", { x: left, y: top, width: w, height: h, rx: 7, class: box.phase });
  const part = shade === "phase" || !folds ? null : weight(box);
  g.append(rect);
  if (part && part[0]) g.append(el("svg:rect", { x: left, y: top + h - 5, width: Math.max(2, w * Math.min(1, part[0] / (part[1] || 1))), height: 5, rx: 2, style: "fill:var(--backward);stroke:none" }));
  g.append(el("svg:text", { x: left + 10, y: top + 18 }, (folds ? isOpen ? "▾ " : "▸ " : "") + cut(box.layer, 30)));
  g.append(el("svg:text", { x: left + 10, y: top + 35, class: "small" }, part ? (shade === "time" ? time(box.seconds) : flops(box.flops)) : cut(box.kind, 30)));
  const says = `${box.phase}: ${box.layer}, ${box.kind}${folds ? `, ${box.parts.length} steps` : ""}`;
  button(g, says, () => { if (folds) isOpen ? open.delete(box.id) : open.add(box.id); choose(`b${box.id}`); });
  if (folds) g.setAttribute("aria-expanded", isOpen);
  if (isOpen) {
    const I = inner(box), dx = left + 12, dy = top + 48;
    for (const [a, b, steps] of box.inner.chains) g.append(el("svg:path", { d: steps.map(n => I.places.get(n)).map(([px, py], i, all) => { const yy = dy + py + (i === 0 ? 13 : i === all.length - 1 ? -13 : 0); return `${i ? "L" : "M"}${dx + px} ${yy}`; }).join("") }));
    I.parts.forEach((p, n) => {
      const [px, py] = I.places.get(n), pw = partWidth(p), key = `p${box.parts[n]}`;
      const q = el("svg:g", { class: `part${chosen === key ? " on" : ""}`, "data-key": key }, el("svg:rect", { x: dx + px - pw / 2, y: dy + py - 13, width: pw, height: 26, rx: 4 }), el("svg:text", { x: dx + px - pw / 2 + 7, y: dy + py + 4.5 }, label(p)));
      g.append(button(q, `${p.step ? `step ${p.step}` : "view"}: ${p.names}`, () => choose(key)));
    });
    if (box.more) g.append(el("svg:text", { x: dx, y: top + h - 6, class: "small" }, `and ${box.more} more steps, in the list below`));
  }
  return g;
}
function draw() {
  const L = layout(), svg = el("svg:svg", { width: L.width * scale, height: L.height * scale, viewBox: `0 0 ${L.width} ${L.height}`, role: "group", "aria-label": "computation graph" });
  svg.append(el("svg:defs", {}, el("svg:marker", { id: "tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse", orient: "auto" }, el("svg:path", { d: "M0 0L8 4L0 8z", style: "fill:var(--quiet);stroke:none" }))));
  for (const [text, x] of L.heads) svg.append(el("svg:text", { x, y: 20, class: "lane" }, text));
  const fan = D.edges.filter(([a]) => D.boxes[a].layer === "optimizer").length > 12; // then only those of the chosen box
  for (const [a, b] of D.edges) {
    const far = D.boxes[a].layer === "optimizer" || D.boxes[a].lane !== D.boxes[b].lane && !(D.boxes[a].layer === D.boxes[b].layer && D.boxes[b].phase === "update") && !(D.boxes[a].phase === "loss" && D.boxes[b].layer === "loss");
    const near = chosen === `b${a}` || chosen === `b${b}`;
    if (fan && D.boxes[a].layer === "optimizer" && !near) continue;
    svg.append(el("svg:path", { d: way(a, b, L), class: `${far ? "kept" : ""}${near ? " near" : ""}`, "marker-end": "url(#tip)" }));
  }
  for (const box of D.boxes) svg.append(drawBox(box, L));
  document.getElementById("picture").replaceChildren(svg);
}
function choose(key) {
  chosen = key;
  draw();
  document.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
  document.getElementById("panel").replaceChildren(...(key[0] === "b" ? boxPanel(D.boxes[+key.slice(1)]) : partPanel(D.parts[+key.slice(1)])));
}

// --- details

const facts = rows => { const dl = el("dl"); for (const [k, v] of rows) if (v !== undefined && v !== null) dl.append(el("dt", {}, k), el("dd", {}, v)); return dl; };
function histogram(numbers) {
  const bins = numbers[7], most = Math.max(...bins, 1), svg = el("svg:svg", { class: "hist", width: 264, height: 62, role: "img", "aria-label": `histogram from ${num(numbers[0])} to ${num(numbers[1])}` });
  bins.forEach((n, i) => { const h = Math.sqrt(n / most) * 44; svg.append(el("svg:rect", { x: i * 264 / bins.length, y: 46 - h, width: 264 / bins.length - 1, height: h })); });
  svg.append(el("svg:text", { x: 0, y: 59, class: "small" }, num(numbers[0])), el("svg:text", { x: 264, y: 59, class: "small", "text-anchor": "end" }, num(numbers[1])));
  return svg;
}
function operation(o) {
  const [low, high, mean, std, zeros, nans, infs] = o.numbers;
  const bad = nans || infs ? `${nans} NaN, ${infs} infinite` : undefined;
  return [el("pre", {}, `${o.result} = ${o.formula}`), facts([["operation", o.name], ["result", o.type], ["min … max", `${num(low)} … ${num(high)}`], ["mean ± std", `${num(mean)} ± ${num(std)}`], ["zeros", share(zeros)], ["not finite", bad], ["cost", flops(o.flops)]]), o.numbers[7].length > 1 ? histogram(o.numbers) : null];
}
function partPanel(p) {
  const last = p.operations[p.operations.length - 1], head = p.step ? `Step ${p.step}` : "View";
  const shared = p.count > p.operations.length ? `${p.operations.length} of its ${p.count} operations belong here; they are computed together.` : p.operations.length > 1 ? `${p.operations.length} operations, computed together.` : p.step ? "One operation." : "Another shape of the same memory: nothing is computed.";
  const all = el("details", {}, el("summary", {}, "Every operation"), ...p.operations.slice(0, -1).flatMap(operation).filter(Boolean));
  return [el("h3", {}, `${head}: ${p.names}`), el("p", {}, shared), p.formula ? el("pre", {}, p.formula) : null,
    facts([["time, alone", p.whole ? time(p.whole) : undefined], ["runs as", p.how], ["cost here", flops(p.flops)], ["reads", p.read === undefined ? undefined : bytes(p.read)], ["writes", p.written === undefined ? undefined : bytes(p.written)], ["gradient norm", p.gradient === null || p.gradient === undefined ? undefined : num(p.gradient)], ["dead units", p.dead === null || p.dead === undefined ? undefined : share(p.dead)]]),
    el("h4", {}, "Its last value"), ...operation(last), p.operations.length > 1 ? all : null].filter(Boolean);
}
function boxPanel(b) {
  if (!b.parts) return [el("h3", {}, b.layer), el("p", {}, `What the model is fed: ${b.kind}`)];
  const layer = D.layers[b.layer], rows = b.parts.map(i => { const p = D.parts[i], go = el("button", {}, p.step ? `step ${p.step}` : "view"); go.addEventListener("click", () => choose(`p${i}`)); return el("tr", {}, el("td", {}, go), el("td", {}, p.names), el("td", { class: "n" }, flops(p.flops)), el("td", { class: "n" }, time(p.seconds))); });
  const weights = layer && layer.weights.length && b.phase !== "loss" ? [el("h4", {}, "Weights"), el("div", { class: "wide" }, el("table", {}, el("tr", {}, ...["name", "shape", "norm", "gradient", "change"].map(t => el("th", {}, t))), ...layer.weights.map(w => el("tr", {}, el("td", {}, w[0]), el("td", {}, `[${w[1].join(", ")}]`), ...w.slice(2).map(n => el("td", { class: "n" }, num(n)))))))] : [];
  return [el("h3", {}, b.layer), el("p", {}, `${b.kind} · ${b.phase}`),
    facts([["cost", flops(b.flops)], ["time", `${time(b.seconds)} of ${time(D.totals.seconds)}`], ...(layer ? [["output", layer.type || undefined], ["gradient by it", layer.gradient === null ? undefined : num(layer.gradient)], ["dead units", layer.dead === null ? undefined : share(layer.dead)], ["parameters", layer.parameters ? layer.parameters.toLocaleString("en") : undefined]] : [])]),
    layer && layer.numbers && b.phase === "forward" ? el("h4", {}, "Its output") : null,
    ...(layer && layer.numbers && b.phase === "forward" ? [facts([["min … max", `${num(layer.numbers[0])} … ${num(layer.numbers[1])}`], ["mean ± std", `${num(layer.numbers[2])} ± ${num(layer.numbers[3])}`], ["zeros", share(layer.numbers[4])]]), layer.numbers[7].length > 1 ? histogram(layer.numbers) : null] : []),
    ...weights, el("h4", {}, "Steps"), el("div", { class: "wide" }, el("table", {}, ...rows))].filter(Boolean);
}

// --- the toolbar and the keys

const on = (id, event, act) => document.getElementById(id).addEventListener(event, act);
on("unfold", "click", () => { D.boxes.forEach(b => b.parts && open.add(b.id)); draw(); });
on("fold", "click", () => { open.clear(); draw(); });
on("larger", "click", () => { scale = Math.min(3, scale * 1.25); draw(); });
on("smaller", "click", () => { scale = Math.max(.2, scale / 1.25); draw(); });
on("fit", "click", fit);
on("shade", "change", e => { shade = e.target.value; draw(); });
function fit() { const L = layout(); scale = Math.min(1.4, Math.max(.2, (document.getElementById("picture").clientWidth - 4) / L.width)); draw(); }
document.getElementById("picture").addEventListener("keydown", e => {
  const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[e.key], from = document.activeElement.closest?.("[data-key]");
  if (!step || !from) return;
  e.preventDefault();
  const centre = n => { const r = n.querySelector("rect").getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }, [fx, fy] = centre(from);
  let best = null, least = Infinity;
  for (const n of document.querySelectorAll("#picture [data-key]")) {
    const [x, y] = centre(n), along = (x - fx) * step[0] + (y - fy) * step[1], across = Math.abs((x - fx) * step[1]) + Math.abs((y - fy) * step[0]);
    if (n !== from && along > 4 && along + 2 * across < least) { least = along + 2 * across; best = n; }
  }
  best?.focus();
});
const asked = location.hash.slice(1); // b3: box 3, unfolded; p7: part 7; all
if (asked === "all") D.boxes.forEach(b => b.parts && open.add(b.id));
else if (/^b\d+$/.test(asked) && D.boxes[+asked.slice(1)]?.parts) open.add(+asked.slice(1));
else if (/^p\d+$/.test(asked) && D.parts[+asked.slice(1)]) open.add(D.boxes.find(b => b.parts?.includes(+asked.slice(1))).id);
fit();
if (/^[bp]\d+$/.test(asked) && document.querySelector(`[data-key="${asked}"]`)) choose(asked);
// In a notebook's frame: as high as what is in it.
if (document.body.classList.contains("within")) {
  const tell = () => parent.postMessage({ naraeHeight: document.body.getBoundingClientRect().height + 2 }, "*");
  tell(); // an observer is quiet while the frame is out of sight
  new ResizeObserver(tell).observe(document.body);
}
