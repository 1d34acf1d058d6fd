// Prompts for the API token, which is kept until the tab is closed.

import { hasToken, onToken, requestToken } from "./api.js";
import { $, showError } from "./ui.js";

// Shows a button that prompts again while a required token is missing.
export function init(isRequired) {
  const updateButton = () => ($("#enter-token").hidden = !isRequired || hasToken());
  $("#enter-token").addEventListener("click", () => requestToken());
  onToken(updateButton);
  updateButton();
}

// Resolves to the token, or to null if the user cancels.
export function promptToken(message) {
  const dialog = $("#token-dialog");
  const field = $("#token");
  field.value = "";
  showError("token-error", message, field);
  dialog.showModal();
  return new Promise((resolve) => {
    const close = (token) => {
      dialog.removeEventListener("submit", onSubmit);
      dialog.removeEventListener("cancel", onCancel);
      dialog.close();
      if (!token) $("#enter-token").hidden = false;
      resolve(token);
    };
    const onCancel = (event) => (event.preventDefault(), close(null));
    const onSubmit = (event) => {
      event.preventDefault();
      if (event.submitter?.value === "cancel") return close(null);
      const token = field.value.trim();
      if (!token) return showError("token-error", "Paste the token that you were given.", field);
      close(token);
    };
    dialog.addEventListener("submit", onSubmit);
    dialog.addEventListener("cancel", onCancel);
  });
}
