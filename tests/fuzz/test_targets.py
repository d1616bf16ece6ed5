"""Each target of the fuzzer takes any bytes, and what a fuzzer found once: so that none of them rots between its runs."""

from __future__ import annotations

import importlib

import pytest
from fuzz.targets import TARGETS
from hypothesis import given, settings
from hypothesis import strategies as st

TELLING = (*range(20), 0x21, 0x54, 0x55, 0x61, 0x6A, 0x6C, 0x80, 0x82, 0x90, 0xD1, 0xE1, 0xFE, 0xFF)
"""Bytes that mean something to one parser or another: small lengths, tags, status bytes, heads."""

INPUTS = st.binary(max_size=200) | st.lists(st.sampled_from(TELLING), min_size=1, max_size=60).map(bytes)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=300)
@given(INPUTS)
def test_a_target_takes_any_bytes(name: str, data: bytes) -> None:
    importlib.import_module(f"fuzz.{name}").one_input(data)


@pytest.mark.parametrize("name", TARGETS)
def test_the_modules_that_guide_the_fuzzer_are_there(name: str) -> None:
    assert all(importlib.import_module(module) for module in TARGETS[name])
