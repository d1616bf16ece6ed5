"""The NFC reader: cards and tags of Type A that are held to a PN532 on a serial port.

What a card is, in this order: our own application, where the settings name one; a payment card by its directory (turned
away, its number is never asked for); a random UID (a phone, a passport); the first NDEF text or address of a Type 2 tag; else
its UID. A UID alone is easily copied: it is good for points, not for money.

    reader = NfcReader("nfc", "/dev/ttyUSB0", clock)
    await supervise(reader, emit, clock=clock)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeAlias

from drivers import apdu, ndef
from drivers.events import MAX_CARD_TEXT, CardGone, CardSeen, CardTrouble, Emit, Form, Medium, Trouble
from drivers.nfc_frontend import CardRefused, CardUnread, Frontend, Target, is_random, port
from drivers.worker import in_thread

POLL_SECONDS = 0.06
"""The rest between two scans, which take some 10 ms each: a tap waits 35 ms on average to be noticed."""

REFRESH_MS = 6 * 60 * 60 * 1000
"""A PN532 that was left alone for a day has been seen to sleep for 20 s at the next card: it is set up anew before."""

TRUST_MS = 5_000
"""A reader that fails again so soon after it was reopened is lost; one failure alone is a hiccup that nobody need hear of."""

MISSES = 2
"""So many scans in a row must miss a card until it is gone."""

TRIES = 3
"""So often a card is read, as long as it stays, before it counts as unreadable."""

TYPE_4 = 0x20
PLAIN_TYPE_2 = 0x00
"""SAK of a card that speaks ISO/IEC 14443-4 (a bit), and of NTAG and Ultralight (NXP AN10833)."""

NOBODY, TWO, RANDOM = b"", b"two", b"random"
"""Who lies on the reader, where it is no UID."""

Reading: TypeAlias = tuple[Form, str] | Trouble


class NfcReader:
    """A PN532 (HSU, 115200 baud and up) under `supervise`.

    `path`: its serial port, `/dev/ttyUSB0` or `tty:USB0:pn532`. `clock`: monotonic milliseconds. `aid`: the identifier (5-16
    bytes) of an application, such as a phone's card emulation, whose answer to SELECT is a card's number in ASCII.
    """

    def __init__(self, name: str, path: str, clock: Callable[[], int], aid: bytes | None = None) -> None:
        self.name = name
        self._port, self._clock, self._aid = port(path), clock, aid
        self._frontend: Frontend | None = None
        self._opened = 0
        self._here = NOBODY
        self._missed = 0
        self._tries = 0

    async def open(self) -> None:
        await in_thread(f"{self.name} open", self._start)

    async def run(self, emit: Emit) -> None:
        await in_thread(self.name, lambda stop: self._serve(emit, stop))

    async def close(self) -> None:
        await in_thread(f"{self.name} close", lambda stop: self._close())

    def _start(self, stop: threading.Event) -> None:
        self._open()

    def _open(self) -> Frontend:
        self._frontend = frontend = Frontend(self._port)
        self._opened = self._clock()
        return frontend

    def _close(self) -> None:
        frontend, self._frontend = self._frontend, None
        if frontend is not None:
            frontend.close()

    def _serve(self, emit: Emit, stop: threading.Event) -> None:
        frontend = self._frontend or self._open()
        while not stop.is_set():
            try:
                self._poll(emit, frontend)
            except Exception:  # nfcpy raises termios.error, IndexError and others for a reader that stutters
                if self._clock() - self._opened < TRUST_MS:
                    raise
                frontend = self._reopen()
            if self._here == NOBODY and self._clock() - self._opened >= REFRESH_MS:
                frontend = self._reopen()
            stop.wait(POLL_SECONDS)

    def _reopen(self) -> Frontend:
        self._close()
        return self._open()

    def _poll(self, emit: Emit, frontend: Frontend) -> None:
        found = frontend.scan()
        at = self._clock()
        if not found:
            self._nobody(emit, at)
        elif len(found) > 1:
            self._missed = self._tries = 0
            if self._here != TWO:
                self._here = TWO
                emit(CardTrouble(self.name, Medium.NFC, Trouble.TWO_CARDS, at))
        else:
            self._one(emit, at, found[0], frontend)

    def _nobody(self, emit: Emit, at: int) -> None:
        self._missed += 1
        if self._tries:  # it was being read and is gone: there will be no better try
            self._tries = 0
            emit(CardTrouble(self.name, Medium.NFC, Trouble.UNREADABLE, at))
        if self._here != NOBODY and self._missed >= MISSES:
            self._here = NOBODY
            emit(CardGone(self.name, Medium.NFC, at))

    def _one(self, emit: Emit, at: int, target: Target, frontend: Frontend) -> None:
        who = RANDOM if is_random(target.uid) else target.uid
        if self._here == TWO and self._missed < MISSES - 1:
            self._missed += 1  # the other one may only have been missed
            return
        self._missed = 0
        if who != self._here:
            if self._here not in (NOBODY, TWO):
                emit(CardGone(self.name, Medium.NFC, at))
            self._here, self._tries = who, TRIES
        if self._tries:
            self._say(emit, at, read_card(frontend, target, self._aid))

    def _say(self, emit: Emit, at: int, reading: Reading) -> None:
        self._tries -= 1
        if reading is Trouble.UNREADABLE and self._tries:
            return
        self._tries = 0
        if isinstance(reading, Trouble):
            emit(CardTrouble(self.name, Medium.NFC, reading, at))
        else:
            emit(CardSeen(self.name, Medium.NFC, reading[0], reading[1], at))


def read_card(frontend: Frontend, target: Target, aid: bytes | None) -> Reading:
    """What this card is good for: its number, its UID, or why it is good for nothing."""
    try:
        if target.sak & TYPE_4:
            reading = _type_4(frontend, target, aid)
        elif is_random(target.uid) or target.sak != PLAIN_TYPE_2:
            reading = None
        else:
            reading = _type_2(frontend, target)
    except (CardUnread, apdu.BadAnswer, ndef.NdefError):
        return Trouble.UNREADABLE
    if reading is not None:
        return reading
    return Trouble.RANDOM_UID if is_random(target.uid) else (Form.UID, target.uid.hex())


def _type_2(frontend: Frontend, target: Target) -> Reading | None:
    """The tag's first NDEF text or address; it is read only as far as its message goes."""
    frontend.select(target)
    memory = bytearray()
    while True:
        try:
            message = ndef.message(bytes(memory))
            break
        except ndef.CutShort:
            try:
                memory += frontend.read_block(len(memory) // 4)
            except CardRefused:
                if memory:
                    raise ndef.Garbled("the tag ends before its message") from None
                return None
    text = ndef.text(message) if message else None
    return _number(text) if text else None


def _type_4(frontend: Frontend, target: Target, aid: bytes | None) -> Reading | None:
    frontend.select(target)
    if aid is not None:
        answer = apdu.exchange(frontend.transmit, apdu.select(aid))
        if answer.fine and answer.data.isascii() and answer.data:
            return _number(answer.data.decode("ascii"))
    if apdu.exchange(frontend.transmit, apdu.select(apdu.PAYMENT_CONTACTLESS)).fine:
        return Trouble.BANK_CARD
    return None


def _number(text: str) -> Reading:
    return (Form.NUMBER, text) if len(text) <= MAX_CARD_TEXT else Trouble.TOO_LONG
