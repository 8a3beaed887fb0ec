// Numbers as colours. The server sends bytes in base64; 0 to 255 from low to high, or, for values of
// both signs, around 128.

export function bytes(text) {
  const letters = atob(text);
  const out = new Uint8Array(letters.length);
  for (let i = 0; i < out.length; i++) out[i] = letters.charCodeAt(i); // from() is ten times as slow
  return out;
}

const palettes = {};

// The colours of the page at this moment: they change with light and dark.
export function refreshColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => rgb(style.getPropertyValue(name));
  const [zero, high, low, ink] = ["--zero", "--blue", "--orange", "--map-ink"].map(colour);
  palettes.signed = ramp([low, zero, high]);
  palettes.share = ramp([zero, high]);
  palettes.ink = ramp([zero, ink]);
}

// A colour of the style sheet, in six hexadecimal digits, as three numbers.
export function rgb(text) {
  const hex = text.trim();
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

// The colour of a share, 0 to 1, of a palette.
export function shade(palette, share) {
  const at = 4 * Math.round(Math.min(1, Math.max(0, share)) * 255);
  return `rgb(${palettes[palette].slice(at, at + 3).join(" ")})`;
}

// A map of the likeliest classes: each cell in its class's colour, fainter the nearer the probability (0 to
// 255) is to `floor`, where all are alike.
export function paintBlend(canvas, best, shares, side, colours, zero, floor) {
  resize(canvas, side, side);
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  for (let i = 0; i < side * side; i++) {
    const strength = Math.max(0, (shares[i] / 255 - floor) / (1 - floor));
    for (let c = 0; c < 3; c++) {
      image.data[4 * i + c] = zero[c] + strength * (colours[best[i]][c] - zero[c]);
    }
    image.data[4 * i + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

function ramp(stops) {
  const table = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const first = Math.min(Math.floor(place), stops.length - 2);
    const part = place - first;
    for (let c = 0; c < 3; c++) {
      table[4 * i + c] = stops[first][c] * (1 - part) + stops[first + 1][c] * part;
    }
    table[4 * i + 3] = 255;
  }
  return table;
}

function pixels(context, values, width, height, palette) {
  const image = context.createImageData(width, height);
  const table = palettes[palette];
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 4; c++) image.data[4 * i + c] = table[4 * values[i] + c];
  }
  return image;
}

// One map, a pixel per value.
export function paintMap(canvas, values, width, height, palette) {
  resize(canvas, width, height);
  const context = canvas.getContext("2d");
  context.putImageData(pixels(context, values, width, height, palette), 0, 0);
}

// Many maps of one size, side by side in `columns`, a pixel apart.
export function paintSheet(canvas, values, count, width, height, columns, palette) {
  columns = Math.min(columns, count);
  const rows = Math.ceil(count / columns);
  resize(canvas, columns * (width + 1) - 1, rows * (height + 1) - 1);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const size = width * height;
  for (let i = 0; i < count; i++) {
    const map = pixels(context, values.subarray(i * size, (i + 1) * size), width, height, palette);
    context.putImageData(map, (i % columns) * (width + 1), Math.floor(i / columns) * (height + 1));
  }
}

// Units of a layer as small squares, as near to a square as their number allows.
export function paintUnits(canvas, values, palette) {
  const columns = Math.ceil(Math.sqrt(values.length));
  paintSheet(canvas, spread(values, 9), values.length, 3, 3, columns, palette);
}

function spread(values, factor) {
  const out = new Uint8Array(values.length * factor);
  values.forEach((value, i) => out.fill(value, i * factor, (i + 1) * factor));
  return out;
}

function resize(canvas, width, height) {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
