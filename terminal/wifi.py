"""Asks root's part for a Wi-Fi network (`terminal.wifi_unit`): one file says which, another how it went.

The folder is the service's own and in memory (`/run/bodka`), so that the password is on no disk of ours; nor is it in a log.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from enum import Enum
from pathlib import Path

import msgspec

from display.screens import WifiJoined, WifiProblem, WifiTrouble
from sync.keys import write_safely
from sync.setup_codes import Wifi

REQUEST, ANSWER = "wifi", "wifi.answer"
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.2


class Outcome(Enum):
    """How it went, in the words of the answer's file."""

    JOINED = "joined"
    NOT_FOUND = "not found"
    PASSWORD = "password"  # noqa: S105
    NO_ADDRESS = "no address"
    NOBODY = "nobody"
    """This machine's network is not ours to set: no root's part, or no NetworkManager."""


PROBLEMS = {
    Outcome.NOT_FOUND: WifiProblem.NOT_FOUND,
    Outcome.PASSWORD: WifiProblem.PASSWORD,
    Outcome.NO_ADDRESS: WifiProblem.NO_ADDRESS,
    Outcome.NOBODY: WifiProblem.NO_ADDRESS,
}


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of root; whoever reads it makes a `Wifi` of it, which refuses what no network may be called."""

    name: str
    password: str = ""
    hidden: bool = False

    def __repr__(self) -> str:
        return "Request()"


class Answer(msgspec.Struct, frozen=True):
    """How it went."""

    outcome: Outcome


def told(network: Wifi, outcome: Outcome) -> WifiJoined | WifiTrouble:
    """How it went, for the panel."""
    problem = PROBLEMS.get(outcome)
    return WifiTrouble(problem, network.name) if problem is not None else WifiJoined(network.name)


async def join(network: Wifi, folder: Path) -> Outcome:
    """Asks for a network, and waits until it is joined or cannot be."""
    request, answer = folder / REQUEST, folder / ANSWER
    try:
        answer.unlink(missing_ok=True)
        write_safely(request, msgspec.json.encode(Request(network.name, network.password, network.hidden)))
    except OSError:
        return Outcome.NOBODY
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(OSError, msgspec.MsgspecError):
                    return msgspec.json.decode(answer.read_bytes(), type=Answer).outcome
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        return Outcome.NOBODY if request.exists() else Outcome.NO_ADDRESS
    finally:
        with suppress(OSError):
            os.unlink(request)  # where nobody took it, the password does not stay
