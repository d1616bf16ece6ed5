"""The log in systemd's journal: what is sent is what a reader of the native protocol gets back."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal import journald


def fields(datagram: bytes) -> list[tuple[str, str]]:
    """Reads a datagram of the native protocol (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""
    found, at = [], 0
    while at < len(datagram):
        end = datagram.index(b"\n", at)
        name, plain, value = datagram[at:end].partition(b"=")
        at = end + 1
        if not plain:
            length = int.from_bytes(datagram[at : at + 8], "little")
            value = datagram[at + 8 : at + 8 + length]
            at += 8 + length + 1
            assert datagram[at - 1 : at] == b"\n"
        found.append((name.decode(), value.decode()))
    return found


@given(st.dictionaries(st.from_regex("[A-Z][A-Z0-9_]{0,20}", fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_any_text_comes_back(values: dict[str, str]) -> None:
    assert fields(journald.entry(values)) == list(values.items())


def test_an_event_has_its_level_its_fields_and_a_line_for_people() -> None:
    (datagram, line), _ = journald.render(
        None, "", {"level": "warning", "event": "device lost", "device": "nfc", "why": "a\nb"}
    )
    assert line == "device lost device=nfc why=a\\nb"
    assert fields(datagram) == [
        ("MESSAGE", line),
        ("PRIORITY", "4"),
        ("BODKA_EVENT", "device lost"),
        ("BODKA_DEVICE", "nfc"),
        ("BODKA_WHY", "a\nb"),
    ]


def test_a_stack_is_part_of_the_message() -> None:
    (datagram, line), _ = journald.render(None, "", {"level": "error", "event": "it failed", "exception": "Traceback\n  File"})
    assert line == "it failed\nTraceback\n  File"
    assert ("MESSAGE", line) in fields(datagram)


def test_an_entry_reaches_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as journal:
        journal.bind(os.fspath(path))
        with closing(journald.JournalLogger(path)) as log:
            log.info(journald.entry({"MESSAGE": "ready"}), "ready")
        assert fields(journal.recv(4096)) == [("SYSLOG_IDENTIFIER", "bodka-terminal"), ("MESSAGE", "ready")]


def test_a_journal_that_takes_nothing_loses_no_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(journald.JournalLogger(tmp_path / "nobody")) as log:
        log.error(b"", "it failed")
    assert capsys.readouterr().err == "it failed\n"


PROGRAM = """
import os, sys
stream = os.fstat(2)
os.environ["JOURNAL_STREAM"] = f"{stream.st_dev}:{stream.st_ino + int(sys.argv[1])}"
from terminal import journald, logs
import structlog
logs.configure("info")
print(journald.is_reading())
structlog.get_logger("startup").info("ready", shop="Hlavná 1")
"""


@pytest.mark.parametrize("other", [0, 1])
def test_the_journal_is_used_only_where_it_reads_standard_error(other: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(other)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{other == 0}\n"
    assert ("level=info event=ready" in done.stderr) == (other == 1)
