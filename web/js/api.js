/**
 * Talking to the API: one place that knows where it is, who is calling, and what may be tried again.
 *
 * A request that gets no answer throws NoAnswer, one that is refused ApiError with the service's own
 * sentence. `patiently` waits out what passes by itself.
 */

const TOKEN = "mixer.token";
const TIMEOUT_MS = 40_000;
const PASSING = new Set([502, 503, 504]);
const LONGEST_WAIT_S = 15;

/** No connection, or no answer in time. */
export class NoAnswer extends Error {
  constructor() {
    super("The service does not answer.");
  }
}

/** A refusal, in the service's own words. */
export class ApiError extends Error {
  constructor(status, body) {
    super(body.error || body.message || `The service answered with an error (${status}).`);
    this.status = status;
    this.code = body.code || "";
    this.details = body.details || {};
    this.requestId = body.request_id || "";
  }

  /** The field of the request that caused it, or nothing. */
  get field() {
    return String(this.details.field || "").split(".")[0];
  }
}

let base = "";
let askForToken = async () => "";

/** Find out where the API is. @param ask asks the person for a token; empty when there is none. */
export async function connect(ask) {
  askForToken = ask;
  try {
    base = (await (await fetch("config.json")).json()).api.replace(/\/$/, "");
  } catch {
    base = "";
  }
}

/** An address of the API. */
export const address = (path) => `${base}${path}`;

/**
 * Ask the API.
 * @param {string} method
 * @param {string} path
 * @param {{body?: object, headers?: object, signal?: AbortSignal, asks?: boolean}} more
 *   asks: whether the person may be asked for a token.
 */
export async function call(method, path, { body, headers = {}, signal, asks = true } = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const answer = await reached(address(path), {
    method,
    signal,
    headers: {
      ...(body ? { "Content-Type": "application/json" } : {}),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  if ((answer.status === 401 || (answer.status === 403 && !told.code)) && asks) {
    const given = await askForToken(Boolean(token));
    if (given) {
      sessionStorage.setItem(TOKEN, given);
      return call(method, path, { body, headers, signal, asks: true });
    }
  }
  throw new ApiError(answer.status, told);
}

/** A fetch that ends: with an answer, with NoAnswer, or when the caller wants no answer any more. */
async function reached(url, options) {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), TIMEOUT_MS);
  const stop = () => late.abort();
  options.signal?.addEventListener("abort", stop);
  try {
    return await fetch(url, { ...options, signal: late.signal });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new NoAnswer();
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
}

/** Whether the same request may succeed later. */
export const mayPass = (error) =>
  error instanceof NoAnswer || (error instanceof ApiError && PASSING.has(error.status));

/**
 * Try until it works, or until it cannot.
 * @param {() => Promise<any>} work
 * @param {{signal?: AbortSignal, most?: number, waiting?: (seconds: number, error: Error) => void}} how
 *   most: tries; waiting: told before each pause.
 */
export async function patiently(work, { signal, most = Infinity, waiting = () => {} } = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (signal?.aborted || !mayPass(error) || tries >= most) throw error;
      const seconds = Math.min(2 ** (tries - 1), LONGEST_WAIT_S);
      waiting(seconds, error);
      await pause(seconds * 1000, signal);
    }
  }
}

/** Some time; cut short when the caller gives up or the connection comes back. */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const done = () => { clearTimeout(timer); removeEventListener("online", done); resolve(); };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("", "AbortError")); });
  });
}

/**
 * Send a file straight into the store.
 * @param {File} file
 * @param {(share: number) => void} progress
 * @returns {Promise<string>} its key
 */
export async function upload(file, progress) {
  const form = await call("POST", "/uploads", { body: { name: file.name, size_bytes: file.size } });
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append("file", file);
  await posted(new URL(form.url, address("/") || location.href).href, body, progress);
  return form.key;
}

function posted(url, body, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
    request.onload = () => (request.status < 300 ? resolve() : reject(new ApiError(request.status, refusal(request))));
    request.onerror = request.ontimeout = () => reject(new NoAnswer());
    request.send(body);
  });
}

function refusal(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return { error: `The file was not taken (${request.status}).` };
  }
}
