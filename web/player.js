// Plays a finished story: waveform, read-along, chapters, downloads; renews links that have expired.

import { at, sentences } from "./captions.js";
import { draw, heightsOf } from "./wave.js";
import { $, clock, el, showError } from "./words.js";

const JUMP_S = 15;
const EARLY_MS = 30_000; // before a link expires it is not trusted any more
const still = matchMedia("(prefers-reduced-motion: reduce)");

const place = $("#player");
const audio = $("#audio");
const wave = $("#wave");

let story = null; // what is shown
let renew = null; // fetches it anew, with fresh links
let heights = null;
let chapters = [];
let lines = []; // {start, end, node}
let current = -1;
let loading = null; // AbortController of what is fetched for it
let renewals = 0; // since sound was last heard
let shownAt_s = -1;

export const shownStory = () => story?.id ?? null;

export async function open(shown, refetch, { focus = false, play = false } = {}) {
  close();
  [story, renew, renewals] = [shown, refetch, 0];
  loading = new AbortController();
  place.hidden = false;
  $("#player-title").textContent = story.title || "Untitled story";
  const facts = [clock(story.duration_s)];
  if (story.loudness_lufs) facts.push(`${story.loudness_lufs.toFixed(1).replace("-", "−")} LUFS`);
  $("#player-facts").textContent = facts.join(" · ");
  audio.src = story.links.audio;
  audio.playbackRate = Number($("#speed").value);
  wave.setAttribute("aria-valuemax", Math.round(story.duration_s));
  showPosition(true);
  place.scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "start" });
  if (focus) $("#play").focus({ preventScroll: true });
  if (play) audio.play().catch(() => {}); // where the browser wants another click, the button waits
  await Promise.all([showCaptions(), showWave()]);
}

export function close() {
  loading?.abort();
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  [story, heights, chapters, lines, current, shownAt_s] = [null, null, [], [], -1, -1];
  place.hidden = true;
  $("#chapters").hidden = true;
  $("#captions").replaceChildren();
  showError("player-error", "");
}

// A file that belongs to the story; a link that has expired is renewed once.
async function fetched(name) {
  const { signal } = loading;
  if (!story.links[name]) return null;
  if (Date.now() > story.expires_ms - EARLY_MS) await renewLinks();
  let reply = await fetch(story.links[name], { signal });
  if (reply.status === 403) {
    await renewLinks();
    reply = await fetch(story.links[name], { signal });
  }
  return reply.ok ? reply : null;
}

async function renewLinks() {
  const id = story.id;
  const fresh = await renew();
  if (story?.id === id) story = { ...story, ...fresh };
  showDownloads();
}

async function showCaptions() {
  showDownloads();
  const mine = story;
  const box = $("#captions");
  try {
    const reply = await fetched("captions_vtt");
    if (!reply) return box.replaceChildren(el("p", {}, "There are no captions for this recording."));
    const found = sentences(await reply.text());
    if (story?.id !== mine.id) return;
    lines = found.map((line, number) => ({ ...line, node: sentence(line, number) }));
    box.replaceChildren(...paragraphs(lines));
    if (!mine.links.chapters) showChapters(found.filter((line) => line.chapter).map((line) => ({ start: line.start, title: line.chapter })));
    follow(true);
  } catch (error) {
    if (error.name !== "AbortError" && error.code !== "cancelled")
      box.replaceChildren(el("p", {}, "The captions could not be fetched. Open the story again to try once more."));
  }
}

function sentence(line, number) {
  const node = el("span", { role: "button", tabindex: number ? "-1" : "0", class: "sentence" }, line.text);
  node.addEventListener("click", () => {
    focusLine(number, false);
    seek(line.start);
  });
  return node;
}

function paragraphs(all) {
  const made = [];
  for (const line of all) {
    if (line.opens || !made.length) made.push(el("p"));
    if (line.isTitle) made.at(-1).classList.add("opening");
    made.at(-1).append(line.node, " ");
  }
  return made;
}

function showChapters(found) {
  chapters = found;
  $("#chapters").hidden = found.length < 2;
  $("#chapters ol").replaceChildren(
    ...found.map((chapter) =>
      el("li", {}, el("button", { type: "button", onclick: () => seek(chapter.start) },
        el("span", {}, chapter.title), el("time", {}, clock(chapter.start)))),
    ),
  );
  paint();
}

async function showWave() {
  const mine = story;
  paint();
  try {
    const [map, outline] = await Promise.all(["chapters", "waveform"].map(async (name) => (await fetched(name))?.json()));
    let found = outline?.peaks?.map((peak) => (Array.isArray(peak) ? Math.max(-peak[0], peak[1]) : Math.abs(peak)));
    found ??= await heightsOf(mine.links.audio, mine.duration_s, loading.signal);
    if (story?.id !== mine.id) return;
    heights = normal(found);
    if (map?.chapters?.length) showChapters(map.chapters.map(({ start_s, title }) => ({ start: start_s, title })));
  } catch {
    // a flat line can be clicked as well
  }
  paint();
}

const normal = (found) => {
  const highest = Math.max(0.01, ...(found ?? []));
  return found?.map((height) => height / highest) ?? null;
};

function showDownloads() {
  const names = { audio: "Audio", captions_vtt: "Captions (VTT)", captions_srt: "Captions (SRT)", report: "Report", picture: "Picture" };
  const title = (story.title || "story").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase();
  const links = Object.entries(names).filter(([name]) => story.links[name]);
  $("#downloads").replaceChildren(
    "Download: ",
    ...links.flatMap(([name, label], i) => [
      i ? " · " : "",
      el("a", { href: story.links[name], target: "_blank", rel: "noreferrer", "data-name": name, download: title }, label),
    ]),
  );
}

// A download is fetched first: only then is it certain that the link still works and gets a name.
$("#downloads").addEventListener("click", async (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  try {
    const reply = await fetched(link.dataset.name);
    if (!reply) throw new Error("gone");
    const ending = new URL(story.links[link.dataset.name]).pathname.split(".").pop();
    const address = URL.createObjectURL(await reply.blob());
    el("a", { href: address, download: `${link.download}.${ending}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    showError("player-error", "");
  } catch {
    showError("player-error", "The file could not be fetched. Check the connection and try it again.");
  }
});

// Position

const length_s = () => (Number.isFinite(audio.duration) && audio.duration) || story?.duration_s || 0;

function seek(time_s) {
  audio.currentTime = Math.min(Math.max(0, time_s), Math.max(0, length_s() - 0.05));
  showPosition(true);
}

function showPosition(isForced = false) {
  const now_s = audio.currentTime || 0;
  follow();
  if (!isForced && Math.abs(now_s - shownAt_s) < 0.1) return;
  shownAt_s = now_s;
  $("#clock").textContent = `${clock(now_s)} / ${clock(length_s())}`;
  wave.setAttribute("aria-valuenow", Math.round(now_s));
  wave.setAttribute("aria-valuetext", `${clock(now_s)} of ${clock(length_s())}`);
  const here = at(chapters, now_s);
  $("#chapters ol").querySelectorAll("button").forEach((button, i) =>
    i === here ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current"));
  paint();
}

function paint() {
  const total_s = length_s() || 1;
  draw(wave, heights, (audio.currentTime || 0) / total_s, chapters.map((chapter) => chapter.start / total_s));
}

// Marks the sentence that is heard, and keeps it in sight.
function follow(isForced = false) {
  const here = at(lines, audio.currentTime || 0);
  if (here === current && !isForced) return;
  lines[current]?.node.removeAttribute("aria-current");
  current = here;
  const node = lines[here]?.node;
  if (!node) return;
  node.setAttribute("aria-current", "true");
  if (!$("#captions").contains(document.activeElement)) focusLine(here, false);
  const box = $("#captions");
  const wanted = node.offsetTop - box.clientHeight / 3;
  if (!isForced) box.scrollTo({ top: wanted, behavior: still.matches ? "auto" : "smooth" });
}

function tick() {
  if (audio.paused || audio.ended) return;
  showPosition();
  requestAnimationFrame(tick);
}

// One tab stop for all sentences; the arrows move it.
function focusLine(number, doFocus = true) {
  const wanted = lines[Math.min(Math.max(0, number), lines.length - 1)]?.node;
  if (!wanted) return;
  for (const line of lines) if (line.node.tabIndex === 0) line.node.tabIndex = -1;
  wanted.tabIndex = 0;
  if (doFocus) wanted.focus();
}

$("#captions").addEventListener("keydown", (event) => {
  const number = lines.findIndex((line) => line.node === document.activeElement);
  if (number < 0) return;
  const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -number, End: lines.length };
  if (event.key in steps) focusLine(number + steps[event.key]);
  else if (event.key === "Enter" || event.key === " ") seek(lines[number].start);
  else return;
  event.preventDefault();
});

wave.addEventListener("keydown", (event) => {
  const now_s = audio.currentTime;
  const targets = {
    ArrowRight: now_s + 5, ArrowUp: now_s + 5, ArrowLeft: now_s - 5, ArrowDown: now_s - 5,
    PageUp: now_s + 30, PageDown: now_s - 30, Home: 0, End: length_s(),
  };
  if (event.key === " " || event.key === "Enter") toggle();
  else if (event.key in targets) seek(targets[event.key]);
  else return;
  event.preventDefault();
});

let isDragging = false;
const seekTo = (event) => {
  const box = wave.getBoundingClientRect();
  seek(((event.clientX - box.left) / box.width) * length_s());
};
wave.addEventListener("pointerdown", (event) => {
  isDragging = true;
  wave.setPointerCapture(event.pointerId);
  seekTo(event);
});
wave.addEventListener("pointermove", (event) => isDragging && seekTo(event));
for (const end of ["pointerup", "pointercancel"]) wave.addEventListener(end, () => (isDragging = false));

// Sound

async function toggle() {
  if (!audio.paused) return audio.pause();
  showError("player-error", "");
  if (audio.ended) audio.currentTime = 0;
  if (Date.now() > story.expires_ms - EARLY_MS) await resume(false);
  try {
    await audio.play();
  } catch (error) {
    if (error.name === "NotAllowedError") showError("player-error", "The browser wants another click before it plays sound.");
  }
}

// The sound goes on where it was, from a new link.
async function resume(isPlaying) {
  const was_s = audio.currentTime;
  try {
    await renewLinks();
  } catch (error) {
    return showError("player-error", `The recording cannot be fetched: ${error.message} Press play to try again.`);
  }
  audio.src = story.links.audio;
  audio.currentTime = was_s;
  audio.playbackRate = Number($("#speed").value);
  if (isPlaying) await audio.play().catch(() => {});
}

audio.addEventListener("error", () => {
  if (!story || !audio.getAttribute("src")) return;
  renewals += 1;
  if (renewals > 2) return showError("player-error", "This browser cannot play the recording. Download it instead.");
  resume(!audio.paused);
});
audio.addEventListener("timeupdate", () => {
  if (audio.currentTime > 0.5) renewals = 0;
  showPosition();
});
for (const name of ["play", "pause", "ended"])
  audio.addEventListener(name, () => {
    const isPlaying = !audio.paused && !audio.ended;
    place.classList.toggle("playing", isPlaying);
    $("#play").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    if (isPlaying) requestAnimationFrame(tick);
  });
for (const name of ["durationchange", "seeked"]) audio.addEventListener(name, () => showPosition(true));

$("#play").addEventListener("click", toggle);
$("#back").addEventListener("click", () => seek(audio.currentTime - JUMP_S));
$("#ahead").addEventListener("click", () => seek(audio.currentTime + JUMP_S));
$("#speed").addEventListener("change", (event) => (audio.playbackRate = Number(event.target.value)));
new ResizeObserver(paint).observe(wave);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
