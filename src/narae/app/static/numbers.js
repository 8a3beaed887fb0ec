// Numbers as the server sends them exactly: float32 in base64; and as bytes for the colours of heat.js.

import { bytes } from "./heat.js";

export function floats(text) {
  return new Float32Array(bytes(text).buffer);
}

export function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
}

// Bytes around 128 for 0, 0 and 255 for the largest size.
export function signedBytes(values, most = largest(values)) {
  return Uint8Array.from(values, (v) => Math.round(((v / most + 1) / 2) * 255));
}

// Bytes from 0 to 255 for 0 to the largest.
export function shareBytes(values, most = largest(values)) {
  return Uint8Array.from(values, (v) => Math.round(Math.max(0, v / most) * 255));
}
