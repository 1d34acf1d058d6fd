// The text: what is written survives a reload, and is never lost to a sample or a file.

import { keepText, keptText } from "./kept.js";
import { $, showError } from "./words.js";

const SAMPLE = "lighthouse";

export const text = $("#text");
let replaced = null; // what a sample or a file took the place of
let isSample = true; // nobody wrote what stands there
let tellChange = () => {};

// Before anything is asked of the server: what is typed meanwhile is not overwritten.
export async function begin(whenChanged) {
  tellChange = whenChanged;
  const draft = await keptText("draft");
  if (draft !== null && !text.value) [text.value, isSample] = [draft, !draft.trim()];
  else if (draft === null && !text.value) await loadSample(SAMPLE);
  tellChange();
}

async function loadSample(name) {
  try {
    const reply = await fetch(`samples/${name}.md`);
    if (!reply.ok) throw new Error("gone");
    replace(await reply.text());
  } catch {
    showError("text-error", "The sample could not be fetched; write something yourself.", text);
  }
}

export function replace(fresh) {
  replaced = text.value.trim() && text.value !== fresh && !isSample ? text.value : null;
  $("#undo").hidden = replaced === null;
  text.value = fresh;
  text.scrollTop = 0;
  isSample = true;
  changed();
}

function changed() {
  keepText("draft", text.value);
  showError("text-error", "", text);
  tellChange();
}

// What only Markdown looks like; whatever else it is, the server tells by its looks.
export const kind = (words) =>
  !/^\s*</.test(words) && (/^#{1,6} \S/m.test(words) || /^\* \* \*$/m.test(words)) ? "markdown" : undefined;

export function title(words) {
  const line = words.replace(/^---\n[^]*?\n---\n|<[^>]*>/g, " ").trim().split("\n")[0].replace(/^#+\s*/, "").trim() || "A story";
  return line.length > 60 ? `${line.slice(0, 58).replace(/\s+\S*$/, "")}…` : line;
}

text.addEventListener("input", () => {
  isSample = false;
  $("#undo").hidden = true;
  changed();
});
addEventListener("pagehide", () => keepText("draft", text.value));
for (const button of document.querySelectorAll("[data-sample]"))
  button.addEventListener("click", () => loadSample(button.dataset.sample));
$("#undo button").addEventListener("click", () => {
  text.value = replaced;
  [replaced, isSample] = [null, false];
  $("#undo").hidden = true;
  changed();
  text.focus();
});
