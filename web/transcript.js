// The transcript: highlights the sentence that plays, its word where times of words are known, and
// plays the sentence that is clicked; the same for chapters.

import { callApi } from "./api.js";
import { buildSentences, findIndexAt } from "./captions.js";
import { fetchFile, story } from "./links.js";
import { $, el, formatClock, reducedMotion } from "./ui.js";

const box = $("#captions");
const list = $("#chapters ol");
const PATIENCE_MS = 6_000;
const PAGE_SENTENCES = 500;
const MAX_SENTENCES = 10_000; // whose paragraphs are fetched
const ENDS_PARAGRAPH = ["paragraph", "scene", "heading", "chapter"];

export let chapters = []; // {start, title}
let sentences = []; // {start, end, node}
let current = -1;
let words = []; // {start, node}
let currentWord = -1;
let seek = () => {};
let isPlaying = () => false;
let pick = () => false; // whether a sentence was taken to be changed instead of played
let lastScroll_ms = 0; // when the user last scrolled

export function init(seekListener, playbackCheck) {
  [seek, isPlaying] = [seekListener, playbackCheck];
}

export const setPicker = (picker) => (pick = picker);

export function clear() {
  [chapters, sentences, current] = [[], [], -1];
  [words, currentWord] = [[], -1];
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
    if (!shown.text) {
      shown.text = await fetchText(shown).catch(() => "");
      if (story?.id !== shown.id) return;
      if (shown.text && !box.contains(document.activeElement)) showSentences(buildSentences(vtt, shown.text));
    }
    if (shown.links.words_json) await showWords(shown);
  } catch (error) {
    if (error.name !== "AbortError" && error.code !== "cancelled")
      box.replaceChildren(el("p", {}, "The captions could not be loaded. Open the story again to retry."));
  }
}

// The text of a story that this browser does not have, by paragraphs.
async function fetchText(shown) {
  let text = "";
  for (let first = 0, total = 1; first < Math.min(total, MAX_SENTENCES) && story?.id === shown.id; first += PAGE_SENTENCES) {
    const found = await callApi("GET", `/stories/${shown.story}/sentences?first=${first}&count=${PAGE_SENTENCES}`, { background: true });
    total = found.total;
    for (const sentence of found.sentences) text += sentence.text + (ENDS_PARAGRAPH.includes(sentence.ending) ? "\n\n" : " ");
  }
  return text;
}

export const getSentences = () => sentences;
export const parse = (vtt) => buildSentences(vtt, story?.text);

// Shows the captions of a story that is being made; what is shown already stays.
export function showLive(vtt) {
  const items = parse(vtt);
  const isMore = sentences.length && sentences.every((each, number) => each.text === items[number]?.text);
  if (!isMore) return showSentences(items);
  const added = items.slice(sentences.length).map((item, number) => ({ ...item, node: createSentence(item, sentences.length + number) }));
  sentences = [...sentences.map((each, number) => ({ ...items[number], node: each.node })), ...added];
  box.append(...groupParagraphs(added));
}

function showSentences(items) {
  [words, currentWord] = [[], -1];
  sentences = items.map((sentence, number) => ({ ...sentence, node: createSentence(sentence, number) }));
  box.replaceChildren(...groupParagraphs(sentences));
  const titles = items.filter((sentence) => sentence.chapter);
  if (!story.links.chapters) showChapters(titles.map((sentence) => ({ start: sentence.start, title: sentence.chapter })));
}

// Times of words come in the order of the sentences; a sentence that differs stays whole.
async function showWords(shown) {
  const timed = await (await fetchFile("words_json"))?.json();
  if (!timed || story?.id !== shown.id) return;
  const queue = timed.sentences.flatMap((sentence) => sentence.words);
  for (const { node, text } of sentences) words.push(...splitWords(node, text, queue));
}

function splitWords(node, text, queue) {
  const found = [];
  let end = 0;
  for (const { text: word, start_s } of queue) {
    const at = text.indexOf(word, end);
    if (at < 0 || at > end + 1) break;
    found.push({ start: start_s, node: el("span", { class: "word" }, word), gap: text.slice(end, at) });
    end = at + word.length;
  }
  if (end < text.length) return [];
  queue.splice(0, found.length);
  node.replaceChildren(...found.flatMap((word) => [word.gap, word.node]));
  return found;
}

function highlightWord(now_s) {
  const index = findIndexAt(words, now_s);
  if (index === currentWord) return;
  words[currentWord]?.node.classList.remove("spoken");
  words[index]?.node.classList.add("spoken");
  currentWord = index;
}

function createSentence(sentence, number) {
  const node = el("span", { role: "button", tabindex: number ? "-1" : "0", class: "sentence" }, sentence.text);
  node.addEventListener("click", () => {
    focusSentence(number, false);
    if (!pick(sentences[number], false)) seek(sentences[number].start);
  });
  return node;
}

function groupParagraphs(all) {
  const paragraphs = [];
  let speaker = "";
  for (const sentence of all) {
    if (sentence.startsParagraph || !paragraphs.length) paragraphs.push(el("p", { dir: "auto" }));
    if (sentence.isTitle) paragraphs.at(-1).classList.add("title-line");
    if (sentence.speaker && (sentence.speaker !== speaker || !paragraphs.at(-1).childNodes.length)) paragraphs.at(-1).append(el("span", { class: "speaker" }, sentence.speaker), " ");
    speaker = sentence.speaker;
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
  highlightWord(now_s);
  const index = findIndexAt(sentences, now_s);
  if (index === current && !force) return;
  sentences[current]?.node.removeAttribute("aria-current");
  current = index;
  const node = sentences[index]?.node;
  if (!node) return;
  node.setAttribute("aria-current", "true");
  if (!box.contains(document.activeElement)) focusSentence(index, false);
  if (isPlaying()) keepInView(node);
}

// Scrolls a sentence into view below the controls, unless the user is elsewhere on the page or changes one.
function keepInView(node) {
  const { top, bottom } = node.getBoundingClientRect();
  const pane = box.getBoundingClientRect();
  const isReading = pane.top < innerHeight * 0.9 && pane.bottom > 0 && !box.querySelector("form");
  const limit = $(".deck").getBoundingClientRect().bottom;
  if (!isReading || (top > limit && bottom < innerHeight * 0.85)) return;
  if (Date.now() - lastScroll_ms < PATIENCE_MS) return;
  scrollTo({ top: scrollY + top - Math.max(limit, 0) - innerHeight * 0.2, behavior: reducedMotion.matches ? "auto" : "smooth" });
}

// The user's own scrolling is left alone for a while.
for (const name of ["wheel", "touchmove"]) addEventListener(name, () => (lastScroll_ms = Date.now()), { passive: true });

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
  else if (event.key === "e" && !event.ctrlKey && !event.metaKey) pick(sentences[number], true);
  else if (event.key === "Enter" || event.key === " ") pick(sentences[number], false) || seek(sentences[number].start);
  else return;
  event.preventDefault();
});
