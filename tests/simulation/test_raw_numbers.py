"""A number is found wherever it stands: in a value, a log, a file, or as base64 in a message."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation import raw_numbers
from simulation.people import BLANK, JANA, PETER, STAFF, STRANGER, ZOLTAN

NUMBERS = [JANA, PETER, ZOLTAN, STRANGER, *BLANK, "421905123456", *(uid.removeprefix("#") for uid in STAFF)]


@pytest.fixture(autouse=True)
def _nothing_found() -> None:
    raw_numbers.FOUND.clear()


def found() -> bool:
    there = bool(raw_numbers.FOUND)
    raw_numbers.FOUND.clear()
    return there


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_found_in_values_logs_and_files(number: str, tmp_path: Path) -> None:
    raw_numbers.look_at_value(f"/{number}", "a statement")
    assert found()
    raw_numbers.look_at_value(number.encode(), "a statement")
    assert found()
    raw_numbers.look_at_log({"event": "a card", "card": {"number": number.upper()}})
    assert found()
    (tmp_path / "journal.db-wal").write_bytes(bytes(4096) + number.encode() + bytes(100))
    raw_numbers.look_at_files(tmp_path)
    assert found()


@pytest.mark.parametrize("uid", [uid.removeprefix("#") for uid in STAFF])
def test_a_uid_is_found_by_its_bytes(uid: str) -> None:
    raw_numbers.look_at_value(b"\0" + bytes.fromhex(uid), "a statement")
    assert found()


@given(st.binary(max_size=8), st.sampled_from(NUMBERS), st.binary(max_size=8))
def test_a_number_is_found_in_base64_wherever_it_begins(before: bytes, number: str, after: bytes) -> None:
    packed = base64.b64encode(before + number.encode() + after)
    raw_numbers.look_at_message(b'{"lines":["' + packed + b'"]}', "a message")
    assert found()


def test_tokens_and_times_are_no_numbers(tmp_path: Path) -> None:
    raw_numbers.look_at_value(bytes(range(16)), "a statement")
    raw_numbers.look_at_message(b'{"now_ms":1790000000000,"purse":"points"}', "a message")
    raw_numbers.look_at_log({"event": "recorded", "id": "01a0c450-6c00-7be5-af48-b76c94b267f0"})
    (tmp_path / "mirror.db").write_bytes(bytes(4096))
    raw_numbers.look_at_files(tmp_path)
    assert not found()
