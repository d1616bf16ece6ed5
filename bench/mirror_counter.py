"""The daemon of `bench/mirror.py`, in a process of its own: the real one, without devices, and somebody who taps all the time.

It imports what a counter with all its devices would. Writes one JSON object when the snapshot is whole and the queue is empty.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from display.draw import draw  # noqa: F401  # the panel's fonts
from loyalty.entry import Cause, Draft, Posting, Purchase
from loyalty.tokens import TokenKind
from sync import history, snapshot
from sync.view import look
from terminal import startup
from terminal.clocks import Clocks, monotonic_ms
from terminal.daemon import Daemon
from terminal.devices import equip
from terminal.inputs import Found, Identification
from terminal.link import Link
from terminal.settings import Cloud, House, Settings
from terminal.store import Store

DEVICES = ["evdev", "smartcard.scard", "nfc", "luma.oled.device"]
TAP_SECONDS = 0.1
turns: list[float] = []


def timed(run_blocking: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Notes how long each turn of the writer thread takes."""

    async def run(store: Store, work: Callable[[], Any], /) -> Any:
        def turn() -> Any:
            began = time.perf_counter()
            try:
                return work()
            finally:
                turns.append(time.perf_counter() - began)

        return await run_blocking(store, turn)

    return run


async def tap(store: Store, token: bytes, number: int, clocks: Clocks) -> float:
    """A card on the reader, and an award: until it is on the disk."""
    began = time.perf_counter()
    seen = store.look(Identification(TokenKind.CARD, (token,)), monotonic_ms())
    whose = seen.account.whose if isinstance(seen, Found) else seen.whose  # type: ignore[union-attr]
    draft = Draft(Cause.AWARD, whose, (Posting("points", 1000),), purchase=Purchase(1000, "EUR"))
    await store.record(draft, f"tap {number}", 1, clocks.moment())
    return time.perf_counter() - began


def looks(store: Store, tokens: list[bytes]) -> list[float]:
    took = []
    for token in tokens:
        began = time.perf_counter()
        found = look(store.reader.journal, store.reader.mirror, token, TokenKind.CARD)
        took.append(time.perf_counter() - began)
        assert found is not None
        assert {holding.purse for holding in found.holdings} >= {"points", "coffee"}
    return took


def main(folder: Path, url: str, backlog: int) -> None:
    tokens = [bytes.fromhex(line) for line in (folder / "tokens").read_text().split()]
    for name in DEVICES:
        importlib.import_module(name)

    async def beside(daemon: Daemon, store: Store, link: Link) -> None:
        clocks, taps, began = Clocks.of_this_boot(), [], time.monotonic()
        whole = drained = 0.0
        while not (whole and drained):
            taps.append(await tap(store, tokens[len(taps) % len(tokens)], len(taps), clocks))
            link.wake()
            await asyncio.sleep(TAP_SECONDS)
            seconds = time.monotonic() - began
            if not whole and snapshot.epoch(store.reader.mirror) and snapshot.due(store.reader.mirror) is None:
                whole = seconds
            if not drained and history.waiting(store.reader.journal).count <= 5:
                drained = seconds
        found = {"whole": whole, "drained": drained, "taps": taps, "turns": turns, "looks": looks(store, tokens)}
        (folder / "told").write_text(json.dumps(found))
        (folder / "told").rename(folder / "result")

    async def fill() -> None:
        """Entries that wait since before the network came."""
        from sync import pairing

        paired = pairing.load(folder)
        assert paired is not None
        store, clocks = Store(folder, paired.identity, paired.shop), Clocks.of_this_boot()
        for number in range(backlog):
            await tap(store, tokens[number % len(tokens)], -1 - number, clocks)
        store.close()

    asyncio.run(fill())
    (folder / "filled").touch()
    Store.run_blocking = timed(Store.run_blocking)  # type: ignore[method-assign, assignment]
    settings = Settings(Cloud(url), terminal=House(state=str(folder)))
    startup._rig = lambda settings, pictures, clocks: startup.Rig(  # type: ignore[assignment]
        equip(settings, monotonic_ms, pictures.picture), beside=beside
    )
    asyncio.run(startup.run(settings))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
