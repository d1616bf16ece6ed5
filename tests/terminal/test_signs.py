"""Light and sound: signs are told apart by rhythm alone, at every volume, and the quiet hours are quiet."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import signals as driver
from signs_table import Pulse, is_heard, is_lit, rhythm, table
from terminal.effects import Sign
from terminal.loudness import Loudness, is_quiet, softened
from terminal.players import Softly
from terminal.settings import Signals
from terminal.signs import SIGNS, Step

PAGE = Path(__file__).parents[2] / "docs" / "devices" / "buttons-and-signals.md"

ANSWERS = (Sign.DONE, Sign.DONE_LATER, Sign.REFUSED, Sign.TROUBLE)
HEARD = (*ANSWERS, Sign.CARD, Sign.OTHER_CARD, Sign.KEY)
"""All that sounds while somebody is served."""

MARGIN = 2.5
"""How many times as long a pulse or a gap is, at least, where two signs have as many pulses."""

SHORTEST_FLASH, SHORTEST_GAP = 150, 110
"""Milliseconds that an eye can count; and both senses."""

FLASHES_A_SECOND = 3
"""WCAG 2.2, success criterion 2.3.1."""

VOLUMES = [(volume, passive) for volume in (1, 2, 3) for passive in (True, False)]

HEARD_APART = [
    (one, other, volume, passive)
    for one, other in itertools.combinations(HEARD, 2)
    for volume, passive in VOLUMES
    # A soft active beeper can only click: a card that was read shows on the panel.
    if passive or volume == 3 or {one, other} != {Sign.CARD, Sign.KEY}
]

steps = st.builds(
    Step, green=st.booleans(), red=st.booleans(), hertz=st.sampled_from([0, 0, 330, 1_047, 2_093]), ms=st.integers(0, 900)
)
patterns = st.lists(steps, max_size=8).map(tuple)
minutes = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))


def told_apart(one: tuple[Pulse, ...], other: tuple[Pulse, ...]) -> bool:
    """Whether two rhythms differ by the margin."""
    if len(one) != len(other):
        return True
    return any(max(a, b) >= MARGIN * min(a, b) for (_, a), (_, b) in zip(one, other, strict=True))


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ANSWERS, 2)))
def test_answers_are_told_apart_by_light_alone_without_its_colour(one: Sign, other: Sign) -> None:
    assert told_apart(rhythm(SIGNS[one], is_lit), rhythm(SIGNS[other], is_lit))


@pytest.mark.parametrize(("one", "other", "volume", "passive"), HEARD_APART)
def test_signs_are_told_apart_by_sound_alone_without_its_pitch(one: Sign, other: Sign, volume: int, passive: bool) -> None:
    first, second = (rhythm(softened(SIGNS[sign], volume, passive=passive), is_heard) for sign in (one, other))
    assert told_apart(first, second)


def test_what_is_good_is_at_the_left_and_what_is_not_at_the_right() -> None:
    for sign in ANSWERS:
        lit = {(step.green, step.red) for step in SIGNS[sign] if is_lit(step)}
        assert lit == {(True, False) if sign in (Sign.DONE, Sign.DONE_LATER) else (False, True)}
    tones = {sign: [step.hertz for step in SIGNS[sign] if step.hertz] for sign in ANSWERS}
    assert max(tones[Sign.REFUSED] + tones[Sign.TROUBLE]) * 2 < min(tones[Sign.DONE] + tones[Sign.DONE_LATER])


def test_another_card_has_what_nothing_else_has_both_lights_at_once() -> None:
    assert [sign for sign, steps in SIGNS.items() if any(step.green and step.red for step in steps)] == [Sign.OTHER_CARD]


@pytest.mark.parametrize("sign", ANSWERS)
def test_pulses_can_be_counted_and_do_not_flicker(sign: Sign) -> None:
    lights, sounds = rhythm(SIGNS[sign], is_lit), rhythm(SIGNS[sign], is_heard)
    assert all(ms >= (SHORTEST_FLASH if on else SHORTEST_GAP) for on, ms in lights)
    assert all(ms >= SHORTEST_GAP for on, ms in sounds if not on)
    starts = [sum(ms for _, ms in lights[:index]) for index in range(0, len(lights), 2)]
    for start in starts:
        assert sum(start <= other < start + 1_000 for other in starts) <= FLASHES_A_SECOND
    assert sum(step.ms for step in SIGNS[sign]) <= 2_000  # it is over before the next customer


@given(pattern=patterns, volume=st.integers(0, 3), passive=st.booleans())
def test_the_volume_changes_neither_lights_nor_time(pattern: tuple[Step, ...], volume: int, passive: bool) -> None:
    softer = softened(pattern, volume, passive=passive)
    assert at_each_millisecond(softer, lights=True) == at_each_millisecond(pattern, lights=True)
    if volume and passive:
        assert at_each_millisecond(softer, lights=False) == at_each_millisecond(pattern, lights=False)
    heard = [bool(hertz) for hertz in at_each_millisecond(softer, lights=False)]
    assert not any(now and not before for now, before in zip(heard, at_each_millisecond(pattern, lights=False), strict=True))
    assert volume or not any(heard)


def at_each_millisecond(pattern: tuple[Step, ...], *, lights: bool) -> list[object]:
    return [(step.green, step.red) if lights else step.hertz for step in pattern for _ in range(step.ms)]


@given(pattern=patterns)
def test_an_active_beeper_sounds_as_often_when_it_is_softer_and_not_as_long(pattern: tuple[Step, ...]) -> None:
    loud, softer, soft = (rhythm(softened(pattern, volume, passive=False), is_heard) for volume in (3, 2, 1))
    sounding = [sum(ms for on, ms in pulses if on) for pulses in (loud, softer, soft)]
    assert sounding == sorted(sounding, reverse=True)
    counted = [sum(on for on, _ in pulses) for pulses in (loud, softer, soft)]
    assert counted[1] == counted[2]
    assert counted[0] <= counted[1]


@pytest.mark.parametrize("sign", Sign)
@pytest.mark.parametrize(("volume", "passive"), VOLUMES)
def test_every_sign_is_one_that_the_driver_plays(sign: Sign, volume: int, passive: bool) -> None:
    assert [driver.Step(**step._asdict()) for step in softened(SIGNS[sign], volume, passive=passive)]


@given(begin=minutes, end=minutes, time=minutes)
def test_quiet_hours_go_round_the_clock(begin: str, end: str, time: str) -> None:
    def minute(text: str) -> int:
        return int(text[:2]) * 60 + int(text[3:])

    quiet = Signals(quiet_from=begin, quiet_until=end)
    walked = (minute(time) - minute(begin)) % 1_440
    assert is_quiet(quiet, time) == (walked < (minute(end) - minute(begin)) % 1_440)


class Heard:
    """Who plays."""

    def __init__(self) -> None:
        self.last: tuple[Step, ...] = ()

    def play(self, steps: tuple[Step, ...]) -> None:
        self.last = steps


@pytest.mark.parametrize(
    ("time", "sounds"), [("12:00", True), ("20:59", True), ("21:00", False), ("03:00", False), ("07:00", True), (None, True)]
)
def test_quiet_hours_silence_all_but_the_test_and_only_by_a_clock_that_is_trusted(time: str | None, sounds: bool) -> None:
    heard = Heard()
    softly = Softly(heard, Loudness(Signals(volume=2, quiet_from="21:00", quiet_until="07:00"), lambda: time))
    softly.play(SIGNS[Sign.REFUSED])
    assert any(map(is_heard, heard.last)) == sounds
    assert rhythm(heard.last, is_lit) == rhythm(SIGNS[Sign.REFUSED], is_lit)
    softly.play(SIGNS[Sign.TEST])
    assert any(map(is_heard, heard.last))
    assert {step.duty for step in heard.last} == {16}


def test_without_quiet_hours_it_sounds_at_any_time() -> None:
    assert Loudness(Signals(volume=1), lambda: "00:00").volume == 1


def test_the_documents_table_is_the_codes() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "\n".join(table()) in text, "print it with python tests/signs_table.py"
