// Parses WebVTT and joins its cues into whole sentences with times.

import { HEAD } from "./draft.js";

const TIMING = /^(?:(\d+):)?(\d\d):(\d\d)\.(\d{3}) --> (?:(\d+):)?(\d\d):(\d\d)\.(\d{3})/;
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " " };
const SENTENCE_END = /[.!?…。！？][»”’"')\]]*$/;
const VOICE = /^<v(?:\.[^ >]*)? ([^>]*)>/;
const SPEAKER = /^\*{0,2}[\p{Lu}][^:\n]{0,39}:\*{0,2}\s+/u; // before what a role says
const PARAGRAPH_S = 0.65; // a longer silence starts a paragraph; between sentences there is half a second
const MAX_SENTENCE_CHARS = 320;
const WINDOW_CHARS = 2_000; // that the narration may leave out at once
const SURE_CHARS = 8; // shorter cues are expected where the last one ended

const seconds = (h, m, s, ms) => Number(h || 0) * 3600 + Number(m) * 60 + Number(s) + Number(ms) / 1000;

const decode = (text) => text.replace(/&\w+;/g, (e) => ENTITIES[e] ?? e);

export function parseCues(vtt) {
  const cues = [];
  let chapter = "";
  for (const block of vtt.replace(/\r/g, "").split(/\n\n+/)) {
    const lines = block.split("\n");
    if (lines[0].startsWith("NOTE Chapter: ")) chapter = lines[0].slice(14);
    const timing = lines.findIndex((line) => TIMING.test(line));
    if (timing < 0) continue;
    const t = lines[timing].match(TIMING);
    const written = lines.slice(timing + 1).join(" ");
    const speaker = decode(VOICE.exec(written)?.[1] ?? "");
    cues.push({ start: seconds(...t.slice(1, 5)), end: seconds(...t.slice(5, 9)), text: decode(written.replace(/<[^>]*>/g, "")), speaker, chapter });
    chapter = "";
  }
  return cues;
}

const extractLetters = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

// Returns a function that checks whether a cue starts a paragraph of the text; it expects the cues in order. A
// cue that was changed is not in the text: it starts a paragraph if the one before it ended one.
function createParagraphMatcher(text) {
  const isPlay = /^cast[ \t]*:/m.test(HEAD.exec(text)?.[0] ?? "");
  const plain = text.replace(HEAD, "").replace(/\[\[(?:[^\]:]*:([^\]]*)|[^\]]*)\]\]/g, "$1");
  const starts = []; // of paragraphs, in letters
  let letters = "";
  for (const block of plain.split(isPlay ? /\n+/ : /\n\s*\n|\n(?=#)|(?<=^#[^\n]*)\n/m)) {
    const own = extractLetters(isPlay ? block.replace(SPEAKER, "") : block);
    if (own) starts.push({ start: letters.length });
    letters += own;
  }
  let at = 0; // where the last cue ended
  let gone = Infinity; // letters of the cues since then that are not in the text; at first, any
  let isFirst = true;
  return (cue) => {
    const own = extractLetters(cue);
    const startsHere = isFirst || (!gone && starts[findIndexAt(starts, at)]?.start === at);
    isFirst = false;
    const window = letters.slice(at, at + gone + WINDOW_CHARS);
    const found = gone || own.length >= SURE_CHARS ? window.indexOf(own) : window.startsWith(own) - 1;
    if (found < 0 || !own) return (gone += own.length), startsHere;
    const isLater = findIndexAt(starts, at + found) > findIndexAt(starts, at);
    [at, gone] = [at + found + own.length, 0];
    return startsHere || isLater;
  };
}

// `text` is the narrated text, if known; without it, silence separates the paragraphs.
export function buildSentences(vtt, text = "") {
  const sentences = [];
  const matchesParagraph = text && !/^\s*</.test(text) ? createParagraphMatcher(text) : null;
  const all = parseCues(vtt);
  const titles = new Set([/^WEBVTT - (.*)/.exec(vtt)?.[1], ...all.map((cue) => cue.chapter)].filter(Boolean));
  let sentence = null;
  let previous = null;
  for (const cue of all) {
    const gap_s = previous ? cue.start - previous.end : Infinity;
    const isTitle = titles.has(cue.text);
    const matches = matchesParagraph ? matchesParagraph(cue.text) : gap_s > PARAGRAPH_S;
    const startsParagraph = matches || Boolean(cue.chapter) || isTitle || Boolean(sentence?.isTitle) || cue.speaker !== (previous?.speaker ?? "");
    if (!sentence || startsParagraph || SENTENCE_END.test(sentence.text) || sentence.text.length > MAX_SENTENCE_CHARS) {
      sentence = { ...cue, startsParagraph, isTitle };
      sentences.push(sentence);
    } else {
      sentence.text += ` ${cue.text}`;
      sentence.end = cue.end;
    }
    previous = cue;
  }
  return sentences;
}

// The index of the last item that has started; -1 before the first.
export function findIndexAt(list, time_s) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].start <= time_s + 0.02) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
