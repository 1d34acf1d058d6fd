// The stories that were asked for: each is carried on until it is done, also after a reload.
//
// An entry is written down before anything is sent, with a key that makes sending twice safe. Where
// the server tells whole stories, it is asked how far they are; where it does not, the page itself
// has the text spoken and then mixed, and whatever was spoken before a reload is not spoken again.

import { ApiError, ask, send, sleep } from "./api.js";
import { forgetText, keepText, keptText, read, write } from "./kept.js";
import { close, open, shownStory } from "./player.js";
import { $, about, announce, clock, el } from "./words.js";

const OVER = ["done", "failed", "cancelled"];
const LOOK_MS = [500, 700, 1_000, 1_500, 2_000, 3_000];
const TRIES = 5; // while a server is unwell
const MOST = 50;

const entries = read("stories", []);
const cards = new Map(); // by id: what is shown, and what stops the work
let capabilities = null;
let place = () => {}; // shows an error beside what caused it

export function begin(known, placeError) {
  [capabilities, place] = [known, placeError];
  for (const entry of entries) show(entry);
  for (const entry of entries) if (!OVER.includes(entry.state)) carryOn(entry);
  showShelf();
}

// A story of the same words and choices that is under way.
export const running = (fingerprint) =>
  entries.find((entry) => entry.fingerprint === fingerprint && !OVER.includes(entry.state));

export async function tell(text, body, title, fingerprint) {
  const entry = {
    id: crypto.randomUUID(),
    title,
    body,
    fingerprint,
    created: Date.now(),
    way: capabilities.stories ? "story" : "direct",
    state: "sending",
    progress: 0,
  };
  entries.unshift(entry);
  while (entries.length > MOST && OVER.includes(entries.at(-1).state)) drop(entries.at(-1));
  await keepText(`story.${entry.id}`, text);
  keep();
  show(entry, true);
  showShelf();
  cards.get(entry.id).node.scrollIntoView({ block: "nearest" });
  carryOn(entry, true);
  return entry;
}

export function point(entry) {
  const { node } = cards.get(entry.id);
  node.scrollIntoView({ block: "center" });
  node.classList.remove("pointed");
  requestAnimationFrame(() => node.classList.add("pointed"));
}

async function carryOn(entry, isOurs = false) {
  const card = cards.get(entry.id);
  card.stop = new AbortController();
  try {
    await (entry.way === "story" ? tellStory : tellDirectly)(entry, card.stop.signal);
  } catch (error) {
    if (error.code === "cancelled") change(entry, { state: "cancelled" });
    else {
      change(entry, { state: "failed", error: said(error) });
      if (isOurs && error.details?.field) place(error);
    }
  }
  if (entry.state === "done") forgetText(`story.${entry.id}`);
  if (entry.state === "done") {
    announce(`${entry.title} is ready.`);
    const idle = [document.body, $("#tell")].includes(document.activeElement);
    if (isOurs && !shownStory()) listen(entry, { focus: idle, play: idle && !document.hidden });
  } else if (entry.state === "failed") announce(`${entry.title} failed. ${entry.error}`);
}

const said = (error) =>
  error instanceof ApiError ? error.message : "Something went wrong on this page. Reload it and try again.";

// The whole way on the server

async function tellStory(entry, signal) {
  if (!entry.story) {
    const body = await wholeBody(entry, signal);
    const headers = { "Idempotency-Key": entry.id };
    const { story_id } = await ask("POST", "/stories", { body, headers, signal, patient: TRIES });
    change(entry, { story: story_id, state: "queued" });
  }
  for (let look = 0; ; look += 1) {
    const status = await ask("GET", `/stories/${entry.story}`, { signal, patient: TRIES * 2 });
    take(entry, status);
    if (status.state === "failed") throw new ApiError(422, status.error?.code, status.error?.error ?? "It failed.", status.error?.details);
    if (OVER.includes(status.state)) return;
    await sleep(LOOK_MS[Math.min(look, LOOK_MS.length - 1)], signal);
  }
}

// A text too long for a request goes into the store first.
async function wholeBody(entry, signal) {
  if (entry.body.source) return entry.body;
  const text = await keptText(`story.${entry.id}`);
  if (text === null) throw new ApiError(0, "text_gone", "The text of this story is not here any more. Paste it again.");
  const file = new Blob([text]);
  if (file.size < capabilities.limits.body_bytes * 0.8) return { ...entry.body, text };
  const name = entry.body.text_type === "markdown" ? "story.md" : "story.txt";
  const form = await ask("POST", "/uploads", { body: { name, size_bytes: file.size }, signal, patient: TRIES });
  await send(form, file, (share) => change(entry, { sent: share }), signal);
  entry.body.source = form.key;
  keep();
  return entry.body;
}

function take(entry, status) {
  const { state, progress, chunks, segments, time_left_s, warnings, cost_usd } = status;
  const news = { state, progress, chunks, segments, left_s: time_left_s, warnings, cost_usd };
  if (status.title) news.title = status.title;
  if (state === "done") news.duration_s = status.duration_s;
  change(entry, news);
  return status;
}

// Speech and mix, one request each

async function tellDirectly(entry, signal) {
  const text = await keptText(`story.${entry.id}`);
  if (text === null) throw new ApiError(0, "text_gone", "The text of this story is not here any more. Paste it again.");
  const speech = ["text_type", "voice", "engine", "pauses", "rate"];
  const mix = ["music", "preset", "music_level_lu", "duck_db", "title"];
  const chosen = (names) => Object.fromEntries(names.filter((n) => n in entry.body).map((n) => [n, entry.body[n]]));
  change(entry, { state: "synthesizing", progress: 0.1 });
  const spoken = await ask("POST", "/synthesize", { body: { ...chosen(speech), text }, signal, patient: TRIES, patience_ms: 900_000 });
  change(entry, { state: "mixing", progress: 0.7 });
  const order = { chunk_keys: spoken.chunk_keys, bucket: spoken.bucket, ...chosen(mix) };
  const mixed = await ask("POST", "/mixstory", { body: order, signal, patient: TRIES, patience_ms: 900_000 });
  change(entry, { order, state: "done", progress: 1, duration_s: mixed.duration_s, warnings: spoken.warnings });
}

// Hearing it

const expiry = (expires_s) => Date.now() + expires_s * 1000;

async function finished(entry) {
  if (entry.way === "direct") {
    const mixed = await ask("POST", "/mixstory", { body: entry.order, patient: 1, patience_ms: 900_000 });
    return {
      links: { audio: mixed.download_url },
      expires_ms: expiry(mixed.expires_s),
      duration_s: mixed.duration_s,
      loudness_lufs: mixed.integrated_loudness_lufs,
    };
  }
  const status = await ask("GET", `/stories/${entry.story}`, { patient: 1 });
  return {
    links: status.links,
    expires_ms: expiry(status.links.expires_s),
    duration_s: status.duration_s,
    loudness_lufs: status.integrated_loudness_lufs,
  };
}

async function listen(entry, how = { focus: true, play: true }) {
  try {
    const story = await finished(entry);
    await open({ id: entry.id, title: entry.title, ...story }, () => finished(entry), how);
  } catch (error) {
    const gone = error.status === 404 ? "This recording is not on the server any more. Tell the story again." : said(error);
    change(entry, { trouble: gone });
  }
}

async function cancel(entry) {
  const card = cards.get(entry.id);
  card.cancel.disabled = true;
  if (entry.story) {
    try {
      await ask("DELETE", `/stories/${entry.story}`, { patient: 2 });
    } catch (error) {
      card.cancel.disabled = false;
      return change(entry, { trouble: `It could not be cancelled: ${said(error)}` });
    }
  }
  const wasSending = entry.way === "story" && !entry.story;
  card.stop?.abort();
  change(entry, { state: "cancelled" });
  if (wasSending) withdraw(entry);
  announce(`${entry.title} was cancelled.`);
  card.again.focus();
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
  change(entry, { state: "sending", progress: 0, error: "", story: null, trouble: "", chunks: null, segments: null });
  carryOn(entry, true);
  cards.get(entry.id)?.cancel.focus();
}

function drop(entry) {
  if (shownStory() === entry.id) close();
  cards.get(entry.id)?.node.remove();
  cards.delete(entry.id);
  entries.splice(entries.indexOf(entry), 1);
  forgetText(`story.${entry.id}`);
  keep();
  showShelf();
}

// What is shown

function keep() {
  write("stories", entries);
}

function change(entry, news) {
  const before = entry.state;
  Object.assign(entry, { trouble: "" }, news);
  keep();
  paint(entry);
  if (entry.state !== before && !OVER.includes(entry.state)) announce(`${entry.title}: ${stage(entry)}`);
}

function showShelf() {
  $("#shelf").hidden = !entries.length;
}

function show(entry, isNew = false) {
  const part = {
    title: el("h3"),
    line: el("p", { class: "stage-line" }),
    bar: el("progress", { max: 1 }),
    error: el("p", { class: "error" }),
    listen: el("button", { type: "button", class: "listen", onclick: () => listen(entry) }, "Listen"),
    cancel: el("button", { type: "button", class: "quiet", onclick: () => cancel(entry) }, "Cancel"),
    again: el("button", { type: "button", class: "quiet", onclick: () => again(entry) }, "Try again"),
    drop: el("button", { type: "button", class: "quiet", onclick: () => drop(entry) }, "Remove"),
  };
  const words = el("div", {}, part.title, part.line, part.bar, part.error);
  const node = el("li", {}, words, el("div", { class: "acts" }, part.listen, part.cancel, part.again, part.drop));
  cards.set(entry.id, { ...part, node, stop: null });
  isNew ? $("#stories").prepend(node) : $("#stories").append(node);
  paint(entry);
}

function paint(entry) {
  const card = cards.get(entry.id);
  if (!card) return;
  const isOver = OVER.includes(entry.state);
  const set = (node, text) => node.textContent !== text && (node.textContent = text);
  set(card.title, entry.title);
  set(card.line, stage(entry));
  card.bar.hidden = isOver;
  card.bar.value = entry.progress || 0;
  card.bar.setAttribute("aria-label", `Progress of ${entry.title}`);
  set(card.error, [entry.state === "failed" ? entry.error : "", entry.trouble].filter(Boolean).join(" "));
  card.node.dataset.state = entry.state;
  card.listen.hidden = entry.state !== "done";
  card.cancel.hidden = isOver;
  card.again.hidden = entry.state !== "failed" && entry.state !== "cancelled";
  card.drop.hidden = !isOver;
  for (const name of ["listen", "cancel", "again", "drop"])
    card[name].setAttribute("aria-label", `${card[name].textContent}: ${entry.title}`);
  if (!isOver) card.cancel.disabled = false;
}

function stage(entry) {
  const { state, chunks, segments } = entry;
  const left = entry.left_s ? `, about ${about(entry.left_s)} left` : "";
  const skipped = (entry.warnings ?? []).filter((each) => each.startsWith("Not spoken")).length;
  const words = {
    sending: entry.sent ? `Sending the text, ${Math.round(entry.sent * 100)} %` : "Sending the text",
    queued: "Waiting for its turn",
    planning: "Reading the text",
    synthesizing: chunks?.total ? `Speaking passage ${Math.min(chunks.done + 1, chunks.total)} of ${chunks.total}` : "Speaking",
    mixing: segments?.total ? `Mixing part ${Math.min(segments.done + 1, segments.total)} of ${segments.total}` : "Mixing",
    joining: "Finishing",
    done: `${clock(entry.duration_s)} · ready${skipped ? ` · ${skipped} passages could not be read` : ""}`,
    failed: "It did not work",
    cancelled: "Cancelled",
  };
  return (words[state] ?? state) + (OVER.includes(state) ? "" : left);
}
