"""The main job: a card becomes points, on the real protocols of every device, online and offline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cafe import HIS, JANA, JANA_TAG, PETER, PETER_TAG, ZOLTAN, euros, eva_signs_in, pays_in_part, stamp_card, stamped

from display.screens import (
    Balance,
    Done,
    Points,
    RewardChoice,
    StampCardFull,
    Sum,
    Undone,
    UndoQuestion,
)
from emulators.nfc_tags import Type2Tag, text_message
from shop import Daemon, Shop

pytestmark = pytest.mark.xdist_group("end_to_end")

DONE = (("green", 1), ("green", 0))
DONE_LATER = DONE * 2

OUR_FLOORS = ("loyalty", "sync", "drivers", "display", "terminal")
TESTS = Path(__file__).parent.parent


def test_a_card_becomes_points_online_and_offline(new_shop: Shop) -> None:
    shop = new_shop
    eva_signs_in(shop)
    every_reader_serves_a_card(shop)
    nothing_is_simulated_in(shop.daemon)
    assert "virtual" not in shop.settings.read_text()

    shop.cloud.kill()
    shop.shows_idle(offline=True)
    cards_are_served_offline(shop)

    # Somebody pulls the plug. Afterwards nothing is lost: the last entry is there, and can be undone.
    shop.daemon.kill()
    shop.start()
    shop.shows_idle(offline=True, waiting=3)
    eva_signs_in(shop, waiting=3)
    shop.press("cancel")
    shop.shows(*(UndoQuestion(Points(5_000), "Peter N.", minutes) for minutes in (0, 1)))
    shop.hold("cancel")
    shop.shows(Undone(Points(-5_000), Points(2_150), later=True))

    shop.cloud.start()
    shop.shows_idle()
    assert shop.daemon.terminate() == 0
    both_sides_agree(shop.journal(), shop.cloud.ledger())


def every_reader_serves_a_card(shop: Shop) -> None:
    # Jana taps her sticker: two coffees.
    shop.tap(Type2Tag(JANA_TAG))
    shop.shows(stamp_card("Jana K.", 7))
    with shop.signals(*DONE):
        shop.press("award")
        shop.shows(stamped("Jana K.", 8))
    shop.press("award")
    shop.shows(stamped("Jana K.", 9))
    shop.lift()

    # A bill of 18,50 on the number pad, then her printed card at the scanner.
    shop.type("18.50\n")
    shop.shows(Sum(euros(1850)))
    shop.scan(JANA)
    shop.shows(Sum(euros(1850), name="Jana K."))
    shop.press("award")
    shop.shows(Done(Points(18_500), Points(1_258_500), later=False))

    # She takes a mug for her points.
    shop.scan(JANA)
    shop.shows(stamp_card("Jana K.", 9))
    shop.press("next")
    shop.shows(Balance(Points(1_258_500), "Jana K.", "zlatá", more=True))
    shop.press("redeem")
    shop.shows(RewardChoice(1, 3, "Koláč", Points(500_000), Points(758_500)))
    shop.press("next")
    shop.shows(RewardChoice(2, 3, "Hrnček", Points(900_000), Points(358_500)))
    shop.press("redeem")
    shop.shows(Done(Points(-900_000), Points(358_500), later=False, what="Hrnček"))

    # Peter's number is written in his tag; he pays a part of his bill with points.
    shop.type("2.50\n")
    shop.shows(Sum(euros(250)))
    shop.tap(Type2Tag(PETER_TAG, text_message(PETER)))
    pays_in_part(shop, "Peter N.", 250, 85, 1_650)
    shop.lift()

    # Zoltán has a chip card: a stamp, and a bill that he pays in part with points. His screens are Hungarian.
    shop.insert(ZOLTAN)
    shop.shows(stamp_card("Zoltán K.", 0, HIS), language=HIS)
    shop.press("award")
    shop.shows(stamped("Zoltán K.", 1, HIS), language=HIS)
    shop.pull()
    shop.type("5\n")
    shop.shows(Sum(euros(500)))
    shop.insert(ZOLTAN)
    pays_in_part(shop, "Zoltán K.", 500, 310, 1_900, HIS)
    shop.pull()
    shop.press("cancel")
    shop.press("cancel")
    shop.shows_idle()


def cards_are_served_offline(shop: Shop) -> None:
    shop.tap(Type2Tag(JANA_TAG))
    shop.shows(stamp_card("Jana K.", 9))
    with shop.signals(*DONE_LATER):
        shop.press("award")
        shop.shows(stamped("Jana K.", 10, later=True))
    shop.lift()

    # What she earned here can be spent here: no cloud is needed for a full stamp card.
    shop.scan(JANA)
    shop.shows(StampCardFull("Jana K.", 10, 10, "Káva zadarmo", more=True))

    shop.type("5\n")
    shop.shows(Sum(euros(500), name="Jana K."))
    shop.press("award")
    shop.shows(Done(Points(5_000), Points(363_500), later=True))
    shop.type("5\n")
    shop.shows(Sum(euros(500)))
    shop.tap(Type2Tag(PETER_TAG, text_message(PETER)))
    shop.shows(Sum(euros(500), name="Peter N."))
    with shop.signals(*DONE_LATER):
        shop.press("award")
        shop.shows(Done(Points(5_000), Points(7_150), later=True))
    shop.lift()


def nothing_is_simulated_in(daemon: Daemon) -> None:
    """The daemon has the real libraries and nothing of ours that is not the product's."""
    told = daemon.text  # Python's own account of every file that it has imported
    for library in ("nfc.clf.pn532", "smartcard.scard", "evdev.device", "lgpio", "RPi.GPIO", "luma.oled.device"):
        assert f"import '{library}' #" in told, f"the real {library} is not there"
    for floor in OUR_FLOORS:
        assert f"import '{floor}' #" in told
    mapped = Path(f"/proc/{daemon.process.pid}/maps").read_text()
    for name in (
        str(TESTS),
        "terminal.counter",
        "terminal/counter",
        "drivers.virtual",
        "drivers/virtual",
        "site-packages/_pytest",
    ):
        assert name not in told, f"the daemon has imported {name}"
        assert name not in mapped, f"the daemon has loaded {name}"


def both_sides_agree(terminal: Any, cloud: Any) -> None:
    """Entry for entry and balance for balance."""
    (identity,) = {entry["identity"] for entry in terminal["entries"]}
    stored = [entry for entry in cloud["entries"] if entry["identity"] == identity]
    for entry in stored:
        for posting in entry["postings"]:
            assert posting.pop("posted") == posting["delta"]
    assert stored == terminal["entries"]
    assert [entry["cause"] for entry in stored] == [
        *("award", "award", "award", "redeem"),  # Jana
        *("redeem", "award", "redeem"),  # Peter, Zoltán
        *("award", "award", "award", "undo"),  # offline
    ]
    accounts = {one["account"] for one in terminal["balances"]}
    balances = {(b["account"], b["purse"], b["instance"]): b["balance"] for b in cloud["balances"] if b["account"] in accounts}
    assert balances == {(b["account"], b["purse"], b["instance"]): b["balance"] for b in terminal["balances"]}
    assert sorted(balances.values()) == [1, 2, 10, 1_900, 2_150, 363_500]
    assert cloud["alarms"] == []
    (own,) = (one for one in cloud["terminals"] if one["identity"] == identity)
    assert (own["standing"], own["head"], own["posted"]) == ("good", 11, 11)
