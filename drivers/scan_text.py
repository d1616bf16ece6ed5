"""What a scanner adds around a code, and what must not be kept of it: pure functions on the text of a scan."""

from __future__ import annotations

import re
from dataclasses import dataclass

from drivers.events import Medium, Trouble

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
"""A symbology identifier (ISO/IEC 15424 section 4): "]", the code's kind, a modifier."""

_TRACK_1 = re.compile(r"%[Bb][0-9 ]{12,23}\^")
_TRACK_2 = re.compile(r"(?<![0-9])[0-9]{12,19}=[0-9]{2}(?:0[1-9]|1[0-2])")
"""A payment card's tracks (ISO/IEC 7813): "%B", number, "^", name, "^"; and number, "=", expiry as YYMM. The second is known
without its ";" too, since readers can be set to leave that out."""

_SENTINELS = re.compile(r"[%;+](?P<data>[^?]+)\?.?")
"""One track of a stripe between its sentinels, with the check character that some readers type (ISO/IEC 7811-6)."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a reader is set: what it types before and after each code, and what kind of reader it is."""

    prefix: str = ""
    suffix: str = ""
    medium: Medium = Medium.BARCODE


def unframe(text: str, framing: Framing) -> str | Trouble:
    """The code itself, without prefix, suffix, AIM identifier and, on a stripe, sentinels.

    A scan that lacks its prefix or suffix lost its beginning or its end, and is unreadable. A payment card is
    `Trouble.BANK_CARD`: nothing of it is given back.

    >>> unframe("#]E04006381333931", Framing(prefix="#"))
    '4006381333931'
    """
    if bank_track(text):
        return Trouble.BANK_CARD
    if not (text.startswith(framing.prefix) and text.endswith(framing.suffix)):
        return Trouble.UNREADABLE
    if len(text) < len(framing.prefix) + len(framing.suffix):
        return Trouble.UNREADABLE
    text = text.removeprefix(framing.prefix).removesuffix(framing.suffix)
    if aim := _AIM.match(text):
        text = text[aim.end() :]
    if framing.medium is Medium.STRIPE and (track := _SENTINELS.match(text)):
        text = track["data"]
    return text or Trouble.UNREADABLE


def bank_track(text: str) -> bool:
    """Whether a payment card's magnetic stripe is somewhere in the text."""
    return bool(_TRACK_1.search(text) or _TRACK_2.search(text))
