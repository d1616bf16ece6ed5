"""A programme: how purchases become points and stamps, what rewards cost, which cards are ours. Read from TOML.

`config/programmes/` holds commented examples. Every sum, rate and coefficient is written as text ("0.50") or a whole number and
read exactly; there is no float anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

import msgspec

from loyalty import toml
from loyalty.derived import HistoryRules, Level, Limits, Milestone
from loyalty.numbers import Check, Scheme
from loyalty.purse import overnight_leases

Text: TypeAlias = str | dict[str, str]
"""A name, or one per language: "Káva" or {sk = "Káva", en = "Coffee"}."""

MINOR_DIGITS = {"EUR": 2, "CZK": 2, "PLN": 2, "HUF": 0}
"""Digits behind the point at the counter, by currency (ISO 4217; forints have no decimals at any till)."""

POINT = 1_000
"""Points are kept in thousandths."""


class SignIn(Enum):
    """How often staff show their card before spends, undos and returns."""

    NONE = "none"
    SHIFT = "shift"
    SPEND = "spend"


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[programme]` table."""

    key: str
    version: int
    name: Text
    currency: str = "EUR"
    sign_in: SignIn = SignIn.SHIFT
    undo_minutes: int = 5
    ask_above: Decimal | None = None
    """Sums above this are asked for once more."""
    largest_sum: Decimal = Decimal(1000)
    presets: tuple[Decimal, ...] = ()
    """Ready sums for a counter without a number pad."""
    languages: tuple[str, ...] = ("sk", "en")
    any_uid: bool = False
    """Blank cards without a number of ours may be issued by their UID: enough for points, not for money."""


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product group: `key` is what is typed after * on the pad; a coefficient of 0 earns nothing."""

    key: str
    name: Text
    coefficient: Decimal = Decimal(1)


class Reward(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that points buy."""

    key: str
    name: Text
    cost: Decimal


class PointsRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[points]` table."""

    per_unit: Decimal
    """Points for one whole unit of the currency, before the group's coefficient."""
    purse: str = "points"
    worth: Decimal | None = None
    """What one point pays, in the currency; without it nothing can be paid with points."""
    payable: Decimal | None = None
    """The smallest step of a discount; one minor unit where nothing is said."""
    groups: tuple[Group, ...] = ()
    rewards: tuple[Reward, ...] = ()


class StampRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[stamps]]` table: buy `goal`, get `reward`."""

    purse: str
    name: Text
    goal: int
    reward: Text
    until: Text = ""
    """The reward as it stands in "Ešte 3 do …", in languages that bend it: "kávy" in Slovak."""
    reward_key: str = ""


class CardRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[cards]]` table: a range of numbers that the programme owns, by prefix and length or from `first` to `last`."""

    prefix: str | None = None
    length: int | None = None
    check: Check = Check.NONE
    first: str | None = None
    last: str | None = None
    """The first and the last number, whole, with their check digits; instead of prefix and length."""

    def scheme(self) -> Scheme:
        """The range; raises ValueError."""
        if self.first is not None and self.last is not None and self.prefix is None and self.length is None:
            return Scheme.span(self.first, self.last, self.check)
        if self.prefix is not None and self.length is not None and self.first is None and self.last is None:
            return Scheme(self.prefix, self.length, self.check)
        raise ValueError("each table has prefix and length, or first and last")


class LendingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[lending]` table: who may spend what of a member's while a terminal has no network."""

    overnight_share: Decimal = Decimal("0.9")
    """What part of a member's value their usual terminal is lent over night, 0 to 1; others that they visit share the rest."""


class LevelRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[levels]]` table: who spent so much within a time earns more."""

    key: str
    name: Text
    spend: Decimal | None = msgspec.field(name="from", default=None)
    """In the currency. Left out, nobody earns the level: the list of members gives it, and here it is only named."""
    coefficient: Decimal = Decimal(1)
    months: int = 12


class MilestoneRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[milestones]]` table: each time so much more was spent, some points."""

    key: str
    every: Decimal
    """In the currency."""
    points: Decimal


class LimitRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[limits]` table: what one card may earn in a day."""

    awards: int | None = None
    points: Decimal | None = None


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    programme: Rules
    points: PointsRules | None = None
    stamps: tuple[StampRules, ...] = ()
    cards: tuple[CardRules, ...] = ()
    lending: LendingRules = LendingRules()
    levels: tuple[LevelRules, ...] = ()
    milestones: tuple[MilestoneRules, ...] = ()
    limits: LimitRules = LimitRules()


class Programme(msgspec.Struct, frozen=True):
    """A programme that was read and found to make sense. Sums are in minor units, points in thousandths, rates exact."""

    document: Document
    schemes: tuple[Scheme, ...]
    digits: int
    """Decimals of the currency."""
    per_minor: Fraction
    """Thousandths of a point for one minor unit; 0 where there are no points."""
    worth: Fraction
    """Minor units that one thousandth of a point pays; 0 where it pays nothing."""
    payable: int
    ask_above: int | None
    largest_sum: int
    presets: tuple[int, ...]
    history: HistoryRules = HistoryRules()
    """Levels, milestones and daily limits."""

    @property
    def version(self) -> int:
        return self.document.programme.version

    @property
    def currency(self) -> str:
        return self.document.programme.currency

    @property
    def points(self) -> PointsRules | None:
        return self.document.points

    @property
    def stamps(self) -> tuple[StampRules, ...]:
        return self.document.stamps

    def overnight(self, purse: str, balance: int, visits: Sequence[int]) -> list[int]:
        """How much of a balance each terminal is lent over night, by the member's visits there, the usual terminal first.

        Whole stamp cards, where it is stamps.
        """
        whole = next((stamps.goal for stamps in self.document.stamps if stamps.purse == purse), 1)
        return overnight_leases(balance, Fraction(self.document.lending.overnight_share), visits, whole)

    def level_name(self, key: str) -> Text | None:
        """What the level called `key` is called at the counter, or None where the programme does not name it."""
        return next((level.name for level in self.document.levels if level.key == key), None)

    def group(self, key: str) -> Group | None:
        """The product group typed as `*key`, or None."""
        groups = self.document.points.groups if self.document.points else ()
        return next((group for group in groups if group.key == key), None)


class ProgrammeError(ValueError):
    """A programme file that cannot be used; the text names the place and what to write there instead."""


def in_language(text: Text, language: str) -> str:
    """A name in the language, or in the first one it has."""
    if isinstance(text, str):
        return text
    return text.get(language) or next(iter(text.values()))


def read(text: str) -> Programme:
    """Reads a programme from TOML; raises `ProgrammeError`."""
    try:
        document = toml.read(text, Document, "the programme")
    except toml.TomlError as error:
        raise ProgrammeError(str(error)) from error
    return _understand(document)


def _understand(document: Document) -> Programme:
    rules, points = document.programme, document.points
    if rules.currency not in MINOR_DIGITS:
        raise ProgrammeError(f'currency "{rules.currency}" is not known: use one of {", ".join(MINOR_DIGITS)}')
    if points is None and not document.stamps:
        raise ProgrammeError("the programme gives nothing: add a [points] or a [[stamps]] table")
    share = document.lending.overnight_share
    if not share.is_finite() or not 0 <= share <= 1:
        raise ProgrammeError(f'lending.overnight_share is {share}: write a number from "0" to "1"')
    if rules.version < 1 or rules.undo_minutes < 0:
        raise ProgrammeError("programme.version is at least 1, and programme.undo_minutes at least 0")
    digits = MINOR_DIGITS[rules.currency]
    _check_purses(document)
    if points is not None:
        _check_points(points)
    for stamps in document.stamps:
        if not 1 <= stamps.goal <= 100:
            raise ProgrammeError(f'stamps "{stamps.purse}": goal is 1 to 100, not {stamps.goal}')
    try:
        schemes = tuple(card.scheme() for card in document.cards)
    except ValueError as error:
        raise ProgrammeError(f"cards: {error}") from error
    return Programme(
        document=document,
        schemes=schemes,
        digits=digits,
        per_minor=Fraction(points.per_unit) * POINT / 10**digits if points else Fraction(0),
        worth=Fraction(points.worth) * 10**digits / POINT if points and points.worth else Fraction(0),
        payable=max(1, _minor(points.payable, digits, "points.payable")) if points and points.payable else 1,
        ask_above=None if rules.ask_above is None else _minor(rules.ask_above, digits, "programme.ask_above"),
        largest_sum=_minor(rules.largest_sum, digits, "programme.largest_sum"),
        presets=tuple(_minor(preset, digits, "programme.presets") for preset in rules.presets),
        history=_history(document, digits),
    )


def _history(document: Document, digits: int) -> HistoryRules:
    """Levels, milestones and limits, each checked by itself and beside its like."""
    earned = [(level, level.spend) for level in document.levels if level.spend is not None]
    if document.points is None and (earned or document.milestones or document.limits.points is not None):
        raise ProgrammeError("levels, milestones and limits.points are about points: add a [points] table")
    for level in document.levels:
        if level.spend is None and level.coefficient != 1:
            raise ProgrammeError(f'level "{level.key}": a coefficient is for a level that is earned: write `from` too')
    levels = tuple(sorted((_level(level, spend, digits) for level, spend in earned), key=lambda level: level.spend))
    milestones = tuple(_milestone(one, digits) for one in document.milestones)
    for what, keys in (("levels", [one.key for one in document.levels]), ("milestones", [one.key for one in milestones])):
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise ProgrammeError(f'two {what} have the key "{twice[0]}": the ledger tells them apart by it')
    limits = document.limits
    if limits.awards is not None and limits.awards < 1:
        raise ProgrammeError(f"limits.awards is {limits.awards}: write how many awards a card may have in a day, at least 1")
    points = None if limits.points is None else _points(limits.points, "limits.points")
    return HistoryRules(levels, milestones, Limits(limits.awards, points))


def _level(level: LevelRules, spend: Decimal, digits: int) -> Level:
    where = f'level "{level.key}"'
    if not level.coefficient.is_finite() or level.coefficient < 1:
        raise ProgrammeError(f"{where}: coefficient is {level.coefficient}: a level never earns less, write 1 or more")
    if not 1 <= level.months <= 120:
        raise ProgrammeError(f"{where}: months is {level.months}: write 1 to 120")
    return Level(level.key, level.name, _minor(spend, digits, f"{where}: from"), level.months, Fraction(level.coefficient))


def _milestone(milestone: MilestoneRules, digits: int) -> Milestone:
    where = f'milestone "{milestone.key}"'
    every = _minor(milestone.every, digits, f"{where}: every")
    if every == 0:
        raise ProgrammeError(f"{where}: every is 0: write the sum that has to be spent")
    return Milestone(milestone.key, every, _points(milestone.points, f"{where}: points"))


def _points(points: Decimal, name: str) -> int:
    """Points of the file in thousandths."""
    if not points.is_finite() or points <= 0 or points * POINT % 1:
        raise ProgrammeError(f"{name} is {points}: write points above 0, with at most 3 decimals")
    return int(points * POINT)


def _check_purses(document: Document) -> None:
    purses = [stamps.purse for stamps in document.stamps]
    if document.points:
        purses.append(document.points.purse)
    for purse in purses:
        if purses.count(purse) > 1:
            raise ProgrammeError(f'two tables use the purse "{purse}": give each a purse of its own')
        if not purse:
            raise ProgrammeError("a purse needs a name")


def _check_points(points: PointsRules) -> None:
    rates = {"points.per_unit": points.per_unit, "points.worth": points.worth or Decimal(0)}
    rates |= {f'the coefficient of group "{group.key}"': group.coefficient for group in points.groups}
    for name, rate in rates.items():
        if not rate.is_finite() or rate < 0:
            raise ProgrammeError(f"{name} is {rate}: write a number of 0 or more")
    keys = [group.key for group in points.groups]
    for key in keys:
        if keys.count(key) > 1:
            raise ProgrammeError(f'two groups have the key "{key}"')
    for reward in points.rewards:
        _points(reward.cost, f'the cost of reward "{reward.key}"')


def _minor(amount: Decimal, digits: int, name: str) -> int:
    """An amount of the file in minor units."""
    scaled = amount.scaleb(digits) if amount.is_finite() else amount
    if not scaled.is_finite() or scaled < 0 or scaled % 1:
        raise ProgrammeError(f"{name} is {amount}: write an amount with at most {digits} decimals")
    return int(scaled)
