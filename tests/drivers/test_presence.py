"""Come and gone: what bounces, or comes back at once, is one event."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.events import CardGone, CardSeen, CardTrouble, Form, Medium, Trouble
from drivers.presence import AGAIN_MS, CardEvent, Presence
from drivers.reading import Reading

ANNA: Reading = (Form.NUMBER, "1")
BELA: Reading = (Form.NUMBER, "2")

steps = st.lists(
    st.tuples(st.integers(0, 2 * AGAIN_MS), st.one_of(st.none(), st.sampled_from([ANNA, BELA, *Trouble]))), max_size=30
)


def play(moves: list[tuple[int, Reading | None]]) -> list[CardEvent]:
    """Each move: after so many milliseconds a card is read, or (None) it leaves. The clock ticks as the driver's does."""
    slot, now, here, said = Presence("chip"), 0, False, list[CardEvent]()
    for pause, reading in [*moves, (0, None), (2 * AGAIN_MS, None)]:
        now += pause
        if slot.due is not None and slot.due <= now:
            said += slot.passed(slot.due)
        if here:
            said += slot.left(now)
        here = reading is not None
        if reading is not None:
            said += slot.came(Medium.CHIP, reading, now)
    return said


@given(steps)
def test_cards_come_and_go_in_turn_and_in_time(moves: list[tuple[int, Reading | None]]) -> None:
    said = play(moves)
    assert [isinstance(event, CardGone) for event in said] == [index % 2 == 1 for index in range(len(said))]
    assert [event.at for event in said] == sorted(event.at for event in said)


@given(steps)
def test_no_card_is_said_twice_within_a_second(moves: list[tuple[int, Reading | None]]) -> None:
    said = play(moves)
    for before, gone, event in zip(said[::2], said[1::2], said[2::2], strict=False):
        assert event.at - gone.at >= AGAIN_MS or what(event) != what(before) or what(event) is Trouble.UNREADABLE


@given(steps)
def test_every_card_that_can_be_read_is_said(moves: list[tuple[int, Reading | None]]) -> None:
    shown = [reading for _, reading in moves if isinstance(reading, tuple)]
    said = {event.data for event in play(moves) if isinstance(event, CardSeen)}
    assert {text for _, text in shown} == said


def what(event: CardEvent) -> object:
    return event.data if isinstance(event, CardSeen) else event.trouble if isinstance(event, CardTrouble) else None


def test_a_contact_that_bounces_as_the_card_is_pulled_is_not_said() -> None:
    said = play([(0, ANNA), (5_000, None), (100, Trouble.UNREADABLE), (50, None)])
    assert [type(event) for event in said] == [CardSeen, CardGone]


def test_a_card_that_cannot_be_read_after_another_is_said_when_it_stays() -> None:
    slot = Presence("chip")
    slot.came(Medium.CHIP, ANNA, 0)
    slot.left(5_000)
    assert slot.came(Medium.CHIP, Trouble.UNREADABLE, 5_100) == []
    assert slot.passed(5_999) == []
    assert slot.passed(6_000) == [
        CardGone("chip", Medium.CHIP, 5_000),
        CardTrouble("chip", Medium.CHIP, Trouble.UNREADABLE, 5_100),
    ]


def test_a_card_that_stays_for_an_hour_is_said_once() -> None:
    slot = Presence("chip")
    assert len(slot.came(Medium.CHIP, ANNA, 0)) == 1
    assert slot.due is None
    assert slot.passed(3_600_000) == []


def test_another_card_is_said_at_once() -> None:
    said = play([(0, ANNA), (5_000, None), (10, BELA)])
    assert [event.at for event in said[:3]] == [0, 5_000, 5_010]


def test_a_slot_that_is_gone_holds_nothing_back() -> None:
    slot = Presence("chip")
    slot.came(Medium.NFC, ANNA, 0)
    assert slot.ended(70) == [CardGone("chip", Medium.NFC, 70)]
    assert slot.ended(80) == []
    assert slot.due is None
