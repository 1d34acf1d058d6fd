// Where the page begins: asks the server what it can do, then shows the form and the stories.

import { ask, connect } from "./api.js";
import * as composer from "./composer.js";
import * as shelf from "./shelf.js";
import { $, announce, showError } from "./words.js";

// A server without /capabilities speaks and mixes all the same.
const PLAIN = {
  auth: "none",
  stories: false,
  presets: ["story", "podcast", "audiobook-acx", "broadcast"],
  formats: ["mp3"],
  text_types: ["text", "markdown"],
  options: {
    music_level_lu: { default: 20, minimum: 6, maximum: 40 },
    duck_db: { default: 8, minimum: 0, maximum: 24 },
    rate: { default: 100, minimum: 50, maximum: 200 },
  },
  limits: { synthesize_chars: 100_000, body_bytes: 5_500_000, upload_bytes: 0 },
  music_types: [],
  source_types: [],
};

let isConnected = true;
let isTelling = false;

function tellConnection(isThere, error) {
  if (isThere === isConnected) return;
  isConnected = isThere;
  const why = error?.code === "slow" ? "The server takes very long to answer." : "The server cannot be reached.";
  $("#connection").hidden = isThere;
  $("#connection").textContent = isThere ? "" : `${why} Your text is safe here; everything goes on as soon as it is back.`;
  if (isThere) announce("The connection is back.");
}

function askToken(why) {
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

async function capabilities() {
  try {
    return await ask("GET", "/capabilities", { patient: 2 });
  } catch (error) {
    if (error.status === 404 || error.status === 405) return PLAIN;
    showError("form-error", `The server is unwell: ${error.message} The page tries again by itself.`);
    await new Promise((wait) => setTimeout(wait, 5_000));
    return capabilities();
  }
}

$("#compose").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (isTelling) return;
  showError("form-error", "");
  composer.stopSample();
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
  await shelf.tell(order.text, order.body, order.title, fingerprint);
  isTelling = false;
  $("#tell").removeAttribute("aria-disabled");
});

async function digest(words) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(words)));
  return Array.from(bytes.slice(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

await composer.loadDraft();
const base = await connect({ askToken, tellConnection });
$("#docs").href = `${base}/docs`;
const known = await capabilities();
showError("form-error", "");
shelf.begin(known, composer.place);
await composer.begin(known);
document.documentElement.dataset.ready = "true";
