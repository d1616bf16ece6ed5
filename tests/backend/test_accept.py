"""Accepting and posting, case by case: what each line does to purses, and what is flagged."""

from __future__ import annotations

from functools import cache
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from backend import card_tables, fleet_tables, identities, ledger_tables, lines
from backend.accept import accept, void_next
from backend.alarms import Kind
from backend.changes import ask, pull
from backend.leases import write_off_terminal
from backend.pairing import renew
from backend.reports import alarms, balances, entries
from emulators.cloud_house import NOW, House, build_house, new_engine
from emulators.terminal_peer import BOOT, Chain
from loyalty.account import Status
from loyalty.chain import Head, Line
from loyalty.entry import Cause, Entry, Moment, Personal, Posting, TokenKind, Unreadable, encode
from sync.messages import Ask, Pull, Push, Pushed, Standing, Told
from sync.pairing_messages import Renew

ANNA = b"anna" * 4


class Counter:
    """A terminal and the cloud, and what tests ask of them."""

    def __init__(self, house: House, connection: sa.Connection) -> None:
        self.house, self.connection = house, connection
        self.chain = house.terminal(connection)

    def push(self, first: int = 1, last: int | None = None, chain: Chain | None = None) -> Pushed:
        chain = chain or self.chain
        return accept(self.connection, chain.identity, chain.push(first, last), NOW, self.house.chance.randbytes)

    def balance(self, purse: str = "points", account: bytes = ANNA) -> int:
        return next(p["balance"] for p in balances(self.connection, self.house.merchant)[account] if p["purse"] == purse)

    def kinds(self) -> list[str]:
        return [alarm["kind"] for alarm in reversed(alarms(self.connection, self.house.merchant, 1000))]


@pytest.fixture
def counter(house: House) -> Counter:
    connection = house.engine.connect()
    connection.begin()
    return Counter(house, connection)


def test_the_first_tap_of_an_unknown_card_opens_an_account(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 2_400))
    answer = counter.push()
    assert (answer.standing, answer.head, answer.posted, answer.trouble) == (Standing.GOOD, counter.chain.head, 1, "")
    pulled = pull(counter.connection, counter.chain.identity, counter.chain.pull(), NOW)
    assert [(row.token, row.account, row.status) for row in pulled.cards] == [(ANNA, ANNA, Status.ACTIVE)]
    assert [(row.account, row.purse, row.balance, row.granted) for row in pulled.purses] == [(ANNA, "points", 2_400, 2_400)]
    assert (pulled.through, pulled.hash, pulled.more) == (1, counter.chain.head.hash, False)
    assert pull(counter.connection, counter.chain.identity, counter.chain.pull(pulled.cursor), NOW).purses == ()


def test_an_issued_card_leads_to_its_account(counter: Counter) -> None:
    counter.chain.write(Cause.ISSUE, ANNA)
    counter.push()
    assert counter.connection.execute(sa.select(card_tables.card.c.account)).scalars().all() == [ANNA]
    assert counter.connection.execute(sa.select(ledger_tables.account.c.id)).scalars().all() == [ANNA]


def test_a_line_posts_to_the_account_it_names_and_two_accounts_of_a_card_are_listed(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 5), token=b"card")
    counter.chain.write(Cause.AWARD, b"other", Posting("points", 7), token=b"card")
    counter.push()
    assert (counter.balance(), counter.balance(account=b"other")) == (5, 7)
    assert counter.kinds() == [Kind.TWO_ACCOUNTS.name]
    assert counter.connection.execute(sa.select(card_tables.card.c.account)).scalars().all() == [ANNA]


@pytest.mark.parametrize("status", [Status.BLOCKED, Status.REPLACED])
def test_a_blocked_card_is_posted_and_flagged(counter: Counter, status: Status) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    counter.push()
    counter.connection.execute(sa.update(card_tables.card).values(status=status.value))
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 1))
    counter.push(2)
    assert counter.balance() == 6
    assert counter.kinds() == [Kind.CARD_NOT_ACTIVE.name]


def test_a_member_of_staff_is_no_customer(counter: Counter) -> None:
    entry = Entry(uuid4(), Cause.AWARD, Moment(BOOT, 1, NOW, trusted=True), "s", 1, (Posting("points", 1),))
    counter.chain.append(encode(entry), encode(Personal(ANNA, b"staff", TokenKind.STAFF)))
    counter.push()
    assert counter.connection.execute(sa.select(card_tables.card)).all() == []


def test_an_unreadable_line_is_stored_and_posting_waits_behind_it(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    counter.chain.append(b'{"of":"the future"}', encode(Personal(ANNA, ANNA)))
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 7))
    answer = counter.push()
    assert (answer.standing, answer.head, answer.posted) == (Standing.GOOD, counter.chain.head, 1)
    assert "line 2" in answer.trouble
    again = counter.push()
    assert (again.posted, counter.kinds()) == (1, [Kind.UNREADABLE.name])
    pulled = pull(counter.connection, counter.chain.identity, counter.chain.pull(), NOW)
    assert (pulled.through, pulled.hash, pulled.purses[0].balance) == (1, counter.chain.heads[1].hash, 5)
    assert void_next(counter.connection, counter.chain.identity, NOW, counter.house.chance.randbytes, by="jana") == ""
    assert (counter.push(4).posted, counter.balance()) == (3, 12)
    assert void_next(counter.connection, counter.chain.identity, NOW, counter.house.chance.randbytes, by="jana") == ""
    assert counter.balance() == 12


def test_a_renewal_that_is_asked_for_again_says_how_far_the_lines_have_come_by_now(counter: Counter) -> None:
    """The first answer was lost, and a line more has come since: it need not come twice."""

    def ask_again() -> tuple[UUID, int]:
        message = Renew(counter.chain.identity, counter.chain.head, b"k" * 32)
        renewed = renew(counter.connection, counter.chain.identity, message, NOW, counter.house.chance.randbytes)
        return renewed.identity, renewed.accepted

    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    counter.push()
    write_off_terminal(counter.connection, counter.chain.identity, NOW)
    first = ask_again()
    assert first[1] == 1
    assert ask_again() == first
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 2))
    counter.push(2)
    assert ask_again() == ask_again() == (first[0], 2)


def test_a_voided_line_is_not_shown_for_ever(counter: Counter) -> None:
    """The terminal counts its own lines behind the row that it has: so it needs a row that includes the voided one."""
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    later = b'{"id":"%s","cause":"of a later version","postings":[["points",3,0,""],["stamps",1,0,""]]}' % str(uuid4()).encode()
    counter.chain.append(later, encode(Personal(ANNA, ANNA)))
    counter.push()
    before = pull(counter.connection, counter.chain.identity, counter.chain.pull(), NOW)
    assert (before.through, [(row.purse, row.balance) for row in before.purses]) == (1, [("points", 5)])
    void_next(counter.connection, counter.chain.identity, NOW, counter.house.chance.randbytes, by="jana")
    pulled = pull(counter.connection, counter.chain.identity, counter.chain.pull(before.cursor), NOW)
    assert (pulled.through, [(row.purse, row.balance) for row in pulled.purses]) == (2, [("points", 5), ("stamps", 0)])


@pytest.mark.parametrize("whose", [b"no json", encode(Personal(b"", b"")), encode(Personal(b"a" * 65, b"a"))])
def test_a_voided_line_of_nobody_changes_nothing(counter: Counter, whose: bytes) -> None:
    counter.chain.append(b'{"postings":[["points",3,0,""],["%s",3,0,""]]}' % (b"p" * 300), whose)
    counter.push()
    assert void_next(counter.connection, counter.chain.identity, NOW, counter.house.chance.randbytes, by="jana") == ""
    assert pull(counter.connection, counter.chain.identity, counter.chain.pull(), NOW).purses == ()


def test_what_a_copy_says_of_its_boot_dates_no_line_of_the_original(counter: Counter) -> None:
    """The cloud is too old for the original's line; when it is not any more, a copy comes first, that runs since yesterday."""
    paired = sa.update(fleet_tables.identity).where(fleet_tables.identity.c.id == counter.chain.identity)
    counter.connection.execute(paired.values(made_ms=NOW - 1000 * 24 * 3_600_000))
    copied = counter.chain.copy()
    entry = counter.chain.write(Cause.AWARD, ANNA, Posting("points", 1), at_ms=NOW, trusted=False)
    with pytest.MonkeyPatch.context() as too_old:
        too_old.setattr(lines, "read", unreadable)
        assert counter.push().posted == 0
    copied.write(Cause.AWARD, ANNA, Posting("points", 7), at_ms=NOW, trusted=False)
    push = Push(copied.identity, copied.head, copied.push().lines, Told(boot=uuid4(), up_ms=24 * 3_600_000))
    assert accept(counter.connection, copied.identity, push, NOW, counter.house.chance.randbytes).posted == 1
    e = ledger_tables.entry.c
    made = counter.connection.execute(sa.select(e.made_ms).where(e.id == entry.id)).scalar_one()
    assert NOW - made < 3_600_000


def unreadable(line: Line) -> tuple[Entry, Personal | None]:
    raise Unreadable("of a later version")


def test_a_line_whose_person_was_exchanged_is_stored_and_not_posted(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    line = counter.chain.lines[0]
    forged = Line(line.sequence, line.before, line.body, line.digest, encode(Personal(b"eve", b"eve")), line.salt)
    push = Push(counter.chain.identity, counter.chain.head, (forged,))
    answer = accept(counter.connection, counter.chain.identity, push, NOW, counter.house.chance.randbytes)
    assert (answer.head.sequence, answer.posted) == (1, 0)
    assert counter.kinds() == [Kind.UNREADABLE.name]


def test_one_id_with_two_bodies_is_an_alarm(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    entry = counter.chain.write(Cause.REDEEM, ANNA, Posting("points", -2, 2))
    counter.chain.write(Cause.REDEEM, ANNA, Posting("points", -1, 1), id=entry.id)
    assert counter.push().posted == 3
    assert (counter.balance(), counter.kinds()) == (3, [Kind.SAME_ID.name])
    lease = counter.connection.execute(sa.select(ledger_tables.lease)).one()
    assert (lease.granted, lease.used) == (6, 3)


def test_wrapped_lines_post_once_and_count_their_use(counter: Counter) -> None:
    counter.house.terminal(counter.connection)
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 10))
    counter.chain.write(Cause.REDEEM, ANNA, Posting("points", -4, 4))
    counter.push()
    copy = counter.chain.copy()
    counter.chain.write(Cause.REDEEM, ANNA, Posting("points", -1, 1))
    counter.push(3)
    copy.write(Cause.AWARD, ANNA, Posting("points", 3))
    answer = counter.push(3, chain=copy)
    assert (answer.standing, answer.head) == (Standing.OFF_HEAD, counter.chain.head)
    assert pull(counter.connection, copy.identity, copy.pull(), NOW).standing is Standing.OFF_HEAD
    key = counter.house.chance.randbytes(32)
    renewed = renew(
        counter.connection, copy.identity, Renew(copy.identity, copy.head, key), NOW, counter.house.chance.randbytes
    )
    assert renewed.accepted == 3
    wrapped = copy.wrap(renewed.identity, 0)
    assert counter.push(chain=wrapped).posted == 3
    assert counter.balance() == 10 - 4 - 1 + 3
    leases = {row.identity: row for row in counter.connection.execute(sa.select(ledger_tables.lease))}
    assert (leases[renewed.identity].granted, leases[renewed.identity].used) == (3 + 4, 4)
    assert counter.kinds() == [Kind.OFF_HEAD.name]


def test_undo_and_returns_of_an_award_never_exceed_it(counter: Counter) -> None:
    award = counter.chain.write(Cause.AWARD, ANNA, Posting("points", 10))
    counter.chain.write(Cause.RETURN, ANNA, Posting("points", -6, 6), refers=award.id)
    counter.chain.write(Cause.RETURN, ANNA, Posting("points", -6, 4), refers=award.id)
    counter.push()
    assert counter.balance() == 0
    own = identities.own_of(counter.connection, counter.house.merchant)
    [correction] = [e for e in entries(counter.connection, counter.house.merchant, ANNA, 10) if e["identity"] == own.id]
    assert (correction["cause"], correction["refers"], correction["postings"][0]["posted"]) == ("award", award.id, 2)
    assert counter.kinds() == [Kind.DEBT.name]


def test_a_return_may_come_before_its_award(counter: Counter) -> None:
    other = counter.house.terminal(counter.connection)
    award = counter.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    other.write(Cause.RETURN, ANNA, Posting("points", -8, 0), refers=award.id)
    counter.push(chain=other)
    assert counter.balance() == -8
    counter.push()
    assert counter.balance() == 0


def test_a_spend_is_undone_once(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 10))
    spend = counter.chain.write(Cause.REDEEM, ANNA, Posting("points", -6, 6))
    for _ in range(2):
        counter.chain.write(Cause.UNDO, ANNA, Posting("points", 6), refers=spend.id)
    counter.push()
    assert (counter.balance(), counter.kinds()) == (10, [Kind.UNDONE_TWICE.name])


def test_a_written_off_terminal_drains_and_is_flagged(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 10))
    counter.push()
    write_off_terminal(counter.connection, counter.chain.identity, NOW)
    write_off_terminal(counter.connection, counter.chain.identity, NOW)
    other = counter.house.terminal(counter.connection)
    assert ask(counter.connection, other.identity, other.ask(ANNA, "points", 8), NOW).row.granted == 8  # type: ignore[union-attr]
    counter.chain.write(Cause.REDEEM, ANNA, Posting("points", -5, 5))
    answer = counter.push(2)
    assert (answer.standing, answer.posted, counter.balance()) == (Standing.WRITTEN_OFF, 2, 5)
    assert counter.kinds() == [Kind.OVERDRAFT.name, Kind.WRITTEN_OFF.name]
    refused = ask(counter.connection, counter.chain.identity, counter.chain.ask(ANNA, "points", 99), NOW)
    assert refused.standing is Standing.WRITTEN_OFF
    assert refused.row is not None
    assert refused.row.granted == 10


def test_with_several_terminals_only_asking_grants(counter: Counter) -> None:
    other = counter.house.terminal(counter.connection)
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 10))
    counter.chain.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, 10))
    counter.push()
    assert [row.granted for row in pull(counter.connection, other.identity, other.pull(), NOW).purses] == [0]
    for _ in range(2):
        answer = ask(counter.connection, other.identity, other.ask(ANNA, "points", 7), NOW)
        assert answer.row is not None
        assert answer.row.granted == 7
    nobody = ask(counter.connection, other.identity, other.ask(b"nobody", "points", 7), NOW)
    assert (nobody.standing, nobody.row) == (Standing.GOOD, None)


def test_a_pull_comes_in_slices_that_skip_nothing(counter: Counter) -> None:
    for number in range(25):
        counter.chain.write(Cause.AWARD, b"account %d" % number, Posting("points", 1 + number))
    counter.push()
    seen: dict[bytes, int] = {}
    cards, cursor, more, rounds = set(), 0, True, 0
    while more:
        answer = pull(counter.connection, counter.chain.identity, counter.chain.pull(cursor, 7), NOW)
        seen |= {row.account: row.granted for row in answer.purses}
        cards |= {row.token for row in answer.cards}
        assert len(answer.purses) + len(answer.cards) <= 7
        cursor, more, rounds = answer.cursor, answer.more, rounds + 1
    assert rounds == 8
    assert cards == set(seen)
    assert seen == {b"account %d" % number: 1 + number for number in range(25)}


@given(numbers=st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * 4))
def test_no_number_in_a_message_breaks_the_cloud(numbers: tuple[int, int, int, int]) -> None:
    cursor, limit, sequence, wanted = numbers
    house = _house()
    with house.engine.begin() as connection:
        chain, head = house.terminal(connection), Head(sequence, bytes(32))
        answer = pull(connection, chain.identity, Pull(chain.identity, head, cursor, limit), NOW)
        assert answer.since == cursor
        assert (answer.standing is Standing.OFF_HEAD) == (sequence < 0)
        asked = ask(connection, chain.identity, Ask(chain.identity, head, ANNA, "points", "", wanted), NOW)
        assert asked.row is None


@cache
def _house() -> House:
    return build_house(new_engine())


def test_a_number_too_large_to_be_true_cannot_be_read(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 2**62))
    assert "too large" in counter.push().trouble
    with pytest.raises(Unreadable, match="cannot be read"):
        lines.read(Line(1, bytes(32), b"", bytes(32)))


@pytest.mark.parametrize("before", [b"", bytes(31), bytes(33)])
def test_what_is_no_line_at_all_is_refused_whole(counter: Counter, before: bytes) -> None:
    push = Push(counter.chain.identity, Head(1, bytes(32)), (Line(1, before, b"", bytes(32)),))
    with pytest.raises(lines.MalformedLine):
        accept(counter.connection, counter.chain.identity, push, NOW, counter.house.chance.randbytes)


def test_an_identity_nobody_knows_is_refused(counter: Counter) -> None:
    with pytest.raises(identities.UnknownIdentity):
        counter.push(chain=Chain(uuid4()))


def test_a_terminal_that_was_off_for_a_month_is_dated_when_it_comes_back(counter: Counter) -> None:
    """Its clock stood at 1970 all the while; one push of the same boot places every entry where it was really made."""
    day = 24 * 3_600_000
    chain, boot, other = counter.chain, UUID(int=9), UUID(int=10)
    for up_ms, of in ((day, other), (day, boot), (30 * day, boot)):
        moment = Moment(of, up_ms, up_ms, trusted=False)
        entry = Entry(uuid4(), Cause.AWARD, moment, "s", 1, (Posting("points", 1),))
        chain.append(encode(entry), encode(Personal(ANNA, ANNA)))
    now = NOW + 40 * day
    push = Push(chain.identity, chain.head, tuple(chain.lines), Told(boot, 31 * day))
    accept(counter.connection, chain.identity, push, now, counter.house.chance.randbytes)
    made = [
        (row.made_ms, row.sure)
        for row in counter.connection.execute(sa.select(ledger_tables.entry).order_by(ledger_tables.entry.c.sequence))
    ]
    assert made[1:] == [(now - 30 * day, True), (now - day, True)]
    assert (NOW <= made[0][0] <= now - 31 * day, made[0][1]) == (True, False)
    # A push that was held up on its way made the boot look younger; one that was not sets it right for what comes.
    late = Push(chain.identity, chain.head, (), Told(boot, 31 * day + 5_000))
    for told in (late, Push(chain.identity, chain.head, (), Told(boot, -1)), Push(chain.identity, chain.head)):
        accept(counter.connection, chain.identity, told, now + 3_000, counter.house.chance.randbytes)
    assert counter.connection.execute(sa.select(fleet_tables.boot.c.began_ms)).scalars().all() == [now - 31 * day - 2_000]


def test_a_boot_that_a_trusted_entry_placed_is_measured_by_the_first_exchange(counter: Counter) -> None:
    counter.chain.write(Cause.AWARD, ANNA, Posting("points", 1))
    counter.push()
    assert [tuple(row) for row in counter.connection.execute(sa.select(fleet_tables.boot))] == [
        (counter.house.merchant, BOOT, NOW - 1, False)
    ]
    told = Push(counter.chain.identity, counter.chain.head, (), Told(BOOT, 10))
    accept(counter.connection, counter.chain.identity, told, NOW + 100, counter.house.chance.randbytes)
    assert counter.connection.execute(sa.select(fleet_tables.boot.c.began_ms, fleet_tables.boot.c.measured)).all() == [
        (NOW + 90, True)
    ]
