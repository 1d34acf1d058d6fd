// The form as a whole: gathers from its parts what is to be told.

import { whenToken } from "./api.js";
import { chosen, longest, whenChosen } from "./choices.js";
import * as counts from "./counts.js";
import * as draft from "./draft.js";
import * as files from "./files.js";
import * as music from "./music.js";
import * as sound from "./sound.js";
import * as voices from "./voices.js";
import { $, showError } from "./words.js";

const pruned = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "" && value !== undefined));

const speech = () => pruned({ voice: chosen.voice, engine: $("#engine").value, ...sound.speechOptions() });

export const loadDraft = () => draft.begin(counts.counted);

export async function begin() {
  sound.begin();
  files.begin();
  counts.begin(speech);
  whenChosen(counts.counted);
  whenToken(() => $("#voices").childElementCount || (voices.load(), music.load()));
  await Promise.all([voices.load(), music.load()]);
}

function wrong(words) {
  if (files.book()) return "";
  if (!words.trim()) return "There is nothing to tell yet. Write or paste a story, or take a sample.";
  return words.length > longest() ? counts.tooLong(words.length) : "";
}

// What is to be told; null, with the reason beside the text, where there is nothing.
export function order() {
  const [words, book] = [draft.text.value, files.book()];
  const why = wrong(words);
  if (why) {
    showError("text-error", why, draft.text);
    draft.text.focus();
    return null;
  }
  const what = book ? { text_type: "epub", source: book.key } : { text_type: draft.kind(words) };
  const body = pruned({ ...what, ...speech(), ...sound.mixOptions(), music: music.music() });
  return { text: book ? "" : words, body, title: book ? book.name.replace(/\.epub$/i, "") : draft.title(words) };
}
