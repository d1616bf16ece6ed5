"""Our words in the member's language: gettext catalogues under `display/locale`, one folder a language.

The texts in the code are English and are looked up as they are. Pieces that fill a text are in braces. Compiled catalogues
(`.mo`) are made when the package is built and are not in the repository.
"""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

from display.lines import Line, Piece, line_of

LANGUAGES = ("sk", "cs", "hu", "de", "pl", "en")
"""Those that have a catalogue, in the order of the staff menu; the first is the default."""

_LOCALE = Path(__file__).parent / "locale"


class TextsMissing(Exception):
    """There is no compiled catalogue for a language."""

    def __init__(self, language: str) -> None:
        super().__init__(
            f"There are no texts for the language {language!r}. Use one of: {', '.join(LANGUAGES)}. If it is one of them, its"
            " compiled catalogue is missing: install the package (pip install ., or scripts/environment in a checkout)."
        )


class Words:
    """The texts of one language. Made by `speak`."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def word(self, text: str) -> str:
        """`text` in this language."""
        return self._catalogue.gettext(text)

    def say(self, text: str, **pieces: Line | Piece | str | int) -> Line:
        """`text` in this language, filled; a `str` is a name, an `int` a number.

        >>> whole(speak("sk").say("Reward {number}/{count}", number=2, count=3))
        'Odmena 2/3'
        """
        return line_of(self._catalogue.gettext(text), **pieces)

    def count(self, one: str, many: str, n: int, /, **pieces: Line | Piece | str | int) -> Line:
        """As `say`, in the plural form that `n` needs; `{n}` in the text is `n` itself unless it is among the pieces."""
        return line_of(self._catalogue.ngettext(one, many, n), **{"n": n, **pieces})


@cache
def speak(language: str) -> Words:
    """The texts of `language`, read once.

    Raises `TextsMissing`.
    """
    try:
        return Words(language, gettext.translation("bodka", _LOCALE, [language]))
    except FileNotFoundError:
        raise TextsMissing(language) from None


def msgid(text: str) -> str:
    """Marks a text that is looked up later, so that it is found for the catalogues."""
    return text
