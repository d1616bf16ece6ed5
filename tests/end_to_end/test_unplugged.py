"""Every device pulled out and put back while the daemon runs: the idle screen says so, the others serve, and it works again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from cafe import JANA, JANA_TAG, stamp_card

from display.screens import Balance, Points, Typing
from emulators.hardware import GPIO_NODE, I2C_NODE
from emulators.nfc_tags import Type2Tag
from shop import Shop, until

pytestmark = pytest.mark.xdist_group("end_to_end")

CARD = stamp_card("Jana K.", 7)
POINTS = Balance(Points(1_240_000), "Jana K.", "zlatá", more=True)


@pytest.fixture(autouse=True)
def tidy(shop: Shop) -> Iterator[None]:
    """Nothing is left on a reader, whatever the test came to."""
    shop.shows_idle()
    yield
    shop.lift()
    shop.pull()


def back_to_idle(shop: Shop, *missing: str) -> None:
    shop.press("cancel")
    shop.shows_idle(missing=missing)


def losses(shop: Shop, name: str) -> int:
    """How often a device was lost so far."""
    assert shop.daemon is not None
    return shop.daemon.lost(name)


def lost_and_back(shop: Shop, names: tuple[str, ...], take: Callable[[], None], bring: Callable[[], None]) -> None:
    """Its sign comes and goes."""
    before = {name: losses(shop, name) for name in names}
    take()
    shop.shows_idle(missing=names)
    bring()
    shop.shows_idle()
    assert all(losses(shop, name) == before[name] + 1 for name in names), "one loss is told once"


def test_the_scanner(shop: Shop) -> None:
    lost_and_back(shop, ("scanner",), shop.hardware.scanner.unplug, shop.hardware.scanner.plug)
    shop.scan(JANA)
    shop.shows(CARD)
    back_to_idle(shop)


def test_the_number_pad(shop: Shop) -> None:
    lost_and_back(shop, ("pad",), shop.hardware.pad.unplug, shop.hardware.pad.plug)
    shop.type("12.5")
    shop.shows(Typing("12,5"))
    back_to_idle(shop)


def test_the_nfc_reader(shop: Shop) -> None:
    lost_and_back(shop, ("nfc",), shop.hardware.nfc.unplug, shop.hardware.nfc.plug)
    shop.tap(Type2Tag(JANA_TAG))
    shop.shows(CARD)
    back_to_idle(shop)


def test_pcscd_and_the_chip_reader(shop: Shop) -> None:
    lost_and_back(shop, ("chip",), shop.hardware.pcscd.kill, shop.hardware.pcscd.start)
    shop.insert(JANA)
    shop.shows(CARD)
    back_to_idle(shop)


def test_the_gpio_chip_with_buttons_and_lights(shop: Shop) -> None:
    board, gpio = shop.hardware.board, shop.hardware.gpio
    lost_and_back(shop, ("buttons", "signals"), lambda: board.remove(GPIO_NODE), lambda: board.add(GPIO_NODE, gpio))
    shop.scan(JANA)
    shop.shows(CARD)
    shop.press("next")
    shop.shows(POINTS)
    with shop.signals(*(("red", 1), ("red", 0)) * 2):
        shop.scan("2100000000013")
    shop.press("cancel")
    shop.shows(POINTS)
    back_to_idle(shop)


def test_the_panel(shop: Shop) -> None:
    """A dark panel cannot say that it is gone; the shop goes on blind, and the panel comes back with what is so by then."""
    shop.hardware.board.remove(I2C_NODE)
    lost = losses(shop, "panel")
    shop.hardware.panel.power_on()
    scanned = time.monotonic()
    shop.scan(JANA)
    until(lambda: losses(shop, "panel") > lost and shop.beeped(scanned), shop.story)
    shop.press("next")
    shop.hardware.board.add(I2C_NODE, shop.hardware.bus)
    shop.shows(POINTS)
    assert shop.hardware.panel.mistakes == []
    back_to_idle(shop)


def test_all_at_once(shop: Shop) -> None:
    hardware = shop.hardware
    devices = (hardware.scanner, hardware.pad, hardware.nfc)
    for device in devices:
        device.unplug()
    hardware.pcscd.kill()
    hardware.board.remove(GPIO_NODE)
    shop.shows_idle(missing=("buttons", "chip", "nfc", "pad", "scanner", "signals"))
    for device in devices:
        device.plug()
    hardware.pcscd.start()
    hardware.board.add(GPIO_NODE, hardware.gpio)
    shop.shows_idle()
    shop.tap(Type2Tag(JANA_TAG))
    shop.shows(CARD)
    shop.press("next")
    shop.shows(POINTS)
    back_to_idle(shop)
