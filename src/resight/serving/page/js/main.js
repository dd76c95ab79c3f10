// Starts the page: makes the parts, and gives them to each other.

import { listImages } from "./api.js";
import { startBrowse } from "./browse.js";
import { startCloser } from "./closer.js";
import { $, $$ } from "./dom.js";
import { startDropping } from "./dropping.js";
import { startDuplicates } from "./duplicates.js";
import { startGalleries } from "./galleries.js";
import { keepJustified, roam } from "./grids.js";
import { startKeys } from "./keys.js";
import { startLogin } from "./login.js";
import { startMarksView } from "./marks_view.js";
import { startQuery } from "./query.js";
import { createResults } from "./results.js";
import { tellProblem } from "./saying.js";
import { startSearching } from "./searching.js";
import { startSettings } from "./settings.js";
import { createStore } from "./store.js";
import { startTheme } from "./theme.js";
import { photoTile } from "./tile.js";
import { followAddress, read } from "./url.js";
import { startWays } from "./ways.js";

const app = {
  // The address at once, so that what somebody does before the galleries are known stays; a photo of one comes with them.
  store: createStore({ ...read(location.search, []), query: null }),
  galleries: [],
  limits: {},
  galleriesChanged() {},
  mayMark: (name) => app.galleries.find((each) => each.name === name)?.markable === true,
  redraw: () => app.columns.forEach((column) => column.draw()),
  searchWith(gallery, { id, path, width, height }) {
    app.store.set({ view: "search", query: { kind: "image", id, name: path, width, height, gallery }, box: null, turn: 0 });
    scrollTo({ top: 0 });
    $("#main").focus({ preventScroll: true });
  },
};

start().catch(tellProblem);

async function start() {
  startTheme();
  startLogin();
  app.columns = $$(".column").map((place, index) => createResults(app, place, index));
  const query = startQuery(app);
  startDropping(app);
  startWays(app);
  startKeys(app, query);
  startSettings(app);
  startViews(app);
  startBrowse(app);
  startDuplicates(app);
  startMarksView(app);
  startWelcome(app);
  app.openCloser = startCloser(app);
  startSearching(app, { show: showAnswer, busy: (index, is) => app.columns[index].busy(is) });
  const first = app.store.get();
  await startGalleries(app);
  const early = app.store.get();
  const asked = read(location.search, app.galleries);
  app.store.set({ columns: asked.columns, query: early.query ?? asked.query });
  followAddress(app.store, () => app.galleries);
  if (early !== first) app.store.set({}); // The address says it, too.
}

function showAnswer(index, answer) {
  app.columns[index].show(answer);
  if (app.store.get().columns.length === 2) app.columns[1 - index].draw(); // It says where the other has a photo.
}

// One of four views is seen; links lead to them, and open in new tabs as links do.
function startViews({ store }) {
  for (const link of $$("[data-view]")) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      store.set({ view: link.dataset.view });
    });
  }
  store.listen(({ view, query }) => {
    for (const section of $$("main > section")) section.hidden = section.id !== `view-${view}`;
    for (const link of $$("nav [data-view]")) {
      if (link.dataset.view === view) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const names = { search: query?.name, browse: "Browse", duplicates: "Duplicates", marks: "Marks" };
    document.title = names[view] ? `${names[view]} · Resight` : "Resight";
  });
}

// Some photos of the gallery to begin with.
function startWelcome({ store, searchWith }) {
  let shown = null;
  store.listen(async ({ query, view, columns: [{ gallery }] }) => {
    if (query || view !== "search" || !gallery || shown === gallery) return;
    shown = gallery;
    const page = await listImages(gallery, { limit: 24 }).catch(() => ({ images: [] }));
    const list = $("#welcome-photos");
    $("#welcome-photos-part").hidden = !page.images.length;
    list.replaceChildren(...page.images.map((image) => photoTile(gallery, image, () => searchWith(gallery, image), `Search with ${image.path}`)));
    keepJustified(list);
    roam(list);
  });
}
