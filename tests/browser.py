"""A real browser on the counter page of a real terminal: Debian's Chromium by Playwright, and the demo's own programs.

with demo("warning") as it, browser() as chromium, counter_page(chromium, it.start()) as page:
    page.get_by_role("button", name="Award").click()
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 15_000
DESKTOP = {"width": 1280, "height": 900}
ZOOMED = {"width": 640, "height": 450}
"""1280 x 900 at 200 %."""

PHONE, NARROWEST = {"width": 390, "height": 844}, {"width": 320, "height": 640}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

PIXELS = """canvas => {
  const dot = Number(canvas.dataset.dot), pen = canvas.getContext("2d");
  const all = pen.getImageData(0, 0, canvas.width, canvas.height).data, half = dot >> 1;
  let bits = "";
  for (let y = half; y < canvas.height; y += dot)
    for (let x = half; x < canvas.width; x += dot) bits += all[4 * (y * canvas.width + x) + 3] ? "1" : "0";
  return bits;
}"""

LOST = """() => [...document.querySelectorAll("button, input, canvas, h2, h3, p")].filter((one) => {
  if (one.closest("[hidden], .unseen")) return false;
  const box = one.getBoundingClientRect(), cut = one.tagName === "BUTTON" && one.scrollWidth > one.clientWidth + 1;
  return box.width < 1 || box.left < 0 || box.right > innerWidth + 0.5 || cut;
}).map((one) => one.outerHTML.slice(0, 80))"""

SMALL = """() => [...document.querySelectorAll("button, .tick")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width < 24 || box.height < 24;
}).map((one) => one.textContent)"""

sys.path.append(str(Path(__file__).parents[1] / "scripts"))

# Tones are not played here: what the page asks of the browser's audio is written down, in seconds from the pattern's begin.
LISTEN = """
window.asked = [];
const set = AudioParam.prototype.setValueAtTime;
AudioParam.prototype.setValueAtTime = function (value, at) {
  window.asked.push([this.maxValue < 1e6 ? "hertz" : "gain", value, at]);
  return set.call(this, value, at);
};
"""


def pixels(page: Page, canvas: str) -> str:
    """What a panel's canvas shows, a sign for each of the panel's pixels."""
    return str(page.eval_on_selector(canvas, PIXELS))


def power_is_cut(page: Page, switch: str, says: str) -> Locator:
    """Pulls the plug, by its name on the page, and opens the page anew, which says so both times. Gives the switch."""
    power = page.get_by_role("switch", name=switch)
    power.click()
    expect(page.get_by_text(says)).to_be_visible()
    page.reload()  # the browser that was let in comes in again
    expect(page.get_by_text(says)).to_be_visible()
    return power


def nothing_is_lost(page: Page, size: Any) -> None:
    """At this size nothing is cut, nothing scrolls sideways, and all that is pressed is large enough (WCAG 2.2, 2.5.8)."""
    page.set_viewport_size(size)
    try:
        assert page.evaluate("document.scrollingElement.scrollWidth") <= size["width"]
        lost = page.evaluate(LOST)
        assert lost == []
        small = page.evaluate(SMALL)
        assert small == []
    finally:
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def axe_finds_nothing(page: Page, *sizes: Any) -> None:
    """At each size; the page is left at the desktop's."""
    for size in sizes:
        page.set_viewport_size(size)
        found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
        assert not found.response["violations"], found.generate_report()
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium without a window, and without its sandbox where the tests are root."""
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--mute-audio"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def counter_page(chromium: Browser, address: str, **more: Any) -> Iterator[Page]:
    """The page by its one-time address, in a browser of its own."""
    context = chromium.new_context(**({"viewport": DESKTOP} | more))
    context.add_init_script(LISTEN)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page.goto(address)
    try:
        yield page
    finally:
        context.close()
