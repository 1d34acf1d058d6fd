// The form: collects a request from its parts.

import { onToken } from "./api.js";
import * as book from "./book.js";
import { insertCast, showCast } from "./cast.js";
import { choices, maxStoryChars, onSpeechChange } from "./choices.js";
import * as draft from "./draft.js";
import { clearErrors } from "./errors.js";
import * as excerpt from "./excerpt.js";
import * as files from "./files.js";
import * as music from "./music.js";
import * as sound from "./sound.js";
import * as stats from "./stats.js";
import * as tags from "./tags.js";
import { $, showError } from "./ui.js";
import * as voices from "./voices.js";
import * as words from "./words.js";

const removeEmpty = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "" && value !== undefined));

const collectVoiceOptions = () => removeEmpty({ voice: choices.voice, engine: $("#engine").value, ...sound.getSpeechOptions(), lexicon: words.getLexicon() });
const collectSpeechOptions = () => ({ ...collectVoiceOptions(), skip_front_matter: book.getBook()?.skips_front_matter || undefined, titles: sound.getTitles(), verify: sound.getVerify() });

// The text as the API takes it: with the chosen cast, and keys for the names of sounds.
const prepareText = (text) => music.nameSounds(insertCast(text));

export const loadDraft = () => draft.init(handleText);

function handleText() {
  showCast(draft.text.value);
  stats.updateStats();
}

export async function init() {
  sound.init();
  files.init();
  book.init(stats.showBookEstimate);
  words.init(collectVoiceOptions);
  tags.init();
  excerpt.init(collectVoiceOptions);
  stats.init(collectSpeechOptions, prepareText);
  onSpeechChange(handleText);
  onToken(() => $("#voices").childElementCount || (voices.load(), music.load()));
  await Promise.all([voices.load(), music.load()]);
}

function validateText(text) {
  if (book.getBook()) return book.getDamage() || (book.getChapters() === "" ? "No chapter is selected: select at least one." : "");
  if (!text.trim()) return "The text is empty. Write or paste a story, or choose a sample.";
  return text.length > maxStoryChars() ? stats.formatTooLong(text.length) : "";
}

// The request for the story; null if the text is not valid, with the reason shown below it.
export function buildRequest() {
  clearErrors();
  const [text, chosenBook] = [draft.text.value, book.getBook()];
  const problem = validateText(text);
  if (problem) {
    showError("text-error", problem, draft.text);
    draft.text.focus();
    return null;
  }
  const source = chosenBook ? { text_type: book.getBookType(chosenBook), source: chosenBook.key, chapters: book.getChapters() } : { text_type: draft.detectTextType(text) };
  const body = removeEmpty({ ...source, ...collectSpeechOptions(), ...sound.getMixOptions(), ...tags.getTags(), music: music.getMusic() });
  const details = [choices.voice, music.getMusicName(music.getMusic()), $("#format").value.toUpperCase(), choices.project?.name].filter(Boolean).join(", ");
  const title = body.title || (chosenBook ? chosenBook.name.replace(/\.\w+$/, "") : draft.deriveTitle(text));
  return { text: chosenBook ? "" : prepareText(text), body, title, details };
}
