"""How long the oldest entry has waited, whatever the wall clock does."""

from __future__ import annotations

from uuid import UUID

import pytest

from loyalty.entry import Moment
from sync.history import Waiting

NOW, HOUR, DAY = 1_800_000_000_000, 3_600_000, 24 * 3_600_000
FIRST, SECOND = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("oldest", "now", "age"),
    [
        (Moment(FIRST, HOUR, 0, False), Moment(FIRST, 3 * HOUR, -NOW, True), 2 * HOUR),
        (Moment(FIRST, HOUR, NOW, True), Moment(SECOND, 5, NOW + DAY, True), DAY),
        # The clock of one of the two was unknown, or went back: at least as long as this boot has lasted.
        (Moment(FIRST, HOUR, 0, False), Moment(SECOND, HOUR, NOW, True), HOUR),
        (Moment(FIRST, HOUR, NOW, True), Moment(SECOND, HOUR, 0, False), HOUR),
        (Moment(FIRST, HOUR, NOW, True), Moment(SECOND, HOUR, NOW - DAY, True), HOUR),
    ],
)
def test_the_age_of_the_oldest(oldest: Moment, now: Moment, age: int) -> None:
    assert Waiting(1, oldest).age_ms(now) == age
