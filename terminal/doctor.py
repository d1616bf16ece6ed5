"""`bodka-terminal doctor`: tries every configured device, the clock, the disk and the cloud, and says what to do."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from display.panel import PanelGlass
from drivers.events import (
    ButtonHeld,
    ButtonPressed,
    ButtonReleased,
    CardGone,
    CardSeen,
    CardTrouble,
    DeviceBack,
    DeviceLost,
    Event,
    Form,
    PadKey,
    ScannerTaught,
)
from drivers.supervise import Device, describe, supervise
from loyalty.entry import TokenKind
from loyalty.numbers import normalise, uid_number
from loyalty.tokens import TokenKey, token
from sync import pairing as pairings
from sync import troubles
from sync.connection import BadAuthority, InsecureCloud, cloud_client
from sync.database import UnsafeJournal
from sync.journal import open_journal
from sync.keys import BrokenStateFile
from sync.refusals import NotRecorded
from terminal import board
from terminal.clocks import Clocks, monotonic_ms
from terminal.devices import equip
from terminal.panel_news import PANEL, STAFF_PANEL
from terminal.settings import Settings
from terminal.store import JOURNAL

TRY_SECONDS = 5.0
TOKEN_DIGITS = 8
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
    for name, glass in ((PANEL, equipment.glass), (STAFF_PANEL, equipment.staffs_glass)):
        if glass is not None:
            yield await asyncio.to_thread(_glass, name, glass)
    for hint in board.judge(board.look(), [one.path for one in settings.nfc]):
        yield Finding.bad("board", board.ADVICE[hint])
    yield _clock()
    yield _disk(Path(settings.terminal.state))
    yield _pairing(Path(settings.terminal.state))
    yield await _cloud(settings.cloud.url, _pinned(settings))


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


def _glass(name: str, panel: PanelGlass) -> Finding:
    try:
        panel.open()
    except Exception as error:
        advice = "check its four wires, that I2C is switched on (raspi-config), and its address (0x3C or 0x3D)"
        return Finding.bad(name, f"{describe(error)} - {advice}")
    finally:
        panel.close()
    return Finding.good(name, "works")


async def watch(settings: Settings, say: Callable[[str], None]) -> None:
    """Each device live until cancelled: what it reads, as tokens, what is pressed, what is lost and back."""
    keys = _keys(Path(settings.terminal.state))
    loop = asyncio.get_running_loop()

    def emit(event: Event) -> None:
        with contextlib.suppress(RuntimeError):  # a thread that speaks after the end
            loop.call_soon_threadsafe(say, told(event, keys))

    async with asyncio.TaskGroup() as group:
        for device in equip(settings, monotonic_ms, lambda: 0).devices:
            group.create_task(supervise(device, emit, clock=monotonic_ms))


def told(event: Event, keys: Sequence[TokenKey]) -> str:
    """One event for the eyes of an installer. Of a number nothing is told but the beginning of its token."""
    match event:
        case CardSeen():
            number = uid_number(event.data) if event.form is Form.UID else normalise(event.data)
            mark = token(keys[0], TokenKind.CARD, number).hex()[:TOKEN_DIGITS]
            return f"{event.device}: card, token {mark}…{_kind(event.atr)}"
        case CardTrouble(trouble=trouble):
            return f"{event.device}: card, {trouble.value}{_kind(event.atr)}"
        case CardGone():
            return f"{event.device}: card taken away"
        case PadKey():
            # A key alone is no number; one after the other they may be a phone's.
            return f"{event.device}: a {'digit' if event.key.isdigit() else event.key}"
        case ButtonPressed(button=button):
            return f"{event.device}: {button.value}"
        case ButtonHeld(button=button):
            return f"{event.device}: {button.value} held"
        case ButtonReleased(button=button):
            return f"{event.device}: {button.value} up"
        case DeviceLost(why=why):
            return f"{event.device} lost: {why}"
        case DeviceBack():
            return f"{event.device} works"
        case ScannerTaught(layout=layout):
            return f"{event.device}: calibration code, layout {layout}"


def _kind(atr: bytes) -> str:
    """A contact card's answer to reset as `atr` in terminal.toml takes it; "" for other cards."""
    return f", ATR {atr.hex(' ').upper()}" if atr else ""


def _keys(folder: Path) -> tuple[TokenKey, ...]:
    """The shop's token keys, so that a token is the one that the cloud shows; before the pairing one of this moment."""
    with contextlib.suppress(BrokenStateFile):
        pairing = pairings.load(folder)
        if pairing is not None:
            return pairing.token_keys()
    return (TokenKey(1, os.urandom(32)),)


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


def _pinned(settings: Settings) -> str:
    """The authority of the pairing with this cloud; "" where there is none."""
    with contextlib.suppress(BrokenStateFile):
        pairing = pairings.load(Path(settings.terminal.state))
        if pairing is not None and pairing.cloud == settings.cloud.url.rstrip("/"):
            return pairing.authority
    return ""


async def _cloud(url: str, authority: str) -> Finding:
    try:
        async with cloud_client(url, authority=authority, clock_trusted=Clocks.of_this_boot().trusted) as client:
            answer = await client.get("/openapi.json")
    except (InsecureCloud, BadAuthority) as error:
        return Finding.bad("cloud", str(error))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding.bad("cloud", f"{troubles.on_the_way(error)} cloud.url is {url}; cards are served meanwhile")
    if answer.status_code != httpx.codes.OK or "json" not in answer.headers.get("content-type", ""):
        return Finding.bad("cloud", f"something else answers there ({answer.status_code}) - the network may want a login")
    return Finding.good("cloud", f"{url} answers")
