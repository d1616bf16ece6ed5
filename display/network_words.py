"""What the staff menu says of the way to the cloud: what is wrong, and what a person can do, each short enough for its row."""

from __future__ import annotations

from display.screens import CloudTrouble
from display.words import msgid

_WAITING = msgid("We keep trying")
_SUPPORT = msgid("Call your support")

TROUBLES: dict[CloudTrouble, tuple[str, str]] = {
    CloudTrouble.NO_NETWORK: (msgid("No network"), msgid("Check cable or Wi-Fi")),
    CloudTrouble.NO_INTERNET: (msgid("No internet"), msgid("Check the router")),
    CloudTrouble.NO_ANSWER: (msgid("No answer"), _WAITING),
    CloudTrouble.BROKEN: (msgid("Weak network"), _WAITING),
    CloudTrouble.LOGIN: (msgid("Login wanted"), msgid("Use another network")),
    CloudTrouble.STRANGER: (msgid("Not our cloud"), msgid("Use another network")),
    CloudTrouble.DATES: (msgid("Wrong date"), msgid("Check the clock")),
    CloudTrouble.BUSY: (msgid("Cloud is busy"), _WAITING),
    CloudTrouble.FAULT: (msgid("Cloud is unwell"), _WAITING),
    CloudTrouble.NOT_KNOWN: (msgid("Not paired now"), msgid("Pair it anew")),
    CloudTrouble.REFUSED: (msgid("Not accepted"), _SUPPORT),
    CloudTrouble.DISK: (msgid("Memory trouble"), _SUPPORT),
    CloudTrouble.OWN_FAULT: (msgid("A fault here"), _SUPPORT),
}
