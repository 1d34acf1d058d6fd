/** The picture of the sound, which is also the place to seek. */

import { spokenLength } from "./words.js";

const STEP_S = 5;
const LEAP_S = 30;
const BAR_PX = 3;

export class Waveform {
  /** @param {HTMLElement} element with a canvas inside @param {(seconds: number) => void} seek */
  constructor(element, seek) {
    this.element = element;
    this.canvas = element.querySelector("canvas");
    this.seek = seek;
    this.show([], 0, []);
    element.addEventListener("pointerdown", (event) => this.#drag(event));
    element.addEventListener("pointermove", (event) => { if (event.buttons) this.#drag(event); });
    element.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.#draw()).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** @param {number[]} peaks from 0 to 1, evenly spread @param {number} length in seconds @param {number[]} marks chapter starts */
  show(peaks, length, marks) {
    Object.assign(this, { peaks, length, marks, at: 0 });
    this.element.setAttribute("aria-valuemax", Math.round(length));
    this.move(0);
  }

  /** Show where playing is. */
  move(seconds) {
    this.at = seconds;
    this.element.setAttribute("aria-valuenow", Math.round(seconds));
    this.element.setAttribute("aria-valuetext", `${spokenLength(seconds)} of ${spokenLength(this.length)}`);
    this.#draw();
  }

  #drag(event) {
    const box = this.element.getBoundingClientRect();
    this.seek(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * this.length);
  }

  #key(event) {
    const steps = { ArrowRight: STEP_S, ArrowUp: STEP_S, ArrowLeft: -STEP_S, ArrowDown: -STEP_S, PageUp: LEAP_S, PageDown: -LEAP_S };
    const to = { Home: 0, End: this.length }[event.key] ?? (event.key in steps ? this.at + steps[event.key] : null);
    if (to === null) return;
    event.preventDefault();
    this.seek(Math.min(this.length, Math.max(0, to)));
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.element;
    const scale = devicePixelRatio || 1;
    if (!width) return;
    if (this.canvas.width !== Math.round(width * scale)) Object.assign(this.canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    const pen = this.canvas.getContext("2d");
    const style = getComputedStyle(this.element);
    const [played, rest, mark] = ["--played", "--rest", "--mark"].map((name) => style.getPropertyValue(name));
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    const bars = Math.floor(width / BAR_PX);
    const done = this.length ? (this.at / this.length) * bars : 0;
    for (let bar = 0; bar < bars; bar += 1) {
      const tall = Math.max(2, this.#peak(bar, bars) * (height - 8));
      pen.fillStyle = bar < done ? played : rest;
      pen.fillRect(bar * BAR_PX, (height - tall) / 2, BAR_PX - 1, tall);
    }
    pen.fillStyle = mark;
    for (const start of this.marks.filter((each) => each > 0)) pen.fillRect((start / this.length) * width, 0, 1, height);
  }

  #peak(bar, bars) {
    if (!this.peaks.length) return 0.25;
    const [from, to] = [bar, bar + 1].map((each) => Math.floor((each / bars) * this.peaks.length));
    return Math.max(...this.peaks.slice(from, Math.max(to, from + 1)));
  }
}

