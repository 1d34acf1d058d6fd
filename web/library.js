// The user's stories: those of this browser, and all others that the server lists.
//
// Each runs to its end, even across reloads. An entry of this browser is stored before anything is
// sent, with an idempotency key that makes retries safe. Its text is stored as long as it is in the
// list.

import { ApiError, callApi, onToken } from "./api.js";
import { createCard, formatStage, updateCard } from "./card.js";
import { choices } from "./choices.js";
import { formatError, isRefused, showApiError } from "./errors.js";
import { fetchResult, FINAL_STATES, runStory } from "./progress.js";
import { createId, deleteText, loadText, readItem, saveText, writeItem } from "./storage.js";
import { $, announce, formatPlural, showError } from "./ui.js";

const MAX_STORIES = 50;
const MAX_HIDDEN = 500;
const RELOAD_MS = 5_000; // after a temporary error

const entries = readItem("stories", []);
const cardsById = new Map();
let player = null; // loaded when the page can be used, or with the first story
let cursor = ""; // of the server's next page; null after the last

export function init() {
  for (const entry of entries) showEntry(entry);
  for (const entry of entries) if (!FINAL_STATES.includes(entry.state)) resumeStory(entry);
  showLibrary();
  onToken(() => loadPage());
  loadPage();
  openShared();
  addEventListener("hashchange", openShared);
}

const loadPlayer = async () => (player ??= await import("./player.js"));
const isLiveStory = (id) => Boolean(player?.isLiveStory(id));
const getStoryId = () => player?.getStoryId() ?? null;
const isPlaying = () => Boolean(player?.isPlaying());

// The server's list

async function loadPage() {
  if (cursor === null) return;
  try {
    const page = await callApi("GET", `/stories?cursor=${encodeURIComponent(cursor)}`, { background: true });
    page.stories.forEach(addListed);
    cursor = page.next;
    showError("library-error", "");
  } catch (error) {
    if (error.isTemporary) setTimeout(loadPage, RELOAD_MS);
    else if (![401, 403, 404].includes(error.status)) showError("library-error", `The list could not be loaded: ${formatError(error)}`);
  }
  showLibrary();
}

function addListed({ story_id, title, state, progress, created_at, voice, duration_s }) {
  if (entries.some((entry) => entry.story === story_id) || readItem("hidden", []).includes(story_id)) return;
  const entry = { id: `server.${story_id}`, story: story_id, title: title || "Untitled story", state, progress, created: Date.parse(created_at), details: voice, duration_s, isListed: true };
  const index = entries.findIndex((other) => other.created < entry.created);
  entries.splice(index < 0 ? entries.length : index, 0, entry);
  showEntry(entry);
  if (!FINAL_STATES.includes(state)) resumeStory(entry);
}

// Opens the story that a shared link names.
async function openShared() {
  const id = /^#story=([\w-]+)$/.exec(location.hash)?.[1];
  if (!id) return;
  const known = entries.find((entry) => entry.story === id);
  const entry = known ?? { id: `server.${id}`, story: id, title: "", isListed: true, state: "done" };
  try {
    await playStory(entry, { focus: true, play: false }, true);
  } catch (error) {
    $("#library").hidden = false;
    $("#library").scrollIntoView();
    showError("library-error", error.status === 404 ? "The story of this link does not exist any more, or belongs to someone else." : formatError(error));
  }
}

// A running story with the same text and choices.
export const findRunning = (fingerprint) =>
  entries.find((entry) => entry.fingerprint === fingerprint && !FINAL_STATES.includes(entry.state));

// A finished story of the same text and choices.
export const findDone = (fingerprint) => entries.find((entry) => entry.fingerprint === fingerprint && entry.state === "done" && !entry.trouble);

export const replay = (entry) => playStory(entry);

export async function addStory({ text, body, title, details }, fingerprint) {
  const entry = { id: createId(), title, body, details, fingerprint, created: Date.now(), state: "sending", progress: 0, project: choices.project };
  entry.change = await describeChange(entry, text);
  entries.unshift(entry);
  const own = entries.filter((each) => !each.isListed);
  while (own.length > MAX_STORIES && FINAL_STATES.includes(own.at(-1).state)) removeStory(own.pop());
  await saveText(`story.${entry.id}`, text);
  saveEntries();
  showEntry(entry);
  showLibrary();
  cardsById.get(entry.id).node.scrollIntoView({ block: "nearest" });
  resumeStory(entry, true);
}

const SENTENCES = /[^.!?…\n]+[.!?…]*/g;

// How a story differs from the last one of the same title.
async function describeChange(entry, text) {
  const earlier = entries.find((each) => each.title === entry.title && !each.isListed);
  const before = earlier && (await loadText(`story.${earlier.id}`));
  if (!before) return "";
  const known = new Set(before.match(SENTENCES));
  const changed = (text.match(SENTENCES) ?? []).filter((sentence) => !known.has(sentence)).length;
  if (changed) return `${formatPlural(changed, "sentence")} changed`;
  return text === before ? "other settings" : "shortened";
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
  let isNew = isRequested;
  const update = (changed, changes) => {
    updateEntry(changed, changes);
    if (isLiveStory(entry.id)) player.showStage(formatStage(entry));
    if (changes.story) document.dispatchEvent(new CustomEvent("story", { detail: entry }));
    if (isNew && changes.listen?.audio) (isNew = false), listenAtOnce(entry);
  };
  try {
    await runStory(entry, update, stop.signal);
  } catch (error) {
    if (error.code === "cancelled") return updateEntry(entry, { state: "cancelled" });
    updateEntry(entry, { state: "failed", error: describeError(error) });
    if (isRequested) showApiError(error, entry.body);
    if (isRequested && !entry.story && isRefused(error, entry.body)) return dropEntry(entry);
  }
  if (entry.state !== "done" && isLiveStory(entry.id)) player.failLive(entry.error ?? "");
  if (entry.state === "failed") announce(`${entry.title} failed. ${entry.error}`);
  if (entry.state === "done") handleDone(entry, isRequested);
}

// The user is not doing anything else on the page.
const isIdle = () => [document.body, $("#narrate")].includes(document.activeElement);

// Plays a story that was just requested while it is made, unless the user listens to another.
function listenAtOnce(entry) {
  if (isIdle() && !isPlaying()) playStory(entry, { focus: false, play: !document.hidden });
}

// Plays a story that was requested on this page, unless the user is doing something else.
async function handleDone(entry, isRequested) {
  announce(`${entry.title} is ready.`);
  if (isLiveStory(entry.id)) return finishListening(entry);
  const idle = isIdle();
  const isEdit = entries.find((each) => each.id === getStoryId())?.title === entry.title;
  if (isRequested && (!getStoryId() || isEdit || (idle && !isPlaying()))) playStory(entry, { focus: idle, play: idle && !document.hidden, scroll: idle || !isEdit });
}

async function finishListening(entry) {
  try {
    await player.finishLive(await loadFinished(entry), () => fetchResult(entry));
    if (isIdle()) $("#play").focus({ preventScroll: true });
  } catch {
    if (isLiveStory(entry.id)) playStory(entry, { play: isPlaying() });
  }
}

async function loadFinished(entry) {
  const { id, story } = entry;
  const result = await fetchResult(entry);
  const text = await loadText(`story.${id}`);
  return { id, story, text, title: entry.title || result.server_title, ...result };
}

const describeError = (error) =>
  error instanceof ApiError ? formatError(error) : "Something went wrong on this page. Reload it and try again.";

// Actions

async function playStory(entry, options = { focus: true, play: true }, throws = false) {
  try {
    const { openPlayer } = await loadPlayer();
    if (entry.state !== "done" && entry.listen) return await openPlayer(await loadLive(entry), () => loadLive(entry), options);
    const finished = await loadFinished(entry);
    updateEntry(entry, { trouble: "" });
    await openPlayer(finished, () => fetchResult(entry), options);
  } catch (error) {
    if (throws) throw error;
    const trouble = error.status === 404 ? "This recording is no longer on the server. Narrate the story again." : describeError(error);
    updateEntry(entry, { trouble });
    announce(trouble);
  }
}

// A story that is being made; its links are those of its last status.
async function loadLive(entry) {
  const { id, story, title, listen } = entry;
  return { id, story, title, listen, text: await loadText(`story.${id}`), links: {}, expires_ms: Infinity, duration_s: 0 };
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

function dropEntry(entry) {
  cardsById.get(entry.id)?.node.remove();
  cardsById.delete(entry.id);
  if (entries.includes(entry)) entries.splice(entries.indexOf(entry), 1);
  deleteText(`story.${entry.id}`);
  saveEntries();
  showLibrary();
}

function removeStory(entry) {
  if (getStoryId() === entry.id) player.closePlayer();
  const { node } = cardsById.get(entry.id) ?? {};
  const next = node?.nextElementSibling ?? node?.previousElementSibling;
  if (entry.story) writeItem("hidden", [...readItem("hidden", []), entry.story].slice(-MAX_HIDDEN));
  dropEntry(entry);
  (next?.querySelector("button:not([hidden])") ?? $("#text")).focus({ preventScroll: true });
}

// Display

function saveEntries() {
  writeItem("stories", entries.filter((entry) => !entry.isListed).map(({ listen, ...kept }) => kept)); // links expire
}

function updateEntry(entry, changes) {
  const before = entry.state;
  if (FINAL_STATES.includes(changes.state)) entry.trouble = "";
  Object.assign(entry, changes);
  saveEntries();
  const card = cardsById.get(entry.id);
  if (!card || !entries.includes(entry)) return; // a shared link opens an entry of its own
  updateCard(card, entry);
  if (entry.state !== before && !FINAL_STATES.includes(entry.state)) announce(`${entry.title}: ${formatStage(entry)}`);
}

// A sentence of the story was changed, or an older version restored.
document.addEventListener("version", ({ detail }) => {
  const entry = entries.find((each) => each.story === detail.story);
  if (entry) updateEntry(entry, { change: `version ${detail.version}`, duration_s: detail.duration_s });
});

function showLibrary() {
  $("#library").hidden = !entries.length;
  $("#more-stories").hidden = !cursor;
  filterEntries();
}

// Shows the stories whose title, date or details contain the words that are searched for.
function filterEntries() {
  const words = $("#search").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const { node } of cardsById.values()) {
    const text = node.textContent.toLowerCase();
    node.hidden = !words.every((word) => text.includes(word));
    found += !node.hidden;
  }
  $("#no-match").hidden = found > 0 || !entries.length;
}

$("#search").addEventListener("input", async () => {
  filterEntries();
  while (cursor && $("#search").value) {
    const before = cursor;
    await loadPage(); // the words may be in older stories
    if (cursor === before) return;
  }
});
$("#more-stories").addEventListener("click", loadPage);

function showEntry(entry) {
  const actions = { listen: () => playStory(entry), cancel: () => cancelStory(entry), retry: () => retryStory(entry), remove: () => removeStory(entry) };
  const card = createCard(actions);
  cardsById.set(entry.id, card);
  const next = entries.slice(entries.indexOf(entry) + 1).find((each) => cardsById.has(each.id));
  $("#stories").insertBefore(card.node, next ? cardsById.get(next.id).node : null);
  updateCard(card, entry);
}
