"""The power is cut under a whole machine: a thousand disks as they may have been left, and a fault planted to be found."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lab.virtual_cuts import record, try_out
from lab.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(900)]

STATES, ROUNDS = 1_000, 150


def test_no_power_cut_loses_an_acknowledged_entry(machine: VirtualMachine, tmp_path: Path) -> None:
    began = time.monotonic()
    recorded = record(machine, tmp_path, 1, ROUNDS)
    worked = time.monotonic() - began
    tried, found = try_out(recorded, seed=1, states=STATES)
    print(f"{len(recorded.acknowledged)} acknowledgements in {worked:.0f} s, {tried} states: {found}")
    assert (tried, found) == (STATES, None)


def test_without_flushes_the_loss_is_seen(machine: VirtualMachine, tmp_path: Path) -> None:
    tried, found = try_out(record(machine, tmp_path, 1, ROUNDS, "synchronous=OFF"), seed=1, states=STATES)
    print(f"synchronous=OFF: state {tried}: {found}")
    assert found is not None
