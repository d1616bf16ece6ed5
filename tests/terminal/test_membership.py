"""Pairing, pairing again and leaving, on the command line, with the real cloud behind real TLS: no entry is left behind."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from damaged_file import spoil_where

from backend import fleet_tables, imports, ledger_tables, merchants
from backend import pairing as cloud_pairing
from backend.app import create_app
from backend.leases import write_off_terminal
from emulators import wire
from emulators.certificates import Authority
from emulators.cloud_house import NOW, House, build_house, new_engine
from emulators.drafts import Till, account, award, spend
from sync import history, journal, mirror, pairing, renewal, salvage
from sync.keys import DEVICE_KEY, NEXT_KEY
from sync.refusals import NotEnough
from sync.reserve import RESERVE
from terminal import membership, state_lock
from terminal.commands import main
from terminal.store import JOURNAL, Connections


class Shop:
    """A cloud with TLS, and a terminal's state folder and settings."""

    def __init__(self, house: House, authority: Authority, port: int, folder: Path) -> None:
        self.house, self.authority, self.port, self.folder = house, authority, port, folder
        self.state = folder / "state"
        (folder / "ca.pem").write_text(authority.pem)
        self.settings = folder / "terminal.toml"
        self.lead_to(port)

    def lead_to(self, port: int) -> None:
        self.settings.write_text(
            f'[cloud]\nurl = "https://127.0.0.1:{port}"\nauthority = "{self.folder}/ca.pem"\n'
            f'[terminal]\nstate = "{self.state}"\n'
        )

    def run(self, *words: str, status: int = 0) -> str:
        done = CliRunner().invoke(main, [words[0], "--settings", str(self.settings), *words[1:]])
        assert done.exit_code == status, (done.output, done.exception)
        return done.output

    def pair(self, code: str | None = None, status: int = 0) -> str:
        return self.run("pair", "--code", code or self.house.code(), status=status)

    @property
    def pairing(self) -> pairing.Pairing:
        found = pairing.load(self.state)
        assert found is not None
        return found

    def record(self, *amounts: int) -> None:
        """Awards, or spends where an amount is negative."""
        books = Connections.open(self.state, self.pairing.identity)
        till = Till(books.journal, seed=int.from_bytes(os.urandom(4), "big"), rows=mirror.rows(books.mirror, books.journal))
        for amount in amounts:
            till.record(award(amount) if amount > 0 else spend(-amount))
        books.close()

    def waiting(self) -> int:
        books = Connections.open(self.state, self.pairing.identity)
        count = history.waiting(books.journal).count
        books.close()
        return count

    def balance(self) -> int:
        with self.house.engine.connect() as connection:
            p = ledger_tables.purse.c
            mine = sa.select(sa.func.coalesce(sa.func.sum(p.earned - p.spent), 0)).where(p.account == account())
            return int(connection.execute(mine).scalar_one())

    def entries(self) -> int:
        with self.house.engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(ledger_tables.entry)).scalar_one())

    def alarms(self) -> list[str]:
        with self.house.engine.connect() as connection:
            return list(connection.execute(sa.select(fleet_tables.alarm.c.kind)).scalars())

    def bring(self, file: Path) -> int:
        return imports.take_in(self.house.database, file, self.house.time, self.house.chance.randbytes).fresh

    def send(self) -> None:
        """Pairing again sends what waits under the new identity only once the daemon runs: this is one round of it."""
        books = Connections.open(self.state, self.pairing.identity)
        asyncio.run(membership.drain(books, self.state, self.pairing, None))
        books.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    house, authority = build_house(new_engine()), Authority.named("ours")
    app = create_app(house.engine, house.time, house.chance.randbytes, authority=authority.pem)
    with wire.serving(app, authority.server(tmp_path)) as port:
        yield Shop(house, authority, port, tmp_path)
    house.engine.dispose()


def test_the_authority_of_the_pairing_is_kept(shop: Shop) -> None:
    assert "paired with Shop, Main" in shop.pair()
    assert shop.pairing.authority == shop.authority.pem


def test_a_cloud_that_names_a_wrong_authority_pairs_nobody(shop: Shop) -> None:
    """Or a slip in --ca-file would keep every new terminal away from its cloud."""
    wrong = create_app(shop.house.engine, shop.house.time, shop.house.chance.randbytes, authority=Authority.named("no").pem)
    code = shop.house.code()
    with wire.serving(wrong, shop.authority.server(shop.folder)) as port:
        shop.lead_to(port)
        assert "--ca-file" in shop.pair(code, status=1)
    assert pairing.load(shop.state) is None
    shop.lead_to(shop.port)
    shop.pair(code)


def test_pairing_again_keeps_the_queue_and_sends_it_under_the_old_name_first(shop: Shop) -> None:
    shop.pair()
    old = shop.pairing
    shop.record(10, 5, -3)
    assert str(old.identity) in shop.pair()
    new = shop.pairing
    assert (new.identity == old.identity, new.merchant == old.merchant) == (False, True)
    assert (shop.waiting(), shop.entries(), shop.balance()) == (0, 3, 12)
    assert not (shop.state / NEXT_KEY).exists()
    assert not (shop.state / pairing.NEXT_PAIRING_FILE).exists()
    shop.record(4)
    shop.send()
    assert (shop.waiting(), shop.entries(), shop.balance(), shop.alarms()) == (0, 4, 16, [])


def test_a_shop_of_one_terminal_may_spend_everything_after_pairing_again(shop: Shop) -> None:
    """Nobody needs to write anything off: the old identity's leases are free as soon as it is left."""
    shop.pair()
    shop.record(100)
    shop.send()
    shop.record(-10)
    old = shop.pairing.identity
    assert f"what {old} could spend is free" in shop.pair()
    with pytest.raises(NotEnough):  # not before the cloud has granted it to the new identity
        shop.record(-90)
    shop.send()
    shop.record(-90)
    shop.send()
    assert (shop.balance(), shop.alarms(), shop.waiting()) == (0, [], 0)


def test_a_cloud_that_is_gone_in_the_middle_of_pairing_again_frees_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old identity's leases stay until it is written off, as before: nothing is overdrawn by a message that was lost."""
    shop.pair()
    shop.record(100)
    shop.send()
    with monkeypatch.context() as patch:
        patch.setattr(membership, "LEAVE_PATH", "/no/such/address")
        assert "in the portal" in shop.pair()
    shop.send()
    with pytest.raises(NotEnough):
        shop.record(-90)
    assert shop.balance() == 100


def test_pairing_again_where_the_cloud_forgot_the_terminal_wraps_the_queue(shop: Shop) -> None:
    """The old identity is refused: what waits is sent again under the new one, with the same ids."""
    shop.pair()
    shop.record(10, 5)
    with shop.house.engine.begin() as connection:
        i = fleet_tables.identity.c
        connection.execute(sa.update(fleet_tables.identity).where(i.id == shop.pairing.identity).values(public_key=bytes(32)))
    shop.pair()
    assert (shop.waiting(), shop.entries()) == (2, 0)
    shop.send()
    assert (shop.waiting(), shop.entries(), shop.balance()) == (0, 2, 15)


def test_pairing_again_after_a_write_off_drains_first(shop: Shop) -> None:
    shop.pair()
    shop.record(10)
    with shop.house.engine.begin() as connection:
        write_off_terminal(connection, shop.pairing.identity, NOW)
    shop.pair()
    shop.record(2)
    shop.send()
    assert (shop.entries(), shop.balance()) == (2, 12)


def rival_code(house: House) -> str:
    with house.engine.begin() as connection:
        rival = merchants.open_merchant(connection, house.network, "Rival", "r", "R", NOW, house.chance.randbytes)
        return cloud_pairing.make_code(connection, rival.merchant, "r", NOW, house.chance.randbytes)


def test_another_merchants_code_changes_nothing_and_stays_good(shop: Shop) -> None:
    shop.pair()
    before = shop.pairing
    shop.record(10)
    code = rival_code(shop.house)
    assert "bodka-terminal unpair" in shop.pair(code, status=1)
    assert (shop.pairing, shop.waiting()) == (before, 1)
    assert "--export" in shop.run("unpair", status=1)
    assert (shop.pairing, shop.waiting()) == (before, 1)
    file = shop.folder / "stick"
    assert "1 entries are in" in shop.run("unpair", "--export", str(file))
    assert set(os.listdir(shop.state)) == {state_lock.LOCK_FILE}
    assert "paired with Rival, R" in shop.pair(code)
    assert (shop.bring(file), shop.bring(file), shop.balance()) == (1, 0, 10)


@pytest.mark.parametrize("crash", ["prepare", "renew", "settle"])
def test_a_crash_while_pairing_again_leaves_one_whole_pairing(shop: Shop, crash: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.pair()
    old = shop.pairing
    shop.record(10)
    shop.house.time.now += 1
    code = shop.house.code()

    class PowerCut(BaseException):
        pass

    place = renewal if crash == "renew" else pairing
    real = getattr(place, crash)
    calls: list[None] = []

    def cut(*arguments: object) -> object:
        calls.append(None)
        if crash != "settle" or len(calls) == 2:  # the first call settles the old one
            raise PowerCut
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(place, crash, cut)
        with pytest.raises(PowerCut):
            CliRunner().invoke(main, ["pair", "--settings", str(shop.settings), "--code", code], catch_exceptions=False)
    books = Connections.open(shop.state, old.identity)
    identity = journal.current(books.journal).identity
    books.close()
    settled = pairing.settle(shop.state, shop.pairing, identity)
    assert settled.identity == identity
    assert (identity == old.identity) is (crash != "settle")
    shop.record(5)
    shop.send()
    assert (shop.waiting(), shop.balance()) == (0, 15)
    shop.pair(code if crash != "settle" else None)
    assert shop.balance() == 15


def test_a_pairing_that_was_lost_does_not_lose_its_entries(shop: Shop) -> None:
    shop.pair()
    shop.record(10)
    (shop.state / pairing.PAIRING_FILE).unlink()
    assert "unpair --export" in shop.pair(status=1)
    file = shop.folder / "stick"
    shop.run("unpair", "--export", str(file))
    shop.pair()
    assert (shop.bring(file), shop.balance()) == (1, 10)


def test_what_a_restored_backup_recorded_leaves_with_the_file(shop: Shop) -> None:
    """The state folder is put back from an old copy, goes on, is found out, and the shop un-pairs it with a file."""
    shop.pair()
    shop.record(10)
    shop.send()
    shutil.copytree(shop.state, shop.folder / "backup")
    shop.record(20, -5)
    shop.send()
    shutil.rmtree(shop.state)
    shutil.copytree(shop.folder / "backup", shop.state)
    shop.record(400)
    shop.send()
    assert (shop.waiting(), shop.balance()) == (1, 25)
    assert "1 entries are in" in shop.run("unpair", "--export", str(shop.folder / "stick"))
    assert (shop.bring(shop.folder / "stick"), shop.bring(shop.folder / "stick"), shop.balance()) == (1, 0, 425)


def test_what_was_recorded_after_a_salvage_that_lost_the_end_leaves_with_the_file(shop: Shop) -> None:
    """The last page of the journal is torn: the cloud has more lines than the terminal, which goes on under their numbers."""
    shop.pair()
    shop.record(*[1] * 40)
    shop.send()
    place = shop.state / JOURNAL
    with closing(journal.open_journal(place)) as connection:
        last = journal.lines_after(connection, 39, 1)[0].body
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(place.read_bytes())
    page = content.index(last) // 4096 * 4096
    content[page : page + 4096] = os.urandom(4096)
    place.write_bytes(content)
    found = salvage.salvage(place, "now")
    assert found.kept < 40
    for later in shop.state.glob(f"{JOURNAL}.later-*"):
        later.unlink()
    shop.record(400)
    shop.run("unpair", "--export", str(shop.folder / "stick"))
    assert (shop.bring(shop.folder / "stick"), shop.bring(shop.folder / "stick"), shop.balance()) == (1, 0, 440)


def test_exporting_alone_keeps_everything(shop: Shop) -> None:
    assert "not paired" in shop.run("export", str(shop.folder / "stick"), status=1)
    shop.pair()
    shop.record(10, 5)
    assert "2 entries are in" in shop.run("export", str(shop.folder / "stick"))
    assert shop.waiting() == 2
    assert shop.bring(shop.folder / "stick") == 2
    shop.record(1)
    shop.send()
    assert (shop.waiting(), shop.balance(), shop.alarms()) == (0, 16, [])
    assert shop.bring(shop.folder / "stick") == 0
    assert (shop.balance(), shop.alarms()) == (16, [])


def test_un_pairing_with_an_empty_queue_needs_no_file(shop: Shop) -> None:
    shop.pair()
    shop.record(10)
    shop.send()
    for name in (f"{JOURNAL}.damaged-1", f"{JOURNAL}.damaged-1-wal", f"{JOURNAL}.readmitted-1", RESERVE):
        (shop.state / name).touch()
    assert "write the terminal off" in shop.run("unpair")
    assert set(os.listdir(shop.state)) == {state_lock.LOCK_FILE}
    assert "not paired" in shop.run("status", status=1)


def test_a_stick_that_cannot_be_written_un_pairs_nothing(shop: Shop) -> None:
    shop.pair()
    shop.record(10)
    shop.run("unpair", "--export", str(shop.folder / "no such folder" / "stick"), status=1)
    assert shop.waiting() == 1
    (shop.state / DEVICE_KEY).unlink()
    assert "sealed" in shop.run("unpair", "--export", str(shop.folder / "stick"), status=1)
    assert shop.waiting() == 1


def test_entries_saved_from_a_damaged_journal_are_not_deleted(shop: Shop) -> None:
    shop.pair()
    (shop.state / f"{JOURNAL}.later-1").write_bytes(b"")
    assert "pair again" in shop.run("unpair", status=1)
    assert pairing.load(shop.state) is not None


def test_entries_saved_from_a_damaged_journal_wait_and_are_in_no_parcel(shop: Shop) -> None:
    """They are in no chain yet, so a parcel cannot hold them; whoever asks hears of them."""
    shop.pair()
    shop.record(*[1] * 60)
    with closing(journal.open_journal(shop.state / JOURNAL)) as connection:
        body = journal.lines_after(connection, 29, 1)[0].body
    spoil_where(shop.state / JOURNAL, body)
    found = salvage.salvage(shop.state / JOURNAL, "now")
    assert found.later > 10
    assert shop.run("waiting") == f"{found.kept + found.later}\n"
    assert f"saved      {found.later} of them were saved from a damaged journal" in shop.run("status")
    assert f"{found.kept} entries are in" in shop.run("export", str(shop.folder / "stick"))
    assert "pair again" in shop.run("unpair", status=1)


def test_nothing_is_done_while_the_terminal_runs(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_lock, "BETWEEN_SECONDS", 0)
    shop.pair()
    with state_lock.hold(shop.state):
        for words in (("pair", "--code", "1"), ("unpair",), ("export", "x")):
            assert "stop it first" in shop.run(*words, status=1)
        assert state_lock.is_held(shop.state)
    assert not state_lock.is_held(shop.state)


def test_the_file_holds_the_identity_and_no_secret(shop: Shop) -> None:
    shop.pair()
    shop.record(10)
    shop.run("export", str(shop.folder / "stick"))
    content = (shop.folder / "stick").read_bytes()
    assert str(shop.pairing.identity).encode() in content
    for key in shop.pairing.keys:
        assert key.secret not in content
    assert isinstance(shop.pairing.identity, UUID)
    assert JOURNAL not in content.decode(errors="replace")
