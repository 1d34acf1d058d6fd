/** WebVTT to sentences with their times, for reading along. */

const TIMES = /^(\S+)\s+-->\s+(\S+)/;
const SENTENCE_END = /[.!?…。！？।؟]["'”’»)\]]*$/;
const PARAGRAPH_GAP_S = 0.55;
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&nbsp;": " ", "&lrm;": "", "&rlm;": "" };

/**
 * @param {string} vtt
 * @returns {{text: string, start: number, end: number, chapter: string, opens: boolean}[]}
 *   sentences in order; chapter: title of the one that opens here; opens: whether a paragraph does.
 */
export function sentences(vtt) {
  const found = [];
  let chapter = "";
  for (const block of vtt.replace(/\r\n?/g, "\n").split(/\n{2,}/)) {
    const lines = block.split("\n");
    const at = lines.findIndex((line) => TIMES.test(line));
    if (at < 0) {
      chapter = /^NOTE Chapter: (.*)/.exec(block)?.[1] ?? chapter;
      continue;
    }
    const [, from, to] = TIMES.exec(lines[at]);
    const text = plain(lines.slice(at + 1).join(" "));
    const last = found.at(-1);
    const start = seconds(from);
    if (last && !chapter && !SENTENCE_END.test(last.text) && start - last.end < PARAGRAPH_GAP_S) {
      last.text += ` ${text}`;
      last.end = seconds(to);
      continue;
    }
    const opens = !last || Boolean(chapter) || start - last.end >= PARAGRAPH_GAP_S;
    found.push({ text, start, end: seconds(to), chapter, opens });
    chapter = "";
  }
  return found;
}

function plain(text) {
  return text.replace(/<[^>]*>/g, "").replace(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity).trim();
}

function seconds(time) {
  return time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}
