"""The courier and the real cloud: the real application and database through httpx's ASGI transport, each request signed."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from backend.forgetting import forget
from backend.programmes import publish
from emulators.drafts import account, award, give_back, returned, spend, undo
from emulators.paired import NOW, Cloud, Terminal
from loyalty.account import Status
from loyalty.derived import Progress
from loyalty.entry import Entry, Unreadable, decode_entry
from sync import history, journal
from sync.courier import CloudState
from sync.keys import NEXT_KEY, load_or_make
from sync.messages import ASK_PATH, Standing
from sync.refusals import NotEnough, SpendingStopped


def test_a_day_at_one_counter(new_terminal: Callable[[str], Terminal], cloud: Cloud) -> None:
    one = new_terminal("one")
    first = one.till.record(award(10))
    spent = one.till.record(spend(4))
    assert one.exchange() == CloudState(online=True)
    assert one.points() == (6, 6)
    one.till.record(undo(spent.id, spent.postings))
    one.till.record(returned(3, first.id))
    assert one.points() == (7, 7)
    assert one.exchange() == CloudState(online=True)
    assert one.points() == (7, 7)
    assert history.waiting(one.journal).count == 0
    assert cloud.entries() == 4
    with pytest.raises(NotEnough):
        one.till.record(spend(8))


def test_two_counters_never_overdraw_one_account(new_terminal: Callable[[str], Terminal]) -> None:
    one, two = new_terminal("one"), new_terminal("two")
    one.till.record(award(10))
    one.exchange()
    two.exchange()
    assert (one.points(), two.points()) == ((10, 10), (10, 0))
    with pytest.raises(NotEnough):
        two.till.record(spend(1))
    one.till.record(spend(10))
    two.till.record(award(5))
    for terminal in (one, two, one):
        terminal.exchange()
    assert (one.points(), two.points()) == ((5, 0), (5, 5))


def test_a_larger_lease_is_asked_for(new_terminal: Callable[[str], Terminal]) -> None:
    one, two = new_terminal("one"), new_terminal("two")
    one.till.record(award(10))
    one.exchange()
    two.exchange()
    one.till.record(give_back(6))
    one.exchange()
    row = asyncio.run(two.courier.ask(account(), "points", 6))
    assert row is not None
    assert two.points() == (10, 6)
    two.till.record(spend(6))
    two.exchange()
    one.exchange()
    assert (one.points(), two.points()) == ((4, 4), (4, 0))


class SlowAsk(httpx.AsyncBaseTransport):
    """The way to the cloud, on which the first ask is so slow that `meanwhile` comes first."""

    def __init__(self, way: httpx.AsyncBaseTransport) -> None:
        self.way = way
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        meanwhile, self.meanwhile = (self.meanwhile, None) if request.url.path == ASK_PATH else (None, self.meanwhile)
        if meanwhile is not None:
            await meanwhile()
        return await self.way.handle_async_request(request)


def test_an_ask_that_a_push_overtakes_is_asked_anew_from_the_new_head(
    new_terminal: Callable[[str], Terminal], cloud: Cloud
) -> None:
    """Its old head would show the cloud a restored backup: the terminal would be stopped for no reason."""
    slow = SlowAsk(cloud.transport)
    cloud.transport = slow  # type: ignore[assignment]
    terminal = new_terminal("counter")
    terminal.till.record(award(5))
    terminal.exchange()

    def record_and_push() -> Awaitable[object]:
        terminal.till.record(award(1))
        return terminal.courier.exchange()

    slow.meanwhile = record_and_push
    assert asyncio.run(terminal.courier.ask(account(), "points", 3, seconds=30)) is not None
    assert journal.current(terminal.journal).standing is Standing.GOOD
    assert terminal.courier.state.standing is Standing.GOOD
    assert terminal.points() == (6, 6)


def test_a_lost_mirror_comes_back(new_terminal: Callable[[str], Terminal]) -> None:
    one = new_terminal("one")
    one.till.record(award(10))
    one.till.record(spend(3))
    one.exchange()
    one.mirror.close()
    (one.folder / "mirror.db").write_bytes(b"rubbish" * 1000)
    one.reopen()
    assert one.points() == (7, 7)
    assert one.exchange() == CloudState(online=True)
    assert one.points() == (7, 7)


def test_a_restored_backup_takes_a_new_identity(new_terminal: Callable[[str], Terminal], cloud: Cloud) -> None:
    one = new_terminal("one")
    one.till.record(award(10))
    one.exchange()
    backup = sqlite3.connect(one.folder / "backup.db")
    one.journal.backup(backup)
    backup.close()
    one.till.record(spend(4))
    one.exchange()
    one.close()
    for suffix in ("-wal", "-shm"):
        (one.folder / f"journal.db{suffix}").unlink(missing_ok=True)
    (one.folder / "backup.db").replace(one.folder / "journal.db")
    one.journal = journal.open_journal(one.folder / "journal.db")
    one.reopen()
    one.till.record(award(2))
    assert one.exchange().standing is Standing.OFF_HEAD
    with pytest.raises(SpendingStopped):
        one.till.record(spend(1))
    renew(one)
    assert one.exchange() == CloudState(online=True)
    assert one.points()[0] == 8
    assert cloud.entries() == 3
    assert history.waiting(one.journal).count == 0
    one.till.record(award(1))
    assert one.exchange() == CloudState(online=True)
    assert one.points()[0] == 9


def test_a_written_off_terminal_drains_and_starts_anew(new_terminal: Callable[[str], Terminal], cloud: Cloud) -> None:
    one = new_terminal("one")
    one.till.record(award(10))
    one.exchange()
    one.till.record(award(5))
    cloud.write_off(one.pairing.identity)
    assert one.exchange().standing is Standing.WRITTEN_OFF
    with pytest.raises(SpendingStopped):
        one.till.record(spend(1))
    one.till.record(award(1))
    assert one.exchange().waiting == 0
    renew(one)
    assert one.exchange() == CloudState(online=True)
    assert one.points()[0] == 16
    row = asyncio.run(one.courier.ask(account(), "points", 10))
    assert row is not None
    one.till.record(spend(10))
    one.exchange()
    assert one.points()[0] == 6


def renew(terminal: Terminal) -> None:
    key = load_or_make(terminal.folder, terminal.chance.randbytes, NEXT_KEY)
    asyncio.run(terminal.courier.renew(key.public))
    terminal.mirror.close()
    terminal.reopen()


def test_a_person_who_is_forgotten_in_the_cloud_is_forgotten_on_terminals(
    new_terminal: Callable[[str], Terminal], cloud: Cloud
) -> None:
    """One terminal is offline meanwhile and goes on with Anna's card: its lines come whole, and are forgotten then."""
    here, late = new_terminal("here"), new_terminal("late")
    here.till.record(award(10))
    here.exchange()
    late.exchange()
    late.till.record(award(5))
    with cloud.engine.begin() as connection:
        network = connection.execute(sa.text("SELECT id FROM network")).scalar_one()
        forget(connection, UUID(network), account(), NOW, cloud.chance.randbytes)
    for terminal in (here, late, late):
        assert terminal.exchange().trouble == ""
        assert terminal.look().status is Status.BLOCKED
    for terminal in (here, late):
        found = terminal.journal.execute("SELECT account, personal, salt FROM lines").fetchall()
        assert found == [(None, None, None)]
    with cloud.engine.begin() as connection:
        left = connection.execute(sa.text("SELECT count(*), count(personal), count(salt) FROM line")).one()
        assert tuple(left) == (2, 0, 0)
        balance = connection.execute(sa.text("SELECT sum(earned - spent), count(*) FROM purse")).one()
        assert tuple(balance) == (15, 1)


def test_a_members_level_comes_to_the_counter(new_terminal: Callable[[str], Terminal], cloud: Cloud) -> None:
    text = '[programme]\nkey = "p"\nversion = 1\nname = "P"\n[points]\nper_unit = "1"\n'
    text += '[[levels]]\nkey = "gold"\nname = "zlatá"\nfrom = "0.10"\n'
    with cloud.engine.begin() as connection:
        publish(connection, cloud.merchant, text, NOW)
    here = new_terminal("here")
    here.till.record(award(10))
    here.exchange()
    assert here.look().progress == Progress("gold", 10, 0)


def test_a_line_that_the_cloud_cannot_read_holds_up_only_posting(
    new_terminal: Callable[[str], Terminal], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older cloud stores what it cannot read and what comes behind, and posts all of it after its update."""
    one = new_terminal("one")
    one.till.record(award(10))
    strange = one.till.record(award(5)).id

    def older(body: bytes) -> Entry:
        entry = decode_entry(body)
        if entry.id == strange:
            raise Unreadable("this entry is of a version that is not known here")
        return entry

    with monkeypatch.context() as patch:
        patch.setattr("backend.lines.decode_entry", older)
        for _ in range(2):
            one.till.record(award(1))
            state = one.exchange()
            assert (state.online, state.waiting, state.kind) == (True, 0, None)
            assert "line 2" in state.posting
            assert one.points() == (15 + journal.head(one.journal).sequence - 2, 15 + journal.head(one.journal).sequence - 2)
        assert (cloud.entries(), alarm_count(cloud)) == (1, 1)
    one.till.record(award(1))
    assert one.exchange() == CloudState(online=True)
    assert (cloud.entries(), one.points()) == (5, (18, 18))


def alarm_count(cloud: Cloud) -> int:
    with cloud.engine.begin() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM alarm")).scalar_one())
