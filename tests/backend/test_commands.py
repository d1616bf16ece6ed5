"""`bodka-cloud` as a person runs it: on a file, the server as its own process."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from backend.commands import main
from emulators.terminal_peer import Peer
from loyalty.entry import Cause, Posting
from loyalty.tokens import TokenKey, TokenKind, token
from sync import messages
from sync.pairing_messages import Paired

CLOUD = [sys.executable, "-c", "from backend.commands import main; main()"]


class Shell:
    """A working folder with a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"BODKA_CLOUD_DATABASE": f"sqlite:///{folder / 'cloud.sqlite'}"}

    def run(self, *words: str, status: int = 0) -> str:
        done = CliRunner().invoke(main, words, env=self.environment)
        assert done.exit_code == status, done.output
        return done.output

    @contextmanager
    def serving(self) -> Iterator[str]:
        with subprocess.Popen(
            [*CLOUD, "serve", "--port", "0"],
            cwd=self.folder,
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                said = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", process.stdout.readline())
                assert said
                yield said[1]
            finally:
                process.terminate()
                process.wait(30)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_training_is_a_merchant_of_its_own(shell: Shell) -> None:
    shell.run("sample")
    assert "added Cvičná kaviareň" in shell.run("sample", "--training")
    assert "is there already" in shell.run("sample", "--training")
    codes = [shell.run("pairing-code", "--merchant", name).strip() for name in ("Kaviareň Bodka", "Cvičná kaviareň")]
    with shell.serving() as address, httpx.Client(timeout=30) as client:
        real, training = (msgspec.json.decode(Peer(client, address).pair(code).content, type=Paired) for code in codes)
    assert (real.training, training.training) == (False, True)
    assert real.network != training.network
    assert {key.secret for key in real.keys}.isdisjoint({key.secret for key in training.keys})


def test_a_morning_with_the_sample_cafe(shell: Shell) -> None:
    assert "added Kaviareň Bodka" in shell.run("sample")
    assert "is there already" in shell.run("sample")
    code = shell.run("pairing-code").strip()
    assert re.fullmatch(r"\d{4}-\d{4}-\d{4}", code)
    with shell.serving() as address, httpx.Client(timeout=30) as client:
        peer = Peer(client, address)
        paired = msgspec.json.decode(peer.pair(code).content, type=Paired)
        assert (paired.merchant_name, paired.shop_name, paired.training) == ("Kaviareň Bodka", "Hlavná 1", False)
        pulled = msgspec.json.decode(peer.send(messages.PULL_PATH, peer.chain.pull()).content, type=messages.Pulled)
        key = TokenKey(paired.keys[0].id, paired.keys[0].secret)
        card = token(key, TokenKind.CARD, "#04a1b2c3d4e5f6")
        jana = next(row.account for row in pulled.cards if row.token == card)
        held = {row.purse: (row.balance, row.granted) for row in pulled.purses if row.account == jana}
        assert held == {"points": (1_240_000, 1_240_000), "coffee": (7, 7)}
        assert [(row.name, row.level) for row in pulled.members if row.account == jana] == [("Jana K.", "gold")]
        assert {row.name for row in pulled.staff} == {"Eva", "Adam"}
        assert sum(row.status.value == "blocked" for row in pulled.cards) == 1
        programme = peer.send(messages.PROGRAMME_PATH, messages.Programme(peer.chain.identity, pulled.programme))
        assert "[programme]" in msgspec.json.decode(programme.content, type=messages.ProgrammeText).text
        entry = peer.chain.write(Cause.REDEEM, jana, Posting("points", -500_000, 500_000), token=card)
        assert peer.send(messages.PUSH_PATH, peer.chain.push()).status_code == 200
        peer.chain.append(b"of another version", b"{}")
        stopped = msgspec.json.decode(peer.send(messages.PUSH_PATH, peer.chain.push()).content, type=messages.Pushed)
        assert stopped.posted == 1
        assert "line 2" in stopped.trouble
        assert "everything is posted" in shell.run("void", str(peer.chain.identity))
        ledger = json.loads(shell.run("ledger", "--json"))
    said = shell.run("verify")
    assert f"{peer.chain.identity} 2 read, whole to 2\n" in said
    assert f"{peer.chain.identity} 0 read, whole to 2\n" in shell.run("verify")
    assert shell.run("verify", "--all", str(peer.chain.identity)) == f"{peer.chain.identity} 2 read, whole to 2\n"
    assert [(t["head"], t["posted"]) for t in ledger["terminals"]] == [(2, 2)]
    [mine] = [e for e in ledger["entries"] if e["identity"] == str(peer.chain.identity)]
    assert (mine["id"], mine["sequence"], mine["cause"], mine["account"]) == (str(entry.id), 1, "redeem", jana.hex())
    assert [(b["balance"], b["leased"]) for b in ledger["balances"] if b["account"] == jana.hex()] == [
        (7, 7),
        (740_000, 740_000),
    ]
    shell.run("write-off", str(peer.chain.identity))
    after = json.loads(shell.run("ledger", "--json"))
    assert {b["leased"] for b in after["balances"]} == {0}
    assert [t["standing"] for t in after["terminals"]] == ["written off"]
    assert "points -500000" in shell.run("ledger")


def test_a_changed_line_ends_the_verification_with_words(shell: Shell) -> None:
    shell.run("sample")
    with closing(sqlite3.connect(shell.folder / "cloud.sqlite")) as database, database:
        database.execute("UPDATE line SET body = x'7b7d' WHERE sequence = 2")
    said = shell.run("verify", status=1)
    assert "line 2 is not the one that was stored" in said
    assert "the portal lists it" in said


def test_an_owners_link_opens_the_portal(shell: Shell) -> None:
    shell.run("sample")
    link = shell.run("owner", "--email", "jana@example.com").strip()
    path = link.removeprefix("http://127.0.0.1:8700")
    with shell.serving() as address:
        assert httpx.get(address + path).status_code == 200
        assert httpx.get(address + "/health").text == "ok\n"


def test_mistakes_are_told_in_words(shell: Shell) -> None:
    shell.run("init")
    assert "bodka-cloud sample" in shell.run("pairing-code", status=1)
    shell.run("sample")
    assert "--shop" in shell.run("pairing-code", "--shop", "nowhere", status=1)
    assert "no such merchant" in shell.run("ledger", "--merchant", "nobody", status=1)
    assert "no terminal" in shell.run("write-off", str(UUID(int=5)), status=1)
    assert "no terminal" in shell.run("void", str(UUID(int=5)), status=1)
    assert "no terminal" in shell.run("verify", str(UUID(int=5)), status=1)
    assert "database address" in shell.run("--database", "nonsense", "init", status=2)


def test_a_person_is_forgotten_from_the_shell(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.run("sample")
    before = json.loads(shell.run("ledger", "--json"))["balances"]
    account = before[0]["account"]
    assert "32 digits" in shell.run("forget", "nonsense", status=2)
    assert "no account" in shell.run("forget", "00" * 16, status=1)
    assert "forgotten" in shell.run("forget", account)
    after = shell.run("ledger", "--json")
    assert account not in after
    assert sum(b["balance"] for b in json.loads(after)["balances"]) == sum(b["balance"] for b in before)
