// The plane's data beside its picture: the card of own points, and the knobs that a kind of data has no use for.

import { OwnCard } from "./own_card.js";
import { own } from "./own.js";

const SEVERAL = new Set(["spirals", "circles", "blobs"]);
const USED = {
  classes: (data) => SEVERAL.has(data),
  noise: (data) => data !== "own",
  points: (data) => data !== "own",
};

export function planeData(view) {
  const card = new OwnCard(view, view.panels[0]);
  const update = () => {
    const data = view.knobs.parts.data.get();
    for (const [name, used] of Object.entries(USED)) {
      view.knobs.parts[name].element.hidden = !used(data);
    }
    card.show();
  };
  let heard = false;
  const hear = () => {
    if (!heard) view.knobs.parts.data.element.addEventListener("change", update);
    heard = true;
    update();
  };
  return {
    side: [card.element],
    status: () => view.knobs && hear(),
    begin: hear,
    // why a training cannot begin: a row of strings
    hindered: (knobs) => (knobs.data === "own" ? own.lacking() : null),
  };
}
