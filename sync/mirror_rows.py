"""Rows of the mirror as they cross the wire. Each carries the number of the network's change that it comes from."""

from __future__ import annotations

import msgspec

from loyalty.account import Status


# Rows are no work for the garbage collector: a piece of a snapshot has thousands, and none of them refers to another.
class PurseRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One purse for this terminal. With the answer's `through` it becomes one row of the mirror, in one statement."""

    account: bytes
    purse: str
    instance: str
    balance: int
    granted: int
    change: int


class CardRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A token of a card or phone, and the account it leads to."""

    token: bytes
    account: bytes
    status: Status
    change: int


class MemberRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The person behind an account, as far as the counter needs to know."""

    account: bytes
    name: str
    level: str
    language: str
    change: int


class ProgressRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An account's past with this merchant, as far as a forecast needs it (`loyalty.derived.Progress`)."""

    account: bytes
    level: str
    spent: int
    owing: int
    change: int


class ForgottenRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A tombstone: everything of this account's person is to be forgotten, here and in the journal (invariant 11)."""

    account: bytes
    change: int


class StaffRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A member of staff's card; `account` is their own customer account, `active` False once they left."""

    token: bytes
    id: str
    name: str
    account: bytes | None
    active: bool
    change: int
