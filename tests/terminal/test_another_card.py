"""A card that takes another's place before a verb: heard, seen, and safe from a press that was meant for the other one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from counter_table import JANA, NOW, PETER, account, before, press
from drivers.events import Button, ButtonPressed, PadKey
from loyalty.entry import Personal
from terminal import inputs
from terminal.effects import Effect, Record, Show, Sign, Signal
from terminal.session import step
from terminal.states import CHANGED_MS, State

VERBS = (Button.AWARD, Button.REDEEM)
CARDS: dict[str, inputs.Found | inputs.Unknown] = {
    "Jana's": inputs.Found(JANA, NOW),
    "Peter's": inputs.Found(PETER, NOW),
    "Anna's": inputs.Found(account(b"anna", language="hu"), NOW),
    "a blank": inputs.Unknown(Personal(b"one", b"one"), False, True, NOW),
    "another blank": inputs.Unknown(Personal(b"two", b"two"), False, True, NOW),
}
PAIRS = [(first, second) for first in CARDS for second in CARDS if first != second]
BEFORE_A_VERB = ("Idle", "Typing a sum", "Typing a number", "Sum", "Card", "Sum with card", "New card", "Menu", "Notice")
KEYS = st.lists(st.sampled_from(["1", ",", "enter", "back", "▸"]), max_size=3)


def show(state: State, card: str, at: int) -> tuple[State, tuple[Effect, ...]]:
    event = CARDS[card]
    if isinstance(event, inputs.Found):
        return step(state, inputs.Found(event.account, at))
    return step(state, inputs.Unknown(event.whose, event.typed, event.issuable, at))


def pressed(state: State, button: Button, at: int, picture: int) -> tuple[State, tuple[Effect, ...]]:
    return step(state, ButtonPressed("buttons", button, picture, at))


def typed(state: State, key: str, at: int) -> State:
    if key == "▸":
        return pressed(state, Button.NEXT, at, state.picture)[0]
    return step(state, PadKey("pad", key, state.picture, at))[0]


@given(
    start=st.sampled_from(BEFORE_A_VERB),
    pair=st.sampled_from(PAIRS),
    between=KEYS,
    apart=st.integers(CHANGED_MS, 9_000),
    soon=st.integers(0, CHANGED_MS - 1),
    button=st.sampled_from(VERBS),
)
def test_another_card_is_heard_and_seen_and_a_press_that_was_meant_for_the_first_does_nothing(
    start: str, pair: tuple[str, str], between: list[str], apart: int, soon: int, button: Button
) -> None:
    first, second = pair
    state, _ = show(before(start), first, NOW)
    for key in between:
        state = typed(state, key, NOW + CHANGED_MS)
    meant = state.picture
    changed = NOW + CHANGED_MS + apart
    state, effects = show(state, second, changed)
    assert Signal(Sign.OTHER_CARD) in effects
    assert [effect.number for effect in effects if isinstance(effect, Show)] == [meant + 1]
    for at, picture in ((changed + soon, state.picture), (changed + soon, meant), (changed + CHANGED_MS, meant)):
        after, effects = pressed(state, button, at, picture)
        assert after.mode == state.mode
        assert effects == ()


@given(
    start=st.sampled_from(BEFORE_A_VERB),
    pair=st.sampled_from(PAIRS),
    keys=KEYS,
    soon=st.integers(0, CHANGED_MS - 1),
    again=st.booleans(),
)
@example(start="Idle", pair=("Peter's", "Jana's"), keys=["1", "back", "back"], soon=0, again=False)
def test_what_is_typed_meanwhile_does_not_shorten_the_time(
    start: str, pair: tuple[str, str], keys: list[str], soon: int, again: bool
) -> None:
    state, _ = show(before(start), pair[0], NOW)
    changed = NOW + 5_000
    state, _ = show(state, pair[1], changed)
    for key in keys:
        state = typed(state, key, changed)
    if again:
        state, _ = show(state, pair[1], changed)
    _, effects = pressed(state, Button.AWARD, changed + soon, state.picture)
    assert not [effect for effect in effects if isinstance(effect, Record)]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_a_press_for_the_second_card_is_the_seconds(first: str, second: str) -> None:
    state, _ = show(before("Idle"), first, NOW)
    state, _ = show(state, second, NOW + 1_000)
    _, effects = pressed(state, Button.AWARD, NOW + 1_000 + CHANGED_MS, state.picture)
    recorded = [effect.draft.whose for effect in effects if isinstance(effect, Record)]
    event = CARDS[second]
    assert recorded == [event.account.whose if isinstance(event, inputs.Found) else event.whose]


@pytest.mark.parametrize("card", CARDS)
def test_a_card_that_is_read_once_more_is_no_other_card(card: str) -> None:
    state, _ = show(before("Idle"), card, NOW)
    state, effects = show(state, card, NOW + 100)
    assert [effect.sign for effect in effects if isinstance(effect, Signal)] == [Sign.CARD]
    _, effects = pressed(state, Button.AWARD, NOW + 150, state.picture)
    assert [effect for effect in effects if isinstance(effect, Record)]


@pytest.mark.parametrize("start", ["Idle", "Sum"])
def test_a_card_that_is_read_once_more_does_not_shorten_the_time(start: str) -> None:
    state, _ = show(before(start), "Peter's", NOW)
    state, _ = show(state, "Jana's", NOW + 1_000)
    state, _ = show(state, "Jana's", NOW + 1_100)
    _, effects = pressed(state, Button.AWARD, NOW + 1_200, state.picture)
    assert effects == ()


def test_after_done_the_next_card_starts_anew() -> None:
    state, effects = show(before("Done"), "Peter's", NOW)
    assert [effect.sign for effect in effects if isinstance(effect, Signal)] == [Sign.CARD]
    assert [effect for effect in step(state, press(Button.AWARD, state.picture))[1] if isinstance(effect, Record)]
