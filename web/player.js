// Plays a finished story: position, waveform, speed; what is read along and downloaded lies elsewhere.

import { showDownloads } from "./downloads.js";
import * as links from "./links.js";
import * as reading from "./reading.js";
import { draw, heightsOf } from "./wave.js";
import { $, clock, showError, still } from "./words.js";

const JUMP_S = 15;

const place = $("#player");
const audio = $("#audio");
const wave = $("#wave");

let heights = null;
let renewals = 0; // since sound was last heard
let shownAt_s = -1;

export const shownStory = () => links.story?.id ?? null;
export const isHeard = () => !audio.paused && !audio.ended;

export async function open(story, refetch, { focus = false, play = false } = {}) {
  close();
  links.show(story, refetch, showDownloads);
  renewals = 0;
  place.hidden = false;
  $("#player-title").textContent = story.title || "Untitled story";
  const facts = [clock(story.duration_s)];
  if (story.loudness_lufs) facts.push(`${story.loudness_lufs.toFixed(1).replace("-", "−")} LUFS`);
  $("#player-facts").textContent = facts.join(" · ");
  audio.src = story.links.audio;
  audio.playbackRate = Number($("#speed").value);
  wave.setAttribute("aria-valuemax", Math.round(story.duration_s));
  showPosition(true);
  showDownloads();
  place.scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "start" });
  if (focus) $("#play").focus({ preventScroll: true });
  if (play) audio.play().catch(() => {}); // where the browser wants another click, the button waits
  await Promise.all([showCaptions(), showWave()]);
}

export function close() {
  links.hide();
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  reading.clear();
  [heights, shownAt_s] = [null, -1];
  place.hidden = true;
  showError("player-error", "");
}

async function showCaptions() {
  await reading.showCaptions();
  if (links.story) showPosition(true);
}

async function showWave() {
  const mine = links.story;
  paint();
  try {
    const [map, outline] = await Promise.all(["chapters", "waveform"].map(async (name) => (await links.fetched(name))?.json()));
    let found = outline?.peaks?.map((peak) => (Array.isArray(peak) ? Math.max(-peak[0], peak[1]) : Math.abs(peak)));
    found ??= await heightsOf(mine.links.audio, mine.duration_s);
    if (links.story?.id !== mine.id) return;
    heights = normal(found);
    if (map?.chapters?.length) reading.showChapters(map.chapters.map(({ start_s, title }) => ({ start: start_s, title })));
  } catch {
    // a flat line can be clicked as well
  }
  if (links.story?.id === mine.id) showPosition(true);
}

const normal = (found) => {
  const highest = Math.max(0.01, ...(found ?? []));
  return found?.map((height) => height / highest) ?? null;
};

// Position

const length_s = () => (Number.isFinite(audio.duration) && audio.duration) || links.story?.duration_s || 0;

function seek(time_s) {
  audio.currentTime = Math.min(Math.max(0, time_s), Math.max(0, length_s() - 0.05));
  showPosition(true);
}

function showPosition(isForced = false) {
  const now_s = audio.currentTime || 0;
  reading.follow(now_s, isForced);
  if (!isForced && Math.abs(now_s - shownAt_s) < 0.1) return;
  shownAt_s = now_s;
  $("#clock").textContent = `${clock(now_s)} / ${clock(length_s())}`;
  wave.setAttribute("aria-valuenow", Math.round(now_s));
  wave.setAttribute("aria-valuetext", `${clock(now_s)} of ${clock(length_s())}`);
  reading.markChapter(now_s);
  paint();
}

function paint() {
  const total_s = length_s() || 1;
  draw(wave, heights, (audio.currentTime || 0) / total_s, reading.chapters.map((chapter) => chapter.start / total_s));
}

function tick() {
  if (!isHeard()) return;
  showPosition();
  requestAnimationFrame(tick);
}

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
  if (links.isStale() || audio.error) await resume();
  try {
    await audio.play();
  } catch (error) {
    if (error.name === "NotAllowedError") showError("player-error", "The browser wants another click before it plays sound.");
  }
}

// The sound goes on where it was, from a new link.
async function resume() {
  const was_s = audio.currentTime;
  const { id } = links.story;
  try {
    await links.renewLinks();
  } catch (error) {
    return showError("player-error", `The recording cannot be fetched: ${error.message} Press play to try again.`);
  }
  if (links.story?.id !== id) return;
  audio.src = links.story.links.audio;
  audio.currentTime = was_s;
  audio.playbackRate = Number($("#speed").value);
}

audio.addEventListener("error", async () => {
  if (!links.story || !audio.getAttribute("src")) return;
  renewals += 1;
  if (renewals > 2) return showError("player-error", "This browser cannot play the recording. Download it instead.");
  const wasPlaying = place.classList.contains("playing");
  await resume();
  if (wasPlaying) audio.play().catch(() => {});
});
audio.addEventListener("timeupdate", () => {
  if (audio.currentTime > 0.5 && !audio.error) renewals = 0;
  showPosition();
});
for (const name of ["play", "pause", "ended", "emptied"])
  audio.addEventListener(name, () => {
    const isPlaying = isHeard();
    place.classList.toggle("playing", isPlaying);
    $("#play").setAttribute("aria-label", isPlaying ? "Pause" : "Play");
    if (isPlaying) requestAnimationFrame(tick);
  });
for (const name of ["durationchange", "seeked"]) audio.addEventListener(name, () => showPosition(true));

reading.begin(seek);
$("#play").addEventListener("click", toggle);
$("#player-close").addEventListener("click", () => {
  const back = document.querySelector("#stories .listen:not([hidden])") ?? $("#text");
  close();
  back.focus();
});
$("#back").addEventListener("click", () => seek(audio.currentTime - JUMP_S));
$("#ahead").addEventListener("click", () => seek(audio.currentTime + JUMP_S));
$("#speed").addEventListener("change", (event) => (audio.playbackRate = Number(event.target.value)));
new ResizeObserver(paint).observe(wave);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
