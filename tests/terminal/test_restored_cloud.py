"""The cloud's database is put back from a backup; staff pair the terminal again, as it says: nothing that it holds is lost."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import fleet_tables, ledger_tables
from backend.app import create_app
from backend.database import open_engine
from emulators.drafts import award, no_rows, spend
from emulators.paired import URL, Cloud, Terminal
from loyalty.entry import Moment, decode_entry
from sync import history, journal, mirror, renewal, salvage
from sync.refusals import NotEnough
from terminal import membership
from terminal.settings import Cloud as CloudSettings

EARLIER_BOOT = UUID(int=8)


class Story:
    """One terminal and its cloud, whose database can be copied and put back."""

    def __init__(self, folder: Path) -> None:
        self.file, self.backup = folder / "cloud.sqlite", folder / "backup.sqlite"
        self.cloud = Cloud(self.file)
        self.back_up()
        self.terminal = Terminal(self.cloud, folder / "one", self.cloud.code())

    def back_up(self) -> None:
        with closing(sqlite3.connect(self.file)) as now, closing(sqlite3.connect(self.backup)) as backup:
            now.backup(backup)

    def restore(self) -> None:
        self.cloud.engine.dispose()
        with closing(sqlite3.connect(self.backup)) as backup, closing(sqlite3.connect(self.file)) as now:
            backup.backup(now)
        self.cloud.engine = open_engine(f"sqlite:///{self.file}")
        self.cloud.transport = httpx.ASGITransport(
            create_app(self.cloud.engine, lambda: self.cloud.now, self.cloud.chance.randbytes)
        )
        self.terminal.reopen()

    def pair_again(self) -> None:
        code, old = self.cloud.code(), self.terminal.pairing
        self.terminal.close()
        again = membership.join_again(
            CloudSettings(url=URL), self.terminal.folder, old, code, "one", transport=self.cloud.transport
        )
        asyncio.run(again)
        self.terminal = Terminal(self.cloud, self.terminal.folder)

    def prune(self) -> None:
        one = self.terminal
        renewal.prune(one.journal, mirror.complete_through(one.mirror, one.journal), 2**60)

    def held(self) -> set[str]:
        """Ids of all that is in the journal."""
        return {str(decode_entry(row[0]).id) for row in self.terminal.journal.execute("SELECT body FROM lines")}

    def known(self) -> list[str]:
        with self.cloud.engine.begin() as connection:
            i, e = fleet_tables.identity.c, ledger_tables.entry.c
            terminals = sa.select(i.id).where(i.public_key.is_not(None))
            return [str(id) for id in connection.execute(sa.select(e.id).where(e.identity.in_(terminals))).scalars()]

    def sums(self) -> tuple[int, int]:
        """Of the balances, and of what is posted."""
        with self.cloud.engine.begin() as connection:
            p = ledger_tables.purse.c
            balances = connection.execute(sa.select(sa.func.sum(p.earned - p.spent))).scalar_one()
            return balances or 0, connection.execute(sa.select(sa.func.sum(ledger_tables.posting.c.posted))).scalar_one() or 0

    def close(self) -> None:
        self.terminal.close()
        self.cloud.engine.dispose()


def test_a_cloud_restored_from_before_the_pairing_gets_everything_again(tmp_path: Path) -> None:
    story = Story(tmp_path)
    for _ in range(5):
        story.terminal.till.record(award(10))
    assert story.terminal.exchange().online
    story.restore()
    story.terminal.till.record(award(1))
    assert "Pair it anew" in story.terminal.exchange().trouble
    story.pair_again()
    assert story.terminal.exchange().online
    assert (len(story.known()), history.waiting(story.terminal.journal).count) == (6, 0)
    assert (story.sums(), story.terminal.points()) == ((51, 51), (51, 51))
    story.close()


def test_pairing_again_gives_back_what_a_restored_cloud_has_lost_of_a_terminal_that_it_knows(tmp_path: Path) -> None:
    """Nothing waits, so nothing but an empty push tells that the cloud stands behind what it had said that it has."""
    story = Story(tmp_path)
    story.terminal.till.record(award(10))
    story.terminal.exchange()
    story.back_up()
    story.terminal.till.record(award(5))
    story.terminal.exchange()
    story.restore()
    story.pair_again()
    story.terminal.exchange()
    assert (len(story.known()), story.sums()) == (2, (15, 15))
    story.close()


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_is_sent_again_is_dated_by_when_it_was_made(tmp_path: Path, forgotten: bool) -> None:
    """Or a month of purchases would fall on one day, above every daily limit. `forgotten`: the cloud knows no such pairing."""
    story = Story(tmp_path)
    if not forgotten:
        story.back_up()
    made = [story.cloud.now + minute * 60_000 for minute in (1, 2, 3)]
    for at in made:
        journal.record(
            story.terminal.journal, award(10), str(at), no_rows,
            moment=Moment(EARLIER_BOOT, at - story.cloud.now, at, trusted=True), shop="main", programme=1,
            random=story.cloud.chance.randbytes,
        )  # fmt: skip
    story.cloud.now += 3_600_000
    story.terminal.exchange()
    story.restore()
    if not forgotten:  # its key is another, so that nothing comes under the old name
        with story.cloud.engine.begin() as connection:
            connection.execute(
                sa.update(fleet_tables.identity)
                .where(fleet_tables.identity.c.id == story.terminal.pairing.identity)
                .values(public_key=bytes(32))
            )
    story.cloud.now += 30 * 24 * 3600 * 1000
    story.pair_again()
    story.terminal.exchange()
    with story.cloud.engine.begin() as connection:
        e = ledger_tables.entry.c
        assert list(connection.execute(sa.select(e.made_ms).order_by(e.sequence)).scalars()) == made
    story.close()


ACTS = st.sampled_from(["record", "record", "spend", "exchange", "exchange", "pair again", "prune", "back up"])


@settings(max_examples=30)
@given(acts=st.lists(ACTS, max_size=14))
def test_whatever_went_before_all_that_the_journal_holds_is_in_the_restored_cloud_once(acts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        story = Story(Path(folder))
        for act in [*acts, "restore", "record", "pair again", "exchange"]:
            if act == "record":
                story.terminal.till.record(award(10))
            elif act == "spend":
                try:
                    story.terminal.till.record(spend(3))
                except NotEnough:
                    continue
            elif act == "exchange":
                story.terminal.exchange()
            else:
                getattr(story, act.replace(" ", "_"))()
        assert story.terminal.courier.state.trouble == ""
        known = story.known()
        assert len(known) == len(set(known))
        assert story.held() <= set(known)
        assert history.waiting(story.terminal.journal).count == 0
        balance, posted = story.sums()
        assert balance == posted
        if balance:
            assert story.terminal.points()[0] == balance
        salvage.check(story.terminal.journal, whole=True)
        story.close()


@pytest.mark.parametrize("pruned", [False, True])
def test_a_journal_that_was_wrapped_whole_can_be_salvaged(tmp_path: Path, pruned: bool) -> None:
    """Its new identity begins before where the earlier ones did: their beginnings are none any more."""
    story = Story(tmp_path)
    story.terminal.till.record(award(10))
    story.terminal.till.record(award(10))
    story.terminal.exchange()
    story.pair_again()
    for _ in range(3):
        story.terminal.till.record(award(10))
    story.terminal.exchange()
    if pruned:
        story.prune()
    story.restore()
    story.pair_again()
    lines, place = story.held(), story.terminal.folder / "journal.db"
    story.terminal.close()
    found = salvage.salvage(place, "now")
    assert (found.kept, found.later, found.missing) == (len(lines), 0, ())
    story.terminal.journal = journal.open_journal(place)
    assert story.held() == lines
    story.terminal.mirror.close()
    story.close()
