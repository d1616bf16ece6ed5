"""Keystrokes to scans and to keys of a pad: properties over any keys at any speed, then the odd cases by name."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.calibration import CALIBRATION_TEXT
from drivers.events import MAX_CARD_TEXT, PAD_KEYS, Trouble
from drivers.keyboard_decoding import (
    CUT_SHORT_MS,
    SCAN_PAUSE_MS,
    SHORTEST_WITHOUT_ENTER,
    PadDecoder,
    Pressed,
    ScanDecoder,
    Typed,
)
from drivers.keyboard_layouts import KEYPAD, LAYOUTS, US
from drivers.keyboard_typist import MODIFIER_KEYS, KeysLost, Keystroke

PRINTABLE = "".join(map(chr, range(32, 127)))
KEYS = {character: (code, shift) for code in US.keys for shift in (False, True) if (character := US.character(code, shift))}
SHIFT, CONTROL, ALT = 42, 29, 56

texts = st.text(PRINTABLE, min_size=1, max_size=40).filter(lambda text: CALIBRATION_TEXT.lower() not in text.lower())
within = st.integers(0, SCAN_PAUSE_MS - 1)
strokes = st.builds(Keystroke, st.integers(0, 0x2FF), st.integers(0, 2), st.integers(0, 1000))
anything = st.lists(st.one_of(strokes, st.builds(KeysLost, st.integers(0, 1000))), max_size=60)


class Hand:
    """Types on a decoder, keeping the time; `scans` is what came out."""

    def __init__(self) -> None:
        self.decoder, self.at, self.scans = ScanDecoder(), 0, list[Typed]()

    def stroke(self, code: int, value: int, after: int = 0) -> None:
        self.at += after
        self.scans += self.decoder.key(Keystroke(code, value, self.at))

    def press(self, character: str, after: int = 0) -> None:
        code, shift = KEYS[character]
        if shift:
            self.stroke(SHIFT, 1, after)
            after = 0
        self.stroke(code, 1, after)
        self.stroke(code, 0)
        if shift:
            self.stroke(SHIFT, 0)

    def type(self, text: str, waits: Iterable[int] = ()) -> None:
        pauses = iter(waits)
        for character in text:
            self.press(character, next(pauses, 1))

    def fall_silent(self) -> None:
        self.at += self.decoder.wait or CUT_SHORT_MS
        self.scans += self.decoder.pause()


@given(anything)
def test_no_keystrokes_are_too_odd(events: list[Keystroke | KeysLost]) -> None:
    scan, pad = ScanDecoder(), PadDecoder()
    for event in events:
        if isinstance(event, KeysLost):
            scan.lost(event)
            pad.lost(event)
            continue
        for got in scan.key(event):
            assert isinstance(got, Trouble) or (isinstance(got, str) and got.isprintable() and 0 < len(got) <= MAX_CARD_TEXT)
        assert all(isinstance(one, Pressed) and one.key in PAD_KEYS for one in pad.key(event))
    scan.pause()
    assert scan.wait is None


@given(anything, texts)
def test_after_anything_the_next_scan_is_whole(events: list[Keystroke | KeysLost], text: str) -> None:
    hand = Hand()
    for event in events:
        if isinstance(event, KeysLost):
            hand.decoder.lost(event)
        else:
            hand.decoder.key(event)
    for code in MODIFIER_KEYS:
        hand.decoder.key(Keystroke(code, 0, 1000))
    hand.at = 1000 + SCAN_PAUSE_MS
    hand.decoder.pause()
    hand.type(text + "\n")
    assert hand.scans == [text]


@given(texts, st.data(), st.sampled_from("\n\t"))
def test_a_scan_comes_out_whole_and_once_at_any_speed(text: str, data: st.DataObject, end: str) -> None:
    hand = Hand()
    hand.type(text + end, data.draw(st.lists(within, min_size=len(text) + 1, max_size=len(text) + 1)))
    hand.fall_silent()
    assert hand.scans == [text]


@given(st.lists(texts, max_size=5), within)
def test_scans_that_end_with_enter_never_join(scans: list[str], wait: int) -> None:
    hand = Hand()
    for text in scans:
        hand.type(text + "\n", [wait])
    assert hand.scans == scans


@given(
    st.lists(st.text(PRINTABLE, min_size=SHORTEST_WITHOUT_ENTER, max_size=20), max_size=5), st.integers(SCAN_PAUSE_MS, 10_000)
)
def test_scans_that_end_with_a_pause_never_join(scans: list[str], pause: int) -> None:
    """Even if nobody called `pause` between them: the times of the keys tell."""
    hand = Hand()
    for text in scans:
        hand.type(text, [pause])
    hand.fall_silent()
    assert hand.scans == scans


def test_every_printable_character_is_on_the_us_layout() -> None:
    assert set(PRINTABLE) <= set(KEYS)
    assert LAYOUTS["us"] is US


def test_the_keypad_types_the_same_with_shift() -> None:
    assert "".join(US.character(code, shift=True) or "" for code in KEYPAD) == "0123456789.,+-*/=\n"


@pytest.mark.parametrize(
    ("length", "got"),
    [(1, "x"), (MAX_CARD_TEXT, "x" * MAX_CARD_TEXT), (MAX_CARD_TEXT + 1, Trouble.TOO_LONG), (4000, Trouble.TOO_LONG)],
)
def test_the_longest_scan(length: int, got: str | Trouble) -> None:
    hand = Hand()
    hand.type("x" * length + "\n7\n")
    assert hand.scans == [got, "7"]


def test_a_scan_that_is_too_long_is_said_once_whatever_ends_it() -> None:
    hand = Hand()
    hand.type("x" * 600)
    hand.fall_silent()
    hand.fall_silent()
    assert hand.scans == [Trouble.TOO_LONG]


def test_a_few_characters_without_enter_are_an_accident() -> None:
    hand = Hand()
    hand.type("12345")
    assert hand.decoder.wait == SCAN_PAUSE_MS
    hand.fall_silent()
    assert hand.decoder.wait is None
    hand.type("123456")
    hand.fall_silent()
    assert hand.scans == ["123456"]


def test_a_scanner_known_to_press_enter_has_not_finished_without() -> None:
    hand = Hand()
    hand.type("1234567\n1234567")
    hand.fall_silent()
    hand.type("1")
    hand.fall_silent()
    hand.type("1234567\n")
    assert hand.scans == ["1234567", Trouble.UNREADABLE, "1234567"]


@given(texts, st.integers(0, CUT_SHORT_MS - 1))
def test_a_scanner_known_to_press_enter_may_stall_within_a_scan(text: str, stalled: int) -> None:
    hand = Hand()
    hand.type("1234567\n")
    hand.type(text, [stalled] * len(text))
    assert hand.decoder.wait == CUT_SHORT_MS
    hand.type("\n", [stalled])
    assert hand.scans == ["1234567", text]


def test_a_scanner_that_was_set_to_do_without_enter_is_believed_the_second_time() -> None:
    hand = Hand()
    hand.type("1234567\n")
    for text in ("12345", "8594001234560", "4006381333931", "4006381333931", "8594001234560"):
        hand.type(text)
        hand.fall_silent()
    assert hand.scans == ["1234567", Trouble.UNREADABLE, Trouble.UNREADABLE, "4006381333931", "8594001234560"]
    hand.type("7654321\n7654")
    hand.fall_silent()
    assert hand.scans[-1] == "7654321"
    assert hand.decoder.ends_with_key


def test_two_scans_cut_short_alike_with_a_whole_one_between_are_no_proof() -> None:
    hand = Hand()
    for text in ("1234567\n", "859400", "1234567\n", "859400"):
        hand.type(text)
        hand.fall_silent()
    assert hand.scans == ["1234567", Trouble.UNREADABLE, "1234567", Trouble.UNREADABLE]


def test_enter_alone_is_nothing_and_teaches_nothing() -> None:
    hand = Hand()
    hand.type("\n\t\n1234567")
    hand.fall_silent()
    assert hand.scans == ["1234567"]


@pytest.mark.parametrize("command", [CONTROL, ALT])
def test_what_is_typed_with_control_or_alt_is_not_text(command: int) -> None:
    hand = Hand()
    hand.type("A")
    hand.stroke(command, 1)
    hand.type("m7\n")
    hand.stroke(command, 0)
    hand.type("B\n")
    assert hand.scans == ["AB"]


def test_lost_keys_throw_away_the_scan_they_belong_to() -> None:
    hand = Hand()
    hand.type("1234")
    hand.stroke(SHIFT, 1)
    hand.decoder.lost(KeysLost(hand.at))
    hand.type("5678\n")
    hand.type("90\n")
    assert hand.scans == [Trouble.UNREADABLE, "90"]


def test_a_scan_that_lost_its_end_is_over_with_the_pause() -> None:
    hand = Hand()
    hand.type("1234")
    hand.decoder.lost(KeysLost(hand.at))
    assert hand.decoder.wait == SCAN_PAUSE_MS
    hand.fall_silent()
    hand.type("90\n")
    assert hand.scans == [Trouble.UNREADABLE, "90"]


def test_a_clock_that_is_set_back_joins_nothing_and_loses_nothing() -> None:
    hand = Hand()
    hand.at = 1_000_000
    hand.type("1234")
    hand.at = 0
    hand.type("5678\n")
    assert hand.scans == ["12345678"]


@pytest.mark.parametrize(
    ("code", "key"),
    [
        *zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True),  # KEY_KP0 to KEY_KP9
        *zip((11, 2, 3, 4, 5, 6, 7, 8, 9, 10), "0123456789", strict=True),  # KEY_0 to KEY_9
        *((96, "enter"), (28, "enter"), (14, "back")),
        *((78, "+"), (74, "-"), (12, "-"), (55, "*"), (98, "/"), (53, "/")),
        *((83, ","), (121, ","), (51, ","), (52, ",")),
        *((69, None), (1, None), (30, None), (15, None), (57, None), (117, None)),  # Num Lock, Escape, a letter, Tab, space, =
    ],
)
def test_the_keys_of_a_pad(code: int, key: str | None) -> None:
    decoder = PadDecoder()
    assert decoder.key(Keystroke(code, 1, 0)) == ([Pressed(key)] if key else [])
    assert decoder.key(Keystroke(code, 0, 0)) == []


@given(
    st.lists(st.sampled_from([c for c in KEYPAD if c != 117]), max_size=30),
    st.lists(st.integers(0, 5), min_size=30, max_size=30),
)
def test_a_pad_says_each_key_however_fast(codes: list[int], waits: list[int]) -> None:
    """A "000" key is three keys."""
    decoder, at, said = PadDecoder(), 0, []
    for code, wait in zip(codes, waits, strict=False):
        at += wait
        said += decoder.key(Keystroke(code, 1, at))
        assert decoder.key(Keystroke(code, 0, at)) == []
    assert len(said) == len(codes)


def test_signs_typed_with_shift_are_not_digits() -> None:
    decoder = PadDecoder()
    decoder.key(Keystroke(SHIFT, 1, 0))
    assert [decoder.key(Keystroke(code, 1, 0)) for code in (9, 13, 10)] == [
        [Pressed("*")],
        [Pressed("+")],
        [],
    ]  # Shift with 8, = and 9
    decoder.lost(KeysLost(0))
    assert decoder.key(Keystroke(10, 1, 0)) == [Pressed("9")]


def test_of_the_held_keys_only_backspace_counts_again() -> None:
    decoder = PadDecoder()
    assert [decoder.key(Keystroke(code, 2, 0)) for code in (82, 96, 78, 14)] == [[], [], [], [Pressed("back")]]
