"""The everyday situations of docs/conversation.md, with their presses counted, on the real journal."""

from __future__ import annotations

from pathlib import Path

import pytest
from counter_desk import BLANK, JANA, PETER, PHONE, Counter, card_token, number

from loyalty.entry import Cause, Entry, decode_entry
from sync import journal


def entries(counter: Counter) -> list[Entry]:
    return [decode_entry(line.body) for line in journal.lines_after(counter.store.reader.journal, 0, 100)]


def balance(counter: Counter, purse: str, card: str = JANA) -> int:
    from loyalty.entry import Personal

    return counter.store.account(Personal(card_token(card), card_token(card))).holding(purse).balance


def test_two_coffees(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        assert "[7 z 10]" in counter.screen
        assert "Ešte 3 do kávy" in counter.screen
        counter.press("+ +")
        assert "[9 z 10]" in counter.screen
        assert counter.presses == 2
        assert [entry.cause for entry in entries(counter)] == [Cause.AWARD, Cause.AWARD]
        assert counter.sounds.played[-2:] == ["done", "done"]


def test_a_butcher_with_two_product_groups(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.type("8,40\n3,20*2\n")
        assert "{11,60 €}" in counter.screen
        counter.scan(JANA)
        counter.press("+")
        assert counter.presses == 1
        assert balance(counter, "points") == 1_240_000 + 8_400 + 6_400  # cakes give double points
        assert "{+14 b}" in counter.screen


def test_a_bill_without_a_pad(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.press("▸ ▸")
        counter.scan(JANA)
        counter.press("+")
        assert balance(counter, "points") == 1_245_000


def test_pay_part_with_points(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.type("18,50\n")
        counter.scan(JANA)
        counter.press("−")
        assert "[−12,40 €]" in counter.screen
        assert "Doplatok 6,10 €" in counter.screen
        assert not entries(counter)  # nothing is written before the second −
        counter.press("−")
        assert counter.presses == 2
        assert [entry.cause for entry in entries(counter)] == [Cause.REDEEM]
        assert balance(counter, "points") == 6_100
        counter.wait(19_000)
        assert "[−12,40 €]" in counter.screen  # the till still has to be told


def test_the_second_reward_of_two(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        counter.press("▸ −")
        assert "Odmena 1/3" in counter.screen
        counter.press("▸ ▸ −")
        assert balance(counter, "points") == 40_000
        assert entries(counter)[0].reward == "beans"


def test_a_full_stamp_card(tmp_path: Path) -> None:
    with Counter(tmp_path, jana={"coffee": 10}) as counter:
        counter.scan(JANA)
        assert "ZADARMO" in counter.screen.upper()
        counter.press("− −")
        assert counter.presses == 2
        assert balance(counter, "coffee") == 0


def test_a_stamp_card_that_is_not_full_yet(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        counter.press("−")
        assert "Máte 7 pečiatok" in counter.screen
        assert "Zbierajte ďalej" in counter.screen


def test_goods_come_back(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.hold("▸")
        counter.press("+")
        counter.type("8,40\n")
        counter.scan(JANA)
        assert "Vrátenie tovaru" in counter.screen
        counter.press("−")
        assert balance(counter, "points") == 1_240_000 - 8_400
        assert entries(counter)[0].cause is Cause.RETURN


def test_no_card_with_them(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.type(f"/{PHONE}\n")
        assert "Jana K." in counter.screen
        counter.press("−")
        assert "Treba kartu" in counter.screen
        counter.press("×")
        counter.press("+")
        assert balance(counter, "coffee") == 8
        assert entries(counter)[0].typed


def test_a_new_card(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(BLANK)
        assert "[Nová karta]" in counter.screen
        counter.press("+")
        assert "[0 z 10]" in counter.screen
        counter.press("+")
        assert counter.presses == 2
        assert [entry.cause for entry in entries(counter)] == [Cause.ISSUE, Cause.AWARD]
        assert balance(counter, "coffee", BLANK) == 1


def test_a_mistake_with_a_stamp(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        counter.press("+ ×")
        assert counter.presses == 2
        assert balance(counter, "coffee") == 7
        assert [entry.cause for entry in entries(counter)] == [Cause.AWARD, Cause.UNDO]
        counter.wait(6_000)
        counter.hold("×")  # what was undone is not undone again, and nothing older is
        assert len(entries(counter)) == 2


def test_a_mistake_with_a_sum(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.type("12\n")
        counter.scan(JANA)
        counter.press("+")
        counter.wait(6_000)
        counter.press("×")
        assert "Zrušiť zápis?" in counter.screen
        assert balance(counter, "points") == 1_252_000
        counter.press("×")
        counter.hold("×")
        assert balance(counter, "points") == 1_240_000
        assert "−12 b" in counter.screen


def test_offline_it_is_saved_and_sent_later(tmp_path: Path) -> None:
    with Counter(tmp_path, online=False) as counter:
        counter.type("12\n")
        counter.scan(JANA)
        counter.press("+")
        assert counter.screen.splitlines() == ["{+12 b}", "Body sú zapísané", "Odošlú sa neskôr"]
        assert counter.sounds.played[-1] == "done later"


def test_a_stale_press_is_no_second_stamp(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(JANA)
        picture = counter.shown[-1][0]
        counter.press("+")
        counter.press("+", picture=picture)  # pressed while the first was being written
        assert balance(counter, "coffee") == 8


def test_a_press_just_after_the_card_changed_is_not_for_the_new_one(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(PETER)
        counter.scan(JANA)
        counter.press("+")
        assert not entries(counter)
        counter.ahead += 700
        counter.press("+")
        assert balance(counter, "coffee") == 8


def test_another_card_during_a_confirmation_is_refused(tmp_path: Path) -> None:
    with Counter(tmp_path, jana={"coffee": 10}) as counter:
        counter.scan(JANA)
        counter.press("−")
        counter.scan(PETER)
        assert "Iná karta" in counter.screen
        counter.wait(4_000)
        counter.press("−")
        assert balance(counter, "coffee") == 0


def test_spending_needs_somebody_who_works_here(tmp_path: Path) -> None:
    with Counter(tmp_path, staff=False) as counter:
        counter.scan(JANA)
        counter.press("▸ −")
        assert "Prihláste sa" in counter.screen
        counter.press("×")
        counter.press("+")  # adding asks for nobody: without a sum, the ready ones come
        assert "{2,50 €}" in counter.screen


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (number(1)[:-1] + "0", "Skúste ešte raz"),
        ("8588000001237", "Neznáma karta"),
        ("\x00\x1b[31m" * 50, "Neznáma karta"),
    ],
)
def test_a_card_that_cannot_be_used_says_so_kindly(tmp_path: Path, text: str, says: str) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(text)
        assert says in counter.screen
        counter.wait(4_000)
        counter.scan(JANA)
        assert "Jana K." in counter.screen


def test_a_full_disk_is_said_and_nothing_stops(tmp_path: Path) -> None:
    """SQLite's own limit makes the real SQLITE_FULL; the same row is written once there is room again."""
    with Counter(tmp_path) as counter:

        def limit(pages: int) -> None:
            counter.store.writer.journal.execute(f"PRAGMA max_page_count = {pages}")

        counter.store._thread.submit(limit, 1).result()
        counter.scan(JANA)
        for _ in range(200):
            counter.press("+")
            if "Plná pamäť" in counter.screen:
                break
        assert "Plná pamäť" in counter.screen
        before = len(entries(counter))
        counter.wait(4_000)
        counter.store._thread.submit(limit, 1 << 30).result()
        counter.scan(JANA)
        counter.press("+")
        assert len(entries(counter)) == before + 1
