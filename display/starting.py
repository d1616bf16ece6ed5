"""The page of a terminal that starts. `display.layout` has it too, and takes ten times as long to load."""

from __future__ import annotations

from display.draft import MIDDLE, Draft, Rank, Wish
from display.fitting import fitted
from display.glass import USUAL, Glass
from display.page import Page
from display.words import Words, speak


def draft(_screen: object, words: Words) -> Draft:
    """[Chvíľku…]"""
    return Draft((Wish(words.say("One moment…"), MIDDLE, Rank.HEAD),))


def starting(language: str, glass: Glass = USUAL) -> Page:
    """What `lay_out` makes of `Starting`.

    Raises `display.words.TextsMissing` for a language without texts.
    """
    return fitted(draft(None, speak(language)), glass)
