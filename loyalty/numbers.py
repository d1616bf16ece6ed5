"""Number schemes: which numbers are cards of a programme, which are misreads, and which are strangers.

Check digits: Luhn (ISO/IEC 7812-1 annex B), EAN/UPC (GS1 General Specifications section 7.9), mod 97 (ISO 7064 MOD 97-10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Check(Enum):
    """How the last digits of a number are checked."""

    NONE = "none"
    LUHN = "luhn"
    EAN13 = "ean13"
    MOD97 = "mod97"


class Verdict(Enum):
    """What a number is to a programme."""

    OURS = "ours"
    MISREAD = "misread"
    """It begins like one of ours but its length or check digit is wrong: worth another try."""
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Scheme:
    """A range of numbers: those of `length` digits that begin with `prefix` and whose check digits are right."""

    prefix: str
    length: int
    check: Check = Check.NONE

    def __post_init__(self) -> None:
        if not (self.prefix.isascii() and self.prefix.isdigit()) and self.prefix:
            raise ValueError(f'a prefix is digits, "{self.prefix}" is not')
        if not 5 <= self.length <= 32:
            raise ValueError(f"a card number has 5 to 32 digits, not {self.length}")
        if len(self.prefix) >= self.length:
            raise ValueError(f'the prefix "{self.prefix}" leaves no room in {self.length} digits')
        if self.check is Check.EAN13 and self.length != 13:
            raise ValueError(f"an EAN-13 has 13 digits, not {self.length}")


_WEB_CARD = re.compile(r"https?://[^/\s]+/c/([0-9A-Za-z -]{1,64})/?(?:[?#].*)?", re.ASCII)
_SEPARATORS = re.compile(r"[ -]")
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_UID = re.compile(r"(?:[0-9a-f]{2}){4,10}", re.ASCII)

EAN13_DIGITS, UPC_A_DIGITS = 13, 12


def normalise(text: str) -> str:
    """The number in what a reader read: spaces and dashes dropped, the number of a card's web address taken out of it.

    >>> normalise("https://bodka.example/c/2100-0000-0017")
    '210000000017'
    """
    text = text.strip()
    if web := _WEB_CARD.fullmatch(text):
        text = web[1]
    return _SEPARATORS.sub("", text)


def uid_number(uid: str) -> str:
    """The number that stands for a UID; "#" keeps it apart from printed numbers. Raises ValueError if it is no hex UID."""
    if not _UID.fullmatch(uid):
        raise ValueError("a UID is 4 to 10 bytes in lower-case hex")
    return f"#{uid}"


def judge(number: str, schemes: tuple[Scheme, ...]) -> tuple[Verdict, str]:
    """What a normalised number is, and the number as the programme writes it (a UPC-A gets the EAN's leading zero back)."""
    candidates = [number]
    if len(number) == UPC_A_DIGITS and number.isdigit():
        candidates.append(f"0{number}")
    for candidate in candidates:
        if any(_belongs(candidate, scheme) for scheme in schemes):
            return Verdict.OURS, candidate
    if any(_resembles(candidate, scheme) for candidate in candidates for scheme in schemes):
        return Verdict.MISREAD, number
    return Verdict.STRANGER, number


def _belongs(number: str, scheme: Scheme) -> bool:
    return (
        _DIGITS.fullmatch(number) is not None
        and number.startswith(scheme.prefix)
        and len(number) == scheme.length
        and check_holds(number, scheme.check)
    )


def _resembles(number: str, scheme: Scheme) -> bool:
    """A right prefix is what tells a misread from a stranger; without a prefix, or for a plain range, nothing resembles."""
    if not scheme.prefix or not number.startswith(scheme.prefix):
        return False
    return _DIGITS.fullmatch(number) is not None and scheme.check is not Check.NONE and len(number) <= scheme.length


def check_holds(number: str, check: Check) -> bool:
    """Whether the check digits of a number of digits are right."""
    match check:
        case Check.NONE:
            return True
        case Check.LUHN:
            return _luhn_sum(number) % 10 == 0
        case Check.EAN13:
            return len(number) == EAN13_DIGITS and _ean_sum(number) % 10 == 0
        case Check.MOD97:  # pragma: no branch
            return int(number) % 97 == 1


def with_check(number: str, check: Check) -> str:
    """The number with its check digits added.

    >>> with_check("210000000001", Check.EAN13)
    '2100000000012'
    """
    match check:
        case Check.NONE:
            return number
        case Check.LUHN:
            return number + str(-_luhn_sum(number + "0") % 10)
        case Check.EAN13:
            return number + str(-_ean_sum(number + "0") % 10)
        case Check.MOD97:  # pragma: no branch
            return f"{number}{98 - int(number) * 100 % 97:02d}"


def _luhn_sum(number: str) -> int:
    """Every second digit from the right is doubled, and its own digits added."""
    doubled = [2 * int(digit) for digit in number[-2::-2]]
    return sum(int(digit) for digit in number[::-2]) + sum(value - 9 if value > 9 else value for value in doubled)


def _ean_sum(number: str) -> int:
    """Weights 1 and 3 by turns, the last digit weighing 1."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(number)))
