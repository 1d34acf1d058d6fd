// The stories that were asked for: each is carried on until it is done, also after a reload.
//
// An entry is written down before anything is sent, with a key that makes sending twice safe. Its
// text is kept as long as it is in the list.

import { ApiError, ask } from "./api.js";
import * as cards from "./card.js";
import { place, plain } from "./errors.js";
import { forgetText, keepText, keptText, read, write } from "./kept.js";
import { close, isHeard, open, shownStory } from "./player.js";
import { OVER, finished, tellStory } from "./telling.js";
import { $, announce } from "./words.js";

const MOST = 50;

const entries = read("stories", []);
const shown = new Map(); // cards by id

export function begin() {
  for (const entry of entries) show(entry);
  for (const entry of entries) if (!OVER.includes(entry.state)) carryOn(entry);
  showShelf();
}

// A story of the same words and choices that is under way.
export const running = (fingerprint) =>
  entries.find((entry) => entry.fingerprint === fingerprint && !OVER.includes(entry.state));

export async function tell(text, body, title, fingerprint) {
  const entry = { id: crypto.randomUUID(), title, body, fingerprint, created: Date.now(), state: "sending", progress: 0 };
  entries.unshift(entry);
  while (entries.length > MOST && OVER.includes(entries.at(-1).state)) drop(entries.at(-1));
  await keepText(`story.${entry.id}`, text);
  keep();
  show(entry, true);
  showShelf();
  shown.get(entry.id).node.scrollIntoView({ block: "nearest" });
  carryOn(entry, true);
}

export function point(entry) {
  const { node } = shown.get(entry.id);
  node.scrollIntoView({ block: "center" });
  node.classList.remove("pointed");
  requestAnimationFrame(() => node.classList.add("pointed"));
}

async function carryOn(entry, isOurs = false) {
  const stop = new AbortController();
  shown.get(entry.id).stop = stop;
  try {
    await tellStory(entry, change, stop.signal);
  } catch (error) {
    if (error.code === "cancelled") return change(entry, { state: "cancelled" });
    change(entry, { state: "failed", error: said(error) });
    if (isOurs) place(error, entry.body);
  }
  if (entry.state === "failed") announce(`${entry.title} failed. ${entry.error}`);
  if (entry.state === "done") ready(entry, isOurs);
}

// Plays at once what was asked for just now, unless something else is done meanwhile.
function ready(entry, isOurs) {
  announce(`${entry.title} is ready.`);
  const isIdle = [document.body, $("#tell")].includes(document.activeElement);
  if (isOurs && (!shownStory() || (isIdle && !isHeard()))) listen(entry, { focus: isIdle, play: isIdle && !document.hidden });
}

const said = (error) =>
  error instanceof ApiError ? plain(error) : "Something went wrong on this page. Reload it and try again.";

// What can be done with a story

async function listen(entry, how = { focus: true, play: true }) {
  try {
    const { id, title } = entry;
    const story = await finished(entry);
    const text = await keptText(`story.${id}`);
    change(entry, { trouble: "" });
    await open({ id, title, text, ...story }, () => finished(entry), how);
  } catch (error) {
    const trouble = error.status === 404 ? "This recording is not on the server any more. Tell the story again." : said(error);
    change(entry, { trouble });
    announce(trouble);
  }
}

async function cancel(entry) {
  const mine = shown.get(entry.id);
  mine.cancel.disabled = true;
  change(entry, { trouble: "" });
  if (entry.story) {
    try {
      await ask("DELETE", `/stories/${entry.story}`, { patient: 2 });
    } catch (error) {
      // what has ended meanwhile is shown as it is by the next look
      return error.status === 409 ? null : change(entry, { trouble: `It could not be cancelled: ${said(error)}` });
    } finally {
      mine.cancel.disabled = false;
    }
  }
  const wasSending = !entry.story;
  mine.stop?.abort();
  change(entry, { state: "cancelled" });
  mine.cancel.disabled = false;
  if (wasSending) withdraw(entry);
  announce(`${entry.title} was cancelled.`);
  mine.again.focus();
}

// The server may have taken in what was cancelled on its way: the same key names it again.
async function withdraw(entry) {
  const text = await keptText(`story.${entry.id}`);
  if (text === null) return;
  try {
    const headers = { "Idempotency-Key": entry.id };
    const body = entry.body.source ? entry.body : { ...entry.body, text };
    const { story_id } = await ask("POST", "/stories", { body, headers, patient: 1 });
    await ask("DELETE", `/stories/${story_id}`, { patient: 2 });
  } catch {
    // it never arrived
  }
}

function again(entry) {
  change(entry, { state: "sending", progress: 0, error: "", trouble: "", story: null, chunks: null, segments: null });
  carryOn(entry, true);
  shown.get(entry.id)?.cancel.focus();
}

function drop(entry) {
  if (shownStory() === entry.id) close();
  const { node } = shown.get(entry.id) ?? {};
  const next = node?.nextElementSibling ?? node?.previousElementSibling;
  node?.remove();
  shown.delete(entry.id);
  entries.splice(entries.indexOf(entry), 1);
  forgetText(`story.${entry.id}`);
  keep();
  showShelf();
  (next?.querySelector("button:not([hidden])") ?? $("#text")).focus({ preventScroll: true });
}

// What is shown

function keep() {
  write("stories", entries);
}

function change(entry, news) {
  const before = entry.state;
  if (OVER.includes(news.state)) entry.trouble = "";
  Object.assign(entry, news);
  keep();
  const mine = shown.get(entry.id);
  if (!mine) return;
  cards.paint(mine, entry);
  if (entry.state !== before && !OVER.includes(entry.state)) announce(`${entry.title}: ${cards.stage(entry)}`);
}

function showShelf() {
  $("#shelf").hidden = !entries.length;
}

function show(entry, isNew = false) {
  const acts = { listen: () => listen(entry), cancel: () => cancel(entry), again: () => again(entry), drop: () => drop(entry) };
  const made = cards.card(acts);
  shown.set(entry.id, made);
  isNew ? $("#stories").prepend(made.node) : $("#stories").append(made.node);
  cards.paint(made, entry);
}
