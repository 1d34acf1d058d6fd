// A story in the list: its title, its progress, and its buttons.

import { FINAL_STATES } from "./progress.js";
import { el, findPassages, findRemarks, formatClock, formatCost, formatDate, formatDuration, formatPlural } from "./ui.js";

// Where the server has no growing response, the browser must play playlists.
export const HLS = "application/vnd.apple.mpegurl";
const canListen = (listen) => Boolean(listen?.audio || (listen && document.createElement("audio").canPlayType(HLS)));

// `actions` has a click handler for each button. `stop` is set to the AbortController of running work.
export function createCard(actions) {
  const button = (label, onClick, style = "link-button") => el("button", { type: "button", class: style, onclick: onClick }, label);
  const parts = {
    title: el("h3", { dir: "auto" }),
    meta: el("p", { class: "meta" }),
    line: el("p", { class: "status-line" }),
    bar: el("progress", { max: 1 }),
    error: el("p", { class: "error" }),
    listen: button("Listen", actions.listen, "listen"),
    cancel: button("Cancel", actions.cancel),
    retry: button("Try again", actions.retry),
    remove: button("Remove", actions.remove),
  };
  const summary = el("div", {}, parts.title, parts.meta, parts.line, parts.bar, parts.error);
  const node = el("li", {}, summary, el("div", { class: "actions" }, parts.listen, parts.cancel, parts.retry, parts.remove));
  return { ...parts, node, stop: null };
}

export function updateCard(card, entry) {
  const isFinal = FINAL_STATES.includes(entry.state);
  const set = (node, text) => node.textContent !== text && (node.textContent = text);
  set(card.title, entry.title);
  set(card.meta, [formatDate(entry.created), entry.details, entry.change].filter(Boolean).join(" · "));
  set(card.line, formatStage(entry));
  set(card.error, [entry.state === "failed" ? entry.error : "", entry.trouble].filter(Boolean).join(" "));
  card.bar.hidden = isFinal;
  card.bar.value = entry.progress || 0;
  card.bar.setAttribute("aria-label", `Progress of ${entry.title}`);
  card.node.dataset.state = entry.state;
  card.listen.hidden = entry.state !== "done" && !canListen(entry.listen);
  card.cancel.hidden = isFinal;
  card.retry.hidden = !entry.body || (entry.state !== "failed" && entry.state !== "cancelled");
  card.remove.hidden = !isFinal;
  for (const name of ["listen", "cancel", "retry", "remove"])
    card[name].setAttribute("aria-label", `${card[name].textContent}: ${entry.title}`);
}

const formatPart = ({ done, total }) => `${Math.min(done + 1, total)} of ${total}`;

// `withRest`: with the time and the money that are left.
export function formatStage(entry, withRest = true) {
  const { state, chunks, segments } = entry;
  const stages = {
    sending: entry.sent ? `Sending the text, ${Math.round(entry.sent * 100)}%` : "Sending the text",
    queued: "Queued",
    planning: "Reading the text",
    synthesizing: chunks?.total ? `Speaking passage ${formatPart(chunks)}` : "Speaking",
    mixing: segments?.total ? `Mixing part ${formatPart(segments)}` : "Mixing",
    joining: "Finishing",
    done: formatResult(entry),
    failed: "Failed",
    cancelled: "Cancelled",
  };
  return (stages[state] ?? state) + (FINAL_STATES.includes(state) || !withRest ? "" : formatRemaining(entry));
}

function formatResult(entry) {
  const doubtful = findPassages(entry.warnings).length;
  const remarks = findRemarks(entry.warnings).length;
  const parts = entry.duration_s ? [formatClock(entry.duration_s), "ready"] : ["ready"];
  if (entry.cost_usd?.so_far) parts.push(formatCost(entry.cost_usd.so_far));
  if (doubtful) parts.push(`${formatPlural(doubtful, "passage")} to listen to`);
  if (remarks) parts.push(formatPlural(remarks, "warning"));
  return parts.join(" · ");
}

function formatRemaining(entry) {
  const left = entry.left_s ? `, about ${formatDuration(entry.left_s)} left` : "";
  const { so_far, predicted } = entry.cost_usd ?? {};
  const cost = predicted >= 0.01 ? ` · $${so_far.toFixed(2)} of ${formatCost(predicted)}` : "";
  return left + cost;
}
