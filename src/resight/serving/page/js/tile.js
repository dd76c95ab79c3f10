// One photo of a grid: its picture, what is known of it, what can be done with it.

import { pictureOf } from "./api.js";
import { el, icon, svg } from "./dom.js";
import { promise, promiseSentence, score } from "./words.js";

const MARKS = { same: "Same", different: "Not the same" };

/** The tile of a hit. `act(name, hit, tile)` is told of "open", "search", "same" and "different". */
export function hitTile(gallery, hit, act, { marks = true, elsewhere = "" } = {}) {
  const tile = photoTile(gallery, hit, (hit_, tile_) => act("open", hit_, tile_), sentence(hit));
  tile.dataset.rank = hit.rank;
  if (hit.region) tile.firstElementChild.append(outline(hit.region));
  tile.firstElementChild.append(el("span", { class: "rank", "aria-hidden": "true" }, String(hit.rank)), el("span", { class: "stamp" }));
  const button = (name, words, picture, mark) =>
    el("button", { type: "button", title: words, "aria-pressed": mark && "false", "data-mark": mark, onclick: () => act(name, hit, tile) },
      icon(picture), el("span", { class: "visually-hidden" }, words));
  tile.append(
    el("div", { class: "doing" },
      marks && !hit.self && button("same", "Same (Y)", "check", "same"),
      marks && !hit.self && button("different", "Not the same (N)", "cross", "different"),
      button("search", "Search with this photo (S)", "look", null)),
    said(hit, elsewhere),
  );
  showMark(tile, hit.mark);
  return tile;
}

/** The tile of any photo: `{ id, path, width, height }`. */
export function photoTile(gallery, photo, open, words = photo.path) {
  const tile = el("li", { class: "tile", "data-ratio": photo.width / photo.height || 1, "data-id": photo.id });
  const picture = pictureOf({ kind: "image", id: photo.id, gallery }, 400);
  tile.append(
    el("button", { type: "button", class: "open", title: photo.path, tabindex: "-1", "aria-label": words, onclick: () => open(photo, tile) },
      el("img", { src: picture, alt: "", loading: "lazy", draggable: "false" })),
  );
  return tile;
}

/** Shows the mark of a tile. */
export function showMark(tile, mark) {
  if (mark) tile.dataset.mark = mark;
  else delete tile.dataset.mark;
  const stamp = tile.querySelector(".stamp");
  if (stamp) stamp.textContent = MARKS[mark] ?? "";
  const open = tile.querySelector(".open");
  open.setAttribute("aria-description", mark ? `Marked: ${MARKS[mark].toLowerCase()}` : "");
  for (const button of tile.querySelectorAll(".doing [data-mark]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mark === mark));
  }
}

/** The matching region, [[x, y], ...] in shares of the photo, as an outline that is seen on any photo. */
export function outline(region) {
  const points = region.map((point) => point.join(",")).join(" ");
  const line = (kind) => svg("polygon", { class: kind, points });
  return svg("svg", { class: "outline", viewBox: "0 0 1 1", preserveAspectRatio: "none", "aria-hidden": "true" }, line("under"), line("over"));
}

function said(hit, elsewhere) {
  return el(
    "p", { class: "said", "aria-hidden": "true" },
    el("span", { class: "score" }, score(hit)),
    el("span", { class: "promise", title: promiseSentence(hit) }, promise(hit)),
    el("span", { class: "path" }, el("bdi", {}, hit.path)),
    elsewhere && el("span", { class: "elsewhere" }, elsewhere),
  );
}

function sentence(hit) {
  const verified = hit.inliers ? `${hit.inliers} points agree` : `score ${hit.score.toFixed(3)}`;
  const parts = [`Result ${hit.rank}: ${hit.path}`, hit.self ? "the query itself" : verified, promiseSentence(hit)];
  return parts.filter(Boolean).join(", ").replace(/\.$/, "");
}
