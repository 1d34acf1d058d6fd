// Plays previews of voices and music, one at a time.

import { ApiError } from "./api.js";
import { showError } from "./ui.js";

const player = new Audio();
let activeButton = null; // the button whose preview plays

// Starts the preview of a button, or stops it if it plays; `getUrl` returns a promise of its URL.
export async function togglePreview(button, getUrl, errorId) {
  const wasPlaying = activeButton === button;
  stopPreview();
  if (wasPlaying) return;
  activeButton = button;
  button.classList.add("playing");
  try {
    const url = await getUrl();
    if (activeButton !== button) return;
    player.src = url;
    await player.play();
    showError(errorId, "");
  } catch (error) {
    if (activeButton !== button || error.name === "AbortError") return;
    stopPreview();
    showError(errorId, error instanceof ApiError ? `No preview: ${error.message}` : "This browser cannot play the preview.");
  }
}

export function stopPreview() {
  player.pause();
  activeButton?.classList.remove("playing");
  activeButton = null;
}
player.addEventListener("ended", stopPreview);
