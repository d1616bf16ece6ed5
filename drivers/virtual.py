"""Virtual devices: drivers like the others, with a person, a script or a page in a browser in place of the hardware.

    devices = VirtualDevices(clock, panel.picture)
    for device in devices.supervised:
        group.create_task(supervise(device, emit, clock=clock))
    devices.scan("2100000000012")
    devices.tap("04a1b2c3d4e5f6")
    devices.plug("nfc", on=False)       # supervise says that it is lost

What a front end does to a device that is unplugged, or not open yet, is lost, as with a real one. All calls of a front end are
made in the event loop's thread; what devices do in turn (`News`) is told in whatever thread it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drivers.events import MAX_CARD_TEXT, Button, Form, Medium, Picture, Trouble
from drivers.virtual_devices import (
    Card,
    Later,
    News,
    Tell,
    VirtualButtons,
    VirtualDevice,
    VirtualGlass,
    VirtualPad,
    VirtualReader,
    VirtualSignals,
    loop_later,
)

RANDOM_UID = "08"
"""A UID of four bytes that begins so is a new one at each tap (ISO/IEC 14443-3, section 6.5.4)."""


class NoSuchDevice(LookupError):
    """There is no virtual device of that name."""


class NotAUid(ValueError):
    """A UID is 4, 7 or 10 bytes in lower-case hex."""


class VirtualDevices:
    """Everything that stands on a counter, for any front end.

    Args:
        clock: monotonic milliseconds.
        picture: the number of the picture on the panel, which goes with each press.
        later: the timer by which a button that stays down is held.
        panels: what the panels are called, the customer's or only one first.
    """

    def __init__(
        self, clock: Callable[[], int], picture: Picture, *, later: Later = loop_later, panels: Sequence[str] = ("panel",)
    ) -> None:
        self._watchers: tuple[Tell, ...] = ()
        self.scanner = VirtualReader("scanner", Medium.BARCODE, clock, self._tell)
        self.nfc = VirtualReader("nfc", Medium.NFC, clock, self._tell)
        self.chip = VirtualReader("chip", Medium.CHIP, clock, self._tell)
        self.pad = VirtualPad("pad", clock, picture, self._tell)
        self.buttons = VirtualButtons("buttons", clock, picture, self._tell, later)
        self.signals = VirtualSignals("signals", clock, self._tell)
        self.glasses = tuple(VirtualGlass(name, self._tell) for name in panels)

    @property
    def glass(self) -> VirtualGlass:
        """That of the first panel."""
        return self.glasses[0]

    @property
    def supervised(self) -> tuple[VirtualDevice, ...]:
        """Those that run under `supervise`: all but the glasses."""
        return (self.scanner, self.nfc, self.chip, self.pad, self.buttons, self.signals)

    @property
    def plugs(self) -> dict[str, bool]:
        """Whether each device's cable is in, the panels' too."""
        return {device.name: device.plugged for device in self._cables}

    @property
    def _cables(self) -> tuple[VirtualDevice | VirtualGlass, ...]:
        return (*self.supervised, *self.glasses)

    def watch(self, tell: Tell) -> Callable[[], None]:
        """Tells `tell` what devices do, in whatever thread they do it; the answer ends it."""
        self._watchers = (*self._watchers, tell)

        def end() -> None:
            self._watchers = tuple(one for one in self._watchers if one is not tell)

        return end

    def scan(self, text: str) -> None:
        """A barcode passes the scanner."""
        self.scanner.flash(_number(text))

    def tap(self, uid: str, text: str | None = None) -> None:
        """An NFC card is laid on its reader: what is written on it, or its UID in hex. Raises `NotAUid`."""
        if len(uid) not in (8, 14, 20) or not set(uid) <= set("0123456789abcdef"):
            raise NotAUid("a UID is 4, 7 or 10 bytes in lower-case hex")
        if text is not None:
            self.nfc.put(_number(text))
        elif len(uid) == 8 and uid.startswith(RANDOM_UID):
            self.nfc.put(Trouble.RANDOM_UID)
        else:
            self.nfc.put((Form.UID, uid))

    def untap(self) -> None:
        """What lies on the NFC reader is taken away."""
        self.nfc.take()

    def insert(self, text: str) -> None:
        """A chip card with this number is put into its reader."""
        self.chip.put(_number(text))

    def withdraw(self) -> None:
        """The chip card is pulled out."""
        self.chip.take()

    def trouble(self, device: str, trouble: Trouble) -> None:
        """A card that its reader can make nothing of comes and goes. Raises `NoSuchDevice`."""
        readers = {reader.name: reader for reader in (self.scanner, self.nfc, self.chip)}
        if device not in readers:
            raise NoSuchDevice(f"no card reader is called {device}: {', '.join(readers)}")
        readers[device].flash(trouble)

    def press(self, button: Button) -> None:
        """A button goes down; after `HOLD_MS` it is held."""
        self.buttons.press(button)

    def release(self, button: Button) -> None:
        """It comes up."""
        self.buttons.release(button)

    def key(self, key: str) -> None:
        """A key of the number pad. Raises `NoSuchKey`."""
        self.pad.key(key)

    def plug(self, device: str, *, on: bool) -> None:
        """Pulls a device's cable or puts it back. Raises `NoSuchDevice`."""
        cables = {one.name: one for one in self._cables}
        if device not in cables:
            raise NoSuchDevice(f"no device is called {device}: {', '.join(cables)}")
        cables[device].plug(on=on)

    def _tell(self, news: News) -> None:
        for tell in self._watchers:
            tell(news)


def _number(text: str) -> Card:
    if not text.strip():
        return Trouble.UNREADABLE
    return (Form.NUMBER, text) if len(text) <= MAX_CARD_TEXT else Trouble.TOO_LONG
