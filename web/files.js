// Files: texts are read in the browser; EPUB, DOCX, ODT and PDF are uploaded and narrated as books. One that is dropped
// anywhere on the page is opened: a sound as music, a picture as the cover.

import { getBookType, removeBook, setBook, showBook, showUpload } from "./book.js";
import { capabilities, formatChoice, listBookTypes, listTextTypes, maxStoryChars } from "./choices.js";
import { replaceText, text } from "./draft.js";
import { addMusic } from "./music.js";
import { checkFile, sendFile } from "./sounds.js";
import { addCover } from "./tags.js";
import { $, announce, formatCount, formatSize, showError } from "./ui.js";

const STORY_TEXT = /\.(txt|text|md|markdown|html?|xhtml|fb2|ssml|xml)$/i;
const PICTURES = /<binary\b[^>]*>[^<]*<\/binary>/g; // of a FictionBook: no part of the text
const PICTURES_RATIO = 5;
const CONTROLS = /[\0-\x08\x0e-\x19\x1c-\x1f\x7f]/; // which no text has
const WIDE = { "255,254": "utf-16le", "254,255": "utf-16be" };
const BEGINNINGS = { epub: "PK", docx: "PK", odt: /PK|<office:document/, pdf: "%PDF" };

let uploading = null;

export function init() {
  $("#open-file").title = `${listTextTypes().join(", ")}; or drop a file on the text`;
  $("#file").accept = listTextTypes().join(",");
}

async function readFile(file) {
  if (!file || !capabilities) return;
  showError("text-error", "", text);
  try {
    if (getBookType(file) in BEGINNINGS) await uploadBook(file);
    else await readText(file);
  } catch (error) {
    if (error.code !== "cancelled") showError("text-error", error.message, text);
  }
}

async function readText(file) {
  if (!STORY_TEXT.test(file.name)) throw new Error(`“${file.name}” is not a text file. Choose a file ending in ${formatChoice(listTextTypes())}.`);
  const isBook = /\.fb2$/i.test(file.name);
  if (file.size > maxStoryChars() * 4 * (isBook ? PICTURES_RATIO : 1)) throw new Error(`“${file.name}” is too large (${formatSize(file.size)}): a story can have at most ${formatCount(maxStoryChars())} characters. Choose a shorter text, or split it into parts.`);
  const written = decodeText(await readBytes(file));
  const content = isBook ? written.replace(PICTURES, "") : written;
  if (CONTROLS.test(content)) throw new Error(`“${file.name}” is not a text file, despite its name.`);
  if (!content.trim()) throw new Error(`“${file.name}” is empty.`);
  closeBook();
  replaceText(content);
  announce(`${file.name} was opened.`);
}

async function readBytes(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Error(`“${file.name}” cannot be read from this device. Check that it still exists, and choose it again.`);
  }
}

// As the server does it: Unicode, or what a page states, or else Windows-1252.
function decodeText(bytes) {
  const beginning = new TextDecoder("latin1").decode(bytes.slice(0, 1024));
  const stated = /^\s*<[^]*?(?:charset|encoding)\s*=\s*["']?([\w-]+)/i.exec(beginning)?.[1];
  for (const encoding of [WIDE[new Uint8Array(bytes.slice(0, 2))] ?? "utf-8", stated]) {
    try {
      return new TextDecoder(encoding ?? "windows-1252", { fatal: true }).decode(bytes);
    } catch {
      // the next one
    }
  }
  return new TextDecoder("windows-1252").decode(bytes);
}

async function uploadBook(file) {
  const type = getBookType(file);
  if (!listBookTypes().includes(`.${type}`)) throw new Error(`This server does not support ${type.toUpperCase()}. Open the book elsewhere and paste its text.`);
  checkFile(file, listBookTypes(), "book", "Leave out its pictures, or split it.");
  const head = new TextDecoder("latin1").decode((await readBytes(file)).slice(0, 1024));
  if (head.search(BEGINNINGS[type]) < 0) throw new Error(`“${file.name}” is not ${/^[eo]/.test(type) ? "an" : "a"} ${type.toUpperCase()}, despite its name.`);
  uploading?.abort();
  uploading = new AbortController();
  const { signal } = uploading;
  announce(`Uploading ${file.name}.`);
  showUpload(file.name);
  try {
    setBook(await sendFile(file, (share) => showUpload(file.name, share), signal), file.name);
    announce(`${file.name} was uploaded.`);
  } finally {
    if (uploading?.signal === signal) uploading = null;
    showBook();
  }
}

export function closeBook() {
  uploading?.abort();
  removeBook();
}

$("#open-file").addEventListener("click", () => $("#file").click());
$("#file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = ""; // so that the same file can be chosen again
  readFile(file);
});
for (const button of document.querySelectorAll("[data-sample]")) button.addEventListener("click", closeBook);

function openDropped(files) {
  const choose = (types) => files.filter(({ name }) => types.includes(/\.[^.]*$/.exec(name.toLowerCase())?.[0]));
  const [sounds, pictures] = [choose(capabilities.music_types), choose(capabilities.picture_types)];
  const texts = files.filter((file) => !sounds.includes(file) && !pictures.includes(file));
  if (sounds.length) addMusic(sounds);
  if (pictures.length) addCover(pictures[0]);
  if (texts.length > 1) showError("text-error", `One story at a time: drop ${texts.map(({ name }) => `“${name}”`).join(" or ")}.`, text);
  else readFile(texts[0]);
}

const dropZone = $("#drop-zone");
const setDragging = (event, isDragging) => event.dataTransfer.types.includes("Files") && (event.preventDefault(), dropZone.classList.toggle("drag-over", isDragging));
addEventListener("dragover", (event) => setDragging(event, true));
addEventListener("dragleave", (event) => event.relatedTarget ?? setDragging(event, false));
addEventListener("drop", (event) => {
  setDragging(event, false);
  const files = [...event.dataTransfer.files]; // none: a text, which the browser inserts
  if (files.length && capabilities) openDropped(files);
});
