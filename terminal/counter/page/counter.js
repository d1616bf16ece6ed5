// The counter page: shows what the terminal says over a WebSocket, and tells it what is done here. Nothing is decided here.

const byId = (id) => document.getElementById(id);
const made = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};

// ---- the link to the terminal

let socket = null;

const tell = (message) => {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
};

function connect() {
  socket = new WebSocket(`ws://${location.host}/talk`);
  socket.onopen = () => {
    byId("log").replaceChildren();
    byId("link").hidden = true;
  };
  socket.onmessage = (event) => {
    const message = JSON.parse(event.data);
    heard[message.say]?.(message);
  };
  socket.onclose = () => {
    byId("link").hidden = false;
    byId("link").textContent = "The terminal does not answer. If it was started again, open its new address.";
    heard.picture({ bits: "", width: 0, height: 0 });
    play([]);
    setTimeout(connect, 1000);
  };
}

// ---- what the terminal says

const CABLES = { scanner: "Scanner", nfc: "NFC", chip: "Chip", pad: "Pad", buttons: "Buttons", signals: "Lights", panel: "Screen" };
const READERS = {
  scanner: ["Barcode scanner", "click to scan"],
  nfc: ["NFC reader", "click to tap, hold to leave it there"],
  chip: ["Chip reader", "click to insert, again to take out"],
};

const heard = {
  picture: ({ bits, width, height }) => draw(atob(bits), width, height),
  screen: ({ text, language }) => {
    byId("words").textContent = text;
    byId("words").lang = language;
  },
  signals: ({ steps }) => play(steps),
  button: ({ button, down }) => document.querySelector(`[data-button="${button}"]`).classList.toggle("down", down),
  cards: ({ cards }) => layOut(cards),
  card: ({ device, there }) => {
    for (const card of document.querySelectorAll(`.card[data-reader="${device}"]`)) {
      const here = there && card.dataset.key === lying[device];
      card.classList.toggle("there", here);
      if (card.dataset.toggles) card.setAttribute("aria-pressed", here);
    }
    if (!there) delete lying[device];
  },
  plug: ({ device, on }) => plugOf(device).setAttribute("aria-checked", on),
  network: ({ on }) => byId("network").setAttribute("aria-checked", on),
  cloud: ({ online, waiting }) => {
    const queue = waiting ? ` · ${waiting} ${waiting === 1 ? "entry waits" : "entries wait"}` : "";
    byId("cloud").textContent = (online ? "Cloud reached" : "Cloud not reached") + queue;
    byId("cloud").classList.toggle("waiting", !online || waiting > 0);
  },
  journal: ({ rows }) => {
    byId("rows").replaceChildren(...rows.map(row));
    byId("no-rows").hidden = rows.length > 0;
  },
  log: ({ at, voice, text, replaces }) => {
    const time = new Date(at).toLocaleTimeString("en-GB");
    const line = made("li", {}, made("time", { textContent: time }), made("span", { className: `by-${voice}`, textContent: text }));
    const first = byId("log").firstElementChild;
    if (replaces && first) first.replaceWith(line);
    else byId("log").prepend(line);
    while (byId("log").childElementCount > 200) byId("log").lastElementChild.remove();
  },
  wrong: ({ text }) => {
    byId("wrong").textContent = text;
    byId("wrong").hidden = false;
    setTimeout(() => { byId("wrong").hidden = true; }, 4000);
  },
};

const PIXEL = [214, 236, 255, 255];

function draw(bits, width, height) {
  const pen = byId("glass").getContext("2d");
  pen.clearRect(0, 0, 128, 64);
  if (!width) return;
  const picture = pen.createImageData(width, height);
  const stride = Math.ceil(width / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (bits.charCodeAt(y * stride + (x >> 3)) & (0x80 >> (x & 7))) picture.data.set(PIXEL, 4 * (y * width + x));
    }
  }
  pen.putImageData(picture, 0, 0);
}

function row({ sequence, cause, postings, waiting, reward }) {
  const changes = postings.map(({ purse, delta }) => made("li", { textContent: change(purse, delta) }));
  const state = made("span", { className: waiting ? "state waits" : "state", textContent: waiting ? "waits" : "✓ sent" });
  const cells = [String(sequence), reward ? `${cause}: ${reward}` : cause, made("ul", {}, ...changes), state];
  return made("tr", {}, ...cells.map((cell) => made("td", {}, cell)));
}

function change(purse, delta) {
  const sign = delta < 0 ? "−" : "+";
  const size = Math.abs(delta);
  if (purse !== "points") return `${sign}${size} ${purse}`;
  return `${sign}${(size / 1000).toLocaleString("en-GB", { maximumFractionDigits: 3 })} p`;
}

// ---- lights and beeper

let timers = [];
let audio = null;
let voice = null;

function play(steps) {
  timers.forEach(clearTimeout);
  timers = [];
  let at = 0;
  for (const [green, red, hertz, ms] of steps) {
    timers.push(setTimeout(light, at, green, red, hertz));
    at += ms;
  }
  timers.push(setTimeout(light, at, false, false, 0));
}

function light(green, red, hertz) {
  byId("green").classList.toggle("lit", green);
  byId("red").classList.toggle("lit", red);
  byId("beeper").classList.toggle("sounds", hertz > 0);
  if (!audio || audio.state !== "running") return;
  voice ??= tuned();
  voice.gain.gain.setTargetAtTime(hertz && byId("sound").checked ? 0.06 : 0, audio.currentTime, 0.002);
  if (hertz) voice.tone.frequency.setValueAtTime(hertz, audio.currentTime);
}

function tuned() {
  const tone = new OscillatorNode(audio, { type: "square" });
  const gain = new GainNode(audio, { gain: 0 });
  tone.connect(gain).connect(audio.destination);
  tone.start();
  return { tone, gain };
}

// A browser lets a page sound only after somebody has touched it.
const wakeAudio = () => {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
};
addEventListener("pointerdown", wakeAudio);
addEventListener("keydown", wakeAudio);

// ---- what is done here

// Anything that can be held down: by mouse or finger, by Space or Enter, or by an assistive tool's click.
function holdable(element, down, up) {
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
    if (event.detail === 0 && !held) { press(); setTimeout(release, 120); }
  });
  element.addEventListener("contextmenu", (event) => event.preventDefault());
}

for (const element of document.querySelectorAll("[data-button]")) {
  const { button } = element.dataset;
  holdable(element, () => tell({ do: "press", button }), () => tell({ do: "release", button }));
}

const KEYS = [
  ["/", "/"], ["*", "*"], ["back", "⌫", "backspace"], ["-", "−", "minus"],
  ["7", "7"], ["8", "8"], ["9", "9"], ["+", "+", "plus", "tall"],
  ["4", "4"], ["5", "5"], ["6", "6"],
  ["1", "1"], ["2", "2"], ["3", "3"], ["enter", "Enter", "Enter", "tall small"],
  ["0", "0", "0", "wide"], [",", ",", "comma"],
];
for (const [key, sign, name, look] of KEYS) {
  const element = made("button", { type: "button", className: `key ${look ?? ""}`, textContent: sign, ariaLabel: name ?? sign });
  element.addEventListener("click", () => tell({ do: "key", key }));
  byId("pad").append(element);
}

const lying = {};

function layOut(cards) {
  const readers = Object.entries(READERS).map(([reader, [name, hint]]) => {
    const own = cards.filter((card) => card.reader === reader);
    const title = made("h3", {}, name, made("small", { textContent: hint }));
    const group = made("div", { className: "reader" }, title, made("div", { className: "stack" }, ...own.map(cardButton)));
    group.dataset.reader = reader;
    return group;
  });
  byId("readers").replaceChildren(...readers);
}

function cardButton({ key, name, about, reader, stays }) {
  const element = made("button", { type: "button", className: "card" }, made("b", { textContent: name }), made("small", { textContent: about }));
  Object.assign(element.dataset, { key, reader });
  const show = () => { lying[reader] = key; tell({ do: "show", card: key }); };
  const take = () => tell({ do: "take", card: key });
  if (!stays) {
    element.addEventListener("click", () => tell({ do: "show", card: key }));
  } else if (reader === "nfc") {
    holdable(element, show, take);
  } else {
    element.dataset.toggles = "yes";
    element.setAttribute("aria-pressed", "false");
    element.addEventListener("click", () => {
      if (lying[reader] === key) { take(); return; }
      if (lying[reader]) take();
      show();
    });
  }
  return element;
}

byId("any").addEventListener("submit", (event) => {
  event.preventDefault();
  tell({ do: "scan", text: byId("any-text").value });
  byId("any-text").select();
});

const isOn = (element) => element.getAttribute("aria-checked") === "true";
byId("network").addEventListener("click", () => tell({ do: "network", on: !isOn(byId("network")) }));

function plugOf(device) {
  const known = document.querySelector(`[data-plug="${device}"]`);
  if (known) return known;
  const element = made("button", { type: "button", className: "switch" }, made("span", { className: "knob" }), CABLES[device] ?? device);
  element.dataset.plug = device;
  element.setAttribute("role", "switch");
  element.addEventListener("click", () => tell({ do: "plug", device, on: !isOn(element) }));
  byId("plugs").append(element);
  return element;
}

// ---- the keyboard

const BUTTONS = { "+": "award", "-": "redeem", ArrowRight: "next", Escape: "cancel" };
const PAD = { ".": ",", Enter: "enter", Backspace: "back" };
const held = new Map();

addEventListener("keydown", (event) => {
  const at = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || at.matches("input[type=text], input:not([type])")) return;
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

const letGo = (code) => {
  if (!held.has(code)) return;
  tell({ do: "release", button: held.get(code) });
  held.delete(code);
};
addEventListener("keyup", (event) => letGo(event.code));
addEventListener("blur", () => [...held.keys()].forEach(letGo));

// A click must not take the focus: Enter would then repeat it, where the number pad is meant.
addEventListener("mousedown", (event) => {
  if (event.target.closest("button")) event.preventDefault();
});

connect();
