"""How long the courier waits after a failure, against a time line: who may end a rest, and when (docs/protocol.md)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync.patience import EARLY_SECONDS, LONGEST_RETRY_AFTER, LONGEST_WAIT, Patience

FAILURES = st.one_of(
    st.tuples(st.just(0.0), st.booleans()),  # nothing was asked; whether nothing but the network was in the way
    st.tuples(st.sampled_from([1.0, 40.0, 600.0, 1e9]), st.just(False)),
)
EVENTS = st.lists(st.tuples(st.integers(1, 20_000), st.sampled_from(["entry", "entry", "entry", "route"])), max_size=40)


@dataclass
class Timeline:
    """Simulated seconds, on which entries are recorded and routes come."""

    events: list[tuple[float, str]]
    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    patience: Patience | None = None
    stands_still: bool = False

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.stands_still:
            await asyncio.Event().wait()
        until = self.now + seconds
        await self._let_others_go_on()
        while self.events and self.events[0][0] <= until:
            self.now, what = self.events.pop(0)
            assert self.patience is not None
            self.patience.wake() if what == "entry" else self.patience.hurry()
            await self._let_others_go_on()
        self.now = until

    async def _let_others_go_on(self) -> None:
        """Whoever was woken may end this rest."""
        for _ in range(10):
            await asyncio.sleep(0)

    def up_ms(self) -> int:
        return round(self.now * 1000)


@settings(max_examples=300, deadline=None)
@example(failures=[(0.0, False)] * 6 + [(0.0, True)] * 2, events=[(158, "entry"), (158, "entry")], chance=0.25)
@given(failures=st.lists(FAILURES, min_size=1, max_size=25), events=EVENTS, chance=st.floats(0.01, 0.99))
def test_every_try_comes_when_the_rules_say(
    failures: list[tuple[float, bool]], events: list[tuple[int, str]], chance: float
) -> None:
    # Never two things at one moment: each event at a hundredth of its own.
    times = sorted((at / 10 + n / 1000, what) for n, (at, what) in enumerate(events))
    line = Timeline(list(times))
    line.patience = Patience(line.sleep, lambda: chance, line.up_ms)
    tries: list[float] = []

    async def live() -> None:
        assert line.patience is not None
        for asked, network in failures:
            line.patience.begin()
            await line.patience.after_failure(asked, network=network)
            tries.append(line.now)

    asyncio.run(live())
    at, early, count = 0.0, -EARLY_SECONDS, 0
    for (asked, network), tried in zip(failures, tries, strict=True):
        limit = min(LONGEST_WAIT, 2.0 ** min(count, 10))
        count += 1
        if asked:
            asked = min(asked, LONGEST_RETRY_AFTER)
            assert at + asked < tried <= at + asked + max(limit, asked / 4)
        else:
            ends = [at + limit * chance] + [when for when, what in times if what == "route" and when > at]
            entry = next((when for when, what in times if what == "entry" and when > at), None)
            if network and entry is not None:
                ends.append(max(entry, early + EARLY_SECONDS))
            assert abs(tried - min(ends)) < 0.01
            if network and entry is not None and tried == ends[-1] != ends[0]:
                early, count = tried, count - 1
        at = tried


def test_terminals_that_were_sent_away_together_do_not_come_back_together() -> None:
    back = set()
    for chance in (0.0, 0.3, 0.9):
        line = Timeline([])
        asyncio.run(Patience(line.sleep, lambda chance=chance: chance, line.up_ms).after_failure(120, network=False))
        back.add(line.now)
    assert back == {120, 129, 147}


def test_a_rest_that_the_cloud_asked_for_is_kept_where_the_loop_is_begun_anew() -> None:
    """Staff ask for a new identity in the middle of it, and get none: the loop that begins again is no try of its own."""
    line = Timeline([], stands_still=True)
    patience = Patience(line.sleep, lambda: 0.0, line.up_ms)

    async def live() -> None:
        resting = asyncio.ensure_future(patience.after_failure(600, network=False))
        await asyncio.sleep(0)
        resting.cancel()
        await asyncio.gather(resting, return_exceptions=True)
        line.stands_still = False
        line.now += 100
        await patience.hold()
        assert (line.slept, line.now) == ([600, 500], 600)
        await patience.hold()
        assert line.now == 600

    asyncio.run(live())
