// The user's stories: those of this browser, and all others that the server lists.
//
// Each runs to its end, even across reloads. An entry of this browser is stored before anything is
// sent, with an idempotency key that makes retries safe. Its text is stored as long as it is in the
// list.

import { ApiError, callApi, onToken } from "./api.js";
import { createCard, formatStage, updateCard } from "./card.js";
import { choices } from "./choices.js";
import { describeChange, entries, findStory, followOtherTabs, insertEntry, isFinal, removeEntry, saveEntries } from "./entries.js";
import { formatError, isRefused, showApiError } from "./errors.js";
import { fetchResult, FINAL_STATES, loadFinished, loadLive, runStory, withdrawRequest } from "./progress.js";
import { createId, deleteText, loadText, readItem, saveText, writeItem } from "./storage.js";
import { $, announce, el, isBusy, setBusy, showError } from "./ui.js";

const MAX_STORIES = 50;
const MAX_HIDDEN = 500;
const RELOAD_MS = 5_000; // after a temporary error

const cardsById = new Map();
let player = null; // loaded when the page can be used, or with the first story
let cursor = ""; // of the server's next page; null after the last
let plays = 0; // how many times a story was asked to play
let wanted = ""; // the story of the address, while it is made: it opens as soon as it can be played

export function init() {
  for (const entry of entries) showEntry(entry);
  for (const entry of entries) if (!isFinal(entry)) resumeStory(entry);
  showLibrary();
  onToken(loadOlder);
  loadPage();
  openShared(performance.getEntriesByType("navigation")[0]?.type !== "reload");
  addEventListener("hashchange", () => openShared());
  followOtherTabs(showOthers, (entry) => forgetEntry(entry, false));
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
  } catch (error) {
    if (error.isTemporary) setTimeout(loadPage, RELOAD_MS);
    else if (![401, 403, 404].includes(error.status)) showError("library-error", `The list could not be loaded: ${formatError(error)}`);
  }
  showLibrary();
}

const loadOlder = () => (showError("library-error", ""), loadPage());
function addListed({ story_id, title, state, progress, created_at, voice, duration_s }) {
  if (findStory(story_id) || readItem("hidden", []).includes(story_id)) return;
  const entry = { id: `server.${story_id}`, story: story_id, title: title || "Untitled story", state, progress, created: Date.parse(created_at), details: voice, duration_s, isListed: true };
  insertEntry(entry);
  showEntry(entry);
  if (!isFinal(entry)) resumeStory(entry);
}

// Shows a story that another tab has requested.
function showOthers(entry) {
  if (!cardsById.has(entry.id)) showEntry(entry);
  if (entry.story && !isFinal(entry) && !cardsById.get(entry.id).stop) resumeStory(entry);
  showLibrary();
}

// Opens the story that the address names: of a link, or of the player before a reload.
async function openShared(moves = true) {
  const id = /^#story=([\w-]+)$/.exec(location.hash)?.[1];
  if (!id) return;
  try {
    const known = findStory(id);
    const { state } = known ?? (await callApi("GET", `/stories/${id}`, { retries: 1 }));
    const entry = known ?? { id: `server.${id}`, story: id, title: "", isListed: true, state, created: Date.now() };
    if (!isFinal(entry)) return awaitListening(entry);
    if (state !== "done") throw new Error("The story of this link was not finished: there is nothing to play.");
    await playStory(entry, { focus: moves, scroll: moves, play: false }, true);
  } catch (error) {
    $("#library").hidden = false;
    $("#library").scrollIntoView();
    showError("library-error", error.status === 404 ? "The story of this link does not exist any more, or belongs to someone else." : formatError(error));
  }
}

function awaitListening(entry) {
  wanted = entry.story;
  entry.title ||= "Untitled story";
  if (!findStory(entry.story)) insertEntry(entry), showOthers(entry);
}

export const replay = (entry) => playStory(entry);

export async function addStory({ text, body, title, details }, fingerprint) {
  const entry = { id: createId(), title, derived_title: title, body, details, fingerprint, created: Date.now(), state: "sending", progress: 0, project: choices.project };
  entry.change = await describeChange(title, text);
  insertEntry(entry);
  const own = entries.filter((each) => !each.isListed);
  while (own.length > MAX_STORIES && isFinal(own.at(-1))) forgetEntry(own.pop());
  await saveText(`story.${entry.id}`, text);
  saveEntries();
  showEntry(entry);
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
  let isNew = isRequested;
  const update = (changed, changes) => {
    updateEntry(changed, changes);
    if (isLiveStory(entry.id)) player.showStage(formatStage(entry));
    if (changes.story) document.dispatchEvent(new CustomEvent("story", { detail: entry }));
    if ((isNew || wanted === entry.story) && changes.listen?.audio) (isNew = false), (wanted = ""), listenAtOnce(entry);
  };
  try {
    await runStory(entry, update, stop.signal);
  } catch (error) {
    if (error.code === "cancelled") return updateEntry(entry, { state: "cancelled" });
    updateEntry(entry, { state: "failed", error: describeError(error) });
    if (isRequested) showApiError(error, entry.body);
    if (isRequested && !entry.story && isRefused(error, entry.body)) return forgetEntry(entry);
  }
  if (entry.state !== "done" && isLiveStory(entry.id)) player.failLive(entry.error ?? "");
  if (entry.state === "failed") announce(`${entry.title} failed. ${entry.error}`);
  if (entry.state === "done") handleDone(entry, isRequested || wanted === entry.story);
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

const describeError = (error) =>
  error instanceof ApiError ? formatError(error) : "Something went wrong on this page. Reload it and try again.";

// Actions

async function playStory(entry, options = { focus: true, play: true }, throws = false) {
  const number = ++plays;
  try {
    const { openPlayer } = await loadPlayer();
    const isMade = entry.state === "done" || !entry.listen;
    const loaded = await (isMade ? loadFinished(entry) : loadLive(entry));
    if (isMade) updateEntry(entry, { trouble: "" });
    if (number !== plays) return; // another one is wanted by now
    await openPlayer(loaded, () => (isMade ? fetchResult(entry) : loadLive(entry)), options);
  } catch (error) {
    if (throws) throw error;
    const trouble = error.status === 404 ? "This recording is no longer on the server. Narrate the story again." : describeError(error);
    updateEntry(entry, { trouble });
    announce(trouble);
  }
}

async function cancelStory(entry) {
  const card = cardsById.get(entry.id);
  if (isBusy(card.cancel)) return;
  setBusy(card.cancel, true);
  updateEntry(entry, { trouble: "" });
  if (entry.story) {
    try {
      await callApi("DELETE", `/stories/${entry.story}`, { retries: 2 });
    } catch (error) {
      // 409: it has ended meanwhile, and the next poll shows how
      return error.status === 409 ? null : updateEntry(entry, { trouble: `The story could not be cancelled: ${describeError(error)}` });
    } finally {
      setBusy(card.cancel, false);
    }
  }
  const wasSending = !entry.story;
  card.stop?.abort();
  updateEntry(entry, { state: "cancelled" });
  setBusy(card.cancel, false);
  if (wasSending) withdrawRequest(entry);
  announce(`${entry.title} was cancelled.`);
  card.retry.focus();
}

function retryStory(entry) {
  updateEntry(entry, { state: "sending", progress: 0, error: "", trouble: "", story: null, chunks: null, segments: null });
  resumeStory(entry, true);
  cardsById.get(entry.id)?.cancel.focus();
}

// Takes a story off the list; `isOwn`: this tab removes it, and not another.
function forgetEntry(entry, isOwn = true) {
  cardsById.get(entry.id)?.node.remove();
  cardsById.delete(entry.id);
  removeEntry(entry, isOwn);
  if (isOwn) deleteText(`story.${entry.id}`), saveEntries();
  showLibrary();
}

async function removeStory(entry) {
  if (getStoryId() === entry.id) player.closePlayer();
  const text = await loadText(`story.${entry.id}`);
  if (entry.story) writeItem("hidden", [...readItem("hidden", []), entry.story].slice(-MAX_HIDDEN));
  const undo = el("button", { type: "button", class: "link-button", "aria-label": `Undo: remove ${entry.title}`, onclick: () => restoreStory(entry, text) }, "Undo");
  $("#removed").replaceChildren(`“${entry.title}” was removed. `, undo);
  forgetEntry(entry);
  undo.focus({ preventScroll: true });
}

async function restoreStory(entry, text) {
  writeItem("hidden", readItem("hidden", []).filter((story) => story !== entry.story));
  if (text !== null) await saveText(`story.${entry.id}`, text);
  insertEntry(entry);
  saveEntries();
  showEntry(entry);
  $("#removed").replaceChildren();
  showLibrary();
  cardsById.get(entry.id).remove.focus();
}

// Display

function updateEntry(entry, changes) {
  const before = entry.state;
  if (FINAL_STATES.includes(changes.state)) entry.trouble = "";
  Object.assign(entry, changes);
  saveEntries();
  const card = cardsById.get(entry.id);
  if (!card || !entries.includes(entry)) return; // a shared link opens an entry of its own
  updateCard(card, entry);
  if (entry.state !== before && !FINAL_STATES.includes(entry.state)) announce(`${entry.title}: ${formatStage(entry, false)}`);
}

// A sentence of the story was changed, or an older version restored.
document.addEventListener("version", ({ detail }) => {
  const entry = findStory(detail.story);
  if (entry) updateEntry(entry, { change: `version ${detail.version}`, duration_s: detail.duration_s });
});

function showLibrary() {
  $("#library").hidden = !entries.length && !$("#removed").hasChildNodes();
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
$("#more-stories").addEventListener("click", loadOlder);

function showEntry(entry) {
  const actions = { listen: () => playStory(entry), cancel: () => cancelStory(entry), retry: () => retryStory(entry), remove: () => removeStory(entry) };
  const card = createCard(actions);
  cardsById.set(entry.id, card);
  const next = entries.slice(entries.indexOf(entry) + 1).find((each) => cardsById.has(each.id));
  $("#stories").insertBefore(card.node, next ? cardsById.get(next.id).node : null);
  updateCard(card, entry);
}
