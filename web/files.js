// Text files: .txt and .md are read in the browser; EPUB, DOCX and PDF are uploaded and narrated as books.

import { getBookType, removeBook, setBook, showBook, showUpload } from "./book.js";
import { capabilities, formatChoice, listBookTypes, listTextTypes, maxStoryChars } from "./choices.js";
import { replaceText, text } from "./draft.js";
import { checkFile, sendFile } from "./sounds.js";
import { $, announce, formatCount, formatSize, showError } from "./ui.js";

const STORY_TEXT = /\.(txt|md|markdown)$/i;
const BEGINNINGS = { epub: "PK", docx: "PK", pdf: "%PDF" };

let uploading = null;

export function init() {
  $("#open-file").title = `${listTextTypes().join(", ")}; or drop a file on the text`;
  $("#file").accept = listTextTypes().join(",");
}

async function readFile(input) {
  const file = input.files[0];
  if (!file || !capabilities) return;
  if ("value" in input) setTimeout(() => (input.value = ""));
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
  if (file.size > maxStoryChars() * 4) throw new Error(`“${file.name}” is too large (${formatSize(file.size)}): a story can have at most ${formatCount(maxStoryChars())} characters. Choose a shorter one, or split it into parts.`);
  const content = decodeText(await readBytes(file), file.name);
  if (content.includes("\0")) throw new Error(`“${file.name}” is not a text file, despite its name.`);
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

function decodeText(bytes, name) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`“${name}” cannot be read as text. Save it as UTF-8 and choose it again.`);
  }
}

async function uploadBook(file) {
  const type = getBookType(file);
  if (!listBookTypes().includes(`.${type}`)) throw new Error(`This server does not support ${type.toUpperCase()}. Open the book elsewhere and paste its text.`);
  checkFile(file, [`.${type}`], "book", "Leave out its pictures, or split it.");
  const head = new TextDecoder("latin1").decode((await readBytes(file)).slice(0, 1024));
  if (!head.includes(BEGINNINGS[type])) throw new Error(`“${file.name}” is not ${type === "epub" ? "an" : "a"} ${type.toUpperCase()}, despite its name.`);
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
$("#file").addEventListener("change", (event) => readFile(event.target));
for (const button of document.querySelectorAll("[data-sample]")) button.addEventListener("click", closeBook);

const dropZone = $("#drop-zone");
dropZone.addEventListener("dragover", (event) => (event.preventDefault(), dropZone.classList.add("drag-over")));
dropZone.addEventListener("dragleave", () => dropZone.classList.remove("drag-over"));
dropZone.addEventListener("drop", (event) => {
  dropZone.classList.remove("drag-over");
  if (!event.dataTransfer.files.length) return; // text: the browser inserts it
  event.preventDefault();
  readFile({ files: event.dataTransfer.files });
});
