// The whole window takes photos: dropped anywhere, or pasted.

import { $ } from "./dom.js";
import { tell } from "./saying.js";
import { takeFile } from "./uploading.js";

/** Listens to drops and pastes of the whole window. */
export function startDropping(app) {
  let depth = 0; // dragenter and dragleave of all elements below the pointer
  const show = (visible) => {
    $("#dropping").hidden = !visible;
  };
  addEventListener("dragenter", (event) => {
    event.preventDefault();
    depth += 1;
    show(true);
  });
  addEventListener("dragover", (event) => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) show(false);
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    show(false);
    takeDropped(app, event.dataTransfer);
  });
  addEventListener("paste", (event) => {
    const [file] = event.clipboardData?.files ?? [];
    if (!file) return sayNothingPasted(event);
    event.preventDefault();
    takeFile(app, file, pastedName(file));
  });
}

/** Takes the photo of a drop; a folder, several files or an address of another page are told in a sentence. */
function takeDropped(app, transfer) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.());
  const folder = entries.find((entry) => entry?.isDirectory);
  if (folder) {
    return refuse(
      `“${folder.name}” is a folder: drop one photo of it. To search in a folder, make a gallery of it with “resight index”.`,
    );
  }
  const [file, ...others] = transfer.files;
  if (!file) return refuse("That is no file: save the picture first, then drop it here.");
  if (others.length) tell(`One photo at a time: “${file.name}” was taken, the other ${others.length} were not.`, { kind: "drop" });
  return takeFile(app, file);
}

function refuse(sentence) {
  tell(sentence, { wrong: true, kind: "problem" });
}

function sayNothingPasted(event) {
  if (event.target.closest?.("input, textarea, select")) return;
  tell("The clipboard has no picture: copy a picture itself, not its address.", { kind: "paste" });
}

const pastedName = (file) => (/^image\.\w+$/.test(file.name) || !file.name ? "pasted picture" : file.name);

/** What the button “Paste” does, where a browser lets pages read the clipboard. */
export async function takeClipboard(app) {
  try {
    for (const item of await navigator.clipboard.read()) {
      const kind = item.types.find((type) => type.startsWith("image/"));
      if (kind) return takeFile(app, await item.getType(kind), "pasted picture");
    }
    return tell("The clipboard has no picture: copy a picture itself, not its address.", { kind: "paste" });
  } catch {
    return tell("This browser does not let the page read the clipboard: press Ctrl+V instead.", { kind: "paste" });
  }
}
