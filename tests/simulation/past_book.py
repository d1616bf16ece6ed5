"""What must be true of all that looks at the past (invariant 7): bonuses of levels and milestones, and daily limits."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple
from uuid import UUID

from loyalty.entry import CLOUDS_OWN, Cause, Entry
from loyalty.ids import derived_id
from simulation import rules
from simulation.rules import demand

POINTS = "points"
PER_MINOR = 10
"""Thousandths of a point for a cent, in the sample's programme; twice that in the group called so."""
DOUBLE = "2"
LEVEL_AT_MOST, MILESTONE, MILESTONE_EVERY = 1, 3_000, 1_000
"""What the levels and milestones of `simulation.faults` add: as many points again; three for every ten euros."""


def check_line(name: str, entry: Entry) -> None:
    """A terminal's line that is new."""
    demand(entry.cause not in CLOUDS_OWN, rules.CLOUD_ALONE, name, "has written what only the cloud may:", entry.cause.value)
    if entry.purchase is None or entry.cause not in (Cause.AWARD, Cause.REDEEM):
        return
    weight = entry.purchase.amount + sum(share.amount for share in entry.purchase.shares if share.group == DOUBLE)
    earned = sum(posting.earned for posting in entry.postings if posting.purse == POINTS)
    demand(earned <= weight * PER_MINOR, rules.CLOUD_ALONE, name, "gives", earned, "for a bill of", entry.purchase.amount)


class Posted(NamedTuple):
    """An entry as it was posted; `rule` and `about` where the cloud derived it, `own` where the cloud wrote it."""

    id: UUID
    cause: str
    about: UUID | None
    rule: str
    paid: int
    own: bool


class PastBook:
    """What was derived of what."""

    def __init__(self) -> None:
        self._paid: dict[UUID, int] = {}
        self._about: defaultdict[UUID, list[UUID]] = defaultdict(list)

    def note(self, entry: Posted) -> None:
        """Reads one entry, in the order of posting, before its postings are."""
        if not entry.own:
            demand(entry.cause not in {cause.value for cause in CLOUDS_OWN}, rules.CLOUD_ALONE, "a terminal's", entry.cause)
            self._paid[entry.id] = entry.paid
            self._about[entry.about or entry.id].append(entry.id)
            return
        if entry.cause not in (Cause.BONUS.value, Cause.TAKEN_BACK.value):
            return
        assert entry.about is not None
        followed = {entry.about, *self._about[entry.about]}
        made = any(derived_id(one, entry.rule) == entry.id for one in followed)
        demand(made, rules.FOLLOWS_ONCE, "what", entry.rule, "makes of", entry.about, "has an id of its own:", entry.id)

    def check_bonus(self, about: UUID, rule: str, points: int, award: int) -> None:
        """A bonus of so many thousandths of a point for an award that gave so many."""
        most = award * LEVEL_AT_MOST if rule.startswith("level ") else (self._paid[about] // MILESTONE_EVERY + 1) * MILESTONE
        demand(points <= most, rules.BONUS, rule, "gives", points, "for an award of", award, "and", self._paid[about], "paid")
