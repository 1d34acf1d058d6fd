// Text files: .txt and .md are read in the browser; an EPUB is uploaded and narrated as a book.

import { callApi, uploadFile } from "./api.js";
import { capabilities, choices, listTextTypes, maxStoryChars, supportsEpub, updateChoices } from "./choices.js";
import { replaceText, text } from "./draft.js";
import { deleteText, loadText, saveText } from "./storage.js";
import { $, announce, el, formatCount, formatSize, showError } from "./ui.js";

const STORY_TEXT = /\.(txt|md|markdown)$/i;
const BASE64_CHARS_PER_BYTE = 4 / 3;

let uploading = null;

export const getBook = () => choices.book ?? null; // {key, name}; survives a reload
export const loadBookContent = () => loadText("book"); // Base64; null if the book is large

export function init() {
  $("#open-file").title = `${listTextTypes().join(", ")}; or drop a file on the text`;
  $("#file").accept = listTextTypes().join(",");
  showBook();
}

async function readFile(input) {
  const file = input.files[0];
  if (!file || !capabilities) return;
  if ("value" in input) setTimeout(() => (input.value = ""));
  showError("text-error", "", text);
  try {
    if (/\.epub$/i.test(file.name)) await uploadBook(file);
    else await readText(file);
  } catch (error) {
    if (error.code !== "cancelled") showError("text-error", error.message, text);
  }
}

async function readText(file) {
  if (!STORY_TEXT.test(file.name)) throw new Error(`“${file.name}” is not a text file. Choose a file ending in ${listTextTypes().join(" or ")}.`);
  if (file.size > maxStoryChars() * 4) throw new Error(`“${file.name}” is too large (${formatSize(file.size)}): a story can have at most ${formatCount(maxStoryChars())} characters. Choose a shorter one, or split it into parts.`);
  const content = decodeText(await readBytes(file), file.name);
  if (content.includes("\0")) throw new Error(`“${file.name}” is not a text file, despite its name.`);
  if (!content.trim()) throw new Error(`“${file.name}” is empty.`);
  removeBook();
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

function decodeText(bytes, name) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`“${name}” cannot be read as text. Save it as UTF-8 and choose it again.`);
  }
}

async function uploadBook(file) {
  if (!supportsEpub()) throw new Error("This server does not support EPUB. Open the book elsewhere and paste its text.");
  if (file.size > capabilities.limits.upload_bytes) throw new Error(`“${file.name}” is too large (${formatSize(file.size)}); the limit is ${formatSize(capabilities.limits.upload_bytes)}.`);
  const bytes = new Uint8Array(await readBytes(file));
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) throw new Error(`“${file.name}” is not an EPUB, despite its name.`);
  uploading?.abort();
  uploading = new AbortController();
  const { signal } = uploading;
  announce(`Uploading ${file.name}.`);
  $("#book").hidden = false;
  $("#book span").textContent = `Uploading ${file.name}…`;
  try {
    const form = await callApi("POST", "/uploads", { body: { name: file.name, size_bytes: file.size }, signal, retries: 2 });
    await uploadFile(form, file, (share) => ($("#book span").textContent = `Uploading ${file.name}, ${Math.round(share * 100)} %`), signal);
    await saveContent(bytes);
    updateChoices({ book: { key: form.key, name: file.name } });
    announce(`${file.name} was uploaded.`);
  } finally {
    if (uploading?.signal === signal) uploading = null;
    showBook();
  }
}

// Stores the content of a small book, from which the server estimates length and cost.
async function saveContent(bytes) {
  await deleteText("book");
  if (bytes.length * BASE64_CHARS_PER_BYTE > capabilities.limits.synthesize_chars) return;
  await saveText("book", btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")));
}

function showBook() {
  const stored = getBook();
  $("#book").hidden = !stored;
  text.hidden = Boolean(stored);
  if (stored) $("#book span").replaceChildren(el("strong", {}, stored.name), " will be narrated as a book, chapter by chapter.");
}

export function removeBook() {
  uploading?.abort();
  if (!getBook()) return;
  deleteText("book");
  updateChoices({ book: null });
  showBook();
}

$("#remove-book").addEventListener("click", () => (removeBook(), text.focus()));
$("#open-file").addEventListener("click", () => $("#file").click());
$("#file").addEventListener("change", (event) => readFile(event.target));
for (const button of document.querySelectorAll("[data-sample]")) button.addEventListener("click", removeBook);

const dropZone = $("#drop-zone");
dropZone.addEventListener("dragover", (event) => (event.preventDefault(), dropZone.classList.add("drag-over")));
dropZone.addEventListener("dragleave", () => dropZone.classList.remove("drag-over"));
dropZone.addEventListener("drop", (event) => {
  dropZone.classList.remove("drag-over");
  if (!event.dataTransfer.files.length) return; // text: the browser inserts it
  event.preventDefault();
  readFile({ files: event.dataTransfer.files });
});
