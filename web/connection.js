// The line on top that says when the server is slow or away, and when it is back.

import { $, announce } from "./words.js";

const SAFE = "Your text is safe here; everything goes on as soon as it is back.";
const WORDS = {
  fine: "",
  waiting: "The server takes long to answer. The page keeps waiting; your text is safe here.",
  slow: `The server did not answer in time. ${SAFE}`,
  lost: `The server cannot be reached. ${SAFE}`,
};

let now = "fine";

export function tellConnection(state) {
  if (state === now) return;
  if (state === "fine") announce("The connection is back.");
  now = state;
  $("#connection").hidden = state === "fine";
  $("#connection").textContent = WORDS[state];
}
