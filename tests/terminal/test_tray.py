"""The counter page's cards and files: they fit the sample café, and the page needs nothing from elsewhere."""

from __future__ import annotations

import csv
import re
from importlib.resources import files

import pytest

from loyalty.numbers import Verdict, judge, normalise
from loyalty.programme import read
from terminal.counter.tray import NoSuchCard, Tray, TrayError

PAGE = files("terminal.counter").joinpath("page")
SAMPLE = files("backend").joinpath("sample")

KNOWN = {
    "jana-printed": "jana",
    "jana-phone": "jana",
    "jana-sticker": "jana",
    "peter-printed": "peter",
    "peter-lost": "peter",
    "zoltan-chip": "zoltan",
    "zoltan-mifare": "zoltan",
}
STAFF = {"staff-eva": "eva", "staff-adam": "adam"}
VERDICTS = {"blank-printed": Verdict.OURS, "misread": Verdict.MISREAD, "milk": Verdict.STRANGER}


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(SAMPLE.joinpath(name).read_text(encoding="utf-8").splitlines()))


def number(key: str) -> str:
    card = Tray.sample().card(key)
    return normalise(card.text) if card.text else f"#{card.uid}"


@pytest.mark.parametrize(("key", "member"), KNOWN.items())
def test_members_cards_are_the_samples(key: str, member: str) -> None:
    assert {row["number"]: row["member"] for row in rows("cards.csv")}[number(key)] == member


@pytest.mark.parametrize(("key", "person"), STAFF.items())
def test_staff_cards_are_the_samples(key: str, person: str) -> None:
    assert {row["number"]: row["id"] for row in rows("staff.csv")}[number(key)] == person


@pytest.mark.parametrize(("key", "verdict"), VERDICTS.items())
def test_other_barcodes_are_what_they_are_called(key: str, verdict: Verdict) -> None:
    programme = read(SAMPLE.joinpath("programme.toml").read_text(encoding="utf-8"))
    assert judge(number(key), programme.schemes)[0] is verdict
    assert number(key) not in {row["number"] for row in rows("cards.csv")}


def test_every_card_of_the_tray_is_checked_here_or_is_a_trouble() -> None:
    checked = KNOWN.keys() | STAFF.keys() | VERDICTS.keys() | {"blank-nfc", "random-phone"}
    assert {card.key for card in Tray.sample().cards.values() if card.trouble is None} == checked


def test_a_tray_that_cannot_be_used_is_named() -> None:
    with pytest.raises(TrayError, match=r"cards.json: .*colour"):
        Tray.read('[{"key": "a", "name": "b", "about": "c", "look": "blank", "reader": "nfc", "colour": "red"}]')
    with pytest.raises(NoSuchCard, match="no card gold: jana-printed"):
        Tray.sample().card("gold")


@pytest.mark.parametrize("name", ["index.html", "counter.css", "counter.js", "favicon.svg"])
def test_the_page_loads_nothing_from_elsewhere(name: str) -> None:
    text = PAGE.joinpath(name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.findall(r"https?://|//[a-z]+\.[a-z]|@import|url\(", text)
    assert not re.findall(r"<script>|<style|\son[a-z]+=|javascript:", text)


def test_every_control_of_the_page_has_a_name() -> None:
    text = PAGE.joinpath("index.html").read_text(encoding="utf-8")
    for control in re.findall(r"<button[^>]*>(.*?)</button>", text, re.DOTALL):
        assert re.sub(r"<[^>]+>", "", control).strip()
    for field in re.findall(r'<input[^>]*id="([^"]+)"', text):
        assert f'for="{field}"' in text or re.search(rf'<label[^>]*><input[^>]*id="{field}"', text)
