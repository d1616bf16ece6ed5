"""The devices of a counter, inside the virtual machine and below the drivers: pins, scanner, number pad, chip reader, I2C bus.

`python3 -m lab.inside.counter`. Lines of JSON on two virtio ports. "hands": what the test does, {"do": "insert", ...}, answered
by {"done": ...} or {"failed": "why"}. "wires": what a card or a chip on the bus is asked, answered by the test.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lab.inside import gadget
from lab.inside.chip_reader import ChipReader
from lab.inside.i2c_bridge import I2cBridge
from lab.inside.keys import KEYPAD, WHOLE, Keys
from lab.inside.pins import Pins

PORTS = Path("/dev/virtio-ports")


class Wires:
    """Asks the test."""

    def __init__(self) -> None:
        self._port = (PORTS / "wires").open("r+b", buffering=0)
        self._lock = threading.Lock()

    def ask(self, **what: Any) -> Any:
        with self._lock:
            write(self._port.fileno(), what)
            return json.loads(_line(self._port.fileno()))

    def card(self, command: bytes) -> bytes:
        return bytes.fromhex(self.ask(card=command.hex()))

    def bus(self, address: int, written: bytes, count: int) -> bytes | None:
        found = self.ask(address=address, written=written.hex(), count=count)
        return None if found is None else bytes.fromhex(found)


def main() -> None:
    wires = Wires()
    gadget.load()
    pins = Pins()
    chip = ChipReader(0x072F, 0xB100, "ACS", "ACR39U ICC Reader", 2, wires.card)
    devices: dict[str, Any] = {
        "scanner": Keys("scanner", 0x0C2E, 0x0B61, "Scanner", 0, WHOLE),
        "pad": Keys("pad", 0x1A2C, 0x2124, "Number Pad", 1, KEYPAD),
        "chip": chip,
        "panel": I2cBridge(wires.bus),
    }
    verbs: dict[str, Callable[..., Any]] = {
        "plug": lambda device: devices[device].plug(),
        "unplug": lambda device: devices[device].unplug(),
        "press": lambda device, keys: devices[device].press([(bool(shifted), usage) for shifted, usage in keys]),
        "insert": lambda atr: chip.insert(bytes.fromhex(atr)),
        "remove": chip.remove,
        "drive": lambda line, high: pins.drive(line, high=high),
        "levels": lambda lines: [pins.level(line) for line in lines],
        "chip number": lambda: pins.number,
    }
    hands = os.open(PORTS / "hands", os.O_RDWR)
    while True:
        asked = json.loads(_line(hands))
        try:
            write(hands, {"done": verbs[asked.pop("do")](**asked)})
        except OSError as error:
            write(hands, {"failed": f"{type(error).__name__}: {error}"})


def write(port: int, what: Any) -> None:
    data = json.dumps(what).encode() + b"\n"
    while data:
        data = data[os.write(port, data) :]


_rest: dict[int, bytes] = {}


def _line(port: int) -> bytes:
    text = _rest.pop(port, b"")
    while b"\n" not in text:
        text += os.read(port, 65536)
    line, _, _rest[port] = text.partition(b"\n")
    return line


if __name__ == "__main__":
    main()
