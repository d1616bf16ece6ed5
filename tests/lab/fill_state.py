"""Runs with the installed version's Python, as the terminal's user: pairs the terminal with a cloud that is not there, and
records some entries. Prints their ids.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import UUID

from loyalty.entry import Cause, Draft, Personal, Posting, Purchase
from sync import pairing as pairings
from sync.pairing_messages import KeyMessage
from terminal.clocks import Clocks
from terminal.store import Store

STATE = Path("/var/lib/bodka")


async def record(store: Store, count: int) -> None:
    card = bytes(15) + b"\1"
    clocks = Clocks.of_this_boot()
    for number in range(count):
        draft = Draft(Cause.AWARD, Personal(card, card), (Posting("points", 1_000),), purchase=Purchase(100, "EUR"))
        sys.stdout.write(f"{await store.record(draft, f'lab-{number}', 1, clocks.moment())}\n")


def main(count: int) -> None:
    pairing = pairings.Pairing(
        cloud="https://127.0.0.1:9",
        identity=UUID(int=1),
        network=UUID(int=2),
        merchant=UUID(int=3),
        merchant_name="Kaviareň Bodka",
        shop="hlavna-1",
        shop_name="Hlavná 1",
        keys=(KeyMessage(1, b"\1" * 32),),
    )
    pairings.save(STATE, pairing)
    store = Store(STATE, pairing.identity, pairing.shop)
    try:
        asyncio.run(record(store, count))
    finally:
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
