"""Two terminals as the daemon links them, and the real cloud that listens: only its call can end their rests in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from backend.leases import write_off_terminal
from emulators.drafts import account, award, person, spend
from emulators.linked import Linked, RunningCloud
from loyalty.account import Account
from loyalty.entry import Draft, Entry
from sync import journal
from sync.messages import PRESENT_PATH, Standing

NEVER = 3_600.0


def with_two(folder: Path, story: Callable[[Linked, Linked], Awaitable[None]]) -> None:
    """Ten points that `there` awarded; both know them, `there` alone may spend them."""

    async def run() -> None:
        with RunningCloud(folder / "cloud.sqlite") as cloud:
            async with Linked(cloud, folder / "here", NEVER) as here, Linked(cloud, folder / "there", NEVER) as there:
                await record(there, award(10))
                await here.until(lambda: here.balance() == 10)
                await there.until(lambda: there.spendable() == 10)
                assert here.spendable() == 0
                await story(here, there)

    asyncio.run(run())


async def record(terminal: Linked, draft: Draft) -> None:
    outcome = await terminal.store.record(draft, str(time.monotonic_ns()), 1, terminal.moment())
    assert isinstance(outcome, Entry), outcome
    terminal.link.wake()


def shown(terminal: Linked) -> Account:
    return terminal.store.account(person())


def test_a_shown_card_can_be_spent_where_it_is_shown(tmp_path: Path) -> None:
    async def story(here: Linked, there: Linked) -> None:
        here.link.serve(shown(here))
        await here.until(lambda: here.spendable() == 10)
        assert {account()} in here.changed
        await record(here, spend(10))
        await there.until(lambda: there.balance() == 0)
        assert (here.spendable(), there.spendable()) == (0, 0)

    with_two(tmp_path, story)


def test_a_card_on_the_other_screen_comes_when_that_conversation_is_over(tmp_path: Path) -> None:
    async def story(here: Linked, there: Linked) -> None:
        there.link.serve(shown(there))
        here.link.serve(shown(here))
        await there.until(lambda: there.link.holds_back)
        assert there.spendable() == 10
        there.link.serve(None)
        await here.until(lambda: here.spendable() == 10)

    with_two(tmp_path, story)


def test_an_ask_gets_what_lies_elsewhere(tmp_path: Path) -> None:
    async def story(here: Linked, there: Linked) -> None:
        assert await here.link.ask(account(), "points", "", 10) is not None
        await here.until(lambda: here.spendable() == 10)

    with_two(tmp_path, story)


def test_a_card_that_can_all_be_spent_here_asks_for_nothing(tmp_path: Path) -> None:
    async def story(here: Linked, there: Linked) -> None:
        there.link.serve(shown(there))
        here.link.serve(here.store.account(person(2)))
        await record(there, award(1))  # whatever was to be asked was asked by then
        await here.until(lambda: here.balance() == 11)
        assert PRESENT_PATH not in here.requests + there.requests

    with_two(tmp_path, story)


def test_a_written_off_terminal_that_comes_back(tmp_path: Path) -> None:
    """Lost with ten points on it, spent there while it was away: taken, and the overdraft is listed up to what it held."""

    async def story(here: Linked, there: Linked) -> None:
        await there.unplug()
        await record(there, spend(6))
        with there.cloud.house.database.writing() as connection:
            write_off_terminal(connection, there.identity, 1)
        here.link.serve(shown(here))
        await here.until(lambda: here.spendable() == 10)
        await record(here, spend(10))
        await here.until(lambda: here.balance() == 0)
        await there.plug_in()
        await there.until(lambda: journal.current(there.store.reader.journal).standing is Standing.WRITTEN_OFF)
        await here.until(lambda: here.balance() == -6)
        here.link.serve(None)
        there.link.serve(shown(there))
        assert there.cloud.count("SELECT overdraft FROM purse") == 6
        assert there.cloud.count("SELECT count(*) FROM recall") == 0
        assert there.cloud.count("SELECT count(*) FROM alarm WHERE kind = 'OVERDRAFT'") == 1

    with_two(tmp_path, story)


def test_a_typed_number_moves_nothing(tmp_path: Path) -> None:
    """It cannot be spent by, so the lease stays where the card may come."""

    async def story(here: Linked, there: Linked) -> None:
        here.link.serve(here.store.account(person(), typed=True))
        await record(there, award(1))
        await here.until(lambda: here.balance() == 11)
        assert PRESENT_PATH not in here.requests

    with_two(tmp_path, story)


def test_cards_that_are_shown_one_after_the_other_are_not_all_asked_for(tmp_path: Path) -> None:
    """Only the one that is there when the network is, and one at a time."""

    async def story(here: Linked, there: Linked) -> None:
        for _ in range(20):
            here.link.serve(shown(here))
            here.link.serve(None)
        here.link.serve(shown(here))
        await here.until(lambda: here.spendable() == 10)
        assert here.requests.count(PRESENT_PATH) <= 2

    with_two(tmp_path, story)


def test_without_the_network_a_card_is_asked_for_when_it_is_back(tmp_path: Path) -> None:
    async def story(here: Linked, there: Linked) -> None:
        await here.unplug()
        here.link.serve(shown(here))
        await here.plug_in()
        await here.until(lambda: here.spendable() == 10)

    with_two(tmp_path, story)
