// The journal of the terminal with what is waiting, and the log of what happened, in words.

import { byId, hear, made } from "/link.js";

const MOST_LINES = 200;
const PAGE = document.documentElement.lang;
const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

hear("journal", ({ rows }) => {
  const off = document.body.classList.contains("off");
  const seen = byId("rows").childElementCount > 0;
  if (off && seen) return; // what was read last stays: it is on the terminal's disk
  byId("rows").replaceChildren(...rows.map(row));
  const { unread, empty } = byId("no-rows").dataset;
  byId("no-rows").textContent = off ? unread : empty;
  byId("no-rows").hidden = rows.length > 0;
});

hear("linked", () => byId("log").replaceChildren());
hear("log", ({ at, voice, text, language, replaces }) => {
  const time = made("time", { textContent: new Date(at).toLocaleTimeString(PAGE, CLOCK) });
  const line = made("li", {}, time, made("span", { className: `by-${voice}`, textContent: text, lang: language || PAGE }));
  const first = byId("log").firstElementChild;
  if (replaces && first) first.replaceWith(line);
  else byId("log").prepend(line);
  while (byId("log").childElementCount > MOST_LINES) byId("log").lastElementChild.remove();
});

function row({ sequence, what, changes, waiting }) {
  const { waits, sent } = byId("rows").dataset;
  const state = made("span", { className: waiting ? "state waits" : "state", textContent: waiting ? waits : `✓ ${sent}` });
  const cells = [String(sequence), what, made("ul", {}, ...changes.map((textContent) => made("li", { textContent }))), state];
  return made("tr", {}, ...cells.map((cell) => made("td", {}, cell)));
}
