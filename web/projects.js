// Projects: what the user works on, saved on the server by itself, and merged with what other tabs and
// devices change. Each tab keeps its state in the browser, and sends later what it cannot send now.

import { callApi, onToken } from "./api.js";
import { getBook } from "./book.js";
import { choices, updateChoices } from "./choices.js";
import { deriveTitle, text } from "./draft.js";
import { formatError } from "./errors.js";
import { apply, collect, MAX_STORIES, merge, readChanges as readPage, same } from "./project_fields.js";
import { button, channel, initList, loadList, path, put, renameProject } from "./project_list.js";
import { linkSound } from "./sounds.js";
import { createId, deleteText, loadText, readItem, saveText, writeItem } from "./storage.js";
import { $, announce, el, showError } from "./ui.js";

const SAVE_MS = 800; // from the last change to the request
const LOOK_MS = 2_000; // uploads and covers change without an event
const RETRY_MS = 5_000;
const LISTED = ["name", "title", "author", "stories"];
const NAMES = { text_type: "the kind of text", source: "the book", music_level_lu: "the music level", duck_db: "the drop under speech", lexicon: "pronunciation" };

let open = null; // {id, etag, base, mine, conflict, isGone}: `base` as last seen on the server, `mine` as on the page
let timer = 0;
let isSending = false;
let tab = sessionStorage.getItem("mixer.tab") ?? createId();
const nameField = (name) => NAMES[name] ?? `the ${name.replaceAll("_", " ")}`;

// Elements

const nameInput = el("input", { type: "text", maxlength: "500", "aria-label": "Name of the project", onchange: () => renameProject(open.id, nameInput.value) });
const status = el("span", { class: "note", role: "status" });
const keep = button("Keep as a project", create);
const close = button("Close", () => closeProject(), "Close the project");
const question = el("p", { class: "banner", role: "alert", id: "project-question", hidden: true });
const bar = $("#project");
export async function init() {
  bar.before(question);
  bar.append(nameInput, keep, status, close);
  initList({ open: openProject, rename: renameOpen, drop });
  const id = sessionStorage.getItem("mixer.project") ?? choices.project?.id;
  showBar();
  await takeTab();
  const left = await findLeft(id);
  if (id) await restore(id, left);
  for (const name of ["input", "change", "click"]) $("#compose").addEventListener(name, schedule);
  setInterval(look, LOOK_MS);
  addEventListener("online", () => (send(), findLeft(open?.id)));
  addEventListener("pagehide", () => open && (readChanges(), persist()));
  addEventListener("visibilitychange", () => (document.hidden ? look() : refresh()));
  channel.onmessage = ({ data }) => (data === open?.id ? refresh() : loadList());
  document.addEventListener("story", ({ detail }) => addStory(detail));
  onToken(loadList);
  await loadList();
}

// A tab that was duplicated has the id of the other one: it takes a new id.
async function takeTab() {
  const lock = (name) => new Promise((resolve) => navigator.locks.request(`mixer.${name}`, { ifAvailable: true }, (held) => (resolve(held), held && new Promise(() => {}))));
  if (navigator.locks && !(await lock(tab))) await lock((tab = createId()));
  sessionStorage.setItem("mixer.tab", tab);
}

// In the browser: each tab's state of a project, and whether it has been sent

const readChanges = () => (open ? readPage(open.mine) : false);
const isUnsent = () => !same(open.mine, open.base);

function persist() {
  const { id, etag, base, mine } = open;
  const place = { at: text.selectionStart, top: text.scrollTop };
  writeItem(`kept.${id}.${tab}`, { isUnsent: isUnsent() });
  return saveText(`project.${id}.${tab}`, JSON.stringify({ id, etag, base: isUnsent() ? base : null, mine, ...place }));
}

function forget(name) {
  localStorage.removeItem(`mixer.kept.${name}`);
  deleteText(`project.${name}`);
}

// Finds the state that this tab, or else one that was closed, had of a project; sends what other closed
// tabs could not send.
async function findLeft(id) {
  const held = (await navigator.locks?.query())?.held.map(({ name }) => name) ?? [];
  const names = Object.keys(localStorage).filter((each) => each.startsWith("mixer.kept.")).map((each) => each.slice("mixer.kept.".length));
  const free = names.filter((name) => name.endsWith(`.${tab}`) || !held.includes(`mixer.${name.split(".")[1]}`));
  const own = names.find((name) => name === `${id}.${tab}`) ?? free.find((name) => name.startsWith(`${id}.`));
  for (const name of free) if (name !== own) readItem(`kept.${name}`, {}).isUnsent ? rescue(name) : forget(name);
  if (!own) return null;
  const record = JSON.parse((await loadText(`project.${own}`)) ?? "null");
  if (own !== `${id}.${tab}`) forget(own);
  return record;
}

// Sends what a closed tab could not send; as a project of its own if it does not go with the present one.
async function rescue(name) {
  const { id, etag, base, mine } = JSON.parse((await loadText(`project.${name}`)) ?? "{}");
  try {
    if (id) await put(id, mine, etag).catch((error) => rescueChanged(id, base ?? {}, mine, error));
    forget(name);
    loadList();
  } catch {
    // the next visit tries again
  }
}

function rescueChanged(id, base, mine, error) {
  if (![404, 412].includes(error.status)) throw error;
  const theirs = error.details.project;
  const { merged, conflicts } = theirs ? merge(base, mine, theirs.project) : { conflicts: ["name"] };
  return conflicts.length ? put(createId(), { ...mine, name: `${mine.name} (from a closed tab)` }) : put(id, merged, theirs.etag);
}

// On the server

function schedule() {
  clearTimeout(timer);
  if (open) timer = setTimeout(look, SAVE_MS);
}

async function look() {
  if (!open || !(readChanges() || isUnsent())) return;
  await persist();
  return send();
}

async function send() {
  const project = open;
  if (!project || isSending || project.conflict || project.isGone || !isUnsent()) return;
  isSending = true;
  status.textContent = "Saving…";
  const sent = structuredClone(project.mine);
  const changesList = LISTED.some((name) => !same(project.base[name], sent[name]));
  try {
    const { etag } = await put(project.id, sent, project.etag);
    Object.assign(project, { etag, base: sent });
    channel.postMessage(project.id);
    if (open === project) persist(), showBar();
    if (changesList) loadList();
  } catch (error) {
    if (open === project) handleFailure(error);
  } finally {
    isSending = false;
  }
  if (open === project && isUnsent()) schedule();
}

function handleFailure(error) {
  if (error.status === 412) return receive(error.details.project);
  if (error.status === 404) return ask({ isGone: true });
  status.textContent = error.isTemporary || [401, 403].includes(error.status) ? "Not on the server yet: kept in this browser." : `Only in this browser: ${formatError(error)}`;
  if (error.isTemporary) setTimeout(send, RETRY_MS);
}

// Looks whether another tab or device has changed the project.
async function refresh() {
  const project = open;
  if (!project?.etag || isSending) return;
  try {
    const current = await callApi("GET", path(project.id), { background: true });
    for (const [key, url] of Object.entries(current.links)) linkSound(key, url);
    if (open === project && current.etag !== project.etag) receive(current);
  } catch (error) {
    if (open === project && error.status === 404) ask({ isGone: true });
  }
}

function receive({ etag, project: theirs }) {
  readChanges();
  const { merged, conflicts } = merge(open.base, open.mine, theirs);
  if (conflicts.length) return ask({ conflict: { etag, theirs, fields: conflicts } });
  adopt(etag, theirs, merged);
}

function adopt(etag, theirs, merged) {
  const isNew = !same(merged, open.mine);
  Object.assign(open, { etag, base: theirs, mine: merged, conflict: null, isGone: false });
  if (isNew) apply(merged), announce("Changes from another tab or device were applied.");
  persist();
  showBar();
  send();
}

// Asks what cannot be decided here; changes are kept in the browser until then.
function ask(state) {
  Object.assign(open, state);
  persist();
  showBar();
}

function answer(prefersTheirs) {
  readChanges();
  const { etag, theirs } = open.conflict;
  adopt(etag, theirs, merge(open.base, open.mine, theirs, prefersTheirs).merged);
}

// Opening and closing

async function restore(id, left) {
  if (left) {
    start({ id, etag: left.etag, base: left.base ?? left.mine, mine: left.mine });
    text.setSelectionRange(left.at, left.at);
    text.scrollTop = left.top;
    await (isUnsent() ? send() : refresh());
  } else await openProject(id);
}

async function openProject(id) {
  showError("projects-error", "");
  try {
    if (open) await leave();
    const { etag, project, links } = await callApi("GET", path(id), { background: true });
    if (!open && !choices.project) await saveText("outside", JSON.stringify(collect()));
    for (const [key, url] of Object.entries(links)) linkSound(key, url);
    start({ id, etag, base: project, mine: structuredClone(project) });
    announce(`${project.name} is open.`);
  } catch (error) {
    if (error.status === 404) closeProject(id);
    showError("projects-error", formatError(error));
  }
}

function start(project) {
  open = { conflict: null, isGone: false, ...project };
  sessionStorage.setItem("mixer.project", open.id);
  apply(open.mine);
  persist();
  showBar();
}

// Sends the last changes of the open project; those that cannot be sent stay in the browser.
async function leave() {
  clearTimeout(timer);
  readChanges();
  await persist();
  await send();
  if (open && !isUnsent()) forget(`${open.id}.${tab}`);
}

async function closeProject(id = open?.id) {
  if (open?.id === id && open) await leave();
  open = null;
  sessionStorage.setItem("mixer.project", "");
  updateChoices({ project: null }, false);
  const outside = await loadText("outside");
  deleteText("outside");
  apply(JSON.parse(outside ?? "{}"));
  showBar();
}

async function create() {
  const fields = collect();
  const name = fields.title || getBook()?.name.replace(/\.\w+$/, "") || deriveTitle(text.value);
  start({ id: createId(), etag: null, base: {}, mine: { name, ...fields } });
  await send();
  nameInput.select();
}

function addStory({ story, project }) {
  if (!open || project?.id !== open.id) return;
  open.mine.stories = [story, ...(open.mine.stories ?? []).filter((each) => each !== story)].slice(0, MAX_STORIES);
  schedule();
}

// Renames the project if it is open, and says so; an empty name changes nothing.
async function renameOpen(id, name) {
  if (id !== open?.id) return !name;
  if (name) open.mine.name = name;
  showBar();
  await look();
  return true;
}

// Leaves a project that was deleted.
async function drop(id) {
  if (open?.id !== id) return;
  forget(`${id}.${tab}`);
  open = null;
  await closeProject();
}

// The bar

function showBar() {
  const name = open?.mine.name ?? "";
  [nameInput.hidden, close.hidden, keep.hidden] = [!open, !open, open];
  if (nameInput !== document.activeElement) nameInput.value = name;
  updateChoices({ project: open ? { id: open.id, name } : null }, false);
  status.textContent = !open ? "Saves your work across all your devices." : isUnsent() ? status.textContent : "Saved";
  showQuestion();
}

function showQuestion() {
  const asks = Boolean(open?.conflict || open?.isGone);
  if (asks === !question.hidden) return;
  question.hidden = !asks;
  if (!asks) return;
  status.textContent = "Kept in this browser until you decide.";
  question.replaceChildren(...(open.conflict
    ? [`Changed in another tab or on another device: ${open.conflict.fields.map(nameField).join(", ")}. `, button("Keep mine", () => answer(false)), " ", button("Take theirs", () => answer(true))]
    : ["This project was deleted in another tab or on another device. ", button("Keep it", () => (Object.assign(open, { isGone: false, etag: null, base: {} }), showBar(), send().then(loadList))), " ", button("Close it", () => drop(open.id))]));
}
