// Edges of the network's diagram: which are drawn, how, and which lies under the pointer.

import { t } from "./dom.js";

const MOST = 2400; // edges that are drawn: the largest; more would not be told apart, and take time
const WIDEST = 4; // px
const LEVELS = 10; // widths; edges of one width and colour are one path
const NEAR = 4; // px

// The edges with their ends and weights, the largest of them; and how many there are.
export function edgesOf(data, places, side) {
  const count = data.edges.reduce((sum, weights) => sum + weights.length, 0);
  const least = count > MOST ? smallest(data.edges, count) : 0;
  const edges = [];
  data.edges.forEach((weights, layer) => {
    const from = places[layer];
    const to = places[layer + 1];
    weights.forEach((weight, k) => {
      if (Math.abs(weight) < least) return;
      const [i, j] = [Math.floor(k / to.length), k % to.length];
      const ends = [from[i][0] + side / 2, from[i][1], to[j][0] - side / 2, to[j][1]];
      edges.push({ layer, from: i, to: j, weight, ends });
    });
  });
  return { edges, count };
}

// The size of the smallest weight that is drawn.
function smallest(all, count) {
  const sizes = new Float32Array(count);
  let at = 0;
  for (const weights of all) for (const weight of weights) sizes[at++] = Math.abs(weight);
  return sizes.sort()[count - MOST];
}

// unit: [layer, unit] of the one whose edges stand out, or null
export function paintEdges(context, edges, style, unit) {
  const most = edges.reduce((m, e) => Math.max(m, Math.abs(e.weight)), 1e-9);
  const paths = new Map();
  for (const edge of edges) {
    const level = Math.ceil((Math.abs(edge.weight) / most) * LEVELS);
    const mine = unit && isOf(edge, unit);
    const key = `${edge.weight < 0 ? "--orange" : "--blue"} ${level} ${unit ? (mine ? 1 : 0.12) : 0.75}`;
    if (!paths.has(key)) paths.set(key, []);
    paths.get(key).push(edge.ends);
  }
  for (const [key, lines] of paths) {
    const [colour, level, alpha] = key.split(" ");
    context.strokeStyle = style.getPropertyValue(colour);
    context.globalAlpha = Number(alpha) * (0.25 + (0.75 * level) / LEVELS);
    context.lineWidth = 0.3 + (WIDEST * level) / LEVELS;
    context.beginPath();
    for (const [x1, y1, x2, y2] of lines) {
      context.moveTo(x1, y1);
      context.lineTo(x2, y2);
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

function isOf(edge, [layer, unit]) {
  const into = edge.layer === layer && edge.to === unit;
  return into || (edge.layer === layer + 1 && edge.from === unit);
}

// The edge under a point, the nearest of those within reach.
export function nearest(edges, x, y) {
  let best = null;
  let least = NEAR;
  for (const edge of edges) {
    const [x1, y1, x2, y2] = edge.ends;
    if (x < x1 || x > x2) continue;
    const share = (x - x1) / (x2 - x1);
    const slope = (y2 - y1) / (x2 - x1);
    const distance = Math.abs(y1 + share * (y2 - y1) - y) / Math.hypot(1, slope);
    if (distance < least) [best, least] = [edge, distance];
  }
  return best;
}

// What a unit is called: layer 0 are the inputs, the last one the outputs.
export function unitName(data, layer, unit) {
  if (layer === 0) return inputName(unit, data.layers[0].names);
  const last = layer === data.layers.length - 1;
  return last ? t("network.name.output", { unit }) : t("network.name.unit", { layer, unit: unit + 1 });
}

// names: of the inputs of the plane's network, where it has said them
export function inputName(input, names) {
  return names?.[input] ? t(`feature.${names[input]}`) : String(input + 1);
}
