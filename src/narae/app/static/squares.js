// The units of the network's diagram as small pictures.

import { bytes, paintSheet } from "./heat.js";

export class Squares {
  constructor() {
    this.sheets = []; // a canvas with the pictures of all units of a layer
  }

  // places: the middles of all units; side: px; chosen: [column, unit] of the one that is chosen, or null
  paint(context, layers, { places, side, chosen, style }) {
    context.imageSmoothingEnabled = false;
    layers.forEach((layer, i) => {
      if (layer.kind === "image") return image(context, places[i][0], side, style);
      const [w, h] = this.sheet(layer, i);
      places[i].forEach(([x, y], j) => {
        const off = layer.off?.includes(j);
        const [left, top] = [x - side / 2, y - side / 2];
        context.globalAlpha = off ? 0.25 : 1;
        context.drawImage(this.sheets[i], j * (w + 1), 0, w, h, left, top, side, side);
        context.globalAlpha = 1;
        const mine = chosen && chosen[0] === i && chosen[1] === j;
        context.strokeStyle = style.getPropertyValue(mine ? "--ink" : off ? "--red" : "--line");
        context.lineWidth = mine ? 3 : 1;
        context.strokeRect(left, top, side, side);
        if (off) cross(context, x, y, side / 2 - 1, style.getPropertyValue("--red"));
      });
      return undefined;
    });
  }

  // Width and height of the pictures of a layer.
  sheet(layer, i) {
    const [w, h] = layer.kind === "means" ? [10, 1] : [layer.side, layer.side];
    this.sheets[i] ??= document.createElement("canvas");
    paintSheet(this.sheets[i], bytes(layer.values), layer.count, w, h, layer.count, "signed");
    return [w, h];
  }
}

function image(context, [x, y], side, style) {
  context.fillStyle = style.getPropertyValue("--zero");
  context.strokeStyle = style.getPropertyValue("--muted");
  context.lineWidth = 1;
  context.fillRect(x - side / 2, y - side / 2, side, side);
  context.strokeRect(x - side / 2, y - side / 2, side, side);
}

function cross(context, x, y, r, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - r, y - r);
  context.lineTo(x + r, y + r);
  context.moveTo(x + r, y - r);
  context.lineTo(x - r, y + r);
  context.stroke();
}
