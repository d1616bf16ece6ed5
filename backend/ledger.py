"""The whole ledger of a merchant as one document, for comparison with a terminal's journal, entry for entry."""

from __future__ import annotations

from uuid import UUID

import msgspec
import sqlalchemy as sa

from backend import reports


class DumpedPosting(msgspec.Struct, frozen=True):
    """A posting as the entry has it; `posted` is what it changed (0 where it was void)."""

    purse: str
    instance: str
    delta: int
    used: int
    posted: int


class DumpedEntry(msgspec.Struct, frozen=True):
    """An entry; `account` in hex."""

    id: UUID
    identity: UUID
    sequence: int
    cause: str
    account: str
    postings: tuple[DumpedPosting, ...]


class DumpedBalance(msgspec.Struct, frozen=True):
    """A purse's balance, and what is leased of it; `account` in hex."""

    account: str
    purse: str
    instance: str
    balance: int
    leased: int


class DumpedTerminal(msgspec.Struct, frozen=True):
    """How far a terminal's lines are stored (`head`) and posted."""

    identity: UUID
    standing: str
    head: int
    posted: int


class Dump(msgspec.Struct, frozen=True):
    """Everything of one merchant. Entries by identity and sequence, the cloud's own among them."""

    merchant: UUID
    entries: tuple[DumpedEntry, ...]
    balances: tuple[DumpedBalance, ...]
    terminals: tuple[DumpedTerminal, ...]
    alarms: tuple[str, ...]


def dump(connection: sa.Connection, merchant: UUID) -> Dump:
    """The ledger as it is now; give a connection with a snapshot (`Database.reading`)."""
    return Dump(
        merchant=merchant,
        entries=tuple(
            DumpedEntry(
                id=row["id"],
                identity=row["identity"],
                sequence=row["sequence"],
                cause=row["cause"],
                account=row["account"].hex(),
                postings=tuple(
                    DumpedPosting(p["purse"], p["instance"], p["delta"], p["used"], p["posted"]) for p in row["postings"]
                ),
            )
            for row in reports.all_entries(connection, merchant)
        ),
        balances=tuple(
            DumpedBalance(account.hex(), p["purse"], p["instance"], p["balance"], p["leased"])
            for account, purses in reports.balances(connection, merchant).items()
            for p in purses
        ),
        terminals=tuple(
            DumpedTerminal(row["id"], row["standing"], row["head_sequence"], row["posted"])
            for row in reports.terminals(connection, merchant)
        ),
        alarms=tuple(f"{row['what']}: {row['detail']}" for row in reports.alarms(connection, merchant, 10_000)),
    )


def encode(found: Dump) -> str:
    """As JSON."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def as_text(found: Dump) -> str:
    """As lines for a person."""
    lines = [
        f"{entry.identity} {entry.sequence:>6} {entry.cause:<9} {entry.account} "
        + ", ".join(f"{p.purse} {p.posted:+}" for p in entry.postings)
        for entry in found.entries
    ]
    lines += [f"{b.account} {b.purse} {b.instance} {b.balance} ({b.leased} leased)" for b in found.balances]
    lines += [f"alarm: {alarm}" for alarm in found.alarms]
    return "\n".join(lines)
