"""The counter page as a person has it: a real browser, the real daemon and cloud behind it, by mouse, touch and keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from browser import DESKTOP, NARROWEST, PHONE, ZOOMED, axe_finds_nothing, browser, counter_page, nothing_is_lost, pixels
from demo import Demo, demo
from display.draw import draw
from display.layout import lay_out
from display.screens import Idle
from display.watermark import watermark
from terminal.clocks import Clocks
from terminal.effects import Sign
from terminal.signs import SIGNS, Step

pytestmark = pytest.mark.xdist_group("counter page")

FOCUSED = """() => {
  const at = document.activeElement, { id, dataset, textContent } = at;
  if (at === document.body) return ["", ""];
  return [id || dataset.button || dataset.key || dataset.plug || textContent, getComputedStyle(at).outlineStyle];
}"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Demo]:
    with demo("warning") as it:
        yield it


@pytest.fixture(scope="module")
def address(shop: Demo) -> str:
    return shop.start()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as it:
        yield it


@pytest.fixture(scope="module")
def opened(chromium: Browser, address: str) -> Iterator[Page]:
    with counter_page(chromium, address) as page:
        page.route("**/*", lambda route: route.continue_())
        yield page


@pytest.fixture
def page(opened: Page) -> Page:
    """At rest, with power, network and every cable, whatever the test before has left."""
    expect(opened.get_by_role("switch", name="Power")).to_be_visible()
    for switch in opened.get_by_role("switch").all():
        if switch.get_attribute("aria-checked") == "false":
            switch.click()
            expect(switch).to_have_attribute("aria-checked", "true")
    expect(opened.locator("#cloud")).to_have_text("Cloud reached")
    back_to_idle(opened)
    return opened


def words(page: Page) -> Any:
    return page.get_by_role("status", name="Screen")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def back_to_idle(page: Page) -> None:
    for _ in range(6):
        if "Tap your card" in words(page).inner_text():
            return
        press(page, "Cancel")
        page.wait_for_timeout(150)  # a finger's pace
    expect(words(page)).to_contain_text("Tap your card")


def card(page: Page, key: str) -> Any:
    return page.locator(f'.card[data-key="{key}"]')


def sign_in(page: Page) -> None:
    card(page, "staff-eva").click()
    expect(words(page)).to_contain_text("Eva")


def newest_row(page: Page) -> Any:
    return page.locator("#rows tr").first


def test_the_panel_is_shown_pixel_for_pixel_with_the_sign_of_training(page: Page) -> None:
    clocks = {Clocks.of_this_boot().time_of_day() or ""}
    shown = pixels(page, "#glass")
    clocks.add(Clocks.of_this_boot().time_of_day() or "")
    pictures = [watermark(draw(lay_out(Idle("Cvičná kaviareň", False, 0, (), clock), "en"))) for clock in clocks]
    wanted = ["".join("1" if one else "0" for one in picture.convert("L").tobytes()) for picture in pictures]
    assert len(shown) == 128 * 64
    assert shown in wanted
    dot = page.eval_on_selector("#glass", "it => [it.width / 128, it.getBoundingClientRect().width * devicePixelRatio]")
    assert dot[0] == int(dot[0]) >= 3
    assert dot[1] == pytest.approx(dot[0] * 128)


def test_a_panel_of_another_size_is_shown_as_it_says(page: Page) -> None:
    for width, height in ((128, 32), (256, 64), (128, 64)):
        page.evaluate(
            """async ([width, height]) => {
                const { say } = await import("/link.js");
                say({ say: "picture", bits: btoa("\\xaa".repeat(width * height / 8)), width, height });
            }""",
            [width, height],
        )
        assert pixels(page, "#glass") == "10" * (width * height // 2)


def test_mouse_a_stamp_its_light_its_sound_and_its_line_in_the_journal(page: Page) -> None:
    sign_in(page)
    card(page, "jana-printed").click()
    expect(words(page)).to_contain_text(re.compile("[0-9]+ z 10"))
    page.evaluate("window.asked = []")
    press(page, "Award")
    expect(page.locator("#green")).to_have_class(re.compile("lit"))
    expect(page.locator("#red")).not_to_have_class(re.compile("lit"))
    expect(newest_row(page)).to_contain_text("+1 coffee")
    expect(newest_row(page)).to_contain_text("sent")
    expect(page.locator("#log")).to_contain_text("written down: Awarded, +1 coffee")
    assert played(page) == [(step.hertz, step.ms) for step in SIGNS[Sign.DONE]]


def played(page: Page) -> list[tuple[int, int]]:
    """Tones and their milliseconds, as the browser's audio was asked for the last pattern."""
    asked = page.evaluate("window.asked")
    gains = [(value, at) for kind, value, at in asked if kind == "gain"]
    tones = {at: value for kind, value, at in asked if kind == "hertz"}
    last = max((i for i in range(len(gains)) if i == 0 or gains[i][1] < gains[i - 1][1]), default=0)
    steps = list(zip(gains[last:], gains[last + 1 :], strict=False))
    return [(int(tones[at]) if gain else 0, round((until - at) * 1000)) for (gain, at), (_, until) in steps]


def test_held_by_the_mouse_cancel_undoes(page: Page) -> None:
    sign_in(page)
    card(page, "peter-printed").click()
    expect(words(page)).to_contain_text("Peter")
    press(page, "Award")
    expect(newest_row(page)).to_contain_text("Award")
    back_to_idle(page)
    page.get_by_role("button", name="Cancel", exact=True).hover()
    page.mouse.down()
    expect(newest_row(page)).to_contain_text("Undone")
    page.mouse.up()


def test_by_keyboard_alone(page: Page) -> None:
    for key in ("staff-eva", "jana-phone"):
        while page.evaluate("document.activeElement.dataset.key ?? ''") != key:
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(words(page)).to_contain_text("Eva" if key == "staff-eva" else "Jana")
    written = page.locator("#rows tr").count()
    page.keyboard.press("+")
    expect(page.locator("#rows tr")).to_have_count(written + 1)
    page.keyboard.press("Escape")
    back_to_idle(page)
    page.evaluate("document.activeElement.blur()")
    page.keyboard.type("12,50")
    expect(words(page)).to_contain_text("12,50")
    page.keyboard.press("Enter")
    expect(words(page)).to_contain_text("12.50 €")
    page.keyboard.down("Escape")
    expect(page.locator('[data-button="cancel"]')).to_have_class(re.compile("down"))
    page.keyboard.up("Escape")
    expect(page.locator('[data-button="cancel"]')).not_to_have_class(re.compile("down"))


def test_the_keyboard_can_be_let_alone(page: Page) -> None:
    box = page.get_by_label("This keyboard presses")
    box.uncheck()
    page.keyboard.type("77")
    box.check()
    page.keyboard.type("5")
    expect(words(page)).to_contain_text("5")
    assert "77" not in words(page).inner_text()


def test_the_focus_goes_round_in_order_is_seen_and_is_nowhere_trapped(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")
    page.mouse.click(2, 2)
    seen: list[str] = []
    while True:
        page.keyboard.press("Tab")
        name, outline = page.evaluate(FOCUSED)
        if not name or name in seen:
            break
        assert outline == "solid", name
        seen.append(name)
    order = ["power", "network", "award", "cancel", "7", "typing", "sound", "scanner", "jana-printed", "nfc", "any-text", "pad"]
    places = [seen.index(name) for name in order]
    assert places == sorted(places)
    tabbed = page.locator("button:visible, input:visible, [tabindex='0']:visible").count()
    assert len(seen) == tabbed


def test_by_touch(chromium: Browser, page: Page) -> None:
    state = page.context.storage_state()
    with counter_page(chromium, page.url, viewport=PHONE, has_touch=True, is_mobile=True, storage_state=state) as phone:
        expect(words(phone)).to_contain_text("Tap your card")
        card(phone, "staff-eva").tap()
        expect(words(phone)).to_contain_text("Eva")
        card(phone, "blank-nfc").tap()
        expect(words(phone)).to_contain_text("New card")
        phone.get_by_role("button", name="Cancel", exact=True).tap()


CARDS = {
    "milk": "not one of ours",
    "bank-card": "bank card",
    "misread": "try again",
    "half-scan": "try again",
    "foreign-chip": "not one of ours",
    "blank-printed": "New card",
}


@pytest.mark.parametrize(("key", "says"), CARDS.items())
def test_cards_of_every_kind_lie_in_the_tray(page: Page, key: str, says: str) -> None:
    card(page, key).click()
    expect(words(page)).to_contain_text(says)


def test_switches_of_readers_and_of_the_network(page: Page) -> None:
    newest = page.locator("#log li", has_text="NFC reader").first
    page.get_by_role("switch", name="NFC reader").click()
    expect(newest).to_contain_text("gone")
    page.get_by_role("switch", name="NFC reader").click()
    expect(newest).to_contain_text("works")
    sign_in(page)
    page.get_by_role("switch", name="Network").click()
    expect(page.locator("#cloud")).to_contain_text("Cloud not reached")
    card(page, "jana-sticker").click()
    expect(words(page)).to_contain_text("Jana")
    press(page, "Award")
    expect(newest_row(page)).to_contain_text("waits")
    expect(page.locator("#cloud")).to_contain_text("1 entry waits")
    page.get_by_role("switch", name="Network").click()
    expect(newest_row(page)).to_contain_text("sent")


def test_the_plug_is_pulled_and_the_journal_keeps(shop: Demo, page: Page) -> None:
    assert shop.terminal
    program = Path(f"/proc/{shop.terminal.process.pid}/cmdline")
    assert b"terminal.counter.dark" not in program.read_bytes()
    sign_in(page)
    page.get_by_role("switch", name="Network").click()
    expect(page.locator("#cloud")).to_contain_text("Cloud not reached")
    card(page, "zoltan-mifare").click()
    expect(words(page)).to_contain_text("Zolt")
    press(page, "Award")
    expect(newest_row(page)).to_contain_text("waits")
    written = newest_row(page).inner_text()
    power = page.get_by_role("switch", name="Power")
    power.click()
    expect(page.get_by_text("No power")).to_be_visible()
    assert b"terminal.counter.dark" in program.read_bytes()
    assert "1" not in pixels(page, "#glass")
    press(page, "Award")
    card(page, "staff-eva").click()
    page.reload()  # the browser that was let in comes in again
    expect(page.get_by_text("No power")).to_be_visible()
    journal = page.get_by_role("group", name="Journal of this terminal")
    expect(journal).to_contain_text("cannot be read without power")
    expect(journal).not_to_contain_text("Nothing yet")
    power.click()
    expect(power).to_have_attribute("aria-checked", "true")
    expect(newest_row(page)).to_have_text(written, use_inner_text=True)
    expect(words(page)).to_contain_text("Tap your card")
    assert page.get_by_role("switch", name="Network").get_attribute("aria-checked") == "false"
    expect(page.locator("#log")).to_contain_text("the plug is pulled")
    assert b"terminal.counter.dark" not in program.read_bytes()
    page.get_by_role("switch", name="Network").click()
    expect(newest_row(page)).to_contain_text("sent")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    card(page, "bank-card").click()
    page.get_by_role("switch", name="Network").click()
    expect(page.locator("#cloud")).to_contain_text("Cloud not reached")
    axe_finds_nothing(page, DESKTOP, ZOOMED)
    page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("size", [DESKTOP, ZOOMED, PHONE, NARROWEST], ids=["desktop", "200 %", "phone", "narrowest"])
def test_nothing_is_lost_or_scrolls_sideways(page: Page, size: Any) -> None:
    nothing_is_lost(page, size)


def test_who_wants_no_motion_gets_none(page: Page) -> None:
    moving = "() => getComputedStyle(document.querySelector('.knob')).transitionDuration"
    assert page.evaluate(moving) != "0s"
    page.emulate_media(reduced_motion="reduce")
    assert page.evaluate(moving) == "0s"
    page.emulate_media(reduced_motion="no-preference")


def test_nothing_is_fetched_from_elsewhere(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda link: asked.append(link.url))
    page.reload()
    expect(words(page)).to_contain_text("Tap your card")
    assert {urlsplit(url).hostname for url in asked} == {"127.0.0.1"}
    assert any(url.startswith("ws:") for url in asked)


def test_the_page_says_that_it_is_training(page: Page) -> None:
    expect(page.get_by_text("Training: nothing here is real")).to_be_visible()
    assert "training" in page.title()


def test_steps_go_out_as_the_device_plays_them() -> None:
    assert Step._fields == ("green", "red", "hertz", "ms", "duty")  # the order in which sound.js reads them
