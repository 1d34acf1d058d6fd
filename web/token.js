// Asks for the API's token: once, for as long as the tab is open.

import { hasToken, renewToken, whenToken } from "./api.js";
import { $, showError } from "./words.js";

// Where a token is wanted and none is there, a button asks for it again.
export function begin(isWanted) {
  const show = () => ($("#key").hidden = !isWanted || hasToken());
  $("#key").addEventListener("click", () => renewToken());
  whenToken(show);
  show();
}

// Resolves to what was given, or to null.
export function askToken(why) {
  const dialog = $("#ask");
  const field = $("#token");
  field.value = "";
  showError("token-error", why, field);
  dialog.showModal();
  return new Promise((done) => {
    const end = (token) => {
      dialog.removeEventListener("submit", submitted);
      dialog.removeEventListener("cancel", dismissed);
      dialog.close();
      done(token);
    };
    const dismissed = (event) => (event.preventDefault(), end(null));
    const submitted = (event) => {
      event.preventDefault();
      if (event.submitter?.value === "cancel") return end(null);
      const token = field.value.trim();
      if (!token) return showError("token-error", "Paste the token that you were given.", field);
      end(token);
    };
    dialog.addEventListener("submit", submitted);
    dialog.addEventListener("cancel", dismissed);
  });
}
