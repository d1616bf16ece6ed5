"""The simulator can fail: each of these faults is planted in the real code, and found within the seeds of the suite.

`docs/protocol.md` says of each why the protocol is not so.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from backend import accept, book, changes, identities, posting
from display import screens
from loyalty.chain import Head
from loyalty.entry import Cause
from loyalty.holding import Own
from simulation.day import RUSH, live
from simulation.history import Violation
from simulation.test_days import SEEDS
from sync import journal, mirror, view
from terminal import states, verbs

Plant = Callable[[pytest.MonkeyPatch], None]


def a_retry_mints_a_new_id(patch: pytest.MonkeyPatch) -> None:
    """The conversation's key is not heeded: what is asked for again is written again."""
    record, seen, again = journal.record, set[str](), itertools.count()

    def forgetful(connection: Any, draft: Any, key: str, *rest: Any, **named: Any) -> Any:
        fresh = f"{key} {next(again)}" if key in seen else key
        seen.add(key)
        return record(connection, draft, fresh, *rest, **named)

    patch.setattr(journal, "record", forgetful)


def a_doubled_push_is_posted_twice(patch: pytest.MonkeyPatch) -> None:
    """Lines that are there already are posted again, and a bare ON CONFLICT DO NOTHING hides it."""
    store = accept._store

    def forgetful(connection: Any, writer: Any, pushed: Any, now_ms: int) -> Any:
        old = [line for line in pushed if line.sequence <= writer.posted.sequence]
        writer, on_head = store(connection, writer, pushed, now_ms)
        if old and on_head:
            identities.set_posted(connection, writer, Head(old[0].sequence - 1, old[0].before))
        return identities.find(connection, writer.id), on_head

    def bare(connection: sa.Connection, table: sa.Table, rows: list[Any]) -> None:
        if rows:
            connection.execute(sa.insert(table).prefix_with("OR IGNORE"), rows)

    patch.setattr(accept, "_store", forgetful)
    patch.setattr(book, "_insert", bare)
    patch.setattr(book.Book, "load_entries", lambda self, ids: None)


def granted_comes_without_its_through(patch: pytest.MonkeyPatch) -> None:
    """A row's balance and grant are written, the line that they include is not."""
    patch.setattr(mirror, "_PURSE", mirror._PURSE.replace(" place = excluded.place,", ""))


def own_earnings_count_twice_after_a_pull(patch: pytest.MonkeyPatch) -> None:
    """What was earned here stays spendable beside the grant that includes it."""
    own_between = journal.own_between

    def forgetful(connection: Any, now: Any, account: bytes, purse: str, instance: str, place: int) -> Own:
        own = own_between(connection, now, account, purse, instance, place)
        return replace(own, earned_after=own_between(connection, now, account, purse, instance, 0).earned_after)

    patch.setattr(journal, "own_between", forgetful)
    patch.setattr(view, "own_between", forgetful)


def done_is_shown_before_it_is_recorded(patch: pytest.MonkeyPatch) -> None:
    record = verbs.record

    def hasty(state: Any, draft: Any, account: Any, *basket: Any) -> Any:
        after, effects = record(state, draft, account, *basket)
        done = screens.Done(screens.Points(0), screens.Points(0), False)
        return replace(after, mode=states.Done(account, state.now + states.DONE_MS, done)), effects

    patch.setattr(verbs, "record", hasty)


def grants_are_sent_as_add_so_many(patch: pytest.MonkeyPatch) -> None:
    """The cloud answers by how much it raised a lease, and the terminal adds that to what it has."""
    ask, apply_answer = changes.ask, mirror.apply_answer

    def by_how_much(connection: Any, identity: Any, message: Any, now_ms: int) -> Any:
        before = ask(connection, identity, msgspec.structs.replace(message, wanted=0), now_ms)
        after = ask(connection, identity, message, now_ms)
        if before.row is None or after.row is None:
            return after
        row = msgspec.structs.replace(after.row, granted=after.row.granted - before.row.granted)
        return msgspec.structs.replace(after, row=row)

    def add(connection: Any, own: Any, asked_as: Any, answered: Any) -> None:
        if (row := answered.row) is not None:
            has = mirror.rows(connection, own)(row.account, row.purse, row.instance).granted
            answered = msgspec.structs.replace(answered, row=msgspec.structs.replace(row, granted=has + row.granted))
        apply_answer(connection, own, asked_as, answered)

    patch.setattr(changes, "ask", by_how_much)
    patch.setattr(mirror, "apply_answer", add)


def a_record_is_not_one_transaction(patch: pytest.MonkeyPatch) -> None:
    """A power cut leaves a line without its postings."""
    patch.setattr(journal, "transaction", lambda connection: nullcontext())


def the_cursor_moves_before_its_rows(patch: pytest.MonkeyPatch) -> None:
    """A power cut between the two loses changes for good."""
    apply, move = mirror.apply, mirror._move_cursor

    def hasty(connection: Any, own: Any, asked_as: Any, pulled: Any, *rest: Any) -> Any:
        move(connection, pulled, mirror._place(own, asked_as, pulled.through, pulled.hash))
        return apply(connection, own, asked_as, pulled, *rest)

    patch.setattr(mirror, "apply", hasty)


def undoing_a_spend_lowers_used(patch: pytest.MonkeyPatch) -> None:
    """Use is counted net in the cloud, and gross on the terminal."""
    arithmetic = posting._arithmetic

    def net(cause: Cause, one: Any, purse: Any, lease: Any) -> Any:
        purse, lease = arithmetic(cause, one, purse, lease)
        if cause is Cause.UNDO and one.delta > 0:
            lease = replace(lease, used=lease.used - one.delta, granted=lease.granted - one.delta)
        return purse, lease

    patch.setattr(posting, "_arithmetic", net)


PLANTS: dict[Plant, tuple[str, int]] = {
    a_retry_mints_a_new_id: ("1", 7),
    a_doubled_push_is_posted_twice: ("4", 3),
    granted_comes_without_its_through: ("4", 0),
    own_earnings_count_twice_after_a_pull: ("5", 0),
    done_is_shown_before_it_is_recorded: ("1", 0),
    grants_are_sent_as_add_so_many: ("45", 12),
    a_record_is_not_one_transaction: ("1245", 5),
    the_cursor_moves_before_its_rows: ("24", 0),
    undoing_a_spend_lowers_used: ("5", 6),
}
"""Each fault, the invariants that may find it, and a day on which one does: it is tried first, to save time."""


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_found(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    invariants, likely = PLANTS[plant]
    plant(monkeypatch)
    found = next(filter(None, map(_violation, sorted(SEEDS, key=lambda seed: seed != likely))), "")
    assert found[:1] in set(invariants), found or f"{len(SEEDS)} days have not found it"


def _violation(seed: int) -> str:
    try:
        live(seed, RUSH)
    except Violation as violation:
        print(f"seed {seed}: {str(violation).splitlines()[0]}")
        return str(violation)
    return ""
