"""A damaged terminal and the real cloud: in the end every entry that could be read is counted once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from emulators.drafts import account, award, spend
from emulators.paired import Cloud, Terminal
from sync import history, journal, readmission, salvage
from sync.courier import CloudState
from sync.keys import NEXT_KEY, load_or_make
from sync.messages import Standing
from sync.refusals import SpendingStopped

PAGE, ENTRIES, SENT = 4096, 60, 20


@pytest.mark.parametrize(("sent", "whose"), [(SENT, False), (ENTRIES, False), (SENT, True), (ENTRIES, True)])
def test_a_damaged_terminal_comes_back_without_losing_or_doubling(
    sent: int, whose: bool, new_terminal: Callable[[str], Terminal], cloud: Cloud
) -> None:
    """A page in the middle is gone. Its entries are lost where the cloud has them not, and named; all others count once.

    `whose`: so is the page that says whose the journal is, and how far the cloud has it.
    """
    one = new_terminal("one")
    for number in range(ENTRIES):
        one.till.record(award(1 + number, who=1))
        if number + 1 == sent:
            assert one.exchange() == CloudState(online=True)
    path = one.folder / "journal.db"
    body = journal.lines_after(one.journal, ENTRIES // 2, 1)[0].body
    root = one.journal.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'identities'").fetchone()[0]
    one.close()
    with path.open("r+b") as file:
        for at in [path.read_bytes().index(body) // PAGE * PAGE] + [(root - 1) * PAGE] * whose:
            file.seek(at)
            file.write(random.Random(1).randbytes(PAGE))
    found = salvage.salvage(path, "now", [one.pairing.identity])
    ((first, last),) = found.missing
    assert 0 < found.kept == first - 1 < SENT * 2
    assert found.later == ENTRIES - last > 0

    one.journal = journal.open_journal(path)
    one.reopen()
    one.till.record(award(1_000))
    with pytest.raises(SpendingStopped):
        one.till.record(spend(1))
    assert one.exchange().standing is Standing.OFF_HEAD
    key = load_or_make(one.folder, one.chance.randbytes, NEXT_KEY)
    asyncio.run(one.courier.renew(key.public))
    assert readmission.readmit(one.journal, one.mirror, one.folder, "journal.db") == found.later
    one.mirror.close()
    one.reopen()
    assert one.exchange() == CloudState(online=True)
    assert history.waiting(one.journal).count == 0

    lost = set(range(max(first, sent + 1), last + 1))
    assert cloud.entries() == ENTRIES - len(lost) + 1
    expected = 1_000 + sum(number for number in range(1, ENTRIES + 1) if number not in lost)
    assert one.points()[0] == expected
    assert one.look().whose.account == account()
