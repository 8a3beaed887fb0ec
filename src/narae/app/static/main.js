// The page: tabs, language, light and dark, and the notice of what is wrong with the connection.

import { Address } from "./address.js";
import { Connection } from "./connection.js";
import { currentLanguage, el, loadStrings, say, setLanguage, t } from "./dom.js";
import { refreshColours } from "./heat.js";
import { loadHelp } from "./help.js";
import { TABS } from "./tabs.js";

const SHOWN = 6000; // ms that a passing notice stays

await Promise.all([loadStrings(), loadHelp()]);
const kept = storage();
const dark = matchMedia("(prefers-color-scheme: dark)");
setTheme();

const connection = new Connection();
const page = { connection, views: {} };
for (const [name, make] of Object.entries(TABS)) page.views[name] = make(page);
const { views } = page;
const tabs = makeTabs();
setLanguage(kept.get("language") ?? (navigator.language.startsWith("ko") ? "ko" : "en"));
const show = notices();
const address = new Address(views, { choose, language: setLanguage, complain });
page.complain = complain;
page.touched = () => address.write();
address.read();

document.getElementById("language").addEventListener("click", () => {
  kept.set("language", currentLanguage() === "ko" ? "en" : "ko");
  setLanguage(kept.get("language"));
  address.write();
});
document.getElementById("theme").addEventListener("click", () => {
  kept.set("theme", document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  recolour();
});
dark.addEventListener("change", recolour);

function setTheme() {
  document.documentElement.dataset.theme = kept.get("theme") ?? (dark.matches ? "dark" : "light");
  refreshColours();
}

function recolour() {
  setTheme();
  for (const view of Object.values(views)) view.recolour();
}

// What the browser keeps for us, or, where it keeps nothing, this page does.
function storage() {
  const own = {};
  return {
    get: (name) => {
      try {
        return localStorage.getItem(`narae.${name}`) ?? own[name];
      } catch {
        return own[name];
      }
    },
    set: (name, value) => {
      own[name] = value;
      try {
        localStorage.setItem(`narae.${name}`, value);
      } catch {
        // private windows keep nothing
      }
    },
  };
}

function makeTabs() {
  const found = {};
  const list = document.querySelector('[role="tablist"]');
  for (const [name, view] of Object.entries(views)) {
    found[name] = el("button", {
      type: "button",
      role: "tab",
      id: `tab-${name}`,
      "aria-controls": `panel-${name}`,
      t: `tab.${name}`,
      onclick: () => address.go(name),
    });
    list.append(found[name]);
    const panel = { role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` };
    document.getElementById("main").append(el("div", panel, view.element));
  }
  list.addEventListener("keydown", (event) => {
    const names = Object.keys(found);
    const place = names.indexOf(document.activeElement.id.slice(4));
    const moves = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: -1 };
    if (place < 0 || !(event.key in moves)) return;
    event.preventDefault();
    const next = names.at(moves[event.key] % names.length);
    address.go(next);
    found[next].focus();
  });
  return found;
}

function choose(chosen) {
  for (const [other, tab] of Object.entries(tabs)) {
    tab.setAttribute("aria-selected", String(other === chosen));
    tab.tabIndex = other === chosen ? 0 : -1;
    document.getElementById(`panel-${other}`).hidden = other !== chosen;
  }
  views[chosen].shown();
}

// An address asks for what is not: say what may be, and what is in its place.
function complain({ name, value, allowed, kept: now }) {
  const label = t(`knob.${name}`, {}, name);
  if (allowed) show("address.bad", { name: label, value, allowed, kept: now }, true);
  else show("address.unknown", { name: label }, true);
}

function notices() {
  const notice = document.getElementById("notice");
  let lost = false;
  let timer;
  const show = (key, values, passing) => {
    clearTimeout(timer);
    notice.hidden = false;
    say(notice, key, values);
    if (passing) timer = setTimeout(() => (notice.hidden = true), SHOWN);
  };
  connection.on("lost", ({ refused }) => {
    lost = true;
    show(refused ? "error.full" : "connection.lost", {}, false);
  });
  connection.on("welcome", () => {
    if (lost) show("connection.back", {}, true);
    lost = false;
  });
  connection.on("error", (message) => show(`error.${message.code}`, message, true));
  return show;
}
