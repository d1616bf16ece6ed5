"""From what is plugged in to lines for `terminal.toml`. What cannot be seen from here stands there as a comment."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from display.controllers import ADDRESSES
from drivers.gpio import LABELS

SCANNER = re.compile(r"bar ?code|scan|imager|symbol|honeywell|datalogic|zebra|newland|netum|tera", re.IGNORECASE)
PAD = re.compile(r"key ?pad|number ?pad|numeric|numpad", re.IGNORECASE)
USB_SERIAL = {"10c4:ea60", "1a86:7523", "0403:6001", "067b:2303"}
"""USB adapters for a serial port, as PN532 boards are sold with: CP2102, CH340, FT232, PL2303."""

PN532_ADDRESS = 0x24

PINS = """# Buttons, lights and beeper cannot be seen from here: BCM pins as they are wired.
# [buttons]
# award = 17
# redeem = 22
# next = 23
# cancel = 24
# [signals]
# green = 27
# red = 25
# beeper = 18
"""


@dataclass(frozen=True, slots=True)
class Input:
    """An input device: its name, its "vendor:product", and whether it has keys to type a number, and letters."""

    name: str
    usb: str
    numbers: bool = True
    letters: bool = True


@dataclass(frozen=True, slots=True)
class Serial:
    """A serial port, "/dev/ttyUSB0"; `usb` is "vendor:product", or empty for one of the board's own."""

    path: str
    usb: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True)
class Plugged:
    """All that was found."""

    inputs: tuple[Input, ...] = ()
    serials: tuple[Serial, ...] = ()
    readers: tuple[str, ...] = ()
    """Names of PC/SC readers."""
    i2c: tuple[tuple[int, int], ...] = ()
    """(bus, address) of each chip that answered."""
    gpiochips: tuple[tuple[str, str], ...] = ()
    """(path, label)."""


def listed(plugged: Plugged) -> str:
    """What is plugged in, a line each."""
    lines = [f"input    {one.name} (usb:{one.usb}){'' if one.numbers else ', no number keys'}" for one in plugged.inputs]
    lines += [
        f"serial   {one.path} {f'(usb:{one.usb}) {one.product}' if one.usb else 'of the board'}" for one in plugged.serials
    ]
    lines += [f"pcsc     {name}" for name in plugged.readers]
    lines += [f"i2c      0x{address:02x} on /dev/i2c-{port}" for port, address in plugged.i2c]
    lines += [f"gpio     {path} {label}" for path, label in plugged.gpiochips]
    return "\n".join(lines) or "nothing is plugged in that could be a device of the terminal"


def toml_lines(plugged: Plugged) -> str:
    """Tables for terminal.toml, ready to paste under [cloud] and [terminal]."""
    parts = [*_keyboards(plugged.inputs), *_serials(plugged.serials), *_readers(plugged.readers), *_chips(plugged)]
    return "\n".join(parts)


def _keyboards(inputs: Iterable[Input]) -> list[str]:
    """A scanner often is several devices with one "vendor:product": it is named once."""
    found, seen = [], set()
    numbers = {"scanner": 0, "pad": 0}
    for one in inputs:
        if not one.numbers or one.usb in seen:
            continue
        seen.add(one.usb)
        kind = "pad" if PAD.search(one.name) or not one.letters else "scanner"
        sure = kind == "pad" or SCANNER.search(one.name) is not None
        numbers[kind] += sure
        name = kind if numbers[kind] <= 1 else f"{kind} {numbers[kind]}"
        lines = [f"[[{kind}]]", f"name = {_text(name)}", f"match = {_text(f'usb:{one.usb}')}"]
        if sure:
            found.append("\n".join([f"# {_comment(one.name)}", *lines, ""]))
        else:
            found.append("\n".join([f"# {_comment(one.name)}: if this is a scanner", *(f"# {line}" for line in lines), ""]))
    return found


def _serials(serials: Iterable[Serial]) -> list[str]:
    found, count = [], 0
    for one in serials:
        if one.usb in USB_SERIAL:
            count += 1
            name = "nfc" if count == 1 else f"nfc {count}"
            about = f"# {_comment(one.product or one.usb)}: a PN532 behind a USB adapter"
            found.append(f"{about}\n[[nfc]]\nname = {_text(name)}\npath = {_text(one.path)}\n")
        elif one.usb:
            found.append(f"# {one.path} ({_comment(one.product)}): a scanner in serial mode? Set it to HID keyboard.\n")
        else:
            found.append(
                f'# {one.path}: if a PN532 is on the serial pins\n# [[nfc]]\n# name = "nfc"\n# path = {_text(one.path)}\n'
            )
    return found


def _readers(readers: Iterable[str]) -> list[str]:
    found = []
    for number, reader in enumerate(readers, 1):
        name = "chip" if number == 1 else f"chip {number}"
        # pcscd ends its names with counters, which change from port to port.
        stem = re.sub(r"(?: \([^)]*\))?(?: [0-9A-F]{2}){2}$", "", reader)
        found.append(
            f"# Write your cards' application, file and record here.\n[[chip]]\nname = {_text(name)}\nreader = {_text(stem)}\n"
            'aid = "F04C4F59414C5459"\nsfi = 1\nrecord = 2\n'
        )
    return found


def _chips(plugged: Plugged) -> list[str]:
    panels = dict.fromkeys((port, address) for port, address in plugged.i2c if address in ADDRESSES)
    found = [
        f"[{table}]\nport = {port}\naddress = 0x{address:02X}\n"
        for table, (port, address) in zip(("panel", "staff_panel"), panels, strict=False)
    ]
    if any(address == PN532_ADDRESS for _, address in plugged.i2c):
        found.append("# Something answers at 0x24: a PN532 set to I2C? Set its switches to HSU (UART).\n")
    if any(label in LABELS for _, label in plugged.gpiochips):
        found.append(PINS)
    return found


def _text(text: str) -> str:
    """A TOML string: JSON's escapes are among TOML's (TOML 1.0, "String"), but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _comment(text: str) -> str:
    """A device may call itself anything; a comment is one line without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
