// Every file of a story under a plain name. A download is fetched first: only then is it certain
// that the link still works, and the file gets a name. A large one is left to the browser.

import { fetched, story } from "./links.js";
import { $, el, showError } from "./words.js";

const MOST_BYTES = 60_000_000; // held in memory
const NAMES = {
  audio: "Audio", captions_vtt: "Captions (VTT)", captions_srt: "Captions (SRT)", report: "Report",
  chapter_files: "A file for each chapter (ZIP)", read_aloud: "Read-aloud book (EPUB)",
  picture: "Picture", cover: "Cover", chapters: "Chapters (JSON)", chapters_json: "Chapters for podcasts (JSON)",
  chapters_vtt: "Chapters (VTT)", waveform: "Waveform (JSON)",
};

// A link that this page does not know yet: “chapters_zip” is “Chapters (ZIP)”.
function nameOf(key) {
  const [first, ...rest] = key.split("_");
  const kind = rest.length && /^(zip|json|epub|srt|vtt|txt|xml|csv|png|jpg|mp3|m4b)$/.test(rest.at(-1)) ? rest.pop() : "";
  const words = [first[0].toUpperCase() + first.slice(1), ...rest].join(" ");
  return kind ? `${words} (${kind.toUpperCase()})` : words;
}

const order = (key) => (Object.keys(NAMES).indexOf(key) + 1 || 100);

export function showDownloads() {
  const title = (story.title || "story").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase();
  const links = Object.entries(story.links)
    .filter(([, address]) => /^https?:/.test(address))
    .sort(([a], [b]) => order(a) - order(b));
  $("#downloads ul").replaceChildren(
    ...links.map(([key, address]) =>
      el("li", {}, el("a", { href: address, target: "_blank", rel: "noreferrer", "data-name": key, download: title }, NAMES[key] ?? nameOf(key)))),
  );
}

$("#downloads").addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-name]");
  if (!link) return;
  event.preventDefault();
  try {
    await download(link.dataset.name, link.download);
    showError("player-error", "");
  } catch {
    showError("player-error", "The file could not be fetched. Check the connection and try it again.");
  }
});

async function download(key, title) {
  const reply = await fetched(key);
  if (!reply) throw new Error("gone");
  const address = story.links[key];
  const name = `${title}.${new URL(address).pathname.split(".").pop()}`;
  if (Number(reply.headers.get("Content-Length")) > MOST_BYTES) {
    reply.body.cancel();
    return el("a", { href: address, target: "_blank", rel: "noreferrer", download: name }).click();
  }
  const held = URL.createObjectURL(await reply.blob());
  el("a", { href: held, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(held), 60_000);
}
