// Formatting for people, and helpers for the DOM.

export const formatCount = (n) => Math.round(n).toLocaleString("en-US");
export const formatPlural = (n, one, many = `${one}s`) => `${formatCount(n)} ${n === 1 ? one : many}`;

export function formatClock(s) {
  const whole = Math.max(0, Math.floor(s || 0));
  const [h, m] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
}

const PASSAGE = /^((?:\d+:)?\d+:\d\d) (.*)/s; // a warning that begins with a time: “4:31 …”
export const findRemarks = (warnings) => (warnings ?? []).filter((each) => !PASSAGE.test(each));
export const findPassages = (warnings) =>
  (warnings ?? []).flatMap((each) => {
    const [, time, text] = PASSAGE.exec(each) ?? [];
    return time ? [{ time, text, start_s: time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0) }] : [];
  });

export function formatDuration(s) {
  if (s < 50) return formatPlural(Math.max(5, Math.ceil(s / 5) * 5), "second");
  if (s < 5400) return formatPlural(Math.max(1, Math.round(s / 60)), "minute");
  return `${(s / 3600).toFixed(1)} hours`;
}

export const formatDate = (ms) =>
  ms ? new Date(ms).toLocaleString("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }) : "";

export function formatCost(usd) {
  if (!usd) return "free";
  return usd < 0.01 ? "under 1¢" : `$${usd.toFixed(2)}`;
}

export const formatSize = (bytes) =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Replaces the rows of a list; what has the focus keeps it.
export function replaceRows(list, rows) {
  const label = list.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
  list.replaceChildren(...rows);
  if (label) list.querySelector(`[aria-label="${CSS.escape(label)}"]`)?.focus({ preventScroll: true });
}

export const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

export const $ = (selector, within = document) => within.querySelector(selector);

// Repeats a failed action after a temporary error.
export const retryLater = (action, error) => error.isTemporary && setTimeout(action, 5_000);

// Shows an error in the element with this id; an empty text removes it.
export function showError(id, text, field = null) {
  const node = $(`#${id}`);
  if (node.textContent !== text) node.textContent = text;
  if (field) field.toggleAttribute("aria-invalid", false), text && field.setAttribute("aria-invalid", "true");
}

export const showNotes = (id, notes = []) => $(`#${id}`).replaceChildren(...notes.map((note) => el("li", {}, note)));

export function announce(text) {
  $("#live").textContent = text;
}

// A button that is at work keeps the focus, which one that is disabled would lose.
export const isBusy = (button) => button.ariaDisabled === "true";
export const setBusy = (button, busy) => (button.ariaDisabled = busy ? "true" : null);

// When what has the focus is removed or hidden, the focus goes to what replaces it, or else to the nearest control
// before it.
export function keepFocus() {
  let [node, controls] = [null, []];
  const isUsable = (each) => each.checkVisibility();
  const isSame = (each) => each.tagName === node.tagName && each.textContent === node.textContent && each.ariaLabel === node.ariaLabel;
  const restore = () => {
    if (!node || isUsable(node) || ![document.body, node].includes(document.activeElement)) return;
    const same = node.isConnected ? null : [...document.querySelectorAll(`${CONTROLS}, .sentence`)].find((each) => isSame(each) && isUsable(each));
    (same ?? controls.slice(0, controls.indexOf(node)).findLast(isUsable))?.focus({ preventScroll: true });
  };
  addEventListener("focusin", ({ target }) => ([node, controls] = [target, [...document.querySelectorAll(CONTROLS)]]));
  addEventListener("pointerdown", () => (node = null), true);
  new MutationObserver(() => node && setTimeout(restore)).observe(document.body, { childList: true, subtree: true, attributeFilter: ["hidden", "open"] });
}

const CONTROLS = "a, button, input, select, textarea, summary, [tabindex='0']";
