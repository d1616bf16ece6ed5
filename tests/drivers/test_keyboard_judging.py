"""A scanner is told from a number pad by how it types."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.calibration import CALIBRATION_TEXT
from drivers.events import MAX_CARD_TEXT, PAD_KEYS, Trouble
from drivers.keyboard_decoding import CUT_SHORT_MS, SCAN_PAUSE_MS, Pressed, Typed
from drivers.keyboard_judging import HAND_MS, JudgingDecoder
from drivers.keyboard_typist import KeysLost, Keystroke
from emulators import xkb

PAD = {**xkb.KEYPAD_DIGITS, "enter": 96, "+": 78, "-": 74, "*": 55, "/": 98, ",": 83}
PRINTABLE = "".join(map(chr, range(32, 127)))

pads = st.lists(st.sampled_from(list(PAD)), min_size=1, max_size=20)
scans = st.text(PRINTABLE, min_size=6, max_size=30).filter(lambda text: CALIBRATION_TEXT.lower() not in text.lower())
strokes = st.builds(Keystroke, st.integers(0, 130), st.integers(0, 2), st.integers(0, 2_000))


class Hand:
    """Types on a decoder and calls `pause` when its time has come, as the driver's timer does."""

    def __init__(self) -> None:
        self.decoder, self.at, self.typed = JudgingDecoder(), 0, list[Typed]()

    def wait(self, ms: int) -> None:
        silence = self.decoder.wait
        if silence is not None and ms >= silence:
            self.typed += self.decoder.pause()
        self.at += ms

    def stroke(self, code: int, value: int) -> None:
        self.typed += self.decoder.key(Keystroke(code, value, self.at))

    def press(self, key: str, held: int = 30) -> None:
        self.stroke(PAD[key], 1)
        self.wait(held)
        self.stroke(PAD[key], 0)

    def scan(self, text: str) -> None:
        """At a millisecond an event."""
        for code, value in xkb.strokes(text, "us"):
            self.wait(1)
            self.stroke(code, value)


def keys(*names: str) -> list[Pressed]:
    return [Pressed(name) for name in names]


@given(pads, st.lists(st.integers(HAND_MS, 400), min_size=20, max_size=20), st.integers(0, 45))
def test_what_a_hand_types_is_keys(pressed: list[str], waits: list[int], held: int) -> None:
    hand = Hand()
    for key, wait in zip(pressed, waits, strict=False):
        hand.press(key, held)
        hand.wait(wait)
    assert hand.typed == keys(*pressed)


@given(scans, st.sampled_from(["\n", "\t", ""]))
def test_what_a_scanner_types_is_a_scan(text: str, end: str) -> None:
    hand = Hand()
    hand.scan(text + end)
    hand.wait(SCAN_PAUSE_MS)
    assert hand.typed == [text]


def test_three_zeros_from_one_key_are_no_scan() -> None:
    hand = Hand()
    for key in ("1", "2"):
        hand.press(key)
        hand.wait(90)
    hand.scan("000")
    hand.wait(HAND_MS)
    assert hand.typed == keys("1", "2", "0", "0", "0")
    hand.press("enter")
    hand.wait(HAND_MS)
    assert hand.typed[-1] == Pressed("enter")


def test_three_zeros_and_a_very_quick_enter_are_no_scan() -> None:
    hand = Hand()
    hand.scan("000\n")
    hand.wait(HAND_MS)
    assert hand.typed == keys("0", "0", "0", "enter")


def test_the_shortest_scan() -> None:
    hand = Hand()
    hand.scan("12345\n")
    hand.wait(500)
    hand.scan("123\n")
    hand.wait(500)
    assert hand.typed == ["12345", *keys("1", "2", "3", "enter")]


def test_a_scan_right_after_a_key_is_whole_and_the_key_is_one() -> None:
    hand = Hand()
    hand.press("5", held=10)
    hand.wait(HAND_MS)
    hand.scan("8594001234560\n")
    hand.press("7", held=10)
    hand.wait(HAND_MS)
    assert hand.typed == [Pressed("5"), "8594001234560", Pressed("7")]


def test_a_key_is_known_within_the_time_of_a_hand() -> None:
    hand = Hand()
    hand.stroke(PAD["5"], 1)
    assert hand.decoder.wait == HAND_MS
    hand.wait(20)
    hand.stroke(PAD["5"], 0)
    assert hand.decoder.wait == HAND_MS - 20
    hand.wait(HAND_MS - 20)
    assert hand.typed == [Pressed("5")]
    assert hand.decoder.wait is None


def test_the_times_of_the_keys_tell_even_if_nobody_called_pause() -> None:
    hand = Hand()
    for _ in range(8):
        hand.stroke(PAD["1"], 1)
        hand.stroke(PAD["1"], 0)
        hand.at += HAND_MS
    hand.typed += hand.decoder.pause()
    assert hand.typed == keys(*"11111111")


def test_a_scan_cut_short_is_not_keys() -> None:
    hand = Hand()
    hand.scan("12345678\n")
    hand.wait(SCAN_PAUSE_MS)
    hand.scan("12345678")
    hand.wait(CUT_SHORT_MS)
    hand.press("1")
    hand.wait(HAND_MS)
    assert hand.typed == ["12345678", Trouble.UNREADABLE, Pressed("1")]


def test_a_scanner_known_to_press_enter_may_stall_within_a_scan() -> None:
    hand = Hand()
    hand.scan("12345678\n8594001")
    hand.wait(CUT_SHORT_MS - 2)
    hand.scan("234560\n")
    assert hand.typed == ["12345678", "8594001234560"]
    assert hand.decoder.ends_with_key


def test_lost_keys_make_no_scan_and_no_keys() -> None:
    hand = Hand()
    hand.scan("123")
    hand.decoder.lost(KeysLost(hand.at))
    hand.scan("45678901\n")
    hand.wait(SCAN_PAUSE_MS)
    hand.scan("8594001234560\n")
    assert hand.typed == [Trouble.UNREADABLE, "8594001234560"]


@given(st.lists(st.one_of(strokes, st.builds(KeysLost, st.integers(0, 2_000))), max_size=60))
def test_no_keystrokes_are_too_odd(events: list[Keystroke | KeysLost]) -> None:
    decoder, typed = JudgingDecoder(), list[Typed]()
    for event in events:
        if isinstance(event, KeysLost):
            decoder.lost(event)
        else:
            typed += decoder.key(event)
    typed += decoder.pause()
    assert decoder.wait is None
    for one in typed:
        if isinstance(one, Pressed):
            assert one.key in PAD_KEYS
        else:
            assert isinstance(one, Trouble) or (isinstance(one, str) and 0 < len(one) <= MAX_CARD_TEXT)
