// The steps of a sample's way, and what its layers, units and inputs are called.

import { number, t } from "./dom.js";
import { inputName } from "./edges.js";

const QUIET = new Set(["dropout"]); // does nothing outside of training

// The steps from the input to the update; `layer`: the stage that a step looks at.
export function stepsOf(message) {
  const stages = message.stages
    .filter((s) => !QUIET.has(s.kind) && !(s.kind === "switches" && s.off.length === 0))
    .map((s) => ({ kind: s.kind, layer: s.layer }));
  const soft = message.end.activation === "softmax";
  const end = soft ? ["shift", "power", "share", "loss"] : ["square"];
  const rest = [...end, "delta", "gradient", "update"].map((kind) => ({ kind }));
  return [{ kind: "input" }, ...stages, ...rest];
}

// The row of the table of strings for a step's title, and its words.
export function titleOf(message, step) {
  if (step.layer === undefined) return { key: `sample.step.${step.kind}`, words: wordsOf(message) };
  const stage = message.stages[step.layer];
  const words = {
    number: numberOf(message, step.layer),
    units: number(stage.shape.at(-1), 9),
    size: stage.shape.join(" × "),
    activation: stage.activation ?? "",
    class: stage.class,
    window: stage.window?.join(" × ") ?? "",
    off: stage.off?.map((u) => u + 1).join(", ") ?? "",
  };
  return { key: `sample.step.${step.kind}`, words };
}

// Which layer with weights a stage is, from 1, as everywhere in the playground.
export function numberOf(message, layer) {
  return message.stages.slice(0, layer + 1).filter((stage) => stage.sums).length;
}

function wordsOf(message) {
  return { target: number(message.target, 6), size: message.shape.join(" × ") };
}

// What the inputs of a layer are called: pixels, units of the layer before, places of maps.
export function inputNames(message, layer, features) {
  let before = layer - 1;
  while (before >= 0 && ["dropout", "switches"].includes(message.stages[before].kind)) before--;
  const stage = message.stages[layer];
  if (stage.kind === "conv") return kernelNames(stage, before < 0 ? message.shape : message.stages[before].shape);
  const previous = message.stages[before];
  if (previous?.kind === "dense") return range(previous.shape[0], (i) => t("sample.unit_name", { unit: i + 1 }));
  let shape = message.shape;
  if (previous?.kind === "flatten" && before > 0) shape = message.stages[before - 1].shape;
  if (shape.length === 1 && shape[0] !== 784) return range(shape[0], (i) => inputName(i, features));
  if (shape.length === 1) shape = [28, 28, 1];
  return placeNames(shape);
}

// The place after this one in a layer's maps, row by row, and from the end to the beginning.
export function nextPlace({ shape: [rows, columns] }, [row, column]) {
  const at = (row * columns + column + 1) % (rows * columns);
  return [Math.floor(at / columns), at % columns];
}

// One of the plane's points, with its class or number.
export function anyPoint({ points, labels }) {
  const i = Math.floor(Math.random() * points.length);
  return [...points[i], labels[i]];
}

function placeNames([rows, columns, channels]) {
  return range(rows * columns * channels, (i) => {
    const place = Math.floor(i / channels);
    const words = { row: Math.floor(place / columns), column: place % columns, map: (i % channels) + 1 };
    return t(channels === 1 ? "unit.pixel" : "sample.place_name", words);
  });
}

function kernelNames(stage, shape) {
  return placeNames([...stage.window, shape[2]]);
}

function range(count, name) {
  return Array.from({ length: count }, (_, i) => name(i));
}
