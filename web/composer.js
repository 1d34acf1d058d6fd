// The form: text, voice, music and sound, with what the server says of them while one types.

import { ApiError, ask, send } from "./api.js";
import { keepText, keptText, read, write } from "./kept.js";
import { $, announce, clock, count, el, money, showError, size } from "./words.js";

const TYPED_MS = 400; // after the last key, until the server is asked
const SAMPLE = "lighthouse";
const NATURAL_MS = { clause: 120, sentence: 350, question: 400, exclamation: 400, paragraph: 650, heading: 900, scene: 1500, chapter: 2000 };
const PRESETS = { story: "Story, −18 LUFS", podcast: "Podcast, −16 LUFS", broadcast: "Broadcast, −23 LUFS", "audiobook-acx": "Audiobook (ACX)" };
const FORMATS = { mp3: "MP3", m4a: "M4A (AAC)", m4b: "M4B with chapters", opus: "Opus", flac: "FLAC", wav: "WAV" };
const GREETINGS = {
  en: "Good evening. Shall I tell you a story?", de: "Guten Abend. Soll ich eine Geschichte erzählen?",
  fr: "Bonsoir. Je vous raconte une histoire ?", es: "Buenas noches. ¿Le cuento una historia?",
  it: "Buonasera. Le racconto una storia?", pt: "Boa noite. Posso contar uma história?",
  nl: "Goedenavond. Zal ik een verhaal vertellen?", pl: "Dobry wieczór. Opowiem ci historię.",
  sv: "God kväll. Ska jag berätta en historia?", ja: "こんばんは。お話を聞かせましょうか。", zh: "晚上好。给你讲个故事，好吗？",
};
const STORY_TEXT = /\.(txt|md|markdown)$/i;

const text = $("#text");
const chosen = read("choices", {}); // voice, music and whatever was set by hand
let can = null;
let voices = [];
let tracks = [];
let book = null; // a file that is sent as it is, {key, name}
let replaced = null; // what a sample or a file took the place of
let isSample = true; // nobody wrote what stands there
let typed = 0;
let asking = null;

export async function begin(capabilities) {
  can = capabilities;
  counted();
  $("#open").title = `${types().join(", ")}, or drop it on the text`;
  $("#file").accept = types().join(",");
  $("#own-file").accept = can.music_types.join(",");
  $("#own").hidden = !can.music_types.length;
  drawSound();
  await Promise.all([loadVoices(), loadMusic()]);
}

const types = () => [".txt", ".md", ...(readsBooks() ? [".epub"] : [])];
const readsBooks = () => can.source_types.includes(".epub") && can.text_types.includes("epub");
const keepChoices = () => write("choices", chosen);

// Text

// Before anything is asked of the server: what is typed meanwhile is not overwritten.
export async function loadDraft() {
  const draft = await keptText("draft");
  if (draft !== null && !text.value) [text.value, isSample] = [draft, !draft.trim()];
  else if (draft === null && !text.value) await loadSample(SAMPLE);
  counted();
}

async function loadSample(name) {
  try {
    const reply = await fetch(`samples/${name}.md`);
    if (reply.ok) (unbook(), replace(await reply.text()));
  } catch {
    showError("text-error", "The sample could not be fetched; write something yourself.", text);
  }
}

// A text that somebody wrote is never lost to a sample or a file.
function replace(fresh) {
  replaced = text.value.trim() && text.value !== fresh && !isSample ? text.value : null;
  $("#undo").hidden = replaced === null;
  text.value = fresh;
  text.scrollTop = 0;
  isSample = true;
  changed();
}

function changed() {
  keepText("draft", text.value);
  showError("text-error", "", text);
  counted();
}

function counted() {
  const chars = text.value.length;
  $("#n-chars").textContent = count(chars);
  if (!can) return;
  clearTimeout(typed);
  asking?.abort();
  const most = longest();
  if (chars > most && !book) {
    unknown();
    return showError("text-error", tooLong(chars, most), text);
  }
  if (!text.value.trim() || book) return unknown();
  $("#counts").classList.add("waiting");
  typed = setTimeout(estimate, TYPED_MS);
}

const longest = () => (can.stories ? can.limits.story_chars : can.limits.synthesize_chars);
const tooLong = (chars, most) =>
  `${count(chars)} characters are more than the ${count(most)} of one story: shorten it by ${count(chars - most)}, or tell it in parts.`;

function unknown() {
  for (const name of ["chunks", "length", "cost"]) $(`#n-${name}`).textContent = "–";
  $("#counts").classList.remove("waiting");
}

// The server is asked about the beginning of a long text only; the rest is taken to be like it.
async function estimate() {
  asking = new AbortController();
  const { signal } = asking;
  const whole = text.value;
  const part = whole.slice(0, can.limits.synthesize_chars);
  const { voice, engine, pauses, rate } = body();
  const asked = { text: part, text_type: kind(whole), voice, engine, pauses, rate };
  try {
    const told = await ask("POST", "/estimate", { body: pruned(asked), signal });
    const times = whole.length / part.length;
    const nearly = times > 1 ? "~" : "";
    $("#n-chunks").textContent = nearly + count(told.chunks * times);
    $("#n-length").textContent = nearly + clock(told.duration_s * times);
    $("#n-cost").textContent = nearly + money(told.cost_usd * times);
    $("#counts").classList.remove("waiting");
    showError("text-error", "", text);
  } catch (error) {
    if (error.code === "cancelled") return;
    unknown();
    place(error);
    if (error.isPassing) typed = setTimeout(estimate, 5_000);
  }
}

const kind = (words) => (/^#{1,6} \S/m.test(words) || /^\* \* \*$/m.test(words) ? "markdown" : "text");

text.addEventListener("input", () => {
  isSample = false;
  $("#undo").hidden = true;
  changed();
});
addEventListener("pagehide", () => keepText("draft", text.value));
for (const button of document.querySelectorAll("[data-sample]"))
  button.addEventListener("click", () => loadSample(button.dataset.sample));
$("#undo button").addEventListener("click", () => {
  const back = replaced;
  text.value = back;
  [replaced, isSample] = [null, false];
  $("#undo").hidden = true;
  changed();
  text.focus();
});

// Files of text

$("#open").addEventListener("click", () => $("#file").click());
$("#file").addEventListener("change", (event) => readFile(event.target));
const drop = $("#drop");
drop.addEventListener("dragover", (event) => (event.preventDefault(), drop.classList.add("over")));
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  readFile({ files: event.dataTransfer.files });
});

async function readFile(input) {
  const file = input.files[0];
  if (!file) return;
  if ("value" in input) setTimeout(() => (input.value = ""));
  showError("text-error", "");
  try {
    if (/\.epub$/i.test(file.name)) await sendBook(file);
    else await readText(file);
  } catch (error) {
    showError("text-error", error.message, text);
  }
}

async function readText(file) {
  if (!STORY_TEXT.test(file.name)) throw new Error(`“${file.name}” is no text. Choose a file that ends in ${types().join(" or ")}.`);
  if (file.size > longest() * 4) throw new Error(`“${file.name}” has ${size(file.size)}: more than the ${count(longest())} characters of one story. Choose a shorter one, or tell it in parts.`);
  let content;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error(`“${file.name}” cannot be read as text. Save it as UTF-8 and choose it again.`);
  }
  if (content.includes("\0")) throw new Error(`“${file.name}” is no text, whatever it is called.`);
  if (!content.trim()) throw new Error(`“${file.name}” is empty.`);
  unbook();
  replace(content);
  announce(`${file.name} was read.`);
}

async function sendBook(file) {
  if (!readsBooks()) throw new Error("This server reads no EPUB yet. Open the book elsewhere and paste its text.");
  if (file.size > can.limits.upload_bytes) throw new Error(`“${file.name}” has ${size(file.size)}; at most ${size(can.limits.upload_bytes)} can be sent.`);
  const form = await ask("POST", "/uploads", { body: { name: file.name, size_bytes: file.size }, patient: 2 });
  await send(form, file, () => {}, new AbortController().signal);
  book = { key: form.key, name: file.name };
  $("#book").hidden = false;
  $("#book span").textContent = `${file.name} will be told as it is.`;
  text.hidden = true;
  counted();
}

function unbook() {
  book = null;
  $("#book").hidden = true;
  text.hidden = false;
}
$("#unbook").addEventListener("click", () => (unbook(), counted(), text.focus()));

// Voices

const tongue = (language) => {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(language);
  } catch {
    return language;
  }
};

async function loadVoices() {
  try {
    voices = (await ask("GET", "/voices", { patient: 2 })).voices;
    showError("voice-error", "");
  } catch (error) {
    showError("voice-error", `The voices could not be listed: ${error.message}`);
    return retry(loadVoices, error);
  }
  const languages = [...new Set(voices.map((voice) => voice.language))];
  const mine = voices.find((voice) => voice.id === chosen.voice) ?? voices[0];
  fill($("#language"), languages.map((each) => [each, tongue(each)]).sort((a, b) => a[1].localeCompare(b[1])), mine?.language);
  $("#language-row").hidden = languages.length < 2;
  drawEngines();
}

// What could not be fetched is fetched when the server is back.
const retry = (work, error) => error.isPassing && setTimeout(work, 5_000);

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
  chosen.voice = mine?.id ?? "";
  $("#voices").replaceChildren(
    ...here.map((voice) =>
      pick("voice", voice.id, voice.id, voice.gender, voice === mine, () => greet(voice), `Hear ${voice.id}`)),
  );
}

function pick(name, value, label, note, isChosen, hear, hearLabel) {
  const input = el("input", { type: "radio", name, value, checked: isChosen });
  const words = el("span", {}, label, note ? el("small", {}, note) : null);
  const button = hear && el("button", { type: "button", class: "hear", "aria-label": hearLabel });
  button?.addEventListener("click", () => sample(button, hear));
  return el("div", { class: "pick" }, el("label", {}, input, words), button);
}

$("#language").addEventListener("change", () => (drawEngines(), choose()));
$("#engine").addEventListener("change", () => ((chosen.engine = $("#engine").value), drawVoices(), choose()));
$("#voices").addEventListener("change", (event) => ((chosen.voice = event.target.value), choose()));

function choose() {
  keepChoices();
  showError("voice-error", "");
  counted();
}

// Samples of voices and music: one at a time

const player = new Audio();
const heard = new Map();
let playing = null;

async function sample(button, address) {
  const wasPlaying = playing === button;
  stopSample();
  if (wasPlaying) return;
  playing = button;
  button.classList.add("on");
  const error = button.closest("#music") ? "music-error" : "voice-error";
  try {
    const url = await address();
    if (playing !== button) return;
    player.src = url;
    await player.play();
    showError(error, "");
  } catch (problem) {
    if (playing !== button || problem.name === "AbortError") return;
    stopSample();
    showError(error, problem instanceof ApiError ? `No sample: ${problem.message}` : "This browser cannot play the sample.");
  }
}

export function stopSample() {
  player.pause();
  playing?.classList.remove("on");
  playing = null;
}
player.addEventListener("ended", stopSample);

async function greet(voice) {
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

// Music

let ownAddress = "";
let uploading = null;
let linksUntil_ms = 0;

async function loadMusic() {
  try {
    const told = await ask("GET", "/music", { patient: 2 });
    tracks = told.music;
    linksUntil_ms = Date.now() + told.expires_s * 900;
    showError("music-error", "");
  } catch (error) {
    tracks = [];
    if (error.status !== 404) {
      showError("music-error", `The music could not be listed: ${error.message}`);
      retry(loadMusic, error);
    }
  }
  chosen.music ??= tracks[0]?.key ?? "";
  drawMusic();
}

function drawMusic() {
  const own = chosen.own;
  const known = ["", ...tracks.map((track) => track.key), own?.key];
  const mine = known.includes(chosen.music) ? chosen.music : "";
  $("#music").replaceChildren(
    pick("music", "", "No music", "", mine === ""),
    ...tracks.map((track) =>
      pick("music", track.key, track.title, track.duration_s ? clock(track.duration_s) : "", mine === track.key,
        () => address(track), `Hear ${track.title}`)),
    ...(own ? [pick("music", own.key, own.name, "yours", mine === own.key, ownAddress ? async () => ownAddress : null, `Hear ${own.name}`)] : []),
  );
}

async function address(track) {
  if (Date.now() > linksUntil_ms) await loadMusic();
  return tracks.find((each) => each.key === track.key)?.url ?? track.url;
}

$("#music").addEventListener("change", (event) => {
  chosen.music = event.target.value;
  keepChoices();
  showError("music-error", "");
});
$("#own").addEventListener("click", () => $("#own-file").click());
$("#own-file").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  setTimeout(() => (event.target.value = ""));
  try {
    checkMusic(file);
    await sendMusic(file);
    showError("music-error", "");
  } catch (error) {
    if (error.code !== "cancelled") showError("music-error", error.message);
  }
});
$("#upload button").addEventListener("click", () => uploading?.abort());

function checkMusic(file) {
  const ending = (/\.[^.]+$/.exec(file.name)?.[0] ?? "").toLowerCase();
  if (!can.music_types.includes(ending)) throw new Error(`“${file.name}” is no music that can be used. Choose a file that ends in ${can.music_types.join(", ")}.`);
  if (file.size > can.limits.upload_bytes) throw new Error(`“${file.name}” has ${size(file.size)}; at most ${size(can.limits.upload_bytes)} can be sent. Save it as MP3, or choose a shorter piece.`);
  if (!file.size) throw new Error(`“${file.name}” is empty.`);
}

async function sendMusic(file) {
  uploading?.abort();
  uploading = new AbortController();
  const { signal } = uploading;
  const bar = $("#upload progress");
  [$("#upload").hidden, bar.value] = [false, 0];
  showError("music-error", "");
  announce(`Sending ${file.name}.`);
  try {
    const form = await ask("POST", "/uploads", { body: { name: file.name, size_bytes: file.size }, signal, patient: 2 });
    await send(form, file, (share) => (bar.value = share), signal);
    if (ownAddress) URL.revokeObjectURL(ownAddress);
    ownAddress = URL.createObjectURL(file);
    chosen.own = { key: form.key, name: file.name };
    chosen.music = form.key;
    keepChoices();
    drawMusic();
    announce(`${file.name} will lie under the story.`);
  } finally {
    $("#upload").hidden = true;
  }
}

// Sound

const SLIDERS = {
  music_level_lu: (n) => `${n} LU below the voice`,
  duck_db: (n) => (n ? `by ${n} dB` : "never"),
  pauses: (n) => (n === 100 ? "natural" : n ? `${n} %` : "none"),
  rate: (n) => `${n} %`,
};

function drawSound() {
  for (const [name, words] of Object.entries(SLIDERS)) {
    const slider = $(`#${name}`);
    const range = can.options[name];
    if (range) [slider.min, slider.max, slider.defaultValue] = [range.minimum, range.maximum, range.default];
    if (chosen[name] !== undefined) slider.value = chosen[name];
    const tell = () => {
      const said = words(Number(slider.value));
      slider.nextElementSibling.textContent = said;
      slider.setAttribute("aria-valuetext", said);
      showSummary();
    };
    slider.addEventListener("input", () => {
      chosen[name] = Number(slider.value);
      if (slider.value === slider.defaultValue) delete chosen[name];
      keepChoices();
      tell();
      if (name === "rate" || name === "pauses") counted();
    });
    tell();
  }
  for (const [name, all, labels] of [["preset", can.presets, PRESETS], ["format", can.stories ? can.formats : ["mp3"], FORMATS]]) {
    fill($(`#${name}`), all.map((each) => [each, labels[each] ?? each]), chosen[name]);
    $(`#${name}`).addEventListener("change", (event) => ((chosen[name] = event.target.value), keepChoices(), showSummary()));
  }
  showSummary();
}

function showSummary() {
  const parts = [$("#preset").selectedOptions[0]?.textContent.split(",")[0], $("#format").value.toUpperCase()];
  $("#sound-summary").textContent = parts.filter(Boolean).join(" · ");
}

function fill(select, options, value) {
  select.replaceChildren(...options.map(([key, label]) => el("option", { value: key }, label)));
  if (options.some(([key]) => key === value)) select.value = value;
}

// The request

const pruned = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "" && value !== undefined));

function body() {
  const slider = (name) => (Number($(`#${name}`).value) === can.options[name]?.default ? undefined : Number($(`#${name}`).value));
  const share = Number($("#pauses").value) / 100;
  const pauses = share === 1 ? undefined : share === 0 ? "none" : Object.fromEntries(Object.entries(NATURAL_MS).map(([name, ms]) => [name, Math.round(ms * share)]));
  return {
    voice: chosen.voice,
    engine: $("#engine").value,
    pauses,
    rate: slider("rate"),
    music: chosen.music,
    preset: $("#preset").value,
    music_level_lu: slider("music_level_lu"),
    duck_db: slider("duck_db"),
    format: can.stories && $("#format").value !== "mp3" ? $("#format").value : undefined,
  };
}

// What is to be told; null, with the reason beside the text, where there is nothing.
export function order() {
  const words = text.value;
  const wrong = book ? "" : !words.trim() ? "There is nothing to tell yet. Write or paste a story, or take a sample." : words.length > longest() ? tooLong(words.length, longest()) : "";
  if (wrong) {
    showError("text-error", wrong, text);
    text.focus();
    return null;
  }
  const sent = pruned({ ...body(), text_type: book ? "epub" : kind(words), source: book?.key });
  return { text: book ? "" : words, body: sent, title: title(words) };
}

function title(words) {
  if (book) return book.name.replace(/\.epub$/i, "");
  const line = words.trim().split("\n")[0].replace(/^#+\s*/, "").trim();
  return line.length > 60 ? `${line.slice(0, 58).replace(/\s+\S*$/, "")}…` : line;
}

// An error next to what caused it.
export function place(error) {
  const field = String(error.details?.field ?? "").split(".")[0];
  const said = error.message.replace(/^[a-z_]+(\.\d+)?: /, "");
  const told = said[0].toUpperCase() + said.slice(1);
  if (["voice", "engine", "language"].includes(field) || error.code === "unknown_voice") return showError("voice-error", told);
  if (field === "music") return showError("music-error", told);
  if (field in SLIDERS || ["preset", "format", "bitrate_kbps"].includes(field)) return ($("#sound").open = true), showError("sound-error", told);
  if (field === "text" || field === "text_type" || field === "body") return showError("text-error", told, text);
  if (!error.isLost) showError("form-error", told);
}
