// The tabs of the page, in its order: a name, and what makes its view from the page. A view has `element`,
// `shown()`, which is called when its tab is chosen, and `recolour()`, after a change of colours.

import { DrawView } from "./draw.js";
import { EvaluateView } from "./evaluate.js";
import { ExperimentsView } from "./experiments.js";
import { MapView } from "./map.js";
import { SampleView } from "./sample.js";
import { TrainView } from "./train.js";

// page: {connection, views: those of the tabs before}
export const TABS = {
  draw: (page) => new DrawView(page.connection),
  train: (page) => new TrainView(page, "digits", "full"),
  plane: (page) => new TrainView(page, "plane", "fast"),
  sample: (page) => new SampleView(page.connection, page.views.draw.pad),
  experiments: (page) => new ExperimentsView(page),
  map: (page) => new MapView(page.connection),
  evaluate: (page) => new EvaluateView(page.connection),
};
