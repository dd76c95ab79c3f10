// What the page shows, as one value; whoever shows a part of it listens.

export const START = Object.freeze({
  view: "search",
  query: null, // { kind: "upload" | "image", id, name, width, height, gallery }
  box: null, // [left, top, right, bottom] in shares of the turned preview
  turn: 0, // degrees clockwise
  columns: [{ gallery: null, rerank: "" }], // one search, or two
  k: 50,
  under: "",
  promise: "", // at most so many wrong photos a search, or ""
  folder: "", // of the browse view
  level: "copies", // of the duplicates view
});

/** A store: `get`, `set` with what changes, `listen` to be told with the value now and before. */
export function createStore(start) {
  let value = start;
  const listeners = new Set();
  return {
    get: () => value,
    set(change) {
      const before = value;
      value = Object.freeze({ ...value, ...change });
      for (const listener of listeners) listener(value, before);
    },
    listen: (listener) => listeners.add(listener),
  };
}
