"""The comparison that ends the demo finds whatever is different between the two books."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

from comparison import compare  # a script beside the demo, not a part of the product

Book = dict[str, Any]

POSTING = {"purse": "points", "instance": "", "delta": 2_500, "used": 0}
ENTRY = {"id": "e1", "identity": "t1", "sequence": 1, "cause": "award", "account": "ab12", "postings": [POSTING]}
BALANCE = {"account": "ab12", "purse": "points", "instance": "", "balance": 2_500}


def books() -> tuple[Book, Book]:
    journal: Book = {"entries": [ENTRY], "balances": [BALANCE]}
    mine: Book = {"entries": [ENTRY | {"postings": [POSTING | {"posted": 2_500}]}], "balances": [BALANCE | {"leased": 0}]}
    others = ENTRY | {"id": "e0", "identity": "cloud"}
    mine["entries"].append(others)
    return copy.deepcopy(journal), copy.deepcopy(mine)


def test_equal_books_agree() -> None:
    assert compare(*books())


def change(where: str, **values: object) -> Callable[[Book, Book], None]:
    def work(journal: Book, ledger: Book) -> None:
        ledger[where][0].update(values)

    return work


def lose(journal: Book, ledger: Book) -> None:
    del ledger["entries"][0]


def invent(journal: Book, ledger: Book) -> None:
    ledger["entries"].append(ledger["entries"][0] | {"id": "e2"})


def void(journal: Book, ledger: Book) -> None:
    ledger["entries"][0]["postings"][0]["posted"] = 0


def forget_balance(journal: Book, ledger: Book) -> None:
    ledger["balances"].clear()


def empty(journal: Book, ledger: Book) -> None:
    for book in (journal, ledger):
        book["entries"], book["balances"] = [], []


@pytest.mark.parametrize(
    "spoil",
    [
        lose,
        invent,
        void,
        forget_balance,
        empty,
        change("entries", sequence=2),
        change("entries", cause="redeem"),
        change("entries", account="cd34"),
        change("entries", postings=[]),
        change("balances", balance=2_501),
    ],
)
def test_every_difference_is_found(spoil: Callable[[Book, Book], None], capsys: pytest.CaptureFixture[str]) -> None:
    journal, ledger = books()
    spoil(journal, ledger)
    assert not compare(journal, ledger)
    assert "differences" in capsys.readouterr().out
