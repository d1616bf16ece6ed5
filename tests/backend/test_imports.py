"""A terminal's file at the cloud: taken in whole or not at all, once however often it is brought."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend import fleet, fleet_tables, imports, ledger_tables
from backend.app import create_app
from backend.commands import main
from backend.imports import Imported
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import NOW, House, build_house, new_engine
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


def test_entries_of_a_copy_are_taken_in_beside_the_other_ones(house: House, peer: Peer, tmp_path: Path) -> None:
    """A backup was restored on a terminal that then left with a file: what it recorded since is in no other place."""
    copy = peer.chain.copy()
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 1))
    peer.send(messages.PUSH_PATH, peer.chain.push())
    peer.chain = copy
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 2), at_ms=NOW + 5)
    house.time.now += 3 * fleet.DAY_MS
    path = packed(tmp_path, peer, (1, 4), (5, 7))
    found = bring(house, path)
    assert (found.entries, found.fresh, found.beside is not None) == (7, 1, True)
    assert (balance(house), alarms(house)) == ([603], 1)
    assert bring(house, path) == Imported(peer.chain.identity, 7, 0, "", found.beside)
    assert (balance(house), alarms(house)) == ([603], 1)
    with house.engine.connect() as connection:
        e = ledger_tables.entry.c
        assert connection.execute(sa.select(e.made_ms).where(e.identity == found.beside)).scalar_one() == NOW + 5
        there = {terminal.id: terminal for terminal in fleet.terminals(connection, house.merchant, house.time.now)}
    assert found.beside is not None
    assert (there[found.beside].device, there[found.beside].troubles) == ("test (from a file)", ())
    assert (there[peer.chain.identity].heir, dict(there[found.beside].leased)) == (found.beside, {})


def test_entries_behind_a_gap_that_nobody_can_fill_are_taken_in_where_a_person_says_so(
    house: House, peer: Peer, tmp_path: Path
) -> None:
    path = packed(tmp_path, peer, (3, 4), (5, 6))
    found = imports.take_in(house.database, path, house.time, house.chance.randbytes, despite_gap=True)
    assert (found.fresh, balance(house)) == (4, [400])
    peer.send(messages.PUSH_PATH, peer.chain.push())  # the terminal had them after all
    assert balance(house) == [600]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.data(),
    common=st.integers(0, 4),
    known=st.integers(0, 4),
    alone=st.lists(st.integers(1, 100), max_size=4),
    copied=st.lists(st.integers(-100, 100).filter(bool), min_size=1, max_size=6),
)
def test_whatever_copies_bring_each_entry_is_in_the_cloud_once(
    tmp_path: Path, data: st.DataObject, common: int, known: int, alone: list[int], copied: list[int]
) -> None:
    """Two copies of one terminal, each with lines of its own, and files of one of them: of some of its lines, of all, in any
    order and often, also of a copy of the copy; at last one gets a new identity, and sends again what it holds. What several
    hold counts once, and nothing stays leased to nobody.
    """
    house = build_house(new_engine())
    client = AsgiClient(create_app(house.engine, house.time, house.chance.randbytes))
    peer = Peer(client, "http://cloud")
    peer.pair(house.code())
    for _ in range(common):
        peer.chain.write(Cause.AWARD, ANNA, Posting("points", 1000))
    known = min(known, common)
    twin, original = peer.chain.copy(), peer.chain
    for amount in alone:
        original.write(Cause.AWARD, ANNA, Posting("points", amount))
    assert peer.send(messages.PUSH_PATH, original.push()).status_code == 200
    for amount in copied:
        cause, used = (Cause.AWARD, 0) if amount > 0 else (Cause.REDEEM, -amount)
        twin.write(cause, ANNA, Posting("points", amount, used))
    third = twin.copy()
    third.heads, third.lines = third.heads[: common + 2], third.lines[: common + 1]  # parted from the copy after its first line
    third.write(Cause.AWARD, ANNA, Posting("points", 7))
    all_of_it = (known + 1, common + len(copied))
    for chain, last in data.draw(
        st.permutations([(twin, all_of_it[1]), (twin, common + 1), (twin, all_of_it[1]), (third, common + 2)])
    ):
        peer.chain = chain
        middle = data.draw(st.integers(known, last))
        bring(house, packed(tmp_path, peer, (known + 1, middle), (middle + 1, last)))
    heir = Peer(client, "http://cloud")
    heir.pair(house.code())
    heir.chain = twin.wrap(heir.chain.identity, known)
    assert heir.send(messages.PUSH_PATH, heir.chain.push()).status_code == 200
    with house.engine.connect() as connection:
        total = connection.execute(sa.select(sa.func.sum(ledger_tables.posting.c.posted))).scalar_one()
        held = {terminal.id: terminal.leased for terminal in fleet.terminals(connection, house.merchant, NOW)}
    wanted = 1000 * common + sum(alone) + sum(copied) + 7
    assert (total, balance(house)) == (wanted, [wanted])
    assert all(not leased for identity, leased in held.items() if identity not in (original.identity, heir.chain.identity))
    house.engine.dispose()


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
