"""From `terminal.toml` to devices: each table becomes one driver under `supervise`. Only what is configured is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from display.screens import Task
from drivers.events import Button, Medium, Picture
from drivers.supervise import Device
from loyalty.rfid import FobReader, Writing
from terminal.loudness import Loudness, TimeOfDay
from terminal.panel_news import PANEL, STAFF_PANEL
from terminal.panel_settings import Panel
from terminal.players import Player, Silence, Softly
from terminal.settings import Keyboard, ScannerTable, Settings
from terminal.states import Step

if TYPE_CHECKING:
    from display.panel import PanelGlass
    from drivers.gpio import Gpio
    from drivers.keyboard_reading import Lessons, Manner
    from drivers.keyboard_search import Looks, Match


@dataclass(frozen=True, slots=True)
class Equipment:
    """What a terminal works with."""

    devices: tuple[Device, ...]
    player: Player
    glass: PanelGlass | None
    """The only panel's, or the customer's where staff have one of their own."""
    staffs_glass: PanelGlass | None = None
    fobs: Mapping[str, FobReader] = field(default_factory=dict)
    """How the readers of fobs write their numbers, by the names of the devices."""


def equip(settings: Settings, clock: Callable[[], int], picture: Picture, time_of_day: TimeOfDay = lambda: None) -> Equipment:
    """The real devices that the settings name; `clock` gives monotonic milliseconds, `time_of_day` tells the quiet hours."""
    devices: list[Device] = [*_keyboards(settings, clock, picture), *_readers(settings, clock)]
    player: Player = Silence()

    @cache
    def gpio() -> Gpio:
        from drivers.gpio import Gpio

        return Gpio(clock)

    if settings.buttons:
        from drivers.buttons import Buttons

        pins = {button: getattr(settings.buttons, button.value) for button in Button}
        devices.append(Buttons("buttons", pins, clock, picture, gpio()))
    if settings.signals:
        from terminal.lights import Lights

        lights = Lights(settings.signals, gpio())
        devices.append(lights.device)
        player = Softly(lights, Loudness(settings.signals, time_of_day))
    glass, staffs_glass = _glass(settings.panel, gpio), _glass(settings.staff_panel, gpio)
    return Equipment(tuple(devices), player, glass, staffs_glass, _fobs(settings))


def _keyboards(settings: Settings, clock: Callable[[], int], picture: Picture) -> list[Device]:
    if not settings.scanner and not settings.pad:
        return []
    from drivers.keyboard import NumberPad
    from drivers.keyboard_layouts import LAYOUTS
    from drivers.keyboard_reading import Manner
    from drivers.keyboard_search import Looks, Match
    from terminal.lessons import KeptLessons

    lessons = KeptLessons(Path(settings.terminal.state))
    named = [Match.parse(one.match) for one in (*settings.scanner, *settings.pad)]
    every = _Every(clock, picture, lessons, named)
    devices: list[Device] = [_scanner(one, every) for one in settings.scanner]
    for pad in settings.pad:
        match, layout = Match.parse(pad.match), LAYOUTS[pad.layout]
        if match.every:
            devices.append(every.that_look_like(Looks.PAD, pad, Manner(layout)))
        else:
            devices.append(NumberPad(pad.name, match, clock, picture, layout))
    return devices


@dataclass(frozen=True, slots=True)
class _Every:
    """What all devices that are found by how they look have in common."""

    clock: Callable[[], int]
    picture: Picture
    lessons: Lessons
    named: list[Match]

    def that_look_like(self, looks: Looks, table: Keyboard, manner: Manner) -> Device:
        from drivers.every_keyboard import EveryKeyboard

        return EveryKeyboard(table.name, looks, self.clock, self.picture, manner=manner, lessons=self.lessons, named=self.named)


def _scanner(table: ScannerTable, every: _Every) -> Device:
    from drivers.keyboard import Scanner
    from drivers.keyboard_layouts import LAYOUTS
    from drivers.keyboard_reading import Manner
    from drivers.keyboard_search import Looks, Match
    from drivers.scan_text import Framing

    framing = Framing(table.prefix, table.suffix, Medium(table.reads))
    manner, match = Manner(LAYOUTS[table.layout], table.capitals, framing), Match.parse(table.match)
    if match.every:
        return every.that_look_like(Looks.SCANNER, table, manner)
    return Scanner(table.name, match, every.clock, manner, every.lessons)


def _fobs(settings: Settings) -> dict[str, FobReader]:
    return {one.name: FobReader(Writing(one.fob), one.reversed) for one in settings.scanner if one.reads == Medium.FOB.value}


def _readers(settings: Settings, clock: Callable[[], int]) -> list[Device]:
    devices: list[Device] = []
    if settings.nfc:
        from drivers.nfc import NfcReader

        devices += [NfcReader(one.name, one.path, clock, bytes.fromhex(one.aid) if one.aid else None) for one in settings.nfc]
    if settings.chip:
        from drivers.chip import ChipReader
        from terminal.chips import profiles

        devices += [ChipReader(one.name, profiles(one), clock, one.reader) for one in settings.chip]
    return devices


def fitted(settings: Settings) -> tuple[Step, ...]:
    """The test of all that the settings name, step by step: buttons, pads, readers, panels, lights and beeper."""
    staffs = (Step(Task.BORDER, STAFF_PANEL),) if settings.staff_panel else ()
    if settings.virtual is not None:
        return (
            *_presses("buttons"),
            Step(Task.TYPE, "pad"),
            Step(Task.SCAN, "scanner"),
            Step(Task.TAP, "nfc"),
            Step(Task.INSERT, "chip"),
            Step(Task.BORDER, PANEL),
            *staffs,
        )
    return (
        *(_presses("buttons") if settings.buttons else ()),
        *(Step(Task.TYPE, one.name) for one in settings.pad),
        *(Step(Task.SCAN, one.name) for one in settings.scanner),
        *(Step(Task.TAP, one.name, port="USB" not in one.path) for one in settings.nfc),
        *(Step(Task.INSERT, one.name) for one in settings.chip),
        *((Step(Task.BORDER, PANEL),) if settings.panel else ()),
        *staffs,
        *((Step(Task.BEEP, "signals"),) if settings.signals else ()),
    )


def _presses(device: str) -> tuple[Step, ...]:
    return tuple(Step(Task.PRESS, device, sign) for sign in "+−▸×")


def _glass(panel: Panel | None, gpio: Callable[[], Gpio]) -> PanelGlass | None:
    if panel is None:
        return None
    from display.controllers import SPI
    from terminal.glass import glass

    return glass(panel, gpio().borrow) if panel.bus == SPI else glass(panel)
