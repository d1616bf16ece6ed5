"""The one place that knows nfcpy: a PN532 on a serial port as a handful of calls that block.

nfcpy 1.0.4 is the last release; what it does not do is done here through its own chip object: it asks for one card at a time
(we ask for two, to see both), it cannot talk to a chip that was left at a higher speed, and its `close` stops half way when
the port is gone. Source: NXP UM0701-02 rev. 02, sections 7.2.8 (SetSerialBaudRate) and 7.3.5 (InListPassiveTarget).
"""

from __future__ import annotations

import contextlib
import logging
import re
import termios
import time
from dataclasses import dataclass
from typing import Any

FAST_SPEEDS = (921600, 460800, 230400)
"""Speeds to which nfcpy may have raised the chip."""

SLOW_DOWN = bytes.fromhex("00" * 16 + "0000FF03FDD4100418" + "00")
"""SetSerialBaudRate 115200 after dummy bytes that wake the chip."""

ACK = bytes.fromhex("0000FF00FF00")
ACK_MS = 50
LIST_TARGETS = 0x4A
MOST_TARGETS = 2


class NfcPathError(ValueError):
    """The settings name no serial port."""


class NoReader(OSError):
    """Nothing on the port answers as a PN532."""


class CardUnread(Exception):
    """The card did not answer to the end: it was taken away, or lies badly."""


class CardRefused(Exception):
    """The card says no to this command."""


@dataclass(frozen=True, slots=True)
class Target:
    """A card in the field: its whole UID, and its SAK byte that tells its kind (ISO/IEC 14443-3, section 6.5.4)."""

    uid: bytes
    sak: int


def port(path: str) -> str:
    """The device file of `/dev/...` or of nfcpy's `tty:USB0:pn532`. Raises `NfcPathError`."""
    if path.startswith("/"):
        return path
    if match := re.fullmatch(r"tty:(\w+):pn532", path):
        return f"/dev/tty{match[1]}"
    raise NfcPathError(f"'{path}' is no NFC reader: give its serial port, such as /dev/ttyUSB0 or tty:USB0:pn532")


class Frontend:
    """An open PN532. Every call may raise `OSError` or `termios.error` when the reader is gone, and whatever nfcpy makes of
    garbage; calls about a card raise `CardUnread` or `CardRefused`."""

    def __init__(self, path: str) -> None:
        import nfc

        # nfcpy writes UIDs and card memory into its debug and info logs.
        logging.getLogger("nfc").setLevel(logging.CRITICAL)
        try:
            self._device = _initialise(path)
        except NoReader:
            _slow_down(path)
            self._device = _initialise(path)
        self._clf = nfc.ContactlessFrontend()
        self._clf.device = self._device
        self._transport = self._device.chipset.transport
        self._tag: Any = None

    def scan(self) -> list[Target]:
        """The cards in the field now, two at most; the field was off for a moment before."""
        chip = self._device.chipset
        self._tag = None
        self._device.mute()
        found = _targets(bytes(chip.command(LIST_TARGETS, bytearray([MOST_TARGETS, 0]), timeout=1.0)))
        if not found:
            self._device.mute()  # the field rests until the next scan
        return found

    def select(self, target: Target) -> None:
        """Makes this card the one that the next calls talk to."""
        import nfc.clf
        import nfc.tag.tt2
        import nfc.tag.tt4

        with _card_errors():
            wanted = nfc.clf.RemoteTarget("106A")
            if not is_random(target.uid):  # such a card has a new one after each scan
                wanted.sel_req = bytearray(target.uid)
            found = self._clf.sense(wanted)
            if found is None:
                raise CardUnread("the card left")
            kind = nfc.tag.tt4.Type4ATag if found.sel_res[0] & 0x20 else nfc.tag.tt2.Type2Tag
            self._tag = kind(self._clf, found)

    def read_block(self, page: int) -> bytes:
        """16 bytes of a Type 2 tag from `page` (4 bytes each) on."""
        import nfc.tag.tt2

        with _card_errors():
            try:
                return bytes(self._tag.read(page))
            except nfc.tag.tt2.Type2TagCommandError as error:
                if error.errno == nfc.tag.tt2.INVALID_PAGE_ERROR:
                    raise CardRefused("the card lets nobody read this page") from None
                raise

    def transmit(self, command: bytes) -> bytes:
        """Sends an APDU to a Type 4 card and gives its raw answer."""
        with _card_errors():
            return bytes(self._tag.transceive(bytearray(command)))

    def close(self) -> None:
        """Lets the chip sleep and frees the port; never raises."""
        with contextlib.suppress(Exception):
            self._clf.close()
        _free(self._transport)


def is_random(uid: bytes) -> bool:
    """Whether a UID is one that changes at each tap (ISO/IEC 14443-3, section 6.5.4: four bytes, the first 08)."""
    return len(uid) == 4 and uid[0] == 0x08


@contextlib.contextmanager
def _card_errors() -> Any:
    """What goes wrong with a card is the card's; only a dead port is the reader's."""
    try:
        yield
    except (OSError, termios.error, CardUnread, CardRefused):
        raise
    except Exception as error:  # nfcpy has five kinds for it, and trips over short answers with IndexError
        raise CardUnread(type(error).__name__) from error


def _initialise(path: str) -> Any:
    import nfc.clf.pn532
    import nfc.clf.transport

    transport = nfc.clf.transport.TTY(path)
    try:
        return nfc.clf.pn532.init(transport)
    except Exception as error:
        _free(transport)
        raise NoReader(f"no PN532 answers on {path}: check its cable and that its switches are set to HSU (UART)") from error


def _slow_down(path: str) -> None:
    """Brings a chip back to 115200 baud that a killed program left at a higher speed.

    Without this the reader would be lost until somebody pulls its plug.
    """
    import nfc.clf.transport

    for speed in FAST_SPEEDS:
        transport = nfc.clf.transport.TTY(path)
        try:
            transport.open(path, speed)
            transport.write(SLOW_DOWN)
            heard = transport.read(ACK_MS) == ACK
            transport.read(ACK_MS)  # the answer itself
            transport.write(ACK)  # the new speed holds from here on
            time.sleep(0.001)
        except Exception:  # silence or noise: the next speed
            heard = False
        finally:
            _free(transport)
        if heard:
            return


def _free(transport: Any) -> None:
    tty, transport.tty = transport.tty, None
    if tty is not None:
        with contextlib.suppress(Exception):
            tty.close()


def _targets(data: bytes) -> list[Target]:
    """Takes the answer of InListPassiveTarget for Type A apart; raises `ValueError` where it is cut short."""
    found, at = [], 1
    for _ in range(data[0] if data else 0):
        head, size = data[at : at + 5], data[at + 4 : at + 5]
        uid = data[at + 5 : at + 5 + (size[0] if size else 0)]
        if len(head) < 5 or len(uid) < head[4] or len(uid) not in (4, 7, 10):
            raise ValueError("the reader's list of cards is garbled")
        found.append(Target(uid, head[3]))
        at += 5 + len(uid)
    return found
