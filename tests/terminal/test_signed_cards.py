"""Cards that sign what they say (NTAG 424 DNA), at the real daemon with its real journal."""

from __future__ import annotations

from pathlib import Path

import pytest
from counter_desk import CAFE, KEYS, Counter, card_token

from display.screens import Message
from drivers.events import CardSeen, Form, Medium
from loyalty import sun
from loyalty.tokens import TokenKey
from terminal import states
from terminal.cards import Signed, prove
from terminal.inputs import CardRefused

UID = bytes.fromhex("04DE5F1EACC040")
OTHERS = TokenKey(7, b"\x07" * 32)


def address(counter: int, key: TokenKey = KEYS[0], uid: bytes = UID) -> str:
    keys = sun.card_keys(key)
    signature = sun.mac(sun.session_key(keys.file(uid), uid, counter), b"")
    return f"https://bodka.example/c?e={sun.encipher(uid, counter, b'salty', keys.meta).hex()}&c={signature.hex()}"


def seen(text: str, medium: Medium = Medium.NFC) -> CardSeen:
    return CardSeen("nfc", medium, Form.NUMBER, text, 5)


FORGED = "0" if address(1).endswith("f") else "f"
"""Another last digit than the right one."""


def refused(counter: Counter) -> Message:
    mode = counter.daemon.state.mode
    assert isinstance(mode, states.Notice)
    return mode.message


def test_a_genuine_card_is_known_by_its_uid(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(seen(address(1)))
        mode = counter.daemon.state.mode
        assert isinstance(mode, states.NewCard)
        assert mode.whose.token == card_token("#04de5f1eacc040")


@pytest.mark.parametrize("copied", [61, 60, 0])
def test_a_copied_address_is_refused_and_the_card_itself_goes_on(tmp_path: Path, copied: int) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(seen(address(61)))
        counter.tell(seen(address(copied)))
        assert refused(counter) is Message.READ_AGAIN
        counter.press("×")
        counter.tell(seen(address(62)))
        assert isinstance(counter.daemon.state.mode, states.NewCard)


def test_it_is_still_refused_by_the_terminal_that_starts_again(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(seen(address(61)))
    with Counter(tmp_path) as counter:
        counter.tell(seen(address(61)))
        assert refused(counter) is Message.READ_AGAIN


@pytest.mark.parametrize("event", [seen(address(1, OTHERS)), seen(address(1)[:-1] + FORGED), seen(address(1), Medium.BARCODE)])
def test_a_strangers_or_forged_or_printed_address_is_not_our_card(tmp_path: Path, event: CardSeen) -> None:
    with Counter(tmp_path) as counter:
        counter.tell(event)
        assert refused(counter) is Message.NOT_OUR_CARD
        counter.press("×")
        counter.tell(seen(address(1)))  # and nothing of it was kept
        assert isinstance(counter.daemon.state.mode, states.NewCard)


def test_a_card_made_with_an_earlier_key_of_the_network() -> None:
    proof = prove(seen(address(3)), CAFE, (OTHERS, KEYS[0]))
    assert isinstance(proof, Signed)
    assert proof.token == card_token("#04de5f1eacc040")
    assert proof.token == proof.shown.card.tokens[1]
    assert proof.counter == 3
    assert proof.shown.card.genuine


def test_without_a_programme_and_without_a_signature() -> None:
    assert prove(seen(address(3)), None, KEYS) == CardRefused(Message.NO_PROGRAMME, 5)
    assert prove(seen("2100000000012"), None, KEYS) is None
    assert prove(CardSeen("nfc", Medium.NFC, Form.UID, "04de5f1eacc040", 5), None, KEYS) is None
