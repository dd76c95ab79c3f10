// Sentences for people: messages that can be read and closed, and a live region for screen readers.

import { $, $$, el, icon } from "./dom.js";

const STAYS = 7000; // milliseconds of a message that nothing went wrong
const TOGETHER = 3000; // milliseconds in which an answer stands behind what it answers

let last = { sentence: "", at: -Infinity };

/** Tells screen readers, and shows nothing; an answer does not take the place of what has just been said. */
export function announce(sentence, { answers = false } = {}) {
  const now = performance.now();
  const joins = answers && now - last.at < TOGETHER;
  last = { sentence: joins ? `${last.sentence} ${sentence}` : sentence, at: answers ? last.at : now };
  const live = $("#live");
  live.textContent = "";
  setTimeout(() => {
    live.textContent = last.sentence;
  }, 40);
}

/** Shows a message; one of the same kind replaces the one before. */
export function tell(sentence, { wrong = false, kind = sentence } = {}) {
  const place = $("dialog.closer[open] .notices") ?? $("#notices");
  for (const old of $$(".notice")) if (old.dataset.kind === kind) old.remove();
  const note = el(
    "div", { class: wrong ? "notice wrong" : "notice", role: wrong ? "alert" : "status", "data-kind": kind },
    el("p", {}, sentence),
    el("button", { class: "quiet", type: "button", onclick: () => note.remove() },
      icon("cross"), el("span", { class: "visually-hidden" }, "Close this message")),
  );
  place.append(note);
  if (!wrong) setTimeout(() => note.remove(), STAYS);
  return note;
}

/** Shows what went wrong as a sentence; a search that a newer one replaced is nothing wrong. */
export function tellProblem(error, kind = "problem") {
  if (error?.name === "AbortError") return;
  if (!error?.status && error?.name !== "Error") console.error(error);
  tell(error?.message || String(error), { wrong: true, kind });
}

/** Takes a message away. */
export function untell(kind) {
  for (const old of $$(".notice")) if (old.dataset.kind === kind) old.remove();
}
