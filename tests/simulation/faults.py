"""What may go wrong in a shop, and what merchants do meanwhile:
each by its name, planned for one terminal, at a moment that a seed draws."""

from __future__ import annotations

import random as pseudo
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

import sqlalchemy as sa

from backend import cards, forgetting, ledger_tables, merchant_tables, merging, programmes
from backend.leases import write_off_terminal
from loyalty.entry import TokenKind
from loyalty.tokens import token
from simulation.cloud import load
from simulation.counter import Counter
from simulation.people import BLANK, JANA, MEMBERS, PETER, ZOLTAN

if TYPE_CHECKING:
    from simulation.day import Day

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Fault = Callable[["Day", Counter, pseudo.Random], None]


def no_network(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """For minutes, or until long after the next night, however many weeks that takes."""
    day.cut_off(counter)
    day.later(chance.choice([MINUTE, 10 * MINUTE, 2 * DAY, 25 * DAY]), lambda: day.reconnect(counter))


def power_cut(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """Before one of the next statements."""
    counter.power.cut_after(chance.randrange(60))


def off_over_night(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """Somebody pulls the plug, and puts it back a while later, maybe weeks later."""
    day.switch_off(counter)
    day.later(chance.choice([MINUTE, DAY, 30 * DAY]), lambda: day.switch_on(counter))


def mirror_lost(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """The power fails, and the mirror's file is gone afterwards."""
    day.do(lambda: counter.restart(without_mirror=True))


def clock_jumps(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """A day ahead or back, or to 1970; set right again some time, by hand or by the network, or never."""
    now = day.agenda.wall_ms
    skew_ms, trusted = chance.choice([(DAY, True), (-DAY, True), (-now, False), (-now, True), (400 * DAY, False), (0, False)])
    counter.clock.set(skew_ms, trusted)
    day.history.note(f"{counter.name}: its clock is {skew_ms / DAY:.1f} days off, trusted: {trusted}")
    if chance.random() < 0.6:
        day.later(chance.choice([MINUTE, DAY, 31 * DAY]), lambda: counter.clock.set(0, trusted=True))


def disk_refuses(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """Full, failing or read-only for a while: some statements, or all."""
    code = chance.choice([sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY])
    counter.disk.refuse(chance.choice([0.05, 0.3, 1.0]), code)
    day.later(chance.choice([5 * SECOND, MINUTE, 10 * MINUTE]), lambda: counter.disk.refuse(0, sqlite3.SQLITE_OK))


def disk_slow(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """Every piece of work takes up to seconds."""
    counter.disk_ms = chance.choice([50, 1_500, 5_000])


def card_cloned(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """The SD card is copied; a second machine runs from the copy, at once or after the next night."""
    card = day.fleet.copy(counter)
    day.later(chance.choice([0, 20 * SECOND, DAY]), lambda: day.staff(day.fleet.clone(card)))


def backup_restored(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """The files are saved, and put back some time later: what was recorded between is gone from this terminal."""
    card = day.fleet.copy(counter)
    day.later(chance.choice([20 * SECOND, 2 * MINUTE, DAY]), lambda: day.do(lambda: day.fleet.restore(counter, card)))


def written_off(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """The merchant gives a terminal up that is not lost at all, while it has a network or none."""
    if chance.random() < 0.5:
        day.cut_off(counter)
        day.later(chance.choice([MINUTE, DAY]), lambda: day.reconnect(counter))
    day.later(chance.choice([0, 30 * SECOND]), lambda: write_off(day, counter))


def write_off(day: Day, counter: Counter, identity: UUID | None = None) -> None:
    """What the portal does."""
    with day.cloud.writing() as connection:
        write_off_terminal(connection, identity or counter.identity, day.agenda.wall_ms)
    day.fleet.invariants.written_off()


def cloud_too_old(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """The cloud cannot read some of the lines, until it is updated or a person voids them."""
    day.fleet.invariants.cloud.could_not_read = True
    day.cloud.unreadable = chance.choice([0.1, 0.5])
    if chance.random() < 0.7:
        day.later(chance.choice([30 * SECOND, 2 * MINUTE, DAY]), day.update_cloud)
    else:
        day.later(chance.choice([30 * SECOND, 2 * MINUTE]), day.void_lines)


def accounts_merged(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """The merchant finds that two members are one person."""
    old, new = chance.sample([JANA, PETER, ZOLTAN], 2)
    with suppress(merging.CannotMerge):
        merge(day, counter, old, new)


def merge(day: Day, counter: Counter, old: str, new: str) -> None:
    """What the portal does with the accounts that two members' first cards opened."""
    with day.cloud.writing() as connection:
        accounts = (_card(counter, old), _card(counter, new))
        merging.merge(connection, counter.pairing.network, *accounts, day.agenda.wall_ms, day.cloud.random)
    day.network.ring()


def person_forgotten(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """A member wants to be forgotten."""
    forget(day, counter, chance.choice([JANA, PETER, ZOLTAN]))


def forget(day: Day, counter: Counter, number: str) -> None:
    """What the portal does with the account that a member's first card opened, and with those that lead to it."""
    with suppress(forgetting.CannotForget), day.cloud.writing() as connection:
        account = _card(counter, number)
        forgetting.forget(connection, counter.pairing.network, account, day.agenda.wall_ms, day.cloud.random)
    day.network.ring()


def sold_in_the_portal(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """A member buys more of everything that is sold there."""
    account = _card(counter, chance.choice([JANA, PETER, ZOLTAN]))
    with day.cloud.writing() as connection:
        account = merging.leads_to(connection, counter.pairing.network, account) or account
        known = sa.select(ledger_tables.account.c.id).where(ledger_tables.account.c.id == account)
        if connection.execute(known).first() is not None:
            load(connection, counter.pairing.merchant, [account], day.agenda.wall_ms, day.cloud.random)
    day.network.ring()


def card_blocked(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """A member's card is lost, and maybe found again."""
    card = _card(counter, chance.choice(MEMBERS))
    _change_card(day, lambda connection: cards.block(connection, counter.pairing.network, card))
    found = chance.choice([30 * SECOND, DAY])
    day.later(found, lambda: _change_card(day, lambda c: cards.unblock(c, counter.pairing.network, card)))


def card_replaced(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """A member's card is lost for good; a blank one takes its place."""
    old, new = _card(counter, chance.choice(MEMBERS)), _card(counter, chance.choice(BLANK))
    _change_card(day, lambda connection: cards.replace(connection, counter.pairing.network, old, new))


def _change_card(day: Day, change: Callable[[sa.Connection], None]) -> None:
    with suppress(cards.CannotChange), day.cloud.writing() as connection:
        change(connection)
    day.network.ring()


def _card(counter: Counter, number: str) -> bytes:
    return token(counter.pairing.token_keys()[0], TokenKind.CARD, number)


LEVELS = """
[[levels]]
key = "loyal"
name = { sk = "verná", en = "loyal" }
from = "1"
months = 12
coefficient = "2"

[[milestones]]
key = "ten"
every = "10"
points = "3"

[limits]
awards = 6
points = "100"
"""
"""Rules that look at the past, which even a short day comes to."""


def levels_begin(day: Day, counter: Counter, chance: pseudo.Random) -> None:
    """The merchant publishes a programme with levels, milestones and limits; or one without them again."""
    publish_levels(day, counter)
    day.later(chance.choice([2 * MINUTE, 2 * DAY, 200 * DAY]), lambda: publish_levels(day, counter, ""))


def publish_levels(day: Day, counter: Counter, rules: str = LEVELS) -> None:
    """The sample's programme with these rules, as its next version."""
    merchant = counter.pairing.merchant
    with day.cloud.writing() as connection:
        version = connection.execute(sa.select(merchant_tables.merchant.c.programme)).scalar_one()
        text = programmes.text_of(connection, merchant, 1).text.replace("version = 1 ", f"version = {version + 1} ")
        programmes.publish(connection, merchant, text + rules, day.agenda.wall_ms)
    day.network.ring()


FAULTS: dict[Fault, int] = {
    no_network: 6,
    power_cut: 8,
    off_over_night: 2,
    mirror_lost: 1,
    clock_jumps: 3,
    disk_refuses: 3,
    disk_slow: 2,
    card_cloned: 2,
    backup_restored: 2,
    written_off: 2,
    cloud_too_old: 1,
    accounts_merged: 2,
    card_blocked: 1,
    card_replaced: 1,
    person_forgotten: 2,
    sold_in_the_portal: 1,
    levels_begin: 2,
}
"""Each fault, and how often it is drawn among the others."""
