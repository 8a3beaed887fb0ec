// A convolution: a window slides over a digit, its numbers times the kernel's are added up, the sums are a map.
"use strict";

(() => {
  const { maths, builders, digits, say, show, still, html, button, number, choice, group, ARROWS } = window.naraeFigures;
  const SIZE = 28, K = 3;

  /** How many places a window has along an axis, and the padding before it (Keras's: the odd one comes after). */
  function places(length, kernel, stride, dilation, padding) {
    const reach = dilation * (kernel - 1) + 1;
    if (padding === "valid") return { count: Math.floor((length - reach) / stride) + 1, before: 0 };
    const count = Math.ceil(length / stride);
    const all = Math.max((count - 1) * stride + reach - length, 0);
    return { count, before: Math.floor(all / 2) };
  }

  /** The numbers under the window at (row, column) of the map; 0 outside of the picture. */
  function under(picture, row, column, { stride, dilation, padding }) {
    const across = places(picture[0].length, K, stride, dilation, padding), down = places(picture.length, K, stride, dilation, padding);
    return Array.from({ length: K }, (_, i) => Array.from({ length: K }, (_, j) =>
      picture[row * stride - down.before + i * dilation]?.[column * stride - across.before + j * dilation] ?? 0));
  }

  const products = (window, kernel) => window.map((line, i) => line.map((n, j) => n * kernel[i][j]));
  const total = (table) => table.flat().reduce((sum, n) => sum + n, 0);

  /** The whole map: (rows, columns) of sums. */
  function convolve(picture, kernel, options) {
    const { stride, dilation, padding } = options;
    const [rows, columns] = [picture.length, picture[0].length].map((n) => places(n, K, stride, dilation, padding).count);
    return Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => total(products(under(picture, r, c, options), kernel))));
  }

  const KERNELS = {
    vertical: [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], horizontal: [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    outline: [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], blur: [[1, 1, 1], [1, 1, 1], [1, 1, 1]].map((line) => line.map(() => 0.111)),
    sharpen: [[0, -1, 0], [-1, 5, -1], [0, -1, 0]], same: [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
  };
  const pixels = (digit) => Array.from({ length: SIZE }, (_, r) => Array.from({ length: SIZE }, (_, c) => parseInt(digits[digit].pixels[r * SIZE + c], 16) / 15));

  /** Grey from paper to ink; of maps, red below zero and blue above. */
  function paint(canvas, table, shade) {
    [canvas.width, canvas.height] = [table[0].length, table.length];
    const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
    table.flat().forEach((n, k) => image.data.set([...shade(n), 255], 4 * k));
    context.putImageData(image, 0, 0);
  }
  const grey = (n) => [255 - 255 * n, 255 - 255 * n, 255 - 255 * n];
  const diverging = (most) => (n) => {
    const strength = Math.min(Math.abs(n) / most, 1), pale = 255 * (1 - strength);
    return n < 0 ? [255 - 54 * strength, pale, pale] : [pale, 255 - 144 * strength, 255 - 20 * strength];
  };

  builders.convolution = (tell) => {
    let digit = "7", kernel = KERNELS.vertical.map((line) => [...line]), at = [8, 17], timer = null, options = { stride: 1, dilation: 1, padding: "valid" };
    let picture = pixels(digit), map = [];
    const input = html("canvas", { tabindex: 0, role: "img" }), output = html("canvas", { tabindex: 0, role: "img" });
    const windowMark = html("span", { class: "nf-mark" }), mapMark = html("span", { class: "nf-mark" });
    const sums = html("div", {});
    const captions = [html("figcaption", {}), html("figcaption", {})];

    function compute() {
      map = convolve(picture, kernel, options);
      const most = Math.max(...map.flat().map(Math.abs), 1e-9);
      paint(input, picture, grey);
      paint(output, map, diverging(most));
      captions[0].textContent = say("convolution.picture", { size: `${SIZE} × ${SIZE}` });
      captions[1].textContent = say("convolution.map", { size: `${map.length} × ${map[0].length}` });
      move(at);
    }

    function move([row, column]) {
      at = [Math.max(0, Math.min(map.length - 1, row)), Math.max(0, Math.min(map[0].length - 1, column))];
      const { stride, dilation, padding } = options;
      const { before } = places(SIZE, K, stride, dilation, padding), reach = dilation * (K - 1) + 1;
      mark(windowMark, at[0] * stride - before, at[1] * stride - before, reach, SIZE, SIZE);
      mark(mapMark, at[0], at[1], 1, map.length, map[0].length);
      const seen = under(picture, ...at, options), times = products(seen, kernel);
      sums.replaceChildren(html("table", { class: "nf-table" }, seen.map((line, i) => html("tr", {}, line.map((n, j) =>
        html("td", { style: times[i][j] ? `color: var(--nf-${times[i][j] < 0 ? "red" : "blue"})` : "" }, `${show(n, 1)} × ${show(kernel[i][j], 2)}`))))));
      const words = say("convolution.sum", { row: at[0], column: at[1], sum: show(total(times)) });
      for (const canvas of [input, output]) canvas.setAttribute("aria-label", `${say("convolution.keys")} ${words}`);
      tell(words, timer !== null);
    }

    function mark(element, row, column, side, rows, columns) {
      const percent = (n, of) => `${(100 * n) / of}%`;
      Object.assign(element.style, { top: percent(row, rows), left: percent(column, columns), width: percent(side, columns), height: percent(side, rows) });
    }

    /** Pointer and keys move the window; `toMap` says where a place of the canvas is on the map. */
    function movable(canvas, toMap) {
      const follow = (event) => {
        const box = canvas.getBoundingClientRect();
        halt();
        move(toMap((event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width));
      };
      canvas.addEventListener("pointermove", (event) => (event.pointerType === "mouse" || event.buttons) && follow(event));
      canvas.addEventListener("pointerdown", follow);
      canvas.addEventListener("keydown", (event) => {
        const by = ARROWS[event.key];
        if (!by) return;
        event.preventDefault();
        halt();
        move([at[0] + by[0], at[1] + by[1]]);
      });
    }
    movable(input, (down, across) => {
      const { stride, dilation, padding } = options, { before } = places(SIZE, K, stride, dilation, padding);
      return [down, across].map((part) => Math.round((Math.floor(part * SIZE) - dilation + before) / stride));
    });
    movable(output, (down, across) => [Math.floor(down * map.length), Math.floor(across * map[0].length)]);

    function halt() {
      clearInterval(timer);
      timer = null;
      slide.textContent = say("convolution.slide");
    }
    function start() {
      slide.textContent = say("convolution.stop");
      if (at[0] === map.length - 1 && at[1] === map[0].length - 1) at = [0, -1]; // again, from the first place
      timer = setInterval(() => {
        const next = at[0] * map[0].length + at[1] + 1;
        if (next + 1 >= map.length * map[0].length) halt();
        move([Math.floor(next / map[0].length), next % map[0].length]);
      }, still() ? 700 : 120);
    }
    const slide = button(say("convolution.slide"), () => (timer ? halt() : start()));

    const fields = kernel.map((line, i) => line.map((n, j) => number(say("convolution.entry", { row: i, column: j }), n, (value) => {
      kernel[i][j] = value;
      compute();
    }, { step: 0.1 })));
    const presets = Object.entries(KERNELS).map(([name, numbers]) => button(say(`convolution.${name}`), () => {
      kernel = numbers.map((line) => [...line]);
      fields.forEach((line, i) => line.forEach((field, j) => (field.value = kernel[i][j])));
      compute();
    }));
    const option = (name, values, read = Number) => choice(say(`convolution.${name}`), values.map((v) => [String(v), String(v)]), String(options[name]), (to) => {
      options = { ...options, [name]: read(to) };
      compute();
    });
    const framed = (canvas, element, caption) => html("figure", { class: "nf-panel" }, html("div", { class: "nf-framed" }, canvas, element), caption);
    compute();
    return [
      html("div", { class: "nf-row nf-top" },
        framed(input, windowMark, captions[0]),
        framed(output, mapMark, captions[1]),
        html("div", {}, html("p", { class: "nf-caption" }, say("convolution.products")), sums)),
      html("div", { class: "nf-row nf-top" },
        html("div", {}, html("p", { class: "nf-caption" }, say("convolution.kernel")), html("table", { class: "nf-table" }, fields.map((line) => html("tr", {}, line.map((field) => html("td", {}, field)))))),
        html("div", {}, html("div", { class: "nf-row" }, group(say("convolution.kernels"), presets)),
          html("div", { class: "nf-row" }, choice(say("convolution.digit"), Object.keys(digits).map((d) => [d, d]), digit, (to) => {
            digit = to;
            picture = pixels(digit);
            compute();
          }), option("stride", [1, 2, 3]), option("dilation", [1, 2, 3]), option("padding", ["valid", "same"], String)),
          html("div", { class: "nf-row" }, slide))),
    ];
  };

  maths.convolution = { convolve, pixels };
})();
