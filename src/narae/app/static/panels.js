// What a training view shows beside its knobs and curves, by task, in the order of the page: functions of
// the view that make panels.
//
// A panel may have:
//   elements: cards among the pictures; wide: cards below loss and accuracy; side: cards below the buttons
//   listen(): called once, when the view listens; begin(message): a new network (the server's "begun"); show(message): its progress;
//   status(message): a state of the training; recolour(): after a change of colours

import { FindingCard } from "./finding.js";
import { KeepCard } from "./keep.js";
import { NetworkCard } from "./network.js";
import { WeightPictures } from "./pictures.js";
import { planeData } from "./plane_data.js";
import { PlanePictures } from "./plane.js";

export const PANELS = {
  digits: [() => new WeightPictures(), network, finding, keep],
  plane: [(view) => new PlanePictures(view), planeData, network, finding, keep],
};

function finding(view) {
  return new FindingCard(view);
}

function keep(view) {
  return new KeepCard(view);
}

// The diagram; the view's first picture shows what the network decides.
function network(view) {
  const card = new NetworkCard(view.connection, view.task, view.panels[0].figure.canvas);
  return { wide: [card.element], listen: () => card.listen(), recolour: () => card.recolour() };
}
