// Sound options: sliders, preset, format and extra files.

import { capabilities, choices, fillSelect, updateChoices } from "./choices.js";
import { $, el, showError } from "./ui.js";

const NATURAL_PAUSES_MS = { clause: 120, sentence: 350, question: 400, exclamation: 400, paragraph: 650, heading: 900, scene: 1500, chapter: 2000 };
const PRESETS = { story: "Story, −18 LUFS", podcast: "Podcast, −16 LUFS", broadcast: "Broadcast, −23 LUFS", "audiobook-acx": "Audiobook (ACX)" };
const FORMATS = { mp3: "MP3", m4a: "M4A (AAC)", m4b: "M4B with chapters", opus: "Opus", flac: "FLAC", wav: "WAV" };
const OUTPUTS = { chapter_files: "A file for each chapter", read_aloud: "Read-aloud book (EPUB)", stems: "Voice and music as separate files", words: "Times of words, highlighted as they play", notes: "Show notes", transcript: "Transcript with speakers" };
const SLIDERS = {
  music_level_lu: (n) => `${n} LU below the voice`,
  duck_db: (n) => (n ? `${n} dB` : "none"),
  pauses: (n) => (n === 100 ? "natural" : n ? `${n} %` : "none"),
  rate: (n) => `${n} %`,
};
const SPEECH_SLIDERS = ["pauses", "rate"]; // these change length and cost

export function init() {
  for (const name of Object.keys(SLIDERS)) initSlider(name);
  for (const [name, names, labels] of [["preset", capabilities.presets, PRESETS], ["format", capabilities.formats, FORMATS]]) {
    fillSelect($(`#${name}`), names.map((each) => [each, labels[each] ?? each]), choices[name]);
    $(`#${name}`).addEventListener("change", (event) => (updateChoices({ [name]: event.target.value }, false), clearError()));
  }
  initTarget(capabilities.targets ?? {});
  showOutputs(capabilities.outputs ?? []);
  initVerify();
  showSummary();
}

// A target sets preset and format, which can be changed afterwards.
function initTarget(targets) {
  const names = Object.keys(targets);
  $("#target-row").hidden = !names.length;
  fillSelect($("#target"), [["", "Anywhere"], ...names.map((name) => [name, targets[name].title])], choices.target ?? "");
  $("#target").addEventListener("change", (event) => {
    const { value } = event.target;
    const { preset, format } = targets[value] ?? {};
    updateChoices({ target: value || null, ...(value && { preset, format }) }, false);
    if (value) [$("#preset").value, $("#format").value] = [preset, format];
    clearError();
  });
}

function initVerify() {
  $("#verify-row").hidden = !capabilities.verify;
  $("#verify").checked = Boolean(capabilities.verify && choices.verify);
  $("#verify").addEventListener("change", (event) => (updateChoices({ verify: event.target.checked || null }), clearError()));
}

export const getVerify = () => $("#verify").checked || undefined;

function showOutputs(names) {
  $("#outputs").hidden = !names.length;
  $("#outputs").append(
    ...names.map((name) => el("label", {}, el("input", { type: "checkbox", name, checked: Boolean(choices.outputs?.includes(name)) }), OUTPUTS[name] ?? name)),
  );
}

const readOutputs = () => [...document.querySelectorAll("#outputs :checked")].map((each) => each.name);

$("#outputs").addEventListener("change", () => {
  const outputs = readOutputs();
  updateChoices({ outputs: outputs.length ? outputs : null }, false);
  clearError();
});

function initSlider(name) {
  const slider = $(`#${name}`);
  const range = capabilities.options[name];
  if (range) [slider.min, slider.max, slider.defaultValue] = [range.minimum, range.maximum, range.default];
  if (choices[name] !== undefined) slider.value = choices[name];
  slider.addEventListener("input", () => {
    const isDefault = slider.value === slider.defaultValue;
    updateChoices({ [name]: isDefault ? null : Number(slider.value) }, SPEECH_SLIDERS.includes(name));
    showValue(name);
    clearError();
  });
  showValue(name);
}

function showValue(name) {
  const slider = $(`#${name}`);
  const text = SLIDERS[name](Number(slider.value));
  slider.nextElementSibling.textContent = text;
  slider.setAttribute("aria-valuetext", text);
}

function clearError() {
  showError("sound-error", "");
  showSummary();
}

function showSummary() {
  const parts = [$("#preset").selectedOptions[0]?.textContent.split(",")[0], $("#format").value.toUpperCase()];
  if (choices.outputs) parts.push(`+${choices.outputs.length}`);
  if (getVerify()) parts.push("checked");
  const changed = Object.keys(SLIDERS).filter((name) => choices[name] !== undefined).length;
  if (changed) parts.push(`${changed} changed`);
  $("#sound-summary").textContent = parts.filter(Boolean).join(" · ");
}

const readSlider = (name) => {
  const { value, defaultValue } = $(`#${name}`);
  return value === defaultValue ? undefined : Number(value);
};

function buildPauses() {
  const share = Number($("#pauses").value) / 100;
  if (share === 1) return undefined;
  return share === 0 ? "none" : Object.fromEntries(Object.entries(NATURAL_PAUSES_MS).map(([name, ms]) => [name, Math.round(ms * share)]));
}

export const getSpeechOptions = () => ({ pauses: buildPauses(), rate: readSlider("rate") });
export const getMixOptions = () => ({
  outputs: readOutputs().length ? readOutputs() : undefined,
  target: $("#target").value || undefined,
  preset: $("#preset").value,
  music_level_lu: readSlider("music_level_lu"),
  duck_db: readSlider("duck_db"),
  format: $("#format").value !== "mp3" || $("#target").value ? $("#format").value : undefined,
});
