"""What holds of every catalogue of texts: that of the panel, and that of the counter page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[1]

Text = str | tuple[str, ...]
Keywords = dict[str, tuple[int, ...]]
"""Which arguments of which calls are texts, as in scripts/texts."""


@dataclass(frozen=True)
class Catalogues:
    """Those of one package: a template, and one for each language."""

    package: str
    name: str
    keywords: Keywords
    same_in_english: frozenset[str] = frozenset()
    """Texts that are the same in another language by right."""

    @property
    def sources(self) -> Path:
        return ROOT / self.package

    @property
    def template(self) -> Catalog:
        return self._read(f"{self.name}.pot")

    def of(self, language: str) -> Catalog:
        return self._read(f"{language}/LC_MESSAGES/{self.name}.po")

    def _read(self, path: str) -> Catalog:
        with (self.sources / "locale" / path).open("rb") as file:
            return read_po(file)

    def in_python(self) -> set[Text]:
        """The texts of the package's modules."""
        found = extract_from_dir(self.sources, method_map=[("**.py", "python")], keywords=self.keywords)
        return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found}

    def looked_for_in_scripts_texts(self) -> bool:
        """Whether scripts/texts looks for the same calls."""
        script = (ROOT / "scripts" / "texts").read_text()
        (call,) = re.findall(rf"^bring_up_to_date {self.package} {self.name} (.*)$", script, re.MULTILINE)
        return dict(re.findall(r"-k (\w+):([\d,]+)", call)) == {
            name: ",".join(map(str, places)) for name, places in self.keywords.items()
        }

    def check_translated(self, language: str) -> None:
        """Every text has its words, with what stands in its braces, in every plural form; and they are not English."""
        words = self.of(language)
        assert texts_of(words) == texts_of(self.template), "run scripts/texts"
        forms, rule = get_plural(language)[:2]
        assert (words.num_plurals, words.plural_expr) == (forms, rule)
        for message in words:
            if not message.id:
                continue
            assert not message.fuzzy, message.id
            assert isinstance(message.id, str) or len(message.string) == forms
            assert all(strings(message.string)), f"no {language} words for {message.id!r}"
            for one in strings(message.string):
                assert fields(one) == fields(strings(message.id)[0]), message.id
        if language != "en":
            same = {message.id for message in words if message.id and message.id == message.string}
            assert same <= self.same_in_english


def strings(text: Text) -> tuple[str, ...]:
    """One text, or its plural forms."""
    return (text,) if isinstance(text, str) else tuple(text)


def texts_of(catalogue: Catalog) -> set[Text]:
    """What is looked up in it."""
    return {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue if message.id}


def fields(text: str) -> set[str]:
    """What stands in its braces."""
    return set(re.findall(r"{(\w+)}", text))
