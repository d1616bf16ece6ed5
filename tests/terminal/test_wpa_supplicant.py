"""Joining a network through wpa_supplicant: what its wpa_cli says, and what is then in the file. The lab's image has radios."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.setup_codes import Wifi
from terminal import wpa_supplicant
from terminal.wifi import Outcome

SHOP, OTHER, OPEN = Wifi("shop", "a password"), Wifi("other", "another password"), Wifi("open")
BEGINNING = "ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev\nupdate_config=0\ncountry=SK\n"
"""What the image comes with."""

SEARCHES, WITHOUT_ADDRESS = "wpa_state=SCANNING\n", "ssid=shop\nwpa_state=COMPLETED\n"
JOINED = f"{WITHOUT_ADDRESS}ip_address=192.168.77.2\n"
NETWORKS = "network id / ssid / bssid / flags\n0\tshop\tany\t{}\n"


class Cli:
    """wpa_cli: what it says to each question for the state, the last for ever, and of the networks."""

    def __init__(self, *states: str, networks: str = NETWORKS.format("[CURRENT]"), status: int = 0) -> None:
        self.states, self.networks, self.status = list(states), networks, status
        self.asked: list[str] = []
        self.waited = 0.0

    def __call__(self, command: list[str]) -> tuple[int, str]:
        assert tuple(command[:-1]) == wpa_supplicant.CLI
        self.asked.append(command[-1])
        if command[-1] == "status":
            return 0, self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return self.status, self.networks if command[-1] == "list_networks" else "OK\n"

    def wait(self, seconds: float) -> None:
        self.waited += seconds


@pytest.fixture
def file(tmp_path: Path) -> Path:
    image = tmp_path / wpa_supplicant.FILE
    image.write_text(BEGINNING)
    return image


def join(file: Path, cli: Cli, network: Wifi = SHOP) -> Outcome:
    return wpa_supplicant.join(file.parent, network, cli, cli.wait)


def test_it_is_joined_when_there_is_an_address(file: Path) -> None:
    cli = Cli(SEARCHES, WITHOUT_ADDRESS, JOINED)
    assert join(file, cli) is Outcome.JOINED
    assert (cli.asked[0], cli.waited) == ("reconfigure", 2.0)
    assert file.read_text().startswith(BEGINNING), "the country stays"
    assert "a password" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("before", [BEGINNING, ""], ids=["the image's", "no file"])
def test_a_wrong_password_is_not_kept(file: Path, before: str) -> None:
    file.write_text(before) if before else file.unlink()
    cli = Cli(SEARCHES, networks=NETWORKS.format("[TEMP-DISABLED]"))
    assert join(file, cli) is Outcome.PASSWORD
    assert "network={" not in file.read_text()
    assert "ctrl_interface" in file.read_text(), "or nobody could be told of the next network"
    assert cli.asked[-1] == "reconfigure"


@pytest.mark.parametrize(("state", "outcome"), [(SEARCHES, Outcome.NOT_FOUND), (WITHOUT_ADDRESS, Outcome.NO_ADDRESS)])
def test_a_network_that_may_come_is_kept_where_there_was_none(file: Path, state: str, outcome: Outcome) -> None:
    assert join(file, Cli(state)) is outcome
    assert "a password" in file.read_text()


def test_where_it_cannot_be_joined_the_network_of_before_is_put_back(file: Path) -> None:
    assert join(file, Cli(JOINED)) is Outcome.JOINED
    before = file.read_text()
    cli = Cli(SEARCHES)
    assert join(file, cli, OTHER) is Outcome.NOT_FOUND
    assert file.read_text() == before
    assert cli.asked.count("reconfigure") == 2


def test_without_a_radio_nobody_answers(file: Path) -> None:
    assert join(file, Cli(SEARCHES, status=255)) is Outcome.NOBODY
    assert "a password" in file.read_text(), "a radio may be plugged in"


def test_an_open_network_has_no_wrong_password(file: Path) -> None:
    assert join(file, Cli(SEARCHES, networks=NETWORKS.format("[TEMP-DISABLED]")), OPEN) is Outcome.NOT_FOUND
