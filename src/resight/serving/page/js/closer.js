// The closer look: the query pinned, one result after the other, side by side or in place.

import { findMatches, originalOf, pictureOf } from "./api.js";
import { $, $$ } from "./dom.js";
import { mark, onMarked, unmark } from "./marking.js";
import { createPanes } from "./panes.js";
import { announce } from "./saying.js";
import { baseName, count, promiseSentence, score } from "./words.js";

const SIZE = 1600; // pixels of a picture, the larger side
const STEP = 60; // pixels that a key moves the photos by

/** Makes ready the closer look; returns `open(answer, hit, from)`. */
export function startCloser(app) {
  const dialog = $("#closer");
  const panes = createPanes();
  const now = { answer: null, at: 0, from: null };
  const hit = () => now.answer.hits[now.at];
  const show = (at) => {
    now.at = at;
    describe(app, now, hit());
    panes.show(pairOf(now.answer, hit()));
    matchesOf(now, hit(), () => panes.show(pairOf(now.answer, hit())));
    const next = now.answer.hits[at + 1];
    if (next) new Image().src = pictureOf({ kind: "image", id: next.id, gallery: now.answer.gallery }, SIZE);
  };
  const act = {
    step(way) {
      const at = now.at + way;
      if (at < 0 || at >= now.answer.hits.length) return announce(way > 0 ? "This was the last result." : "This is the first result.");
      show(at);
      return announce($("#closer-title").textContent);
    },
    async mark(word) {
      if (word === "undo") {
        const back = await unmark();
        const at = now.answer.hits.indexOf(back);
        if (at >= 0) show(at);
      } else if (app.mayMark(now.answer.gallery)) {
        const marked = hit();
        if (marked.mark !== word && !marked.self && now.at + 1 < now.answer.hits.length) act.step(1);
        await mark({ photo: now.answer.query_photo, gallery: now.answer.gallery, hit: marked }, word);
      }
    },
    search() {
      dialog.close();
      app.searchWith(now.answer.gallery, hit());
    },
    mode(word) {
      $(`#mode input[value="${word}"]`).checked = true;
      $("#flip").hidden = word !== "flip";
      $("#lines-choice").hidden = word === "flip";
      panes.flip(false);
      panes.set({ mode: word });
    },
  };
  onMarked((_gallery, marked) => {
    if (dialog.open && marked === hit()) describe(app, now, marked);
  });
  connect(dialog, panes, act);
  dialog.addEventListener("keydown", (event) => byKey(event, panes, act));
  dialog.addEventListener("keyup", (event) => event.key.toLowerCase() === "f" && panes.flip(false));
  dialog.addEventListener("close", () => back(now, hit()));
  return (answer, chosen, from) => {
    Object.assign(now, { answer, from });
    panes.all();
    dialog.showModal();
    act.mode(panes.now().mode);
    show(Math.max(0, answer.hits.indexOf(chosen)));
    $("#closer-next").focus();
  };
}

// The focus goes back to the tile of the result that was seen last.
function back({ from }, hit) {
  const place = from?.closest(".column-body, .group-card, ul");
  const tile = place && $$(".tile", place).find((each) => each.dataset.id === hit.id);
  (tile ?? from)?.querySelector(".open")?.focus();
}

function describe(app, { answer, at }, hit) {
  $("#closer-title").textContent = `${at + 1} of ${answer.hits.length}: ${baseName(hit.path)}`;
  const facts = [hit.path, hit.score === undefined ? hit.why : score(hit), promiseSentence(hit)];
  $("#closer-facts").textContent = facts.filter(Boolean).join(" · ");
  $("#closer-back").disabled = at === 0;
  $("#closer-next").disabled = at === answer.hits.length - 1;
  $("#closer-original").href = originalOf(answer.gallery, hit.id);
  $("#closer-marking").hidden = !answer.query_photo || !app.mayMark(answer.gallery);
  for (const button of $$("#closer-marking [aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.dataset.mark === hit.mark));
    button.disabled = Boolean(hit.self);
  }
}

function pairOf(answer, hit) {
  const photo = answer.query_photo;
  const sideways = (answer.turn ?? 0) % 180 !== 0;
  const { width, height } = answer.query ?? photo;
  const ratio = answer.query ? width / height : sideways ? height / width : width / height;
  return {
    query: { picture: pictureOf(photo, SIZE, { turn: answer.turn ?? 0 }), ratio: ratio || 1, words: `The query: ${photo.name}` },
    hit: { picture: pictureOf({ kind: "image", id: hit.id, gallery: answer.gallery }, SIZE), ratio: hit.width / hit.height, words: `The result: ${hit.path}` },
    region: hit.region ?? null,
    queryRegion: hit.query_region ?? null,
    points: hit.points ?? null,
  };
}

// Lines are asked for where the search has not made them, once for each result.
async function matchesOf(now, hit, drawn) {
  const { answer } = now;
  if (hit.points || hit.asked || hit.self) return;
  hit.asked = true;
  const { k: _k, under: _under, rerank: _rerank, max_false_positives: _most, ...query } = answer.asked;
  try {
    const told = await findMatches(answer.gallery, { ...query, hit: hit.id });
    if (!told.inliers) return;
    Object.assign(hit, { points: told.points, region: told.region, query_region: told.query_region, agree: told.inliers });
    if (now.answer === answer && answer.hits[now.at] === hit) {
      $("#closer-facts").textContent += ` · ${count(told.inliers, "point")} agree`;
      drawn();
    }
  } catch {
    // A gallery without local features has no lines; the photos are there without them.
  }
}

function connect(dialog, panes, act) {
  const on = (name, action) => $(name).addEventListener("click", action);
  on("#closer-close", () => dialog.close());
  on("#closer-back", () => act.step(-1));
  on("#closer-next", () => act.step(1));
  on("#closer-search", act.search);
  on("#zoom-in", () => panes.zoom(1.4));
  on("#zoom-out", () => panes.zoom(1 / 1.4));
  on("#zoom-fit", () => panes.all());
  $("#mode").addEventListener("change", (event) => act.mode(event.target.value));
  $("#with-lines").addEventListener("change", (event) => panes.set({ lines: event.target.checked }));
  for (const button of $$("#closer-marking [data-mark]")) button.addEventListener("click", () => act.mark(button.dataset.mark));
  const flip = $("#flip");
  flip.addEventListener("pointerdown", () => panes.flip(true));
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"]) flip.addEventListener(name, () => panes.flip(false));
  flip.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && panes.flip(true));
  flip.addEventListener("keyup", (event) => [" ", "Enter"].includes(event.key) && panes.flip(false));
}

function byKey(event, panes, act) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const choosing = event.target.matches("input[type=radio]");
  const arrows = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const arrow = arrows[event.key];
  const keys = {
    y: () => act.mark("same"), n: () => act.mark("different"), u: () => act.mark("undo"), s: act.search,
    m: () => act.mode(panes.now().mode === "flip" ? "beside" : "flip"),
    f: () => panes.flip(true),
    "+": () => panes.zoom(1.4), "=": () => panes.zoom(1.4), "-": () => panes.zoom(1 / 1.4), 0: () => panes.all(),
  };
  let action = keys[event.key.toLowerCase()];
  if (arrow && event.shiftKey) action = () => panes.move(arrow[0] * STEP, arrow[1] * STEP);
  else if (arrow && !choosing && arrow[0]) action = () => act.step(-arrow[0]);
  if (!action) return;
  event.preventDefault();
  if (!event.repeat || arrow) action();
}
