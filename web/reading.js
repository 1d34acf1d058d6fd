// Reads along: the sentence that is heard is marked, one that is clicked is heard; chapters likewise.

import { at, sentences } from "./captions.js";
import { fetched, story } from "./links.js";
import { $, clock, el, still } from "./words.js";

const box = $("#captions");
const list = $("#chapters ol");

export let chapters = []; // {start, title}
let lines = []; // {start, end, node}
let current = -1;
let seek = () => {};

export function begin(seekTo) {
  seek = seekTo;
}

export function clear() {
  [chapters, lines, current] = [[], [], -1];
  $("#chapters").hidden = true;
  box.replaceChildren();
}

export async function showCaptions() {
  const mine = story;
  try {
    const reply = await fetched("captions_vtt");
    const vtt = reply && (await reply.text());
    if (story?.id !== mine.id) return;
    if (!vtt) return box.replaceChildren(el("p", {}, "There are no captions for this recording."));
    showLines(sentences(vtt, mine.text));
  } catch (error) {
    if (error.name !== "AbortError" && error.code !== "cancelled")
      box.replaceChildren(el("p", {}, "The captions could not be fetched. Open the story again to try once more."));
  }
}

function showLines(found) {
  lines = found.map((line, number) => ({ ...line, node: sentence(line, number) }));
  box.replaceChildren(...paragraphs(lines));
  const titles = found.filter((line) => line.chapter);
  if (!story.links.chapters) showChapters(titles.map((line) => ({ start: line.start, title: line.chapter })));
}

function sentence(line, number) {
  const node = el("span", { role: "button", tabindex: number ? "-1" : "0", class: "sentence" }, line.text);
  node.addEventListener("click", () => {
    focusLine(number, false);
    seek(line.start);
  });
  return node;
}

function paragraphs(all) {
  const made = [];
  for (const line of all) {
    if (line.opens || !made.length) made.push(el("p"));
    if (line.isTitle) made.at(-1).classList.add("opening");
    made.at(-1).append(line.node, " ");
  }
  return made;
}

export function showChapters(found) {
  chapters = found;
  $("#chapters").hidden = found.length < 2;
  list.replaceChildren(
    ...found.map(({ start, title }) =>
      el("li", {}, el("button", { type: "button", onclick: () => seek(start) }, el("span", {}, title), el("time", {}, clock(start))))),
  );
}

export function markChapter(now_s) {
  const here = at(chapters, now_s);
  list.querySelectorAll("button").forEach((button, i) =>
    i === here ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current"));
}

// Marks the sentence that is heard, and keeps it in sight.
export function follow(now_s, isForced = false) {
  const here = at(lines, now_s);
  if (here === current && !isForced) return;
  lines[current]?.node.removeAttribute("aria-current");
  current = here;
  const node = lines[here]?.node;
  if (!node) return;
  node.setAttribute("aria-current", "true");
  if (!box.contains(document.activeElement)) focusLine(here, false);
  const isInSight = node.offsetTop > box.scrollTop && node.offsetTop + node.offsetHeight < box.scrollTop + box.clientHeight * 0.8;
  if (!isInSight) box.scrollTo({ top: node.offsetTop - box.clientHeight / 4, behavior: still.matches ? "auto" : "smooth" });
}

// One tab stop for all sentences; the arrows move it.
function focusLine(number, doFocus = true) {
  const wanted = lines[Math.min(Math.max(0, number), lines.length - 1)]?.node;
  if (!wanted) return;
  for (const line of lines) if (line.node.tabIndex === 0) line.node.tabIndex = -1;
  wanted.tabIndex = 0;
  if (doFocus) wanted.focus();
}

box.addEventListener("keydown", (event) => {
  const number = lines.findIndex((line) => line.node === document.activeElement);
  if (number < 0) return;
  const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -number, End: lines.length };
  if (event.key in steps) focusLine(number + steps[event.key]);
  else if (event.key === "Enter" || event.key === " ") seek(lines[number].start);
  else return;
  event.preventDefault();
});
