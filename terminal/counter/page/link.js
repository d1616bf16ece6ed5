// The WebSocket to the terminal: what it says, and what it is told. Nothing is decided on this page.

export const byId = (id) => document.getElementById(id);

export const made = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};

const FIRST_TRY = 250, LAST_TRY = 2000;

const heard = new Map();
let socket = null;
let wait = FIRST_TRY;

// Calls `act` with each message of a kind: hear("network", ({ on }) => ...).
export function hear(say, act) {
  heard.set(say, [...(heard.get(say) ?? []), act]);
}

// Sends one action, as in tell({ do: "press", button: "award" }); lost while there is no link.
export function tell(message) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

export const say = (message) => heard.get(message.say)?.forEach((act) => act(message));

export function connect() {
  socket = new WebSocket(`ws://${location.host}/talk`);
  socket.onopen = () => {
    wait = FIRST_TRY;
    say({ say: "linked" });
  };
  socket.onmessage = (event) => say(JSON.parse(event.data));
  socket.onclose = () => {
    say({ say: "lost" });
    setTimeout(connect, wait);
    wait = Math.min(2 * wait, LAST_TRY);
  };
}

// ---- switches: elements with the role, whose state is the terminal's

export const isOn = (element) => element.getAttribute("aria-checked") === "true";

export function aSwitch(name, turn) {
  const element = made("button", { type: "button", className: "switch", role: "switch" }, made("span", { className: "knob" }), name);
  element.setAttribute("aria-checked", "true");
  element.addEventListener("click", () => turn(!isOn(element)));
  return element;
}
