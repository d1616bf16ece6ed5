"""pcscd, the service that all chip card readers are behind: one context, its readers, their states and their cards.

A thin edge around pyscard's `scard`. pyscard's own CardMonitor does not outlive a restart of pcscd (pyscard issues 27 and 82);
here any error of the service ends the context, and whoever holds it makes a new one.

Source: PC/SC part 5 (2.01), section 3.2.5; the pcsc-lite API, 1.9.9, `winscard.h` and `pcsclite.h`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from drivers import apdu

PLUG_AND_PLAY = "\\\\?PnP?\\Notification"
"""The name of pcscd's pseudo reader, which changes whenever a reader comes or goes."""


class PcscError(OSError):
    """pcscd, or the way to it, failed: `systemctl status pcscd` tells more."""


class NoChipReader(OSError):
    """pcscd runs, but there is no such reader: plug it in, or correct its name in the settings."""


class CardTaken(OSError):
    """Another program holds the card in the reader for itself: stop that program."""


class CardUnread(Exception):
    """The card fell silent, or answered what no card answers."""


class CardPulled(CardUnread):
    """The card, or its reader, was taken away, or gives no answer to reset: there is nothing to try again."""


@dataclass(frozen=True, slots=True)
class State:
    """What is in a reader: the service's bits, and the card's answer to reset."""

    bits: int = 0
    atr: bytes = b""

    @property
    def present(self) -> bool:
        return bool(self.bits & 0x20)

    @property
    def exclusive(self) -> bool:
        """Some program has the card for itself."""
        return bool(self.bits & 0x80)

    @property
    def gone(self) -> bool:
        """The reader itself was unplugged (unknown, or unavailable)."""
        return bool(self.bits & 0x0C)

    @property
    def count(self) -> int:
        """Grows with each card that comes or goes (pcsc-lite; the upper half of the bits)."""
        return self.bits >> 16


class Service:
    """One context of pcscd. Raises `PcscError` from everything where the service is gone."""

    def __init__(self) -> None:
        from smartcard import scard

        code, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        _check(code)
        self._plugs = scard.SCARD_STATE_UNAWARE

    def readers(self) -> list[str]:
        """The names of all readers that are plugged in, now."""
        from smartcard import scard

        code, names = scard.SCardListReaders(self._context, [])
        if code == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        _check(code)
        return [str(name) for name in names]

    def wait(self, known: dict[str, State], milliseconds: int) -> dict[str, State]:
        """The states of these readers, as soon as one is not as `known`, or any reader comes or goes; {} where time is up,
        `cancel` was called, or one of them is there no more."""
        from smartcard import scard

        asked = [*((name, state.bits) for name, state in known.items()), (PLUG_AND_PLAY, self._plugs)]
        code, changes = scard.SCardGetStatusChange(self._context, milliseconds, asked)
        if code in (scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED, scard.SCARD_E_UNKNOWN_READER):
            return {}
        _check(code)
        *readers, (_, plugs, _) = changes
        self._plugs = plugs & ~scard.SCARD_STATE_CHANGED
        return {str(name): State(bits & ~scard.SCARD_STATE_CHANGED, bytes(atr)) for name, bits, atr in readers}

    def connect(self, reader: str) -> Card:
        """Connects to the card in this reader; raises `CardTaken`, `CardUnread`, `CardPulled`.

        For ourselves alone where nobody else is connected, so that no other program selects something else between two of
        our commands.
        """
        from smartcard import scard

        for mode in (scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_SHARE_SHARED):
            protocols = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
            code, handle, protocol = scard.SCardConnect(self._context, reader, mode, protocols)
            if code != scard.SCARD_E_SHARING_VIOLATION:
                break
        self.check_card(code)
        return Card(self, handle, protocol == scard.SCARD_PROTOCOL_T0)

    def cancel(self) -> None:
        """Ends a `wait` in another thread."""
        from smartcard import scard

        scard.SCardCancel(self._context)

    def close(self) -> None:
        from smartcard import scard

        scard.SCardReleaseContext(self._context)

    def check_card(self, code: int) -> None:
        """Raises what an answer to a card's command means, unless all went well."""
        from smartcard import scard

        if code == scard.SCARD_S_SUCCESS:
            return
        why = scard.SCardGetErrorMessage(code)
        if code == scard.SCARD_E_SHARING_VIOLATION:
            raise CardTaken("another program holds the card in the reader for itself: stop it, or give it a reader of its own")
        if code in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED):
            _check(code)
        self.readers()  # raises where it was not the card but the service that failed
        pulled = (
            scard.SCARD_W_REMOVED_CARD,
            scard.SCARD_W_UNRESPONSIVE_CARD,
            scard.SCARD_E_NO_SMARTCARD,
            scard.SCARD_E_INVALID_HANDLE,
            scard.SCARD_E_READER_UNAVAILABLE,
            scard.SCARD_E_UNKNOWN_READER,
        )
        raise (CardPulled if code in pulled else CardUnread)(why)


class Card:
    """A card that is connected; `with service.connect(reader) as card: card.transmit(command)`."""

    def __init__(self, service: Service, handle: Any, t0: bool) -> None:
        from smartcard import scard

        self._service, self._handle, self._t0 = service, handle, t0
        self._header = scard.SCARD_PCI_T0 if t0 else scard.SCARD_PCI_T1

    def transmit(self, command: bytes) -> bytes:
        """One command to the card and its raw answer; raises `CardTaken`, `CardUnread`, `CardPulled`, `PcscError`."""
        from smartcard import scard

        sent = apdu.for_t0(command) if self._t0 else command
        code, answer = scard.SCardTransmit(self._handle, self._header, list(sent))
        self._service.check_card(code)
        return bytes(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        from smartcard import scard

        # Never with a reset: one that fails, as with a card that is just being pulled out, hides the next card from pcscd.
        scard.SCardDisconnect(self._handle, scard.SCARD_LEAVE_CARD)


def names(readers: Iterable[str], wanted: str | None) -> list[str]:
    """Those of the readers whose name has `wanted` in it, in whatever case; all where it is None."""
    return [name for name in readers if wanted is None or wanted.casefold() in name.casefold()]


def _check(code: int) -> None:
    from smartcard import scard

    if code != scard.SCARD_S_SUCCESS:
        raise PcscError(f"{scard.SCardGetErrorMessage(code)} Look at `systemctl status pcscd`.")
