// The story that is shown, and its files: links that have expired are renewed.

const EARLY_MS = 30_000; // before a link expires it is not trusted any more

export let story = null; // {id, title, links, expires_ms, duration_s, loudness_lufs, text}
let renew = null; // fetches it anew, with fresh links
let loading = null; // AbortController of what is fetched for it
let tellFresh = () => {};

export function show(shown, refetch, whenFresh) {
  [story, renew, tellFresh] = [shown, refetch, whenFresh];
  loading = new AbortController();
}

export function hide() {
  loading?.abort();
  story = null;
}

export const isStale = () => Date.now() > story.expires_ms - EARLY_MS;

export async function renewLinks() {
  const { id } = story;
  const fresh = await renew();
  if (story?.id !== id) return;
  story = { ...story, ...fresh };
  tellFresh();
}

// A file that belongs to the story; null where there is none.
export async function fetched(name) {
  const { signal } = loading;
  if (!story.links[name]) return null;
  if (isStale()) await renewLinks();
  let reply = await fetch(story.links[name], { signal });
  if (reply.status === 403) {
    await renewLinks();
    reply = await fetch(story.links[name], { signal });
  }
  return reply.ok ? reply : null;
}
