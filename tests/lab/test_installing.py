"""The package over its life: installed, upgraded while it serves, removed, purged."""

from __future__ import annotations

import json

import pytest

from lab.container import Container
from lab.installer import HOME, NEWER, install, pair_and_record

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(300)]

UNIT = "bodka-terminal.service"
PARCEL = "/var/tmp/entries.bodka"


@pytest.fixture(scope="module")
def shop(machine: Container) -> Container:
    """A paired terminal with three entries that wait."""
    pair_and_record(machine, 3)
    machine.until(lambda: machine.shows(UNIT, "StatusText") == "serves Hlavná 1")
    return machine


def entries(machine: Container) -> list[str]:
    return [entry["id"] for entry in json.loads(machine.run("bodka-terminal", "journal", "--json"))["entries"]]


def test_an_upgrade_keeps_every_entry_and_serves_again(shop: Container) -> None:
    before, since = entries(shop), shop.shows(UNIT, "ActiveEnterTimestampMonotonic")
    assert len(before) == 3
    install(shop, "/newer")
    shop.until(lambda: shop.shows(UNIT, "StatusText") == "serves Hlavná 1")
    assert shop.shows(UNIT, "ActiveEnterTimestampMonotonic") != since
    assert shop.run("cat", f"{HOME}/VERSION").strip() == NEWER
    assert entries(shop) == before


def test_the_newer_of_an_update_and_a_package_is_used(shop: Container) -> None:
    versions = "/var/lib/bodka-versions"
    shop.run("sh", "-ec", f"cp -a {HOME} {versions}/99.5; echo 99.5 > {versions}/99.5/VERSION; ln -sfn 99.5 {versions}/current")
    shop.run("systemctl", "restart", UNIT)
    pid = shop.shows(UNIT, "MainPID")
    assert shop.run("readlink", "-f", f"/proc/{pid}/exe").strip() == "/usr/bin/python3.11"
    assert shop.run("cat", f"/proc/{pid}/cmdline").startswith(f"{versions}/99.5/bin/python3\0")
    install(shop, "/newer", "--reinstall")
    assert shop.says("readlink", f"{versions}/current") == "99.5", "an update that is newer than the package stays"
    shop.run("sh", "-ec", f"echo 1.0 > {versions}/99.5/VERSION")
    install(shop, "/newer", "--reinstall")
    assert shop.says("readlink", f"{versions}/current") == "", "one that is older does not"
    shop.run("ln", "-s", "gone", f"{versions}/current")
    shop.run("systemctl", "restart", UNIT)
    assert "identity" in shop.run("bodka-terminal", "status"), "where the link leads nowhere, the package's version is used"
    shop.until(lambda: shop.shows(UNIT, "ActiveState") == "active")


def test_remove_keeps_the_journal_and_purge_refuses_while_entries_wait(shop: Container) -> None:
    before = entries(shop)
    said = shop.run("apt-get", "remove", "-y", "-q", "bodka-terminal")
    assert "not in the cloud yet: 3" in said
    assert shop.tried("test", "-e", HOME).returncode == 1
    refused = shop.tried("dpkg", "--purge", "bodka-terminal")
    assert refused.returncode != 0
    assert "bodka-terminal unpair --export" in refused.stderr
    install(shop)
    assert entries(shop) == before


def test_what_the_refusal_says_is_what_leads_to_a_purge(shop: Container) -> None:
    shop.run("systemctl", "stop", "bodka-terminal")
    assert "3 entries are in" in shop.run("bodka-terminal", "unpair", "--export", PARCEL)
    shop.run("apt-get", "purge", "-y", "-q", "bodka-terminal")
    for path in ("/var/lib/bodka", "/var/lib/bodka-versions", "/etc/bodka", HOME, "/usr/bin/bodka-terminal"):
        assert shop.tried("test", "-e", path).returncode == 1, path
    assert shop.tried("test", "-s", PARCEL).returncode == 0
    assert shop.says("systemctl", "list-units", "--all", "--no-legend", "bodka*") == ""
