"""What sets a terminal up without a keyboard: the code that pairs it, and its Wi-Fi, on a QR code, a tag or a number pad. Pure.

The same words are written in three ways:

- as they are: `WIFI:T:WPA;S:name;P:password;;`, the form that telephones show (ZXing, "Barcode Contents", Wi-Fi network
  config), and `BODKA:C:123456789012;U:https://cloud.example;;` in the same manner; for NFC tags, and scanners that are set
  right;
- in digits alone, for scanners in any layout: the decimal number whose bytes are a 1, the words in UTF-8 and their CRC-32;
- the digits behind the calibration code (`CALIBRATION`), from which the terminal learns the layout first.

Example::

    parse(in_digits("BODKA:C:123456789015;;"))      # PairWith(code="123456789015", cloud="")
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from typing import TypeAlias
from zlib import crc32

from loyalty.numbers import Check, check_holds

CALIBRATION = "BODKA)yZ-0"
"""The calibration code of `drivers.calibration`, which this floor does not know; a test compares the two."""

CODE_DIGITS = 12
LONGEST = 500
"""Characters of a code in digits: a terminal's reader keeps 512, and a scanner may put some around it."""

PAIR, WIFI = "BODKA:", "WIFI:"

_BEGIN, _CRC_BYTES = b"\x01", 4
_FIELD = re.compile(r"([A-Za-z]+):((?:[^\\;]|\\.)*);", re.DOTALL)
_LONGEST_NAME = 32
"""Bytes of a network's name (IEEE 802.11-2020, 9.4.2.2, SSID element)."""
_PASSPHRASE = range(8, 64)
"""Printable ASCII characters of a passphrase (IEEE 802.11-2020, annex J.4); 64 are the key itself in hex."""
_PERSONAL = frozenset({"WPA", "WPA2", "WPA3", "SAE", "WPA/WPA2", "WPA2/WPA3", "WPA-PSK", "WPA2-PSK"})
_OPEN = frozenset({"", "NOPASS"})


class SetupMistake(ValueError):
    """It sets terminals up, and this one cannot follow it; the text says why, and holds nothing of the code."""


@dataclass(frozen=True, slots=True)
class PairWith:
    """A one-time code of the cloud (`backend.pairing`), and which cloud; "" where the settings say it."""

    code: str = field(repr=False)
    cloud: str = ""


@dataclass(frozen=True, slots=True)
class Wifi:
    """A network to join; made only of what a network may be called, and of a password that it may have.

    Raises `SetupMistake`. An open network has the password "".
    """

    name: str
    password: str = field(default="", repr=False)
    hidden: bool = False

    def __post_init__(self) -> None:
        try:
            name = self.name.encode()
        except UnicodeEncodeError as error:
            raise SetupMistake("the network's name is no text: write the code anew") from error
        if not 0 < len(name) <= _LONGEST_NAME or any(ord(character) < 32 or ord(character) == 127 for character in self.name):
            raise SetupMistake("a network's name has 1 to 32 bytes and no control characters: write the code anew")
        if not self.password:
            return
        printable = self.password.isascii() and self.password.isprintable()
        key = len(self.password) == 64 and set(self.password) <= set(string.hexdigits)
        if not key and not (printable and len(self.password) in _PASSPHRASE):
            raise SetupMistake("a Wi-Fi password has 8 to 63 plain characters: look at it once more and write the code anew")


Setup: TypeAlias = PairWith | Wifi


def parse(text: str) -> Setup | None:
    """What a code or a tag asks for; None for everything that is no setup code. Raises `SetupMistake`."""
    before, mark, behind = text.partition(CALIBRATION)
    words = (behind if mark else before).strip()
    if words.startswith((PAIR, WIFI)):
        return _in_words(words)
    digits = words.replace("-", "")
    if len(digits) == CODE_DIGITS and _is_code(digits) and (mark or "-" in words):
        return PairWith(digits)
    if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST + len(CALIBRATION):
        found = _out_of(digits)
        if found is not None and found.startswith((PAIR, WIFI)):
            return _in_words(found)
    if mark and words:
        raise SetupMistake("the code was cut short: scan it once more")
    return None


def pairing(code: str, cloud: str = "") -> str:
    """The words of a pairing code; dashes and spaces in `code` are left out."""
    digits = "".join(character for character in code if character not in "- ")
    return f"{PAIR}C:{digits};" + (f"U:{_escaped(cloud)};" if cloud else "") + ";"


def wifi(network: Wifi) -> str:
    """The words of a network, as telephones show and read them."""
    security = f"T:WPA;S:{_escaped(network.name)};P:{_escaped(network.password)};" if network.password else ""
    hidden = "H:true;" if network.hidden else ""
    return f"{WIFI}{security or f'T:nopass;S:{_escaped(network.name)};'}{hidden};"


def in_digits(words: str) -> str:
    """The words behind the calibration code, in digits; raises `SetupMistake` where that is longer than scanners can type."""
    body = words.encode()
    code = CALIBRATION + str(int.from_bytes(_BEGIN + body + _crc(body), "big"))
    if len(code) > LONGEST:
        raise SetupMistake("the name and the password are too long for a code: write them into bodka-pairing.toml")
    return code


def _in_words(words: str) -> Setup:
    if words.startswith(PAIR):
        fields = _fields(words.removeprefix(PAIR))
        code = fields.get("C", "").replace("-", "")
        if not _is_code(code):
            raise SetupMistake("the pairing code is not whole: scan it once more, or make a new one")
        return PairWith(code, fields.get("U", ""))
    fields = _fields(words.removeprefix(WIFI))
    security, password = fields.get("T", "WPA" if fields.get("P") else "").upper(), fields.get("P", "")
    if security in _OPEN:
        password = ""
    elif security not in _PERSONAL:
        raise SetupMistake("only Wi-Fi with a WPA password, or none, can be joined: choose another network")
    elif not password:
        raise SetupMistake("the network's password is missing: write the code anew")
    return Wifi(fields.get("S", ""), password, fields.get("H", "").lower() == "true")


def _fields(body: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while match := _FIELD.match(body, at):
        key = match[1].upper()
        if key in found:
            raise SetupMistake("the code says one thing twice: write it anew")
        found[key] = _unescaped(match[2])
        at = match.end()
    if body[at:].strip() not in (";", ""):
        raise SetupMistake("the code was cut short: scan it once more")
    return found


def _escaped(value: str) -> str:
    return re.sub(r'([\\;,:"])', r"\\\1", value)


def _unescaped(value: str) -> str:
    # Some write a name that could be taken for hexadecimal digits between quotes.
    if len(value) > 1 and value[0] == value[-1] == '"' and value[-2:] != '\\"':
        value = value[1:-1]
    return re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)


def _is_code(digits: str) -> bool:
    return len(digits) == CODE_DIGITS and digits.isascii() and digits.isdigit() and check_holds(digits, Check.LUHN)


def _out_of(digits: str) -> str | None:
    number = int(digits)
    whole = number.to_bytes((number.bit_length() + 7) // 8, "big")
    body, crc = whole[1:-_CRC_BYTES], whole[-_CRC_BYTES:]
    if not whole.startswith(_BEGIN) or len(whole) <= len(_BEGIN) + _CRC_BYTES or crc != _crc(body):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _crc(body: bytes) -> bytes:
    return crc32(body).to_bytes(_CRC_BYTES, "big")
