// The panel, pixel by pixel: each of its pixels is a square of whole pixels here, whatever its size and this page's.

import { byId, hear } from "/link.js";

const LIT = "#e4f3ff";
const SPEAK_AFTER = 1200;

const glass = byId("glass"), frame = byId("frame"), words = byId("words");
let shown = { bits: "", width: 0, height: 0 };
let size = [128, 64];
let speaking = null;

hear("picture", ({ bits, width, height }) => {
  shown = { bits: atob(bits), width, height };
  if (width) size = [width, height];
  draw();
});
hear("lost", () => { shown = { bits: "", width: 0, height: 0 }; draw(); });

// The words are for who does not see the picture. A countdown, or a number that is being typed, speaks when it rests.
hear("screen", ({ text, language, again }) => {
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    words.textContent = text;
    words.lang = language;
  }, again ? SPEAK_AFTER : 0);
});

new ResizeObserver(draw).observe(frame);

function draw() {
  const [width, height] = size;
  const room = frame.clientWidth - parseFloat(getComputedStyle(frame).paddingLeft) * 2;
  const dot = Math.max(1, Math.floor((room * devicePixelRatio) / width));
  glass.width = width * dot;
  glass.height = height * dot;
  glass.style.width = `${(width * dot) / devicePixelRatio}px`;
  glass.dataset.dot = dot;
  const pen = glass.getContext("2d");
  pen.fillStyle = LIT;
  const lit = dot > 5 ? dot - 1 : dot; // a hair between the dots, as on the glass
  const stride = Math.ceil(shown.width / 8);
  for (let y = 0; y < shown.height; y++) {
    for (let x = 0; x < shown.width; x++) {
      if (shown.bits.charCodeAt(y * stride + (x >> 3)) & (0x80 >> (x & 7))) pen.fillRect(x * dot, y * dot, lit, lit);
    }
  }
}
