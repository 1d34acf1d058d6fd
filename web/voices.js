// Voices by language and engine, each with a spoken greeting as preview.

import { ApiError, callApi } from "./api.js";
import { choices, createRadioOption, fillSelect, updateChoices } from "./choices.js";
import { togglePreview } from "./preview.js";
import { $, retryLater, showError } from "./ui.js";

const GREETINGS = {
  en: "Good evening. Shall I read you a story?", de: "Guten Abend. Soll ich eine Geschichte erzählen?",
  fr: "Bonsoir. Je vous raconte une histoire ?", es: "Buenas noches. ¿Le cuento una historia?",
  it: "Buonasera. Le racconto una storia?", pt: "Boa noite. Posso contar uma história?",
  nl: "Goedenavond. Zal ik een verhaal vertellen?", pl: "Dobry wieczór. Opowiem ci historię.",
  sv: "God kväll. Ska jag berätta en historia?", ja: "こんばんは。お話を聞かせましょうか。", zh: "晚上好。给你讲个故事，好吗？",
};

export let voices = []; // all of the server's
const AUDIO_TYPES = { mp3: "audio/mpeg", flac: "audio/flac", ogg: "audio/ogg", wav: "audio/wav" };
const listeners = [];
export const onVoices = (listener) => listeners.push(listener); // called when the choice of voices changes

const greetingUrls = new Map(); // by voice and engine

export const formatLanguage = (language) => {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(language);
  } catch {
    return language;
  }
};

export async function load() {
  try {
    voices = (await callApi("GET", "/voices", { retries: 2, background: true })).voices;
    showError("voice-error", "");
  } catch (error) {
    showError("voice-error", `The voices could not be loaded: ${error.message}`);
    return retryLater(load, error);
  }
  show();
}

export function show() {
  const languages = [...new Set(voices.map((voice) => voice.language))];
  const selected = voices.find((voice) => voice.id === choices.voice) ?? voices[0];
  fillSelect($("#language"), languages.map((each) => [each, formatLanguage(each)]).sort((a, b) => a[1].localeCompare(b[1])), selected?.language);
  $("#language-row").hidden = languages.length < 2;
  renderEngines();
}

function renderEngines() {
  const available = voices.filter((voice) => voice.language === $("#language").value);
  const engines = [...new Set(available.flatMap((voice) => voice.engines))];
  fillSelect($("#engine"), [["", "best available"], ...engines.map((each) => [each, each])], choices.engine ?? "");
  $("#engine-row").hidden = engines.length < 2;
  renderVoices();
}

function renderVoices() {
  const engine = $("#engine").value;
  const available = voices.filter((v) => v.language === $("#language").value && (!engine || v.engines.includes(engine)));
  const selected = available.find((voice) => voice.id === choices.voice) ?? available[0];
  updateChoices({ voice: selected?.id ?? null });
  for (const listener of listeners) listener();
  $("#voices").replaceChildren(
    ...available.map((voice) =>
      createRadioOption("voice", voice.id, voice.id, describeVoice(voice), voice === selected,
        (button) => togglePreview(button, () => fetchGreeting(voice), "voice-error"), `Preview ${voice.id}`)),
  );
}

const describeVoice = ({ gender, quality, note }) => [gender, quality && `grade ${quality}`, note].filter(Boolean).join(", ").replace(/-(?=\d)/g, "−");

async function fetchGreeting(voice) {
  const engine = $("#engine").value || voice.engines[0];
  const name = `${voice.id} ${engine}`;
  if (!greetingUrls.has(name)) {
    const text = GREETINGS[voice.language.split("-")[0]] ?? `${voice.id}.`;
    greetingUrls.set(name, await fetchSpeech({ text, voice: voice.id, engine }));
  }
  return greetingUrls.get(name);
}

// An object URL of a short text's speech.
export async function fetchSpeech(body) {
  const result = await callApi("POST", "/synthesize", { body, retries: 1 });
  if (!result.audio_base64) throw new ApiError(0, "no_sample", "this passage is too long.");
  const bytes = Uint8Array.from(atob(result.audio_base64), (char) => char.charCodeAt(0));
  const type = AUDIO_TYPES[result.chunk_keys[0].split(".").pop()] ?? "";
  return URL.createObjectURL(new Blob([bytes], { type }));
}

const clearError = () => showError("voice-error", "");
$("#language").addEventListener("change", () => (clearError(), renderEngines()));
$("#engine").addEventListener("change", () => (clearError(), updateChoices({ engine: $("#engine").value || null }), renderVoices()));
$("#voices").addEventListener("change", (event) => (clearError(), updateChoices({ voice: event.target.value })));
