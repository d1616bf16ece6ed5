"""Entries, their bytes, ids and tokens."""

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.account import Account, Holding
from loyalty.entry import (
    Cause,
    Draft,
    Entry,
    ImpossiblePosting,
    Moment,
    Personal,
    Posting,
    Purchase,
    Share,
    TokenKind,
    Unreadable,
    check,
    decode_entry,
    decode_personal,
    encode,
    entry_from,
)
from loyalty.ids import uuid7
from loyalty.tokens import TokenKey, token

ID = UUID("018f0000-0000-7000-8000-000000000001")
WHEN = Moment(ID, 5, 1_700_000_000_000, False)

amounts = st.integers(1, 10**9)
names = st.text(max_size=8)
earnings = st.builds(Posting, names, amounts, st.just(0), names)
spends = st.builds(lambda purse, n, instance: Posting(purse, -n, n, instance), names, amounts, names)
returns = st.builds(lambda purse, n, part: Posting(purse, -n, min(n, part)), names, amounts, amounts | st.just(0))
give_backs = st.builds(lambda purse, n: Posting(purse, 0, n), names, amounts)
takings = st.builds(lambda purse, n: Posting(purse, -n), names, amounts)
FITTING = {
    Cause.AWARD: earnings,
    Cause.REDEEM: earnings | spends,
    Cause.UNDO: earnings | spends,
    Cause.RETURN: returns,
    Cause.GIVE_BACK: give_backs,
    Cause.BONUS: earnings,
    Cause.TAKEN_BACK: takings,
    Cause.MERGE: earnings | takings,
}


def distinct(postings: list[Posting]) -> tuple[Posting, ...]:
    return tuple({(p.purse, p.instance, p.delta > 0): p for p in postings}.values())


purchases = st.builds(Purchase, amounts, st.just("EUR"), st.lists(st.builds(Share, names, amounts), max_size=3).map(tuple))


@given(st.sampled_from(list(FITTING)), st.data())
def test_an_entry_comes_back_from_its_bytes(cause: Cause, data: st.DataObject) -> None:
    postings = distinct(data.draw(st.lists(FITTING[cause], max_size=4)))
    whose = Personal(data.draw(st.binary(max_size=16)), data.draw(st.binary(max_size=16)), TokenKind.PHONE)
    draft = Draft(cause, whose, postings, data.draw(st.none() | purchases), ID, "cake", "eva", True)
    entry = entry_from(draft, ID, WHEN, "shop", 3)
    assert decode_entry(encode(entry)) == entry
    assert decode_personal(encode(whose)) == whose
    assert all(posting.earned == max(0, posting.delta) for posting in postings)


@pytest.mark.parametrize(
    ("cause", "postings"),
    [
        (Cause.AWARD, [Posting("p", -1, 1)]),
        (Cause.AWARD, [Posting("p", 1, 1)]),
        (Cause.AWARD, [Posting("p", 0)]),
        (Cause.REDEEM, [Posting("p", -5, 4)]),
        (Cause.UNDO, [Posting("p", -5, 6)]),
        (Cause.RETURN, [Posting("p", -5, 6)]),
        (Cause.RETURN, [Posting("p", -5, -1)]),
        (Cause.RETURN, [Posting("p", 5)]),
        (Cause.GIVE_BACK, [Posting("p", -1, 1)]),
        (Cause.GIVE_BACK, [Posting("p", 0, 0)]),
        (Cause.ISSUE, [Posting("p", 1)]),
        (Cause.BONUS, [Posting("p", -1)]),
        (Cause.BONUS, [Posting("p", 1, 1)]),
        (Cause.TAKEN_BACK, [Posting("p", -1, 1)]),
        (Cause.TAKEN_BACK, [Posting("p", 1)]),
        (Cause.MERGE, [Posting("p", -1, 1)]),
        (Cause.MERGE, [Posting("p", 0)]),
        (Cause.AWARD, [Posting("p", 1), Posting("p", 2)]),
    ],
)
def test_postings_that_contradict_their_cause_are_refused(cause: Cause, postings: list[Posting]) -> None:
    with pytest.raises(ImpossiblePosting):
        check(cause, tuple(postings), ID)


def test_an_undo_names_its_entry() -> None:
    with pytest.raises(ImpossiblePosting, match="must name"):
        check(Cause.UNDO, (), None)


@given(st.binary(max_size=100))
def test_any_bytes_are_an_entry_or_unreadable(garbage: bytes) -> None:
    with pytest.raises(Unreadable):
        decode_entry(garbage)
    with pytest.raises(Unreadable):
        decode_personal(garbage)


def test_an_entry_that_cannot_be_is_unreadable() -> None:
    entry = Entry(ID, Cause.AWARD, WHEN, "shop", 1, (Posting("p", -1, 1),))
    with pytest.raises(Unreadable, match="award"):
        decode_entry(encode(entry))


def test_a_later_version_may_add_fields() -> None:
    entry = Entry(ID, Cause.ISSUE, WHEN, "shop", 1)
    later = msgspec.json.encode(msgspec.json.decode(encode(entry)) | {"rating": 5})
    assert decode_entry(later) == entry


@given(st.integers(-1, (1 << 48) - 1), st.binary(min_size=10, max_size=10))
def test_ids_are_version_7(milliseconds: int, random: bytes) -> None:
    made = uuid7(milliseconds, random)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == max(0, milliseconds)


def test_ids_sort_by_time_and_differ_by_chance() -> None:
    """The time of RFC 9562 appendix A.6."""
    assert str(uuid7(0x017F22E279B0, bytes(10))).startswith("017f22e2-79b0-7")
    assert uuid7(2, bytes(10)) > uuid7(1, b"\xff" * 10)
    assert uuid7(1, bytes(9) + b"\x01") != uuid7(1, bytes(10))
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(0, b"")


def test_tokens_are_keyed_and_of_a_kind() -> None:
    key, other = TokenKey(1, bytes(32)), TokenKey(2, b"\x01" * 32)
    made = {
        token(key, TokenKind.CARD, "2100000000017"),
        token(key, TokenKind.PHONE, "2100000000017"),
        token(key, TokenKind.CARD, "2100000000018"),
        token(other, TokenKind.CARD, "2100000000017"),
    }
    assert len(made) == 4
    assert {len(one) for one in made} == {16}
    assert "\\x01" not in repr(other)
    with pytest.raises(ValueError, match="32 bytes"):
        TokenKey(1, b"short")


def test_an_account_has_an_empty_holding_of_what_it_never_had() -> None:
    account = Account(Personal(b"a", b"a"), holdings=(Holding("points", 5, 5), Holding("pass", 3, 3, instance="1")))
    assert account.holding("points").balance == 5
    assert account.holding("pass") == Holding("pass")
    assert account.holding("pass", "1").spendable == 3
