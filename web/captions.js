// WebVTT in, sentences with their times out: a cue is half a sentence at most, a reader wants it whole.

const TIMING = /^(?:(\d+):)?(\d\d):(\d\d)\.(\d{3}) --> (?:(\d+):)?(\d\d):(\d\d)\.(\d{3})/;
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " " };
const END = /[.!?…。！？][»”’"')\]]*$/;
const PARAGRAPH_S = 0.55; // of silence
const LONGEST_CHARS = 320;
const KEY_CHARS = 24; // of a paragraph's beginning, to know it again
const AHEAD = 4; // paragraphs that may have been left out

const seconds = (h, m, s, ms) => Number(h || 0) * 3600 + Number(m) * 60 + Number(s) + Number(ms) / 1000;

export function cues(vtt) {
  const found = [];
  let chapter = "";
  for (const block of vtt.replace(/\r/g, "").split(/\n\n+/)) {
    const lines = block.split("\n");
    if (lines[0].startsWith("NOTE Chapter: ")) chapter = lines[0].slice(14);
    const at = lines.findIndex((line) => TIMING.test(line));
    if (at < 0) continue;
    const t = lines[at].match(TIMING);
    const text = lines.slice(at + 1).join(" ").replace(/<[^>]*>/g, "").replace(/&\w+;/g, (e) => ENTITIES[e] ?? e);
    found.push({ start: seconds(...t.slice(1, 5)), end: seconds(...t.slice(5, 9)), text, chapter });
    chapter = "";
  }
  return found;
}

const letters = (words) => words.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "");

// Tells whether a sentence begins a paragraph of the text, one after the other.
function paragraphs(text) {
  const keys = text.split(/\n\s*\n|\n(?=#)/).map((each) => letters(each).slice(0, KEY_CHARS)).filter(Boolean);
  let next = 0;
  return (sentence) => {
    const said = letters(sentence).slice(0, KEY_CHARS);
    const found = said ? keys.findIndex((key, i) => i >= next && i < next + AHEAD && (key.startsWith(said) || said.startsWith(key))) : -1;
    if (found >= 0) next = found + 1;
    return found >= 0;
  };
}

// `text`: what was told, where it is known; otherwise silence parts the paragraphs.
export function sentences(vtt, text = "") {
  const made = [];
  const begins = text && !/^\s*</.test(text) ? paragraphs(text) : null;
  const all = cues(vtt);
  const titles = new Set([/^WEBVTT - (.*)/.exec(vtt)?.[1], ...all.map((cue) => cue.chapter)].filter(Boolean));
  let open = null;
  let before = null;
  for (const cue of all) {
    const gap_s = before ? cue.start - before.end : Infinity;
    const isTitle = titles.has(cue.text);
    const opens = Boolean(cue.chapter) || isTitle || (begins ? begins(cue.text) : gap_s > PARAGRAPH_S);
    if (!open || opens || END.test(open.text) || open.text.length > LONGEST_CHARS) {
      open = { ...cue, opens, isTitle };
      made.push(open);
    } else {
      open.text += ` ${cue.text}`;
      open.end = cue.end;
    }
    before = cue;
  }
  return made;
}

// The last one that has begun, -1 before the first.
export function at(list, time_s) {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].start <= time_s + 0.02) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
