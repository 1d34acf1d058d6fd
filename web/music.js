// Music from the library, or an own file that is sent to the server first.

import { ask, send } from "./api.js";
import { can, choose, chosen, pick } from "./choices.js";
import { keepText, keptText } from "./kept.js";
import { sample } from "./preview.js";
import { $, announce, clock, retry, showError, size } from "./words.js";

const TRUSTED = 0.9; // of the time that a link is good

let tracks = [];
let ownAddress = ""; // of the file, which this browser keeps as well
let uploading = null;
let linksUntil_ms = 0;

export async function load() {
  $("#own-file").accept = can.music_types.join(",");
  $("#own").hidden = !can.music_types.length;
  try {
    const told = await ask("GET", "/music", { patient: 2, quiet: true });
    tracks = told.music;
    linksUntil_ms = Date.now() + told.expires_s * 1_000 * TRUSTED;
    showError("music-error", "");
  } catch (error) {
    tracks = [];
    if (error.status !== 404) {
      showError("music-error", `The music could not be listed: ${error.message}`);
      return draw(), retry(load, error);
    }
  }
  if (chosen.own && !ownAddress) hearOwn(await keptText("own"));
  if (chosen.music === undefined) choose({ music: tracks[0]?.key ?? "" }, false);
  draw();
}

function hearOwn(file) {
  if (ownAddress) URL.revokeObjectURL(ownAddress);
  ownAddress = file ? URL.createObjectURL(file) : "";
}

// What is sent: nothing that was not there when it was asked for.
export const music = () => $("#music input:checked")?.value ?? chosen.music ?? "";

function draw() {
  const own = chosen.own;
  const known = ["", ...tracks.map((track) => track.key), own?.key];
  const mine = known.includes(chosen.music) ? chosen.music : "";
  const hear = (address) => (button) => sample(button, address, "music-error");
  $("#music").replaceChildren(
    pick("music", "", "No music", "", mine === ""),
    ...tracks.map((track) =>
      pick("music", track.key, track.title, track.duration_s ? clock(track.duration_s) : "", mine === track.key,
        hear(() => address(track)), `Hear ${track.title}`)),
    ...(own ? [pick("music", own.key, own.name, "yours", mine === own.key, ownAddress ? hear(async () => ownAddress) : null, `Hear ${own.name}`)] : []),
  );
}

async function address(track) {
  if (Date.now() > linksUntil_ms) await load();
  return tracks.find((each) => each.key === track.key)?.url ?? track.url;
}

$("#music").addEventListener("change", (event) => {
  choose({ music: event.target.value }, false);
  showError("music-error", "");
});
$("#own").addEventListener("click", () => $("#own-file").click());
$("#own-file").addEventListener("change", async (event) => {
  const file = event.target.files[0];
  if (!file) return;
  setTimeout(() => (event.target.value = ""));
  try {
    check(file);
    await sendMusic(file);
    showError("music-error", "");
  } catch (error) {
    if (error.code !== "cancelled") showError("music-error", error.message);
  }
});
$("#upload button").addEventListener("click", () => uploading?.abort());

function check(file) {
  const ending = (/\.[^.]+$/.exec(file.name)?.[0] ?? "").toLowerCase();
  if (!can.music_types.includes(ending)) throw new Error(`“${file.name}” is no music that can be used. Choose a file that ends in ${can.music_types.join(", ")}.`);
  if (file.size > can.limits.upload_bytes) throw new Error(`“${file.name}” has ${size(file.size)}; at most ${size(can.limits.upload_bytes)} can be sent. Save it as MP3, or choose a shorter piece.`);
  if (!file.size) throw new Error(`“${file.name}” is empty.`);
}

async function sendMusic(file) {
  uploading?.abort();
  uploading = new AbortController();
  const { signal } = uploading;
  const bar = $("#upload progress");
  [$("#upload").hidden, bar.value] = [false, 0];
  showError("music-error", "");
  announce(`Sending ${file.name}.`);
  try {
    const form = await ask("POST", "/uploads", { body: { name: file.name, size_bytes: file.size }, signal, patient: 2 });
    await send(form, file, (share) => (bar.value = share), signal);
    hearOwn(file);
    keepText("own", file);
    choose({ own: { key: form.key, name: file.name }, music: form.key }, false);
    draw();
    announce(`${file.name} will lie under the story.`);
  } finally {
    if (uploading?.signal === signal) $("#upload").hidden = true;
  }
}
