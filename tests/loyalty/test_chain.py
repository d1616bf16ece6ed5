"""The chain: every byte of a line counts."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.chain import GENESIS, BrokenChain, Head, Line, Was, extend, line_hash, personal_digest

IDENTITY, OTHER = UUID(int=1), UUID(int=2)
bodies = st.binary(max_size=40)


def line(head: Head, body: bytes, personal: bytes = b"who", was: Was | None = None) -> Line:
    salt = bytes(16)
    return Line(head.sequence + 1, head.hash, body, personal_digest(salt, personal), personal, salt, was)


def chain(bodies: list[bytes]) -> tuple[list[Line], Head]:
    head, lines = Head(), []
    for body in bodies:
        lines.append(line(head, body))
        head = extend(IDENTITY, head, lines[-1])
    return lines, head


@given(st.lists(bodies, max_size=6))
def test_a_chain_is_followed_by_who_wrote_it_and_by_nobody_else(bodies: list[bytes]) -> None:
    lines, head = chain(bodies)
    again, other = Head(), Head()
    for one in lines:
        again = extend(IDENTITY, again, one)
    assert again == head
    assert head.sequence == len(bodies)
    if lines:
        other = extend(OTHER, other, lines[0])
        assert other.hash != extend(IDENTITY, Head(), lines[0]).hash


@dataclass(frozen=True)
class Change:
    field: str
    value: object


@given(
    bodies,
    st.sampled_from(
        [
            Change("body", b"other body"),
            Change("digest", bytes(32)),
            Change("sequence", 7),
            Change("before", b"\x01" * 32),
            Change("was", Was(OTHER, 3, GENESIS)),
        ]
    ),
)
def test_every_part_of_a_line_is_in_its_hash(body: bytes, change: Change) -> None:
    original = line(Head(), body)
    assert line_hash(IDENTITY, original) != line_hash(
        IDENTITY, msgspec.structs.replace(original, **{change.field: change.value})
    )


def test_where_a_wrapped_line_stood_is_in_its_hash() -> None:
    wrapped = {
        line_hash(IDENTITY, line(Head(), b"x", was=was)) for was in (None, Was(OTHER, 3, GENESIS), Was(OTHER, 4, GENESIS))
    }
    assert len(wrapped) == 3


def test_forgetting_the_person_leaves_the_hash() -> None:
    whole = line(Head(), b"x")
    forgotten = msgspec.structs.replace(whole, personal=None, salt=None)
    assert extend(IDENTITY, Head(), whole) == extend(IDENTITY, Head(), forgotten)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"sequence": 3}, "does not follow"),
        ({"before": b"\x01" * 32}, "another line before"),
        ({"salt": None}, "half"),
        ({"personal": b"somebody else"}, "not the one it was sealed with"),
    ],
)
def test_a_broken_chain_says_how(changed: dict[str, object], says: str) -> None:
    with pytest.raises(BrokenChain, match=says):
        extend(IDENTITY, Head(), msgspec.structs.replace(line(Head(), b"x"), **changed))
