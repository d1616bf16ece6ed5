"""Joining a Wi-Fi network where wpa_supplicant serves it alone, as on the image (wpa_supplicant.conf(5), wpa_cli(8))."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sync.keys import write_safely
from sync.setup_codes import Wifi
from terminal.wifi import Outcome

FILE = "wpa_supplicant-wlan0.conf"
"""What Debian's `wpa_supplicant@wlan0` reads."""

CLIENT = "/run/bodka-wifi"
"""Where wpa_cli has its own end of the talk: its usual place, /tmp, is another one in a unit with PrivateTmp."""

CLI = ("wpa_cli", "-s", CLIENT, "-i", "wlan0")
TRIES = 30
"""Looks, one a second, until a network that did not answer is said not to be there."""

_BEGINNING = "ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev\nupdate_config=0\n"

Tell = Callable[[list[str]], tuple[int, str]]
"""Runs a program of the system's: its status, and what it said."""


def configuration(network: Wifi, before: str = "") -> str:
    """The whole file; the country stays what it was. Names in hex; a passphrase between quotes ends at the last of them."""
    if not network.password:
        security = "    key_mgmt=NONE\n"
    elif len(network.password) == 64:
        security = f"    psk={network.password}\n"
    else:
        security = f'    key_mgmt=WPA-PSK SAE\n    ieee80211w=1\n    psk="{network.password}"\n'
    country = "".join(re.findall(r"^country=[A-Z]{2}\n", before, re.MULTILINE)[:1])
    name = network.name.encode().hex()
    return f"{_BEGINNING}{country}network={{\n    ssid={name}\n    scan_ssid={int(network.hidden)}\n{security}}}\n"


def join(folder: Path, network: Wifi, tell: Tell, pause: Callable[[float], None]) -> Outcome:
    """Joins it, and says how that went. Where it cannot be joined, the network before it is put back."""
    file = folder / FILE
    before = file.read_text() if file.exists() else _BEGINNING
    write_safely(file, configuration(network, before).encode())
    outcome = _connect(network, tell, pause)
    # A network that was not there may come; a password that is wrong stays wrong.
    if outcome is Outcome.PASSWORD or (outcome is not Outcome.JOINED and "network={" in before):
        write_safely(file, before.encode())
        tell([*CLI, "reconfigure"])
    return outcome


def _connect(network: Wifi, tell: Tell, pause: Callable[[float], None]) -> Outcome:
    if tell([*CLI, "reconfigure"])[0]:
        return Outcome.NOBODY
    associated = False
    for _ in range(TRIES):
        said = [line.partition("=") for line in tell([*CLI, "status"])[1].splitlines()]
        facts = {key: value for key, _, value in said}
        associated = facts.get("wpa_state") == "COMPLETED"
        if associated and "ip_address" in facts:
            return Outcome.JOINED
        if network.password and "TEMP-DISABLED" in tell([*CLI, "list_networks"])[1]:
            return Outcome.PASSWORD
        pause(1.0)
    return Outcome.NO_ADDRESS if associated else Outcome.NOT_FOUND
