"""The report for whoever helps: secrets and card numbers are planted everywhere, and none is found in any layer of it."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import stat
import tarfile
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from emulators.drafts import Till, award
from sync import journal, mirror
from sync.keys import DEVICE_KEY, NEXT_KEY, load_or_make
from sync.pairing import Pairing, save
from sync.pairing_messages import KeyMessage
from terminal.commands import main
from terminal.scrubbing import HIDDEN, scrub

KEY = bytes(range(200, 232))
TOKEN_KEY = bytes(range(100, 132))
PASSWORD = "correct horse battery"
CARDS = ("2100000000012", "21 0000 0000 012", "2100-0000-0001-2", "4111 1111 1111 1111", "+421 905 123 456", "0905123456")
UIDS = ("04a1b2c3d4e5f6", "04:A1:B2:C3:D4:E5:F6", "04 A1 B2 C3", "deadbeef07")
CODES = ("1234-5678-9012", "BODKA)yZ-0123456789012345678901234567890", f"WIFI:T:WPA;S:shop;P:{PASSWORD};;")
SECRETS = (
    *(KEY.hex(), KEY.hex().upper(), base64.b64encode(KEY).decode(), base64.urlsafe_b64encode(KEY).decode()),
    *(TOKEN_KEY.hex(), base64.b64encode(TOKEN_KEY).decode().rstrip("=")),
    *CARDS,
    *UIDS,
    *CODES,
    base64.b64encode(KEY[7:] + KEY[:7]).decode(),  # a key that nobody here knows
    "jana@example.com",
)
IDENTITY = UUID("0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A terminal with secrets wherever a person or a program may have put one."""
    state = tmp_path / "state"
    state.mkdir()
    (state / DEVICE_KEY).write_bytes(KEY)
    (state / NEXT_KEY).write_bytes(KEY[::-1])
    load_or_make(state, os.urandom)
    save(
        state,
        Pairing("https://cloud.example", IDENTITY, IDENTITY, IDENTITY, "Shop", "main", "Main", (KeyMessage(1, TOKEN_KEY),)),
    )
    books = journal.open_journal(state / "journal.db")
    journal.begin(books, IDENTITY)
    Till(books, seed=1).record(award(5))
    mirror.open_mirror(state / "mirror.db", books).close()
    books.close()
    for number, secret in enumerate(SECRETS):
        (state / f"left {number} {secret.replace('/', '_')}").touch()
    path = tmp_path / "terminal.toml"
    lines = "\n".join(f"# {secret}" for secret in SECRETS)
    path.write_text(
        f'# password = "{PASSWORD}"\n{lines}\n'
        f'[cloud]\nurl = "https://jana:{PASSWORD.replace(" ", "%20")}@cloud.example"\n[terminal]\nstate = "{state}"\n'
    )
    return path


def planted_log(folder: Path) -> None:
    """A journalctl that says what systemd's would, had somebody logged what nobody may log."""
    lines = [
        {
            "__REALTIME_TIMESTAMP": "1764194400000000",
            "PRIORITY": "6",
            "SYSLOG_IDENTIFIER": "bodka-terminal",
            "MESSAGE": f"x {one} y",
        }
        for one in (*SECRETS, f"password={PASSWORD!r}", f'psk: "{PASSWORD}"')
    ]
    lines.append({**lines[0], "MESSAGE": list(f"bytes {CARDS[0]} of no text \xff".encode("latin-1"))})  # type: ignore[dict-item]
    lines.append({**lines[0], "MESSAGE": "recorded id=0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b at 2026-11-26T22:14:05Z in 12 ms"})
    program = folder / "journalctl"
    text = "\n".join(map(json.dumps, lines)) + "\nnot json\n"
    (folder / "lines").write_text(text)
    program.write_text(f"#!/bin/sh\ncat {folder / 'lines'}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def report(settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    planted_log(bin_folder)
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    file = tmp_path / "report.tar.gz"
    done = CliRunner().invoke(main, ["report", "--settings", str(settings), str(file)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return file


def streams(file: Path) -> dict[str, bytes]:
    """Every layer of the file: as it lies there, unpacked, and each part."""
    packed = file.read_bytes()
    whole = gzip.decompress(packed)
    found = {"packed": packed, "unpacked": whole}
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None
            found[member.name] = content.read()
    return found


def test_no_secret_and_no_card_number_is_in_it(settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = streams(report(settings, tmp_path, monkeypatch))
    assert len(found) == 8
    wanted = [*SECRETS, PASSWORD, PASSWORD.replace(" ", "%20"), KEY[::-1].hex()]
    for name, content in found.items():
        for secret in (*(one.encode() for one in wanted), KEY, KEY[::-1], TOKEN_KEY):
            assert secret.lower() not in content.lower(), (name, secret)
    digits = b"".join(content for name, content in found.items() if name not in ("packed", "unpacked"))
    for card in CARDS:
        bare = "".join(filter(str.isdigit, card)).encode()
        assert bare not in b"".join(digits.split()).replace(b"-", b""), card


def test_what_helps_is_in_it(settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        name.rpartition("/")[2]: content.decode()
        for name, content in streams(report(settings, tmp_path, monkeypatch)).items()
        if "/" in name
    }
    status = json.loads(found["status.json"])
    assert (status["identity"], status["recorded"], status["waiting"]) == (str(IDENTITY), 1, 1)
    assert "recorded id=0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b at 2026-11-26T22:14:05Z in 12 ms" in found["log.txt"]
    assert "a line that cannot be read" in found["log.txt"]
    assert "cloud.example" in found["terminal.toml"]
    assert "journal.db" in found["state.txt"]
    assert "model: " in found["machine.txt"]
    assert "version: " in found["about.txt"]


def test_the_log_may_come_from_somebody_else(settings: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    planted_log(folder)
    file = tmp_path / "report.tar.gz"
    given = (folder / "lines").read_bytes()
    words = ["report", "--settings", str(settings), "--log", "-", str(file)]
    assert CliRunner().invoke(main, words, input=given, catch_exceptions=False).exit_code == 0
    told = streams(file)["bodka-report/log.txt"].decode()
    assert "recorded id=" in told
    for secret in SECRETS:
        assert secret not in told


def test_a_broken_terminal_is_reported_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tmp_path / "terminal.toml"
    settings.write_text("nonsense =")
    found = streams(report(settings, tmp_path, monkeypatch))
    assert b"cannot be told" in found["bodka-report/state.txt"] or found["bodka-report/state.txt"]
    assert found["bodka-report/terminal.toml"] == b"nonsense ="


words = st.sampled_from(
    ["nfc", "lost:", "why=", '"', "'", " ", "\n", "(", ")", ",", "/", "at ", "=", "x", "2026-11-26T22:14:05Z"]
)


@given(st.lists(words, max_size=6), st.sampled_from([*CARDS, *UIDS[:3], *CODES]), st.lists(words, max_size=6))
def test_a_number_is_hidden_whatever_stands_around_it(before: list[str], number: str, after: list[str]) -> None:
    text = f"{''.join(before)} {number} {''.join(after)}"
    assert number not in scrub(text)


@given(st.binary(min_size=8, max_size=40), words, words)
def test_a_secret_that_is_known_is_hidden_in_every_form(secret: bytes, before: str, after: str) -> None:
    for form in (
        secret.hex(),
        secret.hex().upper(),
        base64.b64encode(secret).decode(),
        base64.urlsafe_b64encode(secret).decode(),
    ):
        assert form.rstrip("=") not in scrub(f"{before}{form}{after}", [secret])


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-26T22:14:05.123Z ready",
        "version 1.10.3, 48 °C, 15032 MB",
        f"terminal {IDENTITY}",
        "0 of 12 entries, 1440 minutes",
        "/dev/ttyUSB0 1a2c:2124",
    ],
)
def test_what_is_needed_stays(text: str) -> None:
    assert scrub(text) == text
    assert HIDDEN not in text
