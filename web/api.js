// The API client: one function for all calls, one error class, retries and timeouts.

const TOKEN = "mixer.token";
const TIMEOUT_MS = 60_000;
const RETRY_DELAYS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export class ApiError extends Error {
  constructor(status, code, message, details = {}) {
    super(message);
    Object.assign(this, { status, code, details });
  }
  get isNetworkError() {
    return this.status === 0 && this.code !== "cancelled";
  }
  get isTemporary() {
    return this.isNetworkError || [429, 500, 502, 503, 504].includes(this.status);
  }
}

const SLOW_HINT_MS = 8_000; // until the page says that the server is slow

let base = "";
let promptToken = async () => null;
let showConnection = () => {};
const tokenListeners = [];

// Calls the listener whenever the user has entered a token.
export const onToken = (listener) => tokenListeners.push(listener);
export const hasToken = () => Boolean(sessionStorage.getItem(TOKEN));

export async function connect(hooks) {
  ({ promptToken, showConnection } = hooks);
  try {
    const config = await (await fetch("config.json", { cache: "no-store" })).json();
    base = String(config.api || "").replace(/\/$/, "");
  } catch {
    base = ""; // the API serves the page itself
  }
  return base;
}

export const sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    const cancelled = () => reject(new ApiError(0, "cancelled", "Cancelled."));
    if (signal?.aborted) return cancelled();
    const wake = () => (clearTimeout(timer), removeEventListener("online", wake), resolve());
    const timer = setTimeout(wake, ms);
    addEventListener("online", wake, { once: true });
    signal?.addEventListener("abort", () => (clearTimeout(timer), cancelled()), { once: true });
  });

// Calls the API. `retries`: how often to retry a temporary error; unless it is 0, a lost connection is
// retried without limit. `background`: the user did not ask for this call, so a token that the user
// declined to enter is not requested again.
export async function callApi(method, path, { body, headers, signal, retries = 0, background = false } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    const token = sessionStorage.getItem(TOKEN);
    try {
      const result = await sendRequest(method, path, { body, headers, signal });
      showConnection("fine");
      return result;
    } catch (error) {
      if (error.status === 401 || (error.status === 403 && error.code === "forbidden")) {
        if (token !== sessionStorage.getItem(TOKEN)) continue; // another call was given one meanwhile
        if (background && wasDismissed) throw error;
        await requestToken(error);
        continue;
      }
      const retryAfter_s = Number(error.details.retry_after_s) || 0;
      const isLast = !error.isTemporary || retryAfter_s > 120 || (attempt >= retries && !(retries && error.isNetworkError));
      const state = isLast ? "fine" : "busy";
      if (error.code !== "cancelled") showConnection(error.isNetworkError ? error.code : state);
      if (isLast) throw error;
      await sleep(Math.max(retryAfter_s * 1000, RETRY_DELAYS_MS[Math.min(attempt, RETRY_DELAYS_MS.length - 1)]), signal);
    }
  }
}

async function sendRequest(method, path, { body, headers = {}, signal }) {
  const hint = setTimeout(() => showConnection("waiting"), SLOW_HINT_MS);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const token = sessionStorage.getItem(TOKEN);
  const allHeaders = { ...headers };
  if (body !== undefined) allHeaders["Content-Type"] = "application/json";
  if (token) allHeaders.Authorization = `Bearer ${token}`;
  let response, text;
  try {
    response = await fetch(base + path, {
      method,
      headers: allHeaders,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch {
    if (signal?.aborted) throw new ApiError(0, "cancelled", "Cancelled.");
    if (timeout.aborted) throw new ApiError(0, "slow", "The server did not answer in time.");
    throw new ApiError(0, "lost", "The server cannot be reached.");
  } finally {
    clearTimeout(hint);
  }
  return parseResponse(response, text);
}

// Yields the data of server-sent events. Unlike an EventSource, it can send the token.
export async function* streamEvents(path, signal) {
  const token = sessionStorage.getItem(TOKEN);
  const headers = { Accept: "text/event-stream", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let reader;
  try {
    const response = await fetch(base + path, { headers, signal });
    if (!response.ok || !response.headers.get("Content-Type")?.startsWith("text/event-stream")) return;
    reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let buffer = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const events = (buffer + part.value).split("\n\n");
      buffer = events.pop();
      for (const event of events) if (event.startsWith("data: ")) yield JSON.parse(event.slice(6));
    }
  } catch (error) {
    if (signal?.aborted) throw new ApiError(0, "cancelled", "Cancelled.");
    throw error;
  } finally {
    reader?.cancel().catch(() => {});
  }
}

function parseResponse(response, text) {
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : {};
  } catch {
    // an error page of a gateway
  }
  if (response.ok && parsed) return parsed;
  const retryAfter_s = Number(response.headers.get("Retry-After")) || undefined;
  throw new ApiError(
    response.status,
    parsed?.code || "unreadable",
    parsed?.error || parsed?.message || `The server returned status ${response.status} without an explanation.`,
    { retry_after_s: retryAfter_s, ...(parsed?.details || {}) },
  );
}

let tokenPrompt = null;
let wasDismissed = false;

export async function requestToken(error = null) {
  tokenPrompt ??= promptToken(sessionStorage.getItem(TOKEN) ? "This token was not accepted." : "");
  let token;
  try {
    token = await tokenPrompt;
  } finally {
    tokenPrompt = null;
  }
  wasDismissed = !token;
  if (!token) {
    if (error) throw error;
    return;
  }
  sessionStorage.setItem(TOKEN, token);
  setTimeout(() => tokenListeners.forEach((listener) => listener()));
}

// Uploads a file with a signed form; `onProgress` gets the share that has been sent, 0 to 1.
export function uploadFile(form, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    body.append("file", file);
    request.open("POST", form.url);
    request.upload.onprogress = (event) => onProgress(event.loaded / event.total);
    request.onload = () =>
      request.status < 300
        ? resolve()
        : reject(new ApiError(request.status, "upload", "The upload was rejected. Please try again."));
    request.onerror = () => reject(new ApiError(0, "lost", "The connection was lost during the upload. Please try again."));
    request.onabort = () => reject(new ApiError(0, "cancelled", "Cancelled."));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}
