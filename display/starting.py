"""The page of a terminal that starts. Made without `display.layout`, which takes three times as long to load as to draw it."""

from __future__ import annotations

from display.glass import USUAL, Glass
from display.letters import columns
from display.page import Page, Text
from display.words import msgid, speak

_WORDS = msgid("One moment…")


def starting(language: str, glass: Glass = USUAL) -> Page:
    """[Chvíľku…]

    Raises `display.words.TextsMissing` for a language without texts.
    """
    words = speak(language).word(_WORDS)
    return Page((Text(words, 16 if len(words) <= columns(16, glass.width) else 12),), glass=glass)
