"""From `terminal.toml` to devices: each table becomes one driver under `supervise`. Only what is configured is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from display.screens import Task
from drivers.events import Button, Picture
from drivers.supervise import Device
from terminal.settings import Settings
from terminal.signs import Step as SignStep
from terminal.states import Step

if TYPE_CHECKING:
    from display.panel import PanelGlass


class Player(Protocol):
    """Lights and tones: a real pattern player, the counter page's, or none."""

    def play(self, steps: tuple[SignStep, ...]) -> None:
        """Plays a pattern from its beginning; returns at once."""


class Silence:
    """Where no lights and no beeper are fitted."""

    def play(self, steps: tuple[SignStep, ...]) -> None:
        """Plays nothing."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a terminal works with."""

    devices: tuple[Device, ...]
    player: Player
    glass: PanelGlass | None


def equip(settings: Settings, clock: Callable[[], int], picture: Picture) -> Equipment:
    """The real devices that the settings name; `clock` gives monotonic milliseconds."""
    devices: list[Device] = [*_keyboards(settings, clock, picture), *_readers(settings, clock)]
    player: Player = Silence()
    if settings.buttons or settings.signals:
        from drivers.gpio import Gpio

        gpio = Gpio(clock)
        if settings.buttons:
            from drivers.buttons import Buttons

            pins = {button: getattr(settings.buttons, button.value) for button in Button}
            devices.append(Buttons("buttons", pins, clock, picture, gpio))
        if settings.signals:
            from terminal.lights import Lights

            lights = Lights(settings.signals, gpio)
            devices.append(lights.device)
            player = lights
    return Equipment(tuple(devices), player, _glass(settings))


def _keyboards(settings: Settings, clock: Callable[[], int], picture: Picture) -> list[Device]:
    if not settings.scanner and not settings.pad:
        return []
    from drivers.keyboard import NumberPad, Scanner
    from drivers.keyboard_search import Match

    scanners: list[Device] = [Scanner(one.name, Match.parse(one.match), clock) for one in settings.scanner]
    pads: list[Device] = [NumberPad(one.name, Match.parse(one.match), clock, picture) for one in settings.pad]
    return scanners + pads


def _readers(settings: Settings, clock: Callable[[], int]) -> list[Device]:
    devices: list[Device] = []
    if settings.nfc:
        from drivers.nfc import NfcReader

        devices += [NfcReader(one.name, one.path, clock) for one in settings.nfc]
    if settings.chip:
        from drivers.chip import ChipReader
        from drivers.chip_card import ChipProfile

        for one in settings.chip:
            profile = ChipProfile(bytes.fromhex(one.aid), one.sfi, one.record, one.offset, one.length, one.encoding)
            devices.append(ChipReader(one.name, profile, clock, one.reader))
    return devices


def fitted(settings: Settings) -> tuple[Step, ...]:
    """The test of all that the settings name, step by step: buttons, pads, readers, the panel, lights and beeper."""
    if settings.virtual is not None:
        return (
            *_presses("buttons"),
            Step(Task.TYPE, "pad"),
            Step(Task.SCAN, "scanner"),
            Step(Task.TAP, "nfc"),
            Step(Task.INSERT, "chip"),
            Step(Task.BORDER, "panel"),
        )
    return (
        *(_presses("buttons") if settings.buttons else ()),
        *(Step(Task.TYPE, one.name) for one in settings.pad),
        *(Step(Task.SCAN, one.name) for one in settings.scanner),
        *(Step(Task.TAP, one.name, port="USB" not in one.path) for one in settings.nfc),
        *(Step(Task.INSERT, one.name) for one in settings.chip),
        *((Step(Task.BORDER, "panel"),) if settings.panel else ()),
        *((Step(Task.BEEP, "signals"),) if settings.signals else ()),
    )


def _presses(device: str) -> tuple[Step, ...]:
    return tuple(Step(Task.PRESS, device, sign) for sign in "+−▸×")


def _glass(settings: Settings) -> PanelGlass | None:
    if settings.panel is None:
        return None
    from display.oled import Oled

    return Oled(settings.panel.port, settings.panel.address)
