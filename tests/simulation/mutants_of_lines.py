"""Faults planted in the real code that break a chain, or what is believed of it (invariants 1 to 4, 8 and 11)."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from backend import accept
from display.screens import Message
from loyalty.entry import Entry
from simulation import rules, stories
from simulation.mutant import Mutant, Plant
from sync import applying, journal, renewal
from terminal.store import Store


def what_was_written_is_told_to_be_not_saved(patch: pytest.MonkeyPatch) -> None:
    """The answer of the disk came too late, it is thought."""
    record = Store.record

    async def doubting(self: Store, *rest: Any) -> Any:
        outcome = await record(self, *rest)
        return Message.NOT_SAVED if isinstance(outcome, Entry) else outcome

    patch.setattr(Store, "record", doubting)


def what_is_stored_counts_as_posted(patch: pytest.MonkeyPatch) -> None:
    """The terminal forgets that the cloud may not be able to read a line."""
    note = journal.accept
    patch.setattr(journal, "accept", lambda connection, stored, posted: note(connection, stored, stored.sequence))


def one_line_is_pruned_from_the_middle(patch: pytest.MonkeyPatch) -> None:
    def careless(connection: Any, through: int, before_ms: int) -> int:
        now = journal.current(connection)
        if now.accepted > 2:
            connection.execute("DELETE FROM lines WHERE place = ?", (now.base + 2,))
        return 0

    patch.setattr(renewal, "prune", careless)


def stored_lines_are_pruned_at_once(patch: pytest.MonkeyPatch) -> None:
    """All but the last, whether they are posted or not, and however young."""

    def hasty(connection: Any, through: int, before_ms: int) -> int:
        now = journal.current(connection)
        if now.accepted:
            keep = now.base + now.accepted
            connection.execute("DELETE FROM lines WHERE place < ?", (keep,))
            connection.execute("UPDATE terminal SET pruned = ?", (keep,))
        return 0

    patch.setattr(renewal, "prune", hasty)


def the_cloud_keeps_a_hash_of_its_own(patch: pytest.MonkeyPatch) -> None:
    store = accept.lines.store

    def other(connection: Any, identity: Any, lines: Any, now_ms: int) -> None:
        store(connection, identity, [(line, hashlib.sha256(hash).digest()) for line, hash in lines], now_ms)

    patch.setattr(accept.lines, "store", other)


def what_comes_twice_is_an_alarm(patch: pytest.MonkeyPatch) -> None:
    store = accept._store

    def nervous(connection: Any, writer: Any, pushed: Any, now_ms: int) -> Any:
        if any(line.sequence <= writer.head.sequence for line in pushed):
            accept.flag_off_head(connection, writer, writer.head, now_ms)
        return store(connection, writer, pushed, now_ms)

    patch.setattr(accept, "_store", nervous)


def whoever_has_something_to_send_is_a_copy(patch: pytest.MonkeyPatch) -> None:
    """A terminal takes a cloud that has not all of its lines for one that has others."""
    patch.setattr(journal, "contradicts", lambda connection, stored: stored != journal.head(connection))


def a_new_identity_leaves_a_gap(patch: pytest.MonkeyPatch) -> None:
    """It begins a line further on than the old one ended."""
    renew = renewal.renew

    def hasty(connection: Any, new_identity: Any, accepted: int) -> None:
        renew(connection, new_identity, accepted)
        connection.execute(
            "UPDATE identities SET base = (SELECT max(place) + 1 FROM lines) WHERE identity = ?", (new_identity.bytes,)
        )

    patch.setattr(renewal, "renew", hasty)


def an_answer_brings_one_purse(patch: pytest.MonkeyPatch) -> None:
    """The others of the same answer are passed over, and the cursor with them."""
    without = applying._without

    def first(answer: Any, gone: Any) -> Any:
        kept = without(answer, gone)
        rows = {"cards": kept.cards, "members": kept.members, "staff": kept.staff, "progress": kept.progress}
        return applying.AnswerRows(purses=kept.purses[:1], **rows)

    patch.setattr(applying, "_without", first)


MUTANTS: dict[Plant, Mutant] = {
    what_was_written_is_told_to_be_not_saved: Mutant(rules.REFUSED, seed=0),
    what_is_stored_counts_as_posted: Mutant(rules.BELIEVED, story=stories.a_cloud_too_old),
    one_line_is_pruned_from_the_middle: Mutant(rules.LINES, story=stories.a_hundred_days_without_an_answer),
    stored_lines_are_pruned_at_once: Mutant(rules.PRUNED, story=stories.a_cloud_too_old),
    the_cloud_keeps_a_hash_of_its_own: Mutant(rules.ONE_LINE, seed=0),
    what_comes_twice_is_an_alarm: Mutant(rules.ALARMS, story=stories.a_lease_is_called_back),
    whoever_has_something_to_send_is_a_copy: Mutant(rules.NO_COPY, seed=0),
    a_new_identity_leaves_a_gap: Mutant(rules.ANEW, story=stories.a_write_off_and_return),
    an_answer_brings_one_purse: Mutant(rules.SAME, seed=0),
}
