// Shows API errors in plain words, next to the field that caused them.

import { $, showError } from "./ui.js";

const PLACES = {
  voice: ["voice", "engine", "language"],
  music: ["music"],
  sound: ["music_level_lu", "duck_db", "pauses", "rate", "preset", "format", "bitrate_kbps", "outputs"],
  text: ["text", "text_type", "source", "body"],
};

// The API's message without the field name that precedes it.
export function formatError(error) {
  const message = String(error.message || "Something went wrong.").replace(/^[a-z_]+(\.\w+)*: /, "");
  return message[0].toUpperCase() + message.slice(1);
}

function findPlace(error, request) {
  const field = String(error.details?.field ?? "").split(".")[0];
  const found = Object.keys(PLACES).find((name) => PLACES[name].includes(field));
  if (found) return found;
  if (error.code === "unknown_voice") return "voice";
  const key = error.details?.key;
  if (key && key === request?.music) return "music";
  return key && key === request?.source ? "text" : "form";
}

// Shows an error next to the field that caused it; `request` is the request that failed.
export function showApiError(error, request = null) {
  const place = findPlace(error, request);
  if (place === "form" && error.isNetworkError) return; // the banner shows it
  if (place === "sound") $("#sound").open = true;
  showError(`${place}-error`, formatError(error), place === "text" ? $("#text") : null);
}
