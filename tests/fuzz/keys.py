"""Keystrokes: any keys, at any speed, lost in any place."""

from __future__ import annotations

from drivers.calibration import Taught
from drivers.events import MAX_CARD_TEXT, PAD_KEYS, Medium, Trouble
from drivers.keyboard_decoding import Decoder, PadDecoder, Pressed, ScanDecoder, Typed
from drivers.keyboard_judging import JudgingDecoder
from drivers.keyboard_layouts import LAYOUTS
from drivers.keyboard_typist import KeysLost, Keystroke
from drivers.scan_text import Framing, bank_track, unframe

FRAMINGS = tuple(Framing(*around, medium) for around in (("", ""), ("#", "*")) for medium in Medium)

LOST = 3
"""The value of a key event that the kernel does not have: here, that keys were lost."""


def one_input(data: bytes) -> None:
    """The first byte chooses layout and decoder; then three bytes are one stroke: code, value, milliseconds since the last."""
    if not data:
        return
    layout = tuple(LAYOUTS.values())[data[0] % len(LAYOUTS)]
    decoders: tuple[Decoder, ...] = (
        ScanDecoder(layout, capitals=bool(data[0] & 128)),
        JudgingDecoder(layout),
        PadDecoder(layout),
    )
    decoder, at = decoders[data[0] // len(LAYOUTS) % len(decoders)], 0
    for place in range(1, len(data) - 2, 3):
        code, value, wait = data[place : place + 3]
        at += wait
        if value % 4 == LOST:
            decoder.lost(KeysLost(at))
            continue
        for typed in decoder.key(Keystroke(code, value % 4, at)):
            check(typed)
    for typed in decoder.pause():
        check(typed)
    assert decoder.wait is None, "after a pause nothing waits"


def check(typed: Typed) -> None:
    """What comes out is of a known kind, and never a payment card's number."""
    if isinstance(typed, Pressed):
        assert typed.key in PAD_KEYS
    elif isinstance(typed, str):
        assert typed.isprintable()
        assert 0 < len(typed) <= MAX_CARD_TEXT
        for framing in FRAMINGS:
            text = unframe(typed, framing)
            assert text, "a code is not empty"
            assert isinstance(text, Trouble) or not bank_track(text)
    else:
        assert isinstance(typed, Trouble | Taught)
