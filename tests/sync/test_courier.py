from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.cloud_peer import CloudPeer, breaks, says
from emulators.drafts import IDENTITY, Till, account, award, moment, spend
from loyalty.account import Holding
from loyalty.chain import Head
from loyalty.entry import TokenKind
from sync import history, journal, known_time, messages, mirror, pairing
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import CloudState, Courier
from sync.keys import NEXT_KEY, DeviceKey, load_or_make
from sync.messages import Pushed, Standing
from sync.mirror_rows import PurseRow
from sync.patience import LONGEST_WAIT
from sync.refusals import NotEnough, SpendingStopped
from sync.signing import RequestSigner
from sync.status import status
from sync.troubles import Kind
from sync.view import look

T = TypeVar("T")


class Counter:
    """A terminal at a counter: its two files, its courier, and the cloud it talks to."""

    def __init__(self, folder: Path, peer: CloudPeer | None = None) -> None:
        self.folder = folder
        self.journal = journal.open_journal(folder / "journal.sqlite")
        journal.begin(self.journal, IDENTITY)
        self.mirror = mirror.open_mirror(folder / "mirror.sqlite", self.journal)
        self.till = Till(self.journal, rows=mirror.rows(self.mirror, self.journal), seed=int.from_bytes(os.urandom(4), "big"))
        self.peer = peer or CloudPeer(IDENTITY)
        self.states: list[CloudState] = []
        self.changed: list[set[bytes]] = []
        self.texts: list[messages.ProgrammeText] = []
        self.slept: list[float] = []
        self.sleep: Callable[[float], Awaitable[None]] = self.doze
        self.courier = self.new_courier()

    def new_courier(self) -> Courier:
        signer = RequestSigner(journal.current(self.journal).identity, DeviceKey(bytes(32)), lambda: 1_000.0)
        return Courier(
            cloud_client("http://127.0.0.1:1", auth=signer, transport=self.peer),
            self.journal,
            self.mirror,
            RequestCounter(self.journal),
            run_blocking=self.run_blocking,
            moment=lambda: moment(50),
            sleep=lambda seconds: self.sleep(seconds),
            random=lambda: 0.5,
            on_cloud=self.hear,
            on_changed=self.changed.append,
            on_programme=self.texts.append,
        )

    def hear(self, state: CloudState) -> None:
        self.states.append(state)

    async def run_blocking(self, work: Callable[[], T], /) -> T:
        await asyncio.sleep(0)
        return work()

    async def doze(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def exchange(self) -> float | None:
        return asyncio.run(self.courier.exchange())

    def restart(self) -> None:
        self.close()
        again = Counter(self.folder, self.peer)
        self.__dict__.update(again.__dict__)

    def waiting(self) -> int:
        return history.waiting(self.journal).count

    def close(self) -> None:
        self.journal.close()
        self.mirror.close()


class Interrupted(Counter):
    """A counter where an entry is recorded in the writer thread just before one of the courier's own jobs there."""

    jobs, before, told = 0, 0, 0

    def hear(self, state: CloudState) -> None:
        """Who hears of the cloud looks into the journal: how many entries it finds accepted."""
        self.told = self.accepted()

    def accepted(self) -> int:
        return journal.current(self.journal).accepted

    async def run_blocking(self, work: Callable[[], T], /) -> T:
        self.jobs += 1
        if self.jobs == self.before:
            self.till.record(award(5))
        return await super().run_blocking(work)


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    counter = Counter(tmp_path)
    yield counter
    counter.close()


def test_entries_reach_the_cloud_and_changes_the_counter(counter: Counter) -> None:
    counter.till.record(award(5))
    counter.till.record(award(7, who=2))
    assert counter.exchange() is None
    assert counter.peer.head == journal.head(counter.journal)
    assert counter.states[-1] == CloudState(online=True)
    assert counter.changed == [{account(1), account(2)}]
    assert counter.texts == [messages.ProgrammeText(1, "version = 1")]
    found = look(counter.journal, counter.mirror, account(1), TokenKind.CARD)
    assert found is not None
    assert found.holdings == (Holding("points", 5, 5),)
    assert known_time.known_ms(counter.mirror, moment(50)) > 0
    assert counter.exchange() is None
    assert counter.peer.requests.count(messages.PUSH_PATH) == 1
    assert counter.peer.requests.count(messages.PROGRAMME_PATH) == 1
    counter.till.record(award(1))
    seen = status(counter.journal, counter.mirror, moment(50))
    assert (seen.identity, seen.standing, seen.recorded, seen.accepted, seen.posted) == (IDENTITY, Standing.GOOD, 3, 2, 2)
    assert (seen.waiting.count, seen.programme, seen.programme_here, seen.cards) == (1, 1, True, 0)


def test_what_the_cloud_accepts_is_told_whenever_it_was_recorded(tmp_path: Path) -> None:
    """Who counts what waits when an entry is recorded must hear that it no longer does, though the courier never counted it."""
    counter = Interrupted(tmp_path)
    assert counter.exchange() is None
    while counter.jobs >= counter.before:
        counter.before, counter.jobs = counter.before + 1, 0
        assert counter.exchange() is None
        assert counter.told == counter.accepted(), f"not told of an entry recorded before job {counter.before}"
    assert counter.before > 10
    counter.close()


def test_many_lines_and_rows_go_in_batches(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_LINES", 4)
    assert counter.exchange() is None
    counter.peer.requests.clear()
    counter.peer.page = 3
    for who in range(1, 11):
        counter.till.record(award(who, who=who))
    assert counter.exchange() is None
    assert counter.peer.requests.count(messages.PUSH_PATH) == 3
    assert counter.peer.requests.count(messages.PULL_PATH) == 4
    assert mirror.cursor(counter.mirror) == 10
    assert mirror.complete_through(counter.mirror, counter.journal) == 10


HTML = b"<!doctype html><title>Hotel Wi-Fi</title>"
FAULTS = {
    "login page": (says(200, HTML), "login page"),
    "redirect": (says(302, headers={"Location": "http://hotel.example"}), "login page"),
    "empty": (says(200), "cut"),
    "cut": (says(200, b'{"standing":"good","head":{"seq'), "cut"),
    "deep": (says(200, b"[" * 100_000), "cut"),
    "error 500": (says(500, HTML), "fault of its own"),
    "busy": (says(429), "busy"),
    "forgotten": (says(401, msgspec.json.encode(messages.Problem("Unknown", "revoked"))), "revoked"),
    "counter without number": (says(409, b"{}"), "refused"),
    "timeout": (breaks(httpx.ReadTimeout), "in time"),
    "no network": (breaks(httpx.ConnectError, "[Errno 101] Network is unreachable"), "unreachable"),
    "reset": (breaks(httpx.ReadError), "broke"),
    "half an answer": (breaks(httpx.RemoteProtocolError, "peer closed connection"), "peer closed"),
    "endless": (says(200, b" " * (16 * 1024 * 1024 + 1)), "too large"),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_fault_is_told_in_words_and_loses_nothing(counter: Counter, name: str, before: int) -> None:
    fault, words = FAULTS[name]
    counter.till.record(award(5))
    counter.peer.faults.extend([None] * before + [fault])
    assert counter.exchange() is not None
    assert words in counter.states[-1].trouble
    assert not counter.states[-1].online
    assert counter.exchange() is None
    assert counter.states[-1] == CloudState(online=True)
    assert counter.peer.head == journal.head(counter.journal)
    assert counter.peer.purses[account(), "points"].balance == 5


def test_a_lost_answer_and_a_doubled_request_do_no_harm(counter: Counter) -> None:
    counter.peer.deliver_twice = True
    counter.peer.lose_answers = 3
    counter.till.record(award(5))
    for _ in range(3):
        assert counter.exchange() == 0.0
        counter.restart()
    assert counter.exchange() is None
    assert counter.peer.head.sequence == 1
    assert counter.waiting() == 0


def test_lines_of_90_days_ago_are_forgotten_once_everything_is_settled(counter: Counter) -> None:
    for _ in range(4):
        counter.till.record(award(2))
    counter.exchange()
    assert journal.line_at(counter.journal, 1) is not None
    counter.peer.now_ms += 91 * 24 * 3600 * 1000
    counter.exchange()
    assert journal.line_at(counter.journal, 3) is None
    counter.restart()
    counter.till.record(spend(8))
    assert counter.exchange() is None
    found = look(counter.journal, counter.mirror, account(), TokenKind.CARD)
    assert found is not None
    assert found.holdings == (Holding("points", 0, 0),)


def test_retry_after_is_heeded(counter: Counter) -> None:
    counter.peer.faults.append(says(503, headers={"Retry-After": "40"}))
    assert counter.exchange() == 40.0
    counter.peer.faults.append(says(429, headers={"Retry-After": "Mon, 21 Sep 2026 13:55:10 GMT"}))
    counter.peer.faults.append(says(503, headers={"Retry-After": "Mon, 21 Sep 2026 14:14:00 GMT"}))
    assert [counter.exchange(), counter.exchange()] == [0.0, pytest.approx(39.95)]
    for nonsense in ("soon", "-5", "", "1" * 400, "Mon, 99 Foo 2026"):
        counter.peer.faults.append(says(503, headers={"Retry-After": nonsense}))
        assert counter.exchange() is not None


def test_a_higher_counter_of_the_clouds_is_adopted(counter: Counter) -> None:
    counter.peer.counter = 5_000
    counter.till.record(award(5))
    assert counter.exchange() is None
    assert counter.peer.counter > 5_000


def test_a_cloud_that_went_back_gets_its_lines_again(counter: Counter) -> None:
    for _ in range(4):
        counter.till.record(award(1))
    counter.exchange()
    peer = CloudPeer(IDENTITY)
    peer.push(messages.Push(IDENTITY, Head(2, b""), tuple(journal.lines_after(counter.journal, 0, 2))))
    counter.peer = peer
    counter.courier = counter.new_courier()
    counter.till.record(award(1))
    assert counter.exchange() is None
    assert peer.head == journal.head(counter.journal)


@pytest.mark.parametrize("standing", [Standing.WRITTEN_OFF, Standing.OFF_HEAD])
def test_a_standing_stops_spending_for_good(counter: Counter, standing: Standing) -> None:
    counter.till.record(award(5))
    counter.peer.standing = standing
    counter.exchange()
    assert counter.states[-1].standing is standing
    counter.peer.standing = Standing.GOOD
    counter.restart()
    counter.till.record(award(1))
    counter.exchange()
    with pytest.raises(SpendingStopped):
        counter.till.record(spend(1))
    assert counter.states[-1].standing is standing
    assert counter.peer.head == journal.head(counter.journal)


def test_a_restored_backup_is_found_out_and_renewed(counter: Counter, tmp_path: Path) -> None:
    counter.till.record(award(5))
    counter.exchange()
    backup = tmp_path / "backup"
    backup.mkdir()
    with sqlite3.connect(backup / "journal.sqlite") as copy:
        counter.journal.backup(copy)
    copy.close()
    counter.till.record(spend(4))
    counter.exchange()
    restored = Counter(backup, counter.peer)
    restored.till.record(award(3))
    restored.exchange()
    assert restored.states[-1].standing is Standing.OFF_HEAD
    with pytest.raises(SpendingStopped):
        restored.till.record(spend(1))
    key = load_or_make(backup, os.urandom, NEXT_KEY)
    renewed = asyncio.run(restored.courier.renew(key.public))
    restored.courier = restored.new_courier()
    assert restored.exchange() is None
    assert restored.states[-1] == CloudState(online=True)
    assert [line.was is not None for line in restored.peer.lines[-1:]] == [True]
    with pytest.raises(NotEnough):
        restored.till.record(spend(100))
    old = pairing.Pairing("https://c", IDENTITY, IDENTITY, IDENTITY, "", "main", "", ())
    for _ in range(2):
        settled = pairing.settle(backup, old, renewed.identity)
        assert settled.identity == renewed.identity
        assert load_or_make(backup, os.urandom) == key
    assert pairing.settle(backup, settled, renewed.identity) is settled
    restored.close()


def test_an_ask_raises_the_lease_once(counter: Counter) -> None:
    counter.till.record(award(5))
    counter.exchange()
    counter.peer.purses[account(), "points"] = PurseRow(account(), "points", "", 105, 5, 9)
    for _ in range(2):
        row = asyncio.run(counter.courier.ask(account(), "points", 50))
        assert row is not None
        assert row.granted == 50
    counter.till.record(spend(50))
    row = asyncio.run(counter.courier.ask(account(), "points", 30))
    assert row is not None
    assert row.granted == 80
    counter.till.record(spend(30))


@pytest.mark.parametrize("name", FAULTS)
def test_an_ask_without_a_usable_answer_is_none(counter: Counter, name: str) -> None:
    counter.peer.faults.append(FAULTS[name][0])
    assert asyncio.run(counter.courier.ask(account(), "points", 5)) is None


def test_an_ask_does_not_wait_longer_than_told(counter: Counter) -> None:
    class Silent(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    counter.peer = Silent()  # type: ignore[assignment]
    counter.courier = counter.new_courier()
    assert asyncio.run(counter.courier.ask(account(), "points", 5, seconds=0.02)) is None


def test_an_answer_that_contradicts_our_lines_stops_spending(counter: Counter) -> None:
    counter.till.record(award(5))
    wrong = Pushed(Standing.GOOD, Head(1, bytes(32)), 1, 0)
    counter.peer.faults.append(says(200, msgspec.json.encode(wrong)))
    counter.exchange()
    assert counter.states[-1].standing is Standing.OFF_HEAD


def test_a_cloud_that_stands_still_is_left_alone(counter: Counter) -> None:
    counter.till.record(award(5))
    still = msgspec.json.encode(Pushed(Standing.GOOD, Head(), 0, 0))
    counter.peer.faults.append(says(200, still))
    assert counter.exchange() == 0.0
    assert counter.peer.requests == [messages.PUSH_PATH]


def test_a_full_disk_is_told_and_does_not_end_the_loop(counter: Counter) -> None:
    counter.till.record(award(5))
    counter.mirror.execute("PRAGMA query_only=ON")
    assert counter.exchange() == 0.0
    assert "SD card" in counter.states[-1].trouble
    counter.mirror.execute("PRAGMA query_only=OFF")
    assert counter.exchange() is None


def run_for(counter: Counter, body: Callable[[], Coroutine[Any, Any, None]], seconds: float = 10) -> None:
    async def go() -> None:
        task = asyncio.create_task(counter.courier.run())
        async with asyncio.timeout(seconds):
            await body()
        assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(go())


def test_the_loop_backs_off_with_jitter_up_to_a_minute(counter: Counter) -> None:
    counter.peer.faults.extend([breaks(httpx.ConnectError)] * 9)

    async def until_online() -> None:
        while not counter.courier.state.online:
            await asyncio.sleep(0)

    run_for(counter, until_online)
    assert counter.slept[:9] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert max(counter.slept) <= LONGEST_WAIT


def test_an_entry_wakes_the_loop_and_the_network_hurries_it(counter: Counter) -> None:
    async def forever(seconds: float) -> None:
        counter.slept.append(seconds)
        await asyncio.Event().wait()

    counter.sleep = forever

    async def body() -> None:
        while not counter.slept:
            await asyncio.sleep(0)
        counter.till.record(award(5))
        counter.courier.wake()
        while counter.peer.head.sequence < 1 or len(counter.slept) < 2:
            await asyncio.sleep(0)
        counter.peer.faults.extend([breaks(httpx.ConnectError)] * 2)
        counter.courier.wake()
        while counter.courier.state.online or len(counter.slept) < 3:
            await asyncio.sleep(0)
        tried = len(counter.peer.requests)
        counter.courier.wake()  # one try at once: the network may be back
        while len(counter.slept) < 4:
            await asyncio.sleep(0)
        assert len(counter.peer.requests) == tried + 1
        counter.courier.wake()  # but no other within seconds
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(counter.peer.requests) == tried + 1
        counter.courier.hurry()
        while not counter.courier.state.online:
            await asyncio.sleep(0)

    run_for(counter, body)


@pytest.mark.parametrize("status", [429, 503])
def test_nothing_cuts_short_what_the_cloud_asked_for(counter: Counter, status: int) -> None:
    """Not an entry, nor a route: a DHCP lease that is renewed looks like a network that is back."""

    async def forever(seconds: float) -> None:
        counter.slept.append(seconds)
        await asyncio.Event().wait()

    counter.sleep = forever
    counter.peer.faults.append(says(status, headers={"Retry-After": "600"}))

    async def body() -> None:
        while not counter.slept:
            await asyncio.sleep(0)
        tried = len(counter.peer.requests)
        counter.till.record(award(5))
        counter.courier.wake()
        counter.courier.hurry()
        counter.courier.mirror_damaged()
        while counter.states[-1].waiting != 1:
            await asyncio.sleep(0)
        for _ in range(50):
            await asyncio.sleep(0)
        assert (len(counter.peer.requests), counter.slept) == (tried, [675.0])

    run_for(counter, body)


def test_a_fault_of_a_week_loses_nothing(counter: Counter) -> None:
    """Simulated time: the cloud says 500 for seven days, after the first hour with a Retry-After, while the shop goes on."""
    hour, week, now = 3600, 7 * 24 * 3600, 0.0

    def fails() -> None:
        counter.peer.faults.append(says(500, HTML, {"Retry-After": str(hour // 2)} if now > hour else None))

    async def pass_time(seconds: float) -> None:
        nonlocal now
        now += seconds
        counter.slept.append(seconds)
        if len(counter.slept) % 20 == 0:
            counter.till.record(award(5))
        if now < week:
            fails()
        await asyncio.sleep(0)

    counter.sleep = pass_time
    fails()

    async def body() -> None:
        while not counter.courier.state.online:
            await asyncio.sleep(0)

    run_for(counter, body, seconds=60)
    recorded = journal.head(counter.journal).sequence
    assert recorded > 10
    assert counter.peer.head.sequence == recorded
    assert {state.kind for state in counter.states if not state.online} >= {Kind.FAULT}
    # At the most once in half a minute (the middle of the jitter) for an hour, then each half hour and an eighth of it.
    assert 7 * 24 * 2 * 8 // 9 - 3 <= len(counter.peer.requests) <= 130 + 7 * 24 * 2


def test_what_waits_is_counted_while_the_cloud_is_away(counter: Counter) -> None:
    """The idle screen tells how many entries are not in the cloud yet: now, not at the next try a minute later."""

    async def forever(seconds: float) -> None:
        counter.slept.append(seconds)
        await asyncio.Event().wait()

    counter.sleep = forever
    counter.peer.faults.append(says(500))

    async def body() -> None:
        while not counter.slept:
            await asyncio.sleep(0)
        tried = len(counter.peer.requests)
        for count in (1, 2):
            counter.till.record(award(5))
            counter.courier.wake()
            while counter.states[-1].waiting != count:
                await asyncio.sleep(0)
            assert not counter.states[-1].online
        assert len(counter.peer.requests) == tried

    run_for(counter, body)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_faults_and_crashes_end_with_both_sides_equal(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    counter = Counter(tmp_path_factory.mktemp("counter"))
    total = 0
    for _ in range(data.draw(st.integers(1, 12))):
        match data.draw(st.sampled_from(["award", "spend", "fault", "lose", "twice", "exchange", "restart"])):
            case "award":
                counter.till.record(award(3))
                total += 3
            case "spend" if total:
                counter.till.record(spend(1))
                total -= 1
            case "fault":
                fault = FAULTS[data.draw(st.sampled_from(sorted(set(FAULTS) - {"endless"})))][0]
                counter.peer.faults.extend([None] * data.draw(st.integers(0, 2)) + [fault])
            case "lose":
                counter.peer.lose_answers += 1
            case "twice":
                counter.peer.deliver_twice = not counter.peer.deliver_twice
            case "exchange":
                counter.exchange()
            case "restart":
                counter.restart()
    counter.peer.faults.clear()
    counter.peer.lose_answers = 0
    assert counter.exchange() is None
    assert counter.peer.head == journal.head(counter.journal)
    found = look(counter.journal, counter.mirror, account(), TokenKind.CARD)
    holdings = found.holdings if found is not None else (Holding("points"),)
    assert holdings == (Holding("points", total, total),)
    balances = [row.balance for row in counter.peer.purses.values()]
    assert sum(balances) == total
    counter.close()
