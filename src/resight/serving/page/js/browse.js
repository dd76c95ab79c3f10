// The photos of the gallery by folders; a photo that is chosen is the query.

import { listImages } from "./api.js";
import { $, el, icon } from "./dom.js";
import { keepJustified, roam } from "./grids.js";
import { tellProblem } from "./saying.js";
import { photoTile } from "./tile.js";
import { baseName, count } from "./words.js";

/** Shows the folder of the state whenever the browse view is seen. */
export function startBrowse(app) {
  const { store } = app;
  let shown = null; // gallery and folder that stand there
  let next = null;
  const load = async (gallery, folder, after) => {
    try {
      const page = await listImages(gallery, { under: folder, after });
      if (shown !== key(store.get())) return;
      if (!after) begin(app, folder, page);
      append(app, gallery, page.images);
      next = page.next;
      $("#browse-more").hidden = !next;
    } catch (error) {
      shown = null;
      tellProblem(error);
    }
  };
  $("#browse-more").addEventListener("click", () => {
    const { columns, folder } = store.get();
    load(columns[0].gallery, folder, next);
  });
  store.listen((state) => {
    if (state.view !== "browse" || !state.columns[0].gallery || shown === key(state)) return;
    shown = key(state);
    load(state.columns[0].gallery, state.folder, "");
  });
}

const key = (state) => JSON.stringify([state.columns[0].gallery, state.folder]);

function begin(app, folder, page) {
  const go = (path) => app.store.set({ folder: path });
  const names = folder ? folder.split("/") : [];
  const crumb = (words, path, last) =>
    el("li", {}, last ? el("span", { "aria-current": "page" }, words) : el("button", { type: "button", class: "text", onclick: () => go(path) }, words));
  const crumbs = names.map((name, at) => crumb(name, names.slice(0, at + 1).join("/"), at === names.length - 1));
  $("#crumbs").replaceChildren(el("ol", {}, crumb("All folders", "", !names.length), ...crumbs));
  $("#browse-count").textContent = count(page.total, "photo");
  $("#folders").replaceChildren(
    ...page.folders.map((path) => el("li", {}, el("button", { type: "button", onclick: () => go(path) }, icon("folder"), el("span", {}, baseName(path))))),
  );
  $("#browse-photos").replaceChildren();
}

function append(app, gallery, images) {
  const list = $("#browse-photos");
  const from = list.children.length;
  list.append(...images.map((image) => photoTile(gallery, image, () => app.searchWith(gallery, image), `Search with ${image.path}`)));
  keepJustified(list);
  roam(list);
  if (from) list.children[from]?.querySelector(".open").focus();
}
