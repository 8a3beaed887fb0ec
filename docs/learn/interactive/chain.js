// The chain rule on the graph of (w x + b − y)²: numbers forward, gradients backward, one node at a time.
"use strict";

(() => {
  const { maths, builders, say, show, svg, html, button, number, group } = window.naraeFigures;

  /** The value of every node. */
  function forward({ x, w, b, y }) {
    const z = w * x, answer = z + b, error = answer - y;
    return { x, w, b, y, z, answer, error, loss: error * error };
  }

  /** The gradient of the loss at every node, each from the node after it. */
  function backward(values) {
    const loss = 1, error = loss * 2 * values.error, answer = error, y = -error, z = answer, b = answer;
    return { loss, error, answer, y, z, b, w: z * values.x, x: z * values.w };
  }

  const TITLES = { x: "x", w: "w", b: "b", y: "y", z: "z = w · x", answer: "a = z + b", error: "e = a − y", loss: "e²" };
  const PLACES = { x: [56, 46], w: [56, 166], z: [214, 106], b: [214, 226], answer: [372, 160], y: [372, 276], error: [530, 212], loss: [688, 212] };
  // From, to, and the derivative of the one after in the one before, as text and as a number.
  const EDGES = [
    ["x", "z", (v) => v.w, "w"], ["w", "z", (v) => v.x, "x"], ["z", "answer", () => 1, "1"], ["b", "answer", () => 1, "1"],
    ["answer", "error", () => 1, "1"], ["y", "error", () => -1, "−1"], ["error", "loss", (v) => 2 * v.error, "2e"],
  ];
  const FORWARD = ["z", "answer", "error", "loss"], BACKWARD = ["error", "answer", "y", "z", "b", "w", "x"];
  const STEPS = FORWARD.length + 1 + BACKWARD.length;
  const SUMS = {
    z: (v) => `${show(v.w)} · ${signed(v.x)} = ${show(v.z)}`, answer: (v) => `${show(v.z)} + ${signed(v.b)} = ${show(v.answer)}`,
    error: (v) => `${show(v.answer)} − ${signed(v.y)} = ${show(v.error)}`, loss: (v) => `${signed(v.error)}² = ${show(v.loss)}`,
  };
  const NAMES = { answer: "a", error: "e", loss: "e²" };
  const called = (name) => NAMES[name] ?? name;
  const signed = (n) => (n < 0 ? `(${show(n)})` : show(n));
  const START = { x: 2, w: 3, b: 1, y: 4 };

  builders.chain = (tell) => {
    let inputs = { ...START }, at = STEPS;
    const picture = svg("svg", { viewBox: "0 0 744 316", role: "img", class: "nf-graph" });

    function draw() {
      const values = forward(inputs), gradients = backward(values);
      const known = new Set(["x", "w", "b", "y", ...FORWARD.slice(0, at)]);
      const backAt = at - FORWARD.length - 1;
      const told = new Set(at > FORWARD.length ? ["loss", ...BACKWARD.slice(0, backAt)] : []);
      const now = at === 0 ? null : at <= FORWARD.length ? FORWARD[at - 1] : (BACKWARD[backAt - 1] ?? "loss");
      const parts = EDGES.map(([from, to, derivative, text]) => {
        const [[x1, y1], [x2, y2]] = [PLACES[from], PLACES[to]];
        const lit = told.has(from);
        const line = svg("line", { x1, y1, x2, y2, stroke: lit ? "var(--nf-red)" : "var(--nf-grey)", "stroke-width": lit ? 2.5 : 1.5 });
        const value = show(derivative(values));
        const label = svg("text", { x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 5, "text-anchor": "middle", "font-size": 13, class: "nf-halo" },
          lit ? (text === value ? `× ${value}` : `× ${text} = ${value}`) : "");
        return [line, label];
      }).flat();
      const lines = parts.filter((p) => p.tagName === "line"), labels = parts.filter((p) => p.tagName === "text");
      picture.replaceChildren(...lines, ...Object.keys(TITLES).map((name) => node(name, values, gradients, known, told, name === now)), ...labels);
      picture.setAttribute("aria-label", spoken(values, gradients));
      tell(sentence(values, gradients, now, backAt));
      later.disabled = at === STEPS;
      earlier.disabled = at === 0;
    }

    function node(name, values, gradients, known, told, now) {
      const [x, y] = PLACES[name];
      const write = (dy, text, fill, bold) => svg("text", { x, y: y + dy, "text-anchor": "middle", "font-size": 15, "font-weight": bold ? 700 : 400, style: `fill: ${fill}` }, text);
      return svg("g", {},
        svg("rect", { x: x - 48, y: y - 30, width: 96, height: 60, rx: 8, fill: "var(--nf-paper)", stroke: now ? "var(--nf-orange)" : "var(--nf-grey)", "stroke-width": now ? 3 : 1 }),
        write(-13, TITLES[name], "var(--nf-ink)", true),
        write(5, known.has(name) ? show(values[name]) : "", "var(--nf-blue)"),
        write(23, told.has(name) ? show(gradients[name]) : "", "var(--nf-red)"));
    }

    const spoken = (values, gradients) =>
      Object.keys(TITLES).map((name) => say("chain.node", { name: called(name), value: show(values[name]), gradient: show(gradients[name]) })).join(" ");

    function sentence(values, gradients, now, backAt) {
      if (at === 0) return say("chain.begin");
      if (at <= FORWARD.length) return say("chain.forward", { name: called(now), sum: SUMS[now](values) });
      if (backAt === 0) return say("chain.turn");
      const [, to, derivative] = EDGES.find(([from]) => from === now);
      const by = derivative(values);
      return say("chain.backward", {
        name: called(now), after: called(to), incoming: signed(gradients[to]), derivative: signed(by), result: show(gradients[now]),
      });
    }

    const move = (to) => {
      at = Math.max(0, Math.min(STEPS, to));
      draw();
    };
    const later = button(say("chain.next"), () => move(at + 1)), earlier = button(say("chain.previous"), () => move(at - 1));
    const fields = {};
    for (const name of Object.keys(START)) {
      fields[name] = number(say("chain.input", { name }), inputs[name], (value) => {
        inputs[name] = value;
        draw();
      });
    }
    /** One step of gradient descent on w and b. */
    function descend() {
      const gradients = backward(forward(inputs));
      for (const name of ["w", "b"]) {
        inputs[name] = Number((inputs[name] - 0.05 * gradients[name]).toPrecision(6));
        fields[name].value = inputs[name];
      }
      at = STEPS;
      draw();
      tell(say("chain.descended", { loss: show(forward(inputs).loss, 3) }));
    }
    draw();
    return [
      html("div", { class: "nf-wide" }, picture),
      html("p", { class: "nf-caption" }, html("span", { style: "color: var(--nf-blue)" }, say("chain.blue")), " · ", html("span", { style: "color: var(--nf-red)" }, say("chain.red"))),
      html("div", { class: "nf-row" }, Object.entries(fields).map(([name, field]) => html("label", { class: "nf-choice" }, name, field))),
      html("div", { class: "nf-row" }, group(say("chain.walk"), button(say("chain.first"), () => move(0)), earlier, later, button(say("chain.all"), () => move(STEPS)), button(say("chain.descend"), descend))),
    ];
  };

  maths.chain = { forward, backward };
})();
