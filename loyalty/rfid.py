"""Numbers of 125 kHz and other fobs, as keyboard-type readers write them: all of them become one UID.

A fob of the EM4100 kind holds 40 bits: a version or customer byte and four bytes of number (EM Microelectronic, EM4100 data
sheet, section "Memory array"). Readers write them in different ways; here the four bytes stand for the fob.

    7B62A2 in hexadecimal, with its version byte 4A00
    4a007b62a2   ten hexadecimal digits (40 bits)
    007b62a2     eight (32 bits)
    0008086178   ten decimal digits (32 bits)
    123,25250    Wiegand 26: the third byte, and the last two (24 bits)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Writing(Enum):
    """How a reader writes the number of a fob."""

    AUTO = "auto"
    """Told by the number: by its length and its signs. Ten hexadecimal digits without a letter would pass for decimal: a
    reader that writes those is to be set to `HEX`."""
    HEX = "hex"
    DECIMAL = "decimal"


@dataclass(frozen=True, slots=True)
class FobReader:
    """How a reader is set."""

    writing: Writing = Writing.AUTO
    reversed: bool = False
    """It begins with the last byte."""


_WIEGAND = re.compile(r"([0-9]{1,3})[,: ]([0-9]{1,5})", re.ASCII)
_PRINTED = re.compile(r"([0-9]{10}) +[0-9]{1,3},[0-9]{5}", re.ASCII)
"""As printed on fobs: the number in both ways."""
_DECIMAL = re.compile(r"[0-9]{8}|[0-9]{10}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{8}|[0-9a-f]{10}|[0-9a-f]{14}|[0-9a-f]{20})", re.ASCII)

WIEGAND_BYTES, NUMBER_BYTES, EM4100_BYTES = 3, 4, 5


def fob_uid(text: str, reader: FobReader = FobReader()) -> str | None:
    """The UID in lower-case hex of what a reader of fobs typed; None where it is no number of a fob.

    Wiegand's 24 bits are filled up with a zero byte, which is what most fobs have there. A UID of 7 or 10 bytes (13.56 MHz) is
    kept whole.

    >>> fob_uid("0008086178"), fob_uid("123,25250"), fob_uid("4A007B62A2"), fob_uid("A2627B00", FobReader(reversed=True))
    ('007b62a2', '007b62a2', '007b62a2', '007b62a2')
    """
    uid = _bytes(text.strip().lower(), reader.writing)
    if uid is None:
        return None
    if reader.reversed:
        uid = uid[::-1]
    if len(uid) == EM4100_BYTES:
        uid = uid[1:]
    return uid.rjust(NUMBER_BYTES, b"\0").hex()


def _bytes(text: str, writing: Writing) -> bytes | None:
    if writing is not Writing.HEX and (uid := _decimal(text, writing)):
        return uid
    if writing is not Writing.DECIMAL and _HEX.fullmatch(text):
        return bytes.fromhex(text)
    return None


def _decimal(text: str, writing: Writing) -> bytes | None:
    """The bytes of a number in decimal; those of Wiegand are three. None where it is none, or too large for one."""
    if printed := _PRINTED.fullmatch(text):
        text = printed[1]
    if wiegand := _WIEGAND.fullmatch(text):
        site, card = int(wiegand[1]), int(wiegand[2])
        return None if site >> 8 or card >> 16 else (site << 16 | card).to_bytes(WIEGAND_BYTES, "big")
    if not _DECIMAL.fullmatch(text) or (writing is Writing.AUTO and len(text) == 2 * NUMBER_BYTES):
        return None
    return None if int(text) >> 8 * NUMBER_BYTES else int(text).to_bytes(NUMBER_BYTES, "big")
