"""Each layout types what the X keyboard data says, and a scanner set to it is understood; also in ALT mode, with Caps Lock, and
when keystrokes were lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.calibration import CALIBRATION_TEXT
from drivers.events import Trouble
from drivers.keyboard_decoding import SCAN_PAUSE_MS, ScanDecoder, Typed
from drivers.keyboard_layouts import CZ, DE, DEAD_KEYS, HU, LAYOUTS, SK, US, Layout
from drivers.keyboard_typist import KeysLost, Keystroke, Typist
from emulators import xkb

PRINTABLE = "".join(map(chr, range(32, 127)))
SHIFT, CONTROL, ALT, CAPS, META, ENTER, SPACE = 42, 29, 56, 58, 125, 28, 57

texts = st.text(PRINTABLE, min_size=1, max_size=40).filter(lambda text: CALIBRATION_TEXT.lower() not in text.lower())
layouts = st.sampled_from(list(LAYOUTS.values()))


def scanned(events: list[tuple[int, int]], decoder: ScanDecoder, at: int = 0) -> list[Typed]:
    """What comes of key events, a millisecond from one to the next."""
    return [one for n, (code, value) in enumerate(events) for one in decoder.key(Keystroke(code, value, at + n))]


def tap(*codes: int) -> list[tuple[int, int]]:
    return [event for code in codes for event in ((code, 1), (code, 0))]


def down(*codes: int) -> list[tuple[int, int]]:
    return [(code, 1) for code in codes]


def up(*codes: int) -> list[tuple[int, int]]:
    return [(code, 0) for code in codes]


@given(layouts, texts)
def test_any_text_comes_out_as_a_scanner_of_that_layout_was_told_to_type_it(layout: Layout, text: str) -> None:
    assert scanned(xkb.strokes(text + "\n", layout.name), ScanDecoder(layout)) == [text]


@given(layouts, texts)
def test_alt_mode_is_the_same_in_every_layout(layout: Layout, text: str) -> None:
    assert scanned(xkb.alt_strokes(text + "\n"), ScanDecoder(layout)) == [text]


@given(layouts, st.lists(texts, min_size=2, max_size=5), st.lists(st.sampled_from([SHIFT, 54, 100, ALT, CONTROL, META])))
def test_a_modifier_whose_release_was_lost_spoils_no_other_scan(layout: Layout, scans: list[str], stuck: list[int]) -> None:
    """It stays down over the end of a scan; nothing tells that it came up."""
    decoder, got = ScanDecoder(layout), list[Typed]()
    for n, text in enumerate(scans):
        events = xkb.strokes(text, layout.name)
        got += scanned([*events, *tap(ENTER)], decoder, at=n * 10_000)
        scanned(down(*stuck), decoder, at=n * 10_000 + 5_000)
    assert got == scans


def test_a_shift_that_is_still_down_at_enter_is_over_with_the_scan() -> None:
    decoder = ScanDecoder()
    assert scanned([*down(SHIFT), *tap(30, ENTER), *tap(2, ENTER)], decoder) == ["A", "1"]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_the_tables_are_those_of_the_x_keyboard_data(layout: Layout) -> None:
    for (code, level), keysym in xkb.symbols(layout.name).items():
        theirs, ours = xkb.character(keysym), layout.character(code, shift=level == 1, third=level == 2)
        if level < 2 or theirs.isascii():
            assert (DEAD_KEYS[ours][1] if ours in DEAD_KEYS else ours or "") == theirs, (code, level)
            assert (ours in DEAD_KEYS) == (keysym in xkb.DEAD), (code, level)


@pytest.mark.parametrize("layout", [CZ, SK], ids=["cz", "sk"])
def test_the_digits_of_czech_and_slovak_keyboards_are_shifted(layout: Layout) -> None:
    digits = tap(*range(2, 12))
    assert scanned([*down(SHIFT), *digits, *up(SHIFT), *tap(ENTER)], ScanDecoder(layout)) == ["1234567890"]
    assert scanned([*digits, *tap(ENTER)], ScanDecoder(layout)) != ["1234567890"]


def test_y_and_z_change_places() -> None:
    for layout, typed in ((US, "yz"), (LAYOUTS["pl"], "yz"), (DE, "zy"), (CZ, "zy"), (SK, "zy"), (HU, "zy")):
        assert scanned(tap(21, 44, ENTER), ScanDecoder(layout)) == [typed]


def test_a_dead_key_waits_for_its_letter() -> None:
    acute, circumflex = 13, 41
    assert scanned(tap(acute, 18, acute, SPACE, acute, 19, ENTER), ScanDecoder(DE)) == ["é´ŕ"]
    assert scanned(tap(circumflex, 45, circumflex, circumflex, acute, circumflex, 30, ENTER), ScanDecoder(DE)) == ["^x^´â"]


def test_control_with_alt_is_altgr() -> None:
    assert scanned([*down(CONTROL, ALT), *tap(16), *up(ALT, CONTROL), *tap(ENTER)], ScanDecoder(DE)) == ["@"]


def test_altgr_on_a_key_that_has_nothing_there_types_nothing() -> None:
    assert scanned([*down(100), *tap(30), *up(100), *tap(31, ENTER)], ScanDecoder(US)) == ["s"]


@pytest.mark.parametrize(
    ("digits", "typed"),
    [("65", "A"), ("065", "A"), ("0065", "A"), ("0232", "č"), ("", ""), ("7", ""), ("300", ""), ("00065", ""), ("127", "")],
)
def test_alt_codes(digits: str, typed: str) -> None:
    events = [*down(ALT), *tap(*(xkb.KEYPAD_DIGITS[digit] for digit in digits)), *up(ALT)]
    assert scanned([*tap(30), *events, *tap(30, ENTER)], ScanDecoder()) == [f"a{typed}a"]


def test_alt_codes_of_enter_and_tab_end_a_scan() -> None:
    for code in ("013", "010", "009"):
        events = [*tap(30), *down(ALT), *tap(*(xkb.KEYPAD_DIGITS[digit] for digit in code)), *up(ALT)]
        assert scanned(events, ScanDecoder()) == ["a"]


def test_alt_with_a_letter_is_a_command_and_no_code() -> None:
    digits = tap(*(xkb.KEYPAD_DIGITS[digit] for digit in "65"))
    events = [*down(ALT), *digits, *tap(30), *up(ALT), *down(META), *tap(31), *up(META), *tap(32, ENTER)]
    assert scanned(events, ScanDecoder()) == ["d"]


def test_caps_lock_turns_letters_around_and_nothing_else() -> None:
    shifted = [*down(SHIFT), *tap(30, 2), *up(SHIFT)]
    decoder = ScanDecoder()
    assert scanned([*tap(CAPS, 30, 2), *shifted, *tap(CAPS, 30, ENTER)], decoder) == ["A1a!a"]
    assert scanned(tap(CAPS, 30, ENTER), decoder, at=1_000) == ["A"]
    assert scanned(tap(30, ENTER), decoder, at=2_000) == ["a"], "it is over with the scan"


def test_a_scanner_set_for_caps_lock_on() -> None:
    decoder = ScanDecoder(CZ, capitals=True)
    shifted = [*down(SHIFT), *tap(30, 2), *up(SHIFT)]
    assert scanned([*tap(30), *shifted, *tap(ENTER)], decoder) == ["Aa1"]


def test_a_key_that_repeats_types_once() -> None:
    typist = Typist(US)
    assert [typist.typed(Keystroke(30, value, 0)) for value in (1, 2, 2, 0)] == ["a", "", "", ""]


def test_a_shift_lost_with_other_keys_is_forgotten() -> None:
    decoder = ScanDecoder()
    scanned([*down(SHIFT), *tap(30)], decoder)
    decoder.lost(KeysLost(10))
    assert scanned(tap(31, ENTER), decoder, at=20) == [Trouble.UNREADABLE]
    assert scanned(tap(2, ENTER), decoder, at=20 + SCAN_PAUSE_MS) == ["1"]
