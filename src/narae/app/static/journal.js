// Which experiments are done, and what was predicted: kept by this browser, or by this page where it keeps nothing.

const KEY = "narae.experiments";

export class Journal {
  constructor() {
    this.entries = {};
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
      if (kept && typeof kept === "object") this.entries = kept;
    } catch {
      // nothing is kept, or nothing that can be read
    }
  }

  // The first prediction counts: whoever has seen the answer predicts nothing.
  add(name, guess, outcome) {
    this.entries[name] ??= { guess, outcome };
    try {
      localStorage.setItem(KEY, JSON.stringify(this.entries));
    } catch {
      // private windows keep nothing
    }
  }

  // undefined; "right" or "wrong"
  of(name) {
    const entry = this.entries[name];
    return entry && (entry.guess === entry.outcome ? "right" : "wrong");
  }
}
