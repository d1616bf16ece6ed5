"""A terminal that is nobody's yet: it shows a code, heeds the codes that set it up, and tries until it is somebody's.

Three ways lead out of here, and all may be tried at once: the merchant types the code that the panel shows (RFC 8628); a
scanner, a tag or the number pad gives a one-time code; or such a code lay on the SD card. `bodka-terminal pair` is noticed
too. A code that could not be sent yet is kept, and sent when there is a network.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec
import structlog

from display import screens
from display.screens import CodeTrouble, PairingTrouble, Screen, Unpaired, Wait, WifiProblem, WifiTrouble
from drivers.events import CardSeen, CardTrouble, DeviceBack, DeviceLost, Event, Form, PadKey, ScannerTaught, Touch
from drivers.supervise import supervise
from sync import pairing as pairings
from sync import setup_codes
from sync.connection import BadAuthority, InsecureCloud
from sync.keys import BrokenStateFile
from sync.pairing import AnswerUnclear, CloudUnreachable, CodeForgotten, NotYet, Pairing, PairingFailed, TooManyTries
from sync.pairing_messages import Authorization
from sync.refusals import NotRecorded
from sync.setup_codes import CODE_DIGITS, PairWith, SetupMistake, Wifi
from terminal import membership, network, root_requests, state_lock, wifi
from terminal.clocks import monotonic_ms
from terminal.devices import Equipment
from terminal.effects import Sign
from terminal.sd_card import Card
from terminal.settings import Cloud, Settings, SettingsError
from terminal.signs import SIGNS

log = structlog.get_logger("joining")

NOTICE_SECONDS = 6.0
LOOK_SECONDS = 1.0
"""How often it is looked whether `bodka-terminal pair` has done it."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0

TROUBLES: tuple[tuple[type[Exception], CodeTrouble], ...] = (
    (pairings.CodeUnknown, CodeTrouble.WRONG),
    (pairings.CodeUsed, CodeTrouble.USED),
    (pairings.CodeExpired, CodeTrouble.EXPIRED),
    (pairings.CodeOfAnother, CodeTrouble.ANOTHER),
    (TooManyTries, CodeTrouble.TOO_MANY),
    (membership.Refused, CodeTrouble.ANOTHER),
    (InsecureCloud, CodeTrouble.WRONG),
    (SetupMistake, CodeTrouble.WRONG),
)
"""What is wrong with a code, for the panel. Everything else is no answer, and the code is kept."""

_FAILURES = (
    PairingFailed,
    membership.Refused,
    InsecureCloud,
    BadAuthority,
    SettingsError,
    state_lock.StateTaken,
    NotRecorded,
    OSError,
)
"""What pairing may raise."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the joining needs of the house. `show` draws a screen; `card` is what lay on the SD card."""

    settings: Settings
    folder: Path
    equipment: Equipment
    show: Callable[[Screen], None]
    transport: httpx.AsyncBaseTransport | None = None
    card: Card = Card()  # noqa: RUF009  frozen
    requests: Path = root_requests.FOLDER
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    touch: Callable[[], None] = lambda: None
    """Hears that somebody has shown a card or pressed a key."""


class Joining:
    """Makes a terminal somebody's; `run` gives the pairing."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._at = surroundings
        self._queue: asyncio.Queue[Event] = asyncio.Queue()
        self._cloud = surroundings.settings.cloud
        self._authorization: Authorization | None = None
        self._typed = ""
        self._kept: PairWith | None = None
        """A code that was given and has not been answered."""
        self._hurried = asyncio.Event()
        self._given = asyncio.Event()
        self._until = 0.0
        """Until when a notice stays on the panel."""
        self._one = asyncio.Lock()
        """One way at a time, or a terminal would be paired twice."""
        self._joined: asyncio.Future[Pairing] = asyncio.get_running_loop().create_future()

    async def run(self) -> Pairing:
        """Until the terminal is somebody's, or this is cancelled."""
        log.warning("not paired: type the code that the panel shows in the portal, or scan one from there")
        self._rest()
        loop = asyncio.get_running_loop()

        def emit(event: Event) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._queue.put_nowait, event)

        works = [supervise(one, emit, clock=monotonic_ms) for one in self._at.equipment.devices]
        works += [self._heed(), self._look(), self._trade(), self._flow(), network.watch(self._hurried.set), self._tidy()]
        works.append(self._take_card(self._at.card))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work) for work in works]
            await asyncio.wait([self._joined])
            for task in tasks:
                task.cancel()
        return self._joined.result()

    # what comes in

    async def _heed(self) -> None:
        while True:
            event = await self._queue.get()
            if isinstance(event, Touch):
                self._at.touch()
            match event:
                case DeviceLost(device=device):
                    log.warning("device lost", device=device, why=event.why)
                case DeviceBack(device=device):
                    log.info("device works", device=device)
                case ScannerTaught():
                    self._sign(Sign.DONE)
                case CardSeen(form=Form.NUMBER, data=data):
                    await self._read(data)
                case CardSeen() | CardTrouble():
                    self._notice(Unpaired(), Sign.REFUSED)
                case PadKey(key=key):
                    await self._type(key)
                case _:
                    pass

    async def _read(self, text: str) -> None:
        try:
            found = setup_codes.parse(text)
        except SetupMistake as mistake:
            log.warning("a setup code cannot be followed", why=str(mistake))
            asked_wifi = text.startswith(setup_codes.WIFI)
            trouble = WifiTrouble(WifiProblem.CODE) if asked_wifi else PairingTrouble(CodeTrouble.WRONG)
            self._notice(trouble, Sign.REFUSED)
            return
        match found:
            case PairWith():
                self._give(found)
            case Wifi():
                await self._join_wifi(found)
            case _:
                self._notice(Unpaired(), Sign.REFUSED)

    async def _type(self, key: str) -> None:
        """A code on the number pad, and Enter."""
        if key == "back":
            self._typed = self._typed[:-1]
        elif key.isdigit():
            self._typed = (self._typed + key)[:CODE_DIGITS]
        elif key == "enter" and self._typed:
            typed, self._typed = self._typed, ""
            await self._read(f"{setup_codes.PAIR}C:{typed};;")
            return
        self._sign(Sign.KEY)

    async def _take_card(self, card: Card) -> None:
        """What lay on the SD card: its network first."""
        if card.mistake:
            self._notice(PairingTrouble(CodeTrouble.WRONG), Sign.REFUSED)
        if card.file is None:
            return
        if (found := card.file.network) is not None:
            await self._join_wifi(found)
        if (code := card.file.pairing) is not None:
            self._give(code)

    def _give(self, code: PairWith) -> None:
        self._sign(Sign.CARD)
        self._kept = code
        self._show(Wait(asking=True))
        self._given.set()

    async def _join_wifi(self, found: Wifi) -> None:
        self._show(Wait(asking=True))
        outcome = await wifi.join(found, self._at.requests)
        log.info("Wi-Fi", outcome=outcome.value)
        joined = outcome is wifi.Outcome.JOINED
        self._notice(wifi.told(found, outcome), Sign.DONE if joined else Sign.REFUSED)
        if joined:
            self._hurried.set()

    # ways out

    async def _look(self) -> None:
        """Whether `bodka-terminal pair` has done it."""
        try:
            while (pairing := pairings.load(self._at.folder)) is None:
                await self._at.sleep(LOOK_SECONDS)
        except BrokenStateFile as broken:
            self._joined.set_exception(broken)
        else:
            self._done(pairing)

    async def _trade(self) -> None:
        """Trades the code that was given last, until the cloud has said something about it."""
        wait = FIRST_WAIT
        while True:
            await self._given.wait()
            code = self._kept
            if code is None:
                self._given.clear()
                continue
            if await self._try(code):
                wait = FIRST_WAIT
            else:
                wait = min(LONGEST_WAIT, wait * 2) if code is self._kept else FIRST_WAIT
                await self._until_hurried(wait)

    async def _flow(self) -> None:
        """Shows a code of the cloud's, and asks until it was typed or is too old (RFC 8628)."""
        wait, said = FIRST_WAIT, ""
        while True:
            try:
                with state_lock.hold(self._at.folder):
                    key = membership.prepare(self._at.folder)
                shown = await membership.ask_for_code(self._cloud, key, self._name or socket.gethostname(), self._at.transport)
                wait, said, self._authorization = FIRST_WAIT, "", shown
                self._rest()
                await self._collect(shown)
            except _FAILURES as error:
                if str(error) != said:  # once, and not every half minute of a night without network
                    said = str(error)
                    log.info("no code to show yet", why=said)
            self._authorization = None
            self._rest()
            await self._until_hurried(wait)
            wait = min(LONGEST_WAIT, wait * 2)

    async def _collect(self, authorization: Authorization) -> None:
        """Until the code is too old; raises what is not only that nobody has typed it yet."""
        interval, left = max(1, authorization.interval), float(authorization.expires_in)
        while left > 0:
            await self._at.sleep(interval)
            left -= interval
            try:
                async with self._one:
                    pairing = await membership.collect(self._cloud, authorization, self._at.transport)
                    with state_lock.hold(self._at.folder):
                        pairings.save(self._at.folder, pairing)
                    self._done(pairing)
            except NotYet as answer:
                interval += 5 if str(answer) == "slow_down" else 0  # RFC 8628 section 3.5
            except (CloudUnreachable, AnswerUnclear, TooManyTries, state_lock.StateTaken):
                pass  # the code is as good as before
            except CodeForgotten:
                return

    async def _try(self, code: PairWith) -> bool:
        """Whether the code needs no further try."""
        cloud = self._cloud_of(code)
        try:
            async with self._one:
                with state_lock.hold(self._at.folder):
                    self._done(await membership.join(cloud, self._at.folder, code.code, self._name, self._at.transport))
        except _FAILURES as error:
            trouble = next((trouble for kind, trouble in TROUBLES if isinstance(error, kind)), CodeTrouble.NO_ANSWER)
            log.warning("not paired", why=str(error))
            if trouble is CodeTrouble.NO_ANSWER:
                self._notice(PairingTrouble(trouble), None)
                return False
            self._notice(PairingTrouble(trouble), Sign.REFUSED)
        if self._kept is code:
            self._kept = None
            self._given.clear()
        return True

    def _done(self, pairing: Pairing) -> None:
        """Nothing else is tried from here on: `run` is woken, and cancels all other ways before they have their turn."""
        if not self._joined.done():
            self._sign(Sign.DONE)
            self._joined.set_result(pairing)

    @property
    def _name(self) -> str:
        """What the installer has called this terminal, if anything."""
        file = self._at.card.file
        return file.name if file is not None else ""

    def _cloud_of(self, code: PairWith) -> Cloud:
        own = self._cloud
        if not code.cloud or code.cloud.rstrip("/") == own.url.rstrip("/"):
            return own
        return msgspec.structs.replace(own, url=code.cloud, authority="")

    async def _until_hurried(self, seconds: float) -> None:
        self._hurried.clear()
        waits = [asyncio.ensure_future(self._at.sleep(seconds)), asyncio.ensure_future(self._hurried.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    # what people see and hear

    async def _tidy(self) -> None:
        """Takes notices away when their time is over."""
        loop = asyncio.get_running_loop()
        while True:
            await self._at.sleep(LOOK_SECONDS)
            if self._until and loop.time() >= self._until:
                self._until = 0.0
                self._rest()

    def _rest(self) -> None:
        """What is shown while nothing happens; a notice stays its time."""
        if self._until:
            return
        shown = self._authorization
        self._show(screens.Pairing(shown.user_code, shown.verification_uri_complete) if shown is not None else Unpaired())

    def _notice(self, screen: Screen, sign: Sign | None) -> None:
        self._until = asyncio.get_running_loop().time() + NOTICE_SECONDS
        self._show(screen)
        if sign is not None:
            self._sign(sign)

    def _show(self, screen: Screen) -> None:
        self._at.show(screen)

    def _sign(self, sign: Sign) -> None:
        self._at.equipment.player.play(SIGNS[sign])
