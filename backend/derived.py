"""What follows from a line by the rules that look at the past, posted by the cloud alone in the line's own transaction.

Each thing that follows is an entry of the merchant's own identity that refers to the award; its id is made of the award's (or,
for what is taken back, of the undo's or return's) and the rule's, so that nothing is derived twice (invariant 7). Nothing of it
is leased to anyone, and only what is free is ever taken back; the rest is listed, and later bonuses are set against it.
"""

from __future__ import annotations

from dataclasses import replace

from backend import own_entries
from backend.alarms import Alarm, Kind
from backend.book import Book, PurseKey, TakingKey
from backend.history import CardDay, Derived, DerivedKey, History, Past
from backend.surroundings import Random
from loyalty.derived import day_of, level_at, level_bonus, milestone_points, remaining, settle
from loyalty.entry import Cause, Entry, Personal, Posting
from loyalty.ids import derived_id
from loyalty.programme import Programme
from loyalty.purse import take_free

_SPEND = "spend"
"""What still counts of a purchase, once part of it came back."""


def follow(book: Book, sequence: int, entry: Entry, whose: Personal, made_ms: int, random: Random) -> None:
    """Posts what follows from an entry that was just posted: the line at `sequence`, truly made at `made_ms`."""
    history = book.history
    programme = history.programme(entry.programme) if history is not None else None
    if history is None or programme is None:
        return
    line = _Follower(book, history, programme, sequence, entry, whose, day_of(made_ms), random)
    if entry.cause in (Cause.AWARD, Cause.REDEEM):
        line.earned()
    elif entry.cause in (Cause.UNDO, Cause.RETURN):
        line.taken_back()


class _Follower:
    """One line, and what it makes follow."""

    def __init__(
        self,
        book: Book,
        history: History,
        programme: Programme,
        sequence: int,
        entry: Entry,
        whose: Personal,
        day: int,
        random: Random,
    ) -> None:
        self._book, self._history, self._programme = book, history, programme
        self._sequence, self._entry, self._whose, self._random = sequence, entry, whose, random
        self._rules = programme.history
        self._purse = programme.points.purse if programme.points else ""
        self._account = book.leads_to(whose.account)
        self._about = entry.id if entry.refers is None else entry.refers
        """The award that all this follows from."""
        self._day = day

    def earned(self) -> None:
        paid = 0
        if (bill := self._entry.purchase) is not None and bill.currency == self._programme.currency:
            paid = bill.amount - bill.discount
        self._history.past[self._entry.id] = Past(self._day, self._whose.token, paid, self._entry.cause is Cause.AWARD)
        for posting in self._entry.postings:
            if posting.delta > 0:
                excess = self._limit(posting) if self._entry.cause is Cause.AWARD else 0
                if posting.purse == self._purse:
                    self._add_level_bonus(posting, excess)
        self._spend(self._day, paid)

    def _limit(self, posting: Posting) -> int:
        """Takes back what is above the day's limit of the card; returns how much is above it."""
        token, day = self._whose.token, self._day
        if not token or (self._rules.limits.awards is None and self._rules.limits.points is None):
            return 0
        points = posting.purse == self._purse
        before = self._history.card_day(token, day)
        limits = self._rules.limits if points else replace(self._rules.limits, points=None)
        excess = limits.excess(before.awards, before.points, posting.delta)
        kept = posting.delta - excess if points else 0
        if excess < posting.delta:
            self._history.put_card_day(token, day, CardDay(before.awards + 1, before.points + kept))
        rule = f"limit {posting.purse}"
        key = TakingKey(self._entry.id, posting.purse, posting.instance)
        # What people took back of an award that comes late is above the limit no more.
        excess = min(excess, max(0, posting.delta - self._book.taking(key).taken))
        taken = self._take(PurseKey(self._whose.account, posting.purse, posting.instance), excess, rule)
        if excess:
            self._history.put_derived(DerivedKey(self._entry.id, rule), Derived(posting.delta, excess, taken))
            taking = self._book.taking(key)
            self._book.put_taking(key, replace(taking, taken=taking.taken + taken))
        return excess

    def _add_level_bonus(self, posting: Posting, excess: int) -> None:
        level = level_at(self._rules.levels, lambda months: self._history.spent_within(self._account, self._day, months))
        counted = posting.delta - excess
        whole = level_bonus(level, counted)
        if level is None or not whole:
            return
        owed = remaining(whole, counted, self._taken_by_people(posting))
        rule = f"level {level.key}"
        self._give(owed, rule)
        self._history.put_derived(DerivedKey(self._entry.id, rule), Derived(counted, whole, owed))

    def _taken_by_people(self, posting: Posting) -> int:
        """What undo and returns took of an award, without what the limit took."""
        taking = self._book.taking(TakingKey(self._about, posting.purse, posting.instance))
        limit = self._history.derived.get(DerivedKey(self._about, f"limit {posting.purse}"))
        return taking.taken - (limit.given if limit else 0)

    def taken_back(self) -> None:
        award, bill = self._entry.refers, self._entry.purchase
        past = self._history.past.get(award) if award is not None else None
        if award is None or past is None:
            if self._entry.cause is Cause.RETURN and bill is not None and bill.currency == self._programme.currency:
                self._spend(self._day, -bill.amount)
            return
        for posting in self._entry.postings:
            if posting.delta < 0 and posting.purse == self._purse:
                self._shrink_bonuses(posting)
        if self._entry.cause is Cause.UNDO and past.award and past.token == self._whose.token:
            self._free_the_day(past)
        left = self._history.derived.get(DerivedKey(award, _SPEND), Derived(past.paid, past.paid, past.paid))
        back = left.given
        if self._entry.cause is Cause.RETURN:
            back = min(back, bill.amount if bill is not None else 0)
        if back:
            self._history.put_derived(DerivedKey(award, _SPEND), replace(left, given=left.given - back))
            self._spend(past.day, -back)

    def _free_the_day(self, past: Past) -> None:
        """An undone award does not count among those of its card's day any more."""
        earned = self._history.card_day(past.token, past.day)
        kept = {posting.purse: self._kept(posting) for posting in self._entry.postings}
        if earned.awards and any(kept.values()):
            points = max(0, earned.points - kept.get(self._purse, 0))
            self._history.put_card_day(past.token, past.day, CardDay(earned.awards - 1, points))

    def _kept(self, undone: Posting) -> int:
        """What of an award was not above the limit."""
        limit = self._history.derived.get(DerivedKey(self._about, f"limit {undone.purse}"))
        return -undone.delta - (limit.whole if limit else 0)

    def _shrink_bonuses(self, posting: Posting) -> None:
        """The bonuses of an award shrink with it."""
        taken = self._taken_by_people(posting)
        for key in [key for key in self._history.derived if key.entry == self._about and key.rule.startswith("level ")]:
            bonus = self._history.derived[key]
            owed = remaining(bonus.whole, bonus.of, taken)
            if owed < bonus.given:
                self._take_bonus(bonus.given - owed, key.rule)
                self._history.put_derived(key, replace(bonus, given=owed))

    def _spend(self, day: int, paid: int) -> None:
        """Counts what was paid, and gives or takes back the milestones that are crossed by it."""
        before = self._history.of(self._account).spent
        self._history.spend(self._account, day, paid)
        for milestone in self._rules.milestones:
            points = milestone_points(milestone, before, before + paid)
            if points > 0:
                self._give(points, f"milestone {milestone.key}")
            else:
                self._take_bonus(-points, f"milestone {milestone.key}")

    def _give(self, points: int, rule: str) -> None:
        progress = self._history.of(self._account)
        given, owing = settle(points, progress.owing)
        self._history.put(self._account, replace(progress, owing=owing))
        if given:
            self._write(Cause.BONUS, Posting(self._purse, given), rule)

    def _take_bonus(self, points: int, rule: str) -> None:
        taken = self._take(PurseKey(self._whose.account, self._purse, ""), points, rule)
        progress = self._history.of(self._account)
        self._history.put(self._account, replace(progress, owing=progress.owing + points - taken))

    def _take(self, key: PurseKey, points: int, rule: str) -> int:
        """Takes back what is free, lists the rest, and returns how much was taken."""
        if points <= 0:
            return 0
        purse, _ = self._book.purse(key)
        _, taken = take_free(purse, points)
        if taken:
            self._write(Cause.TAKEN_BACK, Posting(key.purse, -taken, instance=key.instance), rule)
        if taken < points:
            detail = f"{points - taken} of {key.purse} were not free to be taken back ({rule})"
            self._book.alarms.append(Alarm(Kind.NOT_FREE, self._book.identity.id, self._sequence, detail, key.account))
        return taken

    def _write(self, cause: Cause, posting: Posting, rule: str) -> None:
        id = derived_id(self._entry.id, rule)
        own_entries.write(self._book, cause, self._whose, posting, self._random, refers=self._about, rule=rule, id=id)
