"""One terminal: the real conversation, journal, mirror and courier; effects are run as the daemon runs them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from backend.doorbell import News
from display import screens
from display.screens import Message
from drivers.events import CardSeen, Event
from loyalty.account import Account
from loyalty.entry import Cause, Draft, Entry, Moment, Personal, Posting
from loyalty.programme import read
from simulation import rules
from simulation.clocks import Clock, Heard
from simulation.hearing import Hearing
from simulation.power import Disk, Guarded, Power, PowerCut, Writer
from simulation.rules import violated
from simulation.world import World
from sync import journal, mirror, pairing
from sync.connection import cloud_client
from sync.counter import RequestCounter
from sync.courier import CloudState, Courier
from sync.keys import NEXT_KEY, load_or_make
from sync.messages import ProgrammeText, Standing, Wait
from sync.signing import RequestSigner
from terminal import cards, faces, renewal, session
from terminal.effects import Ask, Effect, Identify, Look, Recall, Record, Show
from terminal.inputs import CloudNews, Granted, Input, NoAnswer, NotRecorded, ProgrammeNews, Recorded, Refreshed, Tick
from terminal.link import TROUBLES
from terminal.states import Asking, Desk
from terminal.store import MIRROR, Connections, Store

CLOUD = "http://127.0.0.1:8000"
IDLE_SECONDS = 600.0
PROMISES = (screens.Done, screens.DoneStamps, screens.DonePaid, screens.Undone)
"""Screens that say: it is done."""
FAULTS_OF_OURS = ("A fault", "The cloud has a fault", "The cloud refused", "The cloud does not know")


class Counter:
    """`tell` it what happens; look at `state`, `store` and `promised`. Its folder holds what a paired one's SD card does."""

    def __init__(self, name: str, folder: Path, world: World) -> None:
        self.name, self.folder, self.world = name, folder, world
        self.chance = world.chance("machine", name)
        self._agenda, self._network, self._history = world.agenda, world.network, world.history
        self.disk_ms = 5
        """How long the disk takes, about."""
        self.repeat = 0.05
        """How often a Record is asked for a second time, as if its first answer had been lost."""
        self.clock = Clock(world.agenda)
        self.boots: dict[UUID, Heard] = {}
        self.promised: dict[str, UUID] = {}
        """What people were told is done: the conversation's key, and the entry's id."""
        self.keys: dict[str, UUID | None] = {}
        """Every key that a Record was asked with, and the id that was answered."""
        self.refused: set[str] = set()
        """The keys of which people were told: it is not saved."""
        self.starts = 0
        self.running = False
        self.disk = Disk(self.chance.random)
        self.start()

    # on and off

    def start(self) -> None:
        """The power is on."""
        self.starts += 1
        self.running = True
        self.power = Power()
        self.writer = Writer(self._plan_work)
        kept = pairing.load(self.folder)
        assert kept is not None
        self.store = Store(self.folder, kept.identity, kept.shop, random=self.chance.randbytes, thread=self.writer)
        files = self.store.writer
        self.store.writer = Connections(self._guarded(files.journal), self._guarded(files.mirror))
        self.writer.held = True
        self._boot = UUID(bytes=self.chance.randbytes(16))
        self.heard = self.boots[self._boot] = Heard(self._agenda, self.disk)
        self._on_since = self._agenda.now
        self._network.boots.begins(self._boot, self._on_since)
        desk = Desk(shop=kept.shop_name, programme=self.store.programme())
        self.state, _ = session.show(session.begin(self._boot.hex, desk, self._agenda.now))
        self._queue: deque[Input] = deque()
        self._serving = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._shown = asyncio.Event()
        self._clients: list[httpx.AsyncClient] = []
        self._renewing: asyncio.Task[None] | None = None
        self._begin_courier()

    def _guarded(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        guarded: Any = Guarded(connection, self.power, self.disk)
        return guarded  # type: ignore[no-any-return]  # all that a connection is used for

    def _begin_courier(self) -> None:
        """Under the identity that the journal has now, as the daemon does when it starts."""
        kept = pairing.load(self.folder)
        assert kept is not None
        self.pairing = pairing.settle(self.folder, kept, journal.current(self.store.reader.journal).identity)
        self.identity = self.pairing.identity
        key = load_or_make(self.folder, self.chance.randbytes)
        signer = RequestSigner(self.identity, key, lambda: self.moment().wall_ms / 1000)
        self.heard.interrupted()
        cable = Hearing(self.name, self._network.to_the_cloud(self.name), lambda: self.heard)
        self._clients.append(cloud_client(CLOUD, auth=signer, transport=cable))
        self.courier = Courier(
            self._clients[-1],
            self.store.writer.journal,
            self.store.writer.mirror,
            RequestCounter(self.store.writer.journal),
            run_blocking=self.store.run_blocking,
            moment=self.moment,
            sleep=self._agenda.sleep,
            random=self.chance.random,
            on_cloud=self._cloud_news,
            on_changed=self._changed,
            on_programme=self._programme_news,
            idle_seconds=IDLE_SECONDS,
            write=self._give_back,
            called=self._called,
        )
        self._running_courier = self._spawn(self.courier.run())
        self._spawn(self._present(self.courier))

    def _plan_work(self, run: Callable[[], None]) -> None:
        self._agenda.after(self.chance.randrange(1, 1 + self.disk_ms), run)

    async def restart(self, *, without_mirror: bool = False) -> None:
        """The power fails now, or has failed already, and comes back."""
        await self.stop()
        if without_mirror:
            for path in self.folder.glob(f"{MIRROR}*"):
                path.unlink()
        self.start()

    async def stop(self) -> None:
        """Everything that runs here ends where it is; what is not committed is gone."""
        if not self.running:
            return
        self.running = False
        self.power.on = False
        self.writer.drop()
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for client in self._clients:
            await client.aclose()
        self.store.writer.close()
        self.store.reader.close()

    @property
    def written(self) -> int:
        """How many rows its writer has changed since it was started, whether that was committed or not."""
        files: Any = self.store.writer
        return files.journal.connection.total_changes + files.mirror.connection.total_changes  # type: ignore[no-any-return]

    @property
    def died(self) -> bool:
        """Whether a power cut came in the middle of something. Raises what else ended one of the terminal's tasks."""
        if not self.running:
            return False
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            error = None if task.cancelled() else task.exception()
            if error is not None and not isinstance(error, PowerCut):
                raise error
        return not self.power.on

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        return task

    def moment(self) -> Moment:
        return Moment(self._boot, self._agenda.now - self._on_since, self.clock.wall_ms, self.clock.trusted)

    # a new identity

    @property
    def standing(self) -> Standing:
        """What its journal knows."""
        return journal.current(self.store.reader.journal).standing

    def renew(self) -> None:
        """Staff give the terminal a new identity, because its screen says that it is stopped; it may have to be done again."""
        if self._renewing is None or self._renewing.done():
            self._renewing = self._spawn(self._renew())

    async def _renew(self) -> None:
        self._history.note(f"{self.name}: staff renew it")
        self._running_courier.cancel()
        await asyncio.gather(self._running_courier, return_exceptions=True)
        self.heard.interrupted()
        load_or_make(self.folder, self.chance.randbytes, NEXT_KEY)  # made by this day's chance, and found there
        self.pairing, refused = await renewal.renew(self.folder, self.pairing, self.store, self.courier)
        if refused is not None:
            self._history.note(f"{self.name}: {refused.value}")
        self._begin_courier()

    # events come in

    def tell(self, event: Event | Input) -> None:
        """One event, and all that follows at once."""
        programme, keys = self.state.desk.programme, self.pairing.token_keys()
        self._queue.append(cards.identify(event, programme, keys) if isinstance(event, CardSeen) else event)  # type: ignore[arg-type]
        if self._serving:
            return
        self._serving = True
        while self._queue:
            answers = deque([self._queue.popleft()])
            while answers:
                self.state, effects = session.step(self.state, answers.popleft())
                for effect in effects:
                    answers.extend(self._do(effect))
            self._serve(faces.account_of(self.state.mode))
        self._serving = False
        if (wake := self.state.wake_at()) is not None:
            state = self.state
            self._agenda.after(
                wake - self._agenda.now, lambda: self.tell(Tick(self._agenda.now)) if self.state is state else None
            )

    # effects go out

    def _do(self, effect: Effect) -> tuple[Input, ...]:
        now, programme = self._agenda.now, self.state.desk.programme
        match effect:
            case Show(screen=screen) if isinstance(screen, PROMISES):
                self._promise(f"{self._boot.hex}:{self.state.records}", type(screen).__name__)
            case Look(card=card):
                return (self.store.look(card, now),)
            case Identify(number=number) if programme:
                return (cards.identify_typed(number, programme, self.pairing.token_keys(), now),)
            case Recall():
                return (self.store.recall(self.moment(), now),)
            case Record():
                self._spawn(self._record(effect))
            case Ask():
                self._spawn(self._ask(effect))
        return ()

    def _promise(self, key: str, screen: str) -> None:
        """A person sees that it is done: then it is on the disk (invariant 1)."""
        row = self.store.reader.journal.execute("SELECT id FROM lines WHERE key = ?", (key,)).fetchone()
        if row is None:
            violated(rules.SHOWN, self.name, "shows", screen, "and the journal holds nothing of it")
        if self.promised.setdefault(key, UUID(bytes=row[0])) != UUID(bytes=row[0]):
            violated(rules.SHOWN, self.name, "gave the entry of", key, "another id")

    async def write(self, draft: Draft, key: str) -> Entry | Message:
        """Records a draft, or says why not; what is answered is remembered, for it holds."""
        programme = self.state.desk.programme
        version = programme.version if programme else 0
        self.keys[key] = None
        outcome = await self.store.record(draft, key, version, self.moment())
        if isinstance(outcome, Entry) and self.chance.random() < self.repeat and not self.disk.fails:
            self._history.fault(f"{self.name}: a Record is asked for twice")
            outcome = await self.store.record(draft, key, version, self.moment())
        if not isinstance(outcome, Entry):
            self._history.note(f"{self.name}: {outcome.value}")
            self.refused.add(key)
            return outcome
        self.keys[key] = outcome.id
        self._history.recorded += 1
        self._history.note(f"{self.name}: {outcome.cause.value} {outcome.postings}")
        self.courier.wake()
        return outcome

    async def _record(self, effect: Record) -> None:
        outcome = await self.write(effect.draft, effect.key)
        if not isinstance(outcome, Entry):
            self.tell(NotRecorded(effect.key, outcome, self._agenda.now))
            return
        account = self.store.account(effect.draft.whose, typed=effect.draft.typed)
        self.tell(Recorded(effect.key, outcome, account, self._agenda.now))

    async def _ask(self, effect: Ask) -> None:
        mode = self.state.mode
        account = mode.account if isinstance(mode, Asking) else None
        answered = await self.courier.lending.ask(effect.account, effect.purse, effect.need, effect.instance)
        granted = answered.row.granted if answered is not None and answered.row is not None else None
        self._history.note(f"{self.name}: asked for {effect.need} of {effect.purse}, granted {granted}")
        if answered is not None and account is not None:
            there = self.store.account(account.whose, typed=account.typed)
            self.tell(Granted(there, self._agenda.now, answered.coming > 0))
        else:
            self.tell(NoAnswer(self._agenda.now))

    def move(self, purse: tuple[str, str], amount: int) -> None:
        """Staff load or take something of a purse for which the counter has no button, of the member in conversation."""
        account = faces.account_of(self.state.mode)
        if account is not None and self.state.desk.staff is not None:
            self._spawn(self._move(account.whose, *purse, amount))

    async def _move(self, whose: Personal, purse: str, instance: str, amount: int) -> None:
        used = max(0, -amount)
        if used > self.store.account(whose).holding(purse, instance).spendable and self.courier.state.online:
            await self.courier.lending.ask(whose.account, purse, used, instance)
        cause = Cause.REDEEM if used else Cause.AWARD
        draft = Draft(cause, whose, (Posting(purse, amount, used, instance),))
        await self.write(draft, f"{self._boot.hex}:move {len(self.keys)}")

    # leases follow the card, as `terminal.link` has it

    def _serve(self, account: Account | None) -> None:
        serving = account.whose.account if account is not None else None
        lending = self.courier.lending
        if serving == lending.serving:
            return
        lending.serving = serving
        if lending.held_back:
            self.courier.wake()
        if account is not None and not account.typed and any(h.spendable < h.balance for h in account.holdings):
            self._shown.set()

    async def _present(self, courier: Courier) -> None:
        while True:
            await self._shown.wait()
            self._shown.clear()
            if courier.lending.serving is not None and courier.state.online:
                await courier.lending.present(courier.lending.serving)

    def _give_back(self, draft: Draft, key: str) -> Entry:
        version = mirror.programme_version(self.store.writer.mirror)
        entry = self.store.write(draft, key, version, self.moment())
        self._history.note(f"{self.name}: {draft.cause.value} {draft.postings}")
        return entry

    async def _called(self, wait: Wait) -> bool:
        """The cloud's call: the bell is heard where there is a network, and real code looks what it rang for."""
        while True:
            await self._network.rung(self.name)
            call = self._network.cloud.news(wait)
            # A busy cloud holds mere changes back: here, most of them.
            if call is News.CALL or (call is News.CHANGE and self.chance.random() < 0.2):
                return True

    # news of the courier

    def _cloud_news(self, state: CloudState) -> None:
        overtaken = state.trouble.startswith("The cloud refused, 409")  # as often as it is tried: by a copy's requests
        if state.trouble.startswith(FAULTS_OF_OURS) and not overtaken and not self.disk.fails:
            violated(rules.GOES_ON, self.name, "has trouble:", state.trouble)
        if state.standing is not Standing.GOOD and not self.state.desk.cloud.stopped:
            self._history.note(f"{self.name}: the cloud says {state.standing.value}")
        trouble = TROUBLES[state.kind] if state.kind is not None else None
        self.tell(CloudNews(state.online, state.waiting, trouble=trouble, stands=state.standing))

    def _changed(self, accounts: set[bytes]) -> None:
        account = faces.account_of(self.state.mode)
        if account is not None and account.whose.account in accounts:
            self.tell(Refreshed(self.store.account(account.whose, typed=account.typed)))

    def _programme_news(self, text: ProgrammeText) -> None:
        self.tell(ProgrammeNews(read(text.text)))
