"""From what a reader read to what the session may know: a card's number becomes tokens here, and goes no further."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from display.screens import Message
from drivers.events import CardSeen, CardTrouble, Form, Medium, Trouble
from loyalty import sun
from loyalty.entry import TokenKind
from loyalty.numbers import Verdict, judge, normalise, uid_number
from loyalty.programme import Programme
from loyalty.rfid import FobReader, fob_uid
from loyalty.tokens import TokenKey, token
from terminal.inputs import CardRefused, CardShown, Identification

TROUBLES = {
    Trouble.UNREADABLE: Message.READ_AGAIN,
    Trouble.TOO_LONG: Message.NOT_OUR_CARD,
    Trouble.FOREIGN_CHIP: Message.NOT_OUR_CARD,
    Trouble.BANK_CARD: Message.BANK_CARD,
    Trouble.TWO_CARDS: Message.TWO_CARDS,
    Trouble.RANDOM_UID: Message.NO_IDENTITY,
}

PHONE_DIGITS = range(6, 16)
"""Digits of a phone number without its plus (ITU-T E.164: at most 15)."""


def refuse(trouble: CardTrouble) -> CardRefused:
    """A card that gave nothing, in the screen's words."""
    return CardRefused(TROUBLES[trouble.trouble], trouble.at)


def by_its_uid(trouble: CardTrouble, programme: Programme | None, keys: Sequence[TokenKey]) -> CardShown | None:
    """A bank card as it is known where somebody was bound to its UID before; None for every other trouble.

    It is for the caller to look whether somebody was: to nobody is such a card issued.
    """
    if programme is None or not trouble.uid:
        return None
    return CardShown(_tokens(TokenKind.CARD, uid_number(trouble.uid), keys, issuable=False), trouble.at)


@dataclass(frozen=True, slots=True)
class Signed:
    """A card whose signature is right; it is shown if its `counter` was not seen before for its `token`."""

    shown: CardShown
    token: bytes
    """Made with the key that the card was made with, so that it stays the same when the network changes its keys."""
    counter: int


def prove(seen: CardSeen, programme: Programme | None, keys: Sequence[TokenKey]) -> Signed | CardRefused | None:
    """Whether a card signed what it says; None for what bears no signature (`identify` is for that).

    Its identity is its UID, as for a card that says nothing. On a barcode the same words are a copy.
    """
    address = sun.parse(seen.data) if seen.form is Form.NUMBER else None
    if address is None:
        return None
    if programme is None:
        return CardRefused(Message.NO_PROGRAMME, seen.at)
    if seen.medium is not Medium.NFC:
        return CardRefused(Message.NOT_OUR_CARD, seen.at)
    for key in keys:
        try:
            genuine = sun.verify(address, sun.card_keys(key))
        except sun.NotGenuine:
            continue
        number = uid_number(genuine.uid.hex())
        card = _tokens(TokenKind.CARD, number, keys, genuine=True)
        return Signed(CardShown(card, seen.at), token(key, TokenKind.CARD, number), genuine.counter)
    return CardRefused(Message.NOT_OUR_CARD, seen.at)


def identify(
    seen: CardSeen,
    programme: Programme | None,
    keys: Sequence[TokenKey],
    fobs: Mapping[str, FobReader] = MappingProxyType({}),
) -> CardShown | CardRefused:
    """The tokens of a card that was read; `keys` has the current one first, `fobs` the readers of fobs by their names.

    A misread is refused at once, and so is a label of weighed goods; a stranger's number is looked up all the same (it may be
    bound to a member, or be a staff card), and is not issued. A fob's number is its UID, however its reader writes it.
    """
    if programme is None:
        return CardRefused(Message.NO_PROGRAMME, seen.at)
    uid = seen.data if seen.form is Form.UID else None
    if seen.medium is Medium.FOB:
        uid = fob_uid(seen.data, fobs.get(seen.device, FobReader()))
    if uid is not None:
        issuable = programme.document.programme.any_uid
        return CardShown(_tokens(TokenKind.CARD, uid_number(uid), keys, issuable=issuable), seen.at)
    verdict, number = judge(normalise(seen.data), programme.schemes)
    if verdict is Verdict.MISREAD or not number:
        return CardRefused(Message.READ_AGAIN, seen.at)
    if verdict is Verdict.GOODS:
        return CardRefused(Message.NOT_OUR_CARD, seen.at)
    return CardShown(_tokens(TokenKind.CARD, number, keys, issuable=verdict is Verdict.OURS), seen.at)


def identify_typed(typed: str, programme: Programme, keys: Sequence[TokenKey], at: int) -> CardShown | CardRefused:
    """The tokens of a number typed after "/": a card's, where it is of our ranges, else a phone's."""
    digits = normalise(typed)
    verdict, number = judge(digits, programme.schemes)
    if verdict is Verdict.MISREAD:
        return CardRefused(Message.READ_AGAIN, at)
    if verdict is Verdict.OURS:
        return CardShown(_tokens(TokenKind.CARD, number, keys, typed=True), at)
    if len(digits) not in PHONE_DIGITS:
        return CardRefused(Message.NOT_OUR_CARD, at)
    return CardShown(_tokens(TokenKind.PHONE, phone_number(digits), keys, typed=True), at)


NATIONAL_PREFIX = "421"


def phone_number(digits: str) -> str:
    """A phone number's normal form: with the country's prefix, without its leading zeros.

    >>> phone_number("0905123456")
    '421905123456'
    """
    if digits.startswith("00"):
        return digits[2:]
    national = digits.removeprefix("0")
    return digits if digits.startswith(NATIONAL_PREFIX) and len(digits) > 9 else NATIONAL_PREFIX + national


def _tokens(
    kind: TokenKind, number: str, keys: Sequence[TokenKey], *, issuable: bool = True, typed: bool = False, genuine: bool = False
) -> Identification:
    staff = () if typed else tuple(token(key, TokenKind.STAFF, number) for key in keys)
    return Identification(kind, tuple(token(key, kind, number) for key in keys), staff, typed, issuable, genuine)
