// Marks: the user says that a result shows the same thing, or another one; the service keeps it by content.

import { setMark } from "./api.js";
import { announce, tellProblem } from "./saying.js";
import { baseName } from "./words.js";

const WORDS = { same: "the same", different: "not the same" };
const past = []; // { photo, gallery, hit, before }
const listeners = new Set();
let turn = Promise.resolve();

/** Tells of each mark that is made or taken back: `(gallery, hit)`; the hit has its mark by then. */
export const onMarked = (listener) => listeners.add(listener);

/** Marks a hit for a query photo; the mark that it has already is taken back. Says whether that was done. */
export async function mark({ photo, gallery, hit }, word) {
  if (hit.self) {
    announce("This is the query itself.");
    return false;
  }
  const made = { photo, gallery, hit, before: hit.mark ?? null };
  past.push(made); // before the service answers: who takes it back may be faster
  if (await put(made, word === made.before ? null : word)) return true;
  past.splice(past.indexOf(made), 1);
  return false;
}

/** Takes the last mark back; gives its hit, or null where there is none. */
export async function unmark() {
  const last = past.pop();
  if (!last) {
    announce("There is no mark to take back.");
    return null;
  }
  if (await put(last, last.before)) return last.hit;
  past.push(last);
  return null;
}

/** Waits until the service has answered to all marks: what it tells then has them. */
export const marksAnswered = () => turn;

// One request after the other: a mark that is taken back must not arrive before itself.
function inTurn(ask) {
  const answer = turn.then(ask);
  turn = answer.catch(() => {});
  return answer;
}

async function put({ photo, gallery, hit }, word) {
  const before = hit.mark;
  hit.mark = word;
  for (const listener of listeners) listener(gallery, hit);
  try {
    await inTurn(() => setMark(gallery, { query: photo.id, hit: hit.id, mark: word }));
  } catch (error) {
    hit.mark = before;
    for (const listener of listeners) listener(gallery, hit);
    tellProblem(error);
    return false;
  }
  announce(`${baseName(hit.path)}: ${word ? `marked as ${WORDS[word]}` : "no mark"}.`);
  return true;
}
