"""Signed addresses of NTAG 424 DNA cards: any text, and a genuine address of which any part was changed."""

from __future__ import annotations

import contextlib

from loyalty import sun

KEYS = sun.CardKeys(bytes(range(16)), bytes(range(16, 32)))
UID, COUNTER = bytes.fromhex("04DE5F1EACC040"), 0x3D


def genuine(over: str = "") -> str:
    """An address as one of our cards makes it; signed over nothing, or from its enciphered part on."""
    head = f"https://bodka.example/c?e={sun.encipher(UID, COUNTER, bytes(5), KEYS.meta).hex().upper()}&c="
    signed = head[head.index(over) + len(over) :].encode() if over else b""
    session = sun.session_key(KEYS.file(UID), UID, COUNTER)
    return head + sun.mac(session, signed).hex().upper()


GENUINE = (genuine(), genuine("?e="))
ENCIPHERED, SIGNATURE = slice(26, 58), slice(61, 77)
"""Where the two parts stand in them."""


def one_input(data: bytes) -> None:
    """The bytes are a text; then they are laid over a genuine address, two at a time: where, and which bits change."""
    verdict(data.decode("latin-1"))
    for whole in GENUINE:
        text = bytearray(whole.encode())
        for at in range(0, len(data) - 1, 2):
            place = data[at] % len(text)
            text[place] ^= data[at + 1] & 0x7F
        changed = text.decode("ascii")
        found = verdict(changed)
        if found is not None:
            assert found == sun.Genuine(UID, COUNTER)
            same = changed[ENCIPHERED].upper() == whole[ENCIPHERED] and changed[SIGNATURE].upper() == whole[SIGNATURE]
            assert same, "an address that was changed where it is signed is not genuine"


def verdict(text: str) -> sun.Genuine | None:
    """Whose address it is, if anybody's."""
    address = sun.parse(text)
    assert address is None or len(text) <= sun.LONGEST_ADDRESS
    if address is not None:
        with contextlib.suppress(sun.NotGenuine):
            return sun.verify(address, KEYS)
    return None
