"""Bank cards at the real daemon: turned away, but for whoever was bound before to the UID of a card that also pays."""

from __future__ import annotations

from pathlib import Path

from counter_desk import CAFE, KEYS, Counter, card_token

from display.screens import Message
from drivers.events import CardSeen, CardTrouble, Form, Medium, Trouble
from terminal import states
from terminal.cards import by_its_uid

UID, ANOTHER = "5a1b2c3d", "5a1b2c3e"


def bank_card(uid: str) -> CardTrouble:
    return CardTrouble("nfc", Medium.NFC, Trouble.BANK_CARD, 5, uid)


def turned_away(counter: Counter) -> bool:
    mode = counter.daemon.state.mode
    return isinstance(mode, states.Notice) and mode.message is Message.BANK_CARD


def test_a_bank_card_is_turned_away_and_issued_to_nobody(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        for uid in (UID, ""):
            counter.tell(bank_card(uid))
            assert turned_away(counter)
            counter.press("+")
            counter.press("×")
        counter.tell(bank_card(UID))
        assert turned_away(counter)


def test_whoever_was_bound_to_its_uid_before_is_served(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(CardSeen("nfc", Medium.NFC, Form.UID, UID, 5))
        counter.press("+")
        counter.press("×")
        counter.tell(bank_card(ANOTHER))
        assert turned_away(counter)
        counter.press("×")
        counter.tell(bank_card(UID))
        mode = counter.daemon.state.mode
        assert isinstance(mode, states.Card)
        assert mode.account.whose.token == card_token(f"#{UID}")


def test_only_a_bank_card_with_a_uid_is_looked_up() -> None:
    assert by_its_uid(bank_card(UID), None, KEYS) is None
    assert by_its_uid(bank_card(""), CAFE, KEYS) is None
    assert by_its_uid(CardTrouble("nfc", Medium.NFC, Trouble.RANDOM_UID, 5), CAFE, KEYS) is None
    shown = by_its_uid(bank_card(UID), CAFE, KEYS)
    assert shown is not None
    assert not shown.card.issuable
