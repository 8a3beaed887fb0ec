// Attention on a sentence of six words: queries, keys and values that the reader edits; scores, softmax, weighted sum.
"use strict";

(() => {
  const { maths, builders, say, show, html, button, number, check, group } = window.naraeFigures;

  /** softmax(scores); −∞ gets the weight 0. */
  function softmax(scores) {
    const most = Math.max(...scores);
    const powers = scores.map((s) => Math.exp(s - most));
    const all = powers.reduce((sum, p) => sum + p, 0);
    return powers.map((p) => p / all);
  }

  const dot = (a, b) => a.reduce((sum, n, k) => sum + n * b[k], 0);

  /** Scores q kᵀ / √d, weights and sums of values, a row for each query. With causal, none looks at later ones. */
  function attend(queries, keys, values, causal = false, scaled = true) {
    const root = scaled ? Math.sqrt(keys[0].length) : 1;
    const scores = queries.map((q, i) => keys.map((k, j) => (causal && j > i ? -Infinity : dot(q, k) / root)));
    const weights = scores.map(softmax);
    const results = weights.map((row) => values[0].map((_, axis) => row.reduce((sum, w, j) => sum + w * values[j][axis], 0)));
    return { scores, weights, results };
  }

  // Chosen by hand. The first number of a key says "something that lives", the second "something that is done".
  const START = {
    queries: [[2, 0], [0, 2], [3, 1], [1, 1], [4, -1], [1, 3]], keys: [[0, 0], [3, 0], [0, 3], [1, -1], [1, 0], [0, 2]],
    values: [[0, 0], [1, 0], [0, 1], [0.5, 0.5], [0.2, 0], [0, 0.8]],
  };
  const copy = () => Object.fromEntries(Object.entries(START).map(([name, rows]) => [name, rows.map((row) => [...row])]));

  builders.attention = (tell) => {
    const tokens = say("attention.tokens").split(" ");
    let numbers = copy(), chosen = 4, causal = false, scaled = true;
    const words = html("div", { class: "nf-row", role: "group", "aria-label": say("attention.choose") });
    const query = html("div", { class: "nf-row" }), table = html("div", { class: "nf-wide" }), heat = html("div", { class: "nf-wide" });

    /** What follows from the numbers; the fields themselves stay, so that typing is not disturbed. */
    function update() {
      const { scores, weights, results } = attend(numbers.queries, numbers.keys, numbers.values, causal, scaled);
      const [row, result] = [weights[chosen], results[chosen]];
      [...words.children].forEach((token, j) => {
        token.style.boxShadow = `inset 0 -${(1.6 * row[j]).toFixed(2)}em 0 color-mix(in srgb, var(--nf-orange) 45%, transparent)`;
        token.setAttribute("aria-pressed", String(j === chosen));
        token.setAttribute("aria-label", say("attention.token", { token: tokens[j], percent: Math.round(100 * row[j]) }));
      });
      table.querySelectorAll("[data-score]").forEach((cell, j) => (cell.textContent = show(scores[chosen][j])));
      table.querySelectorAll("[data-weight]").forEach((cell, j) => {
        cell.textContent = `${Math.round(100 * row[j])} %`;
        cell.style.background = `color-mix(in srgb, var(--nf-orange) ${Math.round(70 * row[j])}%, transparent)`;
      });
      heat.replaceChildren(heatmap(weights));
      const most = row.indexOf(Math.max(...row));
      tell(say("attention.result", { token: tokens[chosen], most: tokens[most], percent: Math.round(100 * row[most]), result: result.map((n) => show(n)).join(", ") }));
    }

    const editable = (kind, j) => numbers[kind][j].map((n, axis) =>
      number(say(`attention.${kind}.entry`, { token: tokens[j], axis }), n, (value) => {
        numbers[kind][j][axis] = value;
        update();
      }, { step: 0.5 }));

    function draw() {
      query.replaceChildren(html("span", {}, say("attention.query", { token: tokens[chosen] })), ...editable("queries", chosen));
      const line = (name, cell) => html("tr", {}, html("th", { scope: "row" }, name), tokens.map((_, j) => html("td", ...cell(j))));
      table.replaceChildren(html("table", { class: "nf-table" },
        html("tr", {}, html("td", {}), tokens.map((token) => html("th", { scope: "col" }, token))),
        line(say("attention.key"), (j) => [{}, ...editable("keys", j)]),
        line(say("attention.score"), () => [{ "data-score": true }]),
        line(say("attention.weight"), () => [{ "data-weight": true }]),
        line(say("attention.value"), (j) => [{}, ...editable("values", j)])));
      update();
    }

    function heatmap(weights) {
      const cell = (w, i, j) => html("td", {
        style: `background: color-mix(in srgb, var(--nf-blue) ${Math.round(85 * w)}%, transparent)`, title: say("attention.cell", { from: tokens[i], to: tokens[j], percent: Math.round(100 * w) }),
        class: i === chosen ? "nf-chosen" : "",
      }, Math.round(100 * w));
      return html("table", { class: "nf-table" }, html("caption", {}, say("attention.all")),
        html("tr", {}, html("td", {}), tokens.map((token) => html("th", { scope: "col" }, token))),
        weights.map((row, i) => html("tr", {}, html("th", { scope: "row" }, tokens[i]), row.map((w, j) => cell(w, i, j)))));
    }

    const look = (j) => {
      if (j === chosen) return;
      chosen = j;
      draw();
    };
    tokens.forEach((token, j) => words.append(button(token, () => look(j), {
      focus: () => look(j), pointerenter: (event) => event.pointerType === "mouse" && look(j),
    })));
    draw();
    return [
      words, query, table,
      html("div", { class: "nf-row" }, group(say("attention.options"),
        check(say("attention.causal"), causal, (on) => {
          causal = on;
          update();
        }),
        check(say("attention.scaled"), scaled, (on) => {
          scaled = on;
          update();
        }),
        button(say("attention.begin"), () => {
          numbers = copy();
          draw();
        }))),
      heat,
    ];
  };

  maths.attention = { attend, softmax };
})();
