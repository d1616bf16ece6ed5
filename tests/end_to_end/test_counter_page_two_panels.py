"""The counter page with a panel for the customer and one for staff, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import (
    DESKTOP,
    NARROWEST,
    PHONE,
    ZOOMED,
    axe_finds_nothing,
    browser,
    counter_page,
    nothing_is_lost,
    pixels,
    power_is_cut,
)
from demo import Demo, demo
from display.customers_page import customers_page
from display.draw import draw
from display.layout import lay_out
from display.screens import Menu as MenuScreen
from display.screens import MenuItem, NewCard
from display.watermark import watermark

pytestmark = pytest.mark.xdist_group("counter page")

STAFFS, CUSTOMERS = "#glass", "#customers-glass"


@pytest.fixture(scope="module")
def shop() -> Iterator[Demo]:
    with demo("warning", panels=2) as it:
        yield it


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as it:
        yield it


@pytest.fixture(scope="module")
def opened(chromium: Browser, shop: Demo) -> Iterator[Page]:
    with counter_page(chromium, shop.start()) as page:
        yield page


@pytest.fixture
def page(opened: Page) -> Page:
    expect(opened.locator("#cloud")).to_have_text("Cloud reached")
    for _ in range(6):
        if "Tap your card" in staffs(opened).inner_text():
            break
        opened.get_by_role("button", name="Cancel", exact=True).click()
        opened.wait_for_timeout(150)  # a finger's pace
    expect(staffs(opened)).to_contain_text("Tap your card")
    return opened


def staffs(page: Page) -> Any:
    return page.get_by_role("status", name="Staff’s screen")


def customers(page: Page) -> Any:
    return page.get_by_role("figure", name="Customer’s screen").get_by_role("paragraph")


def card(page: Page, key: str) -> None:
    page.locator(f'.card[data-key="{key}"]').click()


def dots(screen: Any, *, buttons: bool = True) -> str:
    picture = watermark(draw(lay_out(screen, "en") if buttons else customers_page(screen, "en")))
    return "".join("1" if one else "0" for one in picture.convert("L").tobytes())


def shows(page: Page, glass: str, wanted: str) -> None:
    """The words come before the last dot."""
    for _ in range(100):
        if pixels(page, glass) == wanted:
            return
        page.wait_for_timeout(20)
    assert pixels(page, glass) == wanted


def test_both_are_shown_pixel_for_pixel_and_a_menu_is_on_the_staffs_alone(page: Page) -> None:
    card(page, "blank-printed")
    expect(staffs(page)).to_contain_text("+Issue")
    expect(customers(page)).to_contain_text("New card")
    shows(page, STAFFS, dots(NewCard()))
    shows(page, CUSTOMERS, dots(NewCard(), buttons=False))
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(customers(page)).to_contain_text("Tap your card")
    seen = pixels(page, CUSTOMERS)
    page.get_by_role("button", name="Next", exact=True).hover()
    page.mouse.down()
    items = [item for item in MenuItem if item is not MenuItem.RENEW]
    expect(staffs(page)).to_contain_text("Menu 1/")
    page.mouse.up()
    shows(page, STAFFS, dots(MenuScreen(items[0], 1, len(items))))
    assert pixels(page, CUSTOMERS) != pixels(page, STAFFS)
    expect(customers(page)).to_contain_text("Tap your card")
    assert len(seen) == 128 * 64


def test_a_choice_is_on_the_staffs_and_falls_to_the_customers_while_the_staffs_is_out(page: Page) -> None:
    card(page, "staff-eva")
    expect(staffs(page)).to_contain_text("Eva")
    expect(customers(page)).not_to_contain_text("Eva")
    card(page, "jana-printed")
    expect(customers(page)).to_contain_text(re.compile("[0-9]+ z 10"))
    expect(customers(page)).not_to_contain_text("+")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(staffs(page)).to_contain_text("Použiť")
    page.get_by_role("button", name="Redeem", exact=True).click()
    expect(staffs(page)).to_contain_text("Odmena 1/")
    expect(customers(page)).to_contain_text("1 240 b")
    page.get_by_role("switch", name="Staff’s screen").click()
    expect(customers(page)).to_contain_text("Odmena 1/")
    page.get_by_role("button", name="Next", exact=True).click()
    expect(customers(page)).to_contain_text("Odmena 2/")
    assert "1" not in pixels(page, STAFFS)
    page.get_by_role("switch", name="Staff’s screen").click()
    expect(customers(page)).to_contain_text("1 240 b")
    expect(staffs(page)).to_contain_text("Odmena 2/")
    expect(page.locator("#log")).to_contain_text("Staff’s screen: works")


def test_without_power_both_are_dark_and_both_come_back(page: Page) -> None:
    power = power_is_cut(page, "Power", "No power")
    expect(page.get_by_text("Customer’s screen", exact=True).first).to_be_visible()
    assert "1" not in pixels(page, STAFFS) + pixels(page, CUSTOMERS)
    power.click()
    expect(customers(page)).to_contain_text("Tap your card")
    expect(staffs(page)).to_contain_text("Tap your card")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_with_two(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    axe_finds_nothing(page, DESKTOP, ZOOMED)
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("size", [DESKTOP, ZOOMED, PHONE, NARROWEST], ids=["desktop", "200 %", "phone", "narrowest"])
def test_nothing_is_lost_with_two(page: Page, size: Any) -> None:
    nothing_is_lost(page, size)
