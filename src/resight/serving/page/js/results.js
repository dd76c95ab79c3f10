// The results of one search: a summary, the photos above the line, the line, the photos below it.

import { $, $$, el } from "./dom.js";
import { keepJustified, roam } from "./grids.js";
import { mark, onMarked } from "./marking.js";
import { announce } from "./saying.js";
import { hitTile, showMark } from "./tile.js";
import { count } from "./words.js";

const LINE = "below here: probably not the same";

/** Shows one column in `place`. `head()` gives its choices; returns `show(answer)` and `busy(is)`. */
export function createResults(app, place, index) {
  const column = { answer: null, all: false, place };
  const parts = {
    busy: el("div", { class: "busy" }),
    choices: el("div", { class: "column-choice", hidden: true }),
    summary: el("p", { class: "summary" }),
    refused: el("button", { type: "button", class: "text", hidden: true }),
    body: el("div", { class: "column-body" }),
  };
  place.append(parts.busy, el("div", { class: "column-head" }, parts.choices, parts.summary, parts.refused), parts.body);
  parts.refused.addEventListener("click", () => {
    column.all = !column.all;
    draw(app, column, parts, index);
  });
  onMarked((gallery, hit) => {
    if (gallery !== column.answer?.gallery) return;
    for (const tile of $$(".tile", place)) if (tile.dataset.id === hit.id) showMark(tile, hit.mark);
  });
  column.choices = parts.choices;
  column.busy = (is) => place.setAttribute("aria-busy", String(is));
  column.show = (answer) => {
    column.answer = answer;
    column.all = false;
    if (answer) column.suggested = new Set(answer.hits.filter((hit) => hit.mark !== "different").map((hit) => hit.id));
    draw(app, column, parts, index);
  };
  column.draw = () => draw(app, column, parts, index);
  roam(parts.body);
  return column;
}

/** Hits of a column that are shown, those above the line first: what is marked as different is not suggested again. */
export function shownHits({ answer, all, suggested }) {
  const shown = answer ? answer.hits.filter((hit) => all || suggested.has(hit.id)) : [];
  return [...shown.filter(isAbove), ...shown.filter((hit) => !isAbove(hit))];
}

// A hit need not be likelier by chance than the next one; without a promise none stands below the line.
function isAbove(hit) {
  return hit.self || hit.probable !== false;
}

function draw(app, column, parts, index) {
  const { answer } = column;
  const focused = document.activeElement?.closest?.(".tile")?.dataset.rank;
  const hadFocus = parts.body.contains(document.activeElement);
  parts.body.replaceChildren();
  parts.summary.replaceChildren();
  parts.refused.hidden = true;
  if (!answer) return;
  const hits = shownHits(column);
  const line = lineOf(answer, hits);
  parts.summary.append(...summary(answer, hits, line));
  const left = answer.hits.length - column.suggested.size;
  parts.refused.hidden = !left;
  parts.refused.textContent = column.all ? "Leave out what you marked as different" : `${left} marked as different ${left === 1 ? "is" : "are"} left out: show`;
  const grid = (some, name, kind) => {
    const list = el("ul", { class: `grid ${kind}`, "aria-label": name });
    for (const hit of some) list.append(tileOf(app, column, hit, index));
    parts.body.append(list);
    keepJustified(list);
  };
  if (!hits.length) parts.body.append(el("p", { class: "nothing" }, el("strong", {}, "No match"), "No photo of the gallery keeps what you asked for."));
  if (line === null) grid(hits, "Results", "");
  else {
    if (line > 0) grid(hits.slice(0, line), "Probably the same", "");
    if (line < hits.length) parts.body.append(el("h2", { class: "below-here" }, LINE));
    if (line < hits.length) grid(hits.slice(line), "Probably not the same", "below");
  }
  roam(parts.body);
  if (hadFocus) ($(`.tile[data-rank="${focused}"] .open`, parts.body) ?? $(".open", parts.body))?.focus({ preventScroll: true });
}

// How many of the hits stand above the line, or null where the gallery has no promise.
function lineOf(answer, hits) {
  if (!hits.some((hit) => !hit.self && typeof hit.probable === "boolean")) return null;
  return hits.filter(isAbove).length;
}

function summary(answer, hits, line) {
  const others = hits.filter((hit) => !hit.self);
  const seconds = `${answer.seconds.toFixed(answer.seconds < 1 ? 2 : 1)} s`;
  if (!others.length) return [el("strong", {}, "No match"), ` that keeps what you asked for · ${seconds}`];
  if (line === null) return [el("strong", {}, count(others.length, "photo")), `, nearest first · ${seconds}`];
  const same = hits.slice(0, line).filter((hit) => !hit.self).length;
  if (!same) return [el("strong", {}, "No match"), `: nothing is nearer than unrelated photos are · ${seconds}`];
  return [el("strong", {}, `${count(same, "photo")} probably show${same === 1 ? "s" : ""} the same`), `, of ${others.length} · ${seconds}`];
}

function tileOf(app, column, hit, index) {
  const act = (name, _hit, tile) => actOn(app, column, name, hit, tile);
  const other = app.columns?.[1 - index];
  return hitTile(column.answer.gallery, hit, act, { marks: app.mayMark(column.answer.gallery), elsewhere: elsewhere(other, column, hit, index) });
}

// Where the other of two searches has the same photo.
function elsewhere(other, column, hit, index) {
  if (!other?.answer || hit.self || other.place.hidden) return "";
  if (other.answer.gallery !== column.answer.gallery) return "";
  const there = other.answer.hits.find((each) => each.id === hit.id);
  const side = index ? "left" : "right";
  return there ? (there.rank === hit.rank ? "" : `${side}: ${there.rank}`) : `not at the ${side}`;
}

/** What a key or a button does with a hit. */
export async function actOn(app, column, name, hit, tile) {
  const { answer } = column;
  if (name === "open") return app.openCloser({ ...answer, hits: shownHits(column) }, hit, tile);
  if (name === "search") return app.searchWith(answer.gallery, hit);
  if (!app.mayMark(answer.gallery)) return announce("Marks cannot be written here.");
  if (hit.mark !== name && !hit.self) onward(column.place, tile); // The service need not be waited for.
  return mark({ photo: answer.query_photo, gallery: answer.gallery, hit }, name);
}

function onward(place, tile) {
  const opens = $$(".open", place);
  const next = opens[opens.indexOf(tile.querySelector(".open")) + 1];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
