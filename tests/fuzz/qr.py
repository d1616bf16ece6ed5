"""QR payloads and barcodes: any text that a scanner types, to what the session is told of it."""

from __future__ import annotations

from pathlib import Path

from display.screens import Message
from drivers.events import CardSeen, Form, Medium, Trouble
from drivers.scan_text import Framing, unframe
from loyalty.programme import read
from loyalty.tokens import TOKEN_BYTES, TokenKey
from terminal.cards import identify, identify_typed, prove
from terminal.inputs import CardRefused, CardShown

PROGRAMME = read((Path(__file__).parents[2] / "config/programmes/cafe.toml").read_text("utf-8"))
KEYS = (TokenKey(1, bytes(range(32))),)
FRAMINGS = tuple(Framing(*around, medium) for around in (("", ""), ("#", ""), ("", "*")) for medium in Medium)
WORDS = (*"0123456789", *"-# *];/?&=", "https://", "bodka.example", "/c/", "?e=", "&c=", "21000000000", "]E0", "02", "é")

BY_CHANCE = 6
"""Shorter texts are in a token of 16 bytes by chance, if a fuzzer tries long enough."""


def one_input(data: bytes) -> None:
    """The first byte chooses how the scanner is set; the rest is the code in UTF-8, or in words that codes are made of."""
    if not data:
        return
    framing = FRAMINGS[data[0] % len(FRAMINGS)]
    words = "".join(WORDS[byte % len(WORDS)] for byte in data[1:])
    text = unframe(words if data[0] & 0x80 else data[1:].decode("utf-8", "replace"), framing)
    if isinstance(text, Trouble):
        return
    seen = CardSeen("scanner", framing.medium, Form.NUMBER, text, 0)
    signed = prove(seen, PROGRAMME, KEYS)
    assert signed is None or signed == CardRefused(Message.NOT_OUR_CARD, 0), "these keys sign nothing that could be guessed"
    check(text, identify(seen, PROGRAMME, KEYS))
    check(text, identify_typed(text, PROGRAMME, KEYS, 0))


def check(text: str, told: CardShown | CardRefused) -> None:
    """The session hears of tokens, never of the number."""
    assert isinstance(told, CardShown | CardRefused)
    if isinstance(told, CardShown):
        assert told.card.tokens
        assert all(len(token) == TOKEN_BYTES for token in told.card.tokens)
        number = text.encode("utf-8", "replace")
        assert len(number) < BY_CHANCE or not any(number in token for token in told.card.tokens)
