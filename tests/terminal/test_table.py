"""Every button, card, timer and answer in every state has one answer, and it is the one that docs/conversation.md gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_table import GROUPS, MODES, before, outcome
from terminal.effects import Show
from terminal.session import step
from terminal.states import Mode

PAGE = (Path(__file__).parents[2] / "docs" / "conversation.md").read_text(encoding="utf-8")


def cells() -> dict[tuple[str, str], str]:
    """(state, event) -> outcome, as the page has them."""
    found: dict[tuple[str, str], str] = {}
    for section in PAGE.split("### ")[1:]:
        rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in section.splitlines() if row.startswith("|")]
        if rows and rows[0][0] == "state":
            for name, *outcomes in rows[2:]:
                found |= {(name, event): outcome for event, outcome in zip(rows[0][1:], outcomes, strict=True)}
    return found


EVENTS = {name: event for events in GROUPS.values() for name, event in events.items()}
CELLS = cells()


def test_the_page_has_every_state_and_event_and_no_other() -> None:
    assert set(CELLS) == {(state, event) for state in MODES for event in EVENTS}


@pytest.mark.parametrize("state", MODES)
def test_what_the_page_says_is_what_happens(state: str) -> None:
    said = {event: CELLS[state, event] for event in EVENTS}
    assert {name: outcome(state, event) for name, event in EVENTS.items()} == said


def test_every_state_of_the_code_is_in_the_table() -> None:
    assert {type(mode) for mode in MODES.values()} == set(Mode.__args__)


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=12), st.sampled_from(sorted(MODES)))
def test_no_walk_through_the_table_fails_and_pictures_count_up(walk: list[str], start: str) -> None:
    state = before(start)
    for name in walk:
        picture = state.picture
        state, effects = step(state, EVENTS[name])
        shown = [effect.number for effect in effects if isinstance(effect, Show)]
        assert shown == list(range(picture + 1, state.picture + 1))
        assert len(shown) <= 1
        assert state.since <= state.picture + 1
