// Lets a voice or a piece of music be heard, one at a time.

import { ApiError } from "./api.js";
import { showError } from "./words.js";

const player = new Audio();
let playing = null; // the button whose sample is heard

// Plays what an address leads to, or stops it; `address` may take its time.
export async function sample(button, address, errorId) {
  const wasPlaying = playing === button;
  stop();
  if (wasPlaying) return;
  playing = button;
  button.classList.add("on");
  try {
    const url = await address();
    if (playing !== button) return;
    player.src = url;
    await player.play();
    showError(errorId, "");
  } catch (problem) {
    if (playing !== button || problem.name === "AbortError") return;
    stop();
    showError(errorId, problem instanceof ApiError ? `No sample: ${problem.message}` : "This browser cannot play the sample.");
  }
}

export function stop() {
  player.pause();
  playing?.classList.remove("on");
  playing = null;
}
player.addEventListener("ended", stop);
