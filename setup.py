"""All metadata is in setup.cfg; this compiles the texts of the screen and of the counter page (.po to .mo) into the package.

A text that is missing in a language, empty or marked fuzzy stops the build: nobody at a counter shall read English by mistake.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.errors import SetupError

DATE = datetime(2000, 1, 1, tzinfo=UTC)
"""Babel would write down the minute of the build: two builds of one commit are the same bytes."""

CATALOGUES = ("display/locale", "terminal/counter/locale")


class BuildWithTexts(build_py):
    """Compiles each catalogue into the build folder, so that no compiled file lies in the repository."""

    def run(self) -> None:
        super().run()
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for source in sorted(source for folder in CATALOGUES for source in Path(folder).glob("*/LC_MESSAGES/*.po")):
            with (source.parents[2] / source.with_suffix(".pot").name).open("rb") as text:
                wanted = [message.id for message in read_po(text) if message.id]
            target = Path(self.build_lib) / source.with_suffix(".mo")
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as text:
                catalogue = read_po(text)
            if untranslated := [text for text in wanted if not _is_translated(catalogue.get(text))]:
                raise SetupError(f"{source}: no words for {untranslated}. Write them (scripts/texts finds what is new).")
            catalogue.creation_date = catalogue.revision_date = DATE
            with target.open("wb") as compiled:
                write_mo(compiled, catalogue)


def _is_translated(message: Any) -> bool:
    """Whether it has words, in each of its forms."""
    if message is None or message.fuzzy:
        return False
    return all((message.string,) if isinstance(message.string, str) else message.string)


setup(cmdclass={"build_py": BuildWithTexts})
