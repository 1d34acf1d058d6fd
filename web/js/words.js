/** Figures and failures as people read them. */

/** A length as 1:02:03 or 2:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** A length for ears: "2 minutes 3 seconds". */
export function spokenLength(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  const said = parts.filter(([number]) => number).map(([number, noun]) => counted(number, noun));
  return said.join(" ") || "0 seconds";
}

/** How long something will still take, no more exact than it is known. */
export function about(seconds) {
  if (seconds < 10) return "a few seconds";
  if (seconds < 90) return `about ${Math.round(seconds / 10) * 10} s`;
  return `about ${counted(Math.round(seconds / 60), "minute")}`;
}

/** "1 chunk", "1,204 chunks". */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** A price; what is less than a cent is not called nothing. */
export function dollars(usd) {
  if (!usd) return "free";
  return usd < 0.01 ? "under $0.01" : `$${usd.toFixed(2)}`;
}

/** A size of a file. */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toLocaleString("en", { maximumFractionDigits: 1 })} MB`;
}

/** Puts a sentence beside what caused it; an empty one takes it away. */
export function complain(element, sentence = "") {
  element.textContent = sentence;
  const field = document.querySelector(`[aria-describedby~="${element.id}"]`);
  if (field) field.setAttribute("aria-invalid", String(Boolean(sentence)));
}
