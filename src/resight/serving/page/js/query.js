// The query at the left: its photo, its name, the box with what came before, turns.

import { pictureOf, readImage, readUpload } from "./api.js";
import { createBox, describe } from "./box.js";
import { turned, whyWhole } from "./box_shapes.js";
import { $ } from "./dom.js";
import { announce, tell, tellProblem, untell } from "./saying.js";
import { baseName } from "./words.js";

const SIZE = 1600; // pixels of the preview, the larger side
const WHY = {
  small: "The box is less than 8 % of the photo: the whole photo is searched for.",
  large: "The box is more than 95 % of the photo: the whole photo is searched for.",
};

/** Shows the query, and changes the state by its buttons. Returns what keys may ask for. */
export function startQuery(app) {
  const { store } = app;
  const past = []; // { box, turn } before each change
  const change = (next) => {
    const { box, turn } = store.get();
    past.push({ box, turn });
    store.set(next);
  };
  const editor = createBox((box) => {
    const why = whyWhole(box);
    if (why) tell(WHY[why], { kind: "box" });
    else untell("box");
    change({ box: why ? null : box });
    if (why) editor.show(null);
    else announce(describe(box));
  });
  const actions = {
    whole() {
      if (!store.get().query || !store.get().box) return false;
      const inside = document.activeElement === $("#box");
      change({ box: null });
      announce("The whole photo.");
      if (inside) $("#draw").focus();
      return true;
    },
    undo() {
      if (!past.length) return false;
      store.set(past.pop());
      announce(store.get().box ? describe(store.get().box) : "The whole photo.");
      return true;
    },
    draw() {
      if (!store.get().box) change({ box: [0.25, 0.25, 0.75, 0.75] });
      editor.focus();
    },
    turn(degrees) {
      const { turn, box } = store.get();
      change({ turn: (turn + degrees) % 360, box: box && turned(box, degrees) });
      announce(`Turned to ${store.get().turn} degrees.`);
    },
    clear() {
      store.set({ query: null, box: null, turn: 0 });
      $("#main").focus();
      announce("The query is cleared.");
    },
  };
  connect(actions);
  store.listen((state, before) => {
    if (state.query?.id !== before.query?.id) past.length = 0;
    show(app, editor, state, before);
  });
  $("#stage-photo").addEventListener("error", () => {
    tell("The preview of the query cannot be loaded: give the photo again.", { wrong: true, kind: "problem" });
  });
  return actions;
}

function connect(actions) {
  const on = (name, action) => $(name).addEventListener("click", action);
  on("#clear", actions.clear);
  on("#draw", actions.draw);
  on("#whole", actions.whole);
  on("#undo-box", actions.undo);
  on("#turn-left", () => actions.turn(270));
  on("#turn-right", () => actions.turn(90));
  on("#larger", () => {
    const larger = $("#searching").toggleAttribute("data-larger");
    $("#larger").setAttribute("aria-pressed", larger);
  });
}

function show(app, editor, state, before) {
  const { query } = state;
  $("#welcome").hidden = Boolean(query);
  $("#searching").hidden = !query;
  if (!query) return;
  const picture = pictureOf(query, SIZE, { turn: state.turn });
  const photo = $("#stage-photo");
  if (photo.src !== picture) photo.src = picture;
  photo.alt = `The query${query.name ? `: ${query.name}` : ""}`;
  $("#query-name").textContent = query.name ? baseName(query.name) : "…";
  $("#query-name").title = query.name;
  $("#whole").disabled = !state.box;
  editor.show(state.box);
  if (!query.width && query.id !== before.query?.id) complete(app, query);
}

// What an address does not say: the name and the size.
async function complete({ store }, query) {
  try {
    const told = query.kind === "upload" ? await readUpload(query.id) : await readImage(query.gallery, query.id);
    const { width, height, path } = told;
    if (store.get().query?.id !== query.id) return;
    store.set({ query: { ...query, width, height, name: query.name || path || "uploaded photo" } });
  } catch (error) {
    tellProblem(error);
    if (store.get().query?.id === query.id) store.set({ query: null, box: null, turn: 0 });
  }
}
