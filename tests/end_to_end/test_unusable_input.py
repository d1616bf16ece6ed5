"""Whatever is held to a reader, scanned or written into a file gets a plain message, and the next card is served."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from importlib import resources

import pytest
from cafe import JANA, JANA_TAG, stamp_card

from display.screens import Message, Notice
from emulators.hardware import AID, PINS, RECORD, SETTINGS
from emulators.keyboard import LEFT_CONTROL
from emulators.nfc_tags import RandomUidTag, Type2Tag, bank_card, text_message
from emulators.virtual_card import VirtualCard, payment_card
from shop import Shop, command, environment

pytestmark = pytest.mark.xdist_group("end_to_end")

BLOCKED = "2100000000036"
MILK = "8588000000018"
NDEF_HEADER = bytes.fromhex("E1101200")


@pytest.fixture(autouse=True)
def tidy(shop: Shop) -> Iterator[None]:
    """Nothing is left on a reader, whatever the test came to."""
    yield
    shop.lift()
    shop.pull()


def next_card_is_served(shop: Shop) -> None:
    shop.lift()
    shop.pull()
    shop.scan(JANA)
    shop.shows(stamp_card("Jana K.", 7))
    shop.press("cancel")
    shop.shows_idle()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param("1" * 4_000, Message.NOT_OUR_CARD, id="4,000 characters"),
        pytest.param("2100000000013", Message.READ_AGAIN, id="wrong check digit"),
        pytest.param("210000000001", Message.READ_AGAIN, id="a digit short"),
        pytest.param(MILK, Message.NOT_OUR_CARD, id="a milk carton"),
        pytest.param("'; drop table entry; --", Message.NOT_OUR_CARD, id="no number at all"),
        pytest.param(BLOCKED, Message.CARD_BLOCKED, id="a blocked card"),
    ],
)
def test_a_barcode_that_is_no_card(shop: Shop, code: str, message: Message) -> None:
    with shop.signals(*(("red", 1), ("red", 0)) * 2):
        shop.scan(code)
        shop.shows(Notice(message))
    next_card_is_served(shop)


def test_control_characters_in_a_barcode(shop: Shop) -> None:
    for usage in range(0x04, 0x1E):  # Ctrl+A to Ctrl+Z, as scanners send what has no key
        shop.hardware.scanner.press(usage, LEFT_CONTROL)
    shop.scan("\b\b\b", end="\n")
    next_card_is_served(shop)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda: Type2Tag("04000000000001", memory=NDEF_HEADER + b"\x03\xfd" + text_message(JANA)),
            Message.READ_AGAIN,
            id="NDEF longer than the tag",
        ),
        pytest.param(lambda: _torn(), Message.READ_AGAIN, id="NDEF cut short by taking the tag away"),
        pytest.param(lambda: Type2Tag("04000000000002", text_message(MILK)), Message.NOT_OUR_CARD, id="a stranger's number"),
        pytest.param(bank_card, Message.BANK_CARD, id="a bank card"),
        pytest.param(RandomUidTag, Message.NO_IDENTITY, id="a random UID"),
    ],
)
def test_a_tag_that_is_no_card(shop: Shop, make: Callable[[], Type2Tag], message: Message) -> None:
    shop.tap(make())
    shop.shows(Notice(message))
    next_card_is_served(shop)


def _torn() -> Type2Tag:
    tag = Type2Tag("04000000000003", text_message("https://shop.example/" + JANA))
    tag.leave_after = 2
    return tag


def test_two_cards_at_once(shop: Shop) -> None:
    shop.tap(Type2Tag(JANA_TAG), bank_card())
    shop.shows(Notice(Message.TWO_CARDS))
    next_card_is_served(shop)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda: VirtualCard(answer=lambda command: b""), Message.READ_AGAIN, id="an answer of no bytes"),
        pytest.param(lambda: VirtualCard({AID: {RECORD: b""}}), Message.READ_AGAIN, id="an empty record"),
        pytest.param(lambda: VirtualCard({b"another": {RECORD: b"1"}}), Message.NOT_OUR_CARD, id="a foreign chip"),
        pytest.param(payment_card, Message.BANK_CARD, id="a bank card"),
    ],
)
def test_a_chip_that_is_no_card(shop: Shop, make: Callable[[], VirtualCard], message: Message) -> None:
    shop.insert(make())
    shop.shows(Notice(message))
    next_card_is_served(shop)


def refused(shop: Shop, settings: str) -> str:
    """What the daemon says before it ends on these settings."""
    file = shop.folder / "wrong.toml"
    file.write_text(shop.toml(settings))
    words = command("bodka-terminal", "run", "--settings", str(file))
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=20)
    assert done.returncode == 1, done
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_missing_pin_is_named(shop: Shop) -> None:
    assert refused(shop, SETTINGS.replace(f"next = {PINS['next']}\n", "")) == (
        'Error: terminal.toml lacks "next" in [buttons]: add it\n'
    )


def test_a_programme_with_an_unknown_key_is_named(shop: Shop) -> None:
    programme = shop.folder / "programme.toml"
    cafe = resources.files("backend").joinpath("sample", "programme.toml").read_text(encoding="utf-8")
    programme.write_text(cafe.replace("currency =", "currrency ="))
    words = command("bodka-cloud", "--database", f"sqlite:///{shop.cloud.database}", "publish", str(programme))
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stderr == (
        f'Error: {programme}: the programme has an unknown key "currrency" (line 8, in programme): did you mean "currency"?\n'
    )
    next_card_is_served(shop)
