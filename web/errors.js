// Shows API errors in plain words, next to the field that caused them.

import { getOwnSounds, nameFiles } from "./sounds.js";
import { $, showError } from "./ui.js";

const PLACES = {
  voice: ["voice", "engine", "language"],
  words: ["lexicon", "lexicons"],
  tags: ["title", "author", "narrator", "series", "year", "genre", "description", "cover", "feed", "season", "episode", "explicit"],
  music: ["music"],
  sound: ["music_level_lu", "duck_db", "pauses", "rate", "music_intro_s", "music_outro_s", "de_ess", "titles"],
  files: ["preset", "format", "bitrate_kbps", "outputs", "target", "verify", "disclose", "disclosure", "provenance", "read_aloud_by"],
  text: ["text", "text_type", "source", "body", "chapters"],
};

// The API's message without the field name that precedes it, and with the names of the user's files.
export function formatError(error) {
  const message = nameFiles(String(error.message || "Something went wrong.").replace(/^[a-z_]+(\.\w+)*: /, ""));
  return message[0].toUpperCase() + message.slice(1);
}

function findPlace(error, request) {
  const field = String(error.details?.field ?? "").split(".")[0];
  const found = Object.keys(PLACES).find((name) => PLACES[name].includes(field));
  if (found) return found;
  if (error.code === "unknown_voice") return "voice";
  const key = error.details?.key;
  if (key && key === request?.cover) return "tags";
  if (key && (key === request?.music || getOwnSounds().some((sound) => sound.key === key))) return "music";
  return key && key === request?.source ? "text" : "form";
}

// Shows an error next to the field that caused it; `request` is the request that failed.
export function showApiError(error, request = null) {
  const place = findPlace(error, request);
  if (place === "form" && error.isNetworkError) return; // the banner shows it
  if (["sound", "files", "words", "tags"].includes(place)) $(`#${place}`).open = true;
  showError(`${place}-error`, formatError(error), place === "text" ? $("#text") : null);
  if (request) $(`#${place}-error`).scrollIntoView({ block: "center" });
}

// Whether the same request would be refused again, for a reason that is shown next to a field.
export const isRefused = (error, request) => error.status >= 400 && error.status < 500 && !error.isTemporary && findPlace(error, request) !== "form";

// Removes the errors of an earlier request.
export function clearErrors() {
  for (const name of [...Object.keys(PLACES), "form"]) showError(`${name}-error`, "");
  $("#text").removeAttribute("aria-invalid");
}
