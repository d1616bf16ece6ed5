"""The journal as plain values, for people and for the comparison with the cloud's ledger."""

from __future__ import annotations

from typing import Any

from loyalty.entry import decode_entry, decode_personal
from sync import journal, view
from terminal.store import Connections

BATCH = 500


def listing(books: Connections) -> dict[str, Any]:
    """`{"entries": [...], "balances": [...]}`; accounts as hex, postings and balances in whole units."""
    now = journal.current(books.journal)
    entries: list[dict[str, Any]] = []
    people: dict[bytes, Any] = {}
    last = 0
    while lines := journal.lines_after(books.journal, last, BATCH):
        for line in lines:
            entry, personal = decode_entry(line.body), decode_personal(line.personal) if line.personal else None
            if personal is not None:
                people.setdefault(personal.account, personal)
            entries.append(
                {
                    "id": str(entry.id),
                    "identity": str(now.identity),
                    "sequence": line.sequence,
                    "cause": entry.cause.value,
                    "account": personal.account.hex() if personal else None,
                    "postings": [
                        {"purse": p.purse, "instance": p.instance, "delta": p.delta, "used": p.used} for p in entry.postings
                    ],
                }
            )
        last = lines[-1].sequence
    return {"entries": entries, "balances": _balances(books, people)}


def _balances(books: Connections, people: dict[bytes, Any]) -> list[dict[str, Any]]:
    """What this terminal shows of every account that its cards lead to by now.

    A card that was served before the cloud had said whose it is may lead to another account than its first entries name.
    """
    found: dict[bytes, Any] = {}
    for personal in people.values():
        seen = view.look(books.journal, books.mirror, personal.token, personal.kind)
        if seen is not None:
            found[seen.whose.account] = seen
    return [
        {"account": account.hex(), "purse": one.purse, "instance": one.instance, "balance": one.balance}
        for account, seen in found.items()
        for one in seen.holdings
    ]
