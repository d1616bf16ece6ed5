"""The loop that pushes entries and pulls changes. The journal alone says what was accepted, so a crash anywhere does no harm.

Example::

    courier = Courier(client, journal, mirror, run_blocking=..., moment=..., sleep=asyncio.sleep, random=random.random,
                      on_cloud=show_cloud, on_changed=refresh)
    task = asyncio.create_task(courier.run())
    courier.wake()          # after each entry
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from uuid import UUID

import httpx

from loyalty.chain import Head
from loyalty.entry import Moment
from sync import forgetting, history, journal, known_time, messages, mirror, renewal
from sync.counter import RequestCounter
from sync.damage import DamagedMirror
from sync.database import checkpoint
from sync.lending import ASK_SECONDS, Lending, Write
from sync.messages import Health, ProgrammeText, Push, Pushed, Recall, Standing, Told, Wait
from sync.mirror_rows import PurseRow
from sync.pairing_messages import RENEW_PATH, Renew, Renewed
from sync.patience import FIRST_WAIT, Patience
from sync.pulling import Pulling
from sync.refusals import NotRecorded
from sync.requests import Requests, RunBlocking
from sync.troubles import Kind, Trouble

IDLE_SECONDS = 15.0
BETWEEN_MS = 500
"""How long a few entries wait at most while a snapshot comes."""
KEPT_MS = 90 * 24 * 3600 * 1000
"""How long an entry stays on the terminal after the cloud has it."""

_NETWORK = frozenset({Kind.NO_NETWORK, Kind.NO_INTERNET, Kind.NO_ANSWER, Kind.BROKEN})
"""What may be over at any moment, and is no sign that the cloud has too much to do."""

T = TypeVar("T")

Called = Callable[[Wait], Awaitable[bool]]
"""Waits until the cloud calls: whether it did, before the time was up. Raises `Trouble`. `sync.doorbell.Doorbell.listen`."""


@dataclass(frozen=True, slots=True)
class CloudState:
    """How it stands with the cloud.

    `trouble` is empty or one sentence, and `kind` the kind of it; `posting` is why the cloud stopped posting our lines.
    """

    online: bool = False
    trouble: str = ""
    kind: Kind | None = None
    waiting: int = 0
    oldest: Moment | None = None
    """When the oldest of those that wait was recorded; `sync.history.Waiting.age_ms` makes an age of it."""
    standing: Standing = Standing.GOOD
    posting: str = ""


class Courier:
    """Everything is injected. `journal_connection` and `mirror_connection` are only touched through `run_blocking`.

    `moment` gives the time of now; `random` a number from 0 to below 1; `on_cloud` hears of each change of state and of each
    batch that the cloud took, `on_changed` of the accounts that an answer touched, `on_programme` of a new programme's text.
    All are called in the loop's thread. `write` records what is given back (None: nothing is); `called` waits for the cloud's
    call while there is nothing to do (None: only the clock ends a rest, after `idle_seconds`). `remake_mirror` puts an empty
    mirror in the place of a damaged one, and says which in the writer thread, before anything else is done there (None: only
    the next start does). `health` says how the machine does; in the writer thread.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        journal_connection: sqlite3.Connection,
        mirror_connection: sqlite3.Connection,
        counter: RequestCounter,
        *,
        run_blocking: RunBlocking,
        moment: Callable[[], Moment],
        sleep: Callable[[float], Awaitable[None]],
        random: Callable[[], float],
        on_cloud: Callable[[CloudState], None],
        on_changed: Callable[[set[bytes]], None],
        on_programme: Callable[[ProgrammeText], None] = lambda text: None,
        idle_seconds: float = IDLE_SECONDS,
        write: Write | None = None,
        called: Called | None = None,
        remake_mirror: Callable[[Callable[[sqlite3.Connection], None]], Awaitable[None]] | None = None,
        health: Callable[[], Health | None] = lambda: None,
    ) -> None:
        self._journal, self._mirror = journal_connection, mirror_connection
        self._remake_mirror, self._damaged, self._health = remake_mirror, False, health
        self._run_blocking, self._moment, self._sleep = run_blocking, moment, sleep
        self._on_cloud, self._on_changed = on_cloud, on_changed
        self._idle_seconds = idle_seconds
        self._requests = Requests(client, counter, run_blocking, lambda: moment().wall_ms / 1000)
        self._called = called
        self._sent_between_ms = -BETWEEN_MS
        self._heeded: int | None = None
        """Where the mirror stood when the cloud called last."""
        self.lending = Lending(
            journal_connection,
            mirror_connection,
            self._requests,
            run_blocking=run_blocking,
            sleep=sleep,
            heed=self._heed,
            on_changed=on_changed,
            on_damage=self.mirror_damaged,
            write=write,
        )
        self._pulling = Pulling(
            self._requests,
            run_blocking,
            journal_connection,
            lambda: self._mirror,
            up_ms=lambda: moment().up_ms,
            told=self._told,
            heed=self._heed,
            prove_time=self._prove_time,
            between=self._between,
            give_back=self._give_back,
            on_applied=self._applied,
            on_programme=on_programme,
        )
        self._patience, self._recorded = Patience(sleep, random, lambda: moment().up_ms), asyncio.Event()
        self.state = CloudState()

    def wake(self) -> None:
        """An entry was recorded: push it now, or every few seconds where the network was away (`patience.EARLY_SECONDS`).

        Where the cloud has a fault, or has asked to wait, the entry waits with the others.
        """
        self._recorded.set()
        self._patience.wake()

    def hurry(self) -> None:
        """The network is back: try now, whatever was waited for; but never before the cloud's own wish is over."""
        self._patience.hurry()

    def mirror_damaged(self) -> None:
        """A look into the mirror found it broken: it is made anew and fetched again, now."""
        self._damaged = True
        self.hurry()

    async def run(self) -> None:
        """Serves until cancelled; no failure of network, cloud or disk ends it."""
        await self._counting(self._patience.hold())
        while True:
            self._patience.begin()
            self._recorded.clear()
            asked = await self.exchange()
            await self._checkpoint()
            if asked is None:
                called = self._until_called(self._called, self._idle_seconds) if self._called is not None else None
                await self._patience.idle(self._idle_seconds, called)
            else:
                await self._counting(self._patience.after_failure(asked, network=self.state.kind in _NETWORK))

    async def _counting(self, rest: Awaitable[None]) -> None:
        """Rests, and meanwhile tells how much waits after each entry that cannot be sent now."""
        counting = asyncio.ensure_future(self._count())
        try:
            await rest
        finally:
            counting.cancel()
            await asyncio.gather(counting, return_exceptions=True)

    async def _count(self) -> None:
        """Until cancelled."""
        while True:
            await self._recorded.wait()
            self._recorded.clear()
            await self._tell(self.state.trouble, self.state.kind)

    async def exchange(self, *, asking: bool = False) -> float | None:
        """Pushes all that waits, pulls all that changed, and pushes what that led to.

        `asking`: a push goes out also where nothing waits, and its answer says how far the cloud has these lines. One that was
        restored from a backup is sent again what it has lost.

        None when all went well, else the seconds that the cloud asked to wait (0: none). Never raises, but when cancelled; the
        words of what went wrong are in `state.trouble`.
        """
        mended = self._damaged
        try:
            await self._mend()
            await self._publish(replace(self.state, standing=(await self._blocking(journal.current)).standing))
            await self._push(asking=asking)
            if self.state.standing is not Standing.OFF_HEAD:
                await self._pulling.pull()
                await self._push()  # what was recorded meanwhile, above all what the cloud has asked back
            await self._publish(replace(self.state, online=True, trouble="", kind=None))
            await self._blocking(self._forget)
        except Trouble as trouble:
            await self._tell(str(trouble), trouble.kind)
            return trouble.retry_after or 0.0
        except DamagedMirror as error:
            self._damaged = True
            if not mended:  # a disk that damages each new one too is not asked without end
                self.hurry()
            await self._tell(str(error), Kind.DISK)
            return 0.0
        except NotRecorded as error:  # a full disk: the counter goes on and a person is told
            await self._tell(str(error), Kind.DISK)
            return 0.0
        except Exception as error:  # a fault of ours, likewise
            await self._tell(f"A fault while sending: {type(error).__name__}: {error}", Kind.OWN_FAULT)
            return 0.0
        return None

    async def ask(
        self, account: bytes, purse: str, need: int, instance: str = "", seconds: float = ASK_SECONDS
    ) -> PurseRow | None:
        """Asks that `need` be spendable here; the row as the mirror now holds it, or None where no usable answer came in time.

        The row may grant less than was asked for. An answer that is lost does no harm: asking again asks for the same total.
        """
        answer = await self.lending.ask(account, purse, need, instance, seconds)
        return answer.row if answer is not None else None

    async def renew(self, public_key: bytes) -> Renewed:
        """Takes a new identity for a terminal that was stopped; the same key again gets the same answer.

        Raises `Trouble`, and `NotRecorded` where the disk refuses: nothing is lost, and it may be asked for again.

        The journal is renewed when this returns. The caller then keeps the new identity and key (`pairing.settle`) and starts a
        new courier whose client signs with them.
        """
        now = await self._blocking(journal.current)
        stopped = now.standing is not Standing.GOOD
        renewed = await self._requests.post(
            RENEW_PATH, lambda: Renew(now.identity, journal.head(self._journal), public_key, stopped), Renewed
        )
        # The mirror first: after a power cut between the two, too much is pulled anew, never too little.
        await self._run_blocking(lambda: mirror.pull_anew(self._mirror))
        await self._blocking(lambda c: renewal.renew(c, renewed.identity, renewed.accepted))
        return renewed

    async def _push(self, *, asking: bool = False) -> None:
        """Sends all that waits."""
        now = await self._blocking(journal.current)
        after: int | None = now.accepted
        while after is not None:
            after = await self._push_batch(now.identity, after, asking=asking)
            asking = False

    async def _between(self) -> None:
        """Sends one batch of what waits, so that a long pull holds up no entry, and no stream of entries the pull.

        Few lines may wait for half a second, or each piece would cost the cloud a push of its own.
        A pull into a mirror that a look has found damaged ends here.
        """
        if self._damaged and self._remake_mirror is not None:
            raise DamagedMirror("a look-up could not read it")
        now, up_ms = await self._blocking(journal.current), self._moment().up_ms
        full = await self._blocking(partial(journal.lines_after, sequence=now.accepted + messages.MAX_LINES - 1, limit=1))
        if full or up_ms - self._sent_between_ms >= BETWEEN_MS:
            self._sent_between_ms = up_ms
            await self._push_batch(now.identity, now.accepted)

    async def _push_batch(self, identity: UUID, after: int, *, asking: bool = False) -> int | None:
        """Sends the lines after `after`; after which to go on, or None where nothing waits or the cloud takes no more."""
        something = bool(await self._blocking(partial(journal.lines_after, sequence=after, limit=1)))
        if not (something or asking):
            return None
        push = partial(_push, self._journal, identity, after, self._told)
        pushed = await self._requests.post(messages.PUSH_PATH, push, Pushed)
        noted = await self._blocking(partial(journal.accept, stored=pushed.head, posted=pushed.posted))
        await self._heed(identity, pushed.standing, pushed.head)
        await self._prove_time(pushed.now_ms)
        await self._publish(replace(self.state, online=True, posting=pushed.trouble), taken=True)
        await self._give_back(pushed.recalls)
        if self.state.standing is Standing.OFF_HEAD:
            return None
        # A cloud that was restored goes back once and is then followed; one that stands still is tried again later.
        if not noted or (something and pushed.head.sequence == after):
            raise Trouble(pushed.trouble or "The cloud did not take the entries that were sent; it is tried again.")
        return pushed.head.sequence

    def _applied(self, touched: set[bytes]) -> None:
        self._on_changed(touched)
        self.lending.applied()

    async def _give_back(self, recalls: tuple[Recall, ...]) -> None:
        if await self.lending.give_back(recalls):
            self._patience.wake()

    async def _heed(self, asked_as: UUID, standing: Standing, stored: Head) -> bool:
        """Stops spending for good where the cloud says so, or where its lines are visibly not this terminal's.

        Whether rows of the cloud may still be taken.
        """

        def heed(connection: sqlite3.Connection) -> Standing:
            now = journal.current(connection)
            copied = now.identity == asked_as and journal.contradicts(connection, stored)
            journal.stop(connection, asked_as, Standing.OFF_HEAD if copied else standing)
            return journal.current(connection).standing

        await self._publish(replace(self.state, standing=await self._blocking(heed)))
        return self.state.standing is not Standing.OFF_HEAD

    async def _prove_time(self, now_ms: int) -> None:
        at = self._moment()
        await self._run_blocking(lambda: known_time.prove(self._mirror, now_ms, at))

    async def _mend(self) -> None:
        """Makes a damaged mirror anew: empty, and filled again by the next pull."""
        if self._damaged and self._remake_mirror is not None:
            self._damaged = False
            try:
                await self._remake_mirror(self._look_into)
            except BaseException:
                self._damaged = True
                raise

    def _look_into(self, fresh: sqlite3.Connection) -> None:
        self._mirror = fresh
        self.lending.look_into(fresh)

    def _told(self) -> Told:
        """What each push and pull says of this terminal; in the writer thread."""
        at, waiting = self._moment(), history.waiting(self._journal)
        text = mirror.programme(self._mirror)
        programme = text.version if text is not None else 0
        return Told(at.boot, at.up_ms, waiting.count, waiting.age_ms(at), programme, self._health())

    def _forget(self, connection: sqlite3.Connection) -> None:
        """Forgets people whom the cloud has forgotten, and prunes old lines that every row includes (invariant 11)."""
        forgetting.forget(connection, self._mirror)
        before_ms = known_time.known_ms(self._mirror, self._moment()) - KEPT_MS
        renewal.prune(connection, mirror.complete_through(self._mirror, connection), before_ms)

    async def _checkpoint(self) -> None:
        """Empties the write-ahead logs while nobody waits; what fails now is tried again."""
        with suppress(NotRecorded, sqlite3.Error):
            await self._blocking(checkpoint)
            await self._run_blocking(lambda: checkpoint(self._mirror))

    async def _tell(self, words: str, kind: Kind | None) -> None:
        state = replace(self.state, online=False, trouble=words, kind=kind)
        try:
            await self._publish(state)
        except Exception:  # not even the count of what waits can be read
            self.state = state
            self._on_cloud(self.state)

    async def _publish(self, state: CloudState, *, taken: bool = False) -> None:
        """Tells a state that is new; and an old one again where the cloud took lines: who recorded them saw them wait."""
        waiting = await self._blocking(history.waiting)
        state = replace(state, waiting=waiting.count, oldest=waiting.oldest)
        if taken or state != self.state:
            self.state = state
            self._on_cloud(state)

    async def _until_called(self, called: Called, seconds: float) -> None:
        """Returns when the cloud calls; never where it cannot be waited for: then the clock ends the rest, as without it."""
        identity = (await self._blocking(journal.current)).identity
        cursor = await self._run_blocking(lambda: mirror.cursor(self._mirror))
        # A call that no pull could follow is not heeded twice: else the two would call and pull without end.
        heeded, self._heeded = cursor == self._heeded, None
        with suppress(Trouble):
            while self.state.standing is Standing.GOOD and not heeded:
                if await called(Wait(identity, cursor, seconds)):
                    self._heeded = cursor
                    return
                await self._sleep(FIRST_WAIT)
        await asyncio.Event().wait()

    async def _blocking(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await self._run_blocking(lambda: work(self._journal))


def _push(connection: sqlite3.Connection, identity: UUID, after: int, told: Callable[[], Told]) -> Push:
    lines = tuple(journal.lines_after(connection, after, messages.MAX_LINES))
    return Push(identity, journal.head(connection), lines, told())
