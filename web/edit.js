// Changing a sentence where it is read: its words, who says it, how, and the pause after it. A change plays in its
// place before it is kept; each kept one is a version of the story.

import { callApi, sleep } from "./api.js";
import { formatError } from "./errors.js";
import { story } from "./links.js";
import { pauseSound, reloadStory } from "./player.js";
import { FINAL_STATES } from "./progress.js";
import { setPicker } from "./transcript.js";
import { $, announce, el, formatClock, formatDate, formatPlural, isBusy, setBusy, showError } from "./ui.js";

const POLL_MS = 1_000;
const LEAD_S = 1.5; // before a sentence that is compared

const mode = $("#edit-mode");
const note = $("#edit-note");
const sound = $("#edit-audio");
const list = $("#versions ol");
const field = (label, control, hint = null) => el("label", { class: "field" }, el("span", {}, label), control, hint);
const button = (label, onclick, style = "link-button") => el("button", { type: "button", class: style, onclick }, label);

const text = el("textarea", { rows: "3", spellcheck: true });
const speaker = el("select");
const pause = el("input", { type: "number", min: "0", max: "10", step: "0.1", inputmode: "decimal", placeholder: "natural" });
const word = el("input", { maxlength: "100", autocomplete: "off" });
const spoken = el("input", { maxlength: "200", autocomplete: "off", placeholder: "other words, or /IPA/" });
const hear = el("button", { type: "submit", class: "listen" }, "Hear it");
const keep = button("Keep", () => keepChange(), "listen");
const undo = button("Cancel", () => closeForm());
const pronounce = el("details", { class: "small" }, el("summary", {}, "Pronounce a word"), el("div", { class: "edit-row" }, field("Word", word), field("Say it as", spoken)));
const who = field("Who says it", speaker);
const form = el("form", { class: "edit-form", "aria-label": "Change this sentence" },
  field("The sentence", text),
  el("div", { class: "edit-row" }, who, field("Pause after it, seconds", pause)),
  pronounce,
  el("p", { class: "row" }, keep, hear, undo),
  el("p", { class: "error", id: "edit-error", role: "alert" }));

let sentence = null; // as the server has it
let version = 0;
let opener = null;
let listed = ""; // the versions that are shown
let played = ""; // the change that was played last

const path = (rest, id = story.story) => `/stories/${id}/${rest}`;

async function openForm(item) {
  mode.setAttribute("aria-busy", "true");
  showError("player-error", "");
  try {
    const at_s = Math.min(item.start + 0.2, (item.start + item.end) / 2);
    const found = await callApi("GET", path(`sentences?at_s=${at_s.toFixed(3)}`), { retries: 1 });
    if (!found.sentences.length) return;
    [opener, version] = [item.node, found.newest];
    item.node.closest("p").after(form);
    item.node.classList.add("editing");
    fillForm(found.sentences[0], found.speakers);
    text.focus({ preventScroll: true });
    form.scrollIntoView({ block: "nearest" });
  } catch (error) {
    showError("player-error", formatError(error));
  } finally {
    mode.removeAttribute("aria-busy");
  }
}

function fillForm(found, speakers) {
  sentence = found;
  text.value = found.text;
  const names = ["Narrator", ...speakers.filter((name) => name !== "Narrator")];
  speaker.replaceChildren(...names.map((name) => el("option", { value: name }, name)));
  speaker.value = found.speaker || "Narrator";
  who.hidden = !speakers.length;
  pause.value = found.pause_ms ? found.pause_ms / 1000 : "";
  [word.value, spoken.value, played] = ["", "", ""];
  pronounce.open = false;
  offerKeep(false);
  showError("edit-error", "");
}

// After the preview, keeping is the next step.
function offerKeep(hasPlayed) {
  keep.hidden = !hasPlayed;
  hear.classList.toggle("quiet", hasPlayed);
  hear.textContent = "Hear it";
  undo.textContent = hasPlayed ? "Undo" : "Cancel";
}

function showHint() {
  const edits = mode.getAttribute("aria-pressed") === "true";
  note.textContent = edits ? "Click a sentence to change it." : "Click a sentence to play from there.";
}

function closeForm() {
  sound.pause();
  form.remove();
  opener?.classList.remove("editing");
  opener?.focus();
  sentence = null;
}

function buildChange() {
  const change = { sentence: sentence.sentence };
  const pause_ms = Math.round(Number(pause.value) * 1000);
  if (text.value.trim() !== sentence.text) change.text = text.value;
  if (speaker.value !== (sentence.speaker || "Narrator")) change.speaker = speaker.value;
  if (pause_ms !== (sentence.pause_ms ?? 0)) change.pause_ms = pause_ms;
  const lexicon = word.value.trim() && spoken.value.trim() ? [`${word.value.trim()} = ${spoken.value.trim()}`] : [];
  const changes = Object.keys(change).length > 1 ? [change] : [];
  return { version, changes, lexicon };
}

async function hearChange() {
  if (isBusy(hear)) return;
  const change = buildChange();
  showError("edit-error", "");
  if (!change.changes.length && !change.lexicon.length) return showError("edit-error", "You have not changed anything yet.");
  if (played === JSON.stringify(change)) return playFrom(sound.src, 0);
  setBusy(hear, true);
  hear.textContent = "Speaking…";
  try {
    const found = await callApi("POST", path("edits"), { body: change, retries: 1 });
    played = JSON.stringify(change);
    offerKeep(true);
    form.scrollIntoView({ block: "nearest" });
    announce("This is how it will sound. Keep it, or undo it.");
    await playFrom(found.audio_url, 0);
  } catch (error) {
    showChangeError(error);
  } finally {
    setBusy(hear, false);
    offerKeep(played === JSON.stringify(change));
  }
}

async function keepChange() {
  if (isBusy(keep)) return;
  const shown = story.story;
  setBusy(keep, true);
  try {
    const record = await callApi("POST", path("versions"), { body: buildChange() });
    const node = opener;
    node.textContent = text.value;
    node.classList.add("pending");
    closeForm();
    note.textContent = `Kept as version ${record.version}. The recording is being updated.`;
    await followVersion(record, shown);
  } catch (error) {
    showChangeError(error);
  } finally {
    setBusy(keep, false);
  }
}

// Another change came first: the form stays, and the next attempt is a change of that version.
function showChangeError(error) {
  if (error.code !== "version_conflict") return form.isConnected ? showError("edit-error", formatError(error)) : showError("player-error", formatError(error));
  version = error.details.version;
  const others = error.details.changes.map((each) => `“${each.after}”`).join(", ");
  showError("edit-error", `The story was changed elsewhere${others ? `: ${others}` : ""}. Press Hear it to apply your change to version ${version}.`);
  form.scrollIntoView({ block: "nearest" });
}

async function followVersion(record, shown) {
  let status = record;
  while (!FINAL_STATES.includes(status.state)) {
    await sleep(POLL_MS);
    status = await callApi("GET", `/stories/${record.story_id}`, { retries: 3, background: true });
  }
  if (story?.story !== shown) return;
  const { version: number } = record;
  if (status.state === "done") {
    document.dispatchEvent(new CustomEvent("version", { detail: { story: shown, version: number, duration_s: status.duration_s } }));
    await reloadStory();
    note.textContent = `Version ${number} is ready.`;
  } else showError("player-error", `Version ${record.version} could not be made: ${status.error?.error ?? status.state}. The story is unchanged.`);
  await showVersions();
}

async function playFrom(url, start_s, end_s = Infinity) {
  pauseSound();
  if (sound.src !== url) sound.src = url;
  sound.ontimeupdate = () => sound.currentTime > end_s && sound.pause();
  sound.currentTime = Math.max(0, start_s);
  await sound.play().catch(() => announce("Press Hear it again to play."));
}

// Versions: listed, compared by ear, restored.

async function showVersions() {
  if (!story) return;
  try {
    const { versions } = await callApi("GET", path("versions"), { retries: 1, background: true });
    // a comparison that is open stays, unless the versions have changed
    const key = JSON.stringify([story.story, versions.map((each) => [each.state, each.duration_s, Boolean(each.audio_url)])]);
    if (key !== listed) list.replaceChildren(...versions.map((each) => createRow(each, versions[0])));
    listed = key;
    $("#versions-count").textContent = versions.length > 1 ? formatPlural(versions.length, "version") : "";
  } catch (error) {
    showError("player-error", formatError(error));
  }
}

function createRow(each, { version: newest, restored }) {
  const what = each.restored ? `version ${each.restored} restored` : [...each.changes.map((note) => note.after), ...each.lexicon].join(" · ") || "as first narrated";
  const facts = [formatDate(Date.parse(each.created_at)), each.duration_s ? formatClock(each.duration_s) : each.state].join(" · ");
  const row = el("li", {}, el("p", {}, el("b", {}, `Version ${each.version}`), ` ${what} `, el("small", {}, facts)));
  const name = `version ${each.version}`;
  if (each.audio_url && each.version < newest) {
    const compare = button("Compare with the newest", () => compareVersions(each.version, newest, row));
    const restore = button("Go back to it", () => restoreVersion(each.version, newest));
    compare.setAttribute("aria-label", `Compare ${name} with the newest`);
    restore.setAttribute("aria-label", `Go back to ${name}`);
    row.append(el("p", { class: "row" }, compare, each.version === restored ? null : restore));
  }
  return row;
}

async function compareVersions(number, newest, row) {
  try {
    const found = await callApi("GET", path(`comparison?before=${number}&after=${newest}`), { retries: 1 });
    row.querySelector("ul")?.remove();
    const play = (side, sentences, label) => {
      const own = sentences.filter((each) => each.start_s !== null);
      if (!own.length || !side.audio_url) return el("span", {}, `${label}: –`);
      return button(`${label}: ${own.map((each) => each.text).join(" ")}`, () => playFrom(side.audio_url, own[0].start_s - LEAD_S, own.at(-1).end_s + 0.4));
    };
    const places = found.differences.map(({ before, after }) =>
      el("li", {}, play(found.before, before, `Version ${number}`), play(found.after, after, "Newest")));
    announce(places.length ? `${formatPlural(places.length, "difference")} to play below.` : "Both sound the same.");
    row.append(el("ul", {}, ...(places.length ? places : [el("li", {}, "Both sound the same.")])));
  } catch (error) {
    showError("player-error", formatError(error));
  }
}

async function restoreVersion(number, newest) {
  const shown = story.story;
  try {
    const record = await callApi("POST", path("versions"), { body: { version: newest, restore: number } });
    note.textContent = `Version ${number} is being restored.`;
    await followVersion(record, shown);
  } catch (error) {
    showError("player-error", formatError(error));
  }
}

export function init() {
  form.addEventListener("submit", (event) => (event.preventDefault(), hearChange()));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeForm();
    if (event.key === "Enter" && event.target === text && !event.shiftKey) event.preventDefault(), hearChange();
    event.stopPropagation();
  });
  mode.addEventListener("click", () => (mode.setAttribute("aria-pressed", mode.getAttribute("aria-pressed") !== "true"), showHint()));
  showHint();
  $("#audio").addEventListener("loadstart", () => $("#versions").open && showVersions());
  $("#versions").addEventListener("toggle", (event) => event.target.open && showVersions());
  setPicker((item, isAsked) => {
    if (!isAsked && mode.getAttribute("aria-pressed") !== "true") return false;
    openForm(item);
    return true;
  });
}
