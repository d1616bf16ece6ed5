"""Devices in our words: what the daemon and the file of settings call them is for the log.

A name that the shop has given itself stays as it is.
"""

from __future__ import annotations

from display.words import Words, msgid

_NAMES = {
    "buttons": msgid("buttons"),
    "signals": msgid("lights and sound"),
    "panel": msgid("screen"),
    "staff panel": msgid("staff's screen"),
    "scanner": msgid("scanner"),
    "pad": msgid("number pad"),
    "nfc": msgid("NFC reader"),
    "chip": msgid("chip reader"),
}
"""Those that need no name, and those that stand in the file of settings as it comes; a second scanner is "scanner 2"."""


def device(name: str, words: Words) -> str:
    """What a device is called on the panel.

    >>> device("nfc 2", speak("sk"))
    'NFC čítačka 2'
    >>> device("Zebra DS2208", speak("sk"))
    'Zebra DS2208'
    """
    kind, space, number = name.rpartition(" ")
    if name in _NAMES:
        return words.word(_NAMES[name])
    if kind in _NAMES and number.isdecimal():
        return words.word(_NAMES[kind]) + space + number
    return name
