// The player of a story, finished or being made: position, waveform, speed. Transcript, downloads and
// what is special about a story that is being made have their own modules.

import { showDownloads } from "./downloads.js";
import * as links from "./links.js";
import * as live from "./live.js";
import * as transcript from "./transcript.js";
import { $, el, findPassages, findRemarks, formatClock, formatPlural, reducedMotion, showError, showNotes } from "./ui.js";
import { drawWaveform, handleWaveform, normalise } from "./waveform.js";

const SKIP_S = 15;
const PLACE_EVERY_S = 5;
const MAX_LIVE_RENEWALS = 20; // a server that is started again takes a while

const section = $("#player");
let audio = $("#audio");
const waveform = $("#waveform");
let heights = null;
let renewals = 0; // since sound last played
let lastShown_s = -1;
let isInterrupted = false; // by an error while it played
let offset_s = 0; // of the first sound of a growing response
let placed_s = 0; // where listening was when it was last stored

export const getStoryId = () => links.story?.id ?? null;
export const isPlaying = () => !audio.paused && !audio.ended;
const isLive = () => Boolean(links.story?.listen);
const getNow_s = () => (audio.currentTime || 0) + offset_s;

// `at_s`: where to begin; by default where listening ended the last time.
export async function openPlayer(story, refetch, { focus = false, play = false, scroll = true, at_s, isReload = false } = {}) {
  closePlayer(isReload);
  links.setStory(story, refetch, showDownloads);
  const begin_s = at_s ?? links.getPlace_s();
  renewals = 0;
  section.hidden = false;
  $("#player-title").textContent = story.title || "Untitled story";
  showFacts();
  if (story.listen) setLiveSource(0);
  else audio.src = story.links.audio;
  audio.playbackRate = Number($("#speed").value);
  if (begin_s && !story.listen) audio.addEventListener("loadedmetadata", () => seek(begin_s), { once: true });
  showPosition(true);
  showDownloads();
  if (scroll) section.scrollIntoView({ behavior: reducedMotion.matches ? "auto" : "smooth", block: "start" });
  links.setShareLink();
  showMediaSession(story);
  if (focus) $("#play").focus({ preventScroll: true });
  if (play) audio.play().catch(() => {}); // the browser may require another click
  if (story.listen) return live.followCaptions(getNow_s, showLiveCaptions);
  await Promise.all([showCaptions(), showWaveform()]);
}

export const pauseSound = () => audio.pause();

// Opens the story again, as it is now, at the same position.
export async function reloadStory() {
  const at_s = audio.currentTime;
  await links.renewLinks();
  await openPlayer(links.story, links.getRefetch(), { scroll: false, at_s, isReload: true });
}

function showFacts() {
  const { story } = links;
  const isBeingMade = Boolean(story.listen);
  section.toggleAttribute("data-live", isBeingMade);
  $("#downloads").hidden = isBeingMade;
  showPassages();
  const facts = [isBeingMade ? "Playing while it is made" : formatClock(story.duration_s)];
  if (story.loudness_lufs) facts.push(`${story.loudness_lufs.toFixed(1).replace("-", "−")} LUFS`);
  $("#player-facts").textContent = facts.join(" · ");
  waveform.setAttribute("aria-valuemax", Math.round(getDuration_s()));
}

// How far a story that plays while it is made has got.
export const showStage = (stage) => isLive() && ($("#player-facts").textContent = stage);

// Passages in doubt; their times are rounded.
function showPassages() {
  const passages = findPassages(links.story.warnings);
  showNotes("remarks", findRemarks(links.story.warnings));
  $("#passages").hidden = !passages.length;
  $("#passages summary").textContent = `${formatPlural(passages.length, "passage")} to listen to`;
  const play = (from_s) => (seek(from_s - 1), isPlaying() || togglePlayback());
  $("#passages ul").replaceChildren(...passages.map(({ time, text, start_s }) =>
    el("li", {}, el("button", { type: "button", class: "link-button", "aria-label": `Play from ${time}`, onclick: () => play(start_s) }, time), el("span", {}, text))));
}

// Stories that are being made

function setLiveSource(from_s) {
  const source = live.selectSource(audio, links.story.listen, from_s);
  offset_s = source.offset_s;
  audio.src = source.url;
  audio.playbackRate = Number($("#speed").value);
}

function showLiveCaptions(vtt) {
  transcript.showLive(vtt);
  showPosition(true);
}

// Goes over to the finished file, where and as loud as the sound is now.
export async function finishLive(finished, refetch) {
  const before = transcript.getSentences();
  const vtt = await (await fetch(finished.links.captions_vtt)).text().catch(() => "");
  const after = transcript.parse(vtt);
  const map = () => live.mapTime(getNow_s(), before, after);
  const next = await live.crossOver(audio, finished.links.audio, map, () => isPlaying() || isInterrupted || audio.ended);
  if (links.story?.id !== finished.id) return next.pause();
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  audio.replaceWith(next);
  [audio, offset_s] = [next, 0];
  attachAudio();
  links.setStory(finished, refetch, showDownloads);
  showFacts();
  showDownloads();
  showPlayback();
  await Promise.all([showCaptions(), showWaveform()]);
}

export const isLiveStory = (id) => isLive() && links.story.id === id;

export function failLive(reason) {
  if (!isLive()) return;
  if (!getDuration_s()) return closePlayer(); // nothing was made
  links.story.hasFailed = true;
  showError("player-error", `The story could not be finished: ${reason} What was spoken plays to its end.`);
}

// What the system shows, and what the keys of a headset do.
function showMediaSession({ title, links: { cover } }) {
  if (!navigator.mediaSession) return;
  navigator.mediaSession.metadata = new MediaMetadata({ title: title || "Untitled story", artwork: cover ? [{ src: cover }] : [] });
  navigator.mediaSession.setActionHandler("seekbackward", () => seek(getNow_s() - SKIP_S));
  navigator.mediaSession.setActionHandler("seekforward", () => seek(getNow_s() + SKIP_S));
  navigator.mediaSession.setActionHandler("seekto", ({ seekTime }) => seek(seekTime));
}

// `isReload`: the transcript stays until there is a new one, and with it the focus.
export function closePlayer(isReload = false) {
  savePlace();
  links.clearStory();
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  if (!isReload) transcript.clear();
  [heights, lastShown_s] = [null, -1];
  section.hidden = true;
  [offset_s, isInterrupted] = [0, false];
  showError("player-error", "");
}

const savePlace = () => links.story && !isLive() && audio.readyState && links.savePlace(audio.currentTime, getDuration_s());

async function showCaptions() {
  await transcript.showCaptions();
  if (links.story) showPosition(true);
}

async function showWaveform() {
  const shown = links.story;
  paintWaveform();
  try {
    const [map, outline] = await Promise.all(["chapters", "waveform"].map(async (name) => (await links.fetchFile(name))?.json()));
    const newHeights = outline?.peaks?.map((peak) => (Array.isArray(peak) ? Math.max(-peak[0], peak[1]) : Math.abs(peak)));
    if (links.story?.id !== shown.id) return;
    heights = normalise(newHeights);
    if (map?.chapters?.length) transcript.showChapters(map.chapters.map(({ start_s, title }) => ({ start: start_s, title })));
  } catch {
    // without heights, the waveform is a flat line
  }
  if (links.story?.id === shown.id) showPosition(true);
}

// Position

const getDuration_s = () => (isLive() && live.getMade_s(audio, transcript.getSentences())) || (Number.isFinite(audio.duration) && audio.duration) || links.story?.duration_s || 0;

function seek(time_s) {
  const to_s = Math.min(Math.max(0, time_s), Math.max(0, getDuration_s() - 0.05));
  if (isLive() && !live.usesHls(audio)) {
    const wasPlaying = isPlaying();
    setLiveSource(to_s);
    if (wasPlaying) audio.play().catch(() => {});
  } else audio.currentTime = to_s;
  showPosition(true);
}

function showPosition(force = false) {
  const now_s = getNow_s();
  transcript.highlightSentence(now_s, force);
  if (!force && Math.abs(now_s - lastShown_s) < 0.1) return;
  lastShown_s = now_s;
  const total = `${formatClock(getDuration_s())}${isLive() ? " so far" : ""}`;
  $("#clock").textContent = `${formatClock(now_s)} / ${total}`;
  if (isLive()) waveform.setAttribute("aria-valuemax", Math.round(getDuration_s()));
  waveform.setAttribute("aria-valuenow", Math.round(now_s));
  waveform.setAttribute("aria-valuetext", `${formatClock(now_s)} of ${total}`);
  transcript.markChapter(now_s);
  paintWaveform();
}

function paintWaveform() {
  const total_s = getDuration_s() || 1;
  drawWaveform(waveform, heights, getNow_s() / total_s, transcript.chapters.map((chapter) => chapter.start / total_s));
}

function animate() {
  if (!isPlaying()) return;
  showPosition();
  requestAnimationFrame(animate);
}

handleWaveform(waveform, { seek, togglePlayback, getNow_s, getDuration_s });

// Sound

async function togglePlayback() {
  isInterrupted = false;
  if (!audio.paused) return audio.pause();
  showError("player-error", "");
  if (audio.ended) audio.currentTime = 0;
  if (links.hasExpired() || audio.error) await renewSource();
  try {
    await audio.play();
  } catch (error) {
    if (error.name === "NotAllowedError") showError("player-error", "The browser blocked playback. Press play again.");
  }
}

// Continues at the same position from a new link.
async function renewSource() {
  const was_s = getNow_s();
  const { id } = links.story;
  try {
    await links.renewLinks();
    if (!links.story?.listen && !links.story?.links.audio) return; // it has ended meanwhile
  } catch (error) {
    return showError("player-error", `The recording could not be loaded: ${error.message} Press play to try again.`);
  }
  if (links.story?.id !== id) return;
  if (isLive()) {
    setLiveSource(was_s);
    if (live.usesHls(audio)) audio.currentTime = was_s;
    return;
  }
  audio.src = links.story.links.audio;
  audio.currentTime = was_s;
  audio.playbackRate = Number($("#speed").value);
}

async function handleSoundError() {
  if (!links.story || !audio.getAttribute("src")) return;
  renewals += 1;
  isInterrupted ||= section.classList.contains("playing") || audio.ended; // an error pauses
  if (isLive()) await new Promise((resolve) => setTimeout(resolve, 500 * Math.min(renewals, 10)));
  if (!links.story || links.story.hasFailed) return;
  if (renewals > (isLive() ? MAX_LIVE_RENEWALS : 2)) return showError("player-error", "This browser cannot play the recording. Download it instead.");
  await renewSource();
  if (isInterrupted) audio.play().catch(() => {});
}

function showPlayback() {
  const plays = isPlaying();
  section.classList.toggle("playing", plays);
  $("#play").setAttribute("aria-label", plays ? "Pause" : "Play");
  if (plays) requestAnimationFrame(animate);
}

function attachAudio() {
  audio.addEventListener("error", handleSoundError);
  audio.addEventListener("timeupdate", () => {
    if (audio.currentTime > 0.5 && !audio.error) renewals = 0;
    showPosition();
    if (Math.abs(audio.currentTime - placed_s) > PLACE_EVERY_S) [placed_s] = [audio.currentTime, savePlace()];
  });
  audio.addEventListener("playing", () => (isInterrupted = false));
  audio.addEventListener("ended", () => isLive() && !links.story.hasFailed && handleSoundError()); // the server stopped
  audio.addEventListener("pause", savePlace);
  for (const name of ["play", "pause", "ended", "emptied"]) audio.addEventListener(name, showPlayback);
  for (const name of ["durationchange", "seeked"]) audio.addEventListener(name, () => showPosition(true));
}

attachAudio();
addEventListener("pagehide", savePlace);
transcript.init(seek, isPlaying);
$("#play").addEventListener("click", togglePlayback);
$("#player-close").addEventListener("click", () => {
  const opener = document.querySelector("#stories .listen:not([hidden])") ?? $("#text");
  closePlayer();
  opener.focus();
});
$("#rewind").addEventListener("click", () => seek(getNow_s() - SKIP_S));
$("#forward").addEventListener("click", () => seek(getNow_s() + SKIP_S));
$("#speed").addEventListener("change", (event) => (audio.playbackRate = Number(event.target.value)));
new ResizeObserver(paintWaveform).observe(waveform);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintWaveform);
