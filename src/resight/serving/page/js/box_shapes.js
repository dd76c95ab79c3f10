// Boxes as numbers: [left, top, right, bottom] in shares of the photo, from 0 to 1.

export const SMALLEST = 0.08; // a box that is less in width and height is a slip of the hand
export const LARGEST = 0.95; // a box that is more in width and height is the whole photo
export const MARGIN = 0.04; // of the box's own sides, so that what is drawn tightly is not cut

const inside = (share) => Math.min(1, Math.max(0, share));

/** The box of two corners, whichever they are. */
export function spanned([x, y], [u, v]) {
  return [Math.min(x, u), Math.min(y, v), Math.max(x, u), Math.max(y, v)].map(inside);
}

/** Moved, but never out of the photo. */
export function moved([left, top, right, bottom], dx, dy) {
  const x = Math.min(1 - right, Math.max(-left, dx));
  const y = Math.min(1 - bottom, Math.max(-top, dy));
  return [left + x, top + y, right + x, bottom + y];
}

/** With one of its handles ("n", "se", ...) moved; a side that passes the opposite one changes places with it. */
export function resized([left, top, right, bottom], handle, dx, dy) {
  const x = handle.includes("w") ? left + dx : left;
  const u = handle.includes("e") ? right + dx : right;
  const y = handle.includes("n") ? top + dy : top;
  const v = handle.includes("s") ? bottom + dy : bottom;
  return spanned([x, y], [u, v]);
}

/** As it lies in the photo when that is turned by 90 or 270 degrees clockwise. */
export function turned([left, top, right, bottom], degrees) {
  return degrees === 90 ? [1 - bottom, left, 1 - top, right] : [top, 1 - right, bottom, 1 - left];
}

/** Why a box stands for the whole photo, or null where it is a box. */
export function whyWhole([left, top, right, bottom]) {
  const [width, height] = [right - left, bottom - top];
  if (width < SMALLEST && height < SMALLEST) return "small";
  return width > LARGEST && height > LARGEST ? "large" : null;
}

/** What is searched for: the box with its margin, within the photo; null is the whole photo. */
export function searchedPart(box) {
  if (!box || whyWhole(box)) return null;
  const [left, top, right, bottom] = box;
  const [x, y] = [(right - left) * MARGIN, (bottom - top) * MARGIN];
  return [left - x, top - y, right + x, bottom + y].map(inside);
}
