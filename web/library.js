// The user's stories: each runs to its end, even across reloads.
//
// An entry is stored before anything is sent, with an idempotency key that makes retries safe. Its
// text is stored as long as it is in the list.

import { ApiError, callApi } from "./api.js";
import { createCard, formatStage, updateCard } from "./card.js";
import { formatError, showApiError } from "./errors.js";
import { closePlayer, getStoryId, isPlaying, openPlayer } from "./player.js";
import { fetchResult, FINAL_STATES, runStory } from "./progress.js";
import { deleteText, loadText, readItem, saveText, writeItem } from "./storage.js";
import { $, announce } from "./ui.js";

const MAX_STORIES = 50;

const entries = readItem("stories", []);
const cardsById = new Map();

export function init() {
  for (const entry of entries) showEntry(entry);
  for (const entry of entries) if (!FINAL_STATES.includes(entry.state)) resumeStory(entry);
  showLibrary();
}

// A running story with the same text and choices.
export const findRunning = (fingerprint) =>
  entries.find((entry) => entry.fingerprint === fingerprint && !FINAL_STATES.includes(entry.state));

export async function addStory(text, body, title, fingerprint) {
  const entry = { id: crypto.randomUUID(), title, body, fingerprint, created: Date.now(), state: "sending", progress: 0 };
  entries.unshift(entry);
  while (entries.length > MAX_STORIES && FINAL_STATES.includes(entries.at(-1).state)) removeStory(entries.at(-1));
  await saveText(`story.${entry.id}`, text);
  saveEntries();
  showEntry(entry, true);
  showLibrary();
  cardsById.get(entry.id).node.scrollIntoView({ block: "nearest" });
  resumeStory(entry, true);
}

export function highlight(entry) {
  const { node } = cardsById.get(entry.id);
  node.scrollIntoView({ block: "center" });
  node.classList.remove("highlighted");
  requestAnimationFrame(() => node.classList.add("highlighted"));
}

async function resumeStory(entry, isRequested = false) {
  const stop = new AbortController();
  cardsById.get(entry.id).stop = stop;
  try {
    await runStory(entry, updateEntry, stop.signal);
  } catch (error) {
    if (error.code === "cancelled") return updateEntry(entry, { state: "cancelled" });
    updateEntry(entry, { state: "failed", error: describeError(error) });
    if (isRequested) showApiError(error, entry.body);
  }
  if (entry.state === "failed") announce(`${entry.title} failed. ${entry.error}`);
  if (entry.state === "done") handleDone(entry, isRequested);
}

// Plays a story that was requested on this page, unless the user is doing something else.
function handleDone(entry, isRequested) {
  announce(`${entry.title} is ready.`);
  const isIdle = [document.body, $("#narrate")].includes(document.activeElement);
  if (isRequested && (!getStoryId() || (isIdle && !isPlaying()))) playStory(entry, { focus: isIdle, play: isIdle && !document.hidden });
}

const describeError = (error) =>
  error instanceof ApiError ? formatError(error) : "Something went wrong on this page. Reload it and try again.";

// Actions

async function playStory(entry, options = { focus: true, play: true }) {
  try {
    const { id, title } = entry;
    const story = await fetchResult(entry);
    const text = await loadText(`story.${id}`);
    updateEntry(entry, { trouble: "" });
    await openPlayer({ id, title, text, ...story }, () => fetchResult(entry), options);
  } catch (error) {
    const trouble = error.status === 404 ? "This recording is no longer on the server. Narrate the story again." : describeError(error);
    updateEntry(entry, { trouble });
    announce(trouble);
  }
}

async function cancelStory(entry) {
  const card = cardsById.get(entry.id);
  card.cancel.disabled = true;
  updateEntry(entry, { trouble: "" });
  if (entry.story) {
    try {
      await callApi("DELETE", `/stories/${entry.story}`, { retries: 2 });
    } catch (error) {
      // 409: it has ended meanwhile, and the next poll shows how
      return error.status === 409 ? null : updateEntry(entry, { trouble: `It could not be cancelled: ${describeError(error)}` });
    } finally {
      card.cancel.disabled = false;
    }
  }
  const wasSending = !entry.story;
  card.stop?.abort();
  updateEntry(entry, { state: "cancelled" });
  card.cancel.disabled = false;
  if (wasSending) withdrawRequest(entry);
  announce(`${entry.title} was cancelled.`);
  card.retry.focus();
}

// The server may have accepted a request that was cancelled in transit: the same key finds it.
async function withdrawRequest(entry) {
  const text = await loadText(`story.${entry.id}`);
  if (text === null) return;
  try {
    const headers = { "Idempotency-Key": entry.id };
    const body = entry.body.source ? entry.body : { ...entry.body, text };
    const { story_id } = await callApi("POST", "/stories", { body, headers, retries: 1 });
    await callApi("DELETE", `/stories/${story_id}`, { retries: 2 });
  } catch {
    // it never arrived
  }
}

function retryStory(entry) {
  updateEntry(entry, { state: "sending", progress: 0, error: "", trouble: "", story: null, chunks: null, segments: null });
  resumeStory(entry, true);
  cardsById.get(entry.id)?.cancel.focus();
}

function removeStory(entry) {
  if (getStoryId() === entry.id) closePlayer();
  const { node } = cardsById.get(entry.id) ?? {};
  const next = node?.nextElementSibling ?? node?.previousElementSibling;
  node?.remove();
  cardsById.delete(entry.id);
  entries.splice(entries.indexOf(entry), 1);
  deleteText(`story.${entry.id}`);
  saveEntries();
  showLibrary();
  (next?.querySelector("button:not([hidden])") ?? $("#text")).focus({ preventScroll: true });
}

// Display

function saveEntries() {
  writeItem("stories", entries);
}

function updateEntry(entry, changes) {
  const before = entry.state;
  if (FINAL_STATES.includes(changes.state)) entry.trouble = "";
  Object.assign(entry, changes);
  saveEntries();
  const card = cardsById.get(entry.id);
  if (!card) return;
  updateCard(card, entry);
  if (entry.state !== before && !FINAL_STATES.includes(entry.state)) announce(`${entry.title}: ${formatStage(entry)}`);
}

function showLibrary() {
  $("#library").hidden = !entries.length;
}

function showEntry(entry, isNew = false) {
  const actions = { listen: () => playStory(entry), cancel: () => cancelStory(entry), retry: () => retryStory(entry), remove: () => removeStory(entry) };
  const card = createCard(actions);
  cardsById.set(entry.id, card);
  isNew ? $("#stories").prepend(card.node) : $("#stories").append(card.node);
  updateCard(card, entry);
}
