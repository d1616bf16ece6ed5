"""The counter page's pictures: a scene at the demo's counter, seen by Debian's Chromium. Started by scripts/counter-picture."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from demo import demo

README, TWO_PANELS = Path("docs/pictures/counter-page.png"), Path("docs/pictures/two-panels.png")
DESKTOP, ZOOMED, PHONE = {"width": 1280, "height": 930}, {"width": 640, "height": 450}, {"width": 390, "height": 844}


def main(folder: Path | None) -> None:
    """Takes the documents' pictures, and the others where there is a folder for them."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        one_panel(chromium, folder)
        two_panels(chromium)
        chromium.close()


def one_panel(chromium: Browser, folder: Path | None) -> None:
    """The README's, and the same scene as others see it."""
    with demo("warning") as it:
        page = chromium.new_page(viewport=DESKTOP)
        page.goto(it.start())
        play(page)
        page.screenshot(path=README)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            others(page, folder)


def two_panels(chromium: Browser) -> None:
    """A choice on the staff's panel, while the customer sees what she has."""
    with demo("warning", panels=2) as it:
        page = chromium.new_page(viewport=DESKTOP)
        page.goto(it.start())
        expect(page.locator("#cloud")).to_have_text("Cloud reached")
        show(page, "staff-eva", "Eva")
        show(page, "jana-printed", "Jana")
        for key, words in (("ArrowRight", "Použi"), ("-", "Odmena 1/")):
            page.keyboard.press(key)
            shows(page, words)
        expect(page.locator("#customers-words")).to_contain_text("1 240 b")
        page.wait_for_timeout(200)
        page.locator(".body").screenshot(path=TWO_PANELS)


def play(page: Page) -> None:
    """Eva signs in, Jana's bill is paid in part with points, and Zoltán gets his stamps while the network is down."""
    expect(page.locator("#cloud")).to_have_text("Cloud reached")
    show(page, "staff-eva", "Eva")
    page.keyboard.type("7,30")
    page.keyboard.press("Enter")
    shows(page, "7.30 €")
    show(page, "jana-sticker", "Jana")
    page.keyboard.press("-")
    shows(page, "Potvrdi")
    page.keyboard.press("-")
    rows(page, 1)
    expect(page.locator("#rows")).to_contain_text("sent")
    page.get_by_role("switch", name="Network").click()
    expect(page.locator("#cloud")).to_contain_text("not reached")
    show(page, "zoltan-mifare", "Zolt")
    for count in (2, 3):
        page.keyboard.press("+")
        rows(page, count)
        page.wait_for_timeout(200)
    page.keyboard.down("+")
    rows(page, 4)
    expect(page.locator("#green")).to_have_class("lamp lit")


def others(page: Page, folder: Path) -> None:
    """The same scene as others see it."""
    page.keyboard.up("+")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for name, size in (("desktop", DESKTOP), ("zoomed", ZOOMED), ("phone", PHONE)):
            page.set_viewport_size(size)
            page.wait_for_timeout(200)
            page.screenshot(path=folder / f"{name}-{scheme}.png", full_page=name != "desktop")
    page.set_viewport_size(DESKTOP)
    page.keyboard.press("Tab")
    page.get_by_role("switch", name="Power").click()
    expect(page.get_by_text("No power")).to_be_visible()
    page.screenshot(path=folder / "no-power-dark.png")


def show(page: Page, key: str, words: str) -> None:
    page.locator(f'.card[data-key="{key}"]').click()
    shows(page, words)


def shows(page: Page, words: str) -> None:
    expect(page.locator("#words")).to_contain_text(words)


def rows(page: Page, count: int) -> None:
    expect(page.locator("#rows tr")).to_have_count(count)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
