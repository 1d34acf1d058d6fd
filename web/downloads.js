// The files of a story under readable names. A download is fetched first, which renews an
// expired link and gives the file a name; the browser downloads large files itself.

import { fetchFile, story } from "./links.js";
import { $, el, showError } from "./ui.js";

const MAX_BYTES = 60_000_000; // held in memory
const NAMES = {
  audio: "Audio", captions_vtt: "Captions (VTT)", captions_srt: "Captions (SRT)", report: "Report",
  chapter_files: "A file for each chapter (ZIP)", read_aloud: "Read-aloud book (EPUB)", stems: "Voice and music as separate files (ZIP)",
  notes_md: "Show notes (Markdown)", notes_html: "Show notes (HTML)", transcript: "Transcript",
  picture: "Picture", cover: "Cover", chapters: "Chapters (JSON)", chapters_json: "Chapters for podcasts (JSON)",
  chapters_vtt: "Chapters (VTT)", waveform: "Waveform (JSON)",
};

// A name for a file that this page does not know: “chapters_zip” becomes “Chapters (ZIP)”.
function formatName(key) {
  const [first, ...rest] = key.split("_");
  const kind = rest.length && /^(zip|json|epub|srt|vtt|txt|xml|csv|png|jpg|mp3|m4b|ass)$/.test(rest.at(-1)) ? rest.pop() : "";
  const name = [first[0].toUpperCase() + first.slice(1), ...rest].join(" ");
  return kind ? `${name} (${kind.toUpperCase()})` : name;
}

const NAMESAKES = ["audio", "captions_srt", "captions_vtt", "read_aloud"]; // players look for captions of the same name
const LISTED_FIRST = ["audio", "captions_srt", "read_aloud", "chapter_files", "stems", "notes_html", "transcript", "words_json"];
const getRank = (key) => (Object.keys(NAMES).indexOf(key) + 1 || 100);

export function showDownloads() {
  const title = (story.title || "story").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").toLowerCase();
  const links = Object.entries(story.links)
    .filter(([, url]) => /^https?:/.test(url))
    .sort(([a], [b]) => getRank(a) - getRank(b));
  const rows = links.map(([key, url]) =>
    el("li", {}, el("a", { href: url, target: "_blank", rel: "noreferrer", "data-name": key, download: title }, NAMES[key] ?? formatName(key))));
  const isFirst = (_, index) => LISTED_FIRST.includes(links[index][0]);
  const { cover } = story.links;
  $("#player-cover").hidden = !cover;
  if (cover) $("#player-cover").src = cover;
  $("#downloads > ul").replaceChildren(...rows.filter(isFirst));
  $("#downloads details ul").replaceChildren(...rows.filter((row, index) => !isFirst(row, index)));
}

$("#downloads").addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-name]");
  if (!link) return;
  event.preventDefault();
  try {
    await downloadFile(link.dataset.name, link.download);
    showError("player-error", "");
  } catch {
    showError("player-error", "The file could not be downloaded. Check the connection and try again.");
  }
});

async function downloadFile(key, title) {
  const response = await fetchFile(key, null);
  if (!response) throw new Error("gone");
  const { url } = response;
  const type = new URL(url).pathname.split(".").pop();
  const kind = NAMESAKES.includes(key) ? "" : `-${key.replace(`_${type}`, "").replaceAll("_", "-")}`;
  const name = `${title}${kind}.${type}`;
  if (Number(response.headers.get("Content-Length")) > MAX_BYTES) {
    response.body.cancel();
    return el("a", { href: url, target: "_blank", rel: "noreferrer", download: name }).click();
  }
  const blobUrl = URL.createObjectURL(await response.blob());
  el("a", { href: blobUrl, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(blobUrl), 60_000);
}
