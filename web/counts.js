// What stands under the text: characters at once; passages, length and cost when the server says so.

import { ask } from "./api.js";
import { can, longest } from "./choices.js";
import { kind, text } from "./draft.js";
import { place } from "./errors.js";
import { book, bookContent } from "./files.js";
import { $, clock, count, money, showError } from "./words.js";

const TYPED_MS = 400; // after the last key, until the server is asked
const AGAIN_MS = 5_000; // after a server that was unwell

let typed = 0;
let asking = null;
let choices = () => ({}); // what shapes the speech

export function begin(speech) {
  choices = speech;
  counted();
}

export const tooLong = (chars) =>
  `${count(chars)} characters are more than the ${count(longest())} of one story: shorten it by ${count(chars - longest())}, or tell it in parts.`;

export function counted() {
  const chars = text.value.length;
  $("#n-chars").textContent = count(chars);
  if (!can) return;
  clearTimeout(typed);
  asking?.abort();
  if (book()) {
    unknown();
    $("#n-chars").textContent = "–";
  } else if (!text.value.trim()) return unknown();
  else if (chars > longest()) return unknown(), showError("text-error", tooLong(chars), text);
  $("#counts").classList.add("waiting");
  typed = setTimeout(estimate, TYPED_MS);
}

function unknown() {
  for (const name of ["chunks", "length", "cost"]) $(`#n-${name}`).textContent = "–";
  $("#counts").classList.remove("waiting");
}

async function estimate() {
  asking = new AbortController();
  const { signal } = asking;
  try {
    const content = book() ? await bookContent() : "";
    if (content === null || signal.aborted) return unknown();
    const asked = book() ? { text: content, text_type: "epub" } : beginning(text.value);
    const told = await ask("POST", "/estimate", { body: { ...asked, ...choices() }, signal, quiet: true });
    show(told, book() ? 1 : text.value.length / asked.text.length);
    showError("text-error", "", text);
  } catch (error) {
    if (error.code === "cancelled") return;
    unknown();
    if (error.details?.field) place(error);
    else if (!error.isLost) showError("text-error", `Length and cost are not known yet: ${error.message}`);
    if (error.isPassing) typed = setTimeout(estimate, AGAIN_MS);
  }
}

// The server is asked about the beginning of a long text only; the rest is taken to be like it.
function beginning(words) {
  return { text: words.slice(0, can.limits.synthesize_chars), text_type: kind(words) };
}

function show(told, times) {
  const nearly = times > 1 ? "~" : "";
  if (book()) $("#n-chars").textContent = count(told.characters);
  $("#n-chunks").textContent = nearly + count(told.chunks * times);
  $("#n-length").textContent = nearly + clock(told.duration_s * times);
  $("#n-cost").textContent = nearly + money(told.cost_usd * times);
  $("#counts").classList.remove("waiting");
}
