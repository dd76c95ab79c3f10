// What of a photo is seen: how much larger than "all of it", and which point is in the middle. Shared by panes.

const MOST = 24;

/** All of the photo. */
export const ALL = Object.freeze({ zoom: 1, x: 0.5, y: 0.5 });

/** Where a photo of this ratio lies in a frame: left, top, width, height in pixels. */
export function layOut(view, ratio, frame) {
  const fit = Math.min(frame.width / ratio, frame.height);
  const [width, height] = [fit * ratio * view.zoom, fit * view.zoom];
  const along = (share, size, room) => (size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, room / 2 - share * size)));
  return { left: along(view.x, width, frame.width), top: along(view.y, height, frame.height), width, height };
}

/** Larger or smaller by a factor, so that a point [px, py] of the frame stays where it is. */
export function zoomed(view, by, ratio, frame, [px, py]) {
  const zoom = Math.min(MOST, Math.max(1, view.zoom * by));
  const place = layOut(view, ratio, frame);
  const [x, y] = [(px - place.left) / place.width, (py - place.top) / place.height];
  const next = layOut({ ...view, zoom }, ratio, frame);
  return held({
    zoom,
    x: x + (frame.width / 2 - px) / next.width,
    y: y + (frame.height / 2 - py) / next.height,
  }, ratio, frame);
}

/** Moved by pixels of the frame. */
export function shifted(view, dx, dy, ratio, frame) {
  const { width, height } = layOut(view, ratio, frame);
  return held({ ...view, x: view.x - dx / width, y: view.y - dy / height }, ratio, frame);
}

// The middle stays where it can be reached, so that moving back begins at once.
function held(view, ratio, frame) {
  const { width, height } = layOut(view, ratio, frame);
  const along = (share, size, room) => (size <= room ? 0.5 : Math.min(1 - room / size / 2, Math.max(room / size / 2, share)));
  return { ...view, x: along(view.x, width, frame.width), y: along(view.y, height, frame.height) };
}
