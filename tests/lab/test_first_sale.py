"""From `apt install` to the first points, and an upgrade in mid-sale: the package in its sandbox, devices, a cloud."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cafe import JANA, stamp_card, stamped

from display.screens import DeviceTest, Idle, Starting, Task, Unpaired
from emulators.hardware import PINS
from lab.container import Container
from lab.counter import DROP_IN, SEEN_AT, CloudBeside, Devices, insert, settings
from lab.installer import HOME, NEWER, install
from shop import NAME, rows, until

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(300)]

UNIT = "bodka-terminal.service"
DARK = ["." * 128] * 64
TESTED = 6
"""Steps of the test: four buttons, the chip reader, the panel."""

IDLE = [Idle(NAME, *sign, missing) for sign in ((False, 0), (True, 0), (True, 1)) for missing in ((), ("chip",))]
DONE = [stamped("Jana K.", 8, later=later) for later in (False, True)]


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


def test_a_new_terminal_shows_how_it_is_paired(opened: Opened) -> None:
    """That it is nobody's yet, and as soon as its cloud has answered a QR code, with the code to type beside it."""
    nobodys, code_beside = rows(Unpaired()), "#" * 64
    until(lambda: (glass := opened.devices.glass()) == nobodys or glass[0].startswith(code_beside), opened.machine.story)


def test_it_pairs_and_a_card_becomes_a_stamp_and_an_upgrade_in_the_middle_says_nothing_false(opened: Opened) -> None:
    machine, devices = opened.machine, opened.devices
    said = machine.tried("bodka-terminal", "pair", "--code", opened.cloud.says("pairing-code").strip(), "--device", "lab")
    assert said.returncode == 0, said.stderr
    devices.shows(DeviceTest(Task.PRESS, 1, TESTED, "+"))  # whoever has paired it tries its devices, or leaves that with ×
    opened_anew = ("device works device=buttons", "device works device=chip")
    until(lambda: all(one in machine.log(UNIT).rpartition("ready shop=")[2] for one in opened_anew), machine.story)
    devices.gpio.drive(PINS["cancel"], 0)
    devices.shows(*IDLE)
    devices.gpio.drive(PINS["cancel"], None)
    card = insert(machine, JANA)
    until(lambda: card.commands, machine.story, 15)
    devices.shows(stamp_card("Jana K.", 7))
    with devices.watched() as seen:
        devices.gpio.drive(PINS["award"], 0)
        devices.shows(*DONE)
        devices.gpio.drive(PINS["award"], None)
        install(machine, "/newer")
        devices.shows(*IDLE, stamp_card("Jana K.", 8))
    card.remove()
    assert machine.run("cat", f"{HOME}/VERSION").strip() == NEWER
    entries = json.loads(machine.run("bodka-terminal", "journal", "--json"))["entries"]
    assert [entry["cause"] for entry in entries] == ["award"]
    until(lambda: [one["id"] for one in opened.cloud.ledger()["entries"] if one["id"] == entries[0]["id"]], machine.story)
    assert DARK in seen, "the glass says nothing while nobody serves"
    true = [rows(screen) for screen in (Starting(), *IDLE, *DONE, stamp_card("Jana K.", 7), stamp_card("Jana K.", 8))]
    odd = [picture for picture in seen if picture not in (*true, DARK)]
    assert odd == [], "\n\n".join("\n".join(picture) for picture in odd)
    after = seen[seen.index(DARK) :]
    assert rows(stamp_card("Jana K.", 7)) not in after, "what was recorded is shown as recorded"
