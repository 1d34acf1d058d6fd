// The form: collects a request from its parts.

import { onToken } from "./api.js";
import { choices, maxStoryChars, onSpeechChange } from "./choices.js";
import * as draft from "./draft.js";
import * as files from "./files.js";
import * as music from "./music.js";
import * as sound from "./sound.js";
import * as stats from "./stats.js";
import { $, showError } from "./ui.js";
import * as voices from "./voices.js";

const removeEmpty = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "" && value !== undefined));

const collectSpeechOptions = () => removeEmpty({ voice: choices.voice, engine: $("#engine").value, ...sound.getSpeechOptions() });

export const loadDraft = () => draft.init(stats.updateStats);

export async function init() {
  sound.init();
  files.init();
  stats.init(collectSpeechOptions);
  onSpeechChange(stats.updateStats);
  onToken(() => $("#voices").childElementCount || (voices.load(), music.load()));
  await Promise.all([voices.load(), music.load()]);
}

function validateText(text) {
  if (files.getBook()) return "";
  if (!text.trim()) return "The text is empty. Write or paste a story, or choose a sample.";
  return text.length > maxStoryChars() ? stats.formatTooLong(text.length) : "";
}

// The request for the story; null if the text is not valid, with the reason shown below it.
export function buildRequest() {
  const [text, book] = [draft.text.value, files.getBook()];
  const problem = validateText(text);
  if (problem) {
    showError("text-error", problem, draft.text);
    draft.text.focus();
    return null;
  }
  const source = book ? { text_type: "epub", source: book.key } : { text_type: draft.detectTextType(text) };
  const body = removeEmpty({ ...source, ...collectSpeechOptions(), ...sound.getMixOptions(), music: music.getMusic() });
  return { text: book ? "" : text, body, title: book ? book.name.replace(/\.epub$/i, "") : draft.deriveTitle(text) };
}
