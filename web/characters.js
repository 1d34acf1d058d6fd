// The characters of a novel: who says what, a voice for each, and the quotations in doubt.

import { callApi } from "./api.js";
import { fillSelect, updateChoices } from "./choices.js";
import { replaceText, text } from "./draft.js";
import { formatError } from "./errors.js";
import { togglePreview } from "./preview.js";
import { $, announce, el, formatPlural, showError } from "./ui.js";
import { fetchSpeech, voices } from "./voices.js";

const MAX_CHARACTERS = 39; // of the cast of a text, without the narrator
const MAX_DOUBTFUL = 40; // shown at once
const MAX_SAMPLE = 120; // characters of a sample line
const NARRATOR = "Narrator";

let found = null; // the server's last answer
let source = ""; // the text that it is about
let speakers = {}; // chosen by the user, by number of a quotation

async function requestCast(button, more) {
  showError("characters-error", "");
  button.setAttribute("aria-disabled", "true");
  try {
    return await callApi("POST", "/cast", { body: { text: source, ...more } });
  } catch (error) {
    showError("characters-error", formatError(error));
    return null;
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

$("#find-characters").addEventListener("click", async (event) => {
  source = text.value;
  if (!source.trim()) return showError("characters-error", "Write or open a text first.");
  const answer = await requestCast(event.currentTarget);
  if (!answer) return;
  [found, speakers] = [answer, {}];
  showFound();
});

$("#use-cast").addEventListener("click", async (event) => {
  if (text.value !== source) return showError("characters-error", "The text has changed: find the characters again.");
  const answer = await requestCast(event.currentTarget, { voices: found.voices, speakers });
  if (!answer) return;
  hideFound();
  replaceText(answer.marked_text);
  updateChoices({ voice: found.voices[NARRATOR] });
  announce("The text now has a cast.");
  text.focus();
});

function hideFound() {
  $("#found").hidden = true;
  $("#characters-summary").textContent = "";
}

function showFound() {
  const shown = found.characters.slice(0, MAX_CHARACTERS);
  const doubtful = found.quotations.filter(({ confidence }) => confidence < found.doubtful_below).sort((a, b) => a.confidence - b.confidence);
  $("#found").hidden = false;
  $("#characters-notes").textContent = found.notes.join(" ");
  $("#characters-summary").textContent = formatPlural(found.characters.length, "character");
  $("#character-list").replaceChildren(createCharacter({ name: NARRATOR, words: 0 }, "narrator"), ...shown.map(createCharacter));
  $("#doubtful-lines").hidden = !doubtful.length;
  $("#doubtful-lines summary").textContent = `${formatPlural(doubtful.length, "quotation")} in doubt`;
  $("#doubtful-lines ol").replaceChildren(...doubtful.slice(0, MAX_DOUBTFUL).map(createDoubtful));
  $("#use-cast").hidden = !found.characters.length;
  announce(`${formatPlural(found.characters.length, "character")} found.`);
}

function createCharacter({ name, words }, number) {
  const select = el("select", { id: `character-${number}` });
  fillSelect(select, voices.map((voice) => [voice.id, voice.gender ? `${voice.id}, ${voice.gender.toLowerCase()}` : voice.id]), found.voices[name]);
  select.addEventListener("change", () => (found.voices[name] = select.value));
  const sample = found.quotations.find((each) => each.speaker === name && each.confidence >= found.certain_from) ?? found.quotations.find((each) => each.speaker === name);
  const line = sample ? sample.text.slice(0, MAX_SAMPLE) : "";
  const hear = (event) => togglePreview(event.currentTarget, () => fetchSpeech({ voice: select.value, text: line }), "characters-error");
  return el(
    "li", {},
    el("p", { class: "field" }, el("label", { for: select.id }, name, words ? el("small", {}, ` ${formatPlural(words, "word")}`) : null), select),
    line ? el("p", { class: "sample" }, el("button", { type: "button", class: "preview", "aria-label": `Hear ${name}`, onclick: hear }), el("span", {}, line)) : null,
  );
}

function createDoubtful({ number, candidates, speaker, text: words, spans }) {
  const select = el("select", { id: `quotation-${number}` });
  const names = [...new Set([...candidates, ...found.characters.map(({ name }) => name)])];
  fillSelect(select, [["", "the narrator"], ...names.map((name) => [name, name])], speaker);
  select.addEventListener("change", () => (speakers[number] = select.value || NARRATOR));
  const show = () => {
    text.focus();
    const shift = countPairs(source, spans[0][0]);
    text.setSelectionRange(spans[0][0] + shift, spans[0][1] + shift);
  };
  return el(
    "li", {},
    el("label", { for: select.id }, words.slice(0, MAX_SAMPLE)),
    el("p", { class: "field" }, select, el("button", { type: "button", class: "link-button", onclick: show, "aria-label": `Show quotation ${number} in the text` }, "Show")),
  );
}

// The server counts characters, the browser UTF-16: those beyond the first plane are two.
const countPairs = (content, at) => {
  let units = 0, count = 0;
  for (const char of content) {
    if (count++ >= at) break;
    units += char.length - 1;
  }
  return units;
};
