// The counter page: what stands around the terminal. Each module hears and tells for its own part of the page.

import "/glass.js";
import "/sound.js";
import "/hands.js";
import "/tray.js";
import "/books.js";
import { byId, connect, hear, isOn, tell } from "/link.js";

const WRONG_MS = 6000;
hear("linked", () => { byId("link").hidden = true; });
hear("lost", () => {
  byId("link").hidden = false;
  const { moment, noAnswer } = byId("link").dataset;
  byId("link").textContent = document.body.classList.contains("changing") ? moment : noAnswer;
});

hear("power", ({ on }) => {
  document.body.classList.remove("changing");
  document.body.classList.toggle("off", !on);
  byId("power").setAttribute("aria-checked", on);
  byId("cloud").hidden = !on;
  byId("link").hidden = on;
  if (!on) byId("link").textContent = byId("link").dataset.noPower;
});
byId("power").addEventListener("click", () => {
  document.body.classList.add("changing");
  tell({ do: "power", on: !isOn(byId("power")) });
});

hear("network", ({ on }) => byId("network").setAttribute("aria-checked", on));
byId("network").addEventListener("click", () => tell({ do: "network", on: !isOn(byId("network")) }));

hear("cloud", ({ online, waiting, text }) => {
  byId("cloud").textContent = text;
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
