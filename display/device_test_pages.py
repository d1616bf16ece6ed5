"""The pages of the test of the devices, for an installer without a keyboard."""

from __future__ import annotations

from dataclasses import replace

from display.device_names import device
from display.draft import Draft
from display.page import Button, Live
from display.rows import back, closed, good, head, must, name, press, spoken
from display.screens import DeviceTest, DeviceTestDone, Hint, Task
from display.words import Words, msgid

_TASKS = {
    Task.TYPE: msgid("Type a digit"),
    Task.SCAN: msgid("Scan any code"),
    Task.TAP: msgid("Tap any card"),
    Task.INSERT: msgid("Insert a card"),
    Task.BORDER: msgid("See a border?"),
    Task.BEEP: msgid("Heard and seen?"),
}

_HINTS = {
    Hint.WIRE: msgid("Check its wire"),
    Hint.USB: msgid("Check its USB plug"),
    Hint.SWITCHES: msgid("PN532 switches: HSU"),
    Hint.CONSOLE: msgid("Console has the UART"),
    Hint.BLUETOOTH: msgid("Bluetooth has UART"),
    Hint.PCSCD: msgid("Is pcscd running?"),
    Hint.SH1106: msgid("Is it an SH1106?"),
    Hint.POWER: msgid("Power is too weak"),
}


def task(screen: DeviceTest, words: Words) -> Draft:
    """What to do, and what helps where it does not work. The border takes the outermost pixels of all four sides."""
    asked = words.say("Press {button}", button=screen.what) if screen.task is Task.PRESS else words.say(_TASKS[screen.task])
    what = name("" if screen.task is Task.PRESS else device(screen.what, words))
    below = must(words.say(_HINTS[screen.hint])) if screen.hint else good(what)
    title = good(words.say("Test {number}/{count}", number=screen.number, count=screen.count))
    draft = closed(spoken(title, head(asked), below), *_live(screen, words))
    return replace(draft, frame=screen.task is Task.BORDER)


def _live(screen: DeviceTest, words: Words) -> tuple[Live, ...]:
    """▸ skips and × leaves, but where one of them is what is to be pressed."""
    skip, leave = press(words, Button.NEXT, "Skip"), press(words, Button.CANCEL, "End")
    if screen.task in (Task.BORDER, Task.BEEP):
        return press(words, Button.AWARD, "Yes"), press(words, Button.REDEEM, "No"), leave
    return tuple(live for live in (skip, leave) if screen.task is not Task.PRESS or live.button.sign != screen.what)


def done(screen: DeviceTestDone, words: Words) -> Draft:
    """How it went."""
    if not screen.failed:
        return closed(spoken(good(words.say("Test devices")), head(words.say("All work"))), back(words))
    rows = spoken(
        good(words.count("{n} did not pass", "{n} did not pass", screen.failed)),
        head(name(device(screen.what, words))),
        must(words.say(_HINTS[screen.hint]) if screen.hint else ()),
    )
    following = press(words, Button.NEXT, "Next one") if screen.failed > 1 else None
    return closed(rows, following, back(words))
