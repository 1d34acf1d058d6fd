// Music: a track of the library, or a file that the user uploads.

import { callApi, uploadFile } from "./api.js";
import { capabilities, choices, createRadioOption, updateChoices } from "./choices.js";
import { togglePreview } from "./preview.js";
import { loadText, saveText } from "./storage.js";
import { $, announce, formatClock, formatSize, retryLater, showError } from "./ui.js";

const TRUSTED_SHARE = 0.9; // of a link's lifetime

let tracks = [];
let ownUrl = ""; // object URL of the user's file, which the browser stores too
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
  if (choices.own && !ownUrl) setOwnUrl(await loadText("own"));
  if (choices.music === undefined) updateChoices({ music: tracks[0]?.key ?? "" }, false);
  renderTracks();
}

function setOwnUrl(file) {
  if (ownUrl) URL.revokeObjectURL(ownUrl);
  ownUrl = file ? URL.createObjectURL(file) : "";
}

// The selected key. Until the tracks are loaded, the stored choice.
export const getMusic = () => $("#music input:checked")?.value ?? choices.music ?? "";

function renderTracks() {
  const own = choices.own;
  const knownKeys = ["", ...tracks.map((track) => track.key), own?.key];
  const selected = knownKeys.includes(choices.music) ? choices.music : "";
  const createPreview = (getUrl) => (button) => togglePreview(button, getUrl, "music-error");
  $("#music").replaceChildren(
    createRadioOption("music", "", "No music", "", selected === ""),
    ...tracks.map((track) =>
      createRadioOption("music", track.key, track.title, track.duration_s ? formatClock(track.duration_s) : "", selected === track.key,
        createPreview(() => getTrackUrl(track)), `Preview ${track.title}`)),
    ...(own ? [createRadioOption("music", own.key, own.name, "yours", selected === own.key, ownUrl ? createPreview(async () => ownUrl) : null, `Preview ${own.name}`)] : []),
  );
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
$("#own-music-file").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  setTimeout(() => (event.target.value = ""));
  try {
    checkFile(file);
    await uploadMusic(file);
    showError("music-error", "");
  } catch (error) {
    if (error.code !== "cancelled") showError("music-error", error.message);
  }
});
$("#upload button").addEventListener("click", () => uploading?.abort());

function checkFile(file) {
  const extension = (/\.[^.]+$/.exec(file.name)?.[0] ?? "").toLowerCase();
  if (!capabilities.music_types.includes(extension)) throw new Error(`“${file.name}” is not a supported music file. Choose a file ending in ${capabilities.music_types.join(", ")}.`);
  if (file.size > capabilities.limits.upload_bytes) throw new Error(`“${file.name}” is too large (${formatSize(file.size)}); the limit is ${formatSize(capabilities.limits.upload_bytes)}. Save it as MP3, or choose a shorter piece.`);
  if (!file.size) throw new Error(`“${file.name}” is empty.`);
}

async function uploadMusic(file) {
  uploading?.abort();
  uploading = new AbortController();
  const { signal } = uploading;
  const bar = $("#upload progress");
  [$("#upload").hidden, bar.value] = [false, 0];
  showError("music-error", "");
  announce(`Uploading ${file.name}.`);
  try {
    const form = await callApi("POST", "/uploads", { body: { name: file.name, size_bytes: file.size }, signal, retries: 2 });
    await uploadFile(form, file, (share) => (bar.value = share), signal);
    setOwnUrl(file);
    saveText("own", file);
    updateChoices({ own: { key: form.key, name: file.name }, music: form.key }, false);
    renderTracks();
    announce(`${file.name} will play under the story.`);
  } finally {
    if (uploading?.signal === signal) $("#upload").hidden = true;
  }
}
