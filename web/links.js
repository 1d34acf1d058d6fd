// The story in the player and its files; expired links are renewed.

import { readItem, writeItem } from "./storage.js";
import { $, announce, showError } from "./ui.js";

const MAX_PLACES = 200;
const EDGE_S = 5; // nearer to the beginning or the end, no place is kept
const PAGE_TITLE = document.title;
const MARGIN_MS = 30_000; // a link counts as expired this long before it is

export let story = null; // {id, title, links, expires_ms, duration_s, loudness_lufs, text}
let refetch = null; // fetches the story again, with new links
let controller = null; // AbortController of the fetches for the story
let onRenewed = () => {};

export function setStory(newStory, refetchStory, renewalListener) {
  [story, refetch, onRenewed] = [newStory, refetchStory, renewalListener];
  controller = new AbortController();
}

export function clearStory() {
  controller?.abort();
  story = null;
  document.title = PAGE_TITLE;
  if (location.hash.startsWith("#story=")) history.replaceState(null, "", location.pathname + location.search);
}

export const getRefetch = () => refetch;

export const hasExpired = () => Date.now() > story.expires_ms - MARGIN_MS;

export async function renewLinks() {
  const { id } = story;
  const fresh = await refetch();
  if (story?.id !== id) return;
  story = { ...story, ...fresh };
  onRenewed();
}

// The response for a file of the story; null if the story has none. What the player shows ends with the player, a
// download (without a signal) does not.
export async function fetchFile(name, signal = controller.signal) {
  const { id } = story;
  if (!story.links[name]) return null;
  if (hasExpired()) await renewLinks();
  let response = await fetchLink(id, name, signal);
  if (response?.status === 403) {
    await renewLinks();
    response = await fetchLink(id, name, signal);
  }
  return response?.ok ? response : null;
}

const fetchLink = (id, name, signal) => (story?.id === id ? fetch(story.links[name], { signal }) : null);

// Where listening to the story ended the last time; 0: at the beginning, or at the end.
export const getPlace_s = () => readItem("places", {})[story.story] ?? 0;

export function savePlace(at_s, duration_s) {
  const { [story.story]: before, ...places } = readItem("places", {});
  if (at_s > EDGE_S && at_s < duration_s - EDGE_S) places[story.story] = Math.round(at_s * 10) / 10;
  writeItem("places", Object.fromEntries(Object.entries(places).slice(-MAX_PLACES)));
}

// The link opens this story's player for everyone who may use the same API, and here after a reload.
export function setShareLink() {
  $("#share").dataset.url = `${location.origin}${location.pathname}#story=${story.story}`;
  history.replaceState(null, "", $("#share").dataset.url);
  document.title = `${story.title || "Untitled story"} · Mixer`;
}

$("#share").addEventListener("click", async () => {
  const url = $("#share").dataset.url;
  try {
    await navigator.clipboard.writeText(url);
    announce("The link was copied.");
    $("#share").textContent = "Copied";
    setTimeout(() => ($("#share").textContent = "Copy link"), 2_000);
  } catch {
    showError("player-error", `Copy this link: ${url}`);
  }
});
