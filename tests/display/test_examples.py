"""The examples in the docstrings are true."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from display import amounts, dates, device_names, layout, letters, lines, names, page, screens, words

NAMES = {
    name: value for module in (screens, words, lines, layout, dates) for name, value in vars(module).items() if name[0] != "_"
}


@pytest.mark.parametrize("module", [amounts, dates, device_names, layout, letters, lines, names, page, words])
def test_examples(module: ModuleType) -> None:
    results = doctest.testmod(module, extraglobs=NAMES)
    assert results.attempted
    assert not results.failed
