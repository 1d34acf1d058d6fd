// Has a story told by the server: sends it, asks how far it is, fetches its links.

import { ApiError, ask, send, sleep } from "./api.js";
import { can } from "./choices.js";
import { keptText } from "./kept.js";

export const OVER = ["done", "failed", "cancelled"];
const LOOK_MS = [500, 700, 1_000, 1_500, 2_000, 3_000];
const TRIES = 5; // while a server is unwell

async function textOf(entry) {
  const text = await keptText(`story.${entry.id}`);
  if (text === null) throw new ApiError(0, "text_gone", "The text of this story is not here any more. Paste it again.");
  return text;
}

export async function tellStory(entry, change, signal) {
  if (!entry.story) {
    const body = await wholeBody(entry, change, signal);
    const headers = { "Idempotency-Key": entry.id };
    const { story_id } = await ask("POST", "/stories", { body, headers, signal, patient: TRIES });
    change(entry, { story: story_id, state: "queued" });
  }
  for (let look = 0; ; look += 1) {
    const status = await ask("GET", `/stories/${entry.story}`, { signal, patient: TRIES * 2 });
    take(entry, status, change);
    if (status.state === "failed") throw new ApiError(422, status.error?.code, status.error?.error ?? "It failed.", status.error?.details);
    if (OVER.includes(status.state)) return;
    await sleep(LOOK_MS[Math.min(look, LOOK_MS.length - 1)], signal);
  }
}

// A text too long for a request goes into the store first.
async function wholeBody(entry, change, signal) {
  if (entry.body.source) return entry.body;
  const text = await textOf(entry);
  const file = new Blob([text]);
  if (file.size < can.limits.body_bytes * 0.8) return { ...entry.body, text };
  const name = entry.body.text_type === "markdown" ? "story.md" : "story.txt";
  const form = await ask("POST", "/uploads", { body: { name, size_bytes: file.size }, signal, patient: TRIES });
  await send(form, file, (share) => change(entry, { sent: share }), signal);
  change(entry, { body: { ...entry.body, source: form.key }, sent: 0 });
  return entry.body;
}

function take(entry, status, change) {
  const { state, progress, chunks, segments, time_left_s, warnings, cost_usd } = status;
  const news = { state, progress, chunks, segments, left_s: time_left_s, warnings, cost_usd };
  if (status.title) news.title = status.title;
  if (state === "done") news.duration_s = status.duration_s;
  change(entry, news);
}

// Where its files are, for a while.
export async function finished(entry) {
  const status = await ask("GET", `/stories/${entry.story}`, { patient: 1 });
  return {
    links: status.links,
    expires_ms: Date.now() + status.links.expires_s * 1_000,
    duration_s: status.duration_s,
    loudness_lufs: status.integrated_loudness_lufs,
  };
}
