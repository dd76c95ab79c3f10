// Searches whenever what is asked has changed. Results that are there stay until the new ones have come.

import { askPatiently, pictureOf, search } from "./api.js";
import { searchedPart } from "./box_shapes.js";
import { $ } from "./dom.js";
import { marksAnswered } from "./marking.js";
import { announce, tell, tellProblem, untell } from "./saying.js";
import { count } from "./words.js";

/** The body of a search, or null where there is nothing to search for. */
export function bodyOf(state, column) {
  const { query } = state;
  if (!query || !column.gallery) return null;
  const body = { [query.kind]: query.id, box: searchedPart(state.box), turn: state.turn, k: state.k };
  if (query.kind === "image" && query.gallery !== column.gallery) body.image_gallery = query.gallery;
  if (state.under) body.under = state.under;
  if (column.rerank) body.rerank = column.rerank.split(" ");
  if (state.promise) body.max_false_positives = Number(state.promise);
  return body;
}

/** Searches in both columns; `show(index, answer)` is told of answers and `busy(index, is)` of work. */
export function startSearching(app, { show, busy }) {
  const columns = [0, 1].map(() => ({ key: null, running: null }));
  const follow = (state) => {
    columns.forEach((column, index) => {
      const asked = state.columns[index];
      const body = asked ? bodyOf(state, asked) : null;
      const key = body && JSON.stringify([asked.gallery, body]);
      if (key === column.key) return;
      column.key = key;
      column.running?.abort();
      column.running = null;
      if (body) run(column, index, asked.gallery, body, state);
      else {
        busy(index, false);
        show(index, null);
      }
    });
  };
  const run = async (column, index, gallery, body, state) => {
    const running = new AbortController();
    column.running = running;
    busy(index, true);
    try {
      const wait = (why) => tell(`${why} The search begins by itself.`, { kind: "waiting" });
      const began = performance.now();
      await marksAnswered(); // hits come with their marks
      const answer = await askPatiently(() => search(gallery, body, running.signal), wait, running.signal);
      untell("waiting");
      untell("search");
      show(index, { ...answer, gallery, query_photo: state.query, turn: state.turn, asked: body, seconds: (performance.now() - began) / 1000 });
      if (index === 0) tellSearched(app, body);
      announce(`${count(answer.hits.length, "photo")} found.`, { answers: true });
    } catch (error) {
      tellProblem(error, "search");
      if (error.name !== "AbortError") column.key = null; // The same search may be tried again.
    } finally {
      if (column.running === running) busy(index, false);
    }
  };
  app.store.listen(follow);
}

// The part that was searched for, cut out by the service.
function tellSearched({ store }, body) {
  const { query, turn } = store.get();
  $("#searched").hidden = !body.box;
  if (!body.box || !query) return;
  $("#cutout").src = pictureOf(query, 200, { turn, box: body.box });
  $("#searched-words").textContent = "Searched for: the box, with a margin of 4 %.";
}
