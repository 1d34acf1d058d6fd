// Listening to a story while it is made, and the change to its finished file.

import { findIndexAt } from "./captions.js";
import { HLS } from "./card.js";
import * as links from "./links.js";

const WINDOW_S = 300; // captions are fetched for the present part and the next
const POLL_MS = [700, 1_500, 3_000, 5_000];
const LEAD_S = 0.4; // the finished file is sought this far ahead, and starts when the other gets there
const LOAD_MS = 15_000;

// Safari plays no growing response; Chromium cannot seek in a playlist that grows.
// A service on AWS has the playlist only.
export const usesHls = (audio) => (!links.story?.listen?.audio || navigator.vendor.startsWith("Apple")) && Boolean(audio.canPlayType(HLS));

// The URL to play from a time on, and the time at which its sound begins: a playlist knows all
// times, a growing response begins at zero.
export function selectSource(audio, listen, from_s = 0) {
  if (usesHls(audio)) return { url: listen.playlist, offset_s: 0 };
  return { url: `${listen.audio}&start=${from_s.toFixed(2)}`, offset_s: from_s };
}

// How far the story can be played now.
export function getMade_s(audio, sentences) {
  const ranges = usesHls(audio) ? audio.seekable : { length: 0 };
  return Math.max(ranges.length ? ranges.end(ranges.length - 1) : 0, sentences.at(-1)?.end ?? 0);
}

// Fetches the captions of what is made until the story is finished or another one is opened.
export async function followCaptions(getNow_s, show) {
  const { id, listen } = links.story;
  if (!listen.captions) return;
  let before = "";
  for (let poll = 0; links.story?.id === id && links.story.listen; poll += 1) {
    const start_s = Math.floor(getNow_s() / WINDOW_S) * WINDOW_S;
    try {
      const vtt = await (await fetch(`${links.story.listen.captions}&start=${start_s}`)).text();
      if (links.story?.id !== id || !links.story.listen) return;
      if (vtt.startsWith("WEBVTT") && vtt !== before) show((before = vtt));
    } catch {
      // the connection is lost; the next poll tries again
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS[Math.min(poll, POLL_MS.length - 1)]));
  }
}

// The time of the finished file at which the same sound plays: pauses may have another length.
export function mapTime(now_s, sentences, finished) {
  const playing = sentences[findIndexAt(sentences, now_s)];
  const same = finished.filter((each) => each.text === playing?.text);
  const nearest = same.sort((a, b) => Math.abs(a.start - playing.start) - Math.abs(b.start - playing.start))[0];
  return nearest ? nearest.start + (now_s - playing.start) : now_s;
}

// Resolves with an element that plays the finished file where the other one has got to.
export async function crossOver(audio, url, map, plays) {
  const next = audio.cloneNode();
  next.src = url;
  next.playbackRate = audio.playbackRate;
  await awaitEvent(next, "loadedmetadata");
  const moves = () => !audio.paused && !audio.ended;
  const at_s = Math.max(0, map() + (moves() ? LEAD_S * audio.playbackRate : 0));
  next.currentTime = at_s;
  if (next.readyState < HTMLMediaElement.HAVE_FUTURE_DATA) await awaitEvent(next, "canplay");
  while (moves() && map() < at_s) await new Promise(requestAnimationFrame);
  if (plays()) await next.play();
  return next;
}

const awaitEvent = (node, name) =>
  new Promise((resolve, reject) => {
    node.addEventListener(name, resolve, { once: true });
    node.addEventListener("error", () => reject(new Error("gone")), { once: true });
    setTimeout(() => reject(new Error("slow")), LOAD_MS);
  });
