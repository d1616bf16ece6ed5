"""SLE 4442 and SLE 5542 memory cards, read through the pseudo-commands of ACS readers. Pure but for `transmit`.

Source: ACS, ACR38x (CCID) Reference Manual, version 6.04, sections 9.3.6.1 (SELECT_CARD_TYPE) and 9.3.6.2 (READ_MEMORY_CARD);
version 6.02 of the same manual, and those of the ACR1281U and others, add four bytes of protection bits to what is read. The
ACR39U has the same commands. Here cards are only read: presenting a PIN is not written, and `drivers.apdu` would not send it.
"""

from __future__ import annotations

from drivers import apdu
from drivers.chip_profiles import MEMORY_SIZE

SELECT_SLE4442 = bytes.fromhex("FFA400000106")
"""Card type 06: SLE 4432, 4442, 5532, 5542. Resets the card."""

PROTECTION = 4
"""Bytes of protection bits at the end of an answer, by version 6.02 of the manual."""

BLOCK = 128
"""Bytes a command; the length is one byte, and with the protection bits an answer must stay below 256."""


def read(transmit: apdu.Transmit, offset: int, length: int | None) -> bytes | None:
    """Main memory from `offset` on, to its end where `length` is None; None where the reader has no such commands.

    Raises `apdu.BadAnswer` where the card, or the reader with it, fails.
    """
    if not apdu.exchange(transmit, SELECT_SLE4442).fine:
        return None
    end = MEMORY_SIZE if length is None else min(offset + length, MEMORY_SIZE)
    data = b""
    for at in range(offset, end, BLOCK):
        count = min(BLOCK, end - at)
        answer = apdu.exchange(transmit, bytes([0xFF, 0xB0, 0x00, at, count]))
        if not answer.fine or len(answer.data) not in (count, count + PROTECTION):
            raise apdu.BadAnswer("the memory card was not read")
        data += answer.data[:count]
    return data
