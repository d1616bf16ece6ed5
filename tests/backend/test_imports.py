"""A terminal's file at the cloud: taken in whole or not at all, once however often it is brought."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend import fleet_tables, imports, ledger_tables
from backend.commands import main
from backend.imports import Imported
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import House
from emulators.terminal_peer import Peer
from loyalty.entry import Cause, Posting
from sync import messages, parcel
from sync.parcel import Label

ANNA = b"anna" * 4


@pytest.fixture
def peer(house: House, client: AsgiClient) -> Peer:
    peer = Peer(client, "http://cloud")
    assert peer.pair(house.code()).status_code == 200
    for _ in range(6):
        peer.chain.write(Cause.AWARD, ANNA, Posting("points", 100))
    return peer


def packed(folder: Path, peer: Peer, *places: tuple[int, int], key: Ed25519PrivateKey | None = None) -> Path:
    """A parcel of the peer's lines from .. to .., one push each."""
    pushes = [peer.chain.push(first, last) for first, last in places]
    label = Label(peer.chain.identity, sum(len(push.lines) for push in pushes))
    parcel.write(folder / "entries", label, pushes, (key or peer.key).sign)
    return folder / "entries"


def bring(house: House, path: Path) -> Imported:
    return imports.take_in(house.database, path, house.time, house.chance.randbytes)


def balance(house: House) -> list[int]:
    with house.engine.connect() as connection:
        p = ledger_tables.purse.c
        return list(connection.execute(sa.select(p.earned - p.spent)).scalars())


def alarms(house: House) -> int:
    with house.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(fleet_tables.alarm)).scalar_one())


def test_a_file_is_taken_in_once_however_often_it_comes(house: House, peer: Peer, tmp_path: Path) -> None:
    path = packed(tmp_path, peer, (1, 4), (5, 6))
    assert bring(house, path) == Imported(peer.chain.identity, 6, 6, "")
    assert bring(house, path) == Imported(peer.chain.identity, 6, 0, "")
    assert (balance(house), alarms(house)) == ([600], 0)


def test_what_had_arrived_before_or_comes_after_is_not_counted_twice(house: House, peer: Peer, tmp_path: Path) -> None:
    path = packed(tmp_path, peer, (1, 4), (5, 6))
    peer.send(messages.PUSH_PATH, peer.chain.push(1, 3))
    assert bring(house, path).fresh == 3
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 100))
    assert peer.send(messages.PUSH_PATH, peer.chain.push(4)).status_code == 200
    assert bring(house, path).fresh == 0
    assert (balance(house), alarms(house)) == ([700], 0)


def test_a_file_that_was_changed_or_sealed_by_somebody_else_changes_nothing(house: House, peer: Peer, tmp_path: Path) -> None:
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(parcel.AlteredParcel):
        bring(house, packed(tmp_path, peer, (1, 6), key=stranger))
    path = packed(tmp_path, peer, (1, 4), (5, 6))
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"sequence":6', b'"sequence":7'))
    with pytest.raises(parcel.AlteredParcel):
        bring(house, path)
    path.write_bytes(whole[:-10])
    with pytest.raises(parcel.TornParcel, match="nothing of it was taken"):
        bring(house, path)
    peer.chain.identity = uuid4()
    with pytest.raises(imports.UnknownTerminal):
        bring(house, packed(tmp_path, peer, (1, 6)))
    assert balance(house) == []


def test_the_clouds_own_identity_exports_nothing(house: House, peer: Peer, tmp_path: Path) -> None:
    with house.engine.connect() as connection:
        i = fleet_tables.identity.c
        peer.chain.identity = connection.execute(sa.select(i.id).where(i.public_key.is_(None))).scalar_one()
    with pytest.raises(imports.UnknownTerminal):
        bring(house, packed(tmp_path, peer, (1, 6)))


def test_a_gap_is_said(house: House, peer: Peer, tmp_path: Path) -> None:
    with pytest.raises(imports.LinesMissing, match="up to 0, and the file goes on at 3"):
        bring(house, packed(tmp_path, peer, (3, 6)))
    assert balance(house) == []


def test_another_terminals_lines_under_the_same_numbers_are_an_alarm(house: House, peer: Peer, tmp_path: Path) -> None:
    copy = peer.chain.copy()
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 1))
    peer.send(messages.PUSH_PATH, peer.chain.push())
    peer.chain = copy
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 2))
    with pytest.raises(imports.OtherLines, match="alarms"):
        bring(house, packed(tmp_path, peer, (1, 7)))
    assert (balance(house), alarms(house)) == ([601], 1)


def test_a_line_that_cannot_be_read_is_stored_and_said(house: House, peer: Peer, tmp_path: Path) -> None:
    peer.chain.append(b"of another version", b"{}")
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 100))
    found = bring(house, packed(tmp_path, peer, (1, 8)))
    assert (found.fresh, "line 7" in found.trouble) == (8, True)
    assert balance(house) == [600]


def test_the_command_says_what_came_of_it(house: House, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cloud.sqlite'}"
    (tmp_path / "photo").write_bytes(os.urandom(100))
    assert CliRunner().invoke(main, ["--database", url, "sample"]).exit_code == 0
    done = CliRunner().invoke(main, ["--database", url, "import", str(tmp_path / "photo")])
    assert (done.exit_code, "photo: this file is no parcel" in done.output) == (1, True)
