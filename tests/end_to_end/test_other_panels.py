"""The main job on panels of other sizes: real luma, an SSD1306 of 128x32 on I2C and an SSD1322 of 256x64 on SPI."""

from __future__ import annotations

import pytest
from cafe import JANA, JANA_TAG, euros, eva_signs_in, pays_in_part, stamp_card, stamped

from display.glass import Glass
from display.screens import Screen, Sum
from emulators.hardware import PANEL_ADDRESS
from emulators.nfc_tags import Type2Tag
from shop import Shop, faces, until

pytestmark = pytest.mark.xdist_group("end_to_end")


def sees(shop: Shop, screen: Screen, turn: int) -> None:
    """Waits for one face of a screen."""
    wanted = faces(screen, "sk", shop.screen)[turn]
    until(lambda: shop.glass() == wanted, lambda: f"face {turn} of {screen} is not shown.\n{shop.story()}")


def is_served(shop: Shop) -> None:
    """Eva signs in, Jana gets a stamp and pays a part of her bill with points."""
    eva_signs_in(shop)
    shop.tap(Type2Tag(JANA_TAG))
    shop.shows(stamp_card("Jana K.", 7))
    shop.press("award")
    shop.shows(stamped("Jana K.", 8))
    shop.lift()
    shop.type("2.50\n")
    shop.shows(Sum(euros(250)))
    shop.scan(JANA)
    pays_in_part(shop, "Jana K.", 250, 250, 0)


def test_a_wide_panel_on_spi_the_other_way_up(shop_with_wide_panel: Shop) -> None:
    shop = shop_with_wide_panel
    assert shop.screen == Glass(256, 64, 3.12)
    is_served(shop)
    assert shop.hardware.panel.mistakes == []
    assert shop.daemon is not None
    assert shop.daemon.terminate() == 0
    assert not shop.hardware.panel.on


def test_a_low_panel(shop_with_low_panel: Shop) -> None:
    shop = shop_with_low_panel
    assert shop.screen == Glass(128, 32, 0.91)
    is_served(shop)
    assert shop.hardware.panel.mistakes == []


def test_a_press_counts_on_either_face_of_a_low_panel(shop_with_low_panel: Shop) -> None:
    shop, panel = shop_with_low_panel, shop_with_low_panel.hardware.panel
    shop.tap(Type2Tag(JANA_TAG))
    for turn in (0, 1, 0, 1):
        sees(shop, stamp_card("Jana K.", 7), turn)
    shop.press("award")
    sees(shop, stamped("Jana K.", 8), 0)
    shop.press("award")
    sees(shop, stamped("Jana K.", 9), 0)
    # Without power for a moment it comes back with what is so by then, on whichever face it is.
    with shop.hardware.bus.lock:
        panel.power_on()
    shop.shows(stamped("Jana K.", 9))
    assert shop.hardware.bus.chips[PANEL_ADDRESS] is panel
