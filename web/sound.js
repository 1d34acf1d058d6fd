// Sliders, preset and format: what shapes the sound besides voice and music.

import { can, choose, chosen, fill } from "./choices.js";
import { $, el, showError } from "./words.js";

const NATURAL_MS = { clause: 120, sentence: 350, question: 400, exclamation: 400, paragraph: 650, heading: 900, scene: 1500, chapter: 2000 };
const PRESETS = { story: "Story, −18 LUFS", podcast: "Podcast, −16 LUFS", broadcast: "Broadcast, −23 LUFS", "audiobook-acx": "Audiobook (ACX)" };
const FORMATS = { mp3: "MP3", m4a: "M4A (AAC)", m4b: "M4B with chapters", opus: "Opus", flac: "FLAC", wav: "WAV" };
const OUTPUTS = { chapter_files: "A file for each chapter", read_aloud: "A book that reads itself aloud (EPUB)" };
const SLIDERS = {
  music_level_lu: (n) => `${n} LU below the voice`,
  duck_db: (n) => (n ? `by ${n} dB` : "never"),
  pauses: (n) => (n === 100 ? "natural" : n ? `${n} %` : "none"),
  rate: (n) => `${n} %`,
};
const SPEECH = ["pauses", "rate"]; // change length and cost

export function begin() {
  for (const name of Object.keys(SLIDERS)) prepare(name);
  for (const [name, all, labels] of [["preset", can.presets, PRESETS], ["format", can.formats, FORMATS]]) {
    fill($(`#${name}`), all.map((each) => [each, labels[each] ?? each]), chosen[name]);
    $(`#${name}`).addEventListener("change", (event) => (choose({ [name]: event.target.value }, false), fine()));
  }
  offerOutputs(can.outputs ?? []);
  showSummary();
}

function offerOutputs(names) {
  $("#outputs").hidden = !names.length;
  $("#outputs").append(
    ...names.map((name) => el("label", {}, el("input", { type: "checkbox", name, checked: Boolean(chosen.outputs?.includes(name)) }), OUTPUTS[name] ?? name)),
  );
}

const wantedOutputs = () => [...document.querySelectorAll("#outputs :checked")].map((each) => each.name);

$("#outputs").addEventListener("change", () => {
  const wanted = wantedOutputs();
  choose({ outputs: wanted.length ? wanted : null }, false);
  fine();
});

function prepare(name) {
  const slider = $(`#${name}`);
  const range = can.options[name];
  if (range) [slider.min, slider.max, slider.defaultValue] = [range.minimum, range.maximum, range.default];
  if (chosen[name] !== undefined) slider.value = chosen[name];
  slider.addEventListener("input", () => {
    const isDefault = slider.value === slider.defaultValue;
    choose({ [name]: isDefault ? null : Number(slider.value) }, SPEECH.includes(name));
    showValue(name);
    fine();
  });
  showValue(name);
}

function showValue(name) {
  const slider = $(`#${name}`);
  const said = SLIDERS[name](Number(slider.value));
  slider.nextElementSibling.textContent = said;
  slider.setAttribute("aria-valuetext", said);
}

function fine() {
  showError("sound-error", "");
  showSummary();
}

function showSummary() {
  const parts = [$("#preset").selectedOptions[0]?.textContent.split(",")[0], $("#format").value.toUpperCase()];
  if (chosen.outputs) parts.push(`+${chosen.outputs.length}`);
  const changed = Object.keys(SLIDERS).filter((name) => chosen[name] !== undefined).length;
  if (changed) parts.push(`${changed} changed`);
  $("#sound-summary").textContent = parts.filter(Boolean).join(" · ");
}

const set = (name) => {
  const { value, defaultValue } = $(`#${name}`);
  return value === defaultValue ? undefined : Number(value);
};

function pauses() {
  const share = Number($("#pauses").value) / 100;
  if (share === 1) return undefined;
  return share === 0 ? "none" : Object.fromEntries(Object.entries(NATURAL_MS).map(([name, ms]) => [name, Math.round(ms * share)]));
}

export const speechOptions = () => ({ pauses: pauses(), rate: set("rate") });
export const mixOptions = () => ({
  outputs: wantedOutputs().length ? wantedOutputs() : undefined,
  preset: $("#preset").value,
  music_level_lu: set("music_level_lu"),
  duck_db: set("duck_db"),
  format: $("#format").value !== "mp3" ? $("#format").value : undefined,
});
