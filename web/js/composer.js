/**
 * What the person wants told: the text, or a file, with a live count of what it takes.
 *
 * The text is kept in this browser with every stroke; nothing that goes wrong elsewhere loses it.
 */

import { ApiError, NoAnswer, call, upload } from "./api.js";
import { SAMPLES } from "./samples.js";
import { about, complain, counted, dollars, megabytes, spokenLength } from "./words.js";

const DRAFT = "mixer.draft";
const QUIET_MS = 450;
const READ_HERE = [".txt", ".md", ".markdown"];
const MOST_FILE_BYTES = 24_000_000;
const SHOWN_CHARS = 300_000;
const $ = (id) => document.getElementById(id);

export class Composer {
  /** @param {object} abilities of the server @param {() => object} options that count for an estimate */
  constructor(abilities, options) {
    this.abilities = abilities;
    this.options = options;
    this.source = null;
    this.text = $("text");
    this.problem = $("problem-text");
    this.#offerSamples();
    this.#openFiles();
    this.text.value = localStorage.getItem(DRAFT) ?? SAMPLES[0].text;
    this.text.addEventListener("input", () => this.changed());
    $("source-drop").addEventListener("click", () => this.#useSource(null));
    this.changed();
  }

  /** The part of a request that says what is told; nothing when something is missing. */
  request() {
    complain(this.problem);
    if (this.source) return { source: this.source.key };
    const text = this.text.value;
    if (!text.trim()) return this.#refuse("There is no story yet: write one, paste one, or take a sample.");
    const most = this.abilities.limits.story_chars ?? this.abilities.limits.synthesize_chars;
    if (text.length > most) {
      return this.#refuse(`This text has ${counted(text.length, "character")}; at most ${most.toLocaleString("en")} can be told at once. Part it, for example by chapters.`);
    }
    return { text, text_type: "markdown" };
  }

  /** Say beside the text what is wrong with it. */
  complain(sentence) {
    complain(this.problem, sentence);
    this.text.focus();
  }

  /** The text or an option has changed: keep it, and count again soon. */
  changed() {
    complain(this.problem);
    try {
      localStorage.setItem(DRAFT, this.text.value);
    } catch {
      $("figures").textContent = "This browser keeps no text of this size: do not close the page.";
    }
    clearTimeout(this.timer);
    this.counting?.abort();
    const chars = this.text.value.length;
    if (this.source) return;
    $("figures").textContent = chars ? `${counted(chars, "character")} …` : "Nothing to tell yet.";
    if (this.text.value.trim()) this.timer = setTimeout(() => this.#estimate(), QUIET_MS);
  }

  async #estimate() {
    const text = this.text.value;
    const counted_ = counted(text.length, "character");
    if (text.length > this.abilities.limits.synthesize_chars) {
      $("figures").textContent = `${counted_}, ${this.#roughly(text.length)}; the exact count comes with the plan.`;
      return;
    }
    this.counting = new AbortController();
    try {
      const body = { text, text_type: "markdown", ...this.options() };
      const told = await call("POST", "/estimate", { body, signal: this.counting.signal, asks: false });
      const parts = [counted(told.characters, "character"), counted(told.chunks, "chunk"), `about ${spokenLength(told.duration_s)}`, dollars(told.cost_usd)];
      $("figures").textContent = parts.join(" · ");
    } catch (error) {
      if (this.counting.signal.aborted) return;
      const why = error instanceof NoAnswer ? "the service does not answer at the moment" : error.message;
      $("figures").textContent = `${counted_}, ${this.#roughly(text.length)}; not counted: ${why}`;
    }
  }

  /** A length from experience: 15 characters a second. */
  #roughly(chars) {
    return `${about(chars / 15)} to hear`;
  }

  #refuse(sentence) {
    this.complain(sentence);
    return null;
  }

  #offerSamples() {
    const select = $("sample");
    select.append(new Option("choose one", ""), ...SAMPLES.map(({ name }, number) => new Option(name, number)));
    select.addEventListener("change", () => {
      if (select.value === "") return;
      const mine = this.text.value.trim();
      const isSample = !mine || SAMPLES.some(({ text }) => text === this.text.value);
      if (isSample || confirm("Replace the text that is there?")) {
        this.#useSource(null);
        this.text.value = SAMPLES[select.value].text;
        this.changed();
      }
      select.value = "";
    });
  }

  #openFiles() {
    const types = [...new Set([...READ_HERE, ...this.abilities.source_types])];
    $("file").accept = types.join(",");
    $("file-types").textContent = types.join(", ");
    $("file").addEventListener("change", (event) => {
      if (event.target.files[0]) this.#open(event.target.files[0]);
      event.target.value = "";
    });
    const card = $("story");
    card.addEventListener("dragover", (event) => { event.preventDefault(); card.classList.add("over"); });
    card.addEventListener("dragleave", () => card.classList.remove("over"));
    card.addEventListener("drop", (event) => {
      event.preventDefault();
      card.classList.remove("over");
      if (event.dataTransfer.files[0]) this.#open(event.dataTransfer.files[0]);
    });
  }

  async #open(file) {
    complain(this.problem);
    const ending = (/\.[^.]+$/.exec(file.name) || [""])[0].toLowerCase();
    const known = [...READ_HERE, ...this.abilities.source_types];
    if (!known.includes(ending)) return this.complain(`${file.name} is no story: files may be ${known.join(", ")}.`);
    if (file.size > MOST_FILE_BYTES) return this.complain(`${file.name} has ${megabytes(file.size)}; more than ${megabytes(MOST_FILE_BYTES)} of text is no story.`);
    if (!file.size) return this.complain(`${file.name} is empty.`);
    const isBook = !READ_HERE.includes(ending);
    const text = isBook ? "" : decoded(await file.arrayBuffer());
    if (text === null) return this.complain(`${file.name} cannot be read as text: save it as UTF-8 and open it again.`);
    if (!isBook && text.length <= SHOWN_CHARS) {
      this.#useSource(null);
      this.text.value = text;
      this.changed();
      return undefined;
    }
    return this.#send(file);
  }

  /** A book goes into the store by itself; the page keeps its key only. */
  async #send(file) {
    if (!this.abilities.source_types.length) return this.complain(`${file.name} is too long for this service.`);
    $("figures").textContent = `Sending ${file.name} …`;
    try {
      const key = await upload(file, (share) => { $("figures").textContent = `Sending ${file.name}: ${Math.round(share * 100)} %`; });
      this.#useSource({ key, name: `${file.name}, ${megabytes(file.size)}` });
    } catch (error) {
      this.complain(error instanceof ApiError ? error.message : `${file.name} was not sent: ${error.message} Open it again to try again.`);
    }
    return undefined;
  }

  #useSource(source) {
    this.source = source;
    $("source").hidden = !source;
    this.text.hidden = Boolean(source);
    $("source-name").textContent = source ? source.name : "";
    if (source) $("figures").textContent = "Counted when it is planned, before anything is spent.";
    else this.changed();
  }
}

/** Bytes as text: UTF-8, or UTF-16 with its mark; null for anything else. */
function decoded(bytes) {
  const head = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  const wide = head[0] === 0xff && head[1] === 0xfe ? "utf-16le" : head[0] === 0xfe && head[1] === 0xff ? "utf-16be" : "utf-8";
  try {
    const text = new TextDecoder(wide, { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text.replace(/\r\n?/g, "\n");
  } catch {
    return null;
  }
}
