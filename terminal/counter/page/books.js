// The journal of the terminal with what is waiting, and the log of what happened, in words.

import { byId, hear, made } from "/link.js";

const MOST_LINES = 200;
const EMPTY = "Nothing yet: show a card and press +.";
const UNREAD = "It is on the terminal’s disk, and cannot be read without power.";
const CAUSES = { award: "Award", redeem: "Reward", undo: "Undone", return: "Goods back", issue: "New card", "give back": "Given back" };

hear("journal", ({ rows }) => {
  const off = document.body.classList.contains("off");
  const seen = byId("rows").childElementCount > 0;
  if (off && seen) return; // what was read last stays: it is on the terminal's disk
  byId("rows").replaceChildren(...rows.map(row));
  byId("no-rows").textContent = off ? UNREAD : EMPTY;
  byId("no-rows").hidden = rows.length > 0;
});

hear("linked", () => byId("log").replaceChildren());
hear("log", ({ at, voice, text, replaces }) => {
  const time = new Date(at).toLocaleTimeString("en-GB");
  const line = made("li", {}, made("time", { textContent: time }), made("span", { className: `by-${voice}`, textContent: text }));
  const first = byId("log").firstElementChild;
  if (replaces && first) first.replaceWith(line);
  else byId("log").prepend(line);
  while (byId("log").childElementCount > MOST_LINES) byId("log").lastElementChild.remove();
});

function row({ sequence, cause, postings, waiting, reward }) {
  const changes = postings.map(({ purse, delta }) => made("li", { textContent: change(purse, delta) }));
  const state = made("span", { className: waiting ? "state waits" : "state", textContent: waiting ? "waits" : "✓ sent" });
  const what = CAUSES[cause] ?? cause;
  const cells = [String(sequence), reward ? `${what}: ${reward}` : what, made("ul", {}, ...changes), state];
  return made("tr", {}, ...cells.map((cell) => made("td", {}, cell)));
}

function change(purse, delta) {
  const sign = delta < 0 ? "−" : "+";
  const size = Math.abs(delta);
  if (purse !== "points") return `${sign}${size} ${purse}`;
  return `${sign}${(size / 1000).toLocaleString("en-GB", { maximumFractionDigits: 3 })} p`;
}
