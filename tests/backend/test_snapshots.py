"""A snapshot in pieces, on whichever database: they hold every row once, in plain values, granted to the only terminal."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from backend import ledger_tables
from backend.accept import accept
from backend.changes import pull
from backend.snapshots import snapshot
from emulators.cloud_house import NOW, House
from loyalty.entry import Cause, Posting
from sync.messages import Piece, Snapshot

ACCOUNTS = [bytes([number]) * 16 for number in range(1, 8)]
PHONE = b"\xffphone".ljust(16, b"-")


def test_the_pieces_hold_every_row_once(house: House) -> None:
    with house.database.writing() as connection:
        terminal = house.terminal(connection)
        for number, account in enumerate(ACCOUNTS, 1):
            terminal.write(Cause.AWARD, account, Posting("points", 1_000 * number), Posting("coffee", 1))
        terminal.write(Cause.AWARD, ACCOUNTS[0], Posting("points", 1), token=PHONE)
        accept(connection, terminal.identity, terminal.push(), NOW, house.chance.randbytes)
        # As if nothing were leased yet: to the only terminal, a snapshot leases all that is free.
        connection.execute(sa.delete(ledger_tables.lease))
        connection.execute(sa.update(ledger_tables.purse).values(leased=0))
    pieces: list[Piece] = []
    after: bytes | None = b""
    while after is not None:
        with house.database.writing() as connection:
            piece = snapshot(connection, terminal.identity, Snapshot(terminal.identity, terminal.head, after, limit=3), NOW)
        assert msgspec.json.decode(msgspec.json.encode(piece), type=Piece) == piece
        pieces.append(piece)
        after = piece.next
    assert len(pieces) > 3
    with house.database.writing() as connection:
        whole = pull(connection, terminal.identity, terminal.pull(), NOW)
    purses = [row for piece in pieces for row in piece.purses]
    assert [(row.account, row.purse) for row in purses] == [(a, p) for a in ACCOUNTS for p in ("coffee", "points")]
    assert all(row.granted == row.balance > 0 for row in purses)
    assert sorted(purses, key=lambda row: row.change) == list(whole.purses)
    cards = [row for piece in pieces for row in piece.cards]
    assert [card.token for card in cards] == [*ACCOUNTS, PHONE]
    assert sorted(cards, key=lambda row: row.change) == list(whole.cards)
