"""A counter for tests: the real daemon, session, journal and mirror, with a test's hands in place of the devices.

Presses are counted, so that a test can say how many a situation takes. Time goes on only where a test lets it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import UUID

from drivers.events import Button, ButtonHeld, ButtonPressed, CardSeen, Form, Medium, PadKey
from loyalty.account import Status
from loyalty.chain import GENESIS
from loyalty.entry import TokenKind
from loyalty.numbers import Check, with_check
from loyalty.programme import read
from loyalty.tokens import TokenKey, token
from sync import applying
from sync.messages import Pulled, Standing
from sync.mirror_rows import CardRow, MemberRow, PurseRow, StaffRow
from terminal import states
from terminal.clocks import Clocks, monotonic_ms
from terminal.daemon import Daemon
from terminal.devices import Equipment
from terminal.inputs import CloudNews, Input, Tick
from terminal.signs import SIGNS, Step
from terminal.states import Desk
from terminal.store import Store

CAFE = read((Path(__file__).parents[1] / "config" / "programmes" / "cafe.toml").read_text(encoding="utf-8"))
KEYS = (TokenKey(1, b"\x01" * 32),)
IDENTITY = UUID(int=1)


def number(n: int) -> str:
    """The number of one of the café's printed cards."""
    return with_check(f"2100{n:08d}", Check.EAN13)


JANA, PETER, BLANK, EVA = number(1), number(2), number(3), number(9)
PHONE = "0905123456"
SHARES = {"points": 1_240_000, "coffee": 7}


def card_token(text: str, kind: TokenKind = TokenKind.CARD) -> bytes:
    return token(KEYS[0], kind, text)


def first_pull(jana: dict[str, int]) -> Pulled:
    """What the cloud knows: Jana with some purses, Peter with nothing, Jana's phone, and Eva who works here."""
    a, b = card_token(JANA), card_token(PETER)
    phone = card_token("421905123456", TokenKind.PHONE)
    return Pulled(
        standing=Standing.GOOD,
        through=0,
        hash=GENESIS,
        since=0,
        cursor=9,
        more=False,
        programme=1,
        now_ms=0,
        purses=tuple(PurseRow(a, purse, "", units, units, 1) for purse, units in jana.items()),
        cards=tuple(CardRow(t, owner, Status.ACTIVE, 2) for t, owner in ((a, a), (b, b), (phone, a))),
        members=(MemberRow(a, "Jana K.", "zlatá", "sk", 3), MemberRow(b, "Peter N.", "", "sk", 3)),
        staff=(StaffRow(card_token(EVA, TokenKind.STAFF), "eva", "Eva", None, True, 4),),
    )


class Recorder:
    """Keeps what was played, and shows what was drawn."""

    def __init__(self) -> None:
        self.played: list[str] = []

    def play(self, steps: tuple[Step, ...]) -> None:
        self.played.append(next(sign.value for sign, known in SIGNS.items() if known == steps))


class Counter:
    """`with Counter(tmp_path) as counter: counter.scan(JANA); counter.press("+")`."""

    def __init__(self, folder: Path, *, jana: dict[str, int] = SHARES, online: bool = True, staff: bool = True) -> None:
        self.presses = 0
        self.ahead = 0
        self.time_of_day: str | None = None
        """What the machine's clock shows, where it is trusted: each tick says it, as the daemon's own do."""
        self.sounds = Recorder()
        self.shown: list[tuple[int, str]] = []
        self._runner = asyncio.Runner()
        self.store = self._runner.run(self._open(folder, jana))
        self.daemon = Daemon(
            store=self.store,
            keys=KEYS,
            desk=Desk(shop="Kaviareň Bodka", programme=CAFE),
            equipment=Equipment((), self.sounds, None),
            show_page=lambda number, page: self.shown.append((number, page.text())),
            clocks=Clocks(UUID(int=7)),
        )
        self._online, self._staff = online, staff

    @staticmethod
    async def _open(folder: Path, jana: dict[str, int]) -> Store:
        store = Store(folder, IDENTITY, "hlavna-1")
        await store.run_blocking(
            lambda: list(applying.apply(store.writer.mirror, store.writer.journal, IDENTITY, first_pull(jana)))
        )
        return store

    def __enter__(self) -> Counter:
        async def start() -> None:
            self._serving = asyncio.get_running_loop().create_task(self.daemon.run())

        self._runner.run(start())
        self.tell(CloudNews(online=self._online, waiting=0))
        if self._staff:
            self.scan(EVA)
            self.wait(5_000)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        async def stop() -> None:
            self._serving.cancel()
            await asyncio.wait([self._serving])

        self._runner.run(stop())
        self._runner.close()
        self.store.close()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Something beside the daemon, in its loop."""
        self._runner.run(work)

    @property
    def screen(self) -> str:
        """The last picture, as text."""
        return self.shown[-1][1]

    @property
    def now(self) -> int:
        return monotonic_ms() + self.ahead

    def tell(self, event: Input | CardSeen) -> None:
        """One event, and everything that follows from it."""
        self._runner.run(self._settle(event))

    async def _settle(self, event: Input | CardSeen) -> None:
        self.daemon.emit(event)
        async with asyncio.timeout(10):
            await asyncio.sleep(0)
            while not self.daemon.quiet or isinstance(self.daemon.state.mode, states.Saving | states.Asking):
                await asyncio.sleep(0.001)

    def wait(self, milliseconds: int) -> None:
        """Time goes by."""
        self.ahead += milliseconds
        self.tell(Tick(self.now, self.time_of_day))

    def scan(self, text: str) -> None:
        """A card; showing it is no press."""
        self.tell(CardSeen("scanner", Medium.BARCODE, Form.NUMBER, text, self.now))

    def press(self, names: str, picture: int | None = None) -> None:
        """Buttons by their signs, one after the other: "+", "−", "▸", "×"."""
        buttons = {"+": Button.AWARD, "−": Button.REDEEM, "▸": Button.NEXT, "×": Button.CANCEL}
        for name in names.replace(" ", ""):
            self.presses += 1
            shown = self.shown[-1][0] if picture is None else picture
            self.tell(ButtonPressed("buttons", buttons[name], shown, self.now))

    def hold(self, name: str) -> None:
        """A button, held for two seconds."""
        self.press(name)
        self.ahead += 2_000
        button = {"▸": Button.NEXT, "×": Button.CANCEL}[name]
        self.tell(ButtonHeld("buttons", button, self.shown[-1][0], self.now))

    def type(self, keys: str) -> None:
        """Keys of the pad; "\\n" is Enter. Digits are not counted as presses."""
        for key in keys:
            self.tell(PadKey("pad", "enter" if key == "\n" else key, self.shown[-1][0], self.now))
