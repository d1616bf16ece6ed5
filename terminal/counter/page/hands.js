// The four buttons, the number pad, and the keyboard that presses both.

import { byId, hear, made, tell } from "/link.js";

const CLICK_MS = 120;

// Anything that can be held down: by mouse or finger, by Space or Enter, or by an assistive tool's click.
export function holdable(element, down, up) {
  let held = false;
  const press = () => { if (!held) { held = true; down(); } };
  const release = () => { if (held) { held = false; up(); } };
  const isKey = (event) => event.key === " " || event.key === "Enter";
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    element.setPointerCapture(event.pointerId);
    press();
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture", "blur"]) element.addEventListener(end, release);
  element.addEventListener("keydown", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) press();
  });
  element.addEventListener("keyup", (event) => {
    if (!isKey(event)) return;
    event.preventDefault();
    release();
  });
  element.addEventListener("click", (event) => {
    if (event.detail === 0 && !held) { press(); setTimeout(release, CLICK_MS); }
  });
  element.addEventListener("contextmenu", (event) => event.preventDefault());
}

// ---- buttons and pad

for (const element of document.querySelectorAll("[data-button]")) {
  const { button } = element.dataset;
  holdable(element, () => tell({ do: "press", button }), () => tell({ do: "release", button }));
}

hear("button", ({ button, down }) => document.querySelector(`[data-button="${button}"]`).classList.toggle("down", down));
hear("lost", () => document.querySelectorAll(".push.down").forEach((element) => element.classList.remove("down")));

const KEYS = [
  ["/", "/", "slash"], ["*", "*", "star"], ["back", "⌫", "backspace"], ["-", "−", "minus"],
  ["7", "7"], ["8", "8"], ["9", "9"], ["+", "+", "plus", "tall"],
  ["4", "4"], ["5", "5"], ["6", "6"],
  ["1", "1"], ["2", "2"], ["3", "3"], ["enter", "Enter", "", "tall small"],
  ["0", "0", "", "wide"], [",", ",", "comma"],
];
for (const [key, sign, name, look] of KEYS) {
  const element = made("button", { type: "button", className: `key ${look ?? ""}`, textContent: sign, ariaLabel: byId("pad").dataset[name] ?? sign });
  element.addEventListener("click", () => tell({ do: "key", key }));
  byId("pad").append(element);
}

// ---- the keyboard; it can be let alone (WCAG 2.2, 2.1.4)

const BUTTONS = { "+": "award", "-": "redeem", ArrowRight: "next", Escape: "cancel" };
const PAD = { ".": ",", Enter: "enter", Backspace: "back" };
const held = new Map();

addEventListener("keydown", (event) => {
  const at = event.target;
  if (!byId("typing").checked || event.ctrlKey || event.metaKey || event.altKey || at.matches("input:not([type=checkbox])")) return;
  if (event.key === "Enter" && at !== document.body) return;
  const button = BUTTONS[event.key];
  const key = PAD[event.key] ?? (/^[0-9,*/]$/.test(event.key) ? event.key : null);
  if (!button && !key) return;
  event.preventDefault();
  if (event.repeat) return;
  if (key) { tell({ do: "key", key }); return; }
  held.set(event.code, button);
  tell({ do: "press", button });
});

function letGo(code) {
  if (!held.has(code)) return;
  tell({ do: "release", button: held.get(code) });
  held.delete(code);
}
addEventListener("keyup", (event) => letGo(event.code));
addEventListener("blur", () => [...held.keys()].forEach(letGo));

// A click must not take the focus: Enter would then repeat it, where the number pad is meant.
addEventListener("mousedown", (event) => {
  if (event.target.closest("button")) event.preventDefault();
});
