// Runs a story on the server: sends it, polls its progress, fetches its links.

import { ApiError, callApi, sleep, streamEvents, uploadFile } from "./api.js";
import { capabilities } from "./choices.js";
import { loadText } from "./storage.js";

export const FINAL_STATES = ["done", "failed", "cancelled"];
const POLL_MS = [500, 700, 1_000, 1_500, 2_000, 3_000];
const RETRIES = 5; // after temporary errors
const MAX_STREAMS = 2; // a browser opens six connections to a server

let streams = 0; // that are open

async function loadStoryText(entry) {
  const text = await loadText(`story.${entry.id}`);
  if (text === null) throw new ApiError(0, "text_gone", "The text of this story is no longer stored here. Paste it again.");
  return text;
}

export async function runStory(entry, onChange, signal) {
  if (!entry.story) {
    const body = await buildBody(entry, onChange, signal);
    const headers = { "Idempotency-Key": entry.id };
    const { story_id } = await callApi("POST", "/stories", { body, headers, signal, retries: RETRIES });
    onChange(entry, { story: story_id, state: "queued" });
  }
  if (capabilities.events && streams < MAX_STREAMS && (await followEvents(entry, onChange, signal))) return;
  for (let poll = 0; ; poll += 1) {
    const status = await callApi("GET", `/stories/${entry.story}`, { signal, retries: RETRIES * 2 });
    if (applyStatus(entry, status, onChange)) return;
    await sleep(POLL_MS[Math.min(poll, POLL_MS.length - 1)], signal);
  }
}

// Follows the server-sent events of a story; false if they ended early, and polling has to go on.
async function followEvents(entry, onChange, signal) {
  streams += 1;
  try {
    for await (const status of streamEvents(`/stories/${entry.story}/events`, signal)) if (applyStatus(entry, status, onChange)) return true;
  } catch (error) {
    if (error instanceof ApiError) throw error;
  } finally {
    streams -= 1;
  }
  return false;
}

// The request body. A text that is too long for it is uploaded first.
async function buildBody(entry, onChange, signal) {
  if (entry.body.source) return entry.body;
  const text = await loadStoryText(entry);
  const file = new Blob([text]);
  if (file.size < capabilities.limits.body_bytes * 0.8) return { ...entry.body, text };
  const name = entry.body.text_type === "markdown" ? "story.md" : "story.txt";
  const form = await callApi("POST", "/uploads", { body: { name, size_bytes: file.size }, signal, retries: RETRIES });
  await uploadFile(form, file, (share) => onChange(entry, { sent: share }), signal);
  onChange(entry, { body: { ...entry.body, source: form.key }, sent: 0 });
  return entry.body;
}

// Returns whether the story has ended; throws if it failed.
function applyStatus(entry, status, onChange) {
  const { state, progress, chunks, segments, time_left_s, warnings, cost_usd } = status;
  const changes = { state, progress, chunks, segments, left_s: time_left_s, warnings, cost_usd, listen: status.listen ?? null };
  if (status.title) changes.title = status.title;
  if (state === "done") changes.duration_s = status.duration_s;
  onChange(entry, changes);
  if (state === "failed") throw new ApiError(422, status.error?.code, status.error?.error ?? "The story failed.", status.error?.details);
  return FINAL_STATES.includes(state);
}

// Duration, loudness and links of a finished story; the links expire.
export async function fetchResult(entry) {
  const status = await callApi("GET", `/stories/${entry.story}`, { retries: 1 });
  return {
    links: status.links,
    expires_ms: Date.now() + status.links.expires_s * 1_000,
    duration_s: status.duration_s,
    loudness_lufs: status.integrated_loudness_lufs,
    server_title: status.title,
    warnings: status.warnings ?? [],
  };
}

export async function loadFinished(entry) {
  const { id, story } = entry;
  const result = await fetchResult(entry);
  const text = await loadText(`story.${id}`);
  return { id, story, text, title: entry.title || result.server_title, ...result };
}

// A story that is being made; its links are those of its last status.
export async function loadLive(entry) {
  const { id, story, title, listen } = entry;
  return { id, story, title, listen, text: await loadText(`story.${id}`), links: {}, expires_ms: Infinity, duration_s: 0 };
}

// The server may have accepted a request that was cancelled in transit: the same key finds it.
export async function withdrawRequest(entry) {
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
