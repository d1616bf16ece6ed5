"""Leases on their way between terminals: shown cards, recalls, give-backs; with the real cloud in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from emulators.drafts import account, award, spend
from emulators.paired import Cloud, Terminal
from sync import journal
from sync.refusals import NotEnough

New = Callable[[str], Terminal]


@pytest.fixture
def pair(new_terminal: New) -> tuple[Terminal, Terminal]:
    """Two counters; the first has awarded a member ten points and holds the lease on them."""
    here, there = new_terminal("here"), new_terminal("there")
    there.till.record(award(10))
    there.exchange()
    here.exchange()
    assert (here.points(), there.points()) == ((10, 0), (10, 10))
    return here, there


def present(terminal: Terminal) -> bool:
    return asyncio.run(terminal.courier.lending.present(account()))


def test_a_shown_cards_value_comes_to_the_terminal_in_front_of_the_customer(pair: tuple[Terminal, Terminal]) -> None:
    here, there = pair
    assert present(here)
    assert here.points() == (10, 0)
    there.exchange()  # hears of it, and sends the line
    assert there.points() == (10, 0)
    here.exchange()
    assert here.points() == (10, 10)
    here.till.record(spend(10))
    here.exchange()
    there.exchange()
    assert (here.points(), there.points()) == ((0, 0), (0, 0))


def test_what_is_free_comes_at_once(pair: tuple[Terminal, Terminal]) -> None:
    here, there = pair
    present(here)
    there.exchange()
    there.exchange()
    here.exchange()
    present(there)
    here.exchange()
    here.exchange()
    assert here.points() == (10, 0)
    assert present(there)
    assert there.points() == (10, 10)


def test_a_recall_that_comes_again_and_again_is_answered_once(pair: tuple[Terminal, Terminal], cloud: Cloud) -> None:
    here, there = pair
    present(here)
    there.exchange()
    there.till.record(award(3))  # earned after the line: not asked for
    there.exchange()
    here.exchange()
    assert (here.points(), there.points()) == ((13, 10), (13, 3))
    assert cloud.entries() == 3


def test_the_card_in_conversation_is_not_given_away(pair: tuple[Terminal, Terminal]) -> None:
    here, there = pair
    present(here)
    there.courier.lending.serving = account()
    there.exchange()
    assert there.points() == (10, 10)
    assert there.courier.lending.held_back
    there.till.record(spend(4))
    there.courier.lending.serving = None
    there.exchange()
    there.exchange()
    here.exchange()
    assert (here.points(), there.points()) == ((6, 6), (6, 0))
    with pytest.raises(NotEnough):
        there.till.record(spend(1))


def test_a_wish_is_forgotten_after_two_minutes(pair: tuple[Terminal, Terminal], cloud: Cloud) -> None:
    here, there = pair
    present(here)
    cloud.now += 2 * 60 * 1000
    there.exchange()
    assert there.points() == (10, 10)
    assert journal.head(there.journal).sequence == 1


def test_a_recall_moves_to_whoever_shows_the_card_last(pair: tuple[Terminal, Terminal], new_terminal: New) -> None:
    here, there = pair
    third = new_terminal("third")
    third.exchange()
    present(here)
    present(third)
    there.exchange()
    there.exchange()
    for terminal in (here, third):
        terminal.exchange()
    assert [terminal.points() for terminal in (here, there, third)] == [(10, 0), (10, 0), (10, 10)]


def test_whoever_shows_the_card_need_not_give_it_back(pair: tuple[Terminal, Terminal]) -> None:
    here, there = pair
    present(here)
    present(there)
    there.exchange()
    assert there.points() == (10, 10)


def test_an_ask_waits_for_what_comes_back(pair: tuple[Terminal, Terminal]) -> None:
    """Asked while the other terminal is online: the customer sees no refusal."""
    here, there = pair

    async def ask() -> object:
        asking = asyncio.ensure_future(here.courier.ask(account(), "points", 8, seconds=30))
        while not asking.done():
            await there.courier.exchange()
            await here.courier.exchange()
        return await asking

    assert asyncio.run(ask()) is not None
    assert here.points() == (10, 8)  # what was asked for; the rest is free


def test_an_ask_does_not_wait_for_a_terminal_that_is_away(pair: tuple[Terminal, Terminal], cloud: Cloud) -> None:
    here, _ = pair
    cloud.now += 60 * 1000
    row = asyncio.run(here.courier.ask(account(), "points", 8, seconds=30))
    assert row is not None
    assert row.granted == 0


def test_nothing_is_called_back_from_or_for_a_written_off_terminal(pair: tuple[Terminal, Terminal], cloud: Cloud) -> None:
    here, there = pair
    present(here)
    cloud.write_off(there.pairing.identity)
    there.exchange()
    there.exchange()
    assert journal.head(there.journal).sequence == 1
    present(here)
    assert here.points() == (10, 10)
    assert present(there)
    here.exchange()
    assert here.points() == (10, 10)
    assert cloud.recalls() == 0
