// Where the page begins: asks the server what it can do, then shows the form and the stories.

import { ask, connect } from "./api.js";
import { know } from "./choices.js";
import * as composer from "./composer.js";
import { tellConnection } from "./connection.js";
import { stop as stopSample } from "./preview.js";
import * as shelf from "./shelf.js";
import * as token from "./token.js";
import { $, showError } from "./words.js";

let isTelling = false;

async function capabilities() {
  try {
    return await ask("GET", "/capabilities", { patient: 2 });
  } catch (error) {
    showError("form-error", `The server is unwell: ${error.message} The page tries again by itself.`);
    await new Promise((wait) => setTimeout(wait, 5_000));
    return capabilities();
  }
}

$("#compose").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isTelling) return;
  showError("form-error", "");
  stopSample();
  const order = composer.order();
  if (!order) return;
  const fingerprint = await digest(JSON.stringify(order));
  const same = shelf.running(fingerprint);
  if (same) {
    showError("form-error", "This story is being told already; see below.");
    return shelf.point(same);
  }
  isTelling = true;
  $("#tell").setAttribute("aria-disabled", "true");
  try {
    await shelf.tell(order.text, order.body, order.title, fingerprint);
  } finally {
    isTelling = false;
    $("#tell").removeAttribute("aria-disabled");
  }
});

async function digest(words) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(words)));
  return Array.from(bytes.slice(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

await composer.loadDraft();
const base = await connect({ askToken: token.askToken, tellConnection });
$("#docs").href = `${base}/docs`;
const known = await capabilities();
showError("form-error", "");
know(known);
token.begin(known.auth === "token");
shelf.begin();
await composer.begin();
document.documentElement.dataset.ready = "true";
