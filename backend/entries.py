"""Posted entries as rows of the tables."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from backend.identities import Identity
from loyalty.entry import Entry, Personal, Posting
from loyalty.timeline import Placed


def entry_row(
    identity: Identity, sequence: int, entry: Entry, whose: Personal, body_hash: bytes, now_ms: int, made: Placed
) -> dict[str, Any]:
    """One row of `ledger_tables.entry`; `made` is when the entry was really made."""
    purchase = entry.purchase
    return {
        "merchant": identity.merchant,
        "id": entry.id,
        "identity": identity.id,
        "sequence": sequence,
        "body_hash": body_hash,
        "cause": entry.cause.value,
        "account": whose.account,
        "token": whose.token,
        "kind": whose.kind.value,
        "wall_ms": entry.moment.wall_ms,
        "trusted": entry.moment.trusted,
        "made_ms": made.made_ms,
        "sure": made.sure,
        "shop": entry.shop,
        "programme": entry.programme,
        "refers": entry.refers,
        "reward": entry.reward,
        "staff": entry.staff,
        "typed": entry.typed,
        "amount": None if purchase is None else purchase.amount,
        "currency": None if purchase is None else purchase.currency,
        "discount": 0 if purchase is None else purchase.discount,
        "posted_ms": now_ms,
    }


def posting_row(merchant: UUID, entry: UUID, place: int, account: bytes, posting: Posting, posted: int) -> dict[str, Any]:
    """One row of `ledger_tables.posting`; `posted` is what it changed."""
    return {
        "merchant": merchant,
        "entry": entry,
        "place": place,
        "account": account,
        "purse": posting.purse,
        "instance": posting.instance,
        "delta": posting.delta,
        "used": posting.used,
        "posted": posted,
    }
