// The user's choices and the server's capabilities, which all parts of the form share.

import { readItem, writeItem } from "./storage.js";
import { el } from "./ui.js";

export const choices = readItem("choices", {}); // voice, music and every option that was changed
export let capabilities = null;

const listeners = [];

export function setCapabilities(loaded) {
  capabilities = loaded;
}

// Calls the listener when a choice changes length and cost.
export function onSpeechChange(listener) {
  listeners.push(listener);
}

export function updateChoices(changes, changesSpeech = true) {
  Object.assign(choices, changes);
  for (const [name, value] of Object.entries(choices)) if (value === null) delete choices[name];
  writeItem("choices", choices);
  if (changesSpeech) for (const listener of listeners) listener();
}

export const maxStoryChars = () => capabilities.limits.story_chars;
export const listBookTypes = () => [".epub", ".docx", ".odt", ".fodt", ".pdf"].filter((type) => capabilities.source_types.includes(type));
export const listTextTypes = () => [".txt", ".md", ".html", ".fb2", ".ssml", ...listBookTypes()];
export const formatChoice = (names) => names.join(", ").replace(/, ([^,]+)$/, " or $1");

export function fillSelect(select, options, value) {
  select.replaceChildren(...options.map(([key, label]) => el("option", { value: key }, label)));
  if (options.some(([key]) => key === value)) select.value = value;
}

// A radio button, next to a button that plays a preview.
export function createRadioOption(name, value, label, note, isChosen, onPreview, previewLabel) {
  const input = el("input", { type: "radio", name, value, checked: isChosen });
  const caption = el("span", {}, label, note ? " " : null, note ? el("small", {}, note) : null);
  const button = onPreview && el("button", { type: "button", class: "preview", "aria-label": previewLabel, onclick: (event) => onPreview(event.currentTarget) });
  return el("div", { class: "option" }, el("label", {}, input, caption), button);
}
