// What a knob, a chart or a number is, on demand: a "?" button beside it opens a few sentences of help.json.

import { currentLanguage, el, onLanguage, say, t } from "./dom.js";
import { HELP, load } from "./tables.js";

const ROWS = ["what", "more", "less", "when", "read"];
const GAP = 6; // pixels between the button, the words and the window's rim

const table = {};
const heading = el("h3", { id: "help-heading" });
const words = el("div", { id: "help-words" });
const pop = el(
  "div",
  {
    id: "help",
    popover: "manual",
    role: "dialog",
    tabindex: -1,
    "aria-labelledby": heading.id,
    "aria-describedby": words.id,
  },
  heading,
  words,
);
let owner = null;

export async function loadHelp() {
  Object.assign(table, await load(HELP));
  document.body.append(pop);
  onLanguage(() => owner && fill(owner));
  document.addEventListener("pointerdown", (event) => {
    if (!pop.contains(event.target) && !event.target.closest?.(".help")) close(false);
  });
  pop.addEventListener("keydown", (event) => event.key === "Escape" && close(true));
  pop.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !pop.contains(event.relatedTarget) && event.relatedTarget !== owner) close(false);
  });
  for (const kind of ["scroll", "resize"]) {
    addEventListener(kind, () => owner && place(owner), { capture: true, passive: true });
  }
}

// The button for a row of help.json. Its title is the row of strings of the same name.
export function help(key, values = {}) {
  const button = el("button", { type: "button", class: "help", "data-help": key, "aria-expanded": "false" }, "?");
  button.helped = { key, values };
  say(button, "help.label", { name: "" }, "tLabel");
  name(button);
  onLanguage(() => name(button));
  button.addEventListener("click", (event) => {
    event.preventDefault(); // within a label or a summary it is no click on that
    if (owner === button) close(true);
    else open(button);
  });
  button.addEventListener("keydown", (event) => event.key === "Escape" && owner === button && close(true));
  return button;
}

// Words with the "?" beside them, in an element of that name: headed("h2", "draw.inside").
export function headed(tag, key, options = {}, about = key) {
  return el(tag, { ...options, class: `named ${options.class ?? ""}` }, el("span", { t: key }), help(about));
}

function name(button) {
  const { key, values } = button.helped;
  say(button, "help.label", { name: t(key, values) }, "tLabel");
}

function open(button) {
  close(false);
  owner = button;
  fill(button);
  button.setAttribute("aria-expanded", "true");
  button.after(pop); // the next Tab goes on from here
  pop.showPopover();
  place(button);
  pop.focus({ preventScroll: true });
}

function close(back) {
  if (!owner) return;
  const button = owner;
  owner = null;
  button.setAttribute("aria-expanded", "false");
  if (pop.isConnected) pop.hidePopover();
  if (back) button.focus();
}

function fill(button) {
  const { key, values } = button.helped;
  heading.textContent = t(key, values);
  const rows = ROWS.filter((row) => table[key][row]);
  words.replaceChildren(...rows.map((row) => paragraph(row, table[key][row][currentLanguage()])));
}

function paragraph(row, text) {
  return row === "what" ? el("p", {}, text) : el("p", {}, el("b", { t: `help.${row}` }), ` ${text}`);
}

// Below the button, or above it where there is more room; never beyond the window.
function place(button) {
  const at = button.getBoundingClientRect();
  const box = pop.getBoundingClientRect();
  const below = at.bottom + GAP;
  const fits = below + box.height + GAP <= innerHeight;
  const top = fits ? below : Math.max(GAP, at.top - GAP - box.height);
  pop.style.top = `${top}px`;
  pop.style.left = `${Math.max(GAP, Math.min(at.left, innerWidth - box.width - GAP))}px`;
}
