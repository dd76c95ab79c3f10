// The marks of a gallery: seen again, taken back, taken away as a file.

import { listMarks, marksAddress, pictureOf, setMark } from "./api.js";
import { $, el } from "./dom.js";
import { marksAnswered, onMarked } from "./marking.js";
import { announce, tellProblem } from "./saying.js";
import { baseName, count } from "./words.js";

const WORDS = { same: "Same", different: "Not the same" };

/** Shows the marks whenever the view is seen. */
export function startMarksView(app) {
  let shown = null;
  const load = async (gallery) => {
    try {
      await marksAnswered();
      const told = await listMarks(gallery);
      show(app, gallery, told, () => load(gallery));
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

function show(app, gallery, { marks, left_out: leftOut = 0 }, again) {
  $("#marks-csv").href = marksAddress(gallery);
  $("#marks-csv").hidden = !marks.length;
  const same = marks.filter((pair) => pair.mark === "same").length;
  $("#marks-count").textContent = marks.length ? `${same} the same, ${marks.length - same} not` : "";
  const missing = leftOut ? ` ${count(leftOut, "pair")} of photos outside that folder ${leftOut === 1 ? "is" : "are"} not in it.` : "";
  $("#marks-where").textContent = `Save it into the gallery's folder of photos, where its paths begin.${missing}`;
  $("#marks").replaceChildren(...marks.map((pair) => card(app, gallery, pair, again)));
  if (!marks.length) {
    $("#marks").append(el("li", { class: "nothing" }, el("strong", {}, "No marks yet"), "Press Y or N on a result: it is kept here."));
  }
}

function card(app, gallery, pair, again) {
  const take = async () => {
    try {
      await setMark(gallery, { query: pair.first, hit: pair.second, mark: null });
      announce("The mark is taken back.");
      again();
    } catch (error) {
      tellProblem(error);
    }
  };
  return el(
    "li", { class: "pair" },
    side(gallery, pair.first, pair.first_path),
    el("div", { class: `verdict ${pair.mark}` }, el("span", {}, WORDS[pair.mark]),
      app.mayMark(gallery) && el("button", { type: "button", class: "text", onclick: take }, "Take back")),
    side(gallery, pair.second, pair.second_path),
  );
}

// A query may be an upload, and that may be forgotten by now.
function side(gallery, id, path) {
  const absent = el("p", { class: "absent" }, "Not in the gallery");
  const kinds = path ? ["image", "upload"] : ["upload", "image"];
  const next = () => {
    const kind = kinds.shift();
    if (kind) picture.src = pictureOf({ kind, id, gallery }, 320);
    else picture.replaceWith(absent);
  };
  const picture = el("img", { alt: path || "an uploaded photo", loading: "lazy", onerror: next });
  next();
  return el("figure", {}, picture, el("figcaption", { class: "name", title: path }, path ? baseName(path) : "uploaded photo"));
}
