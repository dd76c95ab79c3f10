// What galleries there are, and how far they are: asked at the start, and again now and then.

import { listGalleries } from "./api.js";
import { $, el } from "./dom.js";
import { clock, count, whole } from "./words.js";

const CALM = 15000; // milliseconds between two looks
const WATCHING = 1500; // while something is being indexed or loaded

/** Reads the galleries into `app`; shows progress from then on. */
export async function startGalleries(app) {
  await look(app);
  const again = async () => {
    try {
      if (!document.hidden) await look(app);
    } catch {
      // Whoever asks the service next is told that it does not answer.
    }
    setTimeout(again, isBusy(app.galleries) ? WATCHING : CALM);
  };
  setTimeout(again, isBusy(app.galleries) ? WATCHING : CALM);
}

async function look(app) {
  const told = await listGalleries();
  const before = JSON.stringify(app.galleries);
  app.galleries = told.galleries;
  app.limits = told.limits ?? {};
  if (before !== JSON.stringify(app.galleries)) {
    showProgress(app.galleries);
    app.galleriesChanged();
  }
}

const isBusy = (galleries) => galleries.some((each) => each.indexing || each.describer === "loading");

function showProgress(galleries) {
  const indexing = galleries.find((each) => each.indexing);
  const loading = galleries.find((each) => each.describer === "loading");
  const failed = galleries.find((each) => each.describer === "failed");
  const words = indexing
    ? progress(indexing)
    : loading
      ? "The network is being loaded: photos of the gallery can be searched with already."
      : failed
        ? `New photos cannot be described for “${failed.name}”: searching with its own photos works.`
        : "";
  $("#strip").hidden = !words;
  $("#strip-words").textContent = words;
  const bar = $("#strip-progress");
  bar.hidden = !indexing?.indexing.total;
  if (indexing) {
    bar.max = indexing.indexing.total || 1;
    bar.value = indexing.indexing.done;
  }
}

function progress({ name, indexing: { done, total, rate, left_s: left } }) {
  const speed = rate ? `, ${rate < 10 ? rate.toFixed(1) : whole(rate)} a second` : "";
  const rest = left || left === 0 ? `, ${clock(left)} left` : "";
  return `Indexing “${name}”: ${whole(done)} of ${total ? whole(total) : "…"}${speed}${rest}`;
}

/** The options of a choice of galleries. */
export function galleryOptions(galleries) {
  return galleries.map((each) => el("option", { value: each.name }, `${each.name} · ${each.recipe}, ${count(each.images, "photo")}`));
}

/** Replaces the options of a choice where they have changed, and chooses. */
export function choose(select, options, value) {
  const text = (some) => some.map((option) => `${option.value}\n${option.textContent}`).join("\n");
  if (text([...select.options]) !== text(options)) select.replaceChildren(...options);
  select.value = value;
}
