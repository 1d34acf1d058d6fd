// The book view: what an uploaded book (EPUB, DOCX, ODT or PDF) contains, and which chapters of it are narrated.

import { choices, updateChoices } from "./choices.js";
import { deleteText } from "./storage.js";
import { $, el, formatClock, formatPlural } from "./ui.js";
import { formatLanguage } from "./voices.js";

let contents = []; // chapters of the last estimate, all of them
let damage = ""; // why the book cannot be read
let onChange = () => {};

export const getBook = () => choices.book ?? null; // {key, name, skipped}; survives a reload
export const getBookType = ({ name }) => name.split(".").pop().toLowerCase().replace("fodt", "odt");

export function init(changeListener) {
  onChange = changeListener;
  showBook();
}

export const getDamage = () => damage;

export function showDamage(message) {
  damage = message;
  showTitle(getBook().name, "", "The book could not be read.");
}

export function setBook(key, name) {
  [contents, damage] = [[], ""];
  updateChoices({ book: { key, name, skipped: [] } });
  showBook();
}

export function removeBook() {
  if (!getBook()) return;
  deleteText("book");
  [contents, damage] = [[], ""];
  updateChoices({ book: null });
  showBook();
}

export function showBook() {
  const book = getBook();
  $("#book").hidden = !book;
  $("#text").hidden = Boolean(book);
  $("#excerpt").hidden = Boolean(book);
  $("#skip-front-matter").checked = Boolean(book?.skips_front_matter);
  if (!book || contents.length) return;
  showTitle(book.name, "", `Reading ${book.name}…`);
  $("#book-cover").hidden = $("#book-chapters").hidden = true;
}

export function showUpload(name, share) {
  $("#book").hidden = false;
  showTitle(name, "", `Uploading ${name}${share === undefined ? "…" : `, ${Math.round(share * 100)}%`}`);
}

function showTitle(title, author, note) {
  [$("#book-title").textContent, $("#book-author").textContent, $("#book-note").textContent] = [title, author, note];
}

// Shows what the server has found in the book.
export function describeBook(estimate) {
  const book = getBook();
  if (!book) return;
  [contents, damage] = [estimate.contents, ""];
  const parts = estimate.chapters > 1 ? `: ${formatPlural(estimate.chapters, "chapter")}` : ",";
  const note = `${book.name} will be narrated as a book${parts} in ${formatLanguage(estimate.language)}.`;
  showTitle(estimate.title || book.name, estimate.author, note);
  $("#book-cover").hidden = !estimate.cover_base64;
  if (estimate.cover_base64) $("#book-cover").src = `data:image/jpeg;base64,${estimate.cover_base64}`;
  $("#book-chapters").hidden = contents.length < 2;
  const { skipped = listSkipped(book.chapters) } = book;
  updateChoices({ book: { ...book, skipped } }, false);
  $("#book-chapters ol").replaceChildren(...contents.map((chapter) => createRow(chapter, !skipped.includes(chapter.number))));
}

// The numbers that a choice such as 2-5,9 leaves out.
function listSkipped(chapters) {
  const runs = (chapters || "0-").split(",").map((run) => run.split("-").map(Number));
  return contents.map(({ number }) => number).filter((number) => !runs.some(([first, last = first]) => number >= first && number <= (last || Infinity)));
}

function createRow({ number, title, duration_s }, checked) {
  const box = el("input", { type: "checkbox", value: String(number), checked });
  return el("li", {}, el("label", { class: "check" }, box, el("span", {}, title || `Chapter ${number}`), el("small", {}, formatClock(duration_s))));
}

const getChosen = () => contents.filter(({ number }) => !(getBook()?.skipped ?? []).includes(number));

// The choice as the API takes it, such as 2-5,9; undefined for all chapters.
export function getChapters() {
  if (!contents.length) return getBook()?.chapters;
  if (!getBook() || getChosen().length === contents.length) return undefined;
  const runs = [];
  for (const { number } of getChosen()) {
    if (runs.at(-1)?.[1] === number - 1) runs.at(-1)[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(",");
}

// What is left of an estimate of the whole book when only the chosen chapters are narrated.
export function scaleToChosen(estimate) {
  const sum = (list, field) => list.reduce((total, each) => total + each[field], 0);
  const chosen = getChosen();
  const characters = sum(chosen, "characters");
  const share = characters / (sum(contents, "characters") || 1);
  return { ...estimate, characters, chunks: estimate.chunks * share, duration_s: sum(chosen, "duration_s"), cost_usd: estimate.cost_usd * share };
}

function saveChoice() {
  const skipped = [...document.querySelectorAll("#book-chapters input:not(:checked)")].map((box) => Number(box.value));
  updateChoices({ book: { ...getBook(), skipped } }, false);
  updateChoices({ book: { ...getBook(), chapters: getChapters() } }, false);
  onChange();
}

$("#book-chapters").addEventListener("change", saveChoice);
for (const button of document.querySelectorAll("[data-check]"))
  button.addEventListener("click", () => {
    for (const box of document.querySelectorAll("#book-chapters input")) box.checked = button.dataset.check === "all";
    saveChoice();
  });
$("#skip-front-matter").addEventListener("change", (event) => {
  updateChoices({ book: { ...getBook(), skips_front_matter: event.target.checked, skipped: [], chapters: "" } });
});
$("#remove-book").addEventListener("click", () => (removeBook(), $("#text").focus()));
