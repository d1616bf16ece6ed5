"""What a chip card is good for: the number in its file, record or memory, its NDEF text, its UID, or why nothing. Pure but for
`transmit`, the way to the card.

Sources: ISO/IEC 7816-4:2013 (see `drivers.apdu`); PC/SC part 3, sections 3.2.2.1.3 (Get Data: UID) and 3.2.2.1.8 (Read Binary);
ACS, ACR122U Application Programming Interface 2.04, sections 4.1 and 5.3.
"""

from __future__ import annotations

from drivers import apdu, memory_card, ndef, type4
from drivers.atr import contactless, storage
from drivers.atr import memory_card as is_memory_card
from drivers.chip_profiles import FileProfile, MemoryProfile, Place, Profile, RecordProfile, in_order
from drivers.events import MAX_CARD_TEXT, Form, Trouble
from drivers.reading import BankCard, Reading

UID_SIZES = (4, 7, 8, 10)
"""ISO/IEC 14443-3 Type A has 4, 7 or 10 bytes; a FeliCa's IDm and an ISO/IEC 15693 tag's UID have 8."""

PAGES_A_READ = 4
PAGE = 4
"""A Type 2 tag gives four pages of four bytes at once."""


def read_card(transmit: apdu.Transmit, atr: bytes, profiles: tuple[Profile, ...]) -> Reading:
    """Reads one card that has just come. What `transmit` raises goes through; a card's nonsense is `Trouble.UNREADABLE`.

    Profiles are tried in the order of `in_order`; those with an application before the card is asked whether it is a payment
    card, those without after, so that nothing of a payment card is read.
    """
    try:
        if is_memory_card(atr):
            return _memory(transmit, profiles)
        if contactless(atr) and storage(atr) is not None:
            return _tag(transmit, atr)
        return _chip(transmit, atr, in_order(profiles, atr))
    except (apdu.BadAnswer, ndef.NdefError):
        return Trouble.UNREADABLE


def _chip(transmit: apdu.Transmit, atr: bytes, profiles: tuple[Profile, ...]) -> Reading:
    for profile in profiles:
        if not isinstance(profile, MemoryProfile) and profile.aid is not None and _selected(transmit, profile.aid):
            return _application(transmit, profile)
    for name in (apdu.PAYMENT_CONTACT, apdu.PAYMENT_CONTACTLESS):
        if _selected(transmit, name):
            return _bank_card(transmit, atr)
    for profile in profiles:
        if isinstance(profile, FileProfile) and profile.aid is None and _walked(transmit, profile.path):
            return _binary(transmit, profile.place)
    if not contactless(atr):
        return Trouble.FOREIGN_CHIP
    uid = _uid(transmit)
    if isinstance(uid, Trouble):
        return uid
    return _ndef_text(type4.message(transmit)) or uid


def _bank_card(transmit: apdu.Transmit, atr: bytes) -> Reading:
    """Its reader, not the card, is asked for the UID where it is held to an antenna."""
    uid = _uid(transmit) if contactless(atr) else None
    return BankCard(uid[1]) if isinstance(uid, tuple) else Trouble.BANK_CARD


def _selected(transmit: apdu.Transmit, name: bytes) -> bool:
    """Whether the card has this application. Raises `BadAnswer` where the card fails rather than says no."""
    answer = apdu.ask(transmit, apdu.select(name))
    if answer.status >> 8 == 0x6C:
        answer = apdu.exchange(transmit, apdu.select(name))
    if not answer.accepted and not answer.refused:
        raise apdu.BadAnswer("the card fails")
    return answer.accepted


def _application(transmit: apdu.Transmit, profile: RecordProfile | FileProfile) -> Reading:
    """The number in an application that was just selected."""
    if isinstance(profile, RecordProfile):
        answer = apdu.exchange(transmit, apdu.read_record(profile.record, profile.sfi))
        return profile.place.number(answer.data) if answer.fine else Trouble.UNREADABLE
    return _binary(transmit, profile.place) if _walked(transmit, profile.path) else Trouble.UNREADABLE


def _walked(transmit: apdu.Transmit, path: bytes) -> bool:
    """Selects each file on the path in turn; whether all were there."""
    for at in range(0, len(path), 2):
        identifier = path[at : at + 2]
        answer = apdu.exchange(transmit, apdu.select_file(identifier))
        if answer.status in (0x6A86, 0x6B00):  # this card cannot but describe the file
            answer = apdu.exchange(transmit, apdu.select_file(identifier, p2=0x00))
        if not answer.done:
            return False
    return True


def _binary(transmit: apdu.Transmit, place: Place) -> Reading:
    """The number in the selected transparent file."""
    data, left = b"", place.length or MAX_CARD_TEXT
    while left > 0:
        asked = min(left, apdu.READ_BLOCK) if place.length else apdu.READ_BLOCK
        answer = apdu.exchange(transmit, apdu.read_binary(place.offset + len(data), asked))
        if answer.status != 0x6282 and not answer.fine:  # 6282: the file ends before the length that was asked for
            if data and answer.refused:
                break
            return Trouble.UNREADABLE
        data, left = data + answer.data, left - len(answer.data)
        if len(answer.data) < asked:
            break
    return place.decode(data if place.length is None else data[: place.length])


def _memory(transmit: apdu.Transmit, profiles: tuple[Profile, ...]) -> Reading:
    """The first memory profile under which there is a number."""
    reading: Reading = Trouble.FOREIGN_CHIP
    for profile in profiles:
        if isinstance(profile, MemoryProfile):
            data = memory_card.read(transmit, profile.place.offset, profile.place.length)
            reading = Trouble.FOREIGN_CHIP if data is None else profile.place.decode(data)
            if isinstance(reading, tuple):
                break
    return reading


def _tag(transmit: apdu.Transmit, atr: bytes) -> Reading:
    """A contactless card without files: its NDEF text where it is a Type 2 tag with one, else its UID."""
    uid, kind = _uid(transmit), storage(atr)
    if isinstance(uid, Trouble) or kind is None or not kind.has_pages:
        return uid
    return _ndef_text(_pages(transmit)) or uid


def _pages(transmit: apdu.Transmit) -> bytes | None:
    """A Type 2 tag's NDEF message; it is read only as far as the message goes."""
    memory = b""
    while True:
        try:
            return ndef.message(memory)
        except ndef.CutShort:
            page = len(memory) // PAGE
            if page > 0xFF:
                raise ndef.Garbled("the tag's message goes beyond its pages") from None
            answer = apdu.exchange(transmit, bytes([0xFF, 0xB0, 0x00, page, PAGES_A_READ * PAGE]))
            if not answer.fine or len(answer.data) != PAGES_A_READ * PAGE:
                if memory:
                    raise ndef.Garbled("the tag ends before its message") from None
                return None
            memory += answer.data


def _ndef_text(message: bytes | None) -> Reading | None:
    text = ndef.text(message) if message else None
    if not text:
        return None
    return (Form.NUMBER, text) if len(text) <= MAX_CARD_TEXT else Trouble.TOO_LONG


def _uid(transmit: apdu.Transmit) -> Reading:
    answer = apdu.exchange(transmit, apdu.GET_UID)
    if not answer.fine or len(answer.data) not in UID_SIZES:
        return Trouble.UNREADABLE
    if len(answer.data) == 4 and answer.data[0] == 0x08:
        return Trouble.RANDOM_UID
    return Form.UID, answer.data.hex()
