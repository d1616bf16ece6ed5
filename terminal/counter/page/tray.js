// The cards and their readers. The numbers stay in the terminal: a card is shown by its key.

import { aSwitch, byId, hear, made, tell } from "/link.js";
import { holdable } from "/hands.js";

// Drawn in a square of 24, stroke only.
const LOOKS = {
  barcode: "M3 6v12M6 6v12M8.5 6v12M12 6v12M14 6v12M17.5 6v12M21 6v12",
  phone: "M7 2.5h10v19H7zM10 7h1.5v1.5H10zM13 7h1.5v1.5H13zM10 10.5h1.5V12H10zM13.5 11h.5M11 18.5h2",
  blank: "M4.5 5.5h15a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-15a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2zM12 9v6M9 12h6",
  broken: "M3 6v12M6 6v5M9 6v3M9 13v5M13 6v6l-2 2v4M17 6v12M21 9v9M4 17l4-4 4 2 8-8",
  carton: "M7 9l2-6h6l2 6v12H7zM7 9h10M15 3v3M10 13h4",
  staff: "M5 4h14v17H5zM10 2h4v3h-4zM12 12.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM8 17.5c.6-2.200 2-3.3 4-3.3s3.400 1.1 4 3.3",
  waves: "M6 9.5a5 5 0 0 1 0 5M9.5 7.5a8.5 8.5 0 0 1 0 9M13 5.5a12 12 0 0 1 0 13M16.5 3.5a16 16 0 0 1 0 17",
  bank: "M4.5 5.5h15a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-15a2 2 0 0 1-2-2v-9a2 2 0 0 1 2-2zM2.5 10h19M6 15h4",
  wallet: "M4 8h13v9H4zM7 8V5h13v9h-3M7 12.5h4",
  chip: "M5 5h14v14H5zM5 10h4v4H5M19 10h-4v4h4M9 5v5M15 5v5M9 14v5M15 14v5",
};

const lying = {};

hear("cards", ({ readers, cards }) => {
  byId("readers").replaceChildren(...readers.map(({ reader, name, hint }) => {
    const own = cards.filter((card) => card.reader === reader);
    const plug = aSwitch(name, (on) => tell({ do: "plug", device: reader, on }));
    plug.dataset.plug = reader;
    const title = made("div", { className: "about" }, made("h3", {}, plug), made("p", { textContent: hint }));
    const group = made("div", { className: "reader" }, title, made("div", { className: "stack" }, ...own.map(cardButton)));
    group.dataset.reader = reader;
    return group;
  }));
});

hear("card", ({ device, there }) => {
  for (const card of document.querySelectorAll(`.card[data-reader="${device}"]`)) {
    const here = there && card.dataset.key === lying[device];
    card.classList.toggle("there", here);
    if (card.dataset.toggles) card.setAttribute("aria-pressed", here);
  }
  if (!there) delete lying[device];
});

hear("plug", ({ device, name, on }) => {
  plugOf(device, name).setAttribute("aria-checked", on);
  if (device === "staff panel") plugOf("panel").lastChild.data = byId("customers-title").textContent;
});

function icon(look) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", LOOKS[look] ?? LOOKS.blank);
  svg.append(path);
  return svg;
}

function cardButton({ key, name, about, reader, look, stays }) {
  const words = made("span", {}, made("b", { textContent: name }), made("small", { textContent: about }));
  const element = made("button", { type: "button", className: "card" }, icon(look), words);
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

function plugOf(device, name) {
  const known = document.querySelector(`[data-plug="${device}"]`);
  if (known) return known;
  const element = aSwitch(name, (on) => tell({ do: "plug", device, on }));
  element.dataset.plug = device;
  byId("plugs").append(element);
  return element;
}

byId("any").addEventListener("submit", (event) => {
  event.preventDefault();
  tell({ do: "scan", text: byId("any-text").value });
  byId("any-text").select();
});
