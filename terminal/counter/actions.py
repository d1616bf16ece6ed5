"""What a page asks for: one JSON message an action, as in `{"do": "press", "button": "award"}`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from drivers.events import Button, Trouble
from drivers.virtual import NoSuchDevice, NotAUid, VirtualDevices
from drivers.virtual_devices import NoSuchKey
from terminal.counter.network import NetworkSwitch
from terminal.counter.tray import NoSuchCard, Tray
from terminal.counter.words import PageWords

MOST_BYTES = 16_384
"""The longest message: room for a barcode of 4,000 characters."""


class BadAction(ValueError):
    """A message that asks for nothing that can be done; the text says what is wrong with it."""


class _Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """Any action."""


class Show(_Action, frozen=True, tag="show"):
    """A card of the tray goes to its reader."""

    card: str


class Take(_Action, frozen=True, tag="take"):
    """It is taken away again."""

    card: str


class Scan(_Action, frozen=True, tag="scan"):
    """Any barcode."""

    text: str


class Tap(_Action, frozen=True, tag="tap"):
    """Any NFC card."""

    uid: str
    text: str | None = None


class Untap(_Action, frozen=True, tag="untap"):
    """What lies on the NFC reader goes."""


class Insert(_Action, frozen=True, tag="insert"):
    """Any chip card of ours."""

    text: str


class Withdraw(_Action, frozen=True, tag="withdraw"):
    """What sticks in the chip reader goes."""


class Upset(_Action, frozen=True, tag="trouble"):
    """A card that a reader can make nothing of."""

    device: str
    trouble: Trouble


class Press(_Action, frozen=True, tag="press"):
    """A button goes down."""

    button: Button


class Release(_Action, frozen=True, tag="release"):
    """A button comes up."""

    button: Button


class Key(_Action, frozen=True, tag="key"):
    """A key of the number pad."""

    key: str


class Plug(_Action, frozen=True, tag="plug"):
    """A device's cable is pulled, or put back."""

    device: str
    on: bool


class Network(_Action, frozen=True, tag="network"):
    """The network is cut, or comes back."""

    on: bool


class Power(_Action, frozen=True, tag="power"):
    """The terminal's own plug is pulled, or put back."""

    on: bool


Action: TypeAlias = (
    Show | Take | Scan | Tap | Untap | Insert | Withdraw | Upset | Press | Release | Key | Plug | Network | Power
)

_SIGNS = {Button.AWARD: "+", Button.REDEEM: "−", Button.NEXT: "▸", Button.CANCEL: "×"}

_decoder: msgspec.json.Decoder[Action] = msgspec.json.Decoder(Action)


def decode(message: str) -> Action:
    """One message of a page; raises `BadAction`."""
    if len(message.encode()) > MOST_BYTES:
        raise BadAction(f"a message has at most {MOST_BYTES} bytes")
    try:
        return _decoder.decode(message)
    except msgspec.MsgspecError as error:
        raise BadAction(str(error)) from error


@dataclass(frozen=True, slots=True)
class Hands:
    """Does what pages ask for; `said` hears in words what a person did."""

    devices: VirtualDevices
    network: NetworkSwitch
    tray: Tray
    words: PageWords
    said: Callable[[str], None]
    power: bool
    """Whether the terminal has any."""
    flip: Callable[[], None]
    """Takes it away, or gives it back."""

    def do(self, action: Action) -> None:
        """Raises `BadAction` where the devices have nothing of the kind."""
        try:
            self._do(action)
        except (NoSuchCard, NoSuchDevice, NoSuchKey, NotAUid) as error:
            raise BadAction(str(error)) from error

    def _do(self, action: Action) -> None:
        say = self.words.say
        match action:
            case Show() | Take() | Scan() | Tap() | Untap() | Insert() | Withdraw() | Upset():
                self._card(action)
            case Press(button):
                self.said(say("{button} pressed", button=_SIGNS[button]))
                self.devices.press(button)
            case Release(button):
                self.devices.release(button)
            case Key(key):
                self.devices.key(key)  # not for the log: it may be a digit of a phone number
            case Plug(device, on):
                self.devices.plug(device, on=on)
                name = self.words.device(device)
                self.said(say("{device}: plugged in", device=name) if on else say("{device}: unplugged", device=name))
            case Network(on):
                self.said(say("network on") if on else say("network off"))
                self.network.turn(on=on)
            case Power(on) if on != self.power:
                self.said(say("power back: the terminal starts") if on else say("the plug is pulled"))
                self.flip()
            case Power():
                pass

    def _card(self, action: Show | Take | Scan | Tap | Untap | Insert | Withdraw | Upset) -> None:
        say = self.words.say
        match action:
            case Show(key):
                card = self.tray.card(key)
                self.said(card.shown(self.words))
                card.show(self.devices)
            case Take(key):
                self.tray.card(key).take(self.devices)
            case Scan(text):
                self.said(say("a barcode scanned"))
                self.devices.scan(text)
            case Tap(uid, text):
                self.said(say("an NFC card tapped"))
                self.devices.tap(uid, text)
            case Untap():
                self.devices.untap()
            case Insert(text):
                self.said(say("a chip card inserted"))
                self.devices.insert(text)
            case Withdraw():
                self.devices.withdraw()
            case Upset(device, trouble):
                self.said(say("{device}: a card that it can make nothing of", device=self.words.device(device)))
                self.devices.trouble(device, trouble)
