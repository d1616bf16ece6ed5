"""What the counter page is told in words, of a real daemon: what happened, and what stands on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from counter_desk import JANA, PHONE, Counter

from terminal.counter.rig import Books, Reporter
from terminal.counter.watch import JournalRow, Voice, Watch
from terminal.counter.words import page_words

MARKUP = re.compile(r"[\[\]{}]")


async def _no_rows() -> Sequence[JournalRow]:
    return ()


@contextmanager
def told(folder: Path) -> Iterator[tuple[Counter, Watch]]:
    """A counter, and what its page is told."""
    with Counter(folder) as counter:
        books = Books(page_words("en"), lambda: counter.daemon.state.desk.programme)
        reporter = Reporter(counter.daemon, counter.store, Watch(_no_rows), books)
        counter.daemon.on_step = reporter.heard
        reporter.begin()
        yield counter, reporter.watch


def lines(watch: Watch) -> list[str]:
    return [line.text for line in watch.log]


def test_that_a_number_was_typed_is_told_and_the_number_is_not(tmp_path: Path) -> None:
    with told(tmp_path) as (counter, watch):
        counter.type(f"/{PHONE}")
        assert "a number was typed" not in lines(watch)
        counter.type("\n")
        assert "Jana K." in watch.screen.text
        happened = lines(watch)
        said = happened.index("a number was typed")
        assert watch.log[said].voice is Voice.PERSON
        assert "Jana K." in happened[-1]
        assert said < len(happened) - 1
        assert not [line for line in happened if PHONE[-6:] in line]


def test_a_sum_that_is_typed_is_no_number_of_somebodys(tmp_path: Path) -> None:
    with told(tmp_path) as (counter, watch):
        counter.type("18,50\n")
        assert "a number was typed" not in lines(watch)
        assert "18,50 €" in lines(watch)[-1]


def test_words_are_told_without_the_sizes_of_their_letters(tmp_path: Path) -> None:
    with told(tmp_path) as (counter, watch):
        counter.scan(JANA)
        assert "7 z 10" in watch.screen.text.splitlines()
        counter.press("▸")
        assert "1 240 b" in watch.screen.text.splitlines()
        counter.press("▸")
        counter.type("18,50\n")
        counter.press("−")
        assert "−12,40 €" in watch.screen.text.splitlines()
        assert len(watch.log) > 4
        assert not [line for line in [*lines(watch), watch.screen.text] if MARKUP.search(line)]
