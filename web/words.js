// How numbers and moments are written for people.

export const count = (n) => Math.round(n).toLocaleString("en-US");
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export function clock(s) {
  const whole = Math.max(0, Math.floor(s || 0));
  const [h, m] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (n) => String(n).padStart(2, "0");
  return h ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
}

export function about(s) {
  if (s < 50) return plural(Math.max(5, Math.ceil(s / 5) * 5), "second");
  if (s < 5400) return plural(Math.max(1, Math.round(s / 60)), "minute");
  return `${(s / 3600).toFixed(1)} hours`;
}

export function money(usd) {
  if (!usd) return "free";
  return usd < 0.01 ? "under 1¢" : `$${usd.toFixed(2)}`;
}

export const size = (bytes) =>
  bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;

export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else if (value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const still = matchMedia("(prefers-reduced-motion: reduce)");

export const $ = (selector, within = document) => within.querySelector(selector);

// What could not be fetched is fetched when the server is back.
export const retry = (work, error) => error.isPassing && setTimeout(work, 5_000);

// Puts an error next to what caused it; an empty one takes it away.
export function showError(id, text, field = null) {
  const place = $(`#${id}`);
  if (place.textContent !== text) place.textContent = text;
  if (field) field.toggleAttribute("aria-invalid", false), text && field.setAttribute("aria-invalid", "true");
}

export function announce(text) {
  $("#live").textContent = text;
}
