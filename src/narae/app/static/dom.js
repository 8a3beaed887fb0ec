// Elements, and the words on them. An element made with `t` shows that row of the table of strings,
// and changes with the language.

import { load, STRINGS } from "./tables.js";

const table = {};
let language = "en";
const listeners = [];

export async function loadStrings() {
  Object.assign(table, await load(STRINGS));
}

// otherwise: what is said when the table has no such row
export function t(key, values = {}, otherwise = undefined) {
  if (otherwise !== undefined && !(key in table)) return otherwise;
  const text = table[key][language];
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export function currentLanguage() {
  return language;
}

export function onLanguage(listener) {
  listeners.push(listener);
}

export function setLanguage(name) {
  language = name;
  document.documentElement.lang = name;
  document.title = t("title");
  translate(document);
  for (const listener of listeners) listener();
}

// What is drawn on a canvas of so many pixels of the page, with all dots that the screen has.
export function sharp(canvas, { width, height }) {
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  return context;
}

// In an element's dataset -> the attribute that is written; null: its text.
const PLACES = { t: null, tLabel: "aria-label", tTitle: "title" };
const NAMES = { t: "data-t", tLabel: "data-t-label", tTitle: "data-t-title" };

// Elements that were no part of the page when the language changed are translated when they become one.
export function translate(root) {
  for (const [place, attribute] of Object.entries(PLACES)) {
    for (const element of root.querySelectorAll(`[${NAMES[place]}]`)) {
      write(element, place, attribute);
    }
  }
}

function write(element, place, attribute) {
  const values = element.words ? element.words[place] : undefined;
  const text = t(element.dataset[place], values);
  if (attribute === null) element.textContent = text;
  else element.setAttribute(attribute, text);
}

// Show a row of the table on an element: its text, or with `place` its label or title.
export function say(element, key, values, place = "t") {
  element.words = { ...element.words, [place]: values };
  if (key === null) {
    delete element.dataset[place];
    element.textContent = "";
    return element;
  }
  element.dataset[place] = key;
  write(element, place, PLACES[place]);
  return element;
}

// el("button", {t: "train.start", onclick: f, class: "main"}, children...)
export function el(name, options = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key in PLACES) say(element, value, undefined, key);
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

const formats = {};

export function number(value, digits = 3) {
  if (value === null || value === undefined) return "–";
  // what a training that diverges gives has no room on an axis otherwise
  const size = Math.abs(value);
  const notation = digits < 4 && size && (size >= 1e5 || size < 1e-3) ? "scientific" : "standard";
  const key = `${language} ${digits} ${notation}`;
  formats[key] ??= new Intl.NumberFormat(language, { maximumSignificantDigits: digits, notation });
  return formats[key].format(value);
}

export function percent(share, digits = 1) {
  return share === null || share === undefined ? "–" : `${(share * 100).toFixed(digits)}%`;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");

// A function that runs `draw` with the next frame, however often it is called; where less motion is
// wished for, twice a second at most.
export function framed(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    const run = () => {
      waiting = false;
      draw();
    };
    if (calm.matches) setTimeout(run, 500);
    else requestAnimationFrame(run);
  };
}
