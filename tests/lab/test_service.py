"""The service as systemd runs it: started by the package, watched, sandboxed, and never given up."""

from __future__ import annotations

import json
import re

import pytest

from lab.container import Container
from lab.installer import as_terminal, pair_and_record

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(300)]

UNIT = "bodka-terminal.service"
EXPOSURE = 1.5
QUICK = "[Service]\nWatchdogSec=2\nTimeoutAbortSec=1\n"


def restarts(machine: Container) -> int:
    return int(machine.shows(UNIT, "NRestarts"))


def test_the_package_leaves_a_terminal_that_runs_and_says_how_it_is_paired(machine: Container) -> None:
    assert machine.shows(UNIT, "ActiveState") == "active", machine.story()
    assert machine.shows(UNIT, "StatusText") == "not paired: the screen says how to pair"
    assert machine.says("systemctl", "is-enabled", UNIT) == "enabled"
    assert machine.shows(UNIT, "User") == "bodka"
    assert "not paired" in machine.says("bodka-terminal", "status")


def test_it_started_without_a_network_and_without_trouble(machine: Container) -> None:
    assert machine.says("ip", "-o", "route") == ""
    assert restarts(machine) == 0
    assert "Traceback" not in machine.log(UNIT)


def test_systemd_finds_nothing_wrong_with_the_units(machine: Container) -> None:
    units = machine.run("sh", "-c", "ls /lib/systemd/system/bodka-*").split()
    assert len(units) == 7
    done = machine.tried("systemd-analyze", "verify", "--man=no", *units)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_udev_reads_the_rules_without_a_complaint(machine: Container) -> None:
    done = machine.tried("udevadm", "test", "/sys/class/net/lo")
    said = [line for line in (done.stdout + done.stderr).splitlines() if "70-bodka.rules" in line]
    assert said == ["Reading rules file: /usr/lib/udev/rules.d/70-bodka.rules"]


def test_what_an_attacker_in_the_service_could_do_is_little(machine: Container) -> None:
    last = machine.says("systemd-analyze", "security", "--no-pager", UNIT).splitlines()[-1]
    figure = re.search(r"(\d+\.\d+)", last)
    assert figure is not None
    assert float(figure[1]) <= EXPOSURE, last


@pytest.fixture(scope="module")
def probed(machine: Container) -> dict[str, dict[str, str]]:
    """What `probe.py` could do in the unit's sandbox: the unit itself, with another program."""
    machine.run("mknod", "-m", "666", "/dev/lab-device", "c", "10", "229")
    unit = machine.run("cat", f"/lib/systemd/system/{UNIT}")
    unit = re.sub(r"^ExecStart=.*$", "ExecStart=/usr/bin/python3 /lab/probe.py", unit, flags=re.MULTILINE)
    unit = unit.replace("Type=notify", "Type=oneshot").replace("Restart=always", "Restart=no")
    unit = re.sub(r"^(WatchdogSec|RestartSec)=.*$", "", unit, flags=re.MULTILINE)
    machine.run("systemctl", "stop", UNIT)
    machine.write("/run/systemd/system/bodka-probe.service", unit)
    machine.run("systemctl", "daemon-reload")
    done = machine.tried("systemctl", "start", "bodka-probe")
    said = machine.log("bodka-probe")
    assert done.returncode == 0, said
    machine.run("systemctl", "start", UNIT)
    found: dict[str, dict[str, str]] = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    return found


def test_the_sandbox_lets_the_terminal_do_its_work(probed: dict[str, dict[str, str]]) -> None:
    assert {deed: why for deed, why in probed["must"].items() if why} == {}


def test_the_sandbox_lets_it_do_nothing_else(probed: dict[str, dict[str, str]], machine: Container) -> None:
    assert [deed for deed, why in probed["must not"].items() if not why] == []
    assert probed["who"]["uid"] == machine.says("id", "-u", "bodka")


def test_the_device_that_the_sandbox_refused_can_be_opened_outside_of_it(machine: Container, probed: object) -> None:
    as_terminal(machine, "python3", "-c", "open('/dev/lab-device', 'r+b', buffering=0)")


def test_the_log_has_fields(machine: Container) -> None:
    entries = [json.loads(line) for line in machine.log(UNIT, "-o", "json").splitlines()]
    warned = [one for one in entries if one.get("BODKA_EVENT", "").startswith("not paired")]
    assert warned
    assert (warned[0]["PRIORITY"], warned[0]["SYSLOG_IDENTIFIER"]) == ("4", "bodka-terminal")
    assert warned[0]["_SYSTEMD_UNIT"] == UNIT


def test_the_log_is_bounded(machine: Container) -> None:
    said = re.findall(r"^(System|Runtime) Journal .* max ([\d.]+M)", machine.log("systemd-journald"), re.MULTILINE)
    assert said[-1] in {("System", "48.0M"), ("Runtime", "16.0M")}, said


def test_the_user_has_the_groups_of_its_devices(machine: Container) -> None:
    groups = set(machine.says("id", "-Gn", "bodka").split())
    assert {"bodka", "input", "dialout", "gpio", "i2c", "spi"} <= groups


def test_a_chip_reader_can_be_used_by_the_service(machine: Container) -> None:
    """With Debian's pyscard and pcscd, which Debian 12 builds without polkit."""
    assert int(as_terminal(machine, "python3", "-c", "from smartcard.System import readers; print(len(readers()))")) >= 1


POLICY = """<policyconfig><action id="org.debian.pcsc-lite.access_pcsc"><description>d</description><message>m</message>
<defaults><allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>yes</allow_active></defaults></action></policyconfig>
"""
"""What later versions of pcscd bring, to the letter of its ids (pcsc-lite, doc/org.debian.pcsc-lite.policy.in)."""


def test_where_pcscd_asks_polkit_the_service_is_let_in_and_nobody_else(machine: Container) -> None:
    machine.write("/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy", POLICY)

    def let_in(pid: str) -> bool:
        return machine.tried("pkcheck", "--action-id", "org.debian.pcsc-lite.access_pcsc", "--process", pid).returncode == 0

    machine.until(lambda: let_in(machine.shows(UNIT, "MainPID")))
    other = machine.run("sh", "-c", "setpriv --reuid=nobody --clear-groups sleep 30 >/dev/null 2>&1 & echo $!").strip()
    machine.until(lambda: machine.says("cat", f"/proc/{other}/comm").strip() == "sleep")  # before that it is still root's
    assert not let_in(other)


def test_a_daemon_that_stands_still_is_started_anew(machine: Container) -> None:
    machine.write(f"/run/systemd/system/{UNIT}.d/quick.conf", QUICK)
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", UNIT)
    before = restarts(machine)
    machine.run("systemctl", "kill", "--signal=STOP", UNIT)
    machine.until(lambda: restarts(machine) > before)
    machine.until(lambda: machine.shows(UNIT, "ActiveState") == "active")
    assert "watchdog" in machine.log(UNIT).lower()


def test_a_journal_that_hangs_is_found_and_the_terminal_started_anew(machine: Container) -> None:
    # Longer than a busy machine keeps the loop waiting, shorter than SQLite waits for a lock.
    machine.write(f"/run/systemd/system/{UNIT}.d/quick.conf", QUICK.replace("WatchdogSec=2", "WatchdogSec=4"))
    machine.run("systemctl", "daemon-reload")
    pair_and_record(machine, 1)
    machine.until(lambda: machine.shows(UNIT, "StatusText") == "serves Hlavná 1")
    before = restarts(machine)
    lock = (
        "import sqlite3, time; c = sqlite3.connect('/var/lib/bodka/journal.db', isolation_level=None); "
        "c.execute('BEGIN IMMEDIATE'); time.sleep(12)"
    )
    as_terminal(machine, "sh", "-c", f'python3 -c "{lock}" >/dev/null 2>&1 &')
    machine.until(lambda: restarts(machine) > before)
    machine.until(lambda: machine.shows(UNIT, "StatusText") == "serves Hlavná 1")
    said = machine.log(UNIT)
    assert "Fatal Python error: Aborted" in said
    assert re.search(r"sync/database\.py.*in __enter__", said), "where the journal's thread hung is in the log"


def test_a_full_disk_is_no_reason_to_start_anew(machine: Container) -> None:
    machine.run("systemctl", "stop", UNIT)
    machine.run("mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "none", "/var/lib/bodka")
    try:
        machine.run("chown", "bodka:bodka", "/var/lib/bodka")
        pair_and_record(machine, 1)
        machine.until(lambda: machine.shows(UNIT, "StatusText") == "serves Hlavná 1")
        before = restarts(machine)
        machine.tried("sh", "-c", "cat /dev/zero > /var/lib/bodka/full")
        beats = machine.shows(UNIT, "WatchdogTimestampMonotonic")
        machine.until(lambda: machine.shows(UNIT, "WatchdogTimestampMonotonic") != beats)
        beats = machine.shows(UNIT, "WatchdogTimestampMonotonic")
        machine.until(lambda: machine.shows(UNIT, "WatchdogTimestampMonotonic") != beats)
        assert restarts(machine) == before
    finally:
        machine.run("systemctl", "stop", UNIT)
        machine.run("umount", "/var/lib/bodka")


def test_however_often_it_fails_it_is_tried_again(machine: Container) -> None:
    machine.run("systemctl", "restart", UNIT)
    before = restarts(machine)
    machine.run("mv", "/etc/bodka/terminal.toml", "/etc/bodka/away.toml")
    machine.write(f"/run/systemd/system/{UNIT}.d/quick.conf", QUICK + "RestartSec=50ms\n")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "kill", "--signal=KILL", UNIT)
    machine.until(lambda: restarts(machine) > before + 6)  # systemd's own limit is 5 starts in 10 s
    machine.run("mv", "/etc/bodka/away.toml", "/etc/bodka/terminal.toml")
    machine.until(lambda: machine.shows(UNIT, "StatusText").startswith("serves"))
