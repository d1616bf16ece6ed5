"""From `apt install` to the first points, and an upgrade in mid-sale: the package in its sandbox, devices, a cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from display.screens import DoneStamps, Idle, StampCard, Unpaired
from emulators.hardware import PINS
from lab.container import Container
from lab.counter import DROP_IN, SEEN_AT, CloudBeside, Devices, insert, settings
from lab.installer import HOME, NEWER, install
from shop import NAME, rows, until

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(300)]

UNIT = "bodka-terminal.service"
JANA = "2100000000012"
DARK = ["." * 128] * 64

IDLE = [Idle(NAME, *sign, missing) for sign in ((False, 0), (True, 0), (True, 1)) for missing in ((), ("chip",))]
DONE = [DoneStamps("Jana K.", 8, 10, "Káva zadarmo", later, "kávy") for later in (False, True)]


@dataclass
class Opened:
    """A machine with its counter and its cloud."""

    machine: Container
    devices: Devices
    cloud: CloudBeside


@pytest.fixture(scope="module")
def opened(tree: Path, package: Path, newer: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """The package was installed and knows its devices; it is not paired."""
    folder = tmp_path_factory.mktemp("counter")
    board = folder / "board"
    board.mkdir()
    devices = Devices(board)
    shared = {package.parent: "/packages", newer.parent: "/newer", board: SEEN_AT}
    with Container(tree, shared, folder / "machine.log") as machine:
        cloud = CloudBeside(folder, machine)
        try:
            cloud.fill(None)
            cloud.start()
            install(machine)
            machine.write(f"/run/systemd/system/{UNIT}.d/board.conf", DROP_IN)
            machine.write("/etc/bodka/terminal.toml", settings({"url": cloud.url, "poll": "1"}))
            machine.run("systemctl", "daemon-reload")
            machine.run("systemctl", "restart", UNIT)
            yield Opened(machine, devices, cloud)
        finally:
            cloud.kill()
    devices.board.close()


def stamps(filled: int) -> StampCard:
    return StampCard("Jana K.", filled, 10, "Káva zadarmo", more=True, until="kávy")


def test_a_new_terminal_shows_how_it_is_paired(opened: Opened) -> None:
    opened.devices.shows(Unpaired())


def test_it_pairs_and_a_card_becomes_a_stamp_and_an_upgrade_in_the_middle_says_nothing_false(opened: Opened) -> None:
    machine, devices = opened.machine, opened.devices
    said = machine.tried("bodka-terminal", "pair", "--code", opened.cloud.says("pairing-code").strip(), "--device", "lab")
    assert said.returncode == 0, said.stderr
    devices.shows(*IDLE)
    card = insert(machine, JANA)
    until(lambda: card.commands, machine.story, 15)
    devices.shows(stamps(7))
    with devices.watched() as seen:
        devices.gpio.drive(PINS["award"], 0)
        devices.shows(*DONE)
        devices.gpio.drive(PINS["award"], None)
        install(machine, "/newer")
        devices.shows(*IDLE, stamps(8))
    card.remove()
    assert machine.run("cat", f"{HOME}/VERSION").strip() == NEWER
    entries = json.loads(machine.run("bodka-terminal", "journal", "--json"))["entries"]
    assert [entry["cause"] for entry in entries] == ["award"]
    until(lambda: [one["id"] for one in opened.cloud.ledger()["entries"] if one["id"] == entries[0]["id"]], machine.story)
    assert DARK in seen, "the glass says nothing while nobody serves"
    true = [rows(screen) for screen in (*IDLE, *DONE, stamps(7), stamps(8))]
    assert [picture for picture in seen if picture not in (*true, DARK)] == []
    after = seen[seen.index(DARK) :]
    assert rows(stamps(7)) not in after, "what was recorded is shown as recorded"
