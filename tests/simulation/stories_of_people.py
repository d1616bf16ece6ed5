"""Stories of members, their cards, and purses of other kinds, told as those of `stories.py` are."""

from __future__ import annotations

import asyncio

from backend import cards
from loyalty.account import Status
from loyalty.entry import Cause, Draft, Entry, Personal, Posting
from simulation.cloud import BOUGHT, GIFT, MONEY, VISITS
from simulation.counter import Counter
from simulation.faults import MINUTE, forget, publish_levels
from simulation.people import JANA, STRANGER
from simulation.scene import Scene, Story
from simulation.visits import BUYS, LOOKS, PAYS


async def somebody_is_forgotten(scene: Scene) -> None:
    """A member is forgotten while a terminal without a network goes on serving her; her lines come late, and still add up.

    They lose their person as they come. Afterwards no terminal shows anything of her, and her card is served nowhere.
    """
    first, second = scene[0], scene[1]
    await scene.visit(second, BUYS)
    await scene.visit(first, BUYS)
    await scene.visit(first, LOOKS)
    await scene.cut_off(first)
    await scene.visit(first, PAYS)
    forget(scene.day, first, JANA)
    await scene.hear(second)
    assert _jana(scene, second) is Status.BLOCKED
    assert _jana(scene, first) is Status.ACTIVE
    await scene.visit(first, BUYS)
    await scene.visit(second, BUYS)
    await scene.reconnect(first)
    await scene.hear(first, second)
    assert _jana(scene, first) is Status.BLOCKED
    await scene.visit(first, PAYS)
    assert scene.spends(first) == 1
    assert scene.overdraft() == 0


def _jana(scene: Scene, counter: Counter) -> Status:
    mine = scene.jana_account(counter)
    return counter.store.account(Personal(mine, mine)).status


async def a_card_is_blocked_meanwhile(scene: Scene) -> None:
    """A lost card is blocked. A terminal without a network serves it until its next pull, and not after that."""
    first = scene[0]
    await scene.visit(first, BUYS)
    await scene.cut_off(first)
    with scene.day.cloud.writing() as connection:
        cards.block(connection, first.pairing.network, scene.jana_account(first))
    await scene.visit(first, BUYS)
    assert _jana(scene, first) is Status.ACTIVE
    await scene.reconnect(first)
    await scene.hear(first)
    assert _jana(scene, first) is Status.BLOCKED
    served = len(scene.day.fleet.invariants.books[first.name].lines)
    await scene.visit(first, BUYS)
    assert len(scene.day.fleet.invariants.books[first.name].lines) == served == 2


async def a_carton_of_milk_is_shown(scene: Scene) -> None:
    """The number under the scanner is nobody's and in no range of the programme."""
    await scene.visit(scene[0], f"card={STRANGER} +")
    await scene.visit(scene[0], f"sum=5 enter card={STRANGER} +")
    assert not scene.day.fleet.invariants.books[scene[0].name].lines


async def levels_are_the_clouds(scene: Scene) -> None:
    """A member reaches a level: the terminal foretells what the next purchase brings, and writes what that itself earns."""
    first, second = scene[0], scene[1]
    publish_levels(scene.day, first)
    await scene.hear(first, second)
    await scene.visit(first, BUYS)
    await scene.hear(first)
    await scene.visit(first, BUYS)
    lines = scene.day.fleet.invariants.books[first.name].lines
    assert [line.postings for line in lines] == [(Posting("points", 5_000),)] * 2
    bonus = "SELECT sum(p.posted) FROM posting p JOIN entry e ON e.id = p.entry WHERE e.cause = 'bonus'"
    assert scene.day.cloud.database.execute(bonus).fetchone()[0] == 5_000 + 3_000, (
        "the level's, and the milestone's at 10 euros"
    )


async def a_gift_card_is_lent(scene: Scene) -> None:
    """One of a member's two gift cards is leased to a terminal, which is given up and comes back: as it is with points.

    An account of money is spent elsewhere meanwhile, and a pass: what lies leased at the lost terminal is that card alone.
    """
    first, second = scene[0], scene[1]
    mine = scene.jana_account(first)
    other = (GIFT[0], "7002")
    await scene.record(second, _moves(scene, other, 3_000))
    asking = asyncio.ensure_future(first.courier.lending.ask(mine, GIFT[0], 4_000, GIFT[1]))
    await scene.wait()
    assert asking.done()
    assert _spendable(scene, first, GIFT) == 4_000
    assert _spendable(scene, first, other) == 0
    await scene.cut_off(first)
    for purse in (MONEY, VISITS):
        await scene.visit(second, LOOKS)
        assert _spendable(scene, second, purse) == BOUGHT[purse]
        await scene.record(second, _moves(scene, purse, -BOUGHT[purse]))
    assert _spendable(scene, second, GIFT) == BOUGHT[GIFT] - 4_000
    assert not isinstance(await scene.attempt(second, _moves(scene, GIFT, -4_000)), Entry)
    await scene.write_off(first)
    await scene.visit(second, LOOKS)
    assert _spendable(scene, second, GIFT) == BOUGHT[GIFT], "what the terminal held is free again"
    await scene.record(second, _moves(scene, GIFT, -BOUGHT[GIFT]))
    await scene.record(first, _moves(scene, GIFT, -2_500))
    old = first.identity
    await scene.reconnect(first)
    await scene.wait(5 * MINUTE)
    assert first.identity != old
    assert _spendable(scene, first, GIFT) == 0, "a new identity begins without leases"
    assert scene.overdraft() == 2_500
    await scene.visit(first, LOOKS)
    await scene.record(first, _moves(scene, other, -3_000))
    assert scene.overdraft() == 2_500


def _moves(scene: Scene, purse: tuple[str, str], amount: int) -> Draft:
    """Jana loads so much, or pays with it."""
    mine = scene.jana_account(scene[0])
    cause = Cause.AWARD if amount > 0 else Cause.REDEEM
    return Draft(cause, Personal(mine, mine), (Posting(purse[0], amount, max(0, -amount), purse[1]),))


def _spendable(scene: Scene, counter: Counter, purse: tuple[str, str]) -> int:
    mine = scene.jana_account(counter)
    return counter.store.account(Personal(mine, mine)).holding(*purse).spendable


ALL: tuple[Story, ...] = (
    somebody_is_forgotten,
    a_card_is_blocked_meanwhile,
    a_carton_of_milk_is_shown,
    levels_are_the_clouds,
    a_gift_card_is_lent,
)
