// The figures below the text: characters at once; passages, length and cost from the server.

import { callApi } from "./api.js";
import { capabilities, maxStoryChars } from "./choices.js";
import { detectTextType, text } from "./draft.js";
import { formatError, showApiError } from "./errors.js";
import { describeBook, getBook, getBookType, scaleToChosen, showDamage } from "./book.js";
import { $, formatClock, formatCost, formatCount, showError, showNotes } from "./ui.js";
import { showDoubtfulWords } from "./words.js";

const DEBOUNCE_MS = 400; // from the last key to the request
const RETRY_MS = 5_000; // after a temporary error

let timer = 0;
let pending = null;
let getSpeechOptions = () => ({}); // options that change length and cost
let prepareText = (content) => content;
let bookEstimate = null; // of the whole book
let hasFailed = false; // the last estimate

export function init(speechOptions, textPreparation) {
  [getSpeechOptions, prepareText] = [speechOptions, textPreparation];
  updateStats();
}

export const formatTooLong = (chars) =>
  `${formatCount(chars)} characters exceed the limit of ${formatCount(maxStoryChars())} per story: shorten the text by ${formatCount(chars - maxStoryChars())}, or split it into parts.`;

export function updateStats() {
  const chars = text.value.length;
  $("#stat-chars").textContent = formatCount(chars);
  if (!capabilities) return;
  clearTimeout(timer);
  pending?.abort();
  if (getBook()) {
    clearEstimate();
    $("#stat-chars").textContent = "–";
  } else if (!text.value.trim()) return clearEstimate();
  else if (chars > maxStoryChars()) return clearEstimate(), showError("text-error", formatTooLong(chars), text);
  $("#stats").classList.add("waiting");
  timer = setTimeout(fetchEstimate, DEBOUNCE_MS);
}

function clearEstimate() {
  for (const name of ["chunks", "length", "cost"]) $(`#stat-${name}`).textContent = "–";
  showNotes("text-notes");
  $("#stats").classList.remove("waiting");
}

async function fetchEstimate() {
  pending = new AbortController();
  const { signal } = pending;
  try {
    const book = getBook();
    const source = book ? { source: book.key, text_type: getBookType(book) } : takeBeginning(text.value);
    const body = { ...source, text: book ? undefined : prepareText(source.text), ...getSpeechOptions() };
    const estimate = await callApi("POST", "/estimate", { body, signal, background: true });
    if (hasFailed) showError("text-error", "", text); // the error of a file stays
    hasFailed = false;
    showDoubtfulWords(estimate.doubtful_words ?? []);
    showNotes("text-notes", estimate.warnings);
    if (!book) return showEstimate(estimate, text.value.length / source.text.length);
    bookEstimate = estimate;
    describeBook(estimate);
    showBookEstimate();
  } catch (error) {
    if (error.code === "cancelled") return;
    clearEstimate();
    hasFailed = true;
    if (error.details?.field) showApiError(error);
    if (getBook() && error.code === "unreadable_text") showDamage(formatError(error));
    else if (!error.isNetworkError) showError("text-error", `Length and cost are not available: ${error.message}`);
    if (error.isTemporary) timer = setTimeout(fetchEstimate, RETRY_MS);
  }
}

// Only the beginning of a long text is sent, up to the end of a paragraph, in which all marks are closed; the figures
// are scaled up to the whole.
function takeBeginning(content) {
  const most = capabilities.limits.synthesize_chars * 0.99;
  const end = content.length > most ? content.lastIndexOf("\n\n", most) : -1;
  return { text: content.slice(0, end > 0 ? end : most), text_type: detectTextType(content) };
}

export function showBookEstimate() {
  if (bookEstimate) showEstimate(scaleToChosen(bookEstimate), 1);
}

function showEstimate(estimate, factor) {
  const prefix = factor > 1 ? "~" : "";
  const cost = formatCost(estimate.cost_usd * factor);
  if (getBook()) $("#stat-chars").textContent = formatCount(estimate.characters);
  $("#stat-chunks").textContent = prefix + formatCount(estimate.chunks * factor);
  $("#stat-length").textContent = prefix + formatClock(estimate.duration_s * factor);
  $("#stat-cost").textContent = cost === "free" ? cost : prefix + cost;
  $("#stats").classList.remove("waiting");
}
