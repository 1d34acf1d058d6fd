// Parses WebVTT and joins its cues into whole sentences with times.

const TIMING = /^(?:(\d+):)?(\d\d):(\d\d)\.(\d{3}) --> (?:(\d+):)?(\d\d):(\d\d)\.(\d{3})/;
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " " };
const SENTENCE_END = /[.!?…。！？][»”’"')\]]*$/;
const VOICE = /^<v(?:\.[^ >]*)? ([^>]*)>/;
const HEAD = /^---\n[^]*?\n(?:---|\.\.\.)[ \t]*(?:\n|$)/;
const SPEAKER = /^\*{0,2}[\p{Lu}][^:\n]{0,39}:\*{0,2}\s+/u; // before what a role says
const PARAGRAPH_S = 0.55; // a longer silence starts a paragraph
const MAX_SENTENCE_CHARS = 320;
const KEY_CHARS = 24; // of a paragraph's beginning, by which it is recognised
const MAX_SKIPPED = 4; // paragraphs that the narration may leave out in a row

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

// Returns a function that checks whether a sentence starts a paragraph of the text; it expects the
// sentences in order.
function createParagraphMatcher(text) {
  const isPlay = /^cast[ \t]*:/m.test(HEAD.exec(text)?.[0] ?? "");
  const blocks = text.replace(HEAD, "").replace(/\[\[[^\]]*\]\]/g, "").split(isPlay ? /\n+/ : /\n\s*\n|\n(?=#)|(?<=^#[^\n]*)\n/m);
  const keys = blocks.map((each) => extractLetters(isPlay ? each.replace(SPEAKER, "") : each).slice(0, KEY_CHARS)).filter(Boolean);
  let next = 0;
  return (sentence) => {
    const letters = extractLetters(sentence).slice(0, KEY_CHARS);
    const index = letters ? keys.findIndex((key, i) => i >= next && i < next + MAX_SKIPPED && (key.startsWith(letters) || letters.startsWith(key))) : -1;
    if (index >= 0) next = index + 1;
    return index >= 0;
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
