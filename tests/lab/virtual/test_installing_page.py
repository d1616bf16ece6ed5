"""docs/installing.md, followed word for word: the blocks for the terminal, on a machine on which nothing of Bodka is yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cafe import JANA_TAG, stamp_card

from emulators.nfc_tags import Type2Tag
from lab.container_tree import ROOT
from lab.snapshots import BOOTED, booted
from lab.virtual_counter import AUTHORITY, DEVICES, DROP_IN, REVISION, UNIT, Counter
from lab.virtual_disk import Disk
from lab.virtual_machine import VirtualMachine

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(600)]

BLOCK = re.compile(r"^ *```sh terminal\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """Every command of the page for the terminal, in its order."""
    page = (ROOT / "docs/installing.md").read_text("utf-8")
    return [line.strip() for block in BLOCK.findall(page) for line in block.splitlines()]


@pytest.fixture
def counter(disk: Disk, package: Path, tmp_path: Path) -> Iterator[Counter]:
    """A machine with a counter's devices, the package in root's folder, and the cloud's authority where the page says."""
    machine = VirtualMachine.from_snapshot(disk, tmp_path, booted(disk), BOOTED)
    with Counter(machine, tmp_path) as one:
        machine.share(package.parent, "/root")
        one.cloud.fill(None)
        one.cloud.start()
        machine.write(AUTHORITY, one.cloud.authority.pem)
        machine.write(f"/etc/systemd/system/{UNIT}.d/lab.conf", DROP_IN)
        for device in DEVICES:
            one.plug(device)
        yield one


def test_the_page_leads_to_the_first_tap(counter: Counter) -> None:
    machine = counter.machine
    found = commands()
    assert len(found) == 14
    for command in found:
        if "CODE" in command:
            command = command.replace("CODE", counter.cloud.says("pairing-code").strip())
            # The lab's bus and port have other numbers than a Raspberry Pi's.
            machine.run("sed", "-i", f"s/^port = 1 /port = {counter.bus_number()} /", "/etc/bodka/terminal.toml")
            machine.run("sed", "-i", "s/tty:S0:pn532/tty:USB0:pn532/", "/etc/bodka/terminal.toml")
        command = command.replace("https://cloud.example", counter.cloud.outer)
        done = machine.tried("sh", "-c", f"cd /root; export DEBIAN_FRONTEND=noninteractive {REVISION}; {command}")
        print(f"$ {command}\n{done.stdout}{done.stderr}")
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}\n{counter.story()}"
    counter.works(*DEVICES)
    counter.shows_idle()
    counter.tap(Type2Tag(JANA_TAG))
    counter.shows(stamp_card("Jana K.", 7))
