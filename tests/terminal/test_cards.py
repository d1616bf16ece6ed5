"""What readers read becomes tokens or a plain message; the number itself goes no further."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counter_table import PROGRAMME
from display.screens import Message
from drivers.events import CardSeen, CardTrouble, Form, Medium, Trouble
from loyalty.entry import TokenKind
from loyalty.numbers import Check, check_holds, with_check
from loyalty.programme import read
from loyalty.rfid import FobReader
from loyalty.tokens import TokenKey, token
from terminal.cards import identify, identify_typed, phone_number, refuse
from terminal.inputs import CardRefused, CardShown

KEYS = (TokenKey(2, b"\x02" * 32), TokenKey(1, b"\x01" * 32))
CAFE = read(
    '[programme]\nkey="p"\nversion=1\nname="P"\nany_uid=true\n[points]\nper_unit="1"\n'
    '[[cards]]\nprefix="2100"\nlength=13\ncheck="ean13"'
)
OURS = with_check("210000000017", Check.EAN13)


def seen(data: str, form: Form = Form.NUMBER) -> CardSeen:
    return CardSeen("scanner", Medium.BARCODE, form, data, 5)


def test_a_card_of_ours() -> None:
    shown = identify(seen(f" {OURS[:4]}-{OURS[4:]}"), CAFE, KEYS)
    assert isinstance(shown, CardShown)
    assert shown.card.tokens == tuple(token(key, TokenKind.CARD, OURS) for key in KEYS)
    assert shown.card.staff_tokens == tuple(token(key, TokenKind.STAFF, OURS) for key in KEYS)
    assert (shown.card.typed, shown.card.issuable) == (False, True)


def test_a_milk_carton_is_looked_up_and_never_issued() -> None:
    shown = identify(seen("8588000001237"), CAFE, KEYS)
    assert isinstance(shown, CardShown)
    assert not shown.card.issuable


@pytest.mark.parametrize("data", [OURS[:-1] + str((int(OURS[-1]) + 1) % 10), OURS[:8], "", " - "])
def test_a_misread_is_worth_another_try(data: str) -> None:
    assert identify(seen(data), CAFE, KEYS) == CardRefused(Message.READ_AGAIN, 5)


def test_a_label_of_weighed_goods_is_no_card() -> None:
    assert identify(seen("2812340012340"), CAFE, KEYS) == CardRefused(Message.NOT_OUR_CARD, 5)


@pytest.mark.parametrize("zeros", [12, 13, 14])
def test_a_strangers_card_is_the_same_whatever_zeros_the_scanner_writes(zeros: int) -> None:
    shown = identify(seen("36000291452".zfill(zeros)), CAFE, KEYS)
    assert isinstance(shown, CardShown)
    assert shown.card.tokens[0] == token(KEYS[0], TokenKind.CARD, "0036000291452")


@pytest.mark.parametrize(
    ("device", "typed"), [("plain", "0008086178"), ("plain", "123,25250"), ("plain", "007B62A2"), ("turned", "A2627B00")]
)
def test_a_fob_is_its_uid_whatever_reader_types_it(device: str, typed: str) -> None:
    fobs = {"turned": FobReader(reversed=True)}
    shown = identify(CardSeen(device, Medium.FOB, Form.NUMBER, typed, 5), CAFE, KEYS, fobs)
    assert shown == identify(seen("007b62a2", Form.UID), CAFE, KEYS)


def test_what_a_reader_of_fobs_reads_besides_is_a_number() -> None:
    assert identify(CardSeen("fob", Medium.FOB, Form.NUMBER, OURS, 5), CAFE, KEYS) == identify(seen(OURS), CAFE, KEYS)


def test_a_phone_number_that_happens_to_be_an_ean_is_a_phone_number() -> None:
    typed = identify_typed("421905123456", CAFE, KEYS, 5)
    assert check_holds("421905123456", Check.UPC_A)
    assert isinstance(typed, CardShown)
    assert typed.card.tokens[0] == token(KEYS[0], TokenKind.PHONE, "421905123456")


def test_uids_are_issued_where_the_programme_says_so() -> None:
    for programme, issuable in ((CAFE, True), (PROGRAMME, False)):
        shown = identify(seen("04a1b2c3d4e5f6", Form.UID), programme, KEYS)
        assert isinstance(shown, CardShown)
        assert shown.card.issuable is issuable


def test_without_a_programme_nothing_is_looked_up() -> None:
    assert identify(seen(OURS), None, KEYS) == CardRefused(Message.NO_PROGRAMME, 5)


@pytest.mark.parametrize("trouble", Trouble)
def test_each_trouble_has_a_message(trouble: Trouble) -> None:
    assert isinstance(refuse(CardTrouble("nfc", Medium.NFC, trouble, 5)).message, Message)


def test_typed_numbers_find_the_same_card_and_phones() -> None:
    typed = identify_typed(OURS, CAFE, KEYS, 5)
    shown = identify(seen(OURS), CAFE, KEYS)
    assert isinstance(typed, CardShown)
    assert isinstance(shown, CardShown)
    assert typed.card.tokens == shown.card.tokens
    assert typed.card.typed
    assert not typed.card.staff_tokens
    phone = identify_typed("0905123456", CAFE, KEYS, 5)
    assert isinstance(phone, CardShown)
    assert phone.card.kind is TokenKind.PHONE
    assert phone.card.tokens[0] == token(KEYS[0], TokenKind.PHONE, "421905123456")
    assert identify_typed("12345", CAFE, KEYS, 5) == CardRefused(Message.NOT_OUR_CARD, 5)
    assert identify_typed(OURS[:9], CAFE, KEYS, 5) == CardRefused(Message.READ_AGAIN, 5)


@pytest.mark.parametrize("typed", ["905123456", "0905123456", "421905123456", "00421905123456"])
def test_one_phone_however_it_is_typed(typed: str) -> None:
    assert phone_number(typed) == "421905123456"


@given(st.text(max_size=600), st.sampled_from(Form))
def test_any_text_of_a_number_is_a_card_or_a_message(text: str, form: Form) -> None:
    if form is Form.NUMBER:
        assert isinstance(identify(seen(text, form), CAFE, KEYS), CardShown | CardRefused)


def test_the_number_is_in_no_repr() -> None:
    assert OURS not in repr(seen(OURS)) + repr(identify(seen(OURS), CAFE, KEYS))
