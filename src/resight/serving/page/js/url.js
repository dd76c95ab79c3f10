// The address says what is shown, so that a view can be sent. A token is never in it.

import { START } from "./store.js";

const VIEWS = ["search", "browse", "duplicates", "marks"];
const SIDES = [0, 90, 180, 270];

/** State -> the query of the address; what is as at the start is left out. */
export function spell(state) {
  const parts = new URLSearchParams();
  const [first, second] = state.columns;
  if (state.view !== START.view) parts.set("view", state.view);
  if (first.gallery) parts.set("gallery", first.gallery);
  if (state.query) parts.set(state.query.kind, state.query.id);
  if (state.query?.kind === "image" && state.query.gallery !== first.gallery) parts.set("of", state.query.gallery);
  if (state.query && state.turn) parts.set("turn", state.turn);
  if (state.query && state.box) parts.set("box", state.box.map((share) => +share.toFixed(4)).join(","));
  if (first.rerank) parts.set("rerank", first.rerank);
  if (second) parts.set("second", JSON.stringify([second.gallery, second.rerank]));
  if (state.k !== START.k) parts.set("k", state.k);
  for (const name of ["under", "promise", "folder", "level"]) {
    if (state[name] !== START[name]) parts.set(name, state[name]);
  }
  const text = parts.toString().replaceAll("%2C", ",").replaceAll("%2F", "/");
  return text ? `?${text}` : "";
}

/** The query of an address -> state; what makes no sense is as at the start. */
export function read(search, galleries) {
  const parts = new URLSearchParams(search);
  const names = galleries.map((gallery) => gallery.name);
  const known = (name) => (names.includes(name) ? name : (names[0] ?? null));
  const first = { gallery: known(parts.get("gallery")), rerank: parts.get("rerank") ?? "" };
  const second = readSecond(parts.get("second"), known);
  return {
    ...START,
    view: VIEWS.includes(parts.get("view")) ? parts.get("view") : START.view,
    query: readQuery(parts, first.gallery, known),
    box: readBox(parts.get("box")),
    turn: SIDES.includes(Number(parts.get("turn"))) ? Number(parts.get("turn")) : 0,
    columns: second ? [first, second] : [first],
    k: [20, 50, 100, 200].includes(Number(parts.get("k"))) ? Number(parts.get("k")) : START.k,
    under: parts.get("under") ?? "",
    promise: ["0.1", "0.01", "0.001"].includes(parts.get("promise")) ? parts.get("promise") : "",
    folder: parts.get("folder") ?? "",
    level: parts.get("level") === "same" ? "same" : "copies",
  };
}

function readQuery(parts, gallery, known) {
  const kind = ["upload", "image"].find((name) => parts.get(name));
  if (!kind) return null;
  const of = parts.get("of") ? known(parts.get("of")) : gallery;
  return { kind, id: parts.get(kind), name: "", width: 0, height: 0, gallery: kind === "image" ? of : null };
}

function readBox(text) {
  const box = (text ?? "").split(",").map(Number);
  const [left, top, right, bottom] = box;
  const inside = box.length === 4 && box.every((share) => share >= 0 && share <= 1);
  return inside && left < right && top < bottom ? box : null;
}

function readSecond(text, known) {
  try {
    const [gallery, rerank] = JSON.parse(text ?? "null");
    return { gallery: known(gallery), rerank: String(rerank) };
  } catch {
    return null;
  }
}

/** Writes the address at each change; a new query or view is a step of the browser's history. */
export function followAddress(store, galleriesNow) {
  let leading = false;
  store.listen((state, before) => {
    if (leading) return;
    const address = spell(state) || location.pathname;
    if (address === (location.search || location.pathname)) return;
    const step = state.view !== before.view || state.query?.id !== before.query?.id || state.folder !== before.folder;
    history[step ? "pushState" : "replaceState"](null, "", address);
  });
  addEventListener("popstate", () => {
    leading = true;
    store.set(read(location.search, galleriesNow()));
    leading = false;
  });
}
