/**
 * The stories that were told from this browser: which there are, and how far each one is.
 *
 * The list lives in this browser; the service is asked about each story until it has ended. A lost
 * connection only means that it is asked again later.
 */

import { ApiError, call, mayPass, pause } from "./api.js";

const SHELF = "mixer.stories";
const MOST_STORIES = 50;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 8000;
const ENDED = new Set(["done", "failed", "cancelled", "gone"]);

export const hasEnded = (story) => ENDED.has(story.state);

/** Tells `change` with a story as detail whenever something about it is new. */
export class Shelf extends EventTarget {
  constructor() {
    super();
    this.stories = remembered();
    for (const story of this.stories) if (!hasEnded(story)) this.#follow(story);
  }

  /** A story that was taken in. @param {{story_id: string}} accepted @param {object} about */
  add(accepted, about) {
    const known = this.stories.find((each) => each.story_id === accepted.story_id);
    if (known) {
      if (!hasEnded(known)) return known;
      this.stories.splice(this.stories.indexOf(known), 1);
    }
    const story = { story_id: accepted.story_id, state: "queued", progress: 0, warnings: accepted.warnings ?? [], ...about };
    this.stories.unshift(story);
    this.stories.splice(MOST_STORIES);
    this.#changed(story);
    this.#follow(story);
    return story;
  }

  /** One that is told right now from the very same request. */
  running(body) {
    return this.stories.find((story) => story.body === body && !hasEnded(story));
  }

  /** What the service says of a story now; new links with it. */
  async refresh(story) {
    const told = await call("GET", `/stories/${story.story_id}`);
    Object.assign(story, told, { title: told.title || story.title, offline: false });
    this.#changed(story);
    return story;
  }

  async cancel(story) {
    Object.assign(story, await call("DELETE", `/stories/${story.story_id}`));
    this.#changed(story);
  }

  forget(story) {
    this.stories.splice(this.stories.indexOf(story), 1);
    story.forgotten = true;
    this.#changed(story);
  }

  async #follow(story) {
    for (let wait = FIRST_WAIT_MS; !hasEnded(story) && !story.forgotten; ) {
      try {
        await this.refresh(story);
        wait = story.progress > 0 ? FIRST_WAIT_MS : Math.min(wait * 1.2, 2000);
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          Object.assign(story, { state: "gone" });
        } else {
          wait = Math.min(wait * 2, LONGEST_WAIT_MS);
          story.offline = mayPass(error) ? "No answer from the service; asking again." : `${error.message} Asking again.`;
        }
        this.#changed(story);
      }
      if (!hasEnded(story)) await pause(wait);
    }
  }

  #changed(story) {
    const kept = this.stories.map(({ links, chunks, segments, ...rest }) => rest);
    try {
      localStorage.setItem(SHELF, JSON.stringify(kept));
    } catch {
      localStorage.setItem(SHELF, JSON.stringify(kept.map((each) => ({ ...each, body: undefined }))));
    }
    this.dispatchEvent(new CustomEvent("change", { detail: story }));
  }
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(SHELF)) ?? [];
  } catch {
    return [];
  }
}
