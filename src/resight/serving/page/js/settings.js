// How to search: gallery, re-rankers, results, folder, promise, one search or two.

import { listImages } from "./api.js";
import { $, el } from "./dom.js";
import { choose, galleryOptions } from "./galleries.js";

/** Shows the settings and changes the state by them. */
export function startSettings(app) {
  const { store } = app;
  const onChange = (name, changed) => $(name).addEventListener("change", (event) => changed(event.target.value, event.target));
  const column = (index, change) => store.set({ columns: store.get().columns.map((each, at) => (at === index ? { ...each, ...change } : each)) });
  onChange("#gallery", (gallery) => changeGallery(app, column, gallery));
  onChange("#rerank", (rerank) => column(0, { rerank }));
  onChange("#k", (k) => store.set({ k: Number(k) }));
  onChange("#promise", (promise) => store.set({ promise }));
  onChange("#under", (under) => store.set({ under: under.trim() }));
  onChange("#two", (_value, { checked }) => store.set({ columns: checked ? pair(app) : store.get().columns.slice(0, 1) }));
  $("#settings").addEventListener("submit", (event) => event.preventDefault());
  const seconds = startSecond(app, column);
  const show = () => showSettings(app, seconds);
  store.listen(show);
  app.galleriesChanged = () => {
    show();
    app.redraw();
  };
  listFolders(app);
}

function changeGallery({ store }, column, gallery) {
  column(0, { gallery });
  store.set({ folder: "", under: "" });
}

// The second search begins as the first one, but for the re-ranker.
function pair(app) {
  const [first] = app.store.get().columns;
  const other = rerankersOf(app, first.gallery).find((name) => name !== first.rerank) ?? "";
  return [first, { gallery: first.gallery, rerank: first.rerank ? "" : other }];
}

// Each of two columns has choices of its own above its results.
function startSecond(app, column) {
  return app.columns.map(({ choices }, index) => {
    const select = (name, words) => el("select", { "aria-label": `${words} of search ${index + 1}`, onchange: (event) => column(index, { [name]: event.target.value }) });
    const selects = { gallery: select("gallery", "Gallery"), rerank: select("rerank", "Re-ranking") };
    choices.append(selects.gallery, selects.rerank);
    return selects;
  });
}

function showSettings(app, seconds) {
  const state = app.store.get();
  const [first] = state.columns;
  choose($("#gallery"), galleryOptions(app.galleries), first.gallery);
  choose($("#rerank"), rerankOptions(app, first), first.rerank);
  $("#k").value = String(state.k);
  $("#promise").value = state.promise;
  if (document.activeElement !== $("#under")) $("#under").value = state.under;
  $("#two").checked = state.columns.length === 2;
  $("#welcome-gallery").textContent = first.gallery ? `“${first.gallery}”` : "the gallery";
  const two = state.columns.length === 2;
  $("#columns").toggleAttribute("data-two", two);
  $("#rerank").closest(".field").hidden = two;
  app.columns.forEach((column, index) => {
    column.place.hidden = !state.columns[index];
    column.choices.hidden = !two;
    if (!two) return;
    choose(seconds[index].gallery, galleryOptions(app.galleries), state.columns[index].gallery);
    choose(seconds[index].rerank, rerankOptions(app, state.columns[index]), state.columns[index].rerank);
  });
}

const rerankersOf = (app, name) => (app.galleries.find((each) => each.name === name)?.rerankers ?? []).map((each) => each.name ?? each);

function rerankOptions(app, { gallery, rerank }) {
  const names = rerankersOf(app, gallery);
  if (rerank && !names.includes(rerank)) names.push(rerank); // An address may say it with settings.
  return [el("option", { value: "" }, "None"), ...names.map((name) => el("option", { value: name }, name))];
}

// Folders are offered where one types.
function listFolders({ store }) {
  let shown = null;
  $("#under").addEventListener("focus", async () => {
    const { gallery } = store.get().columns[0];
    if (shown === gallery) return;
    shown = gallery;
    const { folders } = await listImages(gallery, { limit: 1 }).catch(() => ({ folders: [] }));
    $("#under-folders").replaceChildren(...folders.map((folder) => el("option", { value: folder })));
  });
}
