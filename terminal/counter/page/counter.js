// The counter page: what stands around the terminal. Each module hears and tells for its own part of the page.

import "/glass.js";
import "/sound.js";
import "/hands.js";
import "/tray.js";
import "/books.js";
import { byId, connect, hear, isOn, tell } from "/link.js";

const WRONG_MS = 6000;
const NO_POWER = "No power. What was written down is on the terminal’s disk: put the plug back and see.";
const NO_ANSWER = "The terminal does not answer. If it was started again, open its new address.";

hear("linked", () => { byId("link").hidden = true; });
hear("lost", () => {
  byId("link").hidden = false;
  byId("link").textContent = document.body.classList.contains("changing") ? "One moment…" : NO_ANSWER;
});

hear("power", ({ on }) => {
  document.body.classList.remove("changing");
  document.body.classList.toggle("off", !on);
  byId("power").setAttribute("aria-checked", on);
  byId("cloud").hidden = !on;
  byId("link").hidden = on;
  if (!on) byId("link").textContent = NO_POWER;
});
byId("power").addEventListener("click", () => {
  document.body.classList.add("changing");
  tell({ do: "power", on: !isOn(byId("power")) });
});

hear("network", ({ on }) => byId("network").setAttribute("aria-checked", on));
byId("network").addEventListener("click", () => tell({ do: "network", on: !isOn(byId("network")) }));

hear("cloud", ({ online, waiting }) => {
  const queue = waiting ? ` · ${waiting} ${waiting === 1 ? "entry waits" : "entries wait"}` : "";
  byId("cloud").textContent = (online ? "Cloud reached" : "Cloud not reached") + queue;
  byId("cloud").classList.toggle("waiting", !online || waiting > 0);
});

let fading = null;
hear("wrong", ({ text }) => {
  byId("wrong").textContent = text;
  byId("wrong").hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { byId("wrong").hidden = true; }, WRONG_MS);
});

connect();
