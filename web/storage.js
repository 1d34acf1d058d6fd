// What survives a reload: small values in localStorage; long texts and the user's music in IndexedDB.

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
    // a private window without storage: the page works until it is closed
  }
}

export async function loadText(name) {
  const small = readItem(`text.${name}`, null);
  if (small !== null) return small;
  try {
    return (await runTransaction("readonly", (texts) => texts.get(name))) ?? null;
  } catch {
    return null;
  }
}

export async function deleteText(name) {
  localStorage.removeItem(`mixer.text.${name}`);
  await runTransaction("readwrite", (texts) => texts.delete(name)).catch(() => {});
}
