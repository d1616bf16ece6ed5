"""Each target of the fuzzer takes any bytes, and what a fuzzer found once: so that none of them rots between its runs."""

from __future__ import annotations

import importlib

import pytest
from fuzz.targets import TARGETS
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("name", TARGETS)
@given(st.binary(max_size=200))
def test_a_target_takes_any_bytes(name: str, data: bytes) -> None:
    importlib.import_module(f"fuzz.{name}").one_input(data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_modules_that_guide_the_fuzzer_are_there(name: str) -> None:
    assert all(importlib.import_module(module) for module in TARGETS[name])
