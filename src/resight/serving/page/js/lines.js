// What matches, drawn over the panes: the regions, the points that agree, a line from each to its other.

import { svg } from "./dom.js";
import { layOut } from "./view_window.js";

const MOST = 120; // lines; more are a carpet

/** Draws the match of the pair that the panes show. */
export function drawLines(sheet, root, panes, { pair, view, mode, lines }) {
  sheet.replaceChildren();
  const beside = mode === "beside";
  const hit = placer(root, panes.hit, view, pair.hit.ratio);
  const query = placer(root, panes.query, view, pair.query.ratio);
  if (pair.region) sheet.append(...region(pair.region.map(hit.at)));
  if (pair.queryRegion && beside) sheet.append(...region(pair.queryRegion.map(query.at)));
  if (!beside || !lines || !pair.points) return;
  const every = Math.max(1, Math.ceil(pair.points.hit.length / MOST));
  pair.points.hit.forEach((point, index) => {
    if (index % every || !pair.points.query[index]) return;
    const [from, to] = [query.at(pair.points.query[index]), hit.at(point)];
    if (!query.shows(from) || !hit.shows(to)) return;
    sheet.append(svg("line", { x1: from[0], y1: from[1], x2: to[0], y2: to[1] }), dot(from), dot(to));
  });
}

// From shares of a photo to pixels of the sheet, and whether they are within the pane.
function placer(root, pane, view, ratio) {
  const [own, all] = [pane.getBoundingClientRect(), root.getBoundingClientRect()];
  const [x, y] = [own.left - all.left, own.top - all.top];
  const frame = { width: own.width, height: own.height };
  const place = layOut(view, ratio, frame);
  return {
    at: ([u, v]) => [x + place.left + u * place.width, y + place.top + v * place.height],
    shows: ([px, py]) => px >= x && px <= x + frame.width && py >= y && py <= y + frame.height,
  };
}

const dot = ([cx, cy]) => svg("circle", { cx, cy, r: 2.5 });

function region(corners) {
  const points = corners.map((corner) => corner.join(",")).join(" ");
  return [svg("polygon", { class: "under", points }), svg("polygon", { class: "over", points })];
}
