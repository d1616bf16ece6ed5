"""`bodka-terminal doctor`: tries every configured device, the clock, the disk and the cloud, and says what to do."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from display.panel import PanelGlass
from drivers.supervise import Device, describe
from sync import pairing as pairings
from sync.connection import InsecureCloud, cloud_client
from sync.database import UnsafeJournal
from sync.journal import open_journal
from sync.keys import BrokenStateFile
from sync.refusals import NotRecorded
from terminal.clocks import Clocks, monotonic_ms
from terminal.devices import equip
from terminal.settings import Settings
from terminal.store import JOURNAL

TRY_SECONDS = 5.0
LEAST_FREE_BYTES = 64 * 1024 * 1024

ADVICE = {
    "Scanner": "plug the scanner in, and compare `match` in terminal.toml with the names in /proc/bus/input/devices",
    "EveryKeyboard": "plug the scanner or pad in, or name it with `match` in terminal.toml if it does not look like one",
    "NumberPad": "plug the number pad in, and compare `match` in terminal.toml with the names in /proc/bus/input/devices",
    "NfcReader": "check the PN532's DIP switches (HSU: both off), its wires, and that no console uses the serial port",
    "ChipReader": "plug the reader in; `systemctl status pcscd` shows whether its service runs",
    "Buttons": "another program may use the pins: stop it, or choose other pins in terminal.toml",
    "Signals": "another program may use the pins: stop it, or choose other pins in terminal.toml",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: what was tried, whether it works, and what it says."""

    what: str
    well: bool
    says: str

    @classmethod
    def good(cls, what: str, says: str) -> Finding:
        """It works."""
        return cls(what, well=True, says=says)

    @classmethod
    def bad(cls, what: str, says: str) -> Finding:
        """It does not; `says` ends with what to do."""
        return cls(what, well=False, says=says)

    def __str__(self) -> str:
        return f"{'ok  ' if self.well else 'FAIL'} {self.what}: {self.says}"


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Everything that the settings name, one finding each. The daemon should be stopped: readers serve one program."""
    equipment = equip(settings, monotonic_ms, lambda: 0)
    for device in equipment.devices:
        yield await _device(device)
    if equipment.glass is not None:
        yield await asyncio.to_thread(_glass, equipment.glass)
    yield _clock()
    yield _disk(Path(settings.terminal.state))
    yield _pairing(Path(settings.terminal.state))
    yield await _cloud(settings.cloud.url)


async def _device(device: Device) -> Finding:
    try:
        async with asyncio.timeout(TRY_SECONDS):
            await device.open()
    except Exception as error:  # whatever a library raises is what the installer needs to read
        advice = ADVICE.get(type(device).__name__, "check its plug and its settings")
        return Finding.bad(device.name, f"{describe(error)} - {advice}")
    finally:
        await device.close()
    return Finding.good(device.name, "works")


def _glass(panel: PanelGlass) -> Finding:
    try:
        panel.open()
    except Exception as error:
        advice = "check its four wires, that I2C is switched on (raspi-config), and its address (0x3C or 0x3D)"
        return Finding.bad("panel", f"{describe(error)} - {advice}")
    finally:
        panel.close()
    return Finding.good("panel", "works")


def _clock() -> Finding:
    if Clocks.of_this_boot().trusted():
        return Finding.good("clock", "set by the network")
    return Finding.good("clock", "not set by the network yet; entries are kept and dated later, the screen shows no time")


def _disk(folder: Path) -> Finding:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        free = shutil.disk_usage(folder).free
        open_journal(folder / JOURNAL).close()
    except (OSError, NotRecorded, UnsafeJournal) as error:
        return Finding.bad("disk", f"{error} - check the SD card and who may write to {folder}")
    if free < LEAST_FREE_BYTES:
        return Finding.bad("disk", f"{free // 1_000_000} MB free - make room, or take a larger SD card")
    return Finding.good("disk", f"the journal opens, {free // 1_000_000} MB free")


def _pairing(folder: Path) -> Finding:
    try:
        pairing = pairings.load(folder)
    except BrokenStateFile as error:
        return Finding.bad("pairing", str(error))
    if pairing is None:
        return Finding.bad("pairing", "not paired - make a code in the portal and run bodka-terminal pair --code CODE")
    return Finding.good("pairing", f"{pairing.merchant_name}, {pairing.shop_name}")


async def _cloud(url: str) -> Finding:
    try:
        async with cloud_client(url) as client:
            answer = await client.get("/openapi.json")
    except InsecureCloud as error:
        return Finding.bad("cloud", str(error))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding.bad("cloud", f"{describe(error)} - check the network and cloud.url; cards are served meanwhile")
    if answer.status_code != httpx.codes.OK or "json" not in answer.headers.get("content-type", ""):
        return Finding.bad("cloud", f"something else answers there ({answer.status_code}) - the network may want a login")
    return Finding.good("cloud", f"{url} answers")
