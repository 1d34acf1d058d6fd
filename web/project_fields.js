// What the page shows as a project's fields, and back; and what two sides made of the same project.

import * as book from "./book.js";
import { choices, updateChoices } from "./choices.js";
import { detectTextType, text } from "./draft.js";
import * as music from "./music.js";
import * as sound from "./sound.js";
import { getOwnSounds } from "./sounds.js";
import * as tags from "./tags.js";
import { $ } from "./ui.js";
import * as voices from "./voices.js";
import { getLexicon } from "./words.js";

export const MAX_STORIES = 50;
const SENTENCE_MS = 350; // the natural pause, by which others are scaled
const NESTED = ["cast", "sounds", "files"]; // merged by entry

let shown = {}; // what the page showed when it was last read

const sort = (value) => JSON.stringify(value, (_, each) => (each?.constructor === Object ? Object.fromEntries(Object.entries(each).sort()) : each));
export const same = (a, b) => sort(a) === sort(b);
const isEmpty = (value) => value === undefined || ['""', "{}", "[]"].includes(JSON.stringify(value));
const removeEmpty = (fields) => Object.fromEntries(Object.entries(fields).filter(([name, each]) => name === "music" || name === "text" || !isEmpty(each)));

export function collect() {
  const [chosen, own] = [book.getBook(), getOwnSounds()];
  const files = [...own.map(({ key, file }) => [key, file]), ...[choices.cover, chosen].filter(Boolean).map(({ key, name }) => [key, name])];
  const source = chosen ? { source: chosen.key, text_type: book.getBookType(chosen), chapters: book.getChapters(), skip_front_matter: chosen.skips_front_matter || undefined } : { text_type: detectTextType(text.value) };
  return removeEmpty({
    text: text.value, ...source, voice: choices.voice, engine: choices.engine, music: music.getMusic(), lexicon: getLexicon(), cast: removeEmpty(choices.cast ?? {}),
    ...sound.getSpeechOptions(), ...sound.getMixOptions(), verify: sound.getVerify(), ...tags.getTags(),
    sounds: Object.fromEntries(own.map(({ name, key }) => [name, key])), files: Object.fromEntries(files),
  });
}

// Takes what has changed on the page into the project; all that the page cannot show stays as it is.
export function readChanges(mine) {
  const now = collect();
  const changed = [...new Set([...Object.keys(now), ...Object.keys(shown)])].filter((name) => !same(now[name], shown[name]));
  for (const name of changed) now[name] === undefined ? delete mine[name] : (mine[name] = now[name]);
  shown = now;
  return changed.length > 0;
}

export function apply(fields) {
  const files = fields.files ?? {};
  const sounds = Object.entries(fields.sounds ?? {}).map(([name, key]) => ({ key, name, file: files[key] ?? name }));
  const cover = fields.cover ? { key: fields.cover, name: files[fields.cover] ?? "Cover" } : null;
  updateChoices({ voice: fields.voice ?? choices.voice, engine: fields.engine ?? null, music: fields.music ?? "", cast: fields.cast ?? null, files: { ...choices.files, ...files }, sounds, cover }, false);
  applyBook(fields, files);
  setValue(text, fields.text ?? "");
  setValue($("#lexicon"), fields.lexicon ?? "");
  for (const field of document.querySelectorAll("#tags [name]")) setValue(field, String(fields[field.name] ?? ""));
  for (const name of Object.keys(sound.SLIDERS)) if (name !== "pauses") setValue($(`#${name}`), String(fields[name] ?? $(`#${name}`).defaultValue));
  setValue($("#pauses"), String(fields.pauses === "none" ? 0 : Math.round((fields.pauses?.sentence ?? SENTENCE_MS) / SENTENCE_MS * 100)));
  for (const [name, usual] of Object.entries(sound.DEFAULTS)) setValue($(`#${name}`), fields[name] ?? usual);
  for (const box of document.querySelectorAll("#outputs input")) setChecked(box, Boolean(fields.outputs?.includes(box.name)));
  setChecked($("#verify"), Boolean(fields.verify));
  voices.show();
  music.renderTracks();
  tags.showCover();
  for (const label of document.querySelectorAll("#cast label")) label.nextElementSibling.value = fields.cast?.[label.textContent] ?? "";
  shown = collect();
}

function applyBook({ source, text_type, chapters, skip_front_matter }, files) {
  if (!source) return book.removeBook();
  if (book.getBook()?.key !== source) book.setBook(source, files[source] ?? `Book.${text_type}`);
  updateChoices({ book: { ...book.getBook(), skipped: undefined, chapters, skips_front_matter: skip_front_matter } });
  book.showBook();
}

function setValue(field, value) {
  if (field.value === value || (field.options && ![...field.options].some((each) => each.value === value))) return;
  const at = field === document.activeElement ? field.selectionStart : null;
  field.value = value;
  if (at !== null) field.setSelectionRange(at, at);
  for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
}

function setChecked(box, checked) {
  if (box.checked !== checked) (box.checked = checked), box.dispatchEvent(new Event("change", { bubbles: true }));
}

// Merges what two sides made of `base`; `conflicts` names the fields that both changed.
export function merge(base, mine, theirs, prefersTheirs = false) {
  const [merged, conflicts] = [{}, []];
  for (const name of new Set([...Object.keys(mine), ...Object.keys(theirs)])) {
    const [b, m, t] = [base[name], mine[name], theirs[name]];
    if (same(m, b) || same(m, t)) merged[name] = t;
    else if (same(t, b)) merged[name] = m;
    else if (name === "stories") merged[name] = [...new Set([...(m ?? []), ...(t ?? [])])].slice(0, MAX_STORIES);
    else if (NESTED.includes(name)) {
      const inner = merge(b ?? {}, m ?? {}, t ?? {}, prefersTheirs);
      merged[name] = inner.merged;
      if (inner.conflicts.length) conflicts.push(name);
    } else conflicts.push(name), (merged[name] = prefersTheirs ? t : m);
  }
  return { merged: Object.fromEntries(Object.entries(merged).filter(([, each]) => each !== undefined)), conflicts };
}
