"""All metadata is in setup.cfg; this compiles the texts of the screen and of the counter page (.po to .mo) into the package."""

from datetime import UTC, datetime
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

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
            target = Path(self.build_lib) / source.with_suffix(".mo")
            target.parent.mkdir(parents=True, exist_ok=True)
            with source.open("rb") as text:
                catalogue = read_po(text)
            catalogue.creation_date = catalogue.revision_date = DATE
            with target.open("wb") as compiled:
                write_mo(compiled, catalogue)


setup(cmdclass={"build_py": BuildWithTexts})
