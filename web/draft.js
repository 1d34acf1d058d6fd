// The text field: a draft survives a reload, and one that a sample or a file replaces can be restored.

import { loadText, saveText } from "./storage.js";
import { $, showError } from "./ui.js";

const SAMPLE = "lighthouse";

export const text = $("#text");
export const HEAD = /^---\n([^]*?\n)(?:---|\.\.\.)[ \t]*(?:\n|$)/; // the front matter
const STARTS_RIGHT = /^[^\p{L}]*[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;
let replaced = null; // the text that a sample or a file replaced
let isSample = true; // the field holds an unchanged sample
let onChange = () => {};

// Called before the first request to the server; does not overwrite what is typed meanwhile.
export async function init(changeListener) {
  onChange = () => {
    text.dir = STARTS_RIGHT.test(text.value.slice(0, 500)) ? "rtl" : ""; // "auto" takes minutes for long texts
    changeListener();
  };
  const draft = await loadText("draft");
  if (draft !== null && !text.value) [text.value, isSample] = [draft, !draft.trim()];
  else if (draft === null && !text.value) await loadSample(SAMPLE);
  onChange();
}

async function loadSample(name) {
  try {
    const response = await fetch(`samples/${name}.md`);
    if (!response.ok) throw new Error("gone");
    replaceText(await response.text());
    isSample = true;
  } catch {
    showError("text-error", "The sample could not be loaded. Write something of your own.", text);
  }
}

export function replaceText(content) {
  replaced = text.value.trim() && text.value !== content && !isSample ? text.value : null;
  $("#undo").hidden = replaced === null;
  text.value = content;
  text.scrollTop = 0;
  isSample = false;
  saveDraft();
}

function saveDraft() {
  saveText("draft", text.value);
  showError("text-error", "", text);
  onChange();
}

// Detects Markdown; everything else is left to the server.
export const detectTextType = (content) =>
  !/^\s*</.test(content) && (/^#{1,6} \S/m.test(content) || /^\* \* \*$/m.test(content)) ? "markdown" : undefined;

export function deriveTitle(content) {
  const stated = /^---\n(?:[^]*?\n)?title:[ \t]*([^\n]+)\n[^]*?^(?:---|\.\.\.)/m.exec(content)?.[1].replace(/^["']|["']$/g, "");
  const line = stated ?? (content.replace(/^---\n[^]*?\n---\n|<[^>]*>|\[\[[^\]]*\]\]/g, " ").trim().split("\n")[0].replace(/^#+\s*/, "").trim() || "A story");
  return line.length > 60 ? `${line.slice(0, 58).replace(/\s+\S*$/, "")}…` : line;
}

text.addEventListener("input", () => {
  isSample = false;
  $("#undo").hidden = true;
  saveDraft();
});
addEventListener("pagehide", () => saveText("draft", text.value));
for (const button of document.querySelectorAll("[data-sample]"))
  button.addEventListener("click", () => loadSample(button.dataset.sample));
$("#undo button").addEventListener("click", () => {
  text.value = replaced;
  [replaced, isSample] = [null, false];
  $("#undo").hidden = true;
  saveDraft();
  text.focus();
});
