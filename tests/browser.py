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

from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 15_000
DESKTOP = {"width": 1280, "height": 900}

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
