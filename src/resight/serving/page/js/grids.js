// A list of photos in justified rows, and the way through it by keys.

import { $$ } from "./dom.js";
import { justify } from "./justified.js";

const HEIGHT = 190; // pixels of a row on a wide screen

/** Sizes the tiles of a list, and again whenever its width changes. Each tile has `data-ratio`. */
export function keepJustified(list) {
  const size = () => {
    const width = list.clientWidth;
    if (!width) return;
    const gap = parseFloat(getComputedStyle(list).columnGap) || 0;
    const height = Math.max(120, Math.min(HEIGHT, width / 3.4));
    const tiles = [...list.children];
    const sizes = justify(tiles.map((tile) => Number(tile.dataset.ratio)), width, height, gap);
    tiles.forEach((tile, index) => {
      tile.style.width = `${sizes[index].width}px`;
      tile.firstElementChild.style.height = `${sizes[index].height}px`;
    });
  };
  if (!list.justified) {
    list.justified = new ResizeObserver(size);
    list.justified.observe(list);
  }
  size();
}

const inside = (root) => $$(".open", root);

/** One stop for Tab in all lists of `root`; arrows, Home and End go from tile to tile. */
export function roam(root) {
  const opens = inside(root);
  if (opens.length && !opens.some((open) => open.tabIndex === 0)) stop(root, opens[0]);
  if (root.roams) return;
  root.roams = true;
  root.addEventListener("focusin", (event) => {
    const open = event.target.closest(".tile")?.querySelector(".open");
    if (open) stop(root, open);
  });
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !event.target.matches(".open")) return;
    const next = neighbour(inside(root), event.target, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  });
}

function stop(root, open) {
  for (const button of $$(".tile button", root)) button.tabIndex = -1;
  for (const button of $$("button", open.closest(".tile"))) button.tabIndex = 0;
}

function neighbour(opens, here, key) {
  const at = opens.indexOf(here);
  if (key === "ArrowRight") return opens[at + 1];
  if (key === "ArrowLeft") return opens[at - 1];
  if (key === "Home") return opens[0];
  if (key === "End") return opens.at(-1);
  if (key === "ArrowDown" || key === "ArrowUp") return vertical(opens, here, key === "ArrowDown" ? 1 : -1);
  return null;
}

// The nearest tile of the row below or above.
function vertical(opens, here, way) {
  const own = here.getBoundingClientRect();
  const middle = own.left + own.width / 2;
  const others = opens
    .map((open) => ({ open, place: open.getBoundingClientRect() }))
    .filter(({ place }) => (place.top - own.top) * way > own.height / 2);
  if (!others.length) return null;
  const row = Math.min(...others.map(({ place }) => Math.abs(place.top - own.top)));
  const off = ({ place }) => Math.abs(place.left + place.width / 2 - middle);
  const near = others.filter(({ place }) => Math.abs(place.top - own.top) < row + 8);
  return near.sort((one, two) => off(one) - off(two))[0].open;
}
