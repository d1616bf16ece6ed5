"""How a terminal becomes a shop's: pairing, Wi-Fi, and its updates."""

from __future__ import annotations

import re

from display.letters import columns, plain
from display.lines import Number
from display.page import Circles, Page, Row, Text
from display.qr import QrCode, qr_code
from display.rows import BIG, MIDDLE, name, row, spoken
from display.screens import CodeTrouble, Pairing, PairingTrouble, Updating, WifiJoined, WifiProblem, WifiTrouble
from display.words import Words, msgid

_ANEW = msgid("Make a new one")

_CODES = {
    CodeTrouble.WRONG: (msgid("Unknown code"), msgid("The cloud has no such"), _ANEW),
    CodeTrouble.USED: (msgid("A used code"), msgid("Each works once"), _ANEW),
    CodeTrouble.EXPIRED: (msgid("An old code"), msgid("Its time is over"), _ANEW),
    CodeTrouble.ANOTHER: (msgid("Another shop's"), msgid("Not this shop's code"), msgid("Unpair it first")),
    CodeTrouble.TOO_MANY: (msgid("Please wait"), msgid("Too many wrong codes"), msgid("Again in 10 minutes")),
    CodeTrouble.NO_ANSWER: (msgid("No answer"), msgid("The code is kept"), msgid("We keep trying")),
}

_WIFI = {
    WifiProblem.CODE: (msgid("It is no Wi-Fi code"), msgid("Show it once more")),
    WifiProblem.NOT_FOUND: (msgid("It is not to be seen"), msgid("Is the router on?")),
    WifiProblem.PASSWORD: (msgid("Password is wrong"), msgid("Show the right code")),
    WifiProblem.NO_ADDRESS: (msgid("No address comes"), msgid("Restart the router")),
}

_GROUP = 4
"""Letters of a code that stand in one row beside the QR code."""


def pairing(screen: Pairing, words: Words) -> Page:
    """The QR code at the left, the code in rows of four beside it; what cannot be a QR code is shown by its code alone."""
    groups = _groups(screen.code)
    drawn = qr_code(screen.url)
    if drawn is None:
        whole = "-".join(groups)[: columns(12)]
        return Page(spoken(row(words.say("Type in the portal:")), row((Number((whole or "—",)),), BIG)))
    beside = tuple(Text(group, 16) for group in groups)
    heads = (words.say("Scan this"), words.say("or type:")) if len(beside) < 3 else (words.say("or type:"),)
    return Page((*(row(head, room=QrCode.BESIDE) for head in heads), *beside), code=drawn)


def _groups(code: str) -> tuple[str, ...]:
    """The code as it was grouped, or in fours; what would not fit is not shown, for it is no code of ours."""
    parts = [part for part in re.split(r"[\s-]+", plain(code)) if part]
    if any(len(part) > _GROUP for part in parts):
        whole = "".join(parts)
        parts = [whole[start : start + _GROUP] for start in range(0, len(whole), _GROUP)]
    return tuple(parts[:3])


def pairing_trouble(screen: PairingTrouble, words: Words) -> Page:
    """What is wrong with the code, and what helps."""
    title, why, to_do = _CODES[screen.why]
    return Page(spoken(row(words.say(title), MIDDLE), row(words.say(why)), row(words.say(to_do))))


def wifi_joined(screen: WifiJoined, words: Words) -> Page:
    """It works, and by which network."""
    return Page(spoken(row(words.say("Wi-Fi works"), MIDDLE), row(name(screen.network))))


def wifi_trouble(screen: WifiTrouble, words: Words) -> Page:
    """What is wrong with the Wi-Fi, and what helps."""
    why, to_do = _WIFI[screen.why]
    return Page(
        spoken(row(words.say("No Wi-Fi"), MIDDLE), row(name(screen.network)), row(words.say(why)), row(words.say(to_do)))
    )


def updating(screen: Updating, words: Words) -> Page:
    """Please leave it on."""
    far = () if screen.percent is None else (Circles(min(max(screen.percent, 0), 100), 100),)
    rows: tuple[Row, ...] = (row(words.say("Updating"), MIDDLE), row(name(screen.version)), *far)
    return Page(spoken(*rows), row(words.say("Please leave it on")))
