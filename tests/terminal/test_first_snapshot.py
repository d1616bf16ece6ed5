"""A first snapshot over real HTTP while two counters tap: each tap counts once, whatever piece it fell into."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend import snapshots
from emulators.drafts import account, award, person
from emulators.linked import Linked, RunningCloud
from loyalty.entry import Entry
from sync import snapshot
from sync.messages import PUSH_PATH, SNAPSHOT_PATH

NEVER = 3_600.0
MEMBERS, KEYS = 1_200, 100


def test_taps_while_a_snapshot_comes_count_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One counter is new and takes pieces over the wire; it and another one tap all the while, and the network breaks once."""
    monkeypatch.setattr(snapshots, "MAX_KEYS", KEYS)
    chance, taps = random.Random(3), Counter[int]()

    async def tap(terminal: Linked) -> None:
        who = chance.randint(1, MEMBERS)
        done = await terminal.store.record(award(7, who=who), f"tap {taps.total()}", 1, terminal.moment())
        assert isinstance(done, Entry)
        taps[who] += 1
        terminal.link.wake()

    def pieces(terminal: Linked) -> int:
        return terminal.requests.count(SNAPSHOT_PATH)

    async def story(cloud: RunningCloud, there: Linked) -> None:
        here = Linked(cloud, tmp_path / "here", NEVER)
        entering = asyncio.create_task(here.__aenter__())
        while pieces(here) < 5:
            await tap(there)
            await there.until(another_piece(here))
        await here.unplug()
        broken_at = pieces(here)
        assert not whole(here)
        for terminal in (here, there):
            await tap(terminal)
        here.begin_plugging_in()
        while not whole(here):
            for terminal in (here, there):
                await tap(terminal)
            await here.until(another_piece(here))
        await entering
        assert pieces(here) >= broken_at + MEMBERS // KEYS
        last_piece = len(here.requests) - 1 - here.requests[::-1].index(SNAPSHOT_PATH)
        assert PUSH_PATH in here.requests[:last_piece]
        for terminal in (here, there):
            terminal.link.hurry()
            await terminal.until(lambda: all(points(terminal, who) == 7 * much for who, much in taps.items()))  # noqa: B023
        assert cloud.count("SELECT count(*) FROM entry") == taps.total()
        await here.__aexit__()

    async def run() -> None:
        with RunningCloud(tmp_path / "cloud.sqlite") as cloud:
            fill(cloud)
            async with Linked(cloud, tmp_path / "there", NEVER) as there:
                await story(cloud, there)

    asyncio.run(run())


def whole(terminal: Linked) -> bool:
    return snapshot.due(terminal.store.reader.mirror) is None


def another_piece(terminal: Linked) -> Callable[[], bool]:
    before = terminal.requests.count(SNAPSHOT_PATH)
    return lambda: terminal.requests.count(SNAPSHOT_PATH) > before or (hasattr(terminal, "store") and whole(terminal))


def points(terminal: Linked, who: int) -> int:
    return terminal.store.account(person(who)).holding("points").balance


def fill(cloud: RunningCloud) -> None:
    """Members with a card, a phone and an empty purse each."""
    raw: Any = cloud.engine.raw_connection()
    network, merchant = cloud.house.network.hex, cloud.house.merchant.hex
    numbers = range(1, MEMBERS + 1)
    cursor = raw.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    cursor.executemany(
        "INSERT INTO card (network, token, account, status, change) VALUES (?, ?, ?, 'active', ?)",
        [(network, token, account(n), n) for n in numbers for token in (account(n), account(100_000 + n))],
    )
    cursor.executemany(
        "INSERT INTO account (merchant, id, opened_ms) VALUES (?, ?, 0)", [(merchant, account(n)) for n in numbers]
    )
    cursor.executemany(
        "INSERT INTO member (network, account, name, level, language, change) VALUES (?, ?, 'N', '', 'sk', ?)",
        [(network, account(n), MEMBERS + n) for n in numbers],
    )
    cursor.execute("UPDATE network SET change = ? WHERE id = ?", (3 * MEMBERS, network))
    cursor.execute("COMMIT")
    raw.close()
