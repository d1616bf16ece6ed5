// Lights and beeper: the very patterns that the terminal plays, steps of [green, red, hertz, milliseconds, duty].

import { byId, hear } from "/link.js";

const LOUD = 0.12, SOON = 0.03, HARMONICS = 40;

const waves = new Map();
let timers = [];
let audio = null;
let voice = null;

hear("signals", ({ steps }) => play(steps));
hear("lost", () => play([]));

export function play(steps) {
  timers.forEach(clearTimeout);
  timers = [];
  let at = 0;
  for (const [green, red, hertz, ms] of steps) {
    timers.push(setTimeout(light, at, green, red, hertz));
    at += ms;
  }
  timers.push(setTimeout(light, at, false, false, 0));
  sound(steps);
}

function light(green, red, hertz) {
  byId("green").classList.toggle("lit", green);
  byId("red").classList.toggle("lit", red);
  byId("beeper").classList.toggle("sounds", hertz > 0);
}

// Tones are laid on the audio's own clock, so that a busy page does not blur their rhythm.
function sound(steps) {
  voice?.stop();
  voice = null;
  if (audio?.state !== "running" || !byId("sound").checked || !steps.some(([, , hertz]) => hertz)) return;
  const gain = new GainNode(audio, { gain: 0 });
  voice = new OscillatorNode(audio, { type: "custom", periodicWave: wave(steps[0][4]) });
  voice.connect(gain).connect(audio.destination);
  let at = audio.currentTime + SOON;
  voice.start(at);
  for (const [, , hertz, ms] of steps) {
    if (hertz) voice.frequency.setValueAtTime(hertz, at);
    gain.gain.setValueAtTime(hertz ? LOUD : 0, at);
    at += ms / 1000;
  }
  gain.gain.setValueAtTime(0, at);
  voice.stop(at);
}

// A rectangular wave that is high for `duty` per cent of each period: its Fourier series.
function wave(duty) {
  if (!waves.has(duty)) {
    const real = new Float32Array(HARMONICS), imaginary = new Float32Array(HARMONICS);
    for (let n = 1; n < HARMONICS; n++) real[n] = (4 / (n * Math.PI)) * Math.sin((n * Math.PI * duty) / 100);
    waves.set(duty, audio.createPeriodicWave(real, imaginary, { disableNormalization: true }));
  }
  return waves.get(duty);
}

// A browser lets a page sound only after somebody has touched it.
function wake() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}
addEventListener("pointerdown", wake);
addEventListener("keydown", wake);
