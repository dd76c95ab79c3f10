// Numbers and names as people read them.

const PLAIN = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const count = (number, one, many = `${one}s`) => `${PLAIN.format(number)} ${number === 1 ? one : many}`;
export const whole = (number) => PLAIN.format(number);

/** 1234567 -> "1.2 MB". */
export function bytes(number) {
  if (number < 1e6) return `${Math.max(1, Math.round(number / 1e3))} kB`;
  return number < 1e9 ? `${(number / 1e6).toFixed(number < 1e7 ? 1 : 0)} MB` : `${(number / 1e9).toFixed(1)} GB`;
}

/** 95 -> "1:35". */
export function clock(seconds) {
  const rounded = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(rounded / 3600), Math.floor((rounded % 3600) / 60), rounded % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** The score of a hit: a similarity, or how many points agree. */
export function score(hit) {
  if (hit.self) return "the query itself";
  if (hit.inliers) return count(hit.inliers, "point");
  return hit.score.toFixed(3);
}

/** How likely an unrelated photo comes as high in a search -> short, for a badge; "" where unknown. */
export function promise(hit) {
  const likely = hit.false_positives;
  if (likely === null || likely === undefined || hit.self) return "";
  if (likely >= 0.5) return "by chance";
  const times = 1 / Math.max(likely, 1e-12);
  if (times >= 1e6) return "1 in a million";
  return `1 in ${whole(rounded(times))}`;
}

/** The same as a sentence. */
export function promiseSentence(hit) {
  const short = promise(hit);
  if (!short) return "";
  if (short === "by chance") return "Unrelated photos come this high by chance.";
  return `By chance, an unrelated photo comes this high in ${short} searches.`;
}

function rounded(number) {
  const power = 10 ** Math.max(0, Math.floor(Math.log10(number)) - 1);
  return Math.round(number / power) * power;
}

/** The name of a file without its folders. */
export const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);
