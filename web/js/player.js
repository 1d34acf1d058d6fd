/**
 * One story heard: waveform, chapters, text that goes along, speed, downloads.
 *
 * Links are good for a while only. When one has expired, the service is asked for a new one and
 * playing goes on where it was.
 */

import { NoAnswer } from "./api.js";
import { sentences } from "./captions.js";
import { Waveform } from "./waveform.js";
import { clock, complain } from "./words.js";

const $ = (id) => document.getElementById(id);
const SPEED = "mixer.speed";

export class Player {
  /** @param {(story: object) => Promise<object>} renew gets a story with new links */
  constructor(renew) {
    this.renew = renew;
    this.audio = $("audio");
    this.wave = new Waveform($("wave"), (seconds) => this.seek(seconds));
    this.lines = [];
    this.current = -1;
    $("play").addEventListener("click", () => (this.audio.paused ? this.play() : this.audio.pause()));
    $("back").addEventListener("click", () => this.seek(this.audio.currentTime - 10));
    $("ahead").addEventListener("click", () => this.seek(this.audio.currentTime + 10));
    $("speed").value = localStorage.getItem(SPEED) ?? "1";
    $("speed").addEventListener("change", () => this.#speed());
    for (const name of ["play", "pause", "ended"]) this.audio.addEventListener(name, () => this.#button());
    this.audio.addEventListener("play", () => this.#tick());
    this.audio.addEventListener("seeked", () => this.#show());
    this.audio.addEventListener("loadedmetadata", () => this.#loaded());
    this.audio.addEventListener("error", () => this.#broken());
    $("captions").addEventListener("click", (event) => this.#choose(event.target.closest("[data-line]")));
    $("captions").addEventListener("keydown", (event) => this.#key(event));
    addEventListener("resize", () => this.wave.move(this.audio.currentTime || 0));
  }

  /** Put a finished story in; it begins at once when `plays`. */
  async open(story, plays) {
    Object.assign(this, { story, renewed: false, resume: 0, lines: [], current: -1 });
    complain($("problem-player"));
    $("player").hidden = false;
    $("player-title").textContent = story.title || "Untitled story";
    $("player-about").textContent = clock(story.duration_s);
    $("captions").replaceChildren();
    $("captions").hidden = $("chapters").hidden = true;
    this.wave.show([], story.duration_s ?? 0, []);
    try {
      if (!story.links) await this.renew(story);
      this.#link(story.links);
      if (plays) await this.play();
      await Promise.all([this.#readAlong(story), this.#outline(story)]);
    } catch (error) {
      this.#sorry(error);
    }
  }

  async play() {
    try {
      this.audio.playbackRate = Number($("speed").value);
      await this.audio.play();
    } catch (error) {
      if (!["AbortError", "NotAllowedError", "NotSupportedError"].includes(error.name)) this.#sorry(error);
    }
  }

  seek(seconds) {
    this.audio.currentTime = Math.min(Math.max(0, seconds), this.audio.duration || Infinity);
    this.#show();
  }

  #link(links) {
    this.audio.src = links.audio;
    for (const [id, name] of [["get-audio", "audio"], ["get-captions", "captions_vtt"], ["get-report", "report"]]) {
      $(id).hidden = !links[name];
      if (links[name]) $(id).href = links[name];
    }
    $("downloads").hidden = false;
  }

  #loaded() {
    if (this.resume) this.audio.currentTime = this.resume;
    this.wave.length = this.audio.duration;
    this.audio.playbackRate = Number($("speed").value);
    $("length").textContent = clock(this.audio.duration);
    this.#show();
  }

  /** Expired links look like broken sound: ask for new ones, once, and go on. */
  async #broken() {
    if (!this.story || this.renewed) return this.#sorry(new Error("This sound cannot be played."));
    const [at, plays] = [this.audio.currentTime || this.resume, !this.audio.paused];
    Object.assign(this, { renewed: true, resume: at });
    try {
      await this.renew(this.story);
      this.#link(this.story.links);
      if (plays) await this.play();
      this.renewed = false;
    } catch (error) {
      this.renewed = false;
      this.#sorry(error);
    }
    return undefined;
  }

  #sorry(error) {
    const again = error instanceof NoAnswer ? " Press play to try again." : "";
    complain($("problem-player"), `${error.message}${again}`);
  }

  async #readAlong(story) {
    if (!story.links.captions_vtt) return;
    this.lines = sentences(await (await fetch(story.links.captions_vtt)).text());
    const paragraphs = [];
    this.lines.forEach((line, number) => {
      if (line.opens || !paragraphs.length) paragraphs.push(document.createElement(line.chapter ? "h3" : "p"));
      const span = document.createElement("span");
      Object.assign(span, { textContent: line.text, tabIndex: number ? -1 : 0 });
      span.dataset.line = number;
      span.setAttribute("role", "button");
      paragraphs.at(-1).append(span, " ");
    });
    $("captions").replaceChildren(...paragraphs);
    $("captions").hidden = !paragraphs.length;
    this.#show();
  }

  async #outline(story) {
    const [marks, peaks] = await Promise.all([listed(story.links.chapters, "chapters"), listed(story.links.waveform, "peaks")]);
    const chapters = marks.filter(({ title }) => title);
    this.wave.show(peaks, this.audio.duration || story.duration_s, chapters.map(({ start_s: start }) => start));
    $("chapters").hidden = chapters.length < 2;
    $("chapters").querySelector("ol").replaceChildren(...chapters.map(({ title, start_s: start }) => {
      const [item, button, time] = ["li", "button", "span"].map((name) => document.createElement(name));
      Object.assign(button, { type: "button", textContent: title, className: "quiet" });
      Object.assign(time, { textContent: clock(start), className: "time" });
      button.prepend(time, " ");
      button.addEventListener("click", () => { this.seek(start); this.play(); });
      item.append(button);
      return item;
    }));
    this.#show();
  }

  #speed() {
    this.audio.playbackRate = Number($("speed").value);
    localStorage.setItem(SPEED, $("speed").value);
  }

  #button() {
    const isPaused = this.audio.paused;
    $("play").setAttribute("aria-label", isPaused ? "Play" : "Pause");
    $("play").firstElementChild.textContent = isPaused ? "▶" : "❚❚";
  }

  #tick() {
    this.#show();
    if (!this.audio.paused) requestAnimationFrame(() => this.#tick());
  }

  #show() {
    const at = this.audio.currentTime || 0;
    $("now").textContent = clock(at);
    this.wave.move(at);
    const line = this.lines.findLastIndex(({ start }) => start <= at + 0.02);
    if (line === this.current) return;
    this.#mark(this.current, false);
    this.#mark(line, true);
    this.current = line;
  }

  #mark(line, isNow) {
    const span = $("captions").querySelector(`[data-line="${line}"]`);
    if (!span) return;
    if (isNow) span.setAttribute("aria-current", "true");
    else span.removeAttribute("aria-current");
    if (isNow && !$("captions").contains(document.activeElement)) {
      const box = $("captions");
      box.scrollTo({ top: span.offsetTop - box.offsetTop - box.clientHeight / 3, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    }
  }

  #choose(span) {
    if (!span) return;
    this.seek(this.lines[span.dataset.line].start);
    this.play();
  }

  /** Sentences are one stop of the Tab key; arrows lead from one to the next. */
  #key(event) {
    const span = event.target.closest("[data-line]");
    if (!span) return;
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") this.#choose(span);
    const next = step && $("captions").querySelector(`[data-line="${Number(span.dataset.line) + step}"]`);
    if (next) {
      span.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    }
    if (step || event.key === "Enter" || event.key === " ") event.preventDefault();
  }
}

/** A list out of a file of JSON; nothing where there is no such file. */
async function listed(url, name) {
  if (!url) return [];
  try {
    return (await (await fetch(url)).json())[name] ?? [];
  } catch {
    return [];
  }
}
