// Title, author and so on in the finished file, and its cover.

import { capabilities, choices, updateChoices } from "./choices.js";
import { checkFile, getSoundUrl, sendFile } from "./sounds.js";
import { deleteText, saveText } from "./storage.js";
import { $, announce, formatPlural, showError } from "./ui.js";

const fields = [...document.querySelectorAll("#tags [name]")];

export function init() {
  for (const field of fields) {
    field.value = choices.tags?.[field.name] ?? "";
    field.addEventListener("input", () => {
      updateChoices({ tags: { ...choices.tags, [field.name]: field.value.trim() } }, false);
      showError("tags-error", "");
      showSummary();
    });
  }
  $("#cover-file").accept = capabilities.picture_types.join(",");
  showCover();
}

export function getTags() {
  const tags = Object.fromEntries(fields.map((field) => [field.name, field.value.trim()]));
  for (const name of ["season", "episode"]) tags[name] = Number(tags[name].replace(/\D/g, "")) || "";
  tags.explicit = tags.explicit && tags.explicit === "true";
  return { ...tags, cover: choices.cover?.key };
}

export async function showCover() {
  showSummary();
  const url = choices.cover ? await getSoundUrl(choices.cover.key) : null;
  [$("#cover-preview").hidden, $("#remove-cover").hidden] = [!url, !choices.cover];
  if (url) $("#cover-preview").src = url;
}

function showSummary() {
  const count = fields.filter((field) => field.value.trim()).length;
  const parts = [count ? formatPlural(count, "field") : "", choices.cover ? choices.cover.name : ""];
  $("#tags-summary").textContent = parts.filter(Boolean).join(" · ") || "from the text";
}

$("#choose-cover").addEventListener("click", () => $("#cover-file").click());
$("#cover-file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  target.value = "";
  if (file) addCover(file);
});

export async function addCover(file) {
  $("#tags").open = true;
  try {
    checkFile(file, capabilities.picture_types, "picture", "Save it smaller.");
    const key = await sendFile(file, () => {}, new AbortController().signal);
    await saveText(`sound.${key}`, file);
    updateChoices({ cover: { key, name: file.name } }, false);
    showError("tags-error", "");
    announce(`${file.name} will be the cover.`);
  } catch (error) {
    showError("tags-error", error.message);
  }
  showCover();
}

$("#remove-cover").addEventListener("click", () => {
  deleteText(`sound.${choices.cover.key}`);
  updateChoices({ cover: null }, false);
  showError("tags-error", "");
  showCover();
  $("#choose-cover").focus();
});
