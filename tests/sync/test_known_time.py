from __future__ import annotations

import sqlite3
from uuid import UUID

from emulators.drafts import BOOT, moment
from loyalty.entry import Moment
from sync import known_time


def test_known_time_is_a_lower_bound(glass: sqlite3.Connection) -> None:
    assert known_time.known_ms(glass, moment(5)) == 0
    known_time.prove(glass, 1_000_000, moment(100))
    assert known_time.known_ms(glass, moment(350)) == 1_000_250
    known_time.prove(glass, 1_000_100, moment(350))
    assert known_time.known_ms(glass, moment(350)) == 1_000_250
    rebooted = Moment(UUID(int=8), 5, 0, False)
    assert known_time.known_ms(glass, rebooted) == 1_000_000
    assert moment(0).boot == BOOT


def test_known_time_goes_on_over_a_power_cut_where_it_was_kept(glass: sqlite3.Connection) -> None:
    """A month without network, with the power on until yesterday: what was known then is the bound, not the last exchange."""
    rebooted = Moment(UUID(int=8), 5, 0, False)
    known_time.keep(glass, moment(5))
    assert known_time.known_ms(glass, moment(5)) == 0
    known_time.prove(glass, 1_000_000, moment(100))
    known_time.keep(glass, moment(40_000_100))
    assert known_time.known_ms(glass, rebooted) == 41_000_000
    known_time.keep(glass, rebooted)
    assert known_time.known_ms(glass, Moment(UUID(int=9), 0, 0, False)) == 41_000_000


def test_a_clock_of_the_clouds_that_was_wrong_once_is_set_right(glass: sqlite3.Connection) -> None:
    known_time.prove(glass, 90_000_000_000, moment(100))
    known_time.prove(glass, 90_000_000_000 - 5 * 60_000, moment(200))
    assert known_time.known_ms(glass, moment(200)) == 90_000_000_100
    known_time.prove(glass, 1_000_000, moment(300))
    assert known_time.known_ms(glass, moment(300)) == 1_000_000


def test_an_untrusted_moment_gets_the_time_that_the_cloud_proved_in_this_boot(glass: sqlite3.Connection) -> None:
    lost = Moment(BOOT, 500, 7, False)
    assert known_time.proved(glass, lost) == lost
    known_time.prove(glass, 1_000_000, moment(100))
    assert known_time.proved(glass, lost) == Moment(BOOT, 500, 1_000_400, True)
    assert known_time.proved(glass, moment(500)) == moment(500)
    rebooted = Moment(UUID(int=8), 500, 7, False)
    assert known_time.proved(glass, rebooted) == rebooted
