// The marks of a gallery: seen again, taken back, taken away as a file.

import { listMarks, marksAddress, pictureOf, setMark } from "./api.js";
import { $, el } from "./dom.js";
import { onMarked } from "./marking.js";
import { announce, tellProblem } from "./saying.js";
import { baseName, count } from "./words.js";

const WORDS = { same: "Same", different: "Not the same" };

/** Shows the marks whenever the view is seen. */
export function startMarksView(app) {
  let shown = null;
  const load = async (gallery) => {
    try {
      const { marks } = await listMarks(gallery);
      show(app, gallery, marks, () => load(gallery));
    } catch (error) {
      shown = null;
      tellProblem(error);
    }
  };
  onMarked(() => {
    shown = null;
  });
  app.store.listen(({ view, columns: [{ gallery }] }) => {
    if (view !== "marks") shown = null;
    if (view !== "marks" || !gallery || shown === gallery) return;
    shown = gallery;
    load(gallery);
  });
}

function show(app, gallery, marks, again) {
  $("#marks-csv").href = marksAddress(gallery);
  $("#marks-csv").hidden = !marks.length;
  const same = marks.filter((pair) => pair.mark === "same").length;
  $("#marks-count").textContent = marks.length ? `${same} the same, ${marks.length - same} not` : "";
  $("#marks").replaceChildren(...marks.map((pair) => card(app, gallery, pair, again)));
  if (!marks.length) {
    $("#marks").append(el("li", { class: "nothing" }, el("strong", {}, "No marks yet"), "Press Y or N on a result: it is kept here."));
  }
}

function card(app, gallery, pair, again) {
  const take = async () => {
    try {
      await setMark(gallery, { query: idOf(pair.first), hit: idOf(pair.second), mark: null });
      announce("The mark is taken back.");
      again();
    } catch (error) {
      tellProblem(error);
    }
  };
  return el(
    "li", { class: "pair" },
    side(gallery, pair.first),
    el("div", { class: `verdict ${pair.mark}` }, el("span", {}, WORDS[pair.mark]),
      app.mayMark(gallery) && el("button", { type: "button", class: "text", onclick: take }, "Take back")),
    side(gallery, pair.second),
  );
}

const idOf = (photo) => (typeof photo === "string" ? photo : photo.id);

function side(gallery, photo) {
  const id = idOf(photo);
  const name = photo.path ?? "";
  const kind = photo.kind ?? "image";
  const absent = el("p", { class: "absent" }, "Not in the gallery");
  const picture = el("img", { src: pictureOf({ kind, id, gallery }, 320), alt: name || "a marked photo", loading: "lazy", onerror: () => picture.replaceWith(absent) });
  return el("figure", {}, picture, el("figcaption", { class: "name", title: name }, name ? baseName(name) : id.slice(0, 12)));
}
