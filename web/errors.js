// Errors in plain words, next to what caused them.

import { $, showError } from "./words.js";

const PLACES = {
  voice: ["voice", "engine", "language"],
  music: ["music"],
  sound: ["music_level_lu", "duck_db", "pauses", "rate", "preset", "format", "bitrate_kbps", "outputs"],
  text: ["text", "text_type", "source", "body"],
};

// What the API says is meant for people, save the field's name before it.
export function plain(error) {
  const said = String(error.message || "Something went wrong.").replace(/^[a-z_]+(\.\w+)*: /, "");
  return said[0].toUpperCase() + said.slice(1);
}

function placeOf(error, sent) {
  const field = String(error.details?.field ?? "").split(".")[0];
  const found = Object.keys(PLACES).find((name) => PLACES[name].includes(field));
  if (found) return found;
  if (error.code === "unknown_voice") return "voice";
  const key = error.details?.key;
  if (key && key === sent?.music) return "music";
  return key && key === sent?.source ? "text" : "form";
}

// An error of the API beside what caused it; `sent` is the request that it answers.
export function place(error, sent = null) {
  const where = placeOf(error, sent);
  if (where === "form" && error.isLost) return; // the banner tells it
  if (where === "sound") $("#sound").open = true;
  showError(`${where}-error`, plain(error), where === "text" ? $("#text") : null);
}
