// One story in the list: its title, how far it is, and what can be done with it.

import { OVER } from "./telling.js";
import { about, clock, el, money, plural } from "./words.js";

// `acts` holds what the buttons do; answers what is shown, and a place for what stops the work.
export function card(acts) {
  const button = (words, act, style = "quiet") => el("button", { type: "button", class: style, onclick: act }, words);
  const part = {
    title: el("h3"),
    line: el("p", { class: "stage-line" }),
    bar: el("progress", { max: 1 }),
    error: el("p", { class: "error" }),
    listen: button("Listen", acts.listen, "listen"),
    cancel: button("Cancel", acts.cancel),
    again: button("Try again", acts.again),
    drop: button("Remove", acts.drop),
  };
  const words = el("div", {}, part.title, part.line, part.bar, part.error);
  const node = el("li", {}, words, el("div", { class: "acts" }, part.listen, part.cancel, part.again, part.drop));
  return { ...part, node, stop: null };
}

export function paint(shown, entry) {
  const isOver = OVER.includes(entry.state);
  const set = (node, text) => node.textContent !== text && (node.textContent = text);
  set(shown.title, entry.title);
  set(shown.line, stage(entry));
  set(shown.error, [entry.state === "failed" ? entry.error : "", entry.trouble].filter(Boolean).join(" "));
  shown.bar.hidden = isOver;
  shown.bar.value = entry.progress || 0;
  shown.bar.setAttribute("aria-label", `Progress of ${entry.title}`);
  shown.node.dataset.state = entry.state;
  shown.listen.hidden = entry.state !== "done";
  shown.cancel.hidden = isOver;
  shown.again.hidden = entry.state !== "failed" && entry.state !== "cancelled";
  shown.drop.hidden = !isOver;
  for (const name of ["listen", "cancel", "again", "drop"])
    shown[name].setAttribute("aria-label", `${shown[name].textContent}: ${entry.title}`);
}

const share = ({ done, total }) => `${Math.min(done + 1, total)} of ${total}`;

export function stage(entry) {
  const { state, chunks, segments } = entry;
  const stages = {
    sending: entry.sent ? `Sending the text, ${Math.round(entry.sent * 100)} %` : "Sending the text",
    queued: "Waiting for its turn",
    planning: "Reading the text",
    synthesizing: chunks?.total ? `Speaking passage ${share(chunks)}` : "Speaking",
    mixing: segments?.total ? `Mixing part ${share(segments)}` : "Mixing",
    joining: "Finishing",
    done: finished(entry),
    failed: "It did not work",
    cancelled: "Cancelled",
  };
  return (stages[state] ?? state) + (OVER.includes(state) ? "" : stillToCome(entry));
}

function finished(entry) {
  const skipped = (entry.warnings ?? []).filter((each) => each.startsWith("Not spoken")).length;
  const parts = [clock(entry.duration_s), "ready"];
  if (entry.cost_usd?.so_far) parts.push(money(entry.cost_usd.so_far));
  if (skipped) parts.push(`${plural(skipped, "passage")} could not be read`);
  return parts.join(" · ");
}

function stillToCome(entry) {
  const left = entry.left_s ? `, about ${about(entry.left_s)} left` : "";
  const cost = entry.cost_usd?.predicted ? ` · ${money(entry.cost_usd.so_far)} of ${money(entry.cost_usd.predicted)}` : "";
  return left + cost;
}
