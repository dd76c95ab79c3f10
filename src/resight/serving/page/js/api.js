// Asks the service. Addresses are relative, so that the page works below a proxy's prefix.

const BASE = new URL("v1/", document.baseURI);
const WAITS = 40; // times that a busy service is asked again

/** What went wrong, as a sentence for people. */
export class Problem extends Error {
  constructor(sentence, status = 0, wait = 0) {
    super(sentence);
    this.status = status;
    this.wait = wait; // seconds until one may ask again
  }
}

let whenLocked = async () => {
  throw new Problem("This service asks for a token.", 401);
};

/** Says what to do where the service asks for a token; asked again once that is done. */
export function onLocked(enter) {
  whenLocked = enter;
}

const part = encodeURIComponent;

async function ask(path, { method = "GET", json, body, signal, open = false } = {}) {
  const headers = {};
  if (json !== undefined) headers["Content-Type"] = "application/json";
  else if (body) headers["Content-Type"] = body.type.startsWith("image/") ? body.type : "application/octet-stream";
  const answer = await fetched(new URL(path, BASE), {
    method, headers, signal, credentials: "same-origin", body: json === undefined ? body : JSON.stringify(json),
  });
  if (answer.status === 401 && !open) {
    await whenLocked();
    return ask(path, { method, json, body, signal, open });
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer.status === 204 ? null : answer.json();
}

async function fetched(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The service does not answer: see whether it still runs, then try again.");
  }
}

async function problemOf(answer) {
  const wait = Number(answer.headers.get("Retry-After")) || 0;
  let told = {};
  try {
    told = await answer.json();
  } catch {
    // An answer of a proxy is no JSON: its status says enough.
  }
  const sentence = typeof told.detail === "string" ? told.detail : (told.title ?? `The service answered ${answer.status}.`);
  return new Problem(sentence, answer.status, wait);
}

/** Asks, and asks again while the service is busy; `waiting` is told the reason each time. */
export async function askPatiently(asking, waiting, signal) {
  for (let time = 0; ; time += 1) {
    try {
      return await asking();
    } catch (error) {
      if (error.status !== 503 || !error.wait || time >= WAITS) throw error;
      waiting(error.message);
      await pause(Math.min(error.wait, 5) * 1000, signal);
    }
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}

export const listGalleries = () => ask("galleries");
export const openSession = (token) => ask("../session", { method: "POST", json: { token }, open: true });
export const upload = (file, signal) => ask("uploads", { method: "POST", body: file, signal });
export const readUpload = (id) => ask(`uploads/${part(id)}`);
export const readImage = (gallery, id) => ask(`galleries/${part(gallery)}/images/${part(id)}`);
export const search = (gallery, json, signal) => ask(`galleries/${part(gallery)}/search`, { method: "POST", json, signal });
export const findMatches = (gallery, json, signal) => ask(`galleries/${part(gallery)}/matches`, { method: "POST", json, signal });
export const listMarks = (gallery) => ask(`galleries/${part(gallery)}/marks`);
export const setMark = (gallery, json) => ask(`galleries/${part(gallery)}/marks`, { method: "POST", json });
export const listDuplicates = (gallery, level) => ask(`galleries/${part(gallery)}/duplicates?level=${part(level)}`);
export const marksAddress = (gallery) => new URL(`galleries/${part(gallery)}/marks.csv`, BASE).href;
export const originalOf = (gallery, id) => new URL(`galleries/${part(gallery)}/images/${part(id)}/original`, BASE).href;

/** A page of a folder's photos, and the folders in it. */
export function listImages(gallery, { under = "", after = "", limit = 60 } = {}) {
  const wanted = new URLSearchParams({ limit });
  if (under) wanted.set("under", under);
  if (after) wanted.set("after", after);
  return ask(`galleries/${part(gallery)}/images?${wanted}`);
}

/** The address of a picture of a photo, `{ kind, id, gallery }`, at most `size` pixels a side. */
export function pictureOf(photo, size, { turn = 0, box = null } = {}) {
  const home = photo.kind === "upload" ? `uploads/${part(photo.id)}` : `galleries/${part(photo.gallery)}/images/${part(photo.id)}`;
  const kind = box ? "cutout" : photo.kind === "image" && size <= 640 && !turn ? "thumbnail" : "preview";
  const wanted = new URLSearchParams({ size });
  if (turn) wanted.set("turn", turn);
  if (box) wanted.set("box", box.map((share) => share.toFixed(6)).join(","));
  return new URL(`${home}/${kind}?${wanted}`, BASE).href;
}
