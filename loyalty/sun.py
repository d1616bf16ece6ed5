"""SUN: the address that an NTAG 424 DNA signs anew at each tap. Whether one is genuine, whose it is, and how often it was read.

A card of ours holds an address of which it fills in the parts while it is read::

    https://bodka.example/c?e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086   UID and counter enciphered
    https://bodka.example/c?u=04DE5F1EACC040&n=00003D&c=94EED9EE65337086            in plain text

`c` is its signature. That a counter was not seen before is for the caller to keep (`sync.sun`): without it a copied address
would be as good as the card. Pure; AES comes from `cryptography`, imported only when an address is to be verified.

Sources: NXP AN12196 rev. 2.0, sections 3.3 (session keys), 3.4.2 (PICCData) and 3.4.4 (SDMMAC); NT4H2421Gx rev. 3.0, section
9.3; keys of each card by AN10922 rev. 2.2, section 2.2 (AES-128); AES-CMAC by NIST SP 800-38B.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from loyalty.tokens import TokenKey

KEY_BYTES = 16
UID_BYTES = 7
SYSTEM = b"bodka loyalty"
"""Names our system in the keys of its cards (AN10922, section 2.2: system identifier)."""

PICC_DATA_TAG = 0xC7
"""UID and counter are both there, and the UID has 7 bytes (AN12196, table 2)."""

ENCIPHERED, SIGNATURE = ("e", "picc_data"), ("c", "cmac")
PLAIN_UID, PLAIN_COUNTER = ("u", "uid"), ("n", "ctr")
"""Names of the parts in the address: ours, and those of NXP's examples."""

LONGEST_ADDRESS = 512
_PART = re.compile(r"[?&](\w+)=([^&#]*)", re.ASCII)
_HEX = {length: re.compile(rf"[0-9A-Fa-f]{{{length}}}") for length in (6, 14, 16, 32)}


class NotGenuine(ValueError):
    """No card of ours made this address."""

    def __init__(self) -> None:
        super().__init__("no card of this network signed this address: show the card itself, not a copy of what it says")


@dataclass(frozen=True, slots=True)
class Address:
    """A signed address taken apart: either `picc` (16 bytes) or `plain` (UID and counter) is there."""

    text: str = field(repr=False)
    picc: bytes | None = field(repr=False)
    plain: tuple[bytes, int] | None = field(repr=False)
    mac: bytes = field(repr=False)
    mac_at: int
    """Where in the text the signature begins; it signs, if anything, what stands right before."""
    parts_at: tuple[int, ...]
    """Where in the text the values of parts before the signature begin."""


@dataclass(frozen=True, slots=True)
class CardKeys:
    """The keys with which a card was made: `meta` (SDMMetaRead) is one for all cards, `master` gives each card its own."""

    meta: bytes = field(repr=False)
    master: bytes = field(repr=False)

    def file(self, uid: bytes) -> bytes:
        """The card's own key (SDMFileRead), 16 bytes."""
        return diversify(self.master, uid + SYSTEM)


@dataclass(frozen=True, slots=True)
class Genuine:
    """A card that signed: its UID (7 bytes), and how often it was read (24 bits, growing)."""

    uid: bytes = field(repr=False)
    counter: int


def card_keys(key: TokenKey) -> CardKeys:
    """A network's keys for its cards. They follow from its token key, so that nothing more is to be handed out or kept safe."""
    return CardKeys(_derived(key, "meta"), _derived(key, "master"))


def parse(text: str) -> Address | None:
    """Takes a signed address apart; None for any other text.

    >>> parse("https://bodka.example/c?u=04DE5F1EACC040&n=00003D&c=94EED9EE65337086").plain[1]
    61
    """
    if len(text) > LONGEST_ADDRESS or not text.isascii():
        return None
    parts = {match[1]: match for match in reversed(list(_PART.finditer(text)))}
    mac = _value(parts, SIGNATURE, 16)
    if mac is None:
        return None
    picc, uid, counter = _value(parts, ENCIPHERED, 32), _value(parts, PLAIN_UID, 14), _value(parts, PLAIN_COUNTER, 6)
    plain = None
    if picc is None:
        if uid is None or counter is None:
            return None
        plain = bytes.fromhex(uid[2]), int(counter[2], 16)
    before = tuple(sorted(match.start(2) for match in parts.values() if match.start(2) < mac.start(2)))
    return Address(text, bytes.fromhex(picc[2]) if picc else None, plain, bytes.fromhex(mac[2]), mac.start(2), before)


def verify(address: Address, keys: CardKeys) -> Genuine:
    """Whose address it is; raises `NotGenuine` where no card with these keys made it."""
    found = address.plain if address.picc is None else _decipher(address.picc, keys.meta)
    if found is None:
        raise NotGenuine
    uid, counter = found
    session = session_key(keys.file(uid), uid, counter)
    if not any(hmac.compare_digest(mac(session, signed), address.mac) for signed in _signed(address)):
        raise NotGenuine
    return Genuine(uid, counter)


def session_key(file_key: bytes, uid: bytes, counter: int) -> bytes:
    """SesSDMFileReadMACKey of one read (AN12196, section 3.3): CMAC over SV2, 16 bytes."""
    return cmac(file_key, bytes.fromhex("3CC300010080") + uid + counter.to_bytes(3, "little"))


def mac(session: bytes, signed: bytes) -> bytes:
    """SDMMAC: every second byte of the CMAC, beginning with the second; 8 bytes."""
    return cmac(session, signed)[1::2]


def diversify(master: bytes, context: bytes) -> bytes:
    """A card's own AES-128 key from 16 to 31 bytes that tell it apart (AN10922, section 2.2): CMAC over 01 and these.

    AN10922 pads shorter ones in a way that CMAC does not: ours are longer.
    """
    if not 16 <= len(context) <= 31:
        raise ValueError("a key is made from 16 to 31 bytes")
    return cmac(master, b"\x01" + context)


def encipher(uid: bytes, counter: int, random: bytes, meta: bytes) -> bytes:
    """PICCENCData as a card makes it: tag, UID, counter and 5 random bytes; for making cards and for tests."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    block = bytes([PICC_DATA_TAG]) + uid + counter.to_bytes(3, "little") + random
    encryptor = Cipher(algorithms.AES(meta), modes.CBC(bytes(KEY_BYTES))).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def cmac(key: bytes, message: bytes) -> bytes:
    """AES-CMAC, 16 bytes."""
    from cryptography.hazmat.primitives.ciphers import algorithms
    from cryptography.hazmat.primitives.cmac import CMAC

    signer = CMAC(algorithms.AES(key))
    signer.update(message)
    return signer.finalize()


def _decipher(picc: bytes, meta: bytes) -> tuple[bytes, int] | None:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    decryptor = Cipher(algorithms.AES(meta), modes.CBC(bytes(KEY_BYTES))).decryptor()
    block = decryptor.update(picc) + decryptor.finalize()
    if block[0] != PICC_DATA_TAG:
        return None
    return block[1 : 1 + UID_BYTES], int.from_bytes(block[1 + UID_BYTES : 4 + UID_BYTES], "little")


def _signed(address: Address) -> Iterator[bytes]:
    """What the signature may be over: nothing, or the address from one of its parts on (the card's SDMMACInputOffset).

    UID and counter are in the key of the signature either way.
    """
    yield b""
    for at in address.parts_at:
        yield address.text[at : address.mac_at].encode("ascii")


def _value(parts: dict[str, re.Match[str]], names: tuple[str, ...], digits: int) -> re.Match[str] | None:
    for name in names:
        match = parts.get(name)
        if match is not None and _HEX[digits].fullmatch(match[2]):
            return match
    return None


def _derived(key: TokenKey, purpose: str) -> bytes:
    return hmac.new(key.secret, f"sun:{purpose}".encode(), hashlib.sha256).digest()[:KEY_BYTES]
