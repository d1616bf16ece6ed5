"""The `[[chip]]` tables of `terminal.toml`: which readers, and where our number is on a card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from drivers.chip_profiles import Profile


class ChipCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A `[[chip.profile]]` table, or the same keys in `[[chip]]` itself: one kind of card."""

    kind: Literal["record", "file", "sle4442"] = "record"
    """What holds the number: a record or a transparent file of a chip card, or an SLE 4442 or 5542 memory card."""
    aid: str | None = None
    """The application's identifier in hex (ISO/IEC 7816-5)."""
    sfi: int = 1
    record: int = 1
    file: str | None = None
    """Identifiers of two bytes each, in hex, that are selected in turn."""
    offset: int = 0
    length: int | None = None
    encoding: str = "ascii"
    atr: str | None = None
    """How these cards' answer to reset begins, in hex: on such cards this is tried before the others."""


class Chip(ChipCard, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A `[[chip]]` table: one reader, or every reader, and the cards that it reads."""

    name: str
    reader: str | None = None
    """Part of the reader's name; without it every reader is used."""
    profile: tuple[ChipCard, ...] = ()
    """Further kinds of cards, tried in their order."""


class ChipMistake(ValueError):
    """A `[[chip]]` table that cannot be used; the text names the table, and what to write there instead."""


def profiles(chip: Chip) -> tuple[Profile, ...]:
    """The driver's profiles, in the order in which they are tried; none where only contactless cards are read.

    Raises `ChipMistake`.
    """
    from drivers.chip_profiles import ChipProfileError

    own = (chip,) if chip.aid is not None or chip.file is not None or chip.kind == "sle4442" else ()
    found: list[Profile] = []
    for card in (*own, *chip.profile):
        try:
            found.append(_profile(card))
        except ChipProfileError as error:
            raise ChipMistake(f'chip "{chip.name}": {error}') from error
    return tuple(found)


def check(chips: tuple[Chip, ...]) -> None:
    """Raises `ChipMistake`, also where two tables would read the same reader."""
    for chip in chips:
        profiles(chip)
        if chip.reader is None and len(chips) > 1:
            raise ChipMistake(f'chip "{chip.name}": with several [[chip]] tables each needs `reader`, a part of its own name')


def _profile(card: ChipCard) -> Profile:
    from drivers.chip_profiles import ChipProfileError, FileProfile, MemoryProfile, Place, RecordProfile

    place = Place(card.offset, card.length, card.encoding)
    if card.file is not None and card.kind != "file":
        raise ChipProfileError('`file` goes with kind = "file"')
    if card.kind == "sle4442":
        if card.aid is not None:
            raise ChipProfileError("a memory card has no applications: leave `aid` out")
        if card.atr is not None:
            raise ChipProfileError("memory cards are known by themselves: leave `atr` out")
        return MemoryProfile(place)
    atr = b"" if card.atr is None else _hex(card.atr, 'atr is a card\'s ATR or how it begins, in hex, as in "3B 65 00 00"')
    if card.kind == "file":
        path = _hex(card.file, 'file is one to four identifiers of two bytes each, in hex, as in "EF01"')
        return FileProfile(_aid(card.aid) if card.aid is not None else None, path, place, atr)
    return RecordProfile(_aid(card.aid), card.sfi, card.record, place, atr)


def _aid(text: str | None) -> bytes:
    return _hex(text, 'aid is 5 to 16 bytes in hex, as in "F04C4F59414C5459"')


def _hex(text: str | None, rule: str) -> bytes:
    from drivers.chip_profiles import ChipProfileError

    try:
        return bytes.fromhex(text or "")
    except ValueError as error:
        raise ChipProfileError(rule) from error
