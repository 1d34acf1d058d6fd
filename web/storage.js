// What survives a reload: small values in localStorage; long texts and the user's music in IndexedDB.

// Where the browser stores nothing for this page, it remembers until it is closed.
const unsaved = new Map();
for (const name of ["localStorage", "sessionStorage"])
  try {
    window[name].getItem("");
  } catch {
    const kept = new Map();
    Object.defineProperty(window, name, { value: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) } });
  }

// A page at home comes over http, where browsers offer neither crypto.randomUUID nor crypto.subtle.
export const createId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// Distinguishes texts (FNV-1a and a second multiplier, 64 bits); not against people who mean harm.
export function hashText(text) {
  let [one, two] = [0x811c9dc5, 0xcbf29ce4];
  for (let at = 0; at < text.length; at++) {
    one = Math.imul(one ^ text.charCodeAt(at), 0x01000193);
    two = Math.imul(two ^ text.charCodeAt(at), 0x85ebca6b);
  }
  return (one >>> 0).toString(16) + (two >>> 0).toString(16);
}

export function readItem(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(`mixer.${name}`)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function writeItem(name, value) {
  try {
    localStorage.setItem(`mixer.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or not permitted
  }
}

const runTransaction = (mode, operate) =>
  new Promise((resolve, reject) => {
    const opened = indexedDB.open("mixer", 1);
    opened.onupgradeneeded = () => opened.result.createObjectStore("texts");
    opened.onerror = () => reject(opened.error);
    opened.onsuccess = () => {
      const change = opened.result.transaction("texts", mode);
      const request = operate(change.objectStore("texts"));
      change.oncomplete = () => (opened.result.close(), resolve(request.result));
      change.onerror = change.onabort = () => (opened.result.close(), reject(change.error));
    };
  });

const SMALL_CHARS = 500_000;

// Stores a text under a name; synchronously if it is small, so that an immediate reload finds it.
export async function saveText(name, text) {
  if (text.length <= SMALL_CHARS && writeItem(`text.${name}`, text)) return;
  try {
    await runTransaction("readwrite", (texts) => texts.put(text, name));
    localStorage.removeItem(`mixer.text.${name}`);
  } catch {
    unsaved.set(name, text);
  }
}

export async function loadText(name) {
  const small = readItem(`text.${name}`, null);
  if (small !== null) return small;
  try {
    return (await runTransaction("readonly", (texts) => texts.get(name))) ?? null;
  } catch {
    return unsaved.get(name) ?? null;
  }
}

export async function deleteText(name) {
  unsaved.delete(name);
  localStorage.removeItem(`mixer.text.${name}`);
  await runTransaction("readwrite", (texts) => texts.delete(name)).catch(() => {});
}
