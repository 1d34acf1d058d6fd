// The transcript: highlights the sentence that plays, and plays the one that is clicked; the same for chapters.

import { buildSentences, findIndexAt } from "./captions.js";
import { fetchFile, story } from "./links.js";
import { $, el, formatClock, reducedMotion } from "./ui.js";

const box = $("#captions");
const list = $("#chapters ol");

export let chapters = []; // {start, title}
let sentences = []; // {start, end, node}
let current = -1;
let seek = () => {};

export function init(seekListener) {
  seek = seekListener;
}

export function clear() {
  [chapters, sentences, current] = [[], [], -1];
  $("#chapters").hidden = true;
  box.replaceChildren();
}

export async function showCaptions() {
  const shown = story;
  try {
    const response = await fetchFile("captions_vtt");
    const vtt = response && (await response.text());
    if (story?.id !== shown.id) return;
    if (!vtt) return box.replaceChildren(el("p", {}, "This recording has no captions."));
    showSentences(buildSentences(vtt, shown.text));
  } catch (error) {
    if (error.name !== "AbortError" && error.code !== "cancelled")
      box.replaceChildren(el("p", {}, "The captions could not be loaded. Open the story again to retry."));
  }
}

function showSentences(items) {
  sentences = items.map((sentence, number) => ({ ...sentence, node: createSentence(sentence, number) }));
  box.replaceChildren(...groupParagraphs(sentences));
  const titles = items.filter((sentence) => sentence.chapter);
  if (!story.links.chapters) showChapters(titles.map((sentence) => ({ start: sentence.start, title: sentence.chapter })));
}

function createSentence(sentence, number) {
  const node = el("span", { role: "button", tabindex: number ? "-1" : "0", class: "sentence" }, sentence.text);
  node.addEventListener("click", () => {
    focusSentence(number, false);
    seek(sentence.start);
  });
  return node;
}

function groupParagraphs(all) {
  const paragraphs = [];
  for (const sentence of all) {
    if (sentence.startsParagraph || !paragraphs.length) paragraphs.push(el("p"));
    if (sentence.isTitle) paragraphs.at(-1).classList.add("title-line");
    paragraphs.at(-1).append(sentence.node, " ");
  }
  return paragraphs;
}

export function showChapters(items) {
  chapters = items;
  $("#chapters").hidden = items.length < 2;
  list.replaceChildren(
    ...items.map(({ start, title }) =>
      el("li", {}, el("button", { type: "button", onclick: () => seek(start) }, el("span", {}, title), el("time", {}, formatClock(start))))),
  );
}

export function markChapter(now_s) {
  const index = findIndexAt(chapters, now_s);
  list.querySelectorAll("button").forEach((button, i) =>
    i === index ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current"));
}

// Highlights the sentence that plays and scrolls it into view.
export function highlightSentence(now_s, force = false) {
  const index = findIndexAt(sentences, now_s);
  if (index === current && !force) return;
  sentences[current]?.node.removeAttribute("aria-current");
  current = index;
  const node = sentences[index]?.node;
  if (!node) return;
  node.setAttribute("aria-current", "true");
  if (!box.contains(document.activeElement)) focusSentence(index, false);
  const isVisible = node.offsetTop > box.scrollTop && node.offsetTop + node.offsetHeight < box.scrollTop + box.clientHeight * 0.8;
  if (!isVisible) box.scrollTo({ top: node.offsetTop - box.clientHeight / 4, behavior: reducedMotion.matches ? "auto" : "smooth" });
}

// All sentences share one tab stop, which the arrow keys move.
function focusSentence(number, moveFocus = true) {
  const node = sentences[Math.min(Math.max(0, number), sentences.length - 1)]?.node;
  if (!node) return;
  for (const sentence of sentences) if (sentence.node.tabIndex === 0) sentence.node.tabIndex = -1;
  node.tabIndex = 0;
  if (moveFocus) node.focus();
}

box.addEventListener("keydown", (event) => {
  const number = sentences.findIndex((sentence) => sentence.node === document.activeElement);
  if (number < 0) return;
  const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -number, End: sentences.length };
  if (event.key in steps) focusSentence(number + steps[event.key]);
  else if (event.key === "Enter" || event.key === " ") seek(sentences[number].start);
  else return;
  event.preventDefault();
});
