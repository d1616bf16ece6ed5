"""The NFC reader: cards and tags that are held to a PN532 on a serial port.

What a card is, in this order: our own application, where the settings name one; the first NDEF text or address of a Type 2 or
Type 4 tag; a payment card by its directory (turned away, its number is never asked for); a random UID (a phone, a passport);
else its UID, or the IDm of a FeliCa card. A UID alone is easily copied: it is good for points, not for money.

    reader = NfcReader("nfc", "/dev/ttyUSB0", clock)
    await supervise(reader, emit, clock=clock)
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from drivers import apdu, ndef, type4
from drivers.events import MAX_CARD_TEXT, CardGone, CardTrouble, Emit, Form, Medium, Trouble
from drivers.nfc_frontend import CardRefused, CardUnread, Frontend, Target, is_random, port
from drivers.reading import BankCard, Reading, event
from drivers.worker import in_thread

WAIT_SECONDS = 0.5
"""So long the chip waits for a card of Type A by itself, before it is asked for a FeliCa card once."""

POLL_SECONDS = 0.045
"""While a card lies there: the rest between two looks, of some 20 ms each, whether it still does and whether it is alone."""

REFRESH_MS = 6 * 60 * 60 * 1000
"""A PN532 that was left alone for a day has been seen to sleep for 20 s at the next card: it is set up anew before."""

TRUST_MS = 5_000
"""A reader that fails again so soon after it was reopened is lost; one failure alone is a hiccup that nobody need hear of."""

GONE_MS = 1_000
"""A card counts as taken away when it was missed for so long: the same card twice within a second is one tap."""

ALONE = 2
"""Of two cards, one must have been seen alone so often in a row until it is taken for the only one."""

TRIES = 3
"""So often a card is read, as long as it stays, before it counts as unreadable."""

LAST_PAGE = 0xFF
"""READ names a page by one byte (NFC Forum Type 2 Tag Operation 1.1, section 5.1)."""

TYPE_4 = 0x20
PLAIN_TYPE_2 = 0x00
"""SAK of a card that speaks ISO/IEC 14443-4 (a bit), and of NTAG and Ultralight (NXP AN10833)."""

NOBODY, TWO, RANDOM = b"", b"two", b"random"
"""Who lies on the reader, where it is no UID."""


class NfcReader:
    """A PN532 (HSU, 115200 baud and up) under `supervise`.

    `path`: its serial port, `/dev/ttyUSB0` or `tty:USB0:pn532`. `clock`: monotonic milliseconds. `aid`: the identifier (5-16
    bytes) of an application, such as a phone's card emulation, whose answer to SELECT is a card's number in ASCII.
    """

    def __init__(self, name: str, path: str, clock: Callable[[], int], aid: bytes | None = None) -> None:
        self.name = name
        self.aid = aid
        self._port, self._clock = port(path), clock
        self._frontend: Frontend | None = None
        self._opened = 0
        self._here = NOBODY
        self._seen = 0
        """When the card was last seen."""
        self._felica = False
        self._alone, self._lone = 0, NOBODY
        """How often in a row one of two cards was seen alone, and which."""
        self._tries = 0
        self._again = False
        """The card could not be read: held to the reader once more, it is a new one."""

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
                idle = self._here == NOBODY and self._idle(emit, frontend)
                if not idle:
                    self._poll(emit, frontend)
            except Exception:  # nfcpy raises termios.error, IndexError and others for a reader that stutters
                if self._clock() - self._opened < TRUST_MS:
                    raise
                frontend, idle = self._reopen(), False
            if self._here == NOBODY and self._clock() - self._opened >= REFRESH_MS:
                frontend = self._reopen()
            if not idle:
                stop.wait(POLL_SECONDS)

    def _reopen(self) -> Frontend:
        self._close()
        return self._open()

    def _idle(self, emit: Emit, frontend: Frontend) -> bool:
        """Waits for a card; False as soon as one of Type A may be there."""
        if frontend.wait(WAIT_SECONDS):
            return False
        felica = frontend.felica()
        if felica is not None:
            self._one(emit, self._clock(), felica, frontend)
        frontend.forget()  # also a card that was found just when the search was given up
        return True

    def _poll(self, emit: Emit, frontend: Frontend) -> None:
        found = frontend.scan()
        if not found and self._felica:
            found = [target for target in [frontend.felica()] if target is not None]
        at = self._clock()
        if not found:
            self._nobody(emit, at)
        elif len(found) > 1:
            self._alone = self._tries = 0
            self._seen = at
            if self._here != TWO:
                self._here, self._again = TWO, False
                emit(CardTrouble(self.name, Medium.NFC, Trouble.TWO_CARDS, at))
        else:
            self._one(emit, at, found[0], frontend)
        frontend.rest()

    def _nobody(self, emit: Emit, at: int) -> None:
        if self._tries:  # it was being read and is gone: there will be no better try
            self._tries, self._again = 0, True
            emit(CardTrouble(self.name, Medium.NFC, Trouble.UNREADABLE, at))
        if self._here != NOBODY and (self._again or at - self._seen >= GONE_MS):
            self._here, self._again = NOBODY, False
            emit(CardGone(self.name, Medium.NFC, at))

    def _one(self, emit: Emit, at: int, target: Target, frontend: Frontend) -> None:
        who = RANDOM if is_random(target.uid) else target.uid
        self._seen, self._felica = at, target.sak is None
        if self._here == TWO:
            self._alone, self._lone = self._alone + 1 if who == self._lone else 1, who
            if self._alone < ALONE:
                return  # the other one may only have been missed
        if who != self._here:
            if self._here not in (NOBODY, TWO):
                emit(CardGone(self.name, Medium.NFC, at))
            self._here, self._tries, self._again = who, TRIES, False
        if self._tries:
            self._say(emit, read_card(frontend, target, self.aid))

    def _say(self, emit: Emit, reading: Reading) -> None:
        self._tries -= 1
        unreadable = reading is Trouble.UNREADABLE
        if unreadable and self._tries:
            return
        self._tries, self._again = 0, unreadable
        emit(event(self.name, Medium.NFC, reading, self._clock()))


def read_card(frontend: Frontend, target: Target, aid: bytes | None) -> Reading:
    """What this card is good for: its number, its UID, or why it is good for nothing."""
    reading = None
    try:
        if target.sak is not None and target.sak & TYPE_4:
            reading = _type_4(frontend, target, aid)
        elif target.sak == PLAIN_TYPE_2 and not is_random(target.uid):
            reading = _type_2(frontend, target)
    except (CardUnread, apdu.BadAnswer, ndef.NdefError):
        return Trouble.UNREADABLE
    if reading is not None:
        return reading
    return Trouble.RANDOM_UID if is_random(target.uid) else (Form.UID, target.uid.hex())


def _type_2(frontend: Frontend, target: Target) -> Reading | None:
    """The tag's first NDEF text or address; it is read only as far as its message goes, from the container (page 3) on."""
    memory = bytearray(ndef.CONTAINER)
    while True:
        try:
            message = ndef.message(bytes(memory))
            break
        except ndef.CutShort:
            page = len(memory) // 4
            if page > LAST_PAGE:
                raise ndef.Garbled("the tag's message goes beyond its pages") from None
            try:
                memory += frontend.read_block(target, page)
            except CardRefused:
                if len(memory) > ndef.CONTAINER:
                    raise ndef.Garbled("the tag ends before its message") from None
                return None
    text = ndef.text(message) if message else None
    return _number(text) if text else None


def _type_4(frontend: Frontend, target: Target, aid: bytes | None) -> Reading | None:
    frontend.activate(target)
    if aid is not None:
        answer = apdu.exchange(frontend.transmit, apdu.select(aid))
        number = answer.data.decode("ascii", "replace").strip()
        if answer.fine and number.isascii() and number.isprintable() and number:
            return _number(number)
    message = type4.message(frontend.transmit)
    text = ndef.text(message) if message else None
    if text:
        return _number(text)
    if apdu.exchange(frontend.transmit, apdu.select(apdu.PAYMENT_CONTACTLESS)).fine:
        return Trouble.BANK_CARD if is_random(target.uid) else BankCard(target.uid.hex())
    return None


def _number(text: str) -> Reading:
    return (Form.NUMBER, text) if len(text) <= MAX_CARD_TEXT else Trouble.TOO_LONG
