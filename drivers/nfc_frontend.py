"""The one place that knows nfcpy: a PN532 on a serial port as a handful of calls that block.

nfcpy 1.0.4 is the last release; what it does not do is done here through its own chip object: the chip waits for a card by
itself instead of being asked again and again, two cards are seen as two, one command reads 16 bytes of a tag or carries an APDU
(nfcpy takes four), and the port is freed even where `close` stops half way. Source: NXP UM0701-02 rev. 02, sections 6.2.1.3 (an
ACK aborts), 7.2.9 (SetParameters), 7.3.1 (RFConfiguration), 7.3.5 (InListPassiveTarget) and 7.3.8 (InDataExchange).
"""

from __future__ import annotations

import contextlib
import errno
import re
import termios
import time
from dataclasses import dataclass
from typing import Any

from drivers.nfc_link import find_chip, free

LIST_TARGETS, EXCHANGE, PARAMETERS = 0x4A, 0x40, 0x12
MOST_TARGETS = 2
TYPE_A, TYPE_F = 0, 1
"""106 kbit/s of ISO 14443-A, and 212 kbit/s of FeliCa, which every FeliCa card speaks."""

POLL_FELICA = bytes.fromhex("00FFFF0100")
"""SENSF_REQ for any system, one time slot (JIS X 6319-4, section 6.4.3 "Polling")."""

RANDOM_IDM = bytes.fromhex("01FE")
"""An NFCID2 that begins so is made anew at each tap (NFC Forum Digital Protocol 1.0, section 6.6.2)."""

FOR_EVER, TWICE = 0xFF, 0x01
"""How often the chip looks for a card by itself."""

TIMEOUTS = bytes.fromhex("000B0A")
"""What nfcpy sets at the start: 51 ms for a card's answer (RFConfiguration item 2)."""

RATS_BY_CHIP = 0x10
"""The chip speaks ISO 14443-4 with a card that does, and we speak APDUs with the chip."""

ABORT_SECONDS = 0.004
"""An answer that was on its way when its command was aborted has come by then, and is thrown away before the next command."""

APDU_SECONDS = 2.0
"""A phone may ask for more time again and again; nobody waits longer than that."""

RESET_SECONDS = 0.006
"""A card forgets what it was told when the field is off for 5 ms (ISO/IEC 14443-3, section 5.2)."""

MORE = 0x40
MOST_PARTS = 8


class NfcPathError(ValueError):
    """The settings name no serial port."""


class CardUnread(Exception):
    """The card did not answer to the end: it was taken away, or lies badly."""


class CardRefused(Exception):
    """The card says no to this command."""


@dataclass(frozen=True, slots=True)
class Target:
    """A card in the field: its whole UID, and its SAK byte that tells its kind (ISO/IEC 14443-3, section 6.5.4).

    A FeliCa card has an IDm of eight bytes for a UID, and no SAK.
    """

    uid: bytes
    sak: int | None


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

        self._device = find_chip(path)
        self._clf = nfc.ContactlessFrontend()
        self._clf.device = self._device
        self._transport = self._device.chipset.transport
        self._retries = self._parameters = -1
        self._field = False
        self._careful: Any = None
        """nfcpy's own tag object, once a tag's answer was unclear; it tells a refusal from a broken frame."""

    def wait(self, seconds: float) -> bool:
        """Whether a card of Type A comes within so many seconds. The chip looks for one by itself, every few milliseconds."""
        self._look(FOR_EVER)
        try:
            return bool(self._list(1, TYPE_A, seconds=seconds)[0])
        except OSError as error:
            if error.errno != errno.ETIMEDOUT:  # nfcpy's word for "acknowledged, and no answer yet"
                raise
            time.sleep(ABORT_SECONDS)
            return False

    def scan(self) -> list[Target]:
        """The cards of Type A in the field now, two at most; the field was off for a moment before."""
        self._leave()
        self._set_parameters(0)
        self._look(TWICE)
        self.forget()
        return targets(self._list(MOST_TARGETS, TYPE_A))

    def felica(self) -> Target | None:
        """A FeliCa card in the field, which should have been on for some milliseconds."""
        self._look(TWICE)
        return felica_card(self._list(1, TYPE_F, POLL_FELICA))

    def rest(self) -> None:
        """Switches the field off; the next call switches it on."""
        self._device.mute()
        self._field = False

    def forget(self) -> None:
        """Has every card begin anew: one that was found stays silent until then."""
        if self._field:
            self.rest()
            time.sleep(RESET_SECONDS)

    def activate(self, target: Target) -> None:
        """Begins to speak ISO 14443-4 with a card that was listed."""
        with _card_errors():
            self._set_parameters(RATS_BY_CHIP)
            self.forget()
            wanted = b"" if is_random(target.uid) else _cascade(target.uid)  # a random one is new after each start
            if not self._list(1, TYPE_A, wanted)[0]:
                raise CardUnread("the card left")

    def read_block(self, target: Target, page: int) -> bytes:
        """16 bytes of a listed Type 2 tag from `page` (4 bytes each) on."""
        if self._careful is None:
            answer = self._exchange(bytes([0x30, page]))
            if len(answer) == 17 and answer[0] == 0:
                return answer[1:]
            self._careful = self._begin_carefully(target)
        return self._read_carefully(page)

    def transmit(self, command: bytes) -> bytes:
        """Sends an APDU to the active card and gives its raw answer."""
        data = b""
        for _ in range(MOST_PARTS):
            answer = self._exchange(command)
            if not answer or answer[0] & 0x3F:
                raise CardUnread("the card stopped answering")
            data += answer[1:]
            if not answer[0] & MORE:
                return data
            command = b""
        raise CardUnread("the card's answer does not end")

    def _exchange(self, command: bytes) -> bytes:
        try:
            return bytes(self._device.chipset.command(EXCHANGE, bytearray([1]) + command, timeout=APDU_SECONDS))
        except OSError as error:
            if error.errno != errno.ETIMEDOUT:
                raise
            time.sleep(ABORT_SECONDS)
            raise CardUnread("the card never ended its answer") from error

    def _list(self, most: int, kind: int, request: bytes = b"", seconds: float = 1.0) -> bytes:
        self._field = True
        data = bytes(self._device.chipset.command(LIST_TARGETS, bytearray([most, kind]) + request, timeout=seconds))
        if not data:
            raise ValueError("the reader's list of cards is empty")
        return data

    def _look(self, times: int) -> None:
        if times != self._retries:
            self._device.chipset.rf_configuration(0x05, bytes([0x01, 0x00, times]))
            self._retries = times

    def _set_parameters(self, flags: int) -> None:
        if flags != self._parameters:
            self._device.chipset.set_parameters(flags)
            self._parameters = flags

    def _leave(self) -> None:
        if self._careful is not None:
            self._careful = None
            self._device.chipset.rf_configuration(0x02, TIMEOUTS)  # nfcpy has set others for this tag

    def _begin_carefully(self, target: Target) -> Any:
        """The chip calls a tag's "no" a broken frame; nfcpy switches its check off and looks at the frame itself."""
        import nfc.clf
        import nfc.tag.tt2

        with _card_errors():
            self.forget()
            wanted = nfc.clf.RemoteTarget("106A")
            wanted.sel_req = bytearray(target.uid)
            self._field = True
            found = self._clf.sense(wanted)
            if found is None:
                raise CardUnread("the card left")
            return nfc.tag.tt2.Type2Tag(self._clf, found)

    def _read_carefully(self, page: int) -> bytes:
        import nfc.tag.tt2

        with _card_errors():
            try:
                return bytes(self._careful.read(page))
            except nfc.tag.tt2.Type2TagCommandError as error:
                if error.errno == nfc.tag.tt2.INVALID_PAGE_ERROR:
                    raise CardRefused("the card lets nobody read this page") from None
                raise

    def close(self) -> None:
        """Lets the chip sleep and frees the port; never raises."""
        with contextlib.suppress(Exception):
            self._clf.close()
        free(self._transport)


def is_random(uid: bytes) -> bool:
    """Whether a UID is one that changes at each tap (ISO/IEC 14443-3, section 6.5.4: four bytes, the first 08).

    A FeliCa IDm of eight bytes is one where it begins with 01FE.
    """
    return (len(uid) == 4 and uid[0] == 0x08) or (len(uid) == 8 and uid.startswith(RANDOM_IDM))


@contextlib.contextmanager
def _card_errors() -> Any:
    """What goes wrong with a card is the card's; only a dead port is the reader's."""
    try:
        yield
    except (OSError, termios.error, CardUnread, CardRefused):
        raise
    except Exception as error:  # nfcpy has five kinds for it, and trips over short answers with IndexError
        raise CardUnread(type(error).__name__) from error


def targets(data: bytes) -> list[Target]:
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


def felica_card(data: bytes) -> Target | None:
    """Takes the answer of InListPassiveTarget for FeliCa apart; raises `ValueError` where it is cut short."""
    if not data or data[0] == 0:
        return None
    if len(data) < 20 or data[2] not in (0x12, 0x14) or data[3] != 0x01:
        raise ValueError("the reader's answer about a FeliCa card is garbled")
    return Target(data[4:12], None)


def _cascade(uid: bytes) -> bytes:
    """A UID as InListPassiveTarget wants it: with a cascade tag (88) before each part that is not the last."""
    if len(uid) == 10:
        return b"\x88" + uid[:3] + b"\x88" + uid[3:]
    return b"\x88" + uid if len(uid) == 7 else uid
