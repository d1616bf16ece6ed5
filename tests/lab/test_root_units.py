"""Root's three units under the real systemd: an update with its trial and its return, the card's file, a Wi-Fi network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.bundles import KEYS, content, signed
from lab.container import Container
from lab.installer import NEWER, as_terminal, pair_and_record

pytestmark = pytest.mark.xdist_group("lab")

UNIT = "bodka-terminal.service"
VERSIONS = "/var/lib/bodka-versions"


@pytest.fixture(scope="module")
def bundles(newer: Path) -> Iterator[tuple[str, ...]]:
    """Two versions, made of the newer package and signed by two: the machine sees them in /newer."""
    whole = content(newer)
    made = [signed(whole, version, "amd64", newer.parent) for version in (NEWER, f"{NEWER}.1")]
    yield tuple(f"/newer/{path.name}" for path in made)
    for path in made:
        path.unlink()


def in_use(machine: Container) -> str:
    """The folder that the daemon runs from."""
    pid = machine.shows(UNIT, "MainPID")
    return machine.says("cat", f"/proc/{pid}/cmdline").partition("/bin/python3")[0]


def state(machine: Container) -> dict[str, object]:
    found: dict[str, object] = json.loads(machine.run("cat", f"{VERSIONS}/state.json"))
    return found


def ask(machine: Container, what: str) -> None:
    """As the daemon asks: the file is there at once, or not at all."""
    text = json.dumps({"what": what})
    as_terminal(machine, "sh", "-c", f"echo '{text}' > /run/bodka/new && mv /run/bodka/new /run/bodka/update")
    machine.until(lambda: machine.tried("test", "-e", "/run/bodka/update").returncode)


def running(machine: Container, folder: str) -> None:
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active" and in_use(machine) == folder)


def test_an_update_is_tried_and_taken_back_by_what_systemd_says(machine: Container, bundles: tuple[str, ...]) -> None:
    for path in bundles:  # where the terminal's user may read it, as a stick that was mounted
        machine.run("install", "-m", "644", path, "/var/tmp/")
    first, second = (f"/var/tmp/{Path(path).name}" for path in bundles)
    pair_and_record(machine, 3)
    refused = machine.tried("bodka-terminal", "update", "--from", first)
    assert refused.returncode != 0
    assert "signed by 0 of the keys" in refused.stderr, refused.stderr
    machine.write("/etc/bodka/update-keys.toml", KEYS)

    done = machine.tried("bodka-terminal", "update", "--from", first)
    assert done.returncode == 0, done.stderr
    assert f"version {NEWER} is installed" in done.stdout
    running(machine, f"{VERSIONS}/{NEWER}")
    assert state(machine)["trial"] == NEWER
    assert machine.says("bodka-terminal", "waiting") == ""  # it runs; what waits is asked for below

    for _ in range(3):  # asked to stop: that counts nothing
        machine.run("systemctl", "restart", UNIT)
    assert state(machine)["failures"] == []
    for count in range(1, 4):
        running(machine, f"{VERSIONS}/{NEWER}")
        machine.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", UNIT)
        if count < 3:
            machine.until(lambda count=count: len(state(machine)["failures"]) == count)  # type: ignore[misc, arg-type]
    running(machine, "/usr/lib/bodka-terminal")
    assert state(machine)["refused"] == [NEWER]
    again = machine.tried("bodka-terminal", "update", "--from", first)
    assert "did not do well" in again.stderr

    assert machine.tried("bodka-terminal", "update", "--from", second).returncode == 0
    running(machine, f"{VERSIONS}/{NEWER}.1")
    ask(machine, "well")
    machine.until(lambda: state(machine)["good"] == f"{NEWER}.1")
    assert machine.run("ls", VERSIONS).split() == [f"{NEWER}.1", "answer.json", "current", "state.json"]
    machine.run("systemctl", "stop", UNIT)
    assert machine.says("bodka-terminal", "waiting") == "3"
    machine.run("systemctl", "start", UNIT)


def test_the_cards_file_reaches_the_terminal_and_is_emptied(machine: Container) -> None:
    text = '[wifi]\nname = "shop"\npassword = "a long password"\n'
    machine.write("/boot/bodka-pairing.toml", text)
    machine.run("systemctl", "start", "bodka-setup.service")
    machine.run("systemctl", "restart", UNIT)
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active")
    assert machine.run("cat", f"/run/credentials/{UNIT}/bodka.pairing") == text
    # It is paired, and the file brings nothing but a network: it is emptied.
    machine.until(lambda: machine.run("cat", "/boot/bodka-pairing.toml") == "")
    assert machine.tried("test", "-e", "/run/credstore/bodka.pairing").returncode == 1
    everything = machine.run("journalctl", "--no-pager", "-o", "export", "-b")
    assert "a long password" not in everything
    machine.write("/boot/bodka-pairing.toml", "# another")
    digest = hashlib.sha256(text.encode()).hexdigest()
    as_terminal(machine, "sh", "-c", f"echo {digest} > /run/bodka/new && mv /run/bodka/new /run/bodka/setup-done")
    machine.until(lambda: machine.tried("test", "-e", "/run/bodka/setup-done").returncode)
    machine.until(lambda: machine.shows("bodka-setup.service", "ActiveState") == "inactive")
    assert machine.run("cat", "/boot/bodka-pairing.toml") == "# another"


def test_a_report_has_the_log_that_only_root_may_read_and_no_secret(machine: Container) -> None:
    machine.run("bodka-terminal", "report", "/var/tmp/report.tar.gz")
    told = machine.run("tar", "-xzOf", "/var/tmp/report.tar.gz")
    assert "bodka-terminal: ready" in told
    assert "version: 99" in told
    key = machine.run("od", "-An", "-tx1", "/var/lib/bodka/device.key").replace(" ", "").replace("\n", "")
    assert len(key) == 64
    assert key not in told


def test_a_network_is_asked_for_and_answered(machine: Container) -> None:
    request = '{"name": "shop", "password": "a long password"}'
    machine.run("mkdir", "-p", "/etc/NetworkManager/system-connections")
    as_terminal(machine, "sh", "-c", f"echo '{request}' > /run/bodka/new && mv /run/bodka/new /run/bodka/wifi")
    answer = "/run/bodka/wifi.answer"
    machine.until(lambda: machine.tried("test", "-e", answer).returncode == 0)
    assert json.loads(as_terminal(machine, "cat", answer)) == {"outcome": "no address"}  # there is no nmcli, and no radio
    connection = "/etc/NetworkManager/system-connections/bodka.nmconnection"
    assert machine.run("stat", "-c", "%U %a", connection) == "root 600\n"
    assert "psk=a\\slong\\spassword" in machine.run("cat", connection)
    assert machine.tried("setpriv", "--reuid=bodka", "--regid=bodka", "--init-groups", "cat", connection).returncode != 0
    for unit in ("bodka-wifi", "bodka-terminal"):
        assert "a long password" not in machine.log(unit)
