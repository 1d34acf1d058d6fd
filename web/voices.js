// Voices by language and engine, each with a greeting to hear.

import { ApiError, ask } from "./api.js";
import { choose, chosen, fill, pick } from "./choices.js";
import { sample } from "./preview.js";
import { $, retry, showError } from "./words.js";

const GREETINGS = {
  en: "Good evening. Shall I tell you a story?", de: "Guten Abend. Soll ich eine Geschichte erzählen?",
  fr: "Bonsoir. Je vous raconte une histoire ?", es: "Buenas noches. ¿Le cuento una historia?",
  it: "Buonasera. Le racconto una storia?", pt: "Boa noite. Posso contar uma história?",
  nl: "Goedenavond. Zal ik een verhaal vertellen?", pl: "Dobry wieczór. Opowiem ci historię.",
  sv: "God kväll. Ska jag berätta en historia?", ja: "こんばんは。お話を聞かせましょうか。", zh: "晚上好。给你讲个故事，好吗？",
};

let voices = [];
const heard = new Map(); // addresses of greetings

const tongue = (language) => {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(language);
  } catch {
    return language;
  }
};

export async function load() {
  try {
    voices = (await ask("GET", "/voices", { patient: 2, quiet: true })).voices;
    showError("voice-error", "");
  } catch (error) {
    showError("voice-error", `The voices could not be listed: ${error.message}`);
    return retry(load, error);
  }
  const languages = [...new Set(voices.map((voice) => voice.language))];
  const mine = voices.find((voice) => voice.id === chosen.voice) ?? voices[0];
  fill($("#language"), languages.map((each) => [each, tongue(each)]).sort((a, b) => a[1].localeCompare(b[1])), mine?.language);
  $("#language-row").hidden = languages.length < 2;
  drawEngines();
}

function drawEngines() {
  const here = voices.filter((voice) => voice.language === $("#language").value);
  const engines = [...new Set(here.flatMap((voice) => voice.engines))];
  fill($("#engine"), [["", "the best of each"], ...engines.map((each) => [each, each])], chosen.engine ?? "");
  $("#engine-row").hidden = engines.length < 2;
  drawVoices();
}

function drawVoices() {
  const engine = $("#engine").value;
  const here = voices.filter((v) => v.language === $("#language").value && (!engine || v.engines.includes(engine)));
  const mine = here.find((voice) => voice.id === chosen.voice) ?? here[0];
  choose({ voice: mine?.id ?? null });
  $("#voices").replaceChildren(
    ...here.map((voice) =>
      pick("voice", voice.id, voice.id, voice.gender, voice === mine,
        (button) => sample(button, () => greeting(voice), "voice-error"), `Hear ${voice.id}`)),
  );
}

async function greeting(voice) {
  const engine = $("#engine").value || voice.engines[0];
  const name = `${voice.id} ${engine}`;
  if (!heard.has(name)) {
    const words = GREETINGS[voice.language.split("-")[0]] ?? `${voice.id}.`;
    const told = await ask("POST", "/synthesize", { body: { text: words, voice: voice.id, engine }, patient: 1 });
    if (!told.audio_base64) throw new ApiError(0, "no_sample", "there is none for this voice.");
    const bytes = Uint8Array.from(atob(told.audio_base64), (letter) => letter.charCodeAt(0));
    heard.set(name, URL.createObjectURL(new Blob([bytes], { type: "audio/mpeg" })));
  }
  return heard.get(name);
}

const fine = () => showError("voice-error", "");
$("#language").addEventListener("change", () => (fine(), drawEngines()));
$("#engine").addEventListener("change", () => (fine(), choose({ engine: $("#engine").value || null }), drawVoices()));
$("#voices").addEventListener("change", (event) => (fine(), choose({ voice: event.target.value })));
