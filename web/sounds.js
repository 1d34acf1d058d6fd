// The user's own sounds: uploaded once each, kept by name, and written into the text by their keys.

import { callApi, uploadFile } from "./api.js";
import { capabilities, choices, updateChoices } from "./choices.js";
import { HEAD } from "./draft.js";
import { deleteText, loadText, saveText } from "./storage.js";
import { $, announce, el, formatSize, showError } from "./ui.js";

const MAX_NAMED_FILES = 200;
const TAG = /(\[\[\s*(?:music|sting|sound)\s+)([^\],\n]+?)(\s*[\],])/gi;
const HEAD_MUSIC = /^(music:[ \t]*)([^,\n]+)/m;

const urls = new Map(); // object URLs by key

export const getOwnSounds = () => choices.sounds ?? []; // [{key, name, file}]

const simplify = (name) => name.trim().toLowerCase().replace(/\.\w{2,5}$/, "");

// Uploads a file with progress, and remembers its name for messages; resolves to its key.
export async function sendFile(file, onProgress, signal) {
  const body = { name: file.name, size_bytes: file.size };
  const form = await callApi("POST", "/uploads", { body, signal, retries: 2 });
  await uploadFile(form, file, onProgress, signal);
  const named = Object.entries({ ...choices.files, [form.key]: file.name }).slice(-MAX_NAMED_FILES);
  updateChoices({ files: Object.fromEntries(named) }, false);
  return form.key;
}

// Replaces the keys of uploads in a message by the names of the user's files.
export function nameFiles(message) {
  return Object.entries(choices.files ?? {}).reduce((text, [key, name]) => text.replaceAll(key, `“${name}”`), message);
}

export function checkFile(file, types, kind, hint) {
  const extension = (/\.[^.]+$/.exec(file.name)?.[0] ?? "").toLowerCase();
  if (!types.includes(extension)) throw new Error(`“${file.name}” is not a supported ${kind} file. Choose a file ending in ${types.join(", ")}.`);
  const limit = capabilities.limits.upload_bytes;
  if (file.size > limit) throw new Error(`“${file.name}” is too large (${formatSize(file.size)}); the limit is ${formatSize(limit)}. ${hint}`);
  if (!file.size) throw new Error(`“${file.name}” is empty.`);
}

export async function addSound(file, onProgress, signal) {
  const key = await sendFile(file, onProgress, signal);
  await saveText(`sound.${key}`, file);
  urls.set(key, URL.createObjectURL(file));
  const others = getOwnSounds().filter((each) => each.file !== file.name);
  const name = file.name.replace(/\.[^.]+$/, "");
  updateChoices({ sounds: [...others, { key, name: isTaken(name, others) ? file.name.replace(/\./g, " ") : name, file: file.name }] }, false);
  return key;
}

const isTaken = (name, others) => others.some((each) => simplify(each.name) === simplify(name));

// An object URL of a sound, which the browser stores; null if it is gone.
export async function getSoundUrl(key) {
  if (!urls.has(key)) {
    const file = await loadText(`sound.${key}`);
    if (!file) return null;
    urls.set(key, URL.createObjectURL(file));
  }
  return urls.get(key);
}

export const linkSound = (key, url) => urls.get(key)?.startsWith("blob:") || urls.set(key, url);

// Writes keys for the names of own sounds and of the library's tracks, as the API expects them.
export function insertKeys(text, tracks) {
  const keys = new Map(tracks.flatMap((track) => [[simplify(track.title), track.key], [simplify(track.key.split("/").pop()), track.key]]));
  for (const sound of getOwnSounds()) for (const name of [sound.name, sound.file]) keys.set(simplify(name), sound.key);
  const find = (name) => keys.get(simplify(name)) ?? name;
  const head = HEAD.exec(text)?.[0] ?? "";
  const tagged = text.slice(head.length).replace(TAG, (_, before, name, after) => before + find(name) + after);
  return head.replace(HEAD_MUSIC, (_, before, name) => before + find(name)) + tagged;
}

export function showOwnSounds(onChange) {
  const sounds = getOwnSounds();
  $("#own-sounds").hidden = !sounds.length;
  const list = $("#own-sounds ul");
  const isSame = list.children.length === sounds.length && sounds.every(({ key, name }, index) => list.children[index].dataset.key === key && $("input", list.children[index]).value === name);
  if (!isSame) list.replaceChildren(...sounds.map((sound) => createRow(sound, onChange))); // rows that stay keep the focus
}

function createRow(sound, onChange) {
  const rename = (event) => {
    const name = event.target.value.trim().replace(/[\],\[\n]/g, "");
    const others = getOwnSounds().filter((each) => each.key !== sound.key);
    if (isTaken(name, others)) showError("music-error", `Another of your sounds is called “${name}”: choose a different name.`);
    if (!name || isTaken(name, others)) return (event.target.value = sound.name);
    [sound.name, event.target.value] = [name, name];
    showError("music-error", "");
    updateChoices({ sounds: getOwnSounds().map((each) => (each.key === sound.key ? { ...each, name } : each)) }, false);
    onChange();
  };
  const remove = () => {
    deleteText(`sound.${sound.key}`);
    updateChoices({ sounds: getOwnSounds().filter((each) => each.key !== sound.key) }, false);
    showError("music-error", "");
    announce(`${sound.name} was removed.`);
    onChange();
    $("#own-music").focus();
  };
  return el(
    "li", { class: "row", "data-key": sound.key },
    el("input", { type: "text", value: sound.name, "aria-label": `Name of ${sound.file}`, maxlength: "60", onchange: rename }),
    el("small", {}, sound.file),
    el("button", { type: "button", class: "link-button", "aria-label": `Remove ${sound.file}`, onclick: remove }, "Remove"),
  );
}
