"""The counter page of a terminal that speaks Slovak: what stands around the panel is Slovak too, and is as good to use."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browser import DESKTOP, NARROWEST, PHONE, ZOOMED, axe_finds_nothing, browser, counter_page, nothing_is_lost, power_is_cut
from demo import demo

pytestmark = pytest.mark.xdist_group("counter page")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with demo("warning", language="sk") as it, browser() as chromium, counter_page(chromium, it.start()) as page:
        yield page


def test_a_morning_in_slovak(page: Page) -> None:
    words, newest = page.get_by_role("status", name="Displej"), page.locator("#rows tr").first
    assert page.locator("html").get_attribute("lang") == "sk"
    assert page.title() == "Pult Bodka – cvičný"
    expect(page.locator("#cloud")).to_have_text("Cloud dostupný")
    page.get_by_role("button", name="Eva, obsluha").click()
    expect(words).to_contain_text("Eva")
    page.get_by_role("switch", name="Sieť").click()
    expect(page.locator("#cloud")).to_have_text("Cloud nedostupný")
    page.get_by_role("button", name="Jana vytlačená karta").click()
    expect(words).to_contain_text("Jana")
    page.get_by_role("button", name="Pridať", exact=True).click()
    expect(newest).to_contain_text("Pridané")
    expect(newest).to_contain_text("čaká")
    expect(page.locator("#cloud")).to_have_text("Cloud nedostupný · 1 zápis čaká")
    page.get_by_role("switch", name="Sieť").click()
    expect(newest).to_contain_text("✓ odoslané")
    for happened in ("odpojené", "funguje"):
        page.get_by_role("switch", name="NFC čítačka").click()
        expect(page.locator("#log")).to_contain_text(f"NFC čítačka: {happened}")
    expect(page.locator("#log")).to_contain_text("zapísané: Pridané, +1 coffee")


def test_without_power_it_is_slovak_still(page: Page) -> None:
    power = power_is_cut(page, "Napájanie", "Bez prúdu.")
    assert page.locator("html").get_attribute("lang") == "sk"
    power.click()
    expect(page.locator("#log")).to_contain_text("zástrčka je vytiahnutá")
    expect(page.locator("#cloud")).to_contain_text("Cloud dostupný")


def test_no_english_is_left(page: Page) -> None:
    named = page.evaluate(
        "[...document.querySelectorAll('[aria-label], [placeholder]')].map((one) => one.ariaLabel ?? one.placeholder)"
    )
    read = " ".join([page.locator("body").inner_text(), *named])
    assert not re.findall(
        r"\b(?:the|and|card|reader|screen|press|click|hold|cloud reached|sent|waits|network|power)\b", read, re.IGNORECASE
    )


def test_axe_finds_nothing(page: Page) -> None:
    axe_finds_nothing(page, DESKTOP, ZOOMED)


@pytest.mark.parametrize("size", [DESKTOP, ZOOMED, PHONE, NARROWEST], ids=["desktop", "200 %", "phone", "narrowest"])
def test_nothing_is_lost_or_scrolls_sideways(page: Page, size: dict[str, int]) -> None:
    nothing_is_lost(page, size)
