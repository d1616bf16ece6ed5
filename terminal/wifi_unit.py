"""Root's part of joining a Wi-Fi network, run by `bodka-wifi.service`: takes the request, writes one connection, answers.

NetworkManager gets a keyfile (nm-settings-keyfile(5)); a machine without it, wpa_supplicant's file (`terminal.wpa_supplicant`).
The password is in that file alone, which only root may read: in no argument of a program, in no log. Where a network cannot be
joined, the one before it is put back.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sync.keys import write_safely
from sync.setup_codes import SetupMistake, Wifi
from terminal import root_requests, wpa_supplicant
from terminal.root_requests import BadRequest
from terminal.wifi import ANSWER, REQUEST, Answer, Outcome, Request
from terminal.wpa_supplicant import Tell

CONNECTION = "bodka"
PATIENCE_SECONDS = 45

_SAID = (
    ("secrets were required", Outcome.PASSWORD),
    ("could not be found", Outcome.NOT_FOUND),
    ("no network with ssid", Outcome.NOT_FOUND),
    ("no suitable device", Outcome.NOBODY),
    ("ip configuration could not be reserved", Outcome.NO_ADDRESS),
)
"""What nmcli says, in English (nmcli(1); NetworkManager, nm-client-utils.c: reasons of a device's state)."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie."""

    requests: Path = root_requests.FOLDER
    network_manager: Path = Path("/etc/NetworkManager/system-connections")
    wpa_supplicant: Path = Path("/etc/wpa_supplicant")


def keyfile(network: Wifi) -> str:
    """The connection for NetworkManager. The name is given as bytes: no character of it means anything there."""
    ssid = "".join(f"{byte};" for byte in network.name.encode())
    lines = [
        f"[connection]\nid={CONNECTION}\ntype=wifi\nautoconnect=true\nautoconnect-retries=0\n",
        f"[wifi]\nmode=infrastructure\nssid={ssid}\nhidden={str(network.hidden).lower()}\n",
        "[ipv4]\nmethod=auto\n",
        "[ipv6]\nmethod=auto\n",
    ]
    if network.password:
        # Keyfiles have the escapes of GKeyFile: a backslash, and a space at the beginning.
        escaped = network.password.replace("\\", "\\\\").replace(" ", "\\s")
        lines.insert(2, f"[wifi-security]\nkey-mgmt=wpa-psk\npsk={escaped}\n")
    return "\n".join(lines)


def serve(places: Places, tell: Tell, pause: Callable[[float], None] = time.sleep) -> Outcome | None:
    """One request, from its file to its answer; None where there is none. Raises `OSError` where nothing can be written."""
    try:
        content = root_requests.take(places.requests, REQUEST)
        if content is None:
            return None
        asked = msgspec.json.decode(content, type=Request)
        network = Wifi(asked.name, asked.password, asked.hidden)
    except (BadRequest, msgspec.MsgspecError, SetupMistake, UnicodeDecodeError):
        return None
    outcome = _join(places, network, tell, pause)
    root_requests.answer(places.requests, ANSWER, msgspec.json.encode(Answer(outcome)))
    return outcome


def _join(places: Places, network: Wifi, tell: Tell, pause: Callable[[float], None]) -> Outcome:
    if places.network_manager.is_dir():
        return _by_network_manager(places.network_manager / f"{CONNECTION}.nmconnection", network, tell)
    if places.wpa_supplicant.is_dir():
        return wpa_supplicant.join(places.wpa_supplicant, network, tell, pause)
    return Outcome.NOBODY


def _by_network_manager(file: Path, network: Wifi, tell: Tell) -> Outcome:
    before = file.read_bytes() if file.exists() else None
    write_safely(file, keyfile(network).encode())
    outcome = _up(tell)
    # A network that was not there may come; a password that is wrong stays wrong.
    if outcome is Outcome.JOINED or (before is None and outcome is not Outcome.PASSWORD):
        return outcome
    if before is None:
        file.unlink()
        tell(["nmcli", "connection", "reload"])
    else:
        write_safely(file, before)
        _up(tell)
    return outcome


def _up(tell: Tell) -> Outcome:
    tell(["nmcli", "connection", "reload"])
    status, said = tell(["nmcli", "--wait", str(PATIENCE_SECONDS), "connection", "up", CONNECTION])
    if status == 0:
        return Outcome.JOINED
    return next((outcome for words, outcome in _SAID if words in said.lower()), Outcome.NO_ADDRESS)


def _tell(command: list[str]) -> tuple[int, str]:
    program = shutil.which(command[0])
    if program is None:
        return 127, "no such program"
    try:
        done = subprocess.run(
            [program, *command[1:]], capture_output=True, text=True, timeout=PATIENCE_SECONDS + 10, env={"LC_ALL": "C.UTF-8"}
        )
    except subprocess.TimeoutExpired:
        return 3, "timeout"
    return done.returncode, done.stdout + done.stderr


def main() -> None:
    """What the unit runs."""
    outcome = serve(Places(), _tell)
    print(f"Wi-Fi: {outcome.value if outcome is not None else 'no request that can be followed'}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
