// The cast: names that speak in the text, each with a voice.

import { getBook } from "./book.js";
import { choices, fillSelect, updateChoices } from "./choices.js";
import { HEAD } from "./draft.js";
import { $, el, formatPlural } from "./ui.js";
import { onVoices, voices } from "./voices.js";

const SPEECH = /^\*{0,2}([\p{Lu}][\p{L}\p{M} .’'-]{0,29}?)\*{0,2}:\*{0,2}[ \t]+\S/gmu;
const MIN_LINES = 2; // a name speaks at least twice

let shown = ""; // names for which the fields were made

const hasOwnCast = (text) => /^cast[ \t]*:/m.test(HEAD.exec(text)?.[1] ?? "");

function findNames(text) {
  if (getBook() || hasOwnCast(text)) return [];
  const counts = new Map();
  for (const [, name] of text.replace(HEAD, "").matchAll(SPEECH)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].filter(([, lines]) => lines >= MIN_LINES).map(([name]) => name);
}

// Writes the chosen cast into the text, at its beginning.
export function insertCast(text) {
  const roles = findNames(text).filter((name) => choices.cast?.[name]).map((name) => `  ${name}: ${choices.cast[name]}\n`);
  if (!roles.length) return text;
  const cast = `cast:\n${roles.join("")}`;
  return HEAD.test(text) ? text.replace(HEAD, (head, lines) => head.replace(lines, () => lines + cast)) : `---\n${cast}---\n\n${text}`;
}

export function showCast(text) {
  const names = findNames(text);
  $("#cast").hidden = !names.length || !voices.length;
  const key = `${names.join("|")}/${voices.length}`;
  if (key !== shown) $("#cast .fields").replaceChildren(...names.map(createField));
  shown = key;
  const chosen = names.filter((name) => choices.cast?.[name]).length;
  $("#cast-summary").textContent = chosen ? `${chosen} of ${formatPlural(names.length, "name")}` : `${formatPlural(names.length, "name")} found: choose voices`;
}

function createField(name, number) {
  const select = el("select", { id: `role-${number}` });
  fillSelect(select, [["", "read as text"], ...voices.map((voice) => [voice.id, voice.id])], choices.cast?.[name] ?? "");
  select.addEventListener("change", () => {
    updateChoices({ cast: { ...choices.cast, [name]: select.value } });
    showCast($("#text").value);
  });
  return el("p", { class: "field" }, el("label", { for: select.id }, name), select);
}

onVoices(() => showCast($("#text").value));
