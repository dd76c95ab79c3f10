// The projective map between four points and four others, and the same as CSS.

/** Coefficients [a, b, c, d, e, f, g, h] of the map from four points to four; null where three are on a line. */
export function homography(from, to) {
  const rows = [];
  from.forEach(([x, y], index) => {
    const [u, v] = to[index];
    rows.push([x, y, 1, 0, 0, 0, -x * u, -y * u, u], [0, 0, 0, x, y, 1, -x * v, -y * v, v]);
  });
  return solve(rows);
}

/** The map as a `matrix3d(...)` of CSS. */
export function asMatrix([a, b, c, d, e, f, g, h]) {
  return `matrix3d(${[a, d, 0, g, b, e, 0, h, 0, 0, 1, 0, c, f, 0, 1].join(",")})`;
}

// Gauss and Jordan, with the largest pivot.
function solve(rows) {
  const size = rows.length;
  for (let at = 0; at < size; at += 1) {
    let best = at;
    for (let row = at; row < size; row += 1) if (Math.abs(rows[row][at]) > Math.abs(rows[best][at])) best = row;
    if (Math.abs(rows[best][at]) < 1e-9) return null;
    [rows[at], rows[best]] = [rows[best], rows[at]];
    for (let row = 0; row < size; row += 1) {
      if (row === at) continue;
      const factor = rows[row][at] / rows[at][at];
      for (let column = at; column <= size; column += 1) rows[row][column] -= factor * rows[at][column];
    }
  }
  return rows.map((row, at) => row[size] / row[at]);
}
