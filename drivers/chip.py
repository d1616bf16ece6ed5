"""The chip card reader: any PC/SC reader, by pcscd, for contact cards and (where the reader has an antenna) contactless ones.

One thread blocks in SCardGetStatusChange and costs nothing while nothing happens. pyscard's own CardMonitor does not outlive a
restart of pcscd (pyscard issues 27 and 82); here any error ends the context, and `supervise` makes a new one.

    reader = ChipReader("chip", ChipProfile(bytes.fromhex("F0424F444B41"), sfi=1, record=1), clock)
    await supervise(reader, emit, clock=clock)
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any

from drivers.chip_card import ChipProfile, Reading, contactless, read_card
from drivers.events import CardGone, CardSeen, CardTrouble, Emit, Medium, Trouble
from drivers.worker import in_thread

PLUG_AND_PLAY = "\\\\?PnP?\\Notification"
"""The name of pcscd's pseudo reader, which changes whenever a reader comes or goes."""

WAIT_MS = 1500
"""The longest wait; SCardCancel ends it sooner, unless it comes in the moment between two waits."""

CLOSE_SECONDS = 1.0


class PcscError(OSError):
    """pcscd, or the way to it, failed: `systemctl status pcscd` tells more."""


class NoChipReader(OSError):
    """pcscd runs, but there is no such reader: plug it in, or correct its name in the settings."""


class CardUnread(Exception):
    """The card was taken away, or fell silent."""


class ChipReader:
    """A PC/SC reader under `supervise`.

    `reader`: part of the name that `pcsc_scan` shows, where there are several; None takes the first. `clock`: monotonic
    milliseconds.
    """

    def __init__(self, name: str, profile: ChipProfile, clock: Callable[[], int], reader: str | None = None) -> None:
        self.name = name
        self._profile, self._clock, self._wanted = profile, clock, reader
        self._context: Any = None
        self._reader = ""
        self._here: Medium | None = None

    async def open(self) -> None:
        await in_thread(f"{self.name} open", self._open)

    async def run(self, emit: Emit) -> None:
        await in_thread(self.name, lambda stop: self._serve(emit, stop), wake=self._cancel)

    async def close(self) -> None:
        # A thread that hangs in a card's answer holds the context: then it is left behind, and the next open makes a new one.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(in_thread(f"{self.name} close", self._close), CLOSE_SECONDS)

    def _open(self, stop: threading.Event) -> None:
        from smartcard import scard

        code, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        if code != scard.SCARD_S_SUCCESS:
            self._context = None
            _check(code)
        self._reader = self._find()

    def _find(self) -> str:
        from smartcard import scard

        code, names = scard.SCardListReaders(self._context, [])
        if code != scard.SCARD_E_NO_READERS_AVAILABLE:
            _check(code)
        for name in names:
            if self._wanted is None or self._wanted in name:
                return str(name)
        wanted = f"named '{self._wanted}' " if self._wanted else ""
        raise NoChipReader(f"no chip card reader {wanted}is plugged in; `pcsc_scan -r` lists those that are")

    def _cancel(self) -> None:
        from smartcard import scard

        if self._context is not None:
            scard.SCardCancel(self._context)

    def _close(self, stop: threading.Event) -> None:
        from smartcard import scard

        context, self._context = self._context, None
        if context is not None:
            scard.SCardReleaseContext(context)

    def _serve(self, emit: Emit, stop: threading.Event) -> None:
        from smartcard import scard

        states = [(self._reader, scard.SCARD_STATE_UNAWARE), (PLUG_AND_PLAY, scard.SCARD_STATE_UNAWARE)]
        count: int | None = None
        while not stop.is_set():
            code, changes = scard.SCardGetStatusChange(self._context, WAIT_MS, states)
            if code in (scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
                continue
            _check(code)
            (_, state, atr), (_, plugs, _) = changes
            states = [(self._reader, state & ~scard.SCARD_STATE_CHANGED), (PLUG_AND_PLAY, plugs & ~scard.SCARD_STATE_CHANGED)]
            if state & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
                raise NoChipReader(f"the reader '{self._reader}' was unplugged")
            count = self._changed(emit, state, bytes(atr), count)

    def _changed(self, emit: Emit, state: int, atr: bytes, count: int | None) -> int:
        """Handles one state of the reader; `count` is the upper half of the last one, which grows with each card that comes
        or goes. After a loss it is None: nobody knows whether the card is still the same, so it counts as a new one."""
        from smartcard import scard

        at, present = self._clock(), bool(state & scard.SCARD_STATE_PRESENT)
        if self._here is not None and not (present and state >> 16 == count):
            emit(CardGone(self.name, self._here, at))
            self._here = None
        if present and self._here is None:
            reading = Trouble.UNREADABLE if state & scard.SCARD_STATE_MUTE else self._read(atr)
            self._here = Medium.NFC if contactless(atr) else Medium.CHIP
            emit(self._event(self._here, reading, at))
        return state >> 16

    def _event(self, medium: Medium, reading: Reading, at: int) -> CardSeen | CardTrouble:
        if isinstance(reading, Trouble):
            return CardTrouble(self.name, medium, reading, at)
        return CardSeen(self.name, medium, reading[0], reading[1], at)

    def _read(self, atr: bytes) -> Reading:
        from smartcard import scard

        try:
            card, header = self._connect()
        except CardUnread:
            return Trouble.UNREADABLE

        def transmit(command: bytes) -> bytes:
            code, answer = scard.SCardTransmit(card, header, list(command))
            _check_card(code)
            return bytes(answer)

        try:
            return read_card(transmit, atr, self._profile)
        except CardUnread:
            return Trouble.UNREADABLE
        finally:
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)

    def _connect(self) -> tuple[Any, Any]:
        """The card's handle, and the header that its protocol wants before each command."""
        from smartcard import scard

        protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, card, protocol = scard.SCardConnect(self._context, self._reader, scard.SCARD_SHARE_SHARED, protocols)
        _check_card(code)
        return card, scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0


def _check(code: int) -> None:
    """Raises `PcscError` unless all went well."""
    from smartcard import scard

    if code != scard.SCARD_S_SUCCESS:
        raise PcscError(f"{scard.SCardGetErrorMessage(code)} Look at `systemctl status pcscd`.")


def _check_card(code: int) -> None:
    """Raises `PcscError` where pcscd or the reader is gone, `CardUnread` for all that a card can do wrong."""
    from smartcard import scard

    gone = (
        scard.SCARD_E_NO_SERVICE,
        scard.SCARD_E_SERVICE_STOPPED,
        scard.SCARD_E_INVALID_HANDLE,
        scard.SCARD_E_READER_UNAVAILABLE,
        scard.SCARD_E_UNKNOWN_READER,
        scard.SCARD_F_COMM_ERROR,
    )
    if code in gone:
        _check(code)
    if code != scard.SCARD_S_SUCCESS:
        raise CardUnread(scard.SCardGetErrorMessage(code))
