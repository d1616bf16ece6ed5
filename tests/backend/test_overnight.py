"""Over night: every terminal is lent its part, what is more is asked back; doing it again changes nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import fleet_tables, identities, ledger_tables, lines, merging, programmes, recalls
from backend.accept import accept
from backend.app import create_app
from backend.commands import main
from backend.doorbell import Doorbell
from backend.nightly import every_night, seconds_until, settle_all
from backend.overnight import OPEN_MS, Settled, overnight
from emulators.cloud_house import House, build_house, new_engine
from emulators.lending_programme import PROGRAMME
from emulators.terminal_peer import Chain
from loyalty.chain import Line
from loyalty.entry import Cause, Entry, Personal, Posting, Unreadable
from loyalty.purse import overnight_leases
from sync.messages import Recall

ANNA, BELA = b"anna" * 4, b"bela" * 4


class Night:
    """A merchant with two terminals, and what the night makes of their leases."""

    def __init__(self, house: House, share: str = "0.5") -> None:
        self.house = house
        with house.engine.begin() as connection:
            programmes.publish(connection, house.merchant, PROGRAMME.format(share=share), house.time())
            self.here, self.there = house.terminal(connection), house.terminal(connection)
        self.heard(self.here)
        self.heard(self.there)

    def heard(self, chain: Chain) -> None:
        with self.house.engine.begin() as connection:
            mine = fleet_tables.identity.c.id == chain.identity
            connection.execute(sa.update(fleet_tables.identity).where(mine).values(seen_ms=self.house.time()))

    def write(self, chain: Chain, cause: Cause, *postings: Posting, account: bytes = ANNA) -> None:
        chain.write(cause, account, *postings)
        with self.house.engine.begin() as connection:
            accept(connection, chain.identity, chain.push(len(chain.lines)), self.house.time(), self.house.chance.randbytes)

    def falls(self) -> Settled:
        return overnight(self.house.database.writing, self.house.merchant, self.house.time())

    def asked(self, chain: Chain) -> list[tuple[str, int]]:
        with self.house.engine.begin() as connection:
            found = recalls.open_to(connection, identities.find(connection, chain.identity), self.house.time())
        return sorted((recall.purse, recall.keep) for recall in found)

    def held(self, chain: Chain, purse: str = "points", account: bytes = ANNA) -> int:
        with self.house.engine.begin() as connection:
            leases = recalls.held(connection, self.house.merchant, [chain.identity], [account])
        return sum(lease.outstanding for lease in leases if lease.key.purse == purse)


def test_the_usual_terminal_keeps_its_share_and_the_other_is_lent_the_rest(house: House) -> None:
    night = Night(house)
    for _ in range(2):
        night.write(night.here, Cause.AWARD, Posting("points", 30))
    night.write(night.there, Cause.AWARD, Posting("points", 40))
    assert night.falls() == Settled(granted=0, recalled=1)
    assert (night.asked(night.here), night.asked(night.there)) == ([("points", 50)], [])
    night.write(night.here, Cause.GIVE_BACK, Posting("points", 0, 10))
    assert (night.held(night.here), night.held(night.there)) == (50, 50)
    assert night.falls() == Settled()


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 60)), min_size=1, max_size=8),
    st.sampled_from(["0", "0.5", "0.9", "1"]),
)
def test_a_few_nights_on_every_terminal_holds_its_part(awards: list[tuple[int, int]], share: str) -> None:
    house = build_house(new_engine())
    night = Night(house, share)
    with house.engine.begin() as connection:
        terminals = [night.here, night.there, house.terminal(connection)]
    night.heard(terminals[2])
    for number, points in awards:
        house.time.now += 1
        night.write(terminals[number], Cause.AWARD, Posting("points", points))
    visits = Counter(number for number, _ in awards)
    last = {number: at for at, (number, _) in enumerate(awards)}
    ordered = sorted(visits, key=lambda number: (visits[number], last[number]), reverse=True)
    whole = sum(points for _, points in awards)
    for _ in range(4):
        night.falls()
        for chain in terminals:
            for purse, keep in night.asked(chain):
                night.write(chain, Cause.GIVE_BACK, Posting(purse, 0, night.held(chain) - keep))
        assert sum(night.held(chain) for chain in terminals) <= whole
    assert night.falls() == Settled()
    lent = overnight_leases(whole, Fraction(share), [visits[number] for number in ordered])
    assert [night.held(terminals[number]) for number in ordered] == lent
    house.engine.dispose()


def test_the_usual_terminal_is_lent_what_it_lacks_as_others_give_back(house: House) -> None:
    night = Night(house, share="1")
    night.write(night.there, Cause.AWARD, Posting("points", 60))
    for _ in range(2):
        night.write(night.here, Cause.AWARD, Posting("points", 10))
    night.write(night.there, Cause.GIVE_BACK, Posting("points", 0, 15))
    assert night.falls() == Settled(granted=1, recalled=1)
    assert night.held(night.here) == 35
    night.write(night.there, Cause.GIVE_BACK, Posting("points", 0, 45))
    assert night.held(night.here) == 80
    assert night.falls() == Settled()


def test_old_wishes_are_forgotten(house: House) -> None:
    night = Night(house)
    night.write(night.here, Cause.AWARD, Posting("points", 10))
    night.falls()
    house.time.now += OPEN_MS
    night.falls()
    with house.engine.begin() as connection:
        assert connection.execute(sa.select(ledger_tables.recall)).all() == []


def test_a_recall_that_asks_the_same_is_written_anew_in_the_second_half_of_its_time_only(house: House) -> None:
    night = Night(house)
    night.write(night.here, Cause.AWARD, Posting("points", 10))
    night.falls()
    first = house.time()
    for passed, since in ((OPEN_MS // 2, first), (OPEN_MS // 2 + 1, first + OPEN_MS // 2 + 1)):
        house.time.now = first + passed
        night.falls()
        with house.engine.begin() as connection:
            assert connection.execute(sa.select(ledger_tables.recall.c.until_ms)).scalar_one() == since + OPEN_MS


def test_stamps_are_lent_in_whole_cards(house: House) -> None:
    night = Night(house)
    for _ in range(2):
        night.write(night.here, Cause.AWARD, Posting("coffee", 6))
    assert night.falls() == Settled(granted=0, recalled=1)
    assert night.asked(night.here) == [("coffee", 10)]


def test_of_two_equal_habits_the_later_one_counts(house: House) -> None:
    night = Night(house, share="1")
    night.write(night.here, Cause.AWARD, Posting("points", 10))
    house.time.now += 1000
    night.write(night.there, Cause.AWARD, Posting("points", 10))
    night.falls()
    assert (night.asked(night.here), night.asked(night.there)) == ([("points", 0)], [])


def test_a_terminal_that_was_not_heard_of_for_a_day_is_left_alone(house: House) -> None:
    night = Night(house)
    night.write(night.here, Cause.AWARD, Posting("points", 10))
    night.write(night.there, Cause.AWARD, Posting("points", 10), account=BELA)
    house.time.now += OPEN_MS
    night.heard(night.there)
    assert night.falls() == Settled(granted=0, recalled=1)
    assert night.asked(night.here) == []
    assert night.asked(night.there) == [("points", 5)]


def test_an_only_terminal_is_lent_everything(house: House) -> None:
    night = Night(house)
    night.write(night.there, Cause.AWARD, Posting("points", 10))
    night.write(night.there, Cause.GIVE_BACK, Posting("points", 0, 4))
    with house.engine.begin() as connection:
        identities.set_standing(connection, identities.find(connection, night.here.identity), identities.Standing.WRITTEN_OFF)
    assert night.falls() == Settled(granted=1, recalled=0)
    assert night.held(night.there) == 10


def test_more_accounts_than_one_transaction_takes(house: House) -> None:
    night = Night(house)
    for number in range(5):
        night.write(night.here, Cause.AWARD, Posting("points", 10), account=bytes([number]) * 16)
    assert overnight(house.database.writing, house.merchant, house.time(), at_once=2) == Settled(granted=0, recalled=5)
    assert night.asked(night.here) == [("points", 5)] * 5


def test_without_a_programme_or_terminals_nothing_happens(house: House) -> None:
    assert overnight(house.database.writing, house.merchant, house.time()) == Settled()


# The running cloud, and the shell.


@pytest.mark.parametrize(("now", "hours"), [((1, 59), 1), ((3, 0), 24), ((23, 0), 4)])
def test_the_hour_comes_once_a_day(now: tuple[int, int], hours: int) -> None:
    at = datetime(2026, 3, 1, *now).astimezone()
    wait = seconds_until(3, at)
    assert (at + timedelta(seconds=wait)).hour == 3
    assert hours * 3600 - 3600 < wait <= hours * 3600 + 60


def test_the_running_cloud_does_it_night_after_night(house: House) -> None:
    night, nights = Night(house), 0
    night.write(night.here, Cause.AWARD, Posting("points", 10))

    async def two_nights() -> None:
        over = asyncio.Event()

        async def until_night() -> None:
            nonlocal nights
            nights += 1
            if nights == 3:
                over.set()
                await asyncio.Event().wait()

        async with every_night(house.database, house.time, Doorbell(), until_night):
            await over.wait()

    asyncio.run(two_nights())
    assert night.asked(night.here) == [("points", 5)]


def test_a_night_that_failed_is_not_the_last(house: House) -> None:
    night, nights = Night(house), 0
    night.write(night.here, Cause.AWARD, Posting("points", 10))
    with house.engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE recall RENAME TO lost"))

    async def two_nights() -> None:
        over = asyncio.Event()

        async def until_night() -> None:
            nonlocal nights
            nights += 1
            if nights == 2:
                with house.engine.begin() as connection:
                    connection.execute(sa.text("ALTER TABLE lost RENAME TO recall"))
            if nights == 3:
                over.set()
                await asyncio.Event().wait()

        async with every_night(house.database, house.time, Doorbell(), until_night):
            await over.wait()

    asyncio.run(two_nights())
    assert night.asked(night.here) == [("points", 5)]


def test_with_a_merged_account_every_other_is_settled_once(house: House) -> None:
    """The account that it leads to is loaded with it, and has another usual terminal."""
    night = Night(house)
    night.write(night.here, Cause.AWARD, Posting("points", 30))
    night.write(night.here, Cause.AWARD, Posting("points", 50), account=BELA)
    for _ in range(3):
        night.write(night.there, Cause.AWARD, Posting("points", 10), account=BELA)
    with house.engine.begin() as connection:
        network = identities.find(connection, night.here.identity).network
        merging.merge(connection, network, ANNA, BELA, house.time(), house.chance.randbytes)
    night.falls()
    assert night.held(night.there, account=BELA) == 30
    assert night.held(night.here, account=BELA) == 50
    assert night.asked(night.here) == [("points", 15), ("points", 40)]


@pytest.mark.parametrize("when", ["start", "night"])
def test_what_an_older_cloud_could_not_read_is_posted_by_itself(
    house: House, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the cloud's next start, and by night: its terminal may be off for weeks."""
    night = Night(house)

    def older(line: Line) -> tuple[Entry, Personal]:
        raise Unreadable("an older version")

    with monkeypatch.context() as patch:
        patch.setattr(lines, "read", older)
        night.write(night.here, Cause.AWARD, Posting("points", 10))
    assert night.held(night.here) == 0

    async def start() -> None:
        app = create_app(house.engine, house.time)
        async with app.router.lifespan_context(app):
            pass

    if when == "start":
        asyncio.run(start())
    else:
        settle_all(house.database, house.time)
    assert night.held(night.here) == 10


def test_the_shell_says_what_it_did(tmp_path: object) -> None:
    address = f"sqlite:///{tmp_path}/cloud.sqlite"
    run = CliRunner()
    assert run.invoke(main, ["--database", address, "sample"]).exit_code == 0
    done = run.invoke(main, ["--database", address, "overnight"])
    assert done.exit_code == 0, done.output
    assert "0 leases raised, 0 asked back" in done.output


def test_recalls_go_out_newest_first(house: House) -> None:
    night = Night(house)
    for account in (ANNA, BELA):
        night.write(night.here, Cause.AWARD, Posting("points", 10), account=account)
        night.falls()
    with house.engine.begin() as connection:
        asked = recalls.open_to(connection, identities.find(connection, night.here.identity), house.time())
    assert [(type(one), one.account) for one in asked] == [(Recall, BELA), (Recall, ANNA)]
