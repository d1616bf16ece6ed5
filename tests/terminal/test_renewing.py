"""What staff see and do when their terminal has to be renewed, on the real daemon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest
from counter_desk import EVA, JANA, Counter

from display.screens import Message
from sync.messages import Standing
from terminal import states
from terminal.inputs import CloudNews, Renewed

STOPPED = CloudNews(online=True, waiting=2, stands=Standing.OFF_HEAD)


@dataclass
class Cloud:
    """Answers a renewal as it is told to."""

    answer: Message | None = None
    asked: int = 0

    def wake(self) -> None:
        pass

    async def ask(self, account: bytes, purse: str, instance: str, need: int) -> bool:
        return False

    async def renew(self) -> Message | None:
        self.asked += 1
        return self.answer


def test_a_stopped_terminal_says_so_and_is_renewed_from_its_menu(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        cloud = counter.daemon.lender = Cloud()
        assert "−×" not in counter.screen
        counter.tell(STOPPED)
        assert "−×" in counter.screen
        counter.scan(JANA)
        counter.press("−")
        assert "Treba ho obnoviť" in counter.screen
        assert "držte ▸" in counter.screen
        counter.wait(60_000)
        counter.hold("▸")
        assert counter.screen.startswith("Ponuka 1/10\n[Obnoviť terminál]")
        counter.press("+")
        assert "Kópia alebo záloha" in counter.screen
        counter.press("−")
        assert cloud.asked == 0
        counter.press("×")
        assert "[Obnoviť terminál]" in counter.screen
        counter.press("+ +")
        assert cloud.asked == 1
        assert "[Obnovený]" in counter.screen
        counter.wait(5_000)
        assert "−×" not in counter.screen
        counter.hold("▸")
        assert counter.screen.startswith("Ponuka 1/9")


def test_a_terminal_that_was_written_off_says_why(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(replace(STOPPED, stands=Standing.WRITTEN_OFF))
        counter.hold("▸")
        counter.press("+")
        assert "Obchod ho vyradil" in counter.screen


def test_without_network_it_says_to_try_again_and_nothing_is_asked(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        cloud = counter.daemon.lender = Cloud()
        counter.tell(replace(STOPPED, online=False))
        counter.hold("▸")
        counter.press("+ +")
        assert "Znova, keď bude sieť" in counter.screen
        assert cloud.asked == 0


@pytest.mark.parametrize("answer", [Message.RENEW_LATER, Message.NOT_RENEWED, Message.NOT_SAVED])
def test_what_goes_wrong_is_said_in_words_and_can_be_tried_again(tmp_path: Path, answer: Message) -> None:
    with Counter(tmp_path) as counter:
        cloud = counter.daemon.lender = Cloud(answer)
        counter.tell(STOPPED)
        for tries in (1, 2):
            counter.hold("▸")
            counter.press("+ +")
            assert cloud.asked == tries
            assert counter.daemon.state.mode == states.Notice(answer, counter.daemon.state.mode.until, states.Idle())  # type: ignore[union-attr]
            counter.wait(5_000)


def test_it_needs_somebody_signed_in_where_the_programme_asks_for_one(tmp_path: Path) -> None:
    with Counter(tmp_path, staff=False) as counter:
        cloud = counter.daemon.lender = Cloud()
        counter.tell(STOPPED)
        counter.hold("▸")
        counter.press("+ +")
        assert "Prihláste sa" in counter.screen
        assert cloud.asked == 0
        counter.scan(EVA)
        counter.wait(5_000)
        counter.press("+")
        assert cloud.asked == 1


def test_a_saved_journal_without_a_programme_is_renewed_by_holding_one_button(tmp_path: Path) -> None:
    """The mirror is gone with the disk: no rules, no staff, no menu; and none of it comes before the renewal."""
    with Counter(tmp_path, staff=False) as counter:
        cloud = counter.daemon.lender = Cloud()
        counter.daemon.state = states.with_desk(counter.daemon.state, programme=None)
        counter.hold("▸")
        counter.wait(5_000)
        assert isinstance(counter.daemon.state.mode, states.Idle)
        counter.tell(STOPPED)
        counter.hold("▸")
        assert "Kópia alebo záloha" in counter.screen
        counter.press("×")
        assert isinstance(counter.daemon.state.mode, states.Idle)
        counter.hold("▸")
        counter.press("+")
        assert cloud.asked == 1


def test_nobody_to_ask_is_no_network(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(STOPPED)
        counter.hold("▸")
        counter.press("+ +")
        assert "Znova, keď bude sieť" in counter.screen


def test_an_answer_that_comes_late_is_taken_without_a_word(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(STOPPED)
        counter.tell(Renewed(counter.now))
        assert "−×" not in counter.screen
        counter.scan(JANA)
        assert "Jana" in counter.screen


def test_the_item_goes_away_under_somebodys_eyes(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(STOPPED)
        counter.hold("▸")
        counter.tell(replace(STOPPED, stands=Standing.GOOD))
        assert counter.screen.startswith("Ponuka 1/9\n[Vrátenie tovaru]")
        counter.press("▸")
        assert counter.screen.startswith("Ponuka 2/9")
        counter.tell(STOPPED)
        counter.press("×")
        counter.hold("▸")
        counter.press("+")
        counter.tell(replace(STOPPED, stands=Standing.GOOD))
        assert isinstance(counter.daemon.state.mode, states.Idle)


def test_the_queue_page_says_what_a_person_should_know(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        for news, said in (
            (CloudNews(online=False, waiting=3, oldest_ms=300_000, known=datetime(2026, 11, 26, 14, 5)), "Čas: 26. 11. 14:05"),
            (CloudNews(online=True, waiting=0, stuck=True), "V portáli je alarm"),
            (replace(STOPPED, stuck=True), "Treba ho obnoviť"),
        ):
            counter.tell(news)
            counter.hold("▸")
            while "Neodoslané" not in counter.screen:
                counter.press("▸")
            counter.press("+")
            assert said in counter.screen
            counter.press("× ×")
