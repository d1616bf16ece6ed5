"""Entries in a file: what comes out is what went in, and nothing else comes out."""

from __future__ import annotations

import io
import os
import sqlite3
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulators.drafts import IDENTITY, Till, award
from sync import departure, journal, messages, parcel
from sync.keys import DEVICE_KEY, DeviceKey, load_or_make
from sync.messages import Push

KEY = DeviceKey(bytes(range(32)))


@pytest.fixture
def file(ledger: sqlite3.Connection, till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A parcel of seven entries in three pushes; two were accepted before."""
    monkeypatch.setattr(departure, "MAX_LINES", 3)
    for amount in range(1, 10):
        till.record(award(amount))
    line = journal.line_at(ledger, 2)
    assert line is not None
    journal.accept(ledger, messages.Head(2, journal.hash_at(ledger, journal.current(ledger), 2) or b""), 2)
    path = tmp_path / "stick" / "entries.bodka"
    path.parent.mkdir()
    assert departure.export(ledger, KEY, path, merchant=None, now_ms=5) == 7
    return path


def unpack(content: bytes) -> list[Push]:
    file = io.BytesIO(content)
    parcel.examine(file).check(KEY.public)
    return list(parcel.pushes(file))


def test_what_waits_comes_out_as_it_is(ledger: sqlite3.Connection, file: Path) -> None:
    found = unpack(file.read_bytes())
    assert [line for push in found for line in push.lines] == journal.lines_after(ledger, 2, 100)
    assert {(push.identity, push.head) for push in found} == {(IDENTITY, journal.head(ledger))}
    assert parcel.examine(io.BytesIO(file.read_bytes())).label == parcel.Label(IDENTITY, 7, None, 5)
    assert journal.current(ledger).accepted == 2
    assert file.stat().st_mode & 0o777 == 0o600
    assert os.listdir(file.parent) == [file.name]


def test_no_key_is_in_it(file: Path) -> None:
    assert KEY.seed not in file.read_bytes()
    assert msgspec.json.encode(KEY.seed)[1:-3] not in file.read_bytes()


@settings(max_examples=200, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_torn_or_altered_file_is_refused(file: Path, data: st.DataObject) -> None:
    whole = file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    if data.draw(st.booleans()):
        del changed[place:]
    else:
        changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((parcel.NoParcel, parcel.TornParcel, parcel.AlteredParcel)):
        unpack(bytes(changed))


def test_another_devices_file_is_refused(file: Path) -> None:
    with pytest.raises(parcel.AlteredParcel, match="export it again"):
        parcel.examine(io.BytesIO(file.read_bytes())).check(DeviceKey(bytes(32)).public)


def test_rows_of_another_order_are_refused(file: Path) -> None:
    label, first, second, *rest = file.read_bytes().splitlines(keepends=True)
    for rows in ([label, second, first, *rest], [label, first, *rest], [label, first, first, second, *rest]):
        with pytest.raises(parcel.AlteredParcel):
            unpack(b"".join(rows))


@pytest.mark.parametrize("content", [b"", b"\n", b"GIF89a", b"{}\n", b"[" * 100_000 + b"\n", b'{"identity": 5}\n'])
def test_another_kind_of_file_is_said(content: bytes) -> None:
    with pytest.raises((parcel.NoParcel, parcel.TornParcel), match=r"parcel|whole"):
        unpack(content)


def test_a_stick_that_is_full_leaves_the_earlier_file(
    ledger: sqlite3.Connection, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        departure.export(ledger, KEY, file, merchant=None, now_ms=6)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


def test_un_pairing_leaves_nothing(tmp_path: Path) -> None:
    load_or_make(tmp_path, os.urandom)
    assert (tmp_path / DEVICE_KEY).exists()
    for name in ("journal.db", "journal.db-wal", "mirror.db", "pairing.json", "pairing.json.next", "device.key.next"):
        (tmp_path / name).write_bytes(b"x")
    for _ in range(2):
        departure.unpair(tmp_path, "journal.db", "mirror.db")
        assert os.listdir(tmp_path) == []
