/** The list of stories as people see it: what is being done, how far it is, what can be done with it. */

import { hasEnded } from "./shelf.js";
import { about, clock, counted, dollars } from "./words.js";

const STATES = {
  queued: "Waiting to begin",
  planning: "Reading the story",
  synthesizing: "Speaking",
  mixing: "Mixing",
  joining: "Putting it together",
  done: "Ready",
  failed: "Failed",
  cancelled: "Cancelled",
  gone: "No longer kept by the service",
};

export class Cards {
  /** @param {HTMLElement} list @param {{play: Function, cancel: Function, forget: Function, again: Function}} deeds */
  constructor(list, deeds) {
    this.list = list;
    this.deeds = deeds;
    this.items = new Map();
  }

  /** Show a story as it is now, in its place. */
  show(story, place) {
    if (story.forgotten) {
      this.items.get(story)?.remove();
      this.items.delete(story);
      return;
    }
    const item = this.items.get(story) ?? this.#made(story);
    if (this.list.children[place] !== item) this.list.insertBefore(item, this.list.children[place] ?? null);
    this.#fill(item, story);
  }

  /** Mark the one that is in the player. */
  select(story) {
    for (const [each, item] of this.items) item.toggleAttribute("data-playing", each === story);
  }

  #made(story) {
    const item = document.getElementById("card").content.firstElementChild.cloneNode(true);
    const on = (name, deed) => item.querySelector(`[data-do=${name}]`).addEventListener("click", () => deed(story));
    for (const name of ["play", "cancel", "forget", "again"]) on(name, this.deeds[name]);
    this.items.set(story, item);
    return item;
  }

  #fill(item, story) {
    const part = (name) => item.querySelector(`[data-is=${name}]`);
    const title = story.title || "Untitled story";
    part("title").textContent = title;
    part("state").textContent = story.offline || told(story);
    part("problem").textContent = failure(story);
    part("progress").hidden = hasEnded(story);
    part("progress").value = story.progress ?? 0;
    part("progress").setAttribute("aria-label", `Progress of ${title}`);
    const shown = { play: story.state === "done", cancel: !hasEnded(story), forget: hasEnded(story), again: ["failed", "cancelled", "gone"].includes(story.state) && Boolean(story.body) };
    const names = { play: "Listen to", cancel: "Cancel", forget: "Remove", again: "Tell again:" };
    for (const [name, is] of Object.entries(shown)) {
      const button = item.querySelector(`[data-do=${name}]`);
      button.hidden = !is;
      button.setAttribute("aria-label", `${names[name]} ${title}`);
    }
  }
}

/** Where a story stands, in one line. */
export function told(story) {
  const parts = [STATES[story.state] ?? story.state];
  if (story.state === "done") {
    if (story.duration_s) parts.push(clock(story.duration_s));
    if (story.integrated_loudness_lufs != null) parts.push(`${story.integrated_loudness_lufs.toFixed(1)} LUFS`);
    if (story.cost_usd) parts.push(dollars(story.cost_usd.so_far));
  } else if (!hasEnded(story)) {
    const { done, total } = (story.state === "synthesizing" ? story.chunks : story.segments) ?? {};
    if (story.state === "synthesizing" && total) parts.push(`${done.toLocaleString("en")} of ${counted(total, "passage")}`);
    if (story.state === "mixing" && total) parts.push(`${done} of ${counted(total, "part")}`);
    if (story.progress) parts.push(`${Math.floor(story.progress * 100)} %`);
    if (story.time_left_s) parts.push(`${about(story.time_left_s)} left`);
    if (story.cost_usd?.predicted) parts.push(`${dollars(story.cost_usd.so_far)} of ${dollars(story.cost_usd.predicted)}`);
  }
  return parts.join(" · ");
}

function failure(story) {
  const lines = [];
  if (story.error) lines.push(story.error.error, "What was finished is kept: telling it again costs only the rest.");
  if (story.state === "done") lines.push(...(story.warnings ?? []).slice(0, 5));
  return lines.join(" ");
}
