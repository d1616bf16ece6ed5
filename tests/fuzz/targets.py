"""The parsers that `scripts/fuzz` can drive: each is a file of this folder with a `one_input(data: bytes)`.

A target takes any bytes, turns them into what its parser takes, and asserts what must always hold; whatever is raised is a
finding. To add a parser: write `tests/fuzz/NAME.py` and add NAME here, with the modules whose branches guide the fuzzer.
"""

from __future__ import annotations

TARGETS: dict[str, tuple[str, ...]] = {
    "keys": (
        "drivers.keyboard_layouts",
        "drivers.keyboard_typist",
        "drivers.calibration",
        "drivers.keyboard_decoding",
        "drivers.keyboard_judging",
        "drivers.scan_text",
    ),
    "numbers": ("loyalty.numbers", "loyalty.rfid"),
    "ndef": ("drivers.ndef", "drivers.type4"),
    "tlv": ("drivers.ndef",),
    "apdu": (
        "drivers.apdu",
        "drivers.ndef",
        "drivers.atr",
        "drivers.chip_profiles",
        "drivers.memory_card",
        "drivers.type4",
        "drivers.chip_card",
        "drivers.nfc_frontend",
    ),
    "nfc": ("drivers.apdu", "drivers.ndef", "drivers.type4", "drivers.nfc"),
    "qr": ("drivers.scan_text", "loyalty.numbers", "loyalty.sun", "loyalty.rfid", "terminal.cards"),
    "sun": ("loyalty.sun",),
}
"""The modules that are watched, by the name of the target; in the order in which they import each other."""
