"""The counter page's own words, in the terminal's language: gettext catalogues under `terminal/counter/locale`.

The panel's words are those of `display.words`; these stand around it. They are English in the code and are looked up as they
are; in `page/index.html` they stand in double braces, and `{{}}` is the language itself.
"""

from __future__ import annotations

import gettext
import html
import re
from functools import cache
from pathlib import Path

from display.words import TextsMissing, msgid

_LOCALE = Path(__file__).parent / "locale"

_MARKED = re.compile(r"\{\{(.*?)\}\}")

_DEVICES = {
    "scanner": msgid("Barcode scanner"),
    "nfc": msgid("NFC reader"),
    "chip": msgid("Chip reader"),
    "pad": msgid("Number pad"),
    "buttons": msgid("Buttons"),
    "signals": msgid("Lights and beeper"),
    "panel": msgid("Screen"),
    "staff panel": msgid("Staff’s screen"),
}


class PageWords:
    """The page's texts in one language. Made by `page_words`."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def say(self, text: str, **pieces: object) -> str:
        """`text` in this language, with what stands in its braces."""
        return self._catalogue.gettext(text).format(**pieces)

    def count(self, one: str, many: str, n: int) -> str:
        """In the plural form that `n` needs."""
        return self._catalogue.ngettext(one, many, n).format(n=n)

    def device(self, name: str) -> str:
        """What a device is called; its own name where it has no other."""
        return self.say(_DEVICES[name]) if name in _DEVICES else name

    def fill(self, page: str) -> str:
        """The page with every text in its place.

        >>> page_words("sk").fill('<b lang="{{}}">{{Cards}}</b>')
        '<b lang="sk">Karty</b>'
        """
        return _MARKED.sub(lambda found: html.escape(self._catalogue.gettext(found[1]) if found[1] else self.language), page)


@cache
def page_words(language: str) -> PageWords:
    """The texts of `language`, read once; raises `display.words.TextsMissing`."""
    try:
        return PageWords(language, gettext.translation("counter", _LOCALE, [language]))
    except FileNotFoundError:
        raise TextsMissing(language) from None


def marked(page: str) -> list[str]:
    """The texts that a page wants filled in, as they are looked up."""
    return [text for text in _MARKED.findall(page) if text]
