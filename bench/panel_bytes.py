"""How many bytes a morning at the counter sends to the panel, and how many luma's own full frames would have been.

The daemon, its session and its journal are the real ones; a script's hands take the devices' place, and its clock goes on by
itself. Each picture that the daemon shows goes to our `Oled` and, on a second bus, to luma's own `display`. A bus here only
counts: address, control byte and everything behind it. While nobody is there the picture moves, as the panel's thread does it.

luma sends 1,034 bytes for each picture, whatever is in it. How many times fewer can be sent at all is printed beside: the bytes
of the panel's memory that differ from one picture to the next, without any command or address.

    scripts/bench panel-bytes
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from counter_desk import JANA, PETER, Counter
from luma.oled.device import ssd1306
from PIL import Image

from display.burn_in import HOME, NO_CARE, Care, look, moved
from display.changes import pages_of
from display.draw import draw
from display.layout import lay_out
from display.oled import Oled, Place
from display.page import Page
from display.screens import Armed, Balance, Idle, Money, PayConfirm, Points, Screen, StampCard, Sum, Typing, Verb
from terminal import logs

OPENS, MINUTES, EVERY = 8 * 60, 240, 5
"""The morning begins at 8:00 and lasts four hours; somebody comes every five minutes."""


FEW = 100
"""Bytes: a digit or two."""


class CountingWire:
    """A bus to a panel that is always there; counts what it would carry."""

    def __init__(self) -> None:
        self.sent = 0

    def command(self, *codes: int) -> None:
        self.sent += 2 + len(codes)

    def data(self, data: Sequence[int]) -> None:
        self.sent += 2 + len(data)

    def present(self) -> None:
        self.sent += 3

    def status(self) -> int:
        self.sent += 2
        return 0

    def cleanup(self) -> None:
        pass


class Glasses:
    """Our panel and luma's, side by side."""

    def __init__(self, care: Care) -> None:
        self.care = care
        self.ours, self.lumas, self.pictures = CountingWire(), CountingWire(), 0
        self.oled = Oled(Place("a bus that counts", "", lambda: self.ours), "ssd1306")
        self.oled.open()
        self.luma: Any = ssd1306(self.lumas)
        self.image, self.offset = Image.new("1", (128, 64)), HOME
        self.ours.sent = self.lumas.sent = 0
        self.costs: list[int] = []
        self.least, self.shown = 0, bytes(128 * 64 // 8)
        """Bytes of the panel's memory that had to become others: no way of sending only changes takes fewer."""

    def show(self, page: Page, now: float = 0.0, touched: float = 0.0) -> None:
        self.image = draw(page)
        self._put(look(self.care, now, touched).offset)

    def rest(self, now: float, touched: float) -> None:
        """A minute in which nothing happens."""
        seen = look(self.care, now, touched)
        if seen.moves and seen.offset != self.offset:
            self._put(seen.offset)

    def _put(self, offset: tuple[int, int]) -> None:
        self.offset, image = offset, moved(self.image, offset)
        before = self.ours.sent
        self.oled.write(image)
        self.costs.append(self.ours.sent - before)
        self.luma.display(image)
        self.pictures += 1
        shown, self.shown = self.shown, pages_of(image)
        self.least += sum(old != new for old, new in zip(shown, self.shown, strict=True))


def morning(care: Care) -> Glasses:
    """Points, stamps, a wrong press, and a great deal of waiting."""
    glasses = Glasses(care)
    with tempfile.TemporaryDirectory() as folder, Counter(Path(folder)) as counter:
        begin = touched = counter.now

        def show(number: int, page: Page) -> None:
            counter.shown.append((number, page.text()))
            glasses.show(page, (counter.now - begin) / 1000, (touched - begin) / 1000)

        def touch() -> None:
            nonlocal touched
            touched = counter.now

        counter.daemon._show_page, counter.daemon.on_touch = show, touch
        for minute in range(MINUTES):
            counter.time_of_day = f"{(OPENS + minute) // 60}:{minute % 60:02}"
            counter.wait(max(0, begin + 60_000 * minute - counter.now))
            glasses.rest((counter.now - begin) / 1000, (touched - begin) / 1000)
            if minute % EVERY == 0:
                _customer(counter, minute // EVERY)
    return glasses


def _customer(counter: Counter, number: int) -> None:
    if number % 3 == 0:
        counter.type("18,50\n")
        counter.scan(JANA)
        counter.press("+")
    elif number % 3 == 1:
        counter.scan(PETER)
        counter.press("++")
    else:
        counter.press("+")
        for _ in range(5):
            counter.wait(1_000)  # the countdown
        counter.scan(JANA)
    counter.wait(30_000)


def change(before: Screen, after: Screen) -> int:
    """Bytes from one screen to the next."""
    glasses = Glasses(NO_CARE)
    glasses.show(lay_out(before, "sk"))
    glasses.ours.sent = 0
    glasses.show(lay_out(after, "sk"))
    return glasses.ours.sent


def say(name: str, value: float, unit: str, goal: str | None, **more: object) -> None:
    print(json.dumps({"name": name, "value": round(value, 2), "unit": unit, "goal": goal, **more}), flush=True)


def main() -> None:
    """Prints JSON lines."""
    logs.configure("error")
    clock = [Idle("Kaviareň Bodka", offline=False, waiting=0, clock=f"14:0{n}") for n in range(10)]
    digits = [change(a, b) for a, b in pairwise(clock)]
    armed = [change(Armed(Verb.AWARD, n + 1), Armed(Verb.AWARD, n)) for n in range(11, 19)]
    big = [Balance(Points(1_240_000 + 1_000 * n), "Jana K.") for n in range(10)]
    balances = [change(a, b) for a, b in permutations(big, 2)]
    off = [PayConfirm(Money(1200 + 10 * n, "EUR"), Money(610, "EUR")) for n in range(10)]
    discounts = [change(a, b) for a, b in permutations(off, 2)]
    stamps = [change(StampCard("Jana K.", n, 10, "káva"), StampCard("Jana K.", n + 1, 10, "káva")) for n in range(1, 9)]
    say("one digit of the clock, the dearest", max(digits), "bytes", "<= 40")
    say("one digit of a discount, 16 pixels high, the dearest", max(discounts), "bytes", "<= 40")
    say("one more stamp: a circle and a digit, 16 pixels high, and what is missing, 12 pixels high", max(stamps), "bytes", None)
    say("one digit of a balance, 32 pixels high, the dearest", max(balances), "bytes", "<= 40")
    say("one digit of a balance, 32 pixels high, on the average", statistics.mean(balances), "bytes", None)
    say("one digit of the countdown, the dearest", max(armed), "bytes", "<= 40")
    typed, bill, hers = "18,50", Sum(Money(1850, "EUR")), Sum(Money(1850, "EUR"), name="Jana K.")
    keys = [change(Typing(typed[:n]), Typing(typed[: n + 1])) for n in range(len(typed))]
    say("a sum that is keyed: the dearest key", max(keys), "bytes", None, keys=keys)
    say("a sum that is keyed: Enter", change(Typing(typed), bill), "bytes", None, then_a_card=change(bill, hers))
    say("the same screen again", change(clock[0], clock[0]), "bytes", "<= 0")
    for name, care in (("", NO_CARE), (", moved against burn-in", Care())):
        seen = morning(care)
        ratio = seen.lumas.sent / seen.ours.sent
        against = f"luma's {seen.pictures} full frames, {seen.lumas.sent} bytes; ours {seen.ours.sent}"
        say(f"a morning{name}: luma's bytes for each of ours", ratio, "times", ">= 10", against=against)
        say(f"a morning{name}: bytes that differ from picture to picture", seen.least, "bytes", None)
        say(f"a morning{name}: luma's bytes for each that differs", seen.lumas.sent / seen.least, "times", None)
        few = [cost for cost in seen.costs if cost <= FEW]
        many = [cost for cost in seen.costs if cost > FEW]
        say(f"a morning{name}: {len(few)} pictures that change up to {FEW} bytes", sum(few), "bytes in all", None)
        say(f"a morning{name}: {len(many)} pictures that change more", sum(many), "bytes in all", None)
    idle = Glasses(Care())
    idle.show(lay_out(clock[5], "sk"))
    idle.ours.sent = 0
    for minute in range(1, 61):
        idle.rest(minute * 60.0, 0.0)
    say("idle for an hour: moved against burn-in", idle.ours.sent / 60, "bytes a minute", None)
    say("idle for an hour: asked whether it is there", 60 * 2, "bytes a minute", None)


if __name__ == "__main__":
    main()
