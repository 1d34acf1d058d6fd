// The figures below the text: characters at once; passages, length and cost from the server.

import { callApi } from "./api.js";
import { capabilities, maxStoryChars } from "./choices.js";
import { detectTextType, text } from "./draft.js";
import { showApiError } from "./errors.js";
import { getBook, loadBookContent } from "./files.js";
import { $, formatClock, formatCost, formatCount, showError } from "./ui.js";

const DEBOUNCE_MS = 400; // from the last key to the request
const RETRY_MS = 5_000; // after a temporary error

let timer = 0;
let pending = null;
let getSpeechOptions = () => ({}); // options that change length and cost

export function init(speechOptions) {
  getSpeechOptions = speechOptions;
  updateStats();
}

export const formatTooLong = (chars) =>
  `${formatCount(chars)} characters exceed the limit of ${formatCount(maxStoryChars())} per story: shorten it by ${formatCount(chars - maxStoryChars())}, or split it into parts.`;

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
  $("#stats").classList.remove("waiting");
}

async function fetchEstimate() {
  pending = new AbortController();
  const { signal } = pending;
  try {
    const content = getBook() ? await loadBookContent() : "";
    if (content === null || signal.aborted) return clearEstimate();
    const source = getBook() ? { text: content, text_type: "epub" } : takeBeginning(text.value);
    const estimate = await callApi("POST", "/estimate", { body: { ...source, ...getSpeechOptions() }, signal, background: true });
    showEstimate(estimate, getBook() ? 1 : text.value.length / source.text.length);
    showError("text-error", "", text);
  } catch (error) {
    if (error.code === "cancelled") return;
    clearEstimate();
    if (error.details?.field) showApiError(error);
    else if (!error.isNetworkError) showError("text-error", `Length and cost are not available yet: ${error.message}`);
    if (error.isTemporary) timer = setTimeout(fetchEstimate, RETRY_MS);
  }
}

// Only the beginning of a long text is sent; the figures are scaled up to the whole.
function takeBeginning(content) {
  return { text: content.slice(0, capabilities.limits.synthesize_chars), text_type: detectTextType(content) };
}

function showEstimate(estimate, factor) {
  const prefix = factor > 1 ? "~" : "";
  if (getBook()) $("#stat-chars").textContent = formatCount(estimate.characters);
  $("#stat-chunks").textContent = prefix + formatCount(estimate.chunks * factor);
  $("#stat-length").textContent = prefix + formatClock(estimate.duration_s * factor);
  $("#stat-cost").textContent = prefix + formatCost(estimate.cost_usd * factor);
  $("#stats").classList.remove("waiting");
}
