// A ball goes down a loss: the tangent, the step that it asks for, learning rate and momentum.
"use strict";

(() => {
  const { maths, builders, say, show, still, svg, html, button, slider, choice, group } = window.naraeFigures;

  // Each landscape: its height and slope, the part of it that is shown, where one starts, the rate to begin with.
  const LANDSCAPES = {
    bowl: { height: (w) => w * w - 2 * w + 2, slope: (w) => 2 * w - 2, w: [-2, 4], top: 10, start: 3.6, rate: 0.1 },
    hills: {
      height: (w) => 0.25 * w ** 4 - w * w + 0.3 * w, slope: (w) => w ** 3 - 2 * w + 0.3,
      w: [-2.4, 2.5], top: 4, start: 2.3, rate: 0.02,
    },
  };

  /** One update: v ← m v − η f′(w), w ← w + v. */
  function step(landscape, { w, v }, rate, momentum) {
    const moved = momentum * v - rate * LANDSCAPES[landscape].slope(w);
    return { w: w + moved, v: moved };
  }

  const WIDTH = 520, HEIGHT = 260, MARGIN = 14, LOST = 1e6, RUN = 40, PAUSE = 110;

  builders.descent = (tell) => {
    let name = "bowl", rate = LANDSCAPES.bowl.rate, momentum = 0, way = [{ w: LANDSCAPES.bowl.start, v: 0 }], timer = null;
    const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", tabindex: 0 });

    const view = () => {
      const { w: [left, right], top, height } = LANDSCAPES[name];
      const low = Math.min(...samples().map(height)) - 0.5;
      return {
        x: (w) => MARGIN + ((w - left) / (right - left)) * (WIDTH - 2 * MARGIN),
        y: (h) => HEIGHT - MARGIN - ((h - low) / (top - low)) * (HEIGHT - 2 * MARGIN),
        back: (x) => left + ((x - MARGIN) / (WIDTH - 2 * MARGIN)) * (right - left),
      };
    };
    function samples() {
      const [left, right] = LANDSCAPES[name].w;
      return Array.from({ length: 121 }, (_, k) => left + ((right - left) * k) / 120);
    }

    function draw() {
      const { height, slope, w: [left, right] } = LANDSCAPES[name];
      const { x, y } = view();
      const points = (list) => list.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ");
      const { w } = way.at(-1);
      const parts = [svg("polyline", { points: points(samples().map((s) => [s, height(s)])), fill: "none", stroke: "var(--nf-blue)", "stroke-width": 2 })];
      const seen = way.filter((place) => Math.abs(place.w) < LOST).slice(-60);
      parts.push(svg("polyline", { points: points(seen.map((p) => [p.w, height(p.w)])), fill: "none", stroke: "var(--nf-grey)", "stroke-dasharray": "3 3" }));
      for (const p of seen) parts.push(svg("circle", { cx: x(p.w), cy: y(height(p.w)), r: 3, fill: "var(--nf-grey)" }));
      if (w >= left && w <= right) {
        const half = 0.9 / Math.hypot(1, slope(w) / 3);
        parts.push(svg("polyline", { points: points([[w - half, height(w) - half * slope(w)], [w + half, height(w) + half * slope(w)]]), stroke: "var(--nf-orange)", "stroke-width": 3 }));
        parts.push(svg("circle", { cx: x(w), cy: y(height(w)), r: 7, fill: "var(--nf-orange)" }));
        const next = step(name, way.at(-1), rate, momentum).w;
        parts.push(svg("line", { x1: x(w), x2: Math.max(0, Math.min(WIDTH, x(next))), y1: HEIGHT - 6, y2: HEIGHT - 6, stroke: "var(--nf-green)", "stroke-width": 4 }));
      }
      picture.replaceChildren(...parts);
      picture.setAttribute("aria-label", describe());
      tell(describe(), timer !== null);
    }

    function describe() {
      const { height, slope, w: [left, right] } = LANDSCAPES[name];
      const here = way.at(-1), before = way.at(-2);
      if (Math.abs(here.w) >= LOST || here.w < left - 2 || here.w > right + 2) return say("descent.lost", { step: way.length - 1, w: show(here.w) });
      const next = step(name, here, rate, momentum);
      const values = {
        step: way.length - 1, w: show(here.w, 3), height: show(height(here.w), 3), slope: show(slope(here.w), 3),
        move: show(next.v, 3), next: show(next.w, 3),
      };
      const across = before && slope(before.w) * slope(here.w) < 0;
      const there = Math.abs(slope(here.w)) < 1e-2 && Math.abs(next.v) < 1e-2;
      return say("descent.state", values) + " " + (there ? say("descent.there") : across ? say("descent.across") : "");
    }

    const lost = () => Math.abs(way.at(-1).w) >= LOST;
    const forward = () => lost() || way.push(step(name, way.at(-1), rate, momentum));
    function halt() {
      clearInterval(timer);
      timer = null;
      run.textContent = say("descent.run");
    }
    function start() {
      if (still()) {
        for (let k = 0; k < RUN; k++) forward();
        draw();
        return;
      }
      let left = RUN;
      run.textContent = say("descent.stop");
      timer = setInterval(() => {
        forward();
        if (--left === 0 || lost()) halt();
        draw();
      }, PAUSE);
    }
    function put(w) {
      halt();
      const [left, right] = LANDSCAPES[name].w;
      way = [{ w: Math.max(left, Math.min(right, w)), v: 0 }];
      draw();
    }
    const one = () => {
      halt();
      forward();
      draw();
    };

    const run = button(say("descent.run"), () => (timer ? halt() : start()));
    const rates = slider(say("descent.rate"), { min: 0.01, max: 1.2, step: 0.01, value: rate }, (to) => {
      rate = to;
      draw();
    });
    const landscapes = choice(say("descent.landscape"), ["bowl", "hills"].map((key) => [key, say(`descent.${key}`)]), name, (to) => {
      name = to;
      rate = LANDSCAPES[name].rate;
      rates.set(rate);
      put(LANDSCAPES[name].start);
    });
    picture.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      put(view().back(((event.clientX - box.left) / box.width) * WIDTH));
    });
    picture.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: -0.1, ArrowRight: 0.1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      put(way.at(-1).w + by);
    });
    draw();
    return [
      picture,
      html("div", { class: "nf-row" },
        group(say("descent.walk"), button(say("descent.step"), one), run, button(say("descent.back"), () => put(LANDSCAPES[name].start))), landscapes),
      html("div", { class: "nf-row" }, rates.element,
        slider(say("descent.momentum"), { min: 0, max: 0.98, step: 0.02, value: momentum }, (to) => {
          momentum = to;
          draw();
        }).element),
    ];
  };

  maths.descent = { step, slope: (name, w) => LANDSCAPES[name].slope(w), height: (name, w) => LANDSCAPES[name].height(w) };
})();
