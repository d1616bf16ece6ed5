"""Faults planted in the real code that break what is promised of members, cards and the past (invariants 7, 10, 11 and 12)."""

from __future__ import annotations

import itertools
from typing import Any
from uuid import UUID

import msgspec
import pytest
import structlog

from backend import derived, forgetting, merging
from loyalty.derived import forecast, level_bonus
from loyalty.entry import Cause
from loyalty.numbers import Verdict
from simulation import rules, stories, stories_of_people
from simulation.mutant import Mutant, Plant
from sync import applying
from sync import forgetting as on_terminals
from sync.requests import Requests
from terminal import cards, verbs


def what_follows_has_an_id_by_chance(patch: pytest.MonkeyPatch) -> None:
    """So what comes twice follows twice."""
    count = itertools.count(1)
    patch.setattr(derived, "derived_id", lambda of, rule: UUID(int=next(count)))


def the_forecast_is_written_down(patch: pytest.MonkeyPatch) -> None:
    """The terminal gives what the cloud will give."""
    record = verbs.record

    def generous(state: Any, draft: Any, account: Any, *basket: Any) -> Any:
        if draft.cause is Cause.AWARD and draft.purchase is not None and state.desk.programme is not None:
            bill, (posting, *_) = draft.purchase, draft.postings
            more = forecast(state.desk.programme.history, account.progress, posting.delta, bill.amount - bill.discount)
            posting = msgspec.structs.replace(posting, delta=posting.delta + (more.points if more is not None else 0))
            draft = msgspec.structs.replace(draft, postings=(posting,))
        return record(state, draft, account, *basket)

    patch.setattr(verbs, "record", generous)


def a_level_gives_twice_its_bonus(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(derived, "level_bonus", lambda level, points: 2 * level_bonus(level, points))


def what_is_free_stays_behind(patch: pytest.MonkeyPatch) -> None:
    """A merge leads cards alone."""
    patch.setattr(merging, "move_on", lambda book, random: None)


def lines_post_where_their_card_leads(patch: pytest.MonkeyPatch) -> None:
    """What names an account is posted to the one that it was merged into."""
    people = forgetting.people

    def led(book: Any, batch: Any) -> Any:
        found, late = people(book, batch)
        network = book.identity.network

        def into(whose: Any) -> Any:
            account = merging.leads_to(book.connection, network, whose.account)
            return msgspec.structs.replace(whose, account=account or whose.account)

        return [into(whose) for whose in found], late

    patch.setattr(forgetting, "people", led)


def a_block_changes_nothing(patch: pytest.MonkeyPatch) -> None:
    """A terminal keeps the first thing it was told of a card."""
    heeded = "status = iif(excluded.card_change >= card_change, excluded.status, status)"
    assert heeded in applying._ACCOUNT
    patch.setattr(applying, "_ACCOUNT", applying._ACCOUNT.replace(heeded, "status = coalesce(status, excluded.status)"))


def every_number_is_ours(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cards, "judge", lambda number, schemes: (Verdict.OURS, number))


def a_late_line_keeps_its_person(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forgetting, "strip", lambda connection, identity, sequences: None)


def a_tombstone_deletes_no_row(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(on_terminals, "bury", lambda connection, row: None)


def the_journal_forgets_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(on_terminals, "_forget_lines", lambda connection, account: True)


def a_token_is_the_number(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(cards, "token", lambda key, kind, number: number.encode().ljust(16, b"."))


def every_card_is_logged(patch: pytest.MonkeyPatch) -> None:
    identify = cards.identify

    def chatty(seen: Any, *rest: Any) -> Any:
        structlog.get_logger("cards").debug("a card", number=seen.data)
        return identify(seen, *rest)

    patch.setattr(cards, "identify", chatty)


def the_last_card_is_told(patch: pytest.MonkeyPatch) -> None:
    """For statistics, with every message."""
    identify, send, last = cards.identify, Requests._send, [""]

    def remembering(seen: Any, *rest: Any) -> Any:
        last[0] = seen.data
        return identify(seen, *rest)

    async def chatty(self: Any, path: str, body: bytes, number: int) -> Any:
        return await send(self, path, body[:-1] + f',"last":"{last[0]}"}}'.encode(), number)

    patch.setattr(cards, "identify", remembering)
    patch.setattr(Requests, "_send", chatty)


MUTANTS: dict[Plant, Mutant] = {
    what_follows_has_an_id_by_chance: Mutant(rules.FOLLOWS_ONCE, story=stories_of_people.levels_are_the_clouds),
    the_forecast_is_written_down: Mutant(rules.CLOUD_ALONE, story=stories_of_people.levels_are_the_clouds),
    a_level_gives_twice_its_bonus: Mutant(rules.BONUS, story=stories_of_people.levels_are_the_clouds),
    what_is_free_stays_behind: Mutant(rules.LEADS, story=stories.two_accounts_become_one),
    lines_post_where_their_card_leads: Mutant(rules.NAMED, story=stories.two_accounts_become_one),
    a_block_changes_nothing: Mutant(rules.CARDS, story=stories_of_people.a_card_is_blocked_meanwhile),
    every_number_is_ours: Mutant(rules.STRANGERS, story=stories_of_people.a_carton_of_milk_is_shown),
    a_late_line_keeps_its_person: Mutant(rules.FORGOTTEN, story=stories_of_people.somebody_is_forgotten),
    a_tombstone_deletes_no_row: Mutant(rules.TOMBSTONE, story=stories_of_people.somebody_is_forgotten),
    the_journal_forgets_nobody: Mutant(rules.TOMBSTONE, story=stories_of_people.somebody_is_forgotten),
    a_token_is_the_number: Mutant(rules.RAW, seed=0),
    every_card_is_logged: Mutant(rules.RAW, seed=0),
    the_last_card_is_told: Mutant(rules.RAW, seed=0),
}
