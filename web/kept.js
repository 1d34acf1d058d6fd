// What survives a reload: small things in localStorage; long texts, and the own music, in IndexedDB.

export function read(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(`mixer.${name}`)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

export function write(name, value) {
  try {
    localStorage.setItem(`mixer.${name}`, JSON.stringify(value));
    return true;
  } catch {
    return false; // full, or not allowed
  }
}

const store = (mode, act) =>
  new Promise((done, fail) => {
    const opening = indexedDB.open("mixer", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("texts");
    opening.onerror = () => fail(opening.error);
    opening.onsuccess = () => {
      const change = opening.result.transaction("texts", mode);
      const asked = act(change.objectStore("texts"));
      change.oncomplete = () => (opening.result.close(), done(asked.result));
      change.onerror = change.onabort = () => (opening.result.close(), fail(change.error));
    };
  });

const SMALL_CHARS = 500_000;

// A text under a name: at once where it is small, so that even a reload right now finds it.
export async function keepText(name, text) {
  if (text.length <= SMALL_CHARS && write(`text.${name}`, text)) return;
  try {
    await store("readwrite", (texts) => texts.put(text, name));
    localStorage.removeItem(`mixer.text.${name}`);
  } catch {
    // private windows without storage: the page still works until it is closed
  }
}

export async function keptText(name) {
  const small = read(`text.${name}`, null);
  if (small !== null) return small;
  try {
    return (await store("readonly", (texts) => texts.get(name))) ?? null;
  } catch {
    return null;
  }
}

export async function forgetText(name) {
  localStorage.removeItem(`mixer.text.${name}`);
  await store("readwrite", (texts) => texts.delete(name)).catch(() => {});
}
