"""Finds the texts in the counter page's own files for pybabel (its "Writing extraction methods"): scripts/texts calls it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO, Any

from terminal.counter.words import marked

Found = tuple[int, None, str, list[str]]
"""A line's number, which the catalogues leave out; no function; the text; no comments."""


def page(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    """What stands in double braces."""
    for text in marked(file.read().decode()):
        yield 1, None, text, []


def cards(file: IO[bytes], keywords: Any, comment_tags: Any, options: Any) -> Iterator[Found]:
    """What the cards of the tray are called."""
    for card in json.load(file):
        yield 1, None, card["name"], []
        yield 1, None, card["about"], []
