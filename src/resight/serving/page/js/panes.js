// The two panes of the closer look: one view for both, moved by pointer, wheel and fingers.

import { $ } from "./dom.js";
import { asMatrix, homography } from "./homography.js";
import { drawLines } from "./lines.js";
import { ALL, layOut, shifted, zoomed } from "./view_window.js";

/** Shows a pair in #panes. The view stays when the pair changes. */
export function createPanes() {
  const root = $("#panes");
  const panes = { query: $("#pane-query"), hit: $("#pane-hit") };
  const state = { view: ALL, pair: null, mode: "beside", lines: true };
  const draw = () => {
    if (!state.pair || !root.clientWidth) return;
    root.dataset.mode = state.mode;
    for (const [name, pane] of Object.entries(panes)) place(pane, layOut(state.view, state.pair[name].ratio, sizeOf(pane)));
    if (state.mode === "flip") align(panes.query, state);
    drawLines($("#lines"), root, panes, state);
    $("#zoom").textContent = `${Math.round(state.view.zoom * 100)} %`;
  };
  const look = (view) => {
    state.view = view;
    draw();
  };
  const main = () => [state.pair.hit.ratio, sizeOf(panes.hit)];
  const middle = ({ width, height }) => [width / 2, height / 2];
  new ResizeObserver(draw).observe(root);
  byPointer(root, panes, state, look);
  return {
    show(pair) {
      state.pair = pair;
      for (const [name, pane] of Object.entries(panes)) {
        const photo = $("img", pane);
        if (photo.src !== pair[name].picture) photo.src = pair[name].picture;
        photo.alt = pair[name].words;
      }
      draw();
    },
    set(change) {
      Object.assign(state, change);
      draw();
    },
    flip: (is) => root.toggleAttribute("data-flipped", is && state.mode === "flip"),
    zoom: (by) => look(zoomed(state.view, by, ...main(), middle(main()[1]))),
    move: (dx, dy) => look(shifted(state.view, dx, dy, ...main())),
    all: () => look(ALL),
    now: () => state,
  };
}

const sizeOf = (pane) => ({ width: pane.clientWidth, height: pane.clientHeight });

function place(pane, { left, top, width, height }) {
  const { style } = $("img", pane);
  style.width = `${width}px`;
  style.height = `${height}px`;
  style.transform = `translate(${left}px, ${top}px)`;
}

// In place, the query lies so that its matching part covers that of the result.
function align(pane, { pair, view }) {
  const [from, to] = [pair.queryRegion, pair.region];
  if (from?.length !== 4 || to?.length !== 4) return;
  const frame = sizeOf(pane);
  const own = layOut(ALL, pair.query.ratio, frame);
  const there = layOut(view, pair.hit.ratio, frame);
  const map = homography(
    from.map(([x, y]) => [x * own.width, y * own.height]),
    to.map(([x, y]) => [there.left + x * there.width, there.top + y * there.height]),
  );
  if (!map) return;
  place(pane, own);
  $("img", pane).style.transform = asMatrix(map);
}

function byPointer(root, panes, state, look) {
  const fingers = new Map();
  const paneAt = (event) => {
    const inQuery = state.mode === "beside" && inside(panes.query.getBoundingClientRect(), event);
    return inQuery ? "query" : "hit";
  };
  const change = (event, by, dx = 0, dy = 0) => {
    const name = paneAt(event);
    const frame = panes[name].getBoundingClientRect();
    const [ratio, size] = [state.pair[name].ratio, sizeOf(panes[name])];
    const moved = shifted(state.view, dx, dy, ratio, size);
    look(by === 1 ? moved : zoomed(moved, by, ratio, size, [event.clientX - frame.left, event.clientY - frame.top]));
  };
  root.addEventListener("wheel", (event) => {
    event.preventDefault();
    change(event, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)));
  }, { passive: false });
  root.addEventListener("dblclick", (event) => (state.view.zoom > 1.01 ? look(ALL) : change(event, 3)));
  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, event);
    root.setPointerCapture(event.pointerId);
  });
  root.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
    const by = other ? distance(event, other) / Math.max(1, distance(before, other)) : 1;
    const share = other ? 0.5 : 1;
    fingers.set(event.pointerId, event);
    change(event, by, (event.clientX - before.clientX) * share, (event.clientY - before.clientY) * share);
  });
  for (const name of ["pointerup", "pointercancel"]) root.addEventListener(name, (event) => fingers.delete(event.pointerId));
}

const distance = (one, two) => Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY);
const inside = (frame, { clientX, clientY }) => clientX >= frame.left && clientX <= frame.right && clientY >= frame.top && clientY <= frame.bottom;
