// Groups of photos that are copies of each other, or show the same thing.

import { listDuplicates } from "./api.js";
import { $, $$, el } from "./dom.js";
import { keepJustified, roam } from "./grids.js";
import { tellProblem } from "./saying.js";
import { photoTile } from "./tile.js";
import { count, whole } from "./words.js";

const AGAIN = 1500; // milliseconds until the service is asked again how far it is

/** Shows the groups of the gallery whenever the view is seen. */
export function startDuplicates(app) {
  const { store } = app;
  let shown = null;
  const load = async (gallery, level) => {
    const wanted = () => shown === key(store.get()) && store.get().view === "duplicates";
    $("#groups").replaceChildren();
    $("#duplicates-count").textContent = "Comparing the photos …";
    $("#groups").setAttribute("aria-busy", "true");
    try {
      const groups = await whenFound(gallery, level, wanted);
      if (groups && wanted()) show(app, gallery, groups);
      else if (!groups) shown = null; // Another view is seen: asked again when this one is.
    } catch (error) {
      shown = null;
      $("#duplicates-count").textContent = "";
      tellProblem(error);
    } finally {
      $("#groups").removeAttribute("aria-busy");
    }
  };
  $("#level").addEventListener("change", (event) => store.set({ level: event.target.value }));
  store.listen((state) => {
    $(`#level input[value="${state.level}"]`).checked = true;
    if (state.view !== "duplicates" || !state.columns[0].gallery || shown === key(state)) return;
    shown = key(state);
    load(state.columns[0].gallery, state.level);
  });
}

// Groups that are not known yet are looked for by the service, which says how far it is; null: nobody waits any more.
async function whenFound(gallery, level, wanted) {
  for (;;) {
    const { groups, searching } = await listDuplicates(gallery, level);
    if (!searching) return groups;
    if (!wanted()) return null;
    const far = searching.total ? `: ${whole(searching.done)} of ${count(searching.total, "pair")}` : "";
    $("#duplicates-count").textContent = `Comparing the photos${far} …`;
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

const key = (state) => JSON.stringify([state.columns[0].gallery, state.level]);

function show(app, gallery, groups) {
  $("#duplicates-count").textContent = groups.length ? count(groups.length, "group") : "";
  $("#groups").replaceChildren(...groups.map((group, at) => card(app, gallery, group, at + 1)));
  if (!groups.length) $("#groups").append(el("p", { class: "nothing" }, el("strong", {}, "None"), "No two photos of this gallery are alike in this way."));
  for (const list of $$("#groups .grid")) {
    keepJustified(list);
    roam(list);
  }
}

function card(app, gallery, { images, reason }, number) {
  const compare = (photo, tile) => app.openCloser(pairs(gallery, images, photo, reason), photo, tile);
  const tile = (photo) => {
    const made = photoTile(gallery, photo, compare, `Compare ${photo.path}`);
    const more = (photo.paths?.length ?? 1) - 1;
    made.append(
      el("p", { class: "said", "aria-hidden": "true" },
        el("span", { class: "path" }, el("bdi", {}, photo.path)),
        more > 0 && el("span", { class: "elsewhere", title: photo.paths.join("\n") }, `and ${count(more, "more file")}`)),
    );
    return made;
  };
  return el(
    "section", { class: "group-card", "aria-label": `Group ${number}` },
    el("div", { class: "group-head" }, el("h2", {}, count(images.length, "photo")), el("p", { class: "muted" }, reason ?? "")),
    el("ul", { class: "grid", "aria-label": `Photos of group ${number}` }, ...images.map(tile)),
  );
}

// The first photo of a group is what the others are compared with; it is compared with the second.
function pairs(gallery, images, photo, why) {
  const pinned = photo === images[0] ? (images[1] ?? photo) : images[0];
  const hits = images.filter((image) => image !== pinned);
  for (const hit of hits) Object.assign(hit, { why, asked: false, points: null, region: null, query_region: null });
  return {
    gallery, hits, turn: 0, asked: { image: pinned.id },
    query_photo: { kind: "image", id: pinned.id, gallery, name: pinned.path, width: pinned.width, height: pinned.height },
  };
}
