"""Numbers as readers read them: any text, against ranges of each kind."""

from __future__ import annotations

from loyalty.numbers import Check, Scheme, Verdict, judge, normalise, uid_number
from loyalty.rfid import FobReader, Writing, fob_uid

SCHEMES = (
    Scheme("2100", 13, Check.EAN13),
    Scheme("21", 8, Check.EAN8),
    Scheme("0", 12, Check.UPC_A),
    Scheme("777", 10, Check.LUHN),
    Scheme("", 18, Check.MOD97),
    Scheme.span("100001", "104999"),
)
READERS = tuple(FobReader(writing, turned) for writing in Writing for turned in (False, True))


def one_input(data: bytes) -> None:
    """The bytes are the text."""
    text = data.decode("utf-8", "surrogateescape")
    number = normalise(text)
    verdict, kept = judge(number, SCHEMES)
    if verdict is Verdict.OURS:
        assert any(scheme.holds(kept) for scheme in SCHEMES)
    if verdict is not Verdict.MISREAD:
        assert judge(kept, SCHEMES) == (verdict, kept), "what is kept of a number is itself"
    for reader in READERS:
        uid = fob_uid(text, reader)
        assert uid is None or uid_number(uid) == f"#{uid}"
