// A file becomes the query: its size is checked, it is uploaded, and the service says what it is.

import { askPatiently, Problem, upload } from "./api.js";
import { announce, tell, tellProblem, untell } from "./saying.js";
import { bytes } from "./words.js";

let running = null;

/** Uploads a file and makes it the query; a problem is a sentence, and the page stays as it was. */
export async function takeFile(app, file, name = file.name) {
  running?.abort();
  running = new AbortController();
  const { signal } = running;
  try {
    checkSize(file, name, app.limits.upload_bytes);
    tell(`Reading “${name}” …`, { kind: "upload" });
    const sending = () => upload(file, signal);
    const told = await askPatiently(sending, (why) => tell(why, { kind: "upload" }), signal);
    untell("upload");
    untell("problem");
    const query = { kind: "upload", id: told.id, name, width: told.width, height: told.height, gallery: null };
    app.store.set({ view: "search", query, box: null, turn: 0 });
    announce(`“${name}” is the query.`);
  } catch (error) {
    if (error.name !== "AbortError") untell("upload");
    tellProblem(named(error, name));
  }
}

function checkSize(file, name, most) {
  if (!file.size) throw new Problem(`“${name}” is empty: choose another photo.`, 422);
  if (most && file.size > most) {
    throw new Problem(`“${name}” has ${bytes(file.size)}, and this service takes ${bytes(most)} at most: make it smaller first.`, 413);
  }
}

// Which file it was belongs into the sentence.
function named(error, name) {
  if (!error.status || error.message.includes(name)) return error;
  return new Problem(`“${name}”: ${error.message}`, error.status);
}
