// The panel, or the customer's and the staff's, pixel by pixel: each of a panel's pixels is a square of whole pixels here.

import { byId, hear } from "/link.js";

const LIT = "#e4f3ff";
const SPEAK_AFTER = 1200;
const FIRST = "panel", STAFFS = "staff panel";
const DARK = { bits: "", width: 0, height: 0 };

const words = byId("words");
const shown = new Map([[FIRST, DARK]]);
const sizes = new Map();
let speaking = null;

hear("picture", ({ panel = FIRST, bits, width, height }) => {
  shown.set(panel, { bits: atob(bits), width, height });
  if (width) sizes.set(panel, [width, height]);
  if (panel === STAFFS) two();
  draw(panel);
});
hear("lost", () => {
  for (const panel of shown.keys()) shown.set(panel, DARK);
  drawAll();
});

// The words are for who does not see the picture. A countdown, or a number that is being typed, speaks when it rests.
hear("screen", ({ text, language, again }) => {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    words.textContent = text;
    words.lang = language;
  }, again ? SPEAK_AFTER : 0);
});

// The customer's are read where they stand, and interrupt nobody: who presses buttons is on the staff's side.
hear("customers screen", ({ text, language }) => {
  byId("customers-words").textContent = text;
  byId("customers-words").lang = language;
});

for (const frame of document.querySelectorAll(".glass")) new ResizeObserver(drawAll).observe(frame);

// Staff have a panel of their own: it takes the place above the buttons, and the first panel is the customer's.
function two() {
  if (!byId("customers").hidden) return;
  byId("customers").hidden = byId("staffs-title").hidden = false;
  words.setAttribute("aria-label", byId("staffs-title").textContent);
  draw(FIRST);
}

function canvasOf(panel) {
  return byId(panel === FIRST && shown.has(STAFFS) ? "customers-glass" : "glass");
}

function drawAll() {
  for (const panel of shown.keys()) draw(panel);
}

function draw(panel) {
  const glass = canvasOf(panel), frame = glass.parentElement, picture = shown.get(panel);
  const [width, height] = sizes.get(panel) ?? [128, 64];
  const room = frame.clientWidth - parseFloat(getComputedStyle(frame).paddingLeft) * 2;
  const dot = Math.max(1, Math.floor((room * devicePixelRatio) / width));
  glass.width = width * dot;
  glass.height = height * dot;
  glass.style.width = `${(width * dot) / devicePixelRatio}px`;
  glass.dataset.dot = dot;
  const pen = glass.getContext("2d");
  pen.fillStyle = LIT;
  const lit = dot > 5 ? dot - 1 : dot; // a hair between the dots, as on the glass
  const stride = Math.ceil(picture.width / 8);
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      if (picture.bits.charCodeAt(y * stride + (x >> 3)) & (0x80 >> (x & 7))) pen.fillRect(x * dot, y * dot, lit, lit);
    }
  }
}
