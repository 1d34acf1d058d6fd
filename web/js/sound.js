/** Voice, music and sound: what can be chosen, how it sounds, and what was chosen last time. */

import { NoAnswer, call, upload } from "./api.js";
import { clock, complain, megabytes } from "./words.js";

const CHOICES = "mixer.choices";
const OWN = "own:";
const NATURAL_MS = { sentence: 350, question: 400, exclamation: 400, paragraph: 650, heading: 900, scene: 1500, chapter: 2000 };
const MOST_PAUSE_MS = 10_000;
const PRESETS = { story: "Stories (−18 LUFS)", podcast: "Podcasts (−16 LUFS)", "audiobook-acx": "Audiobooks (ACX)", broadcast: "Broadcast (−23 LUFS)" };
const FORMATS = { mp3: "MP3", m4a: "M4A (AAC)", m4b: "M4B audiobook", opus: "Opus", flac: "FLAC, lossless", wav: "WAV, lossless" };
const HELLO = "Good evening. This is how I would tell your story.";
const SLIDERS = ["music_level_lu", "duck_db", "pauses", "rate"];
const $ = (id) => document.getElementById(id);

export class Sound {
  /** @param {object} abilities of the server @param {() => void} changed told of each change that an estimate hears */
  constructor(abilities, changed) {
    this.abilities = abilities;
    this.changed = changed;
    this.voices = [];
    this.tracks = new Map();
    this.hellos = new Map();
    this.preview = new Audio();
    this.preview.addEventListener("ended", () => this.#quiet());
    this.preview.addEventListener("pause", () => this.#quiet());
    this.kept = kept();
    this.#offer();
    for (const id of ["voice", "engine"]) $(id).addEventListener("change", () => { this.#engines(); this.#keep(); changed(); });
    for (const id of ["music", "preset", "format"]) $(id).addEventListener("change", () => { this.#show(); this.#keep(); });
    for (const id of SLIDERS) $(id).addEventListener("input", () => { this.#show(); this.#keep(); changed(); });
    $("sound-reset").addEventListener("click", () => this.#reset());
    $("voice-hear").addEventListener("click", () => this.#hear($("voice-hear"), () => this.#hello(), $("problem-voice")));
    $("music-hear").addEventListener("click", () => this.#hear($("music-hear"), () => this.#track(), $("problem-music")));
    $("music-file").addEventListener("change", (event) => this.#send(event.target));
  }

  /** Ask who can speak and what music there is. */
  async load() {
    await Promise.all([this.#loadVoices(), this.loadMusic()]);
  }

  /** Whatever sounds as a preview stops. */
  hush() {
    this.preview.pause();
  }

  /** The options that an estimate depends on. */
  speech() {
    const chosen = { rate: Number($("rate").value) };
    if ($("voice").value) chosen.voice = $("voice").value;
    if ($("engine").value) chosen.engine = $("engine").value;
    const share = Number($("pauses").value) / 100;
    if (share !== 1) {
      chosen.pauses = Object.fromEntries(Object.entries(NATURAL_MS).map(([kind, ms]) => [kind, Math.min(MOST_PAUSE_MS, Math.round(ms * share))]));
    }
    return chosen;
  }

  /** All options of a story. */
  request() {
    const key = $("music").value.replace(OWN, "");
    const chosen = { ...this.speech(), preset: $("preset").value };
    if ($("format").value !== "mp3") chosen.format = $("format").value;
    if (key) Object.assign(chosen, { music: key, music_level_lu: Number($("music_level_lu").value), duck_db: Number($("duck_db").value) });
    return chosen;
  }

  async #loadVoices() {
    try {
      this.voices = (await call("GET", "/voices")).voices;
      complain($("problem-voice"));
    } catch (error) {
      complain($("problem-voice"), `The voices cannot be listed: ${error.message}`);
      if (error instanceof NoAnswer) setTimeout(() => this.#loadVoices(), 4000);
      return;
    }
    const names = new Intl.DisplayNames(["en"], { type: "language" });
    const groups = Map.groupBy ? Map.groupBy(this.voices, (v) => v.language) : grouped(this.voices);
    const first = this.voices[0]?.language;
    const ordered = [...groups].sort(([a], [b]) => (b === first) - (a === first) || names.of(a).localeCompare(names.of(b)));
    $("voice").replaceChildren(...ordered.map(([language, voices]) => {
      const group = document.createElement("optgroup");
      group.label = names.of(language);
      group.append(...voices.map((v) => new Option(v.gender ? `${v.id} (${v.gender.toLowerCase()})` : v.id, v.id)));
      return group;
    }));
    choose($("voice"), this.kept.voice ?? this.voices[0]?.id);
    this.#engines(this.kept.engine);
    this.changed();
  }

  #engines(wanted = $("engine").value) {
    const engines = this.voices.find((v) => v.id === $("voice").value)?.engines ?? [];
    $("engine-field").hidden = engines.length < 2;
    $("engine").replaceChildren(...engines.map((name, number) => new Option(number ? name : `${name} (best)`, name)));
    choose($("engine"), wanted);
  }

  /** List the music again; links to it are good for a while only. */
  async loadMusic() {
    const chosen = $("music").value || this.kept.music || "";
    try {
      const { music } = await call("GET", "/music");
      const own = [...this.tracks.values()].filter((track) => track.own);
      this.tracks = new Map([...music, ...own].map((track) => [track.key, track]));
      complain($("problem-music"));
    } catch (error) {
      complain($("problem-music"), `The music cannot be listed: ${error.message}`);
    }
    const title = ({ title, duration_s: s }) => (s ? `${title} (${clock(s)})` : title);
    $("music").replaceChildren(new Option("No music", ""), ...[...this.tracks.values()].map((track) => new Option(title(track), track.key)));
    choose($("music"), chosen);
    this.#show();
  }

  async #send(input) {
    const file = input.files[0];
    input.value = "";
    if (!file) return;
    const problem = $("problem-music");
    complain(problem);
    const most = this.abilities.limits.upload_bytes;
    const ending = (/\.[^.]+$/.exec(file.name) || [""])[0].toLowerCase();
    if (!this.abilities.music_types.includes(ending)) return complain(problem, `${file.name} is no music that can be used: ${this.abilities.music_types.join(", ")}.`);
    if (file.size > most) return complain(problem, `${file.name} has ${megabytes(file.size)}; at most ${megabytes(most)} can be sent. An MP3 of it is a tenth of that.`);
    const bar = $("music-progress");
    bar.hidden = false;
    try {
      const key = await upload(file, (share) => { bar.value = share; });
      this.tracks.set(key, { key, title: `${file.name}, your own`, url: URL.createObjectURL(file), own: true });
      $("music").append(new Option(this.tracks.get(key).title, key, true, true));
      this.#show();
      this.#keep();
    } catch (error) {
      complain(problem, `${file.name} was not sent: ${error.message}`);
    }
    bar.hidden = true;
  }

  /** Play a preview, or stop the one that plays. */
  async #hear(button, sound, problem) {
    const again = button === this.hearing;
    this.hush();
    if (again) return;
    complain(problem);
    button.disabled = true;
    try {
      this.preview.src = await sound();
      this.hearing = button;
      button.setAttribute("aria-pressed", "true");
      await this.preview.play();
    } catch (error) {
      this.#quiet();
      if (error.name !== "AbortError") complain(problem, `No preview: ${error.message}`);
    }
    button.disabled = false;
  }

  #quiet() {
    this.hearing?.removeAttribute("aria-pressed");
    this.hearing = null;
  }

  async #hello() {
    const { voice, engine } = this.speech();
    const name = `${voice} ${engine}`;
    if (!this.hellos.has(name)) {
      const said = await call("POST", "/synthesize", { body: { text: HELLO, voice, engine } });
      const type = said.chunk_keys[0].endsWith(".flac") ? "audio/flac" : "audio/mpeg";
      this.hellos.set(name, `data:${type};base64,${said.audio_base64}`);
    }
    const [head, base64] = this.hellos.get(name).split(",");
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    return URL.createObjectURL(new Blob([bytes], { type: head.slice(5, head.indexOf(";")) }));
  }

  async #track() {
    const key = $("music").value;
    if (!key) throw new Error("choose a piece of music first.");
    if (!this.tracks.get(key).own) await this.loadMusic();
    return this.tracks.get(key).url;
  }

  #offer() {
    const { presets, formats, options, limits } = this.abilities;
    $("preset").replaceChildren(...presets.map((name) => new Option(PRESETS[name] ?? name, name)));
    $("format").replaceChildren(...formats.map((name) => new Option(FORMATS[name] ?? name, name)));
    for (const id of SLIDERS) {
      const range = options[id];
      if (range?.minimum != null) Object.assign($(id), { min: range.minimum, max: range.maximum, value: range.default });
      if (this.kept[id] != null) $(id).value = this.kept[id];
    }
    choose($("preset"), this.kept.preset ?? "story");
    choose($("format"), this.kept.format ?? "mp3");
    $("music-limit").textContent = `up to ${megabytes(limits.upload_bytes)}`;
    this.#show();
  }

  #show() {
    $("music-hear").disabled = !$("music").value;
    for (const id of SLIDERS) {
      const shown = id === "duck_db" && $(id).value === "0" ? "never" : `${$(id).value}${$(id).dataset.unit}`;
      $(`out-${id}`).textContent = shown;
      $(id).setAttribute("aria-valuetext", shown);
    }
  }

  #reset() {
    for (const id of SLIDERS) $(id).value = this.abilities.options[id]?.default ?? $(id).defaultValue;
    choose($("preset"), "story");
    choose($("format"), "mp3");
    this.#show();
    this.#keep();
    this.changed();
  }

  #keep() {
    const now = Object.fromEntries(["voice", "engine", "music", "preset", "format", ...SLIDERS].map((id) => [id, $(id).value]));
    localStorage.setItem(CHOICES, JSON.stringify(now));
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(CHOICES)) ?? {};
  } catch {
    return {};
  }
}

function choose(select, value) {
  if ([...select.options].some((option) => option.value === value)) select.value = value;
}

function grouped(voices) {
  const groups = new Map();
  for (const voice of voices) groups.set(voice.language, [...(groups.get(voice.language) ?? []), voice]);
  return groups;
}
