// Shapes of the classes, for those who cannot tell their colours: one for each of eight.

import { el } from "./dom.js";

const TURN = Math.PI * 2;

// A polygon's corners, the first at `start`; every second one at `inner` of the radius makes a star.
function polygon(corners, start, inner = 1) {
  const count = inner === 1 ? corners : 2 * corners;
  return [...Array(count).keys()].map((i) => {
    const far = i % 2 ? inner : 1;
    const angle = start + (i / count) * TURN;
    return [far * Math.cos(angle), far * Math.sin(angle)];
  });
}

const CORNERS = [
  null,
  polygon(4, TURN / 8),
  polygon(3, -TURN / 4),
  polygon(4, 0),
  polygon(3, TURN / 4),
  polygon(5, -TURN / 4, 0.45),
  polygon(4, TURN / 8, 0.4),
  polygon(6, 0),
];
const SIZES = [1, 1.2, 1.35, 1.25, 1.35, 1.5, 1.5, 1.15]; // like areas

export function tracePoint(context, label, x, y, radius) {
  context.beginPath();
  const corners = CORNERS[label];
  if (!corners) context.arc(x, y, radius, 0, TURN);
  else {
    const size = radius * SIZES[label];
    for (const [dx, dy] of corners) context.lineTo(x + dx * size, y + dy * size);
    context.closePath();
  }
}

// A class's shape for a legend.
export function markOf(label) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "-1.6 -1.6 3.2 3.2");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "mark");
  const corners = CORNERS[label];
  const shape = document.createElementNS(space, corners ? "polygon" : "circle");
  if (corners) shape.setAttribute("points", corners.map((c) => c.map((v) => v * SIZES[label]).join(",")).join(" "));
  else shape.setAttribute("r", "1");
  shape.style.fill = `var(--class-${label})`;
  svg.append(shape);
  return svg;
}

// A button for a class: its shape and its name.
export function classButton(label, words, onclick) {
  return el("button", { type: "button", class: "chip", onclick }, markOf(label), words);
}
