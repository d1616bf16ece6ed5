"""Virtual machines with the package installed. `scripts/lab` makes what they are booted from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import virtual_disk
from lab.snapshots import INSTALLED, installed
from lab.virtual_counter import Counter
from lab.virtual_disk import Disk
from lab.virtual_machine import VirtualMachine


@pytest.fixture(scope="session")
def disk() -> Disk:
    """From the cache."""
    found = virtual_disk.ready()
    if found is None:
        pytest.skip("the virtual machine's disk is not made yet, which takes three minutes: run scripts/lab")
    return found


@pytest.fixture(scope="session")
def terminal(disk: Disk, package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of a machine on which the package was installed a moment ago."""
    return installed(disk, package, tmp_path_factory.mktemp("installed"))


@pytest.fixture
def machine(disk: Disk, terminal: Path, tmp_path: Path) -> Iterator[VirtualMachine]:
    """A machine from that snapshot."""
    with VirtualMachine.from_snapshot(disk, tmp_path, terminal, INSTALLED) as one:
        yield one


@pytest.fixture(scope="module")
def counter(disk: Disk, terminal: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """A counter that is open: every device works, the terminal is paired with a cloud on this machine."""
    folder = tmp_path_factory.mktemp("counter")
    with Counter(VirtualMachine.from_snapshot(disk, folder, terminal, INSTALLED), folder) as one:
        one.open()
        yield one
