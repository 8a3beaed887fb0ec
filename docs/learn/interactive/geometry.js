// What Dense layers do to the plane: a grid is turned, stretched, moved and folded, by a matrix that the reader edits.
"use strict";

(() => {
  const { maths, builders, say, show, svg, html, button, slider, number, check, group } = window.naraeFigures;

  /** relu(x W + b), or x W + b, of points that are rows: points [[x, y]], W [[..], [..]]. */
  function dense(points, { W, b, relu }) {
    return points.map(([x, y]) => {
      const out = [0, 1].map((j) => x * W[0][j] + y * W[1][j] + b[j]);
      return relu ? out.map((n) => Math.max(n, 0)) : out;
    });
  }

  /** The matrix, for points that are rows, that scales along the axes, then turns by an angle in degrees. */
  function turning(degrees, sx, sy) {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    return [[sx * cos, sx * sin], [-sy * sin, sy * cos]];
  }

  const REACH = 4, EXTENT = 2, LINES = 9, FINE = 33;
  const spread = (n) => Array.from({ length: n }, (_, k) => -EXTENT + (2 * EXTENT * k) / (n - 1));
  const GRID = spread(LINES).flatMap((at) => [spread(FINE).map((t) => [at, t]), spread(FINE).map((t) => [t, at])]);
  const SPOTS = spread(LINES).flatMap((x) => spread(LINES).map((y) => [x, y]));
  const FLAG = [[0, 0], [0, 1.6], [1, 1.25], [0, 0.9]];

  /** One picture of the plane after some layers. */
  function panel(caption, layers) {
    const put = (points) => layers.reduce(dense, points);
    const flat = (points) => put(points).map(([x, y]) => `${x.toFixed(3)},${(-y).toFixed(3)}`).join(" ");
    const colour = ([x, y]) => `hsl(${220 + 35 * x}, 75%, ${55 + 8 * y}%)`;
    const places = put(SPOTS);
    const drawn = svg("svg", { viewBox: `${-REACH} ${-REACH} ${2 * REACH} ${2 * REACH}`, role: "img", "aria-label": caption },
      svg("path", { d: `M${-REACH},0H${REACH}M0,${-REACH}V${REACH}`, stroke: "var(--nf-ink)", "stroke-width": 0.03, opacity: 0.6 }),
      GRID.map((line) => svg("polyline", { points: flat(line), fill: "none", stroke: "var(--nf-grey)", "stroke-width": 0.03 })),
      svg("polygon", { points: flat(FLAG), fill: "var(--nf-orange)", opacity: 0.85 }),
      SPOTS.map((spot, k) => svg("circle", { cx: places[k][0], cy: -places[k][1], r: 0.09, fill: colour(spot) })));
    return html("figure", { class: "nf-panel" }, drawn, html("figcaption", {}, caption));
  }

  const still = () => ({ W: [[1, 0], [0, 1]], b: [0, 0], relu: false });

  builders.geometry = (tell) => {
    const knobs = { angle: 30, sx: 1.2, sy: 1, bx: 0.4, by: 0.2 };
    const layers = [{ W: turning(knobs.angle, knobs.sx, knobs.sy), b: [knobs.bx, knobs.by], relu: true }, { W: [[1, -1], [-0.6, 0.8]], b: [-0.5, 1], relu: true }];
    let two = false;
    const stage = html("div", { class: "nf-row nf-top" });
    const editors = layers.map((layer, k) => editor(layer, k));

    function draw() {
      const used = two ? layers : layers.slice(0, 1);
      const captions = used.map((layer, k) => say(layer.relu ? "geometry.afterRelu" : "geometry.after", { layer: k + 1 }));
      stage.replaceChildren(panel(say("geometry.before"), []), ...captions.map((text, k) => panel(text, used.slice(0, k + 1))));
      editors[1].element.hidden = !two;
      const [[a, b], [c, d]] = layers[0].W;
      const area = a * d - b * c;
      const pressed = dense(SPOTS, { ...layers[0], relu: false }).filter(([x, y]) => x < 0 || y < 0).length;
      const words = [say("geometry.area", { area: show(Math.abs(area)) })];
      if (area < 0) words.push(say("geometry.mirrored"));
      if (Math.abs(area) < 1e-9) words.push(say("geometry.flat"));
      if (layers[0].relu) words.push(say("geometry.pressed", { pressed, all: SPOTS.length }));
      tell(words.join(" "));
    }

    /** The fields of one layer's matrix, bias and fold. */
    function editor(layer, k) {
      const cells = [];
      const field = (name, get, set) => {
        const input = number(say("geometry.entry", { name, layer: k + 1 }), Number(get().toFixed(3)), (value) => {
          set(value);
          draw();
        }, { step: 0.1 });
        cells.push([input, get]);
        return html("td", {}, input);
      };
      const table = html("table", { class: "nf-table" },
        [0, 1].map((i) => html("tr", {}, html("th", {}, i === 0 ? "W" : ""), [0, 1].map((j) => field(`W[${i}, ${j}]`, () => layer.W[i][j], (n) => (layer.W[i][j] = n))))),
        html("tr", {}, html("th", {}, "b"), [0, 1].map((j) => field(`b[${j}]`, () => layer.b[j], (n) => (layer.b[j] = n)))));
      const fold = check("relu", layer.relu, (on) => {
        layer.relu = on;
        draw();
      });
      const refresh = () => {
        for (const [input, get] of cells) input.value = Number(get().toFixed(3));
        fold.querySelector("input").checked = layer.relu;
      };
      const element = html("div", { role: "group", "aria-label": say("geometry.layer", { layer: k + 1 }) }, html("p", { class: "nf-caption" }, say("geometry.layer", { layer: k + 1 })), table, fold);
      return { element, refresh };
    }

    const RANGES = { angle: { min: -180, max: 180, step: 5, digits: 0 }, sx: { min: -2, max: 2, step: 0.1 }, sy: { min: -2, max: 2, step: 0.1 }, bx: { min: -2, max: 2, step: 0.1 }, by: { min: -2, max: 2, step: 0.1 } };
    const sliders = Object.entries(RANGES).map(([name, range]) => slider(say(`geometry.${name}`), { ...range, value: knobs[name] }, (to) => {
      knobs[name] = to;
      layers[0].W = turning(knobs.angle, knobs.sx, knobs.sy);
      layers[0].b = [knobs.bx, knobs.by];
      editors[0].refresh();
      draw();
    }));
    const begin = () => {
      Object.assign(layers[0], still());
      Object.assign(knobs, { angle: 0, sx: 1, sy: 1, bx: 0, by: 0 });
      Object.keys(RANGES).forEach((name, k) => sliders[k].set(knobs[name]));
      editors[0].refresh();
      draw();
    };
    draw();
    return [
      stage,
      html("div", { class: "nf-row nf-top" }, editors.map((e) => e.element), html("div", {}, sliders.map((s) => s.element))),
      html("div", { class: "nf-row" }, group(say("geometry.layers"), check(say("geometry.two"), two, (on) => {
        two = on;
        draw();
      }), button(say("geometry.begin"), begin))),
    ];
  };

  maths.geometry = { dense, turning };
})();
