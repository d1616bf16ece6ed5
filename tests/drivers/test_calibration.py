"""One code, scanned once, teaches the terminal how a scanner is set."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from drivers.calibration import CALIBRATION_TEXT, LONGEST_SUFFIX, Taught, taught
from drivers.events import MAX_CARD_TEXT
from drivers.keyboard_decoding import ScanDecoder
from drivers.keyboard_layouts import LAYOUTS, US, Layout
from drivers.keyboard_typist import Keystroke
from emulators import xkb
from sync import setup_codes

PRINTABLE = "".join(map(chr, range(32, 127)))
layouts = st.sampled_from(list(LAYOUTS.values()))


def keystrokes(text: str, layout: str) -> list[Keystroke]:
    return [Keystroke(code, value, at) for at, (code, value) in enumerate(xkb.strokes(text, layout))]


def standing_for(layout: Layout) -> Layout:
    """us and pl type the same keys."""
    return US if layout.name == "pl" else layout


@given(layouts, st.sampled_from(["", "]C0", "#", "AB-", "9"]), st.sampled_from(["", "*", "00"]))
def test_the_code_teaches_the_layout_whatever_is_put_around_it(layout: Layout, prefix: str, suffix: str) -> None:
    strokes = keystrokes(f"{prefix}{CALIBRATION_TEXT}{suffix}\n", layout.name)
    assert taught(strokes) == Taught(standing_for(layout), capitals=False)


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_it_teaches_that_a_scanner_is_set_for_caps_lock(layout: Layout) -> None:
    strokes = keystrokes(CALIBRATION_TEXT.swapcase(), layout.name)
    assert taught(strokes) == Taught(standing_for(layout), capitals=True)


def test_no_two_layouts_type_it_alike() -> None:
    for one, other in itertools.combinations(LAYOUTS, 2):
        alike = xkb.strokes(CALIBRATION_TEXT, one) == xkb.strokes(CALIBRATION_TEXT, other)
        assert alike == ({one, other} == {"us", "pl"})


@given(st.text(PRINTABLE, max_size=40).filter(lambda text: CALIBRATION_TEXT.lower() not in text.lower()), layouts)
def test_other_codes_teach_nothing(text: str, layout: Layout) -> None:
    if layout is US:
        assert taught(keystrokes(text + "\n", layout.name)) is None
    assert taught(keystrokes("BODKA" + text.replace(")", "") + "\n", layout.name)) is None


@pytest.mark.parametrize("text", ["", "BODKA", CALIBRATION_TEXT[:-1], CALIBRATION_TEXT + "x" * 6 * MAX_CARD_TEXT])
def test_what_is_not_the_code(text: str) -> None:
    assert taught(keystrokes(text, "us")) is None


def test_in_alt_mode_there_is_nothing_to_teach() -> None:
    assert taught([Keystroke(code, value, at) for at, (code, value) in enumerate(xkb.alt_strokes(CALIBRATION_TEXT))]) is None


@given(layouts, layouts, st.text(PRINTABLE, min_size=1, max_size=20))
def test_from_the_code_on_the_scanner_is_understood(set_to: Layout, layout: Layout, text: str) -> None:
    assume(CALIBRATION_TEXT.lower() not in text.lower())
    decoder = ScanDecoder(set_to)
    got = [one for stroke in keystrokes(f"{CALIBRATION_TEXT}\n{text}\n", layout.name) for one in decoder.key(stroke)]
    assert got == [Taught(standing_for(layout), capitals=False), text]


digits = st.text("0123456789", min_size=LONGEST_SUFFIX + 1, max_size=400)


@given(layouts, layouts, digits, st.booleans())
def test_what_follows_the_code_is_read_in_the_layout_that_it_teaches(
    set_to: Layout, layout: Layout, text: str, capitals: bool
) -> None:
    decoder = ScanDecoder(set_to)
    typed = CALIBRATION_TEXT.swapcase() if capitals else CALIBRATION_TEXT
    got = [one for stroke in keystrokes(f"{typed}{text}\n", layout.name) for one in decoder.key(stroke)]
    assert got == [Taught(standing_for(layout), capitals=capitals), text]


@given(layouts, digits)
def test_without_an_end_it_is_whole_after_a_pause(layout: Layout, text: str) -> None:
    decoder = ScanDecoder()
    for stroke in keystrokes(CALIBRATION_TEXT + text, layout.name):
        assert decoder.key(stroke) == []
    assert decoder.pause() == [Taught(standing_for(layout), capitals=False), text]


def test_a_setup_code_begins_with_this_code() -> None:
    assert setup_codes.CALIBRATION == CALIBRATION_TEXT
    assert setup_codes.LONGEST <= MAX_CARD_TEXT - LONGEST_SUFFIX
