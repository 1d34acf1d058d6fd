// Plays the selected words, or the sentence at the cursor, with the current settings.

import { HEAD, text } from "./draft.js";
import { togglePreview } from "./preview.js";
import { $ } from "./ui.js";
import { fetchSpeech } from "./voices.js";

const MAX_CHARS = 1_000;
const SENTENCE = /[^.!?…\n]+[.!?…]*[»”’"')\]]*/g;

const button = $("#hear-excerpt");
let getSpeechOptions = () => ({});

export function init(speechOptions) {
  getSpeechOptions = speechOptions;
  showLabel();
}

const hasSelection = () => text.selectionEnd > text.selectionStart;

function findExcerpt() {
  const { value, selectionStart: start, selectionEnd: end } = text;
  if (hasSelection()) return value.slice(start, end).slice(0, MAX_CHARS);
  const begin = HEAD.exec(value)?.[0].length ?? 0;
  const at = Math.max(start, begin);
  const line = value.lastIndexOf("\n\n", at - 1) + 1;
  const part = value.slice(Math.max(line, begin), at + MAX_CHARS);
  const sentences = [...part.matchAll(SENTENCE)].filter((each) => /[\p{L}\p{N}]/u.test(each[0]));
  const offset = at - Math.max(line, begin);
  return (sentences.find((each) => each.index + each[0].length > offset) ?? sentences.at(-1))?.[0].replace(/^#+\s*/, "").trim() ?? "";
}

function showLabel() {
  $("#excerpt-text").textContent = hasSelection() ? "Hear the selection" : "Hear this sentence";
}

document.addEventListener("selectionchange", () => document.activeElement === text && showLabel());
text.addEventListener("select", showLabel);
button.addEventListener("click", () => {
  const excerpt = findExcerpt();
  if (!excerpt) return text.focus();
  togglePreview(button, () => fetchSpeech({ ...getSpeechOptions(), text: excerpt, text_type: "text" }), "text-error");
});
