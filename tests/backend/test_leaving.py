"""A terminal that was paired again leaves its old identity: what was leased to that is free, and any overdraft is listed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from backend import fleet, fleet_tables, ledger_tables
from backend.app import create_app
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import NOW, House, build_house, new_engine
from emulators.terminal_peer import Peer
from loyalty.chain import Head
from loyalty.entry import Cause, Posting
from sync import messages
from sync.pairing_messages import LEAVE_PATH, Leave, Left

ANNA = b"anna" * 4
URL = "http://cloud"


def paired(house: House, client: AsgiClient) -> Peer:
    peer = Peer(client, URL)
    assert peer.pair(house.code()).status_code == 200
    return peer


def leave(peer: Peer, heir: Peer, head: Head | None = None) -> bool:
    answer = peer.send(LEAVE_PATH, Leave(peer.chain.identity, head or peer.chain.head, heir.chain.identity))
    assert answer.status_code == 200
    return msgspec.json.decode(answer.content, type=Left).freed


def award(peer: Peer, amount: int) -> None:
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", amount))


def spend(peer: Peer, amount: int) -> None:
    peer.chain.write(Cause.REDEEM, ANNA, Posting("points", -amount, amount))


def purse(house: House) -> Any:
    with house.engine.connect() as connection:
        return connection.execute(sa.select(ledger_tables.purse)).one()


def test_what_was_leased_is_free_and_the_page_shows_who_follows(house: House, client: AsgiClient) -> None:
    old, new = paired(house, client), paired(house, client)
    award(old, 100)
    old.send(messages.PUSH_PATH, old.chain.push())
    assert purse(house).leased == 100
    assert leave(old, new)
    assert (purse(house).leased, purse(house).overdraft) == (0, 0)
    with house.engine.connect() as connection:
        there = {terminal.id: terminal for terminal in fleet.terminals(connection, house.merchant, NOW + 1)}
    left = there[old.chain.identity]
    assert (left.heir, left.replaced, left.troubles, dict(left.leased)) == (new.chain.identity, True, (), {})


@pytest.mark.parametrize("missing", ["line", "posting"])
def test_nothing_is_free_while_use_may_be_on_its_way(house: House, client: AsgiClient, missing: str) -> None:
    old, new = paired(house, client), paired(house, client)
    award(old, 100)
    if missing == "posting":
        old.chain.append(b"of another version", b"{}")
    old.send(messages.PUSH_PATH, old.chain.push())
    spend(old, 60)
    if missing == "posting":
        old.send(messages.PUSH_PATH, old.chain.push(3))
    assert not leave(old, new)
    assert purse(house).leased == 100


def test_an_heir_of_another_time_or_another_merchant_is_not_taken(house: House, client: AsgiClient) -> None:
    old, new = paired(house, client), paired(house, client)
    with house.engine.connect() as connection:
        own = connection.execute(
            sa.select(fleet_tables.identity.c.id).where(fleet_tables.identity.c.public_key.is_(None))
        ).scalar_one()
    stranger = Peer(client, URL)
    stranger.chain.identity = own
    assert leave(old, stranger)
    assert leave(new, new)
    with house.engine.connect() as connection:
        assert set(connection.execute(sa.select(fleet_tables.identity.c.renews)).scalars()) == {None}


@settings(max_examples=30, deadline=None)
@given(
    mine=st.lists(st.integers(-50, 80).filter(bool), max_size=6),
    copied=st.lists(st.integers(-50, 80).filter(bool), max_size=4),
    others=st.lists(st.integers(1, 120), max_size=3),
    twice=st.booleans(),
)
def test_whatever_a_copy_does_afterwards_is_taken_and_what_it_overdraws_is_listed(
    mine: list[int], copied: list[int], others: list[int], twice: bool
) -> None:
    """A terminal leaves; a copy of it goes on without a network, spends of the lease that it believes to have, and comes back.
    Meanwhile the heir was granted what became free, and spends it.
    """
    house = build_house(new_engine())
    client = AsgiClient(create_app(house.engine, house.time, house.chance.randbytes))
    old, heir = paired(house, client), paired(house, client)
    held = 0
    for amount in mine:
        if amount > 0:
            award(old, amount)
        elif held + amount >= 0:
            spend(old, -amount)
        else:
            continue
        held += amount
    old.send(messages.PUSH_PATH, old.chain.push())
    assert leave(old, heir)
    assert not twice or leave(old, heir)
    spent = 0
    for wish in others:
        heir.send(messages.ASK_PATH, heir.chain.ask(ANNA, "points", wish))
        spent = max(spent, min(wish, held))
    if spent:
        spend(heir, spent)
        heir.send(messages.PUSH_PATH, heir.chain.push())
    copy_holds, copy_used = held, 0
    for amount in copied:
        if amount > 0:
            award(old, amount)
        elif copy_holds + amount >= 0:
            spend(old, -amount)
            copy_used -= amount
        else:
            continue
        copy_holds += amount
    answer = old.send(messages.PUSH_PATH, old.chain.push())
    assert msgspec.json.decode(answer.content, type=messages.Pushed).standing is messages.Standing.WRITTEN_OFF
    with house.engine.connect() as connection:
        row = connection.execute(sa.select(ledger_tables.purse)).one_or_none()
    if row is not None:
        assert row.earned - row.spent == held + sum(amount for amount in copied if amount > 0) - copy_used - spent
        assert row.spent + row.leased <= row.earned + row.overdraft
        assert row.overdraft <= held  # what the copy held when it was left
    house.engine.dispose()
