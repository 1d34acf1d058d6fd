// The list of projects: search, open, rename, duplicate, delete.

import { callApi } from "./api.js";
import { formatError } from "./errors.js";
import { createId } from "./storage.js";
import { $, announce, el, formatDate, replaceRows, showError } from "./ui.js";

let projects = []; // all of the caller's, newest first
let loads = 0; // how many times the list was asked for
let actions = {}; // of the open project: open, rename, drop
export const channel = new BroadcastChannel("mixer.projects"); // ids of changed projects, to other tabs

export const path = (id) => `/projects/${id}`;
export const put = (id, fields, etag) => callApi("PUT", path(id), { body: fields, headers: etag ? { "If-Match": `"${etag}"` } : {}, background: true });
export const button = (label, onclick, name = label) => el("button", { type: "button", class: "link-button", "aria-label": name, onclick }, label);

const search = el("input", { type: "search", placeholder: "Search", autocomplete: "off", "aria-label": "Search your projects", oninput: showList });
const list = el("ul", { class: "list" });
const note = el("p", { class: "note", role: "status" }); // what was deleted
const noMatch = el("p", { class: "note", role: "status", hidden: true }, "None of your projects matches.");
const section = el("section", { id: "projects", "aria-labelledby": "projects-title", hidden: true },
  el("div", { class: "player-header" }, el("h2", { id: "projects-title" }, "Your projects"), el("p", {}, search)), note, noMatch, list, el("p", { class: "error", role: "alert", id: "projects-error" }));

export function initList(openProject) {
  actions = openProject;
  $("#feeds").before(section);
}

export async function loadList() {
  const number = ++loads;
  try {
    const found = [];
    for (let cursor = ""; cursor !== null; ) {
      const page = await callApi("GET", `/projects?cursor=${cursor}`, { background: true });
      found.push(...page.projects);
      cursor = page.next;
    }
    if (number !== loads) return; // the list has changed since, or a later answer knows more
    projects = found;
    showError("projects-error", "");
  } catch (error) {
    if (number !== loads) return;
    if (!error.isTemporary && ![401, 403].includes(error.status)) showError("projects-error", `Your projects could not be loaded: ${formatError(error)}`);
  }
  showList();
}

function showList() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = projects.filter(({ name, title, author }) => words.every((word) => `${name} ${title} ${author}`.toLowerCase().includes(word)));
  section.hidden = !projects.length && !note.childNodes.length;
  search.hidden = projects.length < 2;
  noMatch.hidden = found.length > 0 || !projects.length;
  if (!list.querySelector("input:focus:read-write")) replaceRows(list, found.map(createRow)); // not under a name that is typed
}

function createRow({ project_id: id, name, title, author, modified_at, stories }) {
  const facts = [formatDate(Date.parse(modified_at)), title !== name && title, author].filter(Boolean).join(" · ");
  const heading = el("h3", {}, name);
  const act = (label, action) => button(label, action, `${label}: ${name}`);
  return el("li", {}, el("div", {}, heading, el("p", { class: "meta" }, facts)), el("div", { class: "row" },
    act("Open", () => (actions.open(id), $("#compose").scrollIntoView())), act("Rename", () => editName(id, heading)), act("Duplicate", () => duplicate(id)), act("Delete", () => remove(id, name)),
    stories[0] ? el("a", { href: `#story=${stories[0]}`, "aria-label": `Listen to the last story of ${name}` }, "Listen") : null));
}

function editName(id, heading) {
  const finish = () => (input.readOnly = true);
  const input = el("input", { type: "text", value: heading.textContent, maxlength: "500", "aria-label": "New name", onchange: () => (finish(), renameProject(id, input.value)), onblur: showList });
  input.addEventListener("keydown", ({ key }) => key === "Escape" && (finish(), showList()));
  heading.replaceWith(input);
  input.select();
}

// Changes the list by an action on the server, and shows what went wrong.
async function change(action) {
  showError("projects-error", "");
  try {
    await action();
    channel.postMessage("");
  } catch (error) {
    showError("projects-error", formatError(error));
  }
  await loadList();
}

export function renameProject(id, value) {
  const name = value.trim();
  return change(async () => {
    if (await actions.rename(id, name)) return;
    const { project, etag } = await callApi("GET", path(id));
    await put(id, { ...project, name }, etag);
    channel.postMessage(id);
  });
}

const duplicate = (id) =>
  change(async () => {
    const { stories, ...fields } = (await callApi("GET", path(id))).project;
    await put(createId(), { ...fields, name: `Copy of ${fields.name}`.slice(0, 500) });
    announce(`${fields.name} was duplicated.`);
  });

const remove = (id, name) =>
  change(async () => {
    const { project } = await callApi("GET", path(id));
    await callApi("DELETE", path(id));
    loads += 1; // a list that is under way may still have it
    projects = projects.filter((each) => each.project_id !== id);
    showList();
    channel.postMessage(id);
    await actions.drop(id);
    note.replaceChildren(`${name} was deleted. `, button("Undo", () => (note.replaceChildren(), change(() => put(id, project))), `Undo: delete ${name}`));
    note.lastChild.focus();
  });
