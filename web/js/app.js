/** The page: asks the server what it can do, then wires the parts together. */

import { ApiError, NoAnswer, address, call, connect, mayPass, patiently } from "./api.js";
import { Cards, told } from "./cards.js";
import { Composer } from "./composer.js";
import { Player } from "./player.js";
import { Shelf, hasEnded } from "./shelf.js";
import { Sound } from "./sound.js";
import { complain } from "./words.js";

const $ = (id) => document.getElementById(id);
const FIELDS = { text: "text", source: "text", text_type: "text", voice: "voice", engine: "voice", language: "voice", music: "music" };
const MOST_TRIES = 8;

await connect(token);
const abilities = await patiently(() => call("GET", "/capabilities"), {
  waiting: () => { $("server").textContent = "The service does not answer yet; trying again. Your text is kept."; },
});
$("server").textContent = abilities.stories ? "" : "This service tells no whole stories yet; try again later.";
$("docs").href = address("/docs");

const sound = new Sound(abilities, () => composer?.changed());
const composer = new Composer(abilities, () => sound.speech());
const shelf = new Shelf();
const player = new Player((story) => shelf.refresh(story));
const cards = new Cards($("shelf"), {
  play: (story) => listen(story),
  cancel: (story) => attempt(story, () => shelf.cancel(story)),
  forget: (story) => { shelf.forget(story); $("head-shelf").focus(); },
  again: (story) => send(story.body, story.title),
});

let awaited = null;
let trying = null;

shelf.addEventListener("change", ({ detail: story }) => {
  cards.show(story, shelf.stories.indexOf(story));
  $("shelf-empty").hidden = shelf.stories.length > 0;
  announce(story);
  if (story === awaited && hasEnded(story)) {
    awaited = null;
    $("going").textContent = "";
    if (story.state === "done" && player.audio.paused) listen(story);
  }
});
shelf.stories.forEach((story, place) => cards.show(story, place));
$("shelf-empty").hidden = shelf.stories.length > 0;

$("composer").addEventListener("submit", (event) => { event.preventDefault(); tell(); });
$("composer").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) tell();
});
$("stop-trying").addEventListener("click", () => trying?.abort());
await sound.load();

/** Have the story told that is on the page. */
function tell() {
  for (const id of ["voice", "music", "sound"]) complain($(`problem-${id}`));
  complain($("problem"));
  const what = composer.request();
  if (what) send(JSON.stringify({ ...what, ...sound.request() }), titleOf(what));
}

/** Send a request; while it finds no open ear it is sent again, and means the same story. */
async function send(body, title) {
  if (trying) return;
  const running = shelf.running(body);
  if (running) {
    $("going").textContent = "This very story is being told already: see below.";
    return;
  }
  trying = new AbortController();
  $("tell").disabled = true;
  $("going").textContent = "Sending …";
  const headers = { "Idempotency-Key": crypto.randomUUID() };
  try {
    const accepted = await patiently(() => call("POST", "/stories", { body: JSON.parse(body), headers, signal: trying.signal }), {
      signal: trying.signal,
      most: MOST_TRIES,
      waiting: (seconds, error) => {
        $("going").textContent = `${error.message} Trying again in ${seconds} s; your text is kept.`;
        $("stop-trying").hidden = false;
      },
    });
    sound.hush();
    awaited = shelf.add(accepted, { title, body: body.length < 100_000 ? body : undefined });
    $("going").textContent = "Begun. It goes on when this page is closed.";
  } catch (error) {
    $("going").textContent = "";
    if (!trying.signal.aborted) blame(error);
  }
  $("stop-trying").hidden = true;
  $("tell").disabled = false;
  trying = null;
}

/** Say what is wrong beside what caused it. */
function blame(error) {
  const place = FIELDS[error.field] ?? (error.field ? "sound" : "");
  const again = error instanceof NoAnswer || mayPass(error) || error.status >= 500;
  const number = error instanceof ApiError && error.status >= 500 && error.requestId ? ` (Request ${error.requestId}.)` : "";
  const sentence = `${error.message.replace(/^\w+: /, (field) => (error.field ? "" : field))}${again ? " Nothing is lost: your text is kept. Try again in a moment." : ""}${number}`;
  if (place === "sound") $("sound").open = true;
  if (place === "text" && !composer.source) composer.complain(sentence);
  else complain($(place ? `problem-${place}` : "problem"), sentence);
}

/** Play a story, and show which one it is. */
async function listen(story) {
  cards.select(story);
  sound.hush();
  const opened = player.open(story, true);
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  $("player").scrollIntoView({ block: "nearest", behavior: isCalm ? "auto" : "smooth" });
  await opened;
}

async function attempt(story, deed) {
  try {
    await deed();
  } catch (error) {
    story.offline = error.message;
    cards.show(story, shelf.stories.indexOf(story));
  }
}

const said = new Map();

/** For those who do not see the list: each new state of a story, once. */
function announce(story) {
  if (said.get(story) === story.state) return;
  said.set(story, story.state);
  $("shelf-news").textContent = `${story.title || "Story"}: ${told(story)}`;
}

/** What a story is called until the service has read it. */
function titleOf({ text = "" }) {
  const first = text.trim().split("\n", 1)[0].replace(/^#+\s*/, "");
  return first.length > 60 ? `${first.slice(0, 59)}…` : first;
}

/** Ask the person for a token. */
function token(wasWrong) {
  const dialog = $("ask-token");
  complain($("problem-token"), wasWrong ? "That token is not known here." : "");
  if (!dialog.open) dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "use" ? $("token").value.trim() : "");
      $("token").value = "";
    }, { once: true });
  });
}
