"""The daemon: one queue of events, one conversation, and the effects it asks for.

Readers, buttons and the house put events into one asyncio queue; `session.step` decides; the effects are run in their order.
Show and Signal fill slots that other threads serve; only Record is waited for, in the journal's own thread, and even that
without holding up the queue. The network is never in the way of a tap.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import structlog

from display.glass import USUAL, Glass
from display.layout import lay_out
from display.page import Page
from display.screens import CodeTrouble, Message, PairingTrouble, Wait, WifiProblem, WifiTrouble
from drivers.events import CardSeen, CardTrouble, DeviceBack, DeviceLost, Event, Form, ScannerTaught, Touch
from drivers.supervise import supervise
from loyalty.account import Account, after
from loyalty.entry import Entry
from loyalty.programme import Programme
from loyalty.tokens import TokenKey
from terminal import cards, faces, session, states
from terminal.clocks import Clocks, monotonic_ms
from terminal.devices import Equipment
from terminal.effects import Ask, CloseShop, Effect, Identify, Look, Recall, Record, Renew, Show, Sign, Signal
from terminal.inputs import (
    CardRefused,
    CardShown,
    Granted,
    Input,
    NoAnswer,
    NotRecorded,
    NotRenewed,
    Recorded,
    Refreshed,
    Renewed,
    SetUp,
    Tick,
)
from terminal.signs import SIGNS
from terminal.states import State
from terminal.store import Store

if TYPE_CHECKING:
    from terminal.customers_panel import CustomersPanel

log = structlog.get_logger("daemon")

CLOCK_SECONDS = 20.0
"""How often the idle screen's clock is looked at."""


class Lender(Protocol):
    """Who asks the cloud for a larger lease or a new identity, and gives back what lies here: the link."""

    def wake(self) -> None:
        """An entry was recorded: it is sent at once, if the network is there."""

    async def ask(self, account: bytes, purse: str, instance: str, need: int) -> bool | None:
        """None where the cloud has not answered in time; else its row is in the mirror. True: more is on its way to us."""

    def serve(self, account: Account | None) -> None:
        """Whose card is in conversation now, told after every step: it may be spent here, and nothing of it is given back."""

    async def renew(self) -> Message | None:
        """Takes a new identity; None when it is done, else why not."""


class Daemon:
    """One terminal at work. Everything it touches is given to it; `run` ends when it is cancelled."""

    def __init__(
        self,
        *,
        store: Store,
        keys: tuple[TokenKey, ...],
        desk: states.Desk,
        equipment: Equipment,
        show_page: Callable[[int, Page], None],
        clocks: Clocks,
        glass: Glass = USUAL,
    ) -> None:
        self.state: State = session.begin(uuid.uuid4().hex, desk, monotonic_ms())
        self.page: Page | None = None
        self._shown: Show | None = None
        self.glass = glass
        """What pages are laid out for."""
        self.lender: Lender | None = None
        self.customers: CustomersPanel | None = None
        """The customer's panel, where staff have one of their own."""
        self.on_step: Callable[[Input, tuple[Effect, ...]], None] = lambda event, effects: None
        """Hears of every step after its effects were run: the counter page."""
        self.on_touch: Callable[[], None] = lambda: None
        """Hears, before anything else is done about it, that a card was shown or a key pressed."""
        self.on_close: Callable[[], None] = lambda: None
        """Hears that staff close the shop."""
        self._store, self._keys, self._clocks = store, keys, clocks
        self._equipment, self._show_page = equipment, show_page
        self._queue: asyncio.Queue[Event | Input] = asyncio.Queue()
        self._answers: deque[Input] = deque()
        """What look-ups have answered: stepped after all effects of the step that asked."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # events come in

    def emit(self, event: Event | Input) -> None:
        """Puts an event into the queue; from any thread, returns at once. What comes before `run` waits for it."""
        loop = self._loop
        if loop is None:
            self._queue.put_nowait(event)  # nobody reads it yet, so no loop has to be woken
            return
        if loop.is_closed():
            return
        with contextlib.suppress(RuntimeError):  # the loop closed between the question and the call
            loop.call_soon_threadsafe(self._queue.put_nowait, event)

    @property
    def quiet(self) -> bool:
        """Nothing waits to be served and nothing is under way."""
        return self._queue.empty() and not self._tasks

    @property
    def idle(self) -> bool:
        """Nobody is served, and nothing is under way."""
        return self.quiet and isinstance(self.state.mode, states.Idle | states.Unpaired)

    @property
    def working(self) -> frozenset[str]:
        """The devices that work now, the panel among them."""
        return frozenset(self.state.desk.working)

    @property
    def missing(self) -> frozenset[str]:
        """Those that are lost."""
        return frozenset(self.state.desk.missing)

    def refresh(self, accounts: set[bytes]) -> None:
        """The cloud changed these accounts: the one on the screen is looked at again."""
        account = faces.account_of(self.state.mode)
        if account is not None and account.whose.account in accounts:
            self.emit(Refreshed(self._store.account(account.whose, typed=account.typed)))

    async def run(self) -> None:
        """Serves the counter until cancelled."""
        self._loop = asyncio.get_running_loop()
        self.state, effects = session.show(self.state)
        self._do_all(effects)
        self._tell_customers()
        async with asyncio.TaskGroup() as group:
            for device in self._equipment.devices:
                group.create_task(supervise(device, self.emit, clock=monotonic_ms), name=device.name)
            group.create_task(self._clock(), name="clock")
            await self._serve()

    async def _serve(self) -> None:
        while True:
            wake = self.state.wake_at()
            wait = max(0, wake - monotonic_ms()) / 1000 if wake is not None else None
            try:
                async with asyncio.timeout(wait):
                    event = await self._queue.get()
            except TimeoutError:
                event = self._tick()
            self._take(event)

    async def _clock(self) -> None:
        while True:
            self.emit(self._tick())
            await asyncio.sleep(CLOCK_SECONDS)

    def _tick(self) -> Tick:
        return Tick(monotonic_ms(), self._clocks.time_of_day())

    def _take(self, event: Event | Input) -> None:
        """One event and the answers it gets at once. Whatever goes wrong with it, the next one is served."""
        if isinstance(event, Touch):
            self.on_touch()
        try:
            if isinstance(event, CardSeen) and (self._heed_setup(event) or self._prove(event)):
                return
            self._answers.append(self._translate(event))
            while self._answers:
                answer = self._answers.popleft()
                self.state, effects = session.step(self.state, answer)
                self._do_all(effects)
                self._tell_customers()
                self.on_step(answer, effects)
            if self.lender is not None:
                self.lender.serve(faces.account_of(self.state.mode))
        except Exception:
            self._answers.clear()
            log.exception("an event could not be served; the counter goes on", kind=type(event).__name__)

    def _heed_setup(self, event: CardSeen) -> bool:
        """Whether staff have asked the terminal to wait for a setup code: then this is one, or is said not to be."""
        if not isinstance(self.state.mode, states.Setup) or event.form is not Form.NUMBER:
            return False
        self._spawn(self._set_up(event.data))
        return True

    async def _set_up(self, text: str) -> None:
        from sync import setup_codes  # late: seen once in a while
        from terminal import root_requests, wifi

        try:
            found = setup_codes.parse(text)
        except setup_codes.SetupMistake as mistake:
            log.warning("a setup code cannot be followed", why=str(mistake))
            found = None
        match found:
            case setup_codes.Wifi():
                self.emit(SetUp(Wait(asking=True), monotonic_ms()))
                outcome = await wifi.join(found, root_requests.folder_here())
                log.info("Wi-Fi", outcome=outcome.value)
                self.emit(SetUp(wifi.told(found, outcome), monotonic_ms()))
            case setup_codes.PairWith():  # its entries would have to be wrapped: bodka-terminal pair does that
                self.emit(SetUp(PairingTrouble(CodeTrouble.ANOTHER), monotonic_ms()))
            case _:
                self.emit(SetUp(WifiTrouble(WifiProblem.CODE), monotonic_ms()))

    def _prove(self, event: CardSeen) -> bool:
        """Whether a card signs what it says: then it is shown, or refused, when its counter is on the disk."""
        proof = cards.prove(event, self._programme, self._keys)
        if isinstance(proof, cards.Signed):
            self._spawn(self._show_if_new(proof, event.device))
        elif proof is not None:
            self.emit(replace(proof, device=event.device))
        return proof is not None

    async def _show_if_new(self, card: cards.Signed, device: str) -> None:
        refused = await self._store.replayed(card.token, card.counter)
        shown = card.shown if refused is None else CardRefused(refused, card.shown.at)
        self.emit(replace(shown, device=device))

    def _translate(self, event: Event | Input) -> Input:
        """What devices say in the session's words; here numbers become tokens."""
        match event:
            case CardSeen():
                shown = cards.identify(event, self._programme, self._keys, self._equipment.fobs)
                return replace(shown, device=event.device)
            case CardTrouble():
                return replace(self._known_all_the_same(event) or cards.refuse(event), device=event.device)
            case DeviceLost():
                log.warning("device lost", device=event.device, why=event.why)
                return event
            case DeviceBack():
                log.info("device works", device=event.device)
                return event
            case ScannerTaught():
                log.info("scanner read the calibration code", device=event.device, layout=event.layout)
                self._equipment.player.play(SIGNS[Sign.DONE])
                return self._tick()
            case _:
                return event

    def _known_all_the_same(self, trouble: CardTrouble) -> CardShown | None:
        """A city or student card that pays as well is turned away as a bank card, but not where its UID was bound before."""
        shown = cards.by_its_uid(trouble, self._programme, self._keys)
        return shown if shown is not None and self._store.knows(shown.card) else None

    @property
    def _programme(self) -> Programme | None:
        return self.state.desk.programme

    # effects go out

    def _do_all(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            self._do(effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Show():
                self._show(effect)
            case Signal(sign=sign):
                self._equipment.player.play(SIGNS[sign])
            case Look(card=card):
                self._answers.append(self._store.look(card, monotonic_ms()))
            case Identify(number=number) if self._programme:
                self._answers.append(cards.identify_typed(number, self._programme, self._keys, monotonic_ms()))
            case Recall():
                self._answers.append(self._store.recall(self._clocks.moment(), monotonic_ms()))
            case Record():
                self._spawn(self._record(effect))
            case Ask():
                self._spawn(self._ask(effect))
            case Renew():
                self._spawn(self._renew())
            case CloseShop():
                self.on_close()

    def _show(self, effect: Show) -> None:
        self._shown = effect
        self.page = lay_out(effect.screen, effect.language, self.glass)
        self._show_page(effect.number, self.page)

    def _tell_customers(self) -> None:
        """The staff's picture is on its way: the customer's part may follow it."""
        if self.customers is not None and self._shown is not None:
            self.customers.follow(self.state, self._shown)

    def _spawn(self, work: asyncio._CoroutineLike[None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _record(self, effect: Record) -> None:
        version = self._programme.version if self._programme else 0
        outcome = await self._store.record(effect.draft, effect.key, version, self._clocks.moment())
        if not isinstance(outcome, Entry):
            log.warning("not recorded", why=outcome.value, cause=effect.draft.cause.value)
            self.emit(NotRecorded(effect.key, outcome, monotonic_ms()))
            return
        log.info("recorded", id=str(outcome.id), cause=outcome.cause.value)
        if self.lender is not None:
            self.lender.wake()
        self.emit(Recorded(effect.key, outcome, self._account_after(effect, outcome), monotonic_ms()))

    def _account_after(self, effect: Record, entry: Entry) -> Account:
        """The account as it stands now; where it cannot be read any more, as it was shown, with the entry reckoned in."""
        whose, mode = effect.draft.whose, self.state.mode
        try:
            return self._store.account(whose, typed=effect.draft.typed)
        except sqlite3.Error:
            log.exception("an entry is safe, and its account cannot be read")
            shown = mode.account if isinstance(mode, states.Saving) and mode.key == effect.key else None
            return after(shown or Account(whose, typed=effect.draft.typed), entry.postings)

    async def _renew(self) -> None:
        refused = await self.lender.renew() if self.lender is not None else Message.RENEW_LATER
        if refused is None:
            log.info("renewed")
            self.emit(Renewed(monotonic_ms()))
        else:
            self.emit(NotRenewed(refused, monotonic_ms()))

    async def _ask(self, effect: Ask) -> None:
        mode = self.state.mode
        account = mode.account if isinstance(mode, states.Asking) else None
        lender = self.lender
        coming = await lender.ask(effect.account, effect.purse, effect.instance, effect.need) if lender is not None else None
        if coming is not None and account is not None:
            self.emit(Granted(self._store.account(account.whose, typed=account.typed), monotonic_ms(), coming))
        else:
            self.emit(NoAnswer(monotonic_ms()))
