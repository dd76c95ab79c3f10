// The token of a service that asks for one: it goes to the service once, which answers with a cookie.

import { onLocked, openSession } from "./api.js";
import { $ } from "./dom.js";

let asking = null;

/** Asks for the token whenever the service wants one. */
export function startLogin() {
  $("#login").addEventListener("cancel", (event) => event.preventDefault());
  onLocked(() => {
    asking ??= enter().finally(() => {
      asking = null;
    });
    return asking;
  });
}

function enter() {
  const [dialog, form, token, wrong] = ["#login", "#login-form", "#token", "#login-wrong"].map((name) => $(name));
  wrong.textContent = "";
  dialog.showModal();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        await openSession(token.value);
        token.value = "";
        dialog.close();
        resolve();
      } catch (error) {
        wrong.textContent = error.message;
        token.select();
      }
    };
  });
}
