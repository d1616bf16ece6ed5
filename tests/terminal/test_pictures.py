"""Which picture a press belongs to: that of the staff's panel where there are two, whatever the customer's does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from display.draw import draw
from display.page import Page, Text
from display.panel import Panel
from display.watermark import watermark
from emulators.glass import Glass, Told, until
from terminal.startup import Pictures


def page(number: int) -> Page:
    return Page((Text(str(number), 16),))


def dots(number: int) -> bytes:
    return draw(page(number)).tobytes()


@dataclass
class Counter:
    """Both panels, at work."""

    staffs: Glass = field(default_factory=Glass)
    customers: Glass = field(default_factory=Glass)
    told: Told = field(default_factory=Told)
    pictures: Pictures = field(default_factory=Pictures)

    def show(self, number: int) -> None:
        """As the daemon does: the staff's picture first, and the customer's part with the same number."""
        self.pictures.show(number, page(number))
        self.pictures.show_customers(number, page(number + 500))

    def counts(self, number: int) -> None:
        until(lambda: self.pictures.picture() == number, f"{self.pictures.picture()} counts, and not {number}")


@contextmanager
def counter(*, staffs: bool = True) -> Iterator[Counter]:
    it = Counter()
    panels = [Panel(glass, on_lost=it.told.lost, on_back=it.told.back) for glass in (it.customers, it.staffs)]
    it.pictures.panel, it.pictures.staffs = panels[0], panels[1] if staffs else None
    for panel in panels:
        panel.start()
    try:
        yield it
    finally:
        for glass in (it.customers, it.staffs):
            glass.go.set()
        for panel in panels:
            panel.stop()


def test_a_slow_customers_panel_makes_no_press_stale() -> None:
    with counter() as it:
        it.show(1)
        it.counts(1)
        until(lambda: it.customers.seen == [dots(501)], "the customer's part does not come")
        it.customers.go.clear()
        for number in range(2, 20):
            it.show(number)
            it.counts(number)
        assert it.customers.seen == [dots(501)]


def test_a_dead_customers_panel_makes_no_press_stale() -> None:
    with counter() as it:
        it.show(1)
        it.counts(1)
        it.customers.broken = True
        for number in range(2, 20):
            it.show(number)
            it.counts(number)


def test_a_slow_staffs_panel_is_waited_for() -> None:
    with counter() as it:
        it.show(1)
        it.counts(1)
        it.staffs.go.clear()
        it.show(2)
        until(lambda: it.customers.seen[-1:] == [dots(502)], "the customer's part waits for nobody")
        assert it.pictures.picture() == 1
        it.staffs.go.set()
        it.counts(2)


def test_without_the_staffs_panel_the_customers_counts_until_it_is_back() -> None:
    with counter() as it:
        it.show(1)
        it.counts(1)
        it.staffs.broken = True
        until(lambda: any(word.startswith("lost") for word in it.told.words), "nobody noticed")
        it.customers.go.clear()
        it.pictures.show(2, page(2))
        it.pictures.show_customers(2, page(2))
        until(it.customers.writing.is_set, "it is not sent")
        assert it.pictures.picture() == 1, "what nobody sees yet does not count"
        it.customers.go.set()
        it.counts(2)
        assert it.customers.seen[-1] == dots(2)
        it.staffs.broken = False
        until(lambda: it.staffs.seen[-1] == dots(2), "not painted anew")
        it.customers.broken = True
        it.pictures.show(3, page(3))
        it.counts(3)


def test_blind_the_shop_goes_on() -> None:
    with counter() as it:
        it.staffs.broken = it.customers.broken = True
        it.show(1)
        it.counts(1)
        it.show(2)
        it.counts(2)


def test_one_panel_has_every_screen_and_no_part() -> None:
    with counter(staffs=False) as it:
        it.show(1)
        it.counts(1)
        assert it.customers.seen == [dots(1)]
        it.customers.broken = True
        it.pictures.show(2, page(2))
        it.counts(2)


def test_without_any_the_last_that_was_meant_counts() -> None:
    pictures = Pictures()
    pictures.show(3, page(3))
    pictures.show_customers(3, page(3))
    pictures.touch()
    assert pictures.picture() == 3


def test_training_is_said_on_both() -> None:
    with counter() as it:
        it.pictures.training = True
        it.show(8)
        marked = [watermark(draw(page(number))).tobytes() for number in (8, 508)]
        until(lambda: [*it.staffs.seen, *it.customers.seen] == marked, "not marked")


def test_with_one_panel_nothing_of_the_second_is_loaded() -> None:
    words = "import sys, terminal.startup; sys.exit(any('customers' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-P", "-c", words]).returncode == 0
