"""How a terminal becomes a shop's: pairing, Wi-Fi, and its updates."""

from __future__ import annotations

import re

from display.draft import BIG, MIDDLE, SMALL, Draft, Rank, Wish
from display.fitting import fitted, written
from display.glass import USUAL, Glass
from display.letters import columns, plain
from display.lines import Number
from display.page import Circles, Page
from display.qr import qr_code
from display.rows import good, head, must, name, number, spoken
from display.screens import CodeTrouble, Pairing, PairingTrouble, Unpaired, Updating, WifiJoined, WifiProblem, WifiTrouble
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


def unpaired(screen: Unpaired, words: Words) -> Draft:
    """Not yet anybody's; with the code to type, where there is one."""
    code = plain(screen.code)[: columns(12)]
    if not code:
        return Draft(spoken(head(words.say("New terminal")), must(words.say("Not paired yet"))))
    return _typed(code, words)


def _typed(code: str, words: Words) -> Draft:
    return Draft(spoken(must(words.say("Type in the portal:")), number((Number((code,)),))))


def pairing(screen: Pairing, words: Words, glass: Glass) -> Page:
    """The QR code at the left, and beside it the code to type: in rows of four, or in one row of a low or a wide glass.

    What cannot be a QR code that a phone reads from this glass is shown by its code alone.
    """
    groups = _groups(screen.code)
    drawn = qr_code(screen.url, glass)
    if drawn is None:
        return fitted(_typed("-".join(groups) or "—", words), glass)
    room = glass.width - drawn.side
    in_one = glass.height < USUAL.height or sum(map(len, groups)) + len(groups) - 1 <= columns(MIDDLE[0], room)
    heights = BIG if glass.width > USUAL.width else MIDDLE
    beside = [written(number((Number((one,)),), heights), room) for one in (["-".join(groups)] if in_one else groups) if one]
    spare = (glass.height - sum(text.height for text in beside)) // SMALL[0]
    heads = [words.say("Scan this"), words.say("or type:")][-spare:] if spare else []
    return Page((*(written(must(one), room) for one in heads), *beside), code=drawn, glass=glass)


def _groups(code: str) -> tuple[str, ...]:
    """The code as it was grouped, or in fours; what would not fit is not shown, for it is no code of ours."""
    parts = [part for part in re.split(r"[\s-]+", plain(code)) if part]
    if any(len(part) > _GROUP for part in parts):
        whole = "".join(parts)
        parts = [whole[start : start + _GROUP] for start in range(0, len(whole), _GROUP)]
    return tuple(parts[:3])


def pairing_trouble(screen: PairingTrouble, words: Words) -> Draft:
    """What is wrong with the code, and what helps."""
    title, why, to_do = _CODES[screen.why]
    return Draft(spoken(head(words.say(title)), must(words.say(why)), must(words.say(to_do))))


def wifi_joined(screen: WifiJoined, words: Words) -> Draft:
    """It works, and by which network."""
    return Draft(spoken(head(words.say("Wi-Fi works")), good(name(screen.network))))


def wifi_trouble(screen: WifiTrouble, words: Words) -> Draft:
    """What is wrong with the Wi-Fi, and what helps."""
    why, to_do = _WIFI[screen.why]
    return Draft(spoken(head(words.say("No Wi-Fi")), good(name(screen.network)), must(words.say(why)), must(words.say(to_do))))


def updating(screen: Updating, words: Words) -> Draft:
    """Please leave it on."""
    far = () if screen.percent is None else (Wish(Circles(min(max(screen.percent, 0), 100), 100), rank=Rank.MUST),)
    rows = spoken(head(words.say("Updating")), good(name(screen.version)), *far)
    return Draft(rows, must(words.say("Please leave it on")))
