// Pronunciation: the user's lexicon, and words that the voice may mispronounce.

import { choices, updateChoices } from "./choices.js";
import { togglePreview } from "./preview.js";
import { $, el, formatPlural, showError } from "./ui.js";
import { fetchSpeech } from "./voices.js";

const MAX_WORDS = 12; // shown at once
const field = $("#lexicon");

let getSpeechOptions = () => ({});

export function init(speechOptions) {
  getSpeechOptions = speechOptions;
  field.value = choices.lexicon ?? "";
  showSummary([]);
}

export const getLexicon = () => field.value.trim();

field.addEventListener("input", () => {
  showError("words-error", "", field);
  updateChoices({ lexicon: field.value.trim() ? field.value : null });
});

export function showDoubtfulWords(words) {
  const shown = words.filter(({ kind, times }) => kind !== "name" || times > 1).slice(0, MAX_WORDS);
  $("#doubtful").hidden = !shown.length;
  $("#doubtful ul").replaceChildren(...shown.map(createRow));
  showSummary(shown);
}

function showSummary(words) {
  const lines = getLexicon().split("\n").filter((line) => line.includes("=")).length;
  const parts = [lines ? formatPlural(lines, "word") : "", words.length ? `${words.length} doubtful` : ""];
  $("#words-summary").textContent = parts.filter(Boolean).join(" · ");
}

function createRow({ word, times }) {
  const play = (event) => togglePreview(event.currentTarget, () => fetchSpeech({ ...getSpeechOptions(), text: word, chapters: undefined }), "words-error");
  const add = () => {
    field.value = `${field.value.trimEnd()}${field.value.trim() ? "\n" : ""}${word} = `;
    field.focus();
  };
  return el(
    "li", { class: "option" },
    el("button", { type: "button", class: "preview", "aria-label": `Hear ${word}`, onclick: play }),
    el("span", {}, word, times > 1 ? el("small", {}, `${times} times`) : null),
    el("button", { type: "button", class: "link-button", "aria-label": `Change how ${word} is spoken`, onclick: add }, "Change"),
  );
}
