// The characters of a novel: who says what, a voice for each, and the quotations in doubt.

import { callApi } from "./api.js";
import { getBook, removeBook } from "./book.js";
import { fillSelect, updateChoices } from "./choices.js";
import { replaceText, text } from "./draft.js";
import { formatError } from "./errors.js";
import { togglePreview } from "./preview.js";
import { $, announce, el, formatPlural, setBusy, showError } from "./ui.js";
import { fetchSpeech, voices } from "./voices.js";

const MAX_CHARACTERS = 39, MAX_DOUBTFUL = 500, MAX_SAMPLE = 120, CONTEXT = 160;
const NARRATOR = "Narrator";

let found = null; // the server's last answer
let source = ""; // the text, or the key of the book
// The server counts characters, the browser UTF-16.
const toUnits = (at) => (/[\ud800-\udbff]/.test(source) ? [...source].slice(0, at).join("").length : at);
const fold = (words) => words.replace(/\s*\n\s*\n\s*/g, " ¶ ");
const showBefore = (at) => (at > CONTEXT ? fold(source.slice(at - CONTEXT, at)).replace(/^\S+/, "…") : fold(source.slice(0, at)));
const showAfter = (at) => (at + CONTEXT < source.length ? fold(source.slice(at, at + CONTEXT)).replace(/\S+$/, "…") : fold(source.slice(at)));
const shorten = (words) => (words.length > MAX_SAMPLE ? `${words.slice(0, MAX_SAMPLE).replace(/\s+\S*$/, "")} …` : words);
let speakers = {}; // chosen by the user, by number of a quotation

const getSource = () => getBook()?.key ?? text.value;

async function requestCast(button, more) {
  showError("characters-error", "");
  setBusy(button, true);
  try {
    return await callApi("POST", "/cast", { body: { [getBook() ? "source" : "text"]: source, ...more } });
  } catch (error) {
    showError("characters-error", formatError(error));
    return null;
  } finally {
    setBusy(button, false);
  }
}

$("#find-characters").addEventListener("click", async (event) => {
  source = getSource();
  const answer = await requestCast(event.currentTarget);
  if (!answer) return;
  [found, speakers] = [answer, {}];
  showFound();
});

$("#use-cast").addEventListener("click", async (event) => {
  if (getSource() !== source) return showError("characters-error", "The text has changed: find the characters again.");
  const answer = await requestCast(event.currentTarget, { voices: found.voices, speakers });
  if (!answer) return;
  $("#found").hidden = true;
  removeBook(); // what is marked is its text
  replaceText(answer.marked_text);
  updateChoices({ voice: found.voices[NARRATOR] });
  text.focus();
});

function showFound() {
  const doubtful = found.quotations.filter(({ confidence }) => confidence < found.doubtful_below).sort((a, b) => a.confidence - b.confidence);
  $("#found").hidden = false;
  $("#characters-notes").textContent = found.notes.join(" ");
  $("#characters-summary").textContent = found.characters.length ? formatPlural(found.characters.length, "found", "found") : "";
  $("#character-list").replaceChildren(createCharacter({ name: NARRATOR, words: 0 }, "narrator"), ...found.characters.slice(0, MAX_CHARACTERS).map(createCharacter));
  $("#doubtful-lines").hidden = !doubtful.length;
  $("#doubtful-lines summary").textContent = `${formatPlural(doubtful.length, "quotation")} in doubt`;
  $("#doubtful-lines ol").replaceChildren(...doubtful.slice(0, MAX_DOUBTFUL).map(createDoubtful));
  announce(`${formatPlural(found.characters.length, "character")} found.`);
}

function createCharacter({ name, words }, number) {
  const select = el("select", { id: `character-${number}` });
  fillSelect(select, voices.map(({ id, gender }) => [id, [id, gender.toLowerCase()].filter(Boolean).join(", ")]), found.voices[name]);
  select.addEventListener("change", () => (found.voices[name] = select.value));
  const own = found.quotations.filter((each) => each.speaker === name);
  const line = shorten((own.find((each) => each.confidence >= found.certain_from) ?? own[0])?.text ?? "");
  const hear = (event) => togglePreview(event.currentTarget, () => fetchSpeech({ voice: select.value, text: line }), "characters-error");
  return el(
    "li", {},
    el("p", { class: "field" }, el("label", { for: select.id }, name, words ? el("small", {}, ` ${formatPlural(words, "word")}`) : null), select),
    line ? el("p", { class: "sample" }, el("button", { type: "button", class: "preview", "aria-label": `Hear ${name}`, onclick: hear }), el("span", {}, line)) : null,
  );
}

function createDoubtful({ number, candidates, speaker, text: words, spans }) {
  const [start, end] = [toUnits(spans[0][0]), toUnits(spans.at(-1)[1])];
  const around = (showWords, at) => (getBook() ? null : el("small", {}, showWords(at)));
  const select = el("select", { id: `quotation-${number}` });
  const names = [...new Set([...candidates, ...found.characters.map(({ name }) => name)])];
  fillSelect(select, [["", "the narrator"], ...names.map((name) => [name, name])], speaker);
  select.addEventListener("change", () => (speakers[number] = select.value || NARRATOR));
  const show = () => {
    text.focus();
    text.setSelectionRange(...spans[0].map(toUnits));
  };
  return el(
    "li", {},
    el("label", { for: select.id }, around(showBefore, start), el("strong", {}, shorten(words)), around(showAfter, end)),
    el("p", { class: "row" }, select, getBook() ? null : el("button", { type: "button", class: "link-button", onclick: show, "aria-label": `Show quotation ${number}` }, "Show")),
  );
}

setBusy($("#find-characters"), false);
