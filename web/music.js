// Music: a track of the library, or one of the user's own sounds.

import { callApi } from "./api.js";
import { capabilities, choices, createRadioOption, updateChoices } from "./choices.js";
import { togglePreview } from "./preview.js";
import { addSound, checkFile, getOwnSounds, getSoundUrl, insertKeys, showOwnSounds } from "./sounds.js";
import { $, announce, formatClock, retryLater, showError } from "./ui.js";

const TRUSTED_SHARE = 0.9; // of a link's lifetime

let tracks = [];
let uploading = null;
let linksExpire_ms = 0;

export async function load() {
  $("#own-music-file").accept = capabilities.music_types.join(",");
  $("#own-music").hidden = !capabilities.music_types.length;
  try {
    const library = await callApi("GET", "/music", { retries: 2, background: true });
    tracks = library.music;
    linksExpire_ms = Date.now() + library.expires_s * 1_000 * TRUSTED_SHARE;
    showError("music-error", "");
  } catch (error) {
    tracks = [];
    if (error.status !== 404) {
      showError("music-error", `The music library could not be loaded: ${error.message}`);
      return renderTracks(), retryLater(load, error);
    }
  }
  if (choices.music === undefined) updateChoices({ music: tracks[0]?.key ?? "" }, false);
  renderTracks();
}

// The selected key. Until the tracks are loaded, the stored choice.
export const getMusic = () => $("#music input:checked")?.value ?? choices.music ?? "";
export const getMusicName = (key) => tracks.find((track) => track.key === key)?.title ?? getOwnSounds().find((sound) => sound.key === key)?.name ?? "";
export const nameSounds = (text) => insertKeys(text, tracks);

export function renderTracks() {
  const own = getOwnSounds();
  const knownKeys = ["", ...tracks.map((track) => track.key), ...own.map((sound) => sound.key)];
  const selected = knownKeys.includes(choices.music) ? choices.music : "";
  const createOption = (key, name, note, getUrl) =>
    createRadioOption("music", key, name, note, selected === key, (button) => togglePreview(button, getUrl, "music-error"), `Preview ${name}`);
  $("#music").replaceChildren(
    createRadioOption("music", "", "No music", "", selected === ""),
    ...tracks.map((track) => createOption(track.key, track.title, track.duration_s ? formatClock(track.duration_s) : "", () => getTrackUrl(track))),
    ...own.map((sound) => createOption(sound.key, sound.name, sound.file, () => getSoundUrl(sound.key))),
  );
  showOwnSounds(renderTracks);
}

async function getTrackUrl(track) {
  if (Date.now() > linksExpire_ms) await load();
  return tracks.find((each) => each.key === track.key)?.url ?? track.url;
}

$("#music").addEventListener("change", (event) => {
  updateChoices({ music: event.target.value }, false);
  showError("music-error", "");
});
$("#own-music").addEventListener("click", () => $("#own-music-file").click());
$("#own-music-file").addEventListener("change", ({ target }) => {
  const files = [...target.files];
  target.value = "";
  addMusic(files);
});

export async function addMusic(files) {
  for (const file of files) {
    try {
      checkFile(file, capabilities.music_types, "music", "Save it as MP3, or choose a shorter piece.");
      await uploadMusic(file, files.length === 1);
      showError("music-error", "");
    } catch (error) {
      if (error.code === "cancelled") return;
      showError("music-error", error.message);
    }
  }
}

$("#upload button").addEventListener("click", () => uploading?.abort());

async function uploadMusic(file, isOnly) {
  uploading?.abort();
  uploading = new AbortController();
  const { signal } = uploading;
  const bar = $("#upload progress");
  [$("#upload").hidden, bar.value] = [false, 0];
  showError("music-error", "");
  announce(`Uploading ${file.name}.`);
  try {
    const key = await addSound(file, (share) => (bar.value = share), signal);
    if (isOnly) updateChoices({ music: key }, false);
    renderTracks();
    announce(isOnly ? `${file.name} will play under the story.` : `${file.name} was uploaded.`);
  } finally {
    if (uploading?.signal === signal) $("#upload").hidden = true;
  }
}
