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
    EAN8 = "ean8"
    UPC_A = "upca"
    MOD97 = "mod97"


EAN_DIGITS = {Check.EAN13: 13, Check.UPC_A: 12, Check.EAN8: 8}


class Verdict(Enum):
    """What a number is to a programme."""

    OURS = "ours"
    MISREAD = "misread"
    """It is nearly one of ours: worth another try."""
    GOODS = "goods"
    """A label of weighed goods, printed in the shop: no card at all."""
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Scheme:
    """A range of numbers: those of `length` digits that begin with `prefix` and whose check digits are right.

    With `first` and `last`, only those from the one to the other (check digits included), as `Scheme.span` makes it.
    """

    prefix: str
    length: int
    check: Check = Check.NONE
    first: str = ""
    last: str = ""

    def __post_init__(self) -> None:
        if not (self.prefix.isascii() and self.prefix.isdigit()) and self.prefix:
            raise ValueError(f'a prefix is digits, "{self.prefix}" is not')
        if not 5 <= self.length <= 32:
            raise ValueError(f"a card number has 5 to 32 digits, not {self.length}")
        if len(self.prefix) >= self.length and not self.first:
            raise ValueError(f'the prefix "{self.prefix}" leaves no room in {self.length} digits')
        if self.check in EAN_DIGITS and self.length != EAN_DIGITS[self.check]:
            raise ValueError(f"{self.check.value} has {EAN_DIGITS[self.check]} digits, not {self.length}")

    @classmethod
    def span(cls, first: str, last: str, check: Check = Check.NONE) -> Scheme:
        """The numbers from the first to the last, both among them; raises ValueError.

        >>> Scheme.span("100000", "104999").prefix
        '10'
        """
        if not (_DIGITS.fullmatch(first) and _DIGITS.fullmatch(last)) or len(first) != len(last) or first > last:
            raise ValueError(f'"{first}" to "{last}" is no range: write two numbers of as many digits, the smaller one first')
        common = next((n for n, (a, b) in enumerate(zip(first, last, strict=True)) if a != b), len(first))
        return cls(first[:common], len(first), check, first, last)

    def holds(self, number: str) -> bool:
        """Whether a number is in the range, check digits and all."""
        return (
            _DIGITS.fullmatch(number) is not None
            and number.startswith(self.prefix)
            and len(number) == self.length
            and (not self.first or self.first <= number <= self.last)
            and check_holds(number, self.check)
        )


_WEB_CARD = re.compile(r"https?://[^/\s]+/c/([0-9A-Za-z -]{1,64})/?(?:[?#].*)?", re.ASCII)
_SEPARATORS = re.compile(r"[ -]")
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_UID = re.compile(r"(?:[0-9a-f]{2}){4,10}", re.ASCII)


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
    """What a normalised number is, and how it is written.

    The zeros in front of an EAN come and go with the scanner's settings: one of ours is written as the programme writes it, a
    stranger's as EAN-13 or EAN-8.
    """
    forms = _forms(number)
    for form in forms:
        if any(scheme.holds(form) for scheme in schemes):
            return Verdict.OURS, form
    if any(_resembles(number, scheme) for scheme in schemes):
        return Verdict.MISREAD, number
    return (Verdict.GOODS if _is_weighed(forms[0]) else Verdict.STRANGER), forms[0]


def _forms(number: str) -> tuple[str, ...]:
    """A number in each way in which scanners write it, the one to keep first (GS1 General Specifications section 3.3.2).

    An EAN-13 whose first digit is 0 is a UPC-A of 12 digits; an EAN-8 may be filled up with zeros to 13; any may come as a
    GTIN of 14 digits. What has no EAN's check digit has one form only.
    """
    if not _is_ean(number):
        return (number,)
    digits = number.lstrip("0")
    kept = EAN_DIGITS[Check.EAN8] if len(digits) <= EAN_DIGITS[Check.EAN8] else EAN_DIGITS[Check.EAN13]
    return digits.zfill(kept), *(digits.zfill(length) for length in _GTIN_LENGTHS if length >= len(digits))


def _is_ean(number: str) -> bool:
    return len(number) in _GTIN_LENGTHS and _DIGITS.fullmatch(number) is not None and _ean_sum(number) % 10 == 0


_GTIN_LENGTHS = (8, 12, 13, 14)


def _is_weighed(number: str) -> bool:
    """An EAN-13 for use within a shop, where goods are weighed and the label holds a weight or a price (GS1 General
    Specifications section 2.1.12 and 1.4.5: prefixes 02 and 20 to 29)."""
    return len(number) == EAN_DIGITS[Check.EAN13] and number.startswith(("2", "02")) and _is_ean(number)


def _resembles(number: str, scheme: Scheme) -> bool:
    """Whether a number may be one of the range that was misread; without a prefix or a check digit, nothing resembles.

    - With a right EAN check digit it was read well, whoever's it is, where our own numbers are not EANs of that length.
    - Right prefix, too short: an end was lost. Right prefix and length: a digit is wrong.
    - One digit of the prefix wrong, right length, wrong check digits: so too.
    - Two of ours on end: two scans were joined.
    """
    if not scheme.prefix or scheme.check is Check.NONE or _DIGITS.fullmatch(number) is None or _is_ean(number):
        return False
    if number.startswith(scheme.prefix):
        joined = len(number) == 2 * scheme.length and number[scheme.length :].startswith(scheme.prefix)
        beyond = scheme.first and len(number) == scheme.length and check_holds(number, scheme.check)
        return (len(number) <= scheme.length and not beyond) or joined
    wrong = sum(a != b for a, b in zip(number, scheme.prefix, strict=False))
    one_wrong = len(scheme.prefix) >= LONG_PREFIX and wrong == 1
    return one_wrong and len(number) == scheme.length and not check_holds(number, scheme.check)


LONG_PREFIX = 3
"""Digits of a prefix of which one may be wrong and the rest still tells whose number it was."""


def check_holds(number: str, check: Check) -> bool:
    """Whether the check digits of a number of digits are right."""
    match check:
        case Check.NONE:
            return True
        case Check.LUHN:
            return _luhn_sum(number) % 10 == 0
        case Check.EAN13 | Check.EAN8 | Check.UPC_A:
            return len(number) == EAN_DIGITS[check] and _ean_sum(number) % 10 == 0
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
        case Check.EAN13 | Check.EAN8 | Check.UPC_A:
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
