// Talks to the API: one way to ask, one kind of error, patience where the network has none.

const TOKEN = "mixer.token";
const PATIENCE_MS = 60_000; // for an answer
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

export class ApiError extends Error {
  constructor(status, code, message, details = {}) {
    super(message);
    Object.assign(this, { status, code, details });
  }
  get isLost() {
    return this.status === 0 && this.code !== "cancelled";
  }
  get isPassing() {
    return this.isLost || [429, 500, 502, 503, 504].includes(this.status);
  }
}

const SLOW_MS = 8_000; // until it is said that an answer takes long

let base = "";
let askToken = async () => null;
let tellConnection = () => {};
const tokenListeners = [];

// Whoever could not ask for anything before there was a token.
export const whenToken = (listener) => tokenListeners.push(listener);
export const hasToken = () => Boolean(sessionStorage.getItem(TOKEN));

export async function connect(hooks) {
  ({ askToken, tellConnection } = hooks);
  try {
    const config = await (await fetch("config.json", { cache: "no-store" })).json();
    base = String(config.api || "").replace(/\/$/, "");
  } catch {
    base = ""; // served by the API's own machine
  }
  return base;
}

export const sleep = (ms, signal) =>
  new Promise((done, stop) => {
    const cancelled = () => stop(new ApiError(0, "cancelled", "Cancelled."));
    if (signal?.aborted) return cancelled();
    const wake = () => (clearTimeout(timer), removeEventListener("online", wake), done());
    const timer = setTimeout(wake, ms);
    addEventListener("online", wake, { once: true });
    signal?.addEventListener("abort", () => (clearTimeout(timer), cancelled()), { once: true });
  });

// One request. `patient`: keeps trying while the connection is lost or the server is unwell;
// `quiet`: nobody asked for it, so nobody is asked again for a token that was not given.
export async function ask(method, path, { body, headers, signal, patient = 0, quiet = false } = {}) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const answer = await once(method, path, { body, headers, signal });
      tellConnection("fine");
      return answer;
    } catch (error) {
      if (error.status === 401 || (error.status === 403 && error.code === "forbidden")) {
        if (quiet && wasDismissed) throw error;
        await renewToken(error);
        continue;
      }
      if (error.code !== "cancelled") tellConnection(error.isLost ? error.code : "fine");
      if (!error.isPassing || (attempt >= patient && !(patient && error.isLost))) throw error;
      const told_s = Number(error.details.retry_after_s) || 0;
      if (told_s > 120) throw error;
      await sleep(Math.max(told_s * 1000, PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]), signal);
    }
  }
}

async function once(method, path, { body, headers = {}, signal }) {
  const hint = setTimeout(() => tellConnection("waiting"), SLOW_MS);
  const late = AbortSignal.timeout(PATIENCE_MS);
  const token = sessionStorage.getItem(TOKEN);
  const sent = { ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (token) sent.Authorization = `Bearer ${token}`;
  let reply, text;
  try {
    reply = await fetch(base + path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, late]) : late,
    });
    text = await reply.text();
  } catch {
    if (signal?.aborted) throw new ApiError(0, "cancelled", "Cancelled.");
    if (late.aborted) throw new ApiError(0, "slow", "The server did not answer in time.");
    throw new ApiError(0, "lost", "The server cannot be reached.");
  } finally {
    clearTimeout(hint);
  }
  return understood(reply, text);
}

function understood(reply, text) {
  let told = null;
  try {
    told = text ? JSON.parse(text) : {};
  } catch {
    // a gateway's own page
  }
  if (reply.ok && told) return told;
  const wait_s = Number(reply.headers.get("Retry-After")) || undefined;
  throw new ApiError(
    reply.status,
    told?.code || "unreadable",
    told?.error || told?.message || `The server answered ${reply.status}, without a reason.`,
    { retry_after_s: wait_s, ...(told?.details || {}) },
  );
}

let renewal = null;
let wasDismissed = false;

export async function renewToken(error = null) {
  renewal ??= askToken(sessionStorage.getItem(TOKEN) ? "This token is not accepted." : "");
  let token;
  try {
    token = await renewal;
  } finally {
    renewal = null;
  }
  wasDismissed = !token;
  if (!token) {
    if (error) throw error;
    return;
  }
  sessionStorage.setItem(TOKEN, token);
  setTimeout(() => tokenListeners.forEach((listener) => listener()));
}

// Sends a file by a signed form, telling the share that is sent.
export function send(form, file, tell, signal) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    body.append("file", file);
    request.open("POST", form.url);
    request.upload.onprogress = (event) => tell(event.loaded / event.total);
    request.onload = () =>
      request.status < 300
        ? done()
        : fail(new ApiError(request.status, "upload", "The file was not taken. Try it again."));
    request.onerror = () => fail(new ApiError(0, "lost", "The connection broke while the file was sent. Try it again."));
    request.onabort = () => fail(new ApiError(0, "cancelled", "Cancelled."));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.send(body);
  });
}
