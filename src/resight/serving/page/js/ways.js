// The buttons by which a photo is given: from a file, from the clipboard, from the camera.

import { openCamera } from "./camera.js";
import { $, el, icon } from "./dom.js";
import { takeClipboard } from "./dropping.js";
import { takeFile } from "./uploading.js";

/** Puts the buttons on the welcome and below the query. */
export function startWays(app) {
  $("#ways-here").append(ways(app, "Choose a photo", "main"));
  $("#ways-again").append(ways(app, "Choose", null));
  for (const input of [$("#file"), $("#file-camera")]) {
    input.addEventListener("change", () => {
      if (input.files[0]) takeFile(app, input.files[0]);
      input.value = ""; // The same file may be chosen again.
    });
  }
}

function ways(app, choose, look) {
  const button = (words, picture, onclick, kind) => el("button", { type: "button", class: kind, onclick }, icon(picture), el("span", {}, words));
  return el(
    "div", { class: "ways" },
    button(choose, "photo", () => $("#file").click(), look),
    navigator.clipboard?.read && button("Paste", "paste", () => takeClipboard(app), null),
    button("Camera", "camera", () => openCamera(app), null),
  );
}
