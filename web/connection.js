// The banner that says when the server is slow or unreachable.

import { $, announce } from "./ui.js";

const RESUMES = "Your text is safe, and everything resumes as soon as the server is back.";
const MESSAGES = {
  fine: "",
  waiting: "The server is taking a long time to answer. Still waiting; your text is safe.",
  slow: `The server did not answer in time. ${RESUMES}`,
  busy: "The server is busy or has a problem. The page will try again in a moment; your text is safe.",
  lost: `The server cannot be reached. ${RESUMES}`,
};

let current = "fine";

export function showConnection(state) {
  if (state === current) return;
  if (state === "fine") announce("The server is back.");
  current = state;
  $("#connection").hidden = state === "fine";
  $("#connection").textContent = MESSAGES[state];
}
