// Entry point: asks the server for its capabilities, then sets up the form and the story list.

import { callApi, connect } from "./api.js";
import { setCapabilities } from "./choices.js";
import * as composer from "./composer.js";
import { showConnection } from "./connection.js";
import { findDone, findRunning } from "./entries.js";
import * as library from "./library.js";
import { stopPreview } from "./preview.js";
import { hashText } from "./storage.js";
import * as token from "./token.js";
import { $, isBusy, keepFocus, setBusy, showError } from "./ui.js";

async function loadCapabilities() {
  try {
    return await callApi("GET", "/capabilities", { retries: 2 });
  } catch (error) {
    showError("form-error", `The server reported an error: ${error.message} Trying again automatically.`);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    return loadCapabilities();
  }
}

$("#compose").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isBusy($("#narrate"))) return;
  showError("form-error", "");
  stopPreview();
  const request = composer.buildRequest();
  if (!request) return;
  const fingerprint = hashText(JSON.stringify(request));
  const running = findRunning(fingerprint);
  if (running) {
    showError("form-error", "This story is already being narrated; see below.");
    return library.highlight(running);
  }
  const done = findDone(fingerprint);
  if (done) {
    library.highlight(done);
    return library.replay(done);
  }
  setBusy($("#narrate"), true);
  try {
    await library.addStory(request, fingerprint);
  } finally {
    setBusy($("#narrate"), false);
  }
});

// Enter in a field ends its change; only the button narrates.
$("#compose").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input[type=text]")) return;
  event.preventDefault();
  event.target.dispatchEvent(new Event("change", { bubbles: true }));
});

// Without a connection, a module is loaded when it is back.
async function startLater(load) {
  const loaded = await load().catch(() => null);
  if (loaded) return loaded.init();
  addEventListener("online", () => startLater(load), { once: true });
}

keepFocus();
await composer.loadDraft();
const base = await connect({ promptToken: token.promptToken, showConnection });
$("#docs").href = `${base}/docs`;
const capabilities = await loadCapabilities();
showError("form-error", "");
setCapabilities(capabilities);
token.init(capabilities.auth === "token");
library.init();
await composer.init();
for (const field of document.querySelectorAll(".feed-only")) field.hidden = !capabilities.feeds;
$("#project").hidden = !capabilities.limits.project_bytes;
$("#characters").addEventListener("toggle", () => import("./characters.js"), { once: true });
document.documentElement.dataset.ready = "true";
// What is not needed at once is loaded when the page can be used.
startLater(() => import("./edit.js"));
if (capabilities.limits.project_bytes) startLater(() => import("./projects.js"));
if (capabilities.feeds) startLater(() => import("./feeds.js"));
