"""What can be made out of an entry that a newer version wrote, and of any bytes at all."""

from __future__ import annotations

from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from loyalty.entry import Cause, Entry, Moment, Personal, Posting, encode
from loyalty.outline import Outline, account_of, outline

MOMENT = Moment(UUID(int=7), 5, 1_790_000_000_000, trusted=True)
ENTRY = Entry(UUID(int=9), Cause.AWARD, MOMENT, "main", 1, (Posting("points", 5),), refers=UUID(int=8))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
)


def test_an_entry_that_is_known_is_read_at_once() -> None:
    assert outline(encode(ENTRY)) == Outline(ENTRY.id, "award", MOMENT, ENTRY.postings, ENTRY.refers)


@given(st.sampled_from(["id", "cause", "moment", "postings", "refers"]), JSON)
def test_a_part_of_another_kind_takes_no_other_with_it(name: str, other: object) -> None:
    parts = msgspec.json.decode(encode(ENTRY)) | {name: other}
    found, known = outline(msgspec.json.encode(parts)), outline(encode(ENTRY))
    for part in Outline.__struct_fields__:
        if part != name:
            assert getattr(found, part) == getattr(known, part)


def test_what_is_missing_is_missing_beside_a_part_of_another_kind() -> None:
    assert outline(b'{"cause":"award","postings":7}') == Outline(cause="award")


@given(st.binary() | JSON.map(msgspec.json.encode))
def test_of_any_bytes_there_is_an_outline(body: bytes) -> None:
    assert isinstance(outline(body), Outline)
    assert account_of(body) is None or isinstance(account_of(body), bytes)


def test_what_is_nested_without_end_is_nothing() -> None:
    deep = b'{"postings":' + b"[" * 100_000
    assert outline(deep) == Outline()
    assert account_of(b'{"account":' + b"[" * 100_000) is None


def test_whose_it_is() -> None:
    assert account_of(encode(Personal(b"anna", b"card"))) == b"anna"
    assert account_of(None) is None
