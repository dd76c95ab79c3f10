// Pictures in rows of one width: each row is as high as fits, and about as high as wished.

/** Ratios (width / height) -> sizes; a last row that is not full keeps the wished height. */
export function justify(ratios, width, height, gap) {
  const sizes = [];
  let row = [];
  let sum = 0;
  const close = (high) => {
    for (const ratio of row) sizes.push({ width: Math.floor(ratio * high * 100) / 100, height: Math.round(high) });
    row = [];
    sum = 0;
  };
  for (const ratio of ratios.map(tame)) {
    row.push(ratio);
    sum += ratio;
    const room = width - gap * (row.length - 1);
    if (sum * height >= room) close(room / sum - 0.01);
  }
  close(Math.min(height, row.length ? (width - gap * (row.length - 1)) / sum : height));
  return sizes;
}

// A panorama or a strip would be too narrow to see, or too wide for a row.
function tame(ratio) {
  return Number.isFinite(ratio) && ratio > 0 ? Math.min(Math.max(ratio, 0.5), 2.6) : 1;
}
