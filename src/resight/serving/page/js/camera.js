// A photo by the camera: a live picture where the browser has one, the phone's own camera otherwise.

import { $ } from "./dom.js";
import { tell } from "./saying.js";
import { takeFile } from "./uploading.js";

const QUALITY = 0.95; // of the JPEG

/** Opens the camera. */
export async function openCamera(app) {
  if (matchMedia("(pointer: coarse)").matches || !navigator.mediaDevices?.getUserMedia) return $("#file-camera").click();
  try {
    const video = { facingMode: "environment", width: { ideal: 1920 }, height: { ideal: 1440 } };
    return await show(app, await navigator.mediaDevices.getUserMedia({ video }));
  } catch (error) {
    const words = error.name === "NotAllowedError" ? "The browser may not use the camera: allow it, or choose a photo." : "No camera was found: choose a photo.";
    return tell(words, { wrong: true, kind: "problem" });
  }
}

async function show(app, stream) {
  const [dialog, picture] = [$("#camera"), $("#camera-picture")];
  const closing = new AbortController();
  const options = { signal: closing.signal };
  dialog.addEventListener("close", () => {
    closing.abort();
    for (const track of stream.getTracks()) track.stop();
    picture.srcObject = null;
  }, options);
  $("#camera-close").addEventListener("click", () => dialog.close(), options);
  $("#camera-take").addEventListener("click", async () => {
    const photo = await still(picture);
    dialog.close();
    takeFile(app, photo, "photo by the camera");
  }, options);
  const take = $("#camera-take");
  take.disabled = true; // Until there is a picture, which some cameras take seconds for.
  picture.addEventListener("loadeddata", () => {
    take.disabled = false;
    take.focus();
  }, options);
  picture.srcObject = stream;
  dialog.showModal();
  await picture.play();
}

function still(picture) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [picture.videoWidth, picture.videoHeight];
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
}
