// What was chosen, and what the server can do: the parts of the form share both.

import { read, write } from "./kept.js";
import { el } from "./words.js";

export const chosen = read("choices", {}); // voice, music and whatever was set by hand
export let can = null;

const listeners = [];

export function know(capabilities) {
  can = capabilities;
}

// Whoever shows what a choice brings about: length and cost.
export function whenChosen(listener) {
  listeners.push(listener);
}

export function choose(news, changesSpeech = true) {
  Object.assign(chosen, news);
  for (const [name, value] of Object.entries(chosen)) if (value === null) delete chosen[name];
  write("choices", chosen);
  if (changesSpeech) for (const listener of listeners) listener();
}

export const longest = () => can.limits.story_chars;
export const readsBooks = () => can.source_types.includes(".epub") && can.text_types.includes("epub");
export const textTypes = () => [".txt", ".md", ...(readsBooks() ? [".epub"] : [])];

export function fill(select, options, value) {
  select.replaceChildren(...options.map(([key, label]) => el("option", { value: key }, label)));
  if (options.some(([key]) => key === value)) select.value = value;
}

// One of several: a radio button, and a smaller one that lets it be heard.
export function pick(name, value, label, note, isChosen, hear, hearLabel) {
  const input = el("input", { type: "radio", name, value, checked: isChosen });
  const words = el("span", {}, label, note ? el("small", {}, note) : null);
  const button = hear && el("button", { type: "button", class: "hear", "aria-label": hearLabel, onclick: (event) => hear(event.currentTarget) });
  return el("div", { class: "pick" }, el("label", {}, input, words), button);
}
