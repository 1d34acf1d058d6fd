// The caller's podcast feeds: make one, copy its link, replace or revoke it. Shown where the server
// serves feeds.

import { callApi, onToken } from "./api.js";
import { formatError } from "./errors.js";
import { $, announce, el, formatPlural, replaceRows, showError } from "./ui.js";

const COPIED_MS = 2_000;

export function init() {
  $("#new-feed").addEventListener("submit", (event) => {
    event.preventDefault();
    const title = $("#feed-title").value.trim();
    if (!title) return showError("feeds-error", "Give the podcast a title.", $("#feed-title"));
    change("POST", "/feeds", { title }, `${title} has a link.`).then((isDone) => isDone && ($("#feed-title").value = ""));
  });
  onToken(load);
  load();
}

async function load() {
  try {
    show((await callApi("GET", "/feeds", { background: true })).feeds);
  } catch (error) {
    if (![401, 403].includes(error.status)) showError("feeds-error", `The podcasts could not be loaded: ${formatError(error)}`);
  }
}

function show(feeds) {
  $("#feeds").hidden = false;
  replaceRows($("#feeds ul"), feeds.map(createRow));
  $("#feed-names").replaceChildren(...feeds.map(({ title }) => el("option", { value: title })));
}

function createRow({ feed_id, title, url }) {
  const path = `/feeds/${feed_id}`;
  const button = (label, action) => el("button", { type: "button", class: "link-button", "aria-label": `${label}: ${title}`, onclick: action }, label);
  const status = el("p", { class: "meta" }, url ? "Anyone with the link can subscribe." : "No link: closed to subscribers.");
  const copy = url && button("Copy link", (event) => copyLink(event.currentTarget, url, title));
  const replace = button(url ? "New link" : "Create a link", () => change("POST", path, { link: "replace" }, `${title} has a new link.`));
  const revoke = url && button("Revoke", () => change("POST", path, { link: "revoke" }, `The link to ${title} was revoked.`));
  const details = button("Episodes", (event) => showEpisodes(event.currentTarget, path, status));
  return el("li", {}, el("div", {}, el("h3", {}, title), status), el("div", { class: "row" }, copy, replace, revoke, details));
}

async function showEpisodes(button, path, status) {
  try {
    const { stories, warnings } = await callApi("GET", path);
    const names = stories.map((story) => story.title).join(", ");
    status.textContent = [`${formatPlural(stories.length, "story", "stories")}${names && `: ${names}`}.`, ...warnings].join(" ");
    announce(status.textContent);
    button.hidden = true;
  } catch (error) {
    showError("feeds-error", formatError(error));
  }
}

async function copyLink(button, url, title) {
  try {
    await navigator.clipboard.writeText(url);
    button.textContent = "Copied";
    announce(`The link to ${title} was copied.`);
    setTimeout(() => (button.textContent = "Copy link"), COPIED_MS);
  } catch {
    showError("feeds-error", `The browser does not let this page copy. Copy this link: ${url}`);
  }
}

async function change(method, path, body, message) {
  showError("feeds-error", "", $("#feed-title"));
  try {
    await callApi(method, path, { body });
    announce(message);
  } catch (error) {
    showError("feeds-error", formatError(error));
    return false;
  }
  await load();
  return true;
}
