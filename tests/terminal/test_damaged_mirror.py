"""The mirror's pages are overwritten while the daemon has it open: noticed, fetched anew, and no tap or line is lost by it."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from damaged_file import overwrite, overwrite_anywhere

from emulators.drafts import IDENTITY, account, award, moment, person
from emulators.linked import Linked, RunningCloud
from loyalty.account import Account, Status
from loyalty.entry import Entry
from loyalty.tokens import TokenKind
from sync import applying, journal, mirror
from sync.damage import DamagedMirror
from sync.mirror_rows import CardRow, MemberRow, PurseRow
from terminal.inputs import Found, Identification, Unknown
from terminal.store import JOURNAL, MIRROR, Store

NEVER = 3_600.0
MEMBERS = 60


def with_members(folder: Path, story: Callable[[Linked], Awaitable[None]]) -> None:
    """A terminal that awarded ten points to each of some members, and has them in its mirror."""

    async def run() -> None:
        with RunningCloud(folder / "cloud.sqlite") as cloud:
            async with Linked(cloud, folder / "here", NEVER) as here:
                for who in range(1, MEMBERS + 1):
                    await tap(here, who)
                here.link.hurry()
                await here.until(lambda: whole(here))
                await story(here)
                await here.until(lambda: whole(here))
                with closing(sqlite3.connect(here.folder / JOURNAL)) as lines:
                    assert lines.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                    recorded = lines.execute("SELECT count(*) FROM lines").fetchone()[0]
                assert cloud.count("SELECT count(*) FROM entry") == recorded

    asyncio.run(run())


async def tap(terminal: Linked, who: int) -> None:
    key = f"tap {os.urandom(8).hex()}"
    outcome = await terminal.store.record(award(10, who=who), key, 1, terminal.moment())
    assert isinstance(outcome, Entry), outcome
    terminal.link.wake()


def whole(terminal: Linked) -> bool:
    """Whether the mirror on the disk is sound, has everybody, and both threads use it."""
    with closing(sqlite3.connect(terminal.folder / MIRROR)) as file:
        try:
            if file.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return False
            (everybody,) = file.execute("SELECT count(*) FROM accounts").fetchone()
        except sqlite3.DatabaseError:
            return False
    seen = terminal.store.reader.mirror.execute("SELECT count(*) FROM accounts").fetchone()
    return (everybody, seen) == (MEMBERS, (MEMBERS,)) and not terminal.store.mirror_is_damaged


def points(terminal: Linked, who: int) -> tuple[int, int]:
    holding = shown(terminal, who).holding("points")
    return holding.balance, holding.spendable


def shown(terminal: Linked, who: int) -> Account:
    return terminal.store.account(person(who))


@pytest.mark.parametrize("first_page", [1, 2], ids=["with its header", "but for its first page"])
def test_a_look_finds_the_damage(tmp_path: Path, first_page: int) -> None:
    async def story(here: Linked) -> None:
        overwrite(here.store, first_page)
        # What the journal says is all that is known for now, and enough to serve: each line since the last pruning is there.
        assert points(here, 3)[0] == 10
        await tap(here, 3)
        assert points(here, 3)[0] == 20
        await here.until(lambda: whole(here) and points(here, 3) == (20, 20))

    with_members(tmp_path, story)


@pytest.mark.parametrize("first_page", [1, 2], ids=["with its header", "but for its first page"])
def test_an_entry_finds_the_damage(tmp_path: Path, first_page: int) -> None:
    async def story(here: Linked) -> None:
        overwrite(here.store, first_page)
        await tap(here, 4)
        await here.until(lambda: whole(here) and points(here, 4) == (20, 20))

    with_members(tmp_path, story)


@pytest.mark.parametrize("first_page", [1, 2], ids=["with its header", "but for its first page"])
def test_an_exchange_finds_the_damage(tmp_path: Path, first_page: int) -> None:
    async def story(here: Linked) -> None:
        overwrite(here.store, first_page)
        here.link.hurry()
        await here.until(lambda: whole(here) and here.online)
        assert points(here, 5) == (10, 10)

    with_members(tmp_path, story)


def test_a_card_that_is_shown_to_the_cloud_finds_the_damage(tmp_path: Path) -> None:
    async def story(here: Linked) -> None:
        overwrite(here.store, 2)
        assert await here.link.ask(account(6), "points", "", 50) is None
        await here.until(lambda: whole(here))
        assert await here.link.ask(account(6), "points", "", 10) is not None

    with_members(tmp_path, story)


def test_a_look_at_the_time_finds_the_damage(tmp_path: Path) -> None:
    """News of the cloud's state carry the known time: what cannot be read there must not end the courier."""

    async def story(here: Linked) -> None:
        overwrite(here.store, 2)
        assert here.store.known_time(here.moment()) is None
        here.store.recall(here.moment(), 0)
        await here.until(lambda: whole(here))

    with_members(tmp_path, story)


def test_damage_that_is_found_before_the_cloud_is_reached_is_mended_then(tmp_path: Path) -> None:
    async def story(here: Linked) -> None:
        await here.unplug()
        overwrite(here.store, 2)
        assert points(here, 7)[0] == 10
        await tap(here, 7)
        assert points(here, 7)[0] == 20
        await here.plug_in()
        await here.until(lambda: whole(here) and points(here, 7) == (20, 20))

    with_members(tmp_path, story)


def test_damage_before_the_start_is_mended(tmp_path: Path) -> None:
    async def story(here: Linked) -> None:
        await here.restart(lambda: overwrite_anywhere(here.folder / MIRROR, random.Random(1), 2, 1 << 16))
        await here.until(lambda: whole(here) and points(here, 8) == (10, 10))

    with_members(tmp_path, story)


def test_damage_that_the_first_look_of_a_start_finds_is_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large mirror is not looked through at the start: the look that finds it comes before there is a courier."""
    monkeypatch.setattr(mirror, "LOOKED_THROUGH_BYTES", 0)

    async def story(here: Linked) -> None:
        def found_early() -> None:
            overwrite(here.store, 2)
            assert points(here, 9)[0] == 10

        await here.restart(between=found_early)
        await here.until(lambda: whole(here) and points(here, 9) == (10, 10))

    with_members(tmp_path, story)


def filled(folder: Path) -> Store:
    store = Store(folder, IDENTITY, "main")
    numbers = range(1, MEMBERS + 1)
    rows = applying.AnswerRows(
        purses=tuple(PurseRow(account(n), "points", "", 10, 10, n) for n in numbers),
        cards=tuple(CardRow(account(1000 + n), account(n), Status.ACTIVE, n) for n in numbers),
        members=tuple(MemberRow(account(n), "Jana", "gold", "sk", n) for n in numbers),
    )
    glass, lines = store.writer.mirror, store.writer.journal

    def fill() -> None:
        for _ in applying.slices(glass, lines, IDENTITY, rows, 0, lambda: None):
            pass

    asyncio.run(store.run_blocking(fill))
    return store


@pytest.mark.parametrize("seed", range(40))
def test_bytes_that_change_anywhere_end_no_look_and_no_entry(tmp_path: Path, seed: int) -> None:
    """Not all of it can be seen: a value that changed in a sound page is believed. But nothing is ended by it."""
    chance = random.Random(seed)
    store = filled(tmp_path)
    overwrite_anywhere(tmp_path / MIRROR, chance, chance.randint(1, 4), chance.choice((1, 16, 256, 4096)), store)
    done = 0
    for who in range(1, MEMBERS + 1):
        for token in (account(who), account(1000 + who)):
            assert isinstance(store.look(Identification(TokenKind.CARD, (token,)), 0), Found | Unknown)
        key = f"key {who}"
        done += isinstance(asyncio.run(store.record(award(1, who=who), key, 1, moment(who))), Entry)
    assert done == MEMBERS
    store.recall(moment(99), 0)
    store.programme()
    head = journal.head(store.reader.journal)
    assert head.sequence == MEMBERS
    if store.mirror_is_damaged:
        asyncio.run(store.remake_mirror(lambda fresh: None))
        assert not store.mirror_is_damaged
        assert mirror.cursor(store.reader.mirror) == 0
    assert journal.head(store.reader.journal) == head
    store.close()


def test_a_file_that_cannot_be_read_is_damaged(tmp_path: Path) -> None:
    """An SD card's bad sector: the file became shorter than it says."""
    store = filled(tmp_path)
    overwrite(store, 2, b"")
    with pytest.raises(DamagedMirror):
        mirror.cursor(store.reader.mirror)
    store.close()
