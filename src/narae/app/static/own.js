// A learner's own points of the plane: one list for the whole page, with undo, kept by the browser.

const MOST_UNDONE = 200;
const KEPT = "narae.own";

class OwnPoints {
  constructor() {
    this.value = read() ?? { kind: "classes", points: [], names: [], table: null };
    this.past = [];
    this.listeners = [];
  }

  on(listener) {
    this.listeners.push(listener);
  }

  // Another value in the place of this one; within one movement of the hand only the first is undone.
  set(value, same = false) {
    if (!same) this.past.push(this.value);
    if (this.past.length > MOST_UNDONE) this.past.shift();
    this.become(value);
  }

  undo() {
    if (this.past.length) this.become(this.past.pop());
  }

  become(value) {
    this.value = value;
    keep(value);
    for (const listener of this.listeners) listener();
  }

  // Why nothing can be learned from them: a row of strings, or null.
  lacking() {
    const { kind, points } = this.value;
    if (kind === "number") return points.length < 2 ? "own.few" : null;
    return new Set(points.map((p) => p[2])).size < 2 ? "own.one_class" : null;
  }

  classes() {
    const { names, points } = this.value;
    return points.reduce((most, p) => Math.max(most, p[2] + 1), Math.max(2, names.length));
  }
}

function read() {
  try {
    const value = JSON.parse(localStorage.getItem(KEPT));
    return Array.isArray(value?.points) ? value : null;
  } catch {
    return null;
  }
}

function keep(value) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(value));
  } catch {
    // private windows keep nothing
  }
}

export const own = new OwnPoints();
