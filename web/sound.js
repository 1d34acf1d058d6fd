// How the story sounds (sliders), and its files: target, preset, format, marks and extra files.

import { capabilities, choices, fillSelect, updateChoices } from "./choices.js";
import { $, el, showError } from "./ui.js";

const NATURAL_PAUSES_MS = { clause: 120, sentence: 350, question: 400, exclamation: 400, paragraph: 650, heading: 900, scene: 1500, chapter: 2000 };
const PRESETS = { story: "Story, −18 LUFS", podcast: "Podcast, −16 LUFS", broadcast: "Broadcast, −23 LUFS", "audiobook-acx": "Audiobook (ACX)" };
const FORMATS = { mp3: "MP3", m4a: "M4A (AAC)", m4b: "M4B with chapters", opus: "Opus", flac: "FLAC", wav: "WAV" };
const OUTPUTS = { chapter_files: "A file for each chapter", read_aloud: "Read-aloud book (EPUB)", stems: "Voice and music as separate files", words: "Times of words, highlighted as they play", notes: "Show notes", transcript: "Transcript with speakers" };
export const DEFAULTS = { target: "", preset: "story", format: "mp3", titles: "spoken", disclose: "none", disclosure: "", provenance: "signed", read_aloud_by: "sentence" };
const FIELDS = Object.keys(DEFAULTS).filter((name) => name !== "target");
const formatSeconds = (n) => (n ? `${n} s` : "none");
// Label, step, and the text of a value.
export const SLIDERS = {
  rate: ["Speaking rate", 5, (n) => `${n}%`],
  pauses: ["Pauses", 10, (n) => (n === 100 ? "natural" : n ? `${n}%` : "none")],
  music_level_lu: ["Music level", 1, (n) => `${n} LU below the voice`],
  duck_db: ["Music drop under speech", 1, (n) => (n ? `${n} dB` : "none")],
  music_intro_s: ["Music before the first word", 1, formatSeconds],
  music_outro_s: ["Music after the last word", 1, formatSeconds],
  de_ess: ["Softer “s” sounds", 0.1, (n) => (n ? `${Math.round(n * 100)}%` : "none")],
};
const PAUSES = { minimum: 0, maximum: 200, default: 100 }; // % of the natural ones
const SPEECH_SLIDERS = ["pauses", "rate"]; // these change length and cost

export function init() {
  for (const name of Object.keys(SLIDERS)) initSlider(name);
  for (const [name, names, labels] of [["preset", capabilities.presets, PRESETS], ["format", capabilities.formats, FORMATS]])
    fillSelect($(`#${name}`), names.map((each) => [each, labels[each] ?? each]));
  for (const name of FIELDS) initField(name);
  initTarget(capabilities.targets ?? {});
  showOutputs(capabilities.outputs ?? []);
  initVerify();
  showSummary();
}

function initField(name) {
  const field = $(`#${name}`);
  field.value = choices[name] ?? DEFAULTS[name];
  if (field.selectedIndex === -1) field.value = DEFAULTS[name]; // the server does not offer it any more
  field.addEventListener("change", () => {
    updateChoices({ [name]: readField(name) ?? null }, name === "titles");
    clearError(name === "titles" ? "sound" : "files");
  });
}

const readField = (name) => ($(`#${name}`).value.trim() === DEFAULTS[name] ? undefined : $(`#${name}`).value.trim());

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
    clearError("files");
  });
}

function initVerify() {
  $("#verify-row").hidden = !capabilities.verify;
  $("#verify").checked = Boolean(capabilities.verify && choices.verify);
  $("#verify").addEventListener("change", (event) => (updateChoices({ verify: event.target.checked || null }), clearError("files")));
}

export const getVerify = () => $("#verify").checked || undefined;

function showOutputs(names) {
  $("#outputs").hidden = !names.length;
  $("#outputs").append(
    ...names.map((name) => el("label", { class: "check" }, el("input", { type: "checkbox", name, checked: Boolean(choices.outputs?.includes(name)) }), el("span", {}, OUTPUTS[name] ?? name))),
  );
}

const readOutputs = () => [...document.querySelectorAll("#outputs :checked")].map((each) => each.name);

$("#outputs").addEventListener("change", () => {
  const outputs = readOutputs();
  updateChoices({ outputs: outputs.length ? outputs : null }, false);
  clearError("files");
});

function initSlider(name) {
  const [label, step] = SLIDERS[name];
  const { minimum, maximum, default: usual } = capabilities.options[name] ?? PAUSES;
  const slider = el("input", { type: "range", id: name, min: `${minimum}`, max: `${maximum}`, step: `${step}`, value: `${usual}` });
  $(".sliders").append(el("p", {}, el("label", { for: name }, label), slider, el("output", { for: name })));
  if (choices[name] !== undefined) slider.value = choices[name];
  slider.addEventListener("input", () => {
    const isDefault = slider.value === slider.defaultValue;
    updateChoices({ [name]: isDefault ? null : Number(slider.value) }, SPEECH_SLIDERS.includes(name));
    showValue(name);
    clearError("sound");
  });
  showValue(name);
}

function showValue(name) {
  const slider = $(`#${name}`);
  const text = SLIDERS[name][2](Number(slider.value));
  slider.nextElementSibling.textContent = text;
  slider.setAttribute("aria-valuetext", text);
}

function clearError(place) {
  showError(`${place}-error`, "");
  showSummary();
}

function showSummary() {
  const parts = [$("#format").value.toUpperCase(), $("#preset").selectedOptions[0]?.textContent.split(",")[0].toLowerCase()];
  if (choices.outputs) parts.push(`${choices.outputs.length} extra`);
  if (getVerify()) parts.push("checked");
  $("#files-summary").textContent = parts.filter(Boolean).join(" · ");
  $("#disclosure-row").hidden = $("#disclose").value === "none";
  $("#read-aloud-row").hidden = !choices.outputs?.includes("read_aloud");
  const changed = [...Object.keys(SLIDERS), "titles"].filter((name) => choices[name] !== undefined).length;
  $("#sound-summary").textContent = changed ? `${changed} changed` : "";
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
export const getTitles = () => readField("titles");
export const getMixOptions = () => ({
  ...Object.fromEntries(Object.keys(SLIDERS).filter((name) => !SPEECH_SLIDERS.includes(name)).map((name) => [name, readSlider(name)])),
  ...Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, readField(name)])),
  outputs: readOutputs().length ? readOutputs() : undefined,
  preset: $("#preset").value,
  format: $("#format").value !== "mp3" || $("#target").value ? $("#format").value : undefined,
});
