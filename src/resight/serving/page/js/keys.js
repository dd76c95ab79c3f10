// Keys of the whole page, and the list of all keys.

import { $, el } from "./dom.js";
import { unmark } from "./marking.js";
import { actOn, shownHits } from "./results.js";

const LIST = {
  Anywhere: [["Ctrl V", "search with the copied picture"], ["Esc", "the whole photo"], ["Ctrl Z", "undo the box or the turn"], ["?", "this list"]],
  "On the box": [["Arrows", "move it by 1 pixel"], ["Ctrl Arrows", "resize it"], ["Shift", "10 pixels"], ["Del", "remove it"]],
  "On a result": [
    ["Arrows", "the next photo"], ["Enter or Space", "closer look"], ["S", "search with it"],
    ["Y / N", "same / not the same"], ["U", "take the last mark back"],
  ],
  "In the closer look": [
    ["← →", "previous, next"], ["M", "side by side, in place"], ["F held", "the query in place"],
    ["+ − 0", "larger, smaller, all of it"], ["Shift Arrows", "move"], ["Y / N / U / S", "as on a result"],
  ],
};

/** Listens to keys that are not of one element, and fills the list of keys. */
export function startKeys(app, query) {
  fillList();
  $("#show-keys").addEventListener("click", () => $("#keys").showModal());
  $("#keys-close").addEventListener("click", () => $("#keys").close());
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (isTyping(event.target)) return;
    if (onPage(event, query) || onTile(event, app)) event.preventDefault();
  });
}

const isTyping = (element) => element.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select");

function onPage(event, query) {
  const box = event.target.id === "box";
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") return query.undo();
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "Escape" || (box && (event.key === "Delete" || event.key === "Backspace"))) return query.whole();
  if (event.key === "?") {
    $("#keys").showModal();
    return true;
  }
  return false;
}

function onTile(event, app) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const place = event.target.closest?.(".column");
  const tile = event.target.closest?.(".tile");
  const column = place && app.columns[Number(place.dataset.column)];
  if (!column || !tile) return false;
  const hit = shownHits(column).find((each) => each.id === tile.dataset.id);
  const name = { y: "same", n: "different", s: "search" }[event.key.toLowerCase()];
  if (name && hit) actOn(app, column, name, hit, tile);
  else if (event.key.toLowerCase() === "u") takeBack(place);
  else return false;
  return true;
}

async function takeBack(place) {
  const hit = await unmark();
  if (hit) [...place.querySelectorAll(".tile")].find((tile) => tile.dataset.id === hit.id)?.querySelector(".open").focus();
}

function fillList() {
  const table = ([name, rows]) =>
    el("table", { class: "keys-table" }, el("caption", {}, name),
      el("tbody", {}, ...rows.map(([key, words]) => el("tr", {}, el("th", { scope: "row" }, el("kbd", {}, key)), el("td", {}, words)))));
  $("#keys-list").append(...Object.entries(LIST).map(table));
}
