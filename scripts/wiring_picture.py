"""Draws how a counter's devices are wired to the Raspberry Pi's header, from the board's own profile, in SVG.

python scripts/wiring_picture.py docs/pictures/wiring.svg
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "pictures" / "wiring.svg"
PROFILE = ROOT / "config" / "boards" / "pi-4.toml"

GPIO = {
    2: 3,
    3: 5,
    4: 7,
    14: 8,
    15: 10,
    17: 11,
    18: 12,
    27: 13,
    22: 15,
    23: 16,
    24: 18,
    10: 19,
    9: 21,
    25: 22,
    11: 23,
    8: 24,
    7: 26,
    5: 29,
    6: 31,
    12: 32,
    13: 33,
    19: 35,
    16: 36,
    26: 37,
    20: 38,
    21: 40,
}
"""The header's pin of each GPIO (Raspberry Pi documentation, "GPIO and the 40-pin header")."""

NAMES = {
    "award": "button + (award)",
    "redeem": "button − (redeem)",
    "next": "button ▸ (next)",
    "cancel": "button × (cancel)",
    "green": "green LED, 470 Ω",
    "red": "red LED, 470 Ω",
    "beeper": "beeper",
}
POWER, GROUND, SIGNAL = "#c0392b", "#2c3e50", "#1e7145"
PITCH, TOP, LEFT, WIDTH = 24, 70, 330, 760


@dataclass(frozen=True, slots=True)
class Wire:
    """What is at a pin of the header."""

    pin: int
    text: str
    colour: str


def wires(profile: Path = PROFILE) -> list[Wire]:
    """Every wire of the board, in the order of the pins."""
    tables = tomllib.loads(profile.read_text())
    pins = {**tables["buttons"], **tables["signals"]}
    found = [Wire(GPIO[pins[key]], f"{text} · GPIO {pins[key]}", SIGNAL) for key, text in NAMES.items()]
    found += [
        Wire(1, "panel VCC · 3.3 V", POWER),
        Wire(3, "panel SDA · GPIO 2", SIGNAL),
        Wire(5, "panel SCL · GPIO 3", SIGNAL),
        Wire(4, "PN532 VCC · 5 V", POWER),
        Wire(6, "PN532 GND · ground", GROUND),
        Wire(8, "PN532 RX · GPIO 14 (TXD)", SIGNAL),
        Wire(10, "PN532 TX · GPIO 15 (RXD)", SIGNAL),
        Wire(9, "panel GND · ground", GROUND),
        Wire(14, "LEDs, beeper · ground", GROUND),
        Wire(20, "buttons · ground", GROUND),
    ]
    if len({wire.pin for wire in found}) != len(found):
        raise ValueError(f"{profile.name}: two wires are at one pin")
    return sorted(found, key=lambda wire: wire.pin)


def svg(drawn: list[Wire]) -> str:
    """The header seen from above, pin 1 at the top left, with a line to the name of each wire."""
    height = TOP + 20 * PITCH + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="14">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        f'<text x="{WIDTH // 2}" y="28" text-anchor="middle" font-size="18">The 40-pin header, seen from above</text>',
        f'<text x="{WIDTH // 2}" y="48" text-anchor="middle" fill="#666">the SD card\'s end of the board is at the top</text>',
        f'<rect x="{LEFT}" y="{TOP - 6}" width="100" height="{20 * PITCH + 6}" rx="6" fill="#222"/>',
    ]
    named = {wire.pin: wire for wire in drawn}
    for pin in range(1, 41):
        left = pin % 2 == 1
        x, y = LEFT + (30 if left else 70), TOP + (pin - 1) // 2 * PITCH + 12
        wire = named.get(pin)
        colour = wire.colour if wire else "#888"
        shape = f'<rect x="{x - 8}" y="{y - 8}" width="16" height="16"' if pin == 1 else f'<circle cx="{x}" cy="{y}" r="8"'
        parts.append(f'{shape} fill="{colour}" stroke="#eee"/>')
        parts.append(f'<text x="{x}" y="{y + 4}" text-anchor="middle" font-size="10" fill="white">{pin}</text>')
        if wire is not None:
            end, anchor = (LEFT - 24, "end") if left else (LEFT + 124, "start")
            parts.append(
                f'<line x1="{x + (-8 if left else 8)}" y1="{y}" x2="{end}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
            )
            at = end - 6 if left else end + 6
            parts.append(f'<text x="{at}" y="{y + 5}" text-anchor="{anchor}" fill="{colour}">{escape(wire.text)}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET).write_text(svg(wires()), "utf-8")
