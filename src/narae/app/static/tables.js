// The tables of words, each by its file: what stands on the page, and what the "?" buttons explain.
// A part of the page may have files of its own; a key stands in one of them.

export const STRINGS = ["strings.json", "strings-core.json", "strings-plane.json", "strings-paper.json", "strings-experiments.json"];
export const HELP = ["help.json", "help-plane.json", "help-network.json", "help-experiments.json", "help-paper.json"];

export async function load(files) {
  const tables = await Promise.all(files.map(async (file) => (await fetch(file)).json()));
  return Object.assign({}, ...tables);
}
