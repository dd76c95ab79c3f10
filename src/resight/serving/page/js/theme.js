// Light, dark, or as the system; kept in this browser.

import { $ } from "./dom.js";
import { announce } from "./saying.js";

const NAMES = { auto: "as the system", light: "light", dark: "dark" };
const ORDER = ["auto", "light", "dark"];

/** Shows the colours that were chosen before, and lets the button go through them. */
export function startTheme() {
  const button = $("#theme");
  let now = ORDER.includes(kept()) ? kept() : "auto";
  const show = () => {
    if (now === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = now;
    $("span", button).textContent = `Colours: ${NAMES[now]}`;
    button.title = `Colours: ${NAMES[now]}`;
  };
  button.addEventListener("click", () => {
    now = ORDER[(ORDER.indexOf(now) + 1) % ORDER.length];
    keep(now);
    show();
    announce(`Colours: ${NAMES[now]}`);
  });
  show();
}

function kept() {
  try {
    return localStorage.getItem("resight-colours");
  } catch {
    return null; // A browser may keep nothing.
  }
}

function keep(value) {
  try {
    localStorage.setItem("resight-colours", value);
  } catch {
    // Then the choice lasts as long as the page.
  }
}
