"""The journal as plain values, for people and for the comparison with the cloud's ledger."""

from __future__ import annotations

from typing import Any

from loyalty.chain import Line
from loyalty.entry import Unreadable, decode_entry, decode_personal
from loyalty.outline import account_of, outline
from sync import journal, view
from terminal.store import Connections

BATCH = 500


def listing(books: Connections) -> dict[str, Any]:
    """`{"entries": [...], "balances": [...]}`; accounts as hex, postings and balances in whole units.

    An entry that only a newer version can read whole has what can be made out of it, and says `"newer": true`.
    """
    now = journal.current(books.journal)
    entries: list[dict[str, Any]] = []
    people: dict[bytes, Any] = {}
    last = 0
    while lines := journal.lines_after(books.journal, last, BATCH):
        for line in lines:
            newer, entry = not _is_known(line), outline(line.body)
            account = account_of(line.personal)
            if line.personal is not None and not newer:
                personal = decode_personal(line.personal)
                people.setdefault(personal.account, personal)
            entries.append(
                {
                    "id": str(entry.id),
                    "identity": str(now.identity),
                    "sequence": line.sequence,
                    "cause": entry.cause,
                    "account": account.hex() if account is not None else None,
                    "postings": [
                        {"purse": p.purse, "instance": p.instance, "delta": p.delta, "used": p.used} for p in entry.postings
                    ],
                }
                | ({"newer": True} if newer else {})
            )
        last = lines[-1].sequence
    return {"entries": entries, "balances": _balances(books, people)}


def _is_known(line: Line) -> bool:
    """Whether this version can read an entry whole."""
    try:
        decode_entry(line.body)
        if line.personal is not None:
            decode_personal(line.personal)
    except Unreadable:
        return False
    return True


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
