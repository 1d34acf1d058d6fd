// Files of text: .txt and .md are read here, an EPUB is sent as it is and told as a book.

import { ask, send } from "./api.js";
import { can, choose, chosen, longest, readsBooks, textTypes } from "./choices.js";
import { replace, text } from "./draft.js";
import { forgetText, keepText, keptText } from "./kept.js";
import { $, announce, count, el, showError, size } from "./words.js";

const STORY_TEXT = /\.(txt|md|markdown)$/i;
const BASE64 = 4 / 3; // letters for a byte

let sending = null;

export const book = () => chosen.book ?? null; // {key, name}: it survives a reload
export const bookContent = () => keptText("book"); // in base64; null of a large one

export function begin() {
  $("#open").title = `${textTypes().join(", ")}, or drop it on the text`;
  $("#file").accept = textTypes().join(",");
  showBook();
}

async function readFile(input) {
  const file = input.files[0];
  if (!file || !can) return;
  if ("value" in input) setTimeout(() => (input.value = ""));
  showError("text-error", "", text);
  try {
    if (/\.epub$/i.test(file.name)) await sendBook(file);
    else await readText(file);
  } catch (error) {
    if (error.code !== "cancelled") showError("text-error", error.message, text);
  }
}

async function readText(file) {
  if (!STORY_TEXT.test(file.name)) throw new Error(`“${file.name}” is no text. Choose a file that ends in ${textTypes().join(" or ")}.`);
  if (file.size > longest() * 4) throw new Error(`“${file.name}” has ${size(file.size)}: more than the ${count(longest())} characters of one story. Choose a shorter one, or tell it in parts.`);
  const content = decoded(await bytesOf(file), file.name);
  if (content.includes("\0")) throw new Error(`“${file.name}” is no text, whatever it is called.`);
  if (!content.trim()) throw new Error(`“${file.name}” is empty.`);
  unbook();
  replace(content);
  announce(`${file.name} was read.`);
}

async function bytesOf(file) {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new Error(`“${file.name}” cannot be read from this device. Is it still there? Choose it again.`);
  }
}

function decoded(bytes, name) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`“${name}” cannot be read as text. Save it as UTF-8 and choose it again.`);
  }
}

async function sendBook(file) {
  if (!readsBooks()) throw new Error("This server reads no EPUB. Open the book elsewhere and paste its text.");
  if (file.size > can.limits.upload_bytes) throw new Error(`“${file.name}” has ${size(file.size)}; at most ${size(can.limits.upload_bytes)} can be sent.`);
  const bytes = new Uint8Array(await bytesOf(file));
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b) throw new Error(`“${file.name}” is no EPUB, whatever it is called.`);
  sending?.abort();
  sending = new AbortController();
  const { signal } = sending;
  announce(`Sending ${file.name}.`);
  $("#book").hidden = false;
  $("#book span").textContent = `Sending ${file.name}…`;
  try {
    const form = await ask("POST", "/uploads", { body: { name: file.name, size_bytes: file.size }, signal, patient: 2 });
    await send(form, file, (share) => ($("#book span").textContent = `Sending ${file.name}, ${Math.round(share * 100)} %`), signal);
    await keepContent(bytes);
    choose({ book: { key: form.key, name: file.name } });
    announce(`${file.name} is here.`);
  } finally {
    if (sending?.signal === signal) sending = null;
    showBook();
  }
}

// A small book is kept for the sake of its length and cost, which the server tells of its content.
async function keepContent(bytes) {
  await forgetText("book");
  if (bytes.length * BASE64 > can.limits.synthesize_chars) return;
  await keepText("book", btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")));
}

function showBook() {
  const mine = book();
  $("#book").hidden = !mine;
  text.hidden = Boolean(mine);
  if (mine) $("#book span").replaceChildren(el("strong", {}, mine.name), " is told as a book, chapter by chapter.");
}

export function unbook() {
  sending?.abort();
  if (!book()) return;
  forgetText("book");
  choose({ book: null });
  showBook();
}

$("#unbook").addEventListener("click", () => (unbook(), text.focus()));
$("#open").addEventListener("click", () => $("#file").click());
$("#file").addEventListener("change", (event) => readFile(event.target));
for (const button of document.querySelectorAll("[data-sample]")) button.addEventListener("click", unbook);

const drop = $("#drop");
drop.addEventListener("dragover", (event) => (event.preventDefault(), drop.classList.add("over")));
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  if (!event.dataTransfer.files.length) return; // a piece of text: the browser puts it in
  event.preventDefault();
  readFile({ files: event.dataTransfer.files });
});
