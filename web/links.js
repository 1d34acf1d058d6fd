// The story in the player and its files; expired links are renewed.

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

// The response for a file of the story; null if the story has none.
export async function fetchFile(name) {
  const { signal } = controller;
  if (!story.links[name]) return null;
  if (hasExpired()) await renewLinks();
  let response = await fetch(story.links[name], { signal });
  if (response.status === 403) {
    await renewLinks();
    response = await fetch(story.links[name], { signal });
  }
  return response.ok ? response : null;
}
