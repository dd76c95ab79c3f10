// The box on the photo: drawn, moved and resized by pointer and by keys.

import { $, el } from "./dom.js";
import { moved, resized, spanned } from "./box_shapes.js";

const HANDLES = ["nw", "n", "ne", "e", "se", "s", "sw", "w"];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SLIP = 4; // pixels: a press that moves less draws nothing

/** Draws boxes in #stage. `released(box)` is told when a hand or a key lets go. */
export function createBox(released) {
  const [stage, box, shade] = [$("#stage"), $("#box"), $("#shade")];
  for (const handle of HANDLES) box.append(el("i", { "data-handle": handle, "aria-hidden": "true" }));
  let shares = null;
  const show = (value) => {
    shares = value;
    box.hidden = shade.hidden = !value;
    if (value) for (const element of [box, shade]) place(element, value);
    if (value) box.setAttribute("aria-label", describe(value));
  };
  byPointer(stage, box, () => shares, show, released);
  byKeys(stage, box, () => shares, show, released);
  return { show, now: () => shares, focus: () => box.focus() };
}

function place(element, [left, top, right, bottom]) {
  element.style.left = `${left * 100}%`;
  element.style.top = `${top * 100}%`;
  element.style.width = `${(right - left) * 100}%`;
  element.style.height = `${(bottom - top) * 100}%`;
}

/** A box in words, for whoever does not see it. */
export function describe([left, top, right, bottom]) {
  const hundredth = (share) => Math.round(share * 100);
  return (
    `Box: from ${hundredth(left)} to ${hundredth(right)} percent across, ` +
    `from ${hundredth(top)} to ${hundredth(bottom)} percent down`
  );
}

function byPointer(stage, box, now, show, released) {
  let drag = null; // { handle, from, before, far }
  const share = (event) => {
    const frame = stage.getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || drag) return;
    const handle = event.target.dataset?.handle ?? (event.target === box ? "move" : "new");
    drag = { handle, from: share(event), before: now(), far: false, at: [event.clientX, event.clientY] };
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    if (!drag) return;
    drag.far ||= Math.hypot(event.clientX - drag.at[0], event.clientY - drag.at[1]) >= SLIP;
    if (drag.far) show(dragged(drag, share(event)));
  });
  const end = (event) => {
    if (!drag) return;
    const { far, before } = drag;
    drag = null;
    if (event.type === "pointercancel") show(before);
    else if (far) released(now());
    if (now()) box.focus({ preventScroll: true, focusVisible: false });
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
}

function dragged({ handle, from, before }, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  if (handle === "new") return spanned(from, to);
  return handle === "move" ? moved(before, dx, dy) : resized(before, handle, dx, dy);
}

function byKeys(stage, box, now, show, released) {
  let changed = false;
  box.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (!arrow || event.altKey || event.metaKey) return;
    event.preventDefault();
    const pixels = event.shiftKey ? 10 : 1;
    const [dx, dy] = [(arrow[0] * pixels) / stage.clientWidth, (arrow[1] * pixels) / stage.clientHeight];
    show(event.ctrlKey ? grown(now(), dx, dy) : moved(now(), dx, dy));
    changed = true;
  });
  const release = () => {
    if (changed) released(now());
    changed = false;
  };
  box.addEventListener("keyup", release);
  box.addEventListener("blur", release);
}

// By keys the right and the lower side move, and never pass the others.
function grown([left, top, right, bottom], dx, dy) {
  return [left, top, Math.min(1, Math.max(left + 0.01, right + dx)), Math.min(1, Math.max(top + 0.01, bottom + dy))];
}
