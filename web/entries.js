// The stories of the list, newest first, as this browser stores them for all its tabs.

import { FINAL_STATES } from "./progress.js";
import { loadText, readItem, writeItem } from "./storage.js";
import { formatPlural } from "./ui.js";

const KEY = "stories";
const SENTENCES = /[^.!?…\n]+[.!?…]*/g;

export const entries = readItem(KEY, []);
const removed = new Set(); // ids, by this tab

export const findEntry = (id) => entries.find((entry) => entry.id === id);
export const findStory = (story) => entries.find((entry) => entry.story === story);
export const isFinal = ({ state }) => FINAL_STATES.includes(state);

export function insertEntry(entry) {
  const index = entries.findIndex((other) => other.created < entry.created);
  entries.splice(index < 0 ? entries.length : index, 0, entry);
  removed.delete(entry.id);
}

// `isOwn`: this tab removes it, and not another.
export function removeEntry(entry, isOwn) {
  if (entries.includes(entry)) entries.splice(entries.indexOf(entry), 1);
  if (isOwn) removed.add(entry.id);
}

// What other tabs have added meanwhile stays.
export function saveEntries() {
  const own = entries.filter((entry) => !entry.isListed).map(({ listen, ...kept }) => kept); // links expire
  const others = readItem(KEY, []).filter(({ id }) => !findEntry(id) && !removed.has(id));
  writeItem(KEY, [...own, ...others].sort((a, b) => b.created - a.created));
}

// Calls back with the stories that another tab adds, sends or removes.
export function followOtherTabs(show, drop) {
  addEventListener("storage", ({ key, oldValue, newValue }) => {
    if (key !== `mixer.${KEY}`) return;
    const [before, after] = [oldValue, newValue].map((value) => JSON.parse(value ?? "[]"));
    for (const stored of after) {
      const known = findEntry(stored.id);
      if (known?.story || removed.has(stored.id)) continue;
      if (known) Object.assign(known, stored);
      else insertEntry(stored);
      show(known ?? stored);
    }
    for (const { id } of before) if (findEntry(id) && !after.some((each) => each.id === id)) drop(findEntry(id));
  });
}

// A running story with the same text and choices.
export const findRunning = (fingerprint) => entries.find((entry) => entry.fingerprint === fingerprint && !isFinal(entry));

// A finished story of the same text and choices.
export const findDone = (fingerprint) => entries.find((entry) => entry.fingerprint === fingerprint && entry.state === "done" && !entry.trouble);

// How a story differs from the last one that this page gave the same title.
export async function describeChange(title, text) {
  const earlier = entries.find((each) => (each.derived_title ?? each.title) === title && !each.isListed);
  const before = earlier && (await loadText(`story.${earlier.id}`));
  if (!before) return "";
  const known = new Set(before.match(SENTENCES));
  const changed = (text.match(SENTENCES) ?? []).filter((sentence) => !known.has(sentence)).length;
  if (changed) return `${formatPlural(changed, "sentence")} changed`;
  return text === before ? "other settings" : "shortened";
}
