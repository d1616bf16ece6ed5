"""The disk is full at the moment of saving: it is said, nothing stops, and nothing that was shown as done is lost."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

import pytest
from cafe import HIS, ZOLTAN, stamp_card

from display.screens import Done, Message, Money, Notice, Points, Sum, Typing
from shop import Shop, rows, until

pytestmark = pytest.mark.xdist_group("end_to_end")

BALANCE, FIVE = 310_000, 5_000
CARD = stamp_card("Zoltán K.", 0, HIS)
MOST = 60
"""The write-ahead log has room for some entries when nothing else has."""


def total(entries: int) -> tuple[Done, Done]:
    """Sent at once, or later: on a full disk the courier rests."""
    points = (Points(FIVE), Points(BALANCE + entries * FIVE))
    return Done(*points, later=False), Done(*points, later=True)


def fill(file: Path) -> None:
    """Takes the last byte of the disk."""
    with file.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
        while True:
            filler.write(bytes(512))
    assert os.statvfs(file).f_bavail == 0


def awarded(shop: Shop, entries: int) -> bool:
    """Types five euros for a card and presses +: whether that was shown as done, or refused because the disk is full."""
    shop.scan(ZOLTAN)
    shop.shows(CARD, language=HIS)
    shop.type("5")
    shop.shows(Typing("5"), language=HIS)
    shop.type("+")
    done, full = [rows(screen, HIS) for screen in total(entries)], rows(Notice(Message.DISK_FULL), HIS)
    until(lambda: shop.glass() in (*done, full), shop.story)
    return shop.glass() in done


def test_a_full_disk_is_said_and_nothing_is_lost(small_shop: Shop) -> None:
    shop = small_shop
    assert shop.daemon is not None
    filler = Path(f"/proc/{shop.daemon.process.pid}/root{shop.state}/filler")
    assert awarded(shop, 1)
    fill(filler)
    entries, began = 2, time.monotonic()
    while awarded(shop, entries):
        entries, began = entries + 1, time.monotonic()
        assert entries < MOST, "the disk is full, and entries are still saved"
    until(lambda: [light for light in shop.lights(began) if light[0] == "red"] == [("red", 1), ("red", 0)] * 3, shop.story)

    # Somebody makes room. The bill is still there, the same press is done, and what was shown as done is there on both sides.
    filler.unlink()
    shop.press("cancel")
    shop.shows(Sum(Money(500, "EUR"), name="Zoltán K."), language=HIS)
    shop.press("award")
    shop.shows(*total(entries), language=HIS)
    shop.shows_idle()
    found = shop.journal()["entries"]
    assert [entry["postings"][0]["delta"] for entry in found] == [FIVE] * entries
    stored = {entry["id"] for entry in shop.cloud.ledger()["entries"]}
    assert {entry["id"] for entry in found} <= stored
