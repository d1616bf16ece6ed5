"""`terminal.toml`: which devices there are and where, and where the cloud is. `config/terminal.toml` is the commented default.

Devices that are neither in the file nor in the profile of its board are not used and cost nothing. Everything is checked on
load; a mistake is named with its place.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from display.controllers import BRIGHTEST
from display.glass import USUAL, Glass
from display.words import LANGUAGES
from drivers.events import Medium
from drivers.keyboard_layouts import LAYOUTS
from drivers.keyboard_search import Match, MatchError
from loyalty import toml
from loyalty.rfid import Writing
from terminal import boards, chips, panel_settings
from terminal.chips import Chip
from terminal.panel_settings import Panel, StaffPanel
from terminal.settings_lines import Lines


class SettingsError(ValueError):
    """`terminal.toml` cannot be used; the text names the place and what to write there instead."""


class House(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[terminal]` table."""

    state: str = "/var/lib/bodka"
    """Folder of the journal, the mirror and the keys."""
    language: str = "sk"
    """What the screen says where the member's language is not known: one of `display.words.LANGUAGES`."""
    implied_decimals: bool = False
    """1250 on the number pad means 12,50."""
    log: str = "info"


class Cloud(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[cloud]` table."""

    url: str
    poll_seconds: int = 15
    authority: str = ""
    """File of the authority (PEM) that the cloud's certificate is from, for pairing; "": any that the system trusts."""


class Keyboard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `[[pad]]` table; `match` is "name:...", "path:/dev/input/...", "usb:vendor:product" or "every"."""

    name: str
    match: str
    layout: str = "us"
    """The keyboard layout that the device is set to: one of `drivers.keyboard_layouts.LAYOUTS`."""


class ScannerTable(Keyboard, frozen=True, forbid_unknown_fields=True):
    """A `[[scanner]]` table: a barcode scanner, or another reader that types like one."""

    capitals: bool = False
    """It is set for a computer with Caps Lock on."""
    prefix: str = ""
    suffix: str = ""
    """What it types before and after each code, apart from Enter or Tab."""
    reads: str = "barcode"
    """What kind of reader it is: "barcode", "fob" (125 kHz and such) or "stripe"."""
    fob: str = "auto"
    """How a reader of fobs writes their numbers: see `loyalty.rfid.Writing`."""
    reversed: bool = False
    """A reader of fobs begins with the last byte."""


class Nfc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `[[nfc]]` table; `path` is nfcpy's, as in "tty:USB0:pn532"."""

    name: str
    path: str
    aid: str | None = None
    """Identifier in hex of an application on phones (ISO/IEC 7816-5) that answers SELECT with a card's number."""


class Buttons(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[buttons]` table: BCM numbers of pins, each pulled to ground by its button."""

    award: int
    redeem: int
    next: int
    cancel: int


class Signals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[signals]` table: BCM numbers of pins; leave out what is not there."""

    green: int | None = None
    red: int | None = None
    beeper: int | None = None
    passive: bool = True
    """A passive buzzer makes the tone it is given; an active one has a tone of its own."""
    volume: int = 3
    """0 (silent) to 3 (loudest)."""
    quiet_from: str = ""
    quiet_until: str = ""
    """Times of day, as in "21:00", between which nothing sounds; "": no quiet hours."""


class BurnIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[burn_in]` table: how the panel is spared while nobody is at the counter; 0 for what is not to be done."""

    dim_minutes: int = 10
    """After so many minutes without a card or a key the panel is dimmed."""
    dim_contrast: int = 16
    """How bright it is then: 0 (as dark as it goes, which is not dark) to 255."""
    shift_minutes: int = 5
    """After so many minutes pictures stand a pixel elsewhere, and again each time so many have gone by."""


class Virtual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[virtual]` table: the counter page takes the devices' place. Only with a cloud on this machine."""

    port: int = 0
    """TCP port of the counter page on 127.0.0.1; 0 takes a free one."""
    network: bool = True
    """Whether the page's network switch is on at the start."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file, and what the profile of its board adds."""

    cloud: Cloud
    board: str = ""
    """A profile from `config/boards`, for what is not written here: see `terminal.boards`."""
    without: tuple[str, ...] = ()
    """Tables of the profile that this terminal has nothing for."""
    terminal: House = House()
    scanner: tuple[ScannerTable, ...] = ()
    pad: tuple[Keyboard, ...] = ()
    nfc: tuple[Nfc, ...] = ()
    chip: tuple[Chip, ...] = ()
    buttons: Buttons | None = None
    signals: Signals | None = None
    panel: Panel | None = None
    staff_panel: StaffPanel | None = None
    burn_in: BurnIn = BurnIn()
    virtual: Virtual | None = None

    @property
    def glass(self) -> Glass:
        """What every screen is drawn on: the panel's, of two the staff's; the usual one's in a browser."""
        every = self.staff_panel or self.panel
        return every.glass if every else USUAL

    @property
    def panels_share_a_bus(self) -> bool:
        """Whether there are two that hold each other up."""
        return self.panel is not None and self.staff_panel is not None and self.panel.shares_bus_with(self.staff_panel)

    @property
    def customers_glass(self) -> Glass:
        """What the customer's part is drawn on, where staff have a panel of their own."""
        return self.panel.glass if self.panel else USUAL


LOUDEST = 3
"""The highest volume."""

DAY = 24 * 60
"""Minutes."""

FILE = "terminal.toml"

HIGHEST_PIN = 27
"""The last GPIO on the 40-pin header (Raspberry Pi documentation, "GPIO and the 40-pin header")."""


SCANNERS_READ = [medium.value for medium in (Medium.BARCODE, Medium.FOB, Medium.STRIPE)]


def read(text: str) -> Settings:
    """Settings from TOML; raises `SettingsError`."""
    try:
        tables = boards.add(toml.tables_of(text, FILE))
        settings = toml.convert(tables, text, Settings, FILE)
    except (toml.TomlError, boards.BoardError) as error:
        raise SettingsError(str(error)) from error
    lines = Lines.of(text)
    _check_panels(settings, lines)
    _check_pins(settings, lines)
    if settings.signals:
        _check_sound(settings.signals, lines)
    _check_burn_in(settings.burn_in, lines)
    _check_names(settings)
    _check_chips(settings)
    for nfc in settings.nfc:
        _check_nfc(nfc)
    for keyboard in (*settings.scanner, *settings.pad):
        _check_keyboard(keyboard)
    for scanner in settings.scanner:
        _check_choice(scanner, "reads", scanner.reads, SCANNERS_READ)
        _check_choice(scanner, "fob", scanner.fob, [writing.value for writing in Writing])
    _check_language(settings.terminal.language, lines)
    return settings


def load(path: Path) -> Settings:
    """Settings from a file; raises `SettingsError`, also where it cannot be read."""
    try:
        return read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({error}): copy config/terminal.toml there and edit it") from error


def _check_language(language: str, lines: Lines) -> None:
    if language not in LANGUAGES:
        raise SettingsError(
            f'{lines.place("terminal.language")}: terminal.language = "{language}" is not spoken here: '
            f"use one of {', '.join(LANGUAGES)}"
        )


def _panels(settings: Settings) -> dict[str, Panel]:
    """The panels by their tables."""
    panels = {"panel": settings.panel, "staff_panel": settings.staff_panel}
    return {table: panel for table, panel in panels.items() if panel is not None}


def _check_panels(settings: Settings, lines: Lines) -> None:
    panels = _panels(settings)
    if settings.staff_panel and not settings.panel and not settings.virtual:
        raise SettingsError("terminal.toml: [staff_panel] is for a second panel: call the only one [panel]")
    try:
        for table, panel in panels.items():
            panel_settings.check(table, panel, lines)
        if settings.panel and settings.staff_panel:
            panel_settings.check_both(settings.panel, settings.staff_panel, lines)
    except panel_settings.PanelMistake as error:
        raise SettingsError(str(error)) from error


def _check_pins(settings: Settings, lines: Lines) -> None:
    taken = _pins_of_others(settings)
    tables = {"buttons": settings.buttons, "signals": settings.signals}
    wanted = {
        f"{table}.{name}": pin
        for table, values in tables.items()
        for name, pin in (msgspec.structs.asdict(values) if values else {}).items()
        if name != "volume" and isinstance(pin, int) and not isinstance(pin, bool)
    }
    for table, panel in _panels(settings).items():
        wanted |= {f"{table}.{name}": pin for name, pin in panel.own_pins().items()}
    free = [pin for pin in range(2, HIGHEST_PIN + 1) if pin not in taken and pin not in wanted.values()]
    for key, pin in wanted.items():
        place = lines.place(key)
        nearest = min(free, key=lambda one: abs(one - pin))
        if not 0 <= pin <= HIGHEST_PIN:
            raise SettingsError(
                f"{place}: {key} = {pin} is no pin: use a BCM number from 0 to {HIGHEST_PIN}, {nearest} for example is free"
            )
        if pin in taken:
            other = taken[pin]
            raise SettingsError(
                f"{place}: {key} and {other} both use pin {pin}: move one of them, {nearest} for example is free"
            )
        taken[pin] = key


def _pins_of_others(settings: Settings) -> dict[int, str]:
    """Pins with a use of their own on the 40-pin header: the panel's bus, and the serial port."""
    taken: dict[int, str] = {}
    for panel in _panels(settings).values():
        taken |= {pin: f"the panel's {bus}" for pin, bus in panel.pins().items()}
    if any("usb" not in nfc.path.lower() for nfc in settings.nfc):
        taken |= {14: "the NFC reader's serial port", 15: "the NFC reader's serial port"}
    return taken


def _check_sound(signals: Signals, lines: Lines) -> None:
    if not 0 <= signals.volume <= LOUDEST:
        raise SettingsError(
            f"{lines.place('signals.volume')}: signals.volume = {signals.volume}: it goes from 0 (silent) to {LOUDEST}"
        )
    hours = {"quiet_from": signals.quiet_from, "quiet_until": signals.quiet_until}
    if not any(hours.values()):
        return
    for name, time in hours.items():
        if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", time):
            raise SettingsError(
                f'{lines.place(f"signals.{name}")}: signals.{name} = "{time}" is no time of day: write it like "21:00"'
            )
    if signals.quiet_from == signals.quiet_until:
        raise SettingsError(
            f"{lines.place('signals.quiet_from')}: signals.quiet_from and quiet_until are the same: "
            "for no sound at all, volume = 0"
        )


def _check_burn_in(burn_in: BurnIn, lines: Lines) -> None:
    for key, most in (("dim_minutes", DAY), ("dim_contrast", BRIGHTEST), ("shift_minutes", DAY)):
        value = getattr(burn_in, key)
        if not 0 <= value <= most:
            raise SettingsError(f"{lines.place(f'burn_in.{key}')}: burn_in.{key} = {value}: it goes from 0 to {most}")


def _check_names(settings: Settings) -> None:
    """Names tell devices apart on the screen and in the log."""
    names = [device.name for devices in (settings.scanner, settings.pad, settings.nfc, settings.chip) for device in devices]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f'terminal.toml: two devices are called "{name}": give each a name of its own')


def _check_chips(settings: Settings) -> None:
    try:
        chips.check(settings.chip)
    except chips.ChipMistake as error:
        raise SettingsError(f"terminal.toml: {error}") from error


def _check_nfc(nfc: Nfc) -> None:
    if nfc.aid is None:
        return
    try:
        aid = bytes.fromhex(nfc.aid)
    except ValueError:
        aid = b""
    if not 5 <= len(aid) <= 16:
        raise SettingsError(f'terminal.toml: nfc "{nfc.name}": aid is 5 to 16 bytes in hex, as in "F0424F444B41", or left out')


def _check_keyboard(keyboard: Keyboard) -> None:
    try:
        Match.parse(keyboard.match)
    except MatchError as error:
        raise SettingsError(f'terminal.toml: "{keyboard.name}": {error}') from error
    _check_choice(keyboard, "layout", keyboard.layout, list(LAYOUTS))


def _check_choice(keyboard: Keyboard, key: str, value: str, choices: list[str]) -> None:
    if value not in choices:
        raise SettingsError(
            f'terminal.toml: "{keyboard.name}": {key} = "{value}" is not known: use one of {", ".join(choices)}'
        )
