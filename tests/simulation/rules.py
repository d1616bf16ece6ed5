"""The sentences of `docs/` that the simulator checks: each check names the one that it checks, and fails with it.

`test_rules.py` compares them with the pages, word for word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

LEDGER, PROTOCOL = "docs/ledger.md", "docs/protocol.md"


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence about the invariant `number`, and the page where it stands."""

    number: int
    sentence: str
    page: str = LEDGER


class Violation(AssertionError):
    """A rule does not hold. The text begins with the invariant's number and ends with the sentence that is broken."""

    def __init__(self, rule: Rule, words: str) -> None:
        self.rule = rule
        super().__init__(f"{rule.number}: {words} ({rule.page}, {rule.number}: “{rule.sentence}”)")


def demand(holds: bool, rule: Rule, *what: object) -> None:
    """Raises `Violation` unless `holds`."""
    if not holds:
        violated(rule, *what)


def violated(rule: Rule, *what: object) -> NoReturn:
    """Raises `Violation`."""
    raise Violation(rule, " ".join(str(part) for part in what))


SHOWN = Rule(1, "What a person was told is done is in the journal, under the id that was answered, and stays there.")
REFUSED = Rule(1, "What people were told is not saved is not in the journal.")
ASKED = Rule(1, "An entry is written once for each time that somebody asked for it, however often the asking is repeated.")
ARRIVED = Rule(1, "In the end every line of every terminal is in the cloud, exactly once.")

LINES = Rule(2, "A journal's lines follow each other without a gap, as they were written, and only pruning takes any away.")
BELIEVED = Rule(2, "A terminal believes no more to be stored and posted than the cloud has stored and posted.")
POSTED = Rule(
    2,
    "The cloud posts every line that it has stored, in order; only one that it cannot read stops it, until that is read or a"
    " person voids it.",
)
GOES_ON = Rule(2, "No fault of network, disk, power or cloud stops a terminal for good.")

ONE_LINE = Rule(3, "At a sequence of an identity stands one line for ever, and it is one that a terminal wrote there.")
ONE_PLACE = Rule(3, "An entry's id is posted for one line.")
ALARMS = Rule(
    3,
    "An alarm is raised for nothing that happens without a copy, a write-off or a person's doing: not for what comes twice.",
)

SUMS = Rule(4, "The sum of the postings of a purse is its balance, at every moment.")
ROWS = Rule(
    4, "A row of the mirror was true in the cloud at one moment: balance, grant, and the last own line that both include."
)
SEEN = Rule(4, "What a person sees is the row's balance and the own postings behind its line.")
SAME = Rule(4, "When everything has arrived, every terminal shows what the cloud holds.")

COVERED = Rule(5, "Always: **S + all O ≤ E + overdraft + debt**.", PROTOCOL)
LEASES = Rule(
    5,
    "No lease is below zero, the leases of a purse add up to what it says is leased, and each has used what its chain used.",
)
SPENDABLE = Rule(
    5, "A terminal may spend what it was granted and what it earned behind that row, less all that its lines ever used."
)
TOGETHER = Rule(5, "What all terminals together could spend now is there, in the purse or in lines on their way to it.")
OVERDRAFT = Rule(
    5,
    "A purse is overdrawn by no more than a written-off terminal held, a void line would have earned, or a copy had as its head"
    " start.",
)

IN_TIME = Rule(6, "An undo is made by the terminal that recorded the entry, within the programme's time.")
AGE = Rule(6, "An age across a reboot is believed only between two trusted times: otherwise an undo is too late.", PROTOCOL)
ONE_UNDO = Rule(6, "A spend is undone once.")
TAKEN = Rule(6, "Undo and returns together take no more of an award than it gave.")

CLOUD_ALONE = Rule(
    7,
    "A terminal writes nothing of what looks at the past: no bonus, and no more for a purchase than the purchase itself earns.",
)
FOLLOWS_ONCE = Rule(
    7, "What follows from an entry has an id made of the entry's id and the rule's name, so that it follows once."
)
BONUS = Rule(7, "It is no more than the rule gives for that entry.")

OWN_ROWS = Rule(8, "A terminal holds no row that includes a line which it has not written.")
NO_COPY = Rule(8, "Nobody is taken for a copy who is none.")
ANEW = Rule(8, "A new identity goes on behind lines that the terminal has.")

NOT_LATE = Rule(9, "Known time is never later than it is.")
NOT_EARLY = Rule(
    9,
    "Once an answer of the cloud is worked off in a boot, known time is no earlier than that answer and what went by since.",
)
TRUSTED = Rule(
    9, "An entry says that its clock was trusted only where the clock was set, or where the cloud had answered in that boot."
)
DATED = Rule(9, "The cloud dates an entry no earlier than the one before it in its chain, and no later than it came.")
SURE = Rule(
    9,
    "Where it is sure of a date, that is the true one, but for as long as the message that placed the boot was on its way.",
)

CARDS = Rule(10, "A terminal takes a card for what the cloud says of it, as of its last pull at least.")
LEADS = Rule(10, "Of an account that leads to another nothing is free.")
NAMED = Rule(10, "A line posts to the purse that it names, also when its card leads elsewhere by then.")
STRANGERS = Rule(10, "A number that is in nobody's range earns nothing, unless somebody is bound to it.")

PRUNED = Rule(11, "A terminal deletes no line that the cloud does not have.")
FORGOTTEN = Rule(
    11,
    "Of a person who was forgotten the cloud keeps no name, no card, and of no line the salt or the personal part.",
)
TOMBSTONE = Rule(
    11,
    "A terminal that has pulled the tombstone shows nothing of the person, and keeps the personal part of none of their lines"
    " that the cloud has stored.",
)

RAW = Rule(12, "No number of a card or a phone stands on a terminal's disk, in its log or in a message.")

ALL: tuple[Rule, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
