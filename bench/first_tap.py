"""How long a customer waits: from a tap, a scan or a press to the last byte of the picture on the panel's bus.

The daemon is the shop's own, with its real libraries, on emulated hardware that takes its time: I2C at 400 kHz, the PN532's
serial port at its baud rate, the radio's milliseconds. Taps come at any phase of the reader's polling.

    scripts/bench first-tap 200
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from display.changes import pages_of
from display.draw import draw
from display.layout import lay_out
from display.screens import Done, Money, Points, Screen, StampCard, Sum
from emulators.hardware import PINS, Hardware
from emulators.nfc_tags import Card, Type2Tag, text_message
from shop import BREATH_SECONDS, FINGER_SECONDS, PATIENCE, Shop

BUS_HERTZ = 400_000
JANA, JANA_TAG, OTHER_TAG = "2100000000012", "04A1B2C3D4E5F6", "04000102030405"
BALANCE, FIVE = 1_240_000, 5_000
PRESSES, PRESS_AGAIN_SECONDS = 4, 2.0
CARD = StampCard("Jana K.", 7, 10, "Káva zadarmo", more=True, until="kávy")


def shown(shop: Shop, screen: Screen) -> Callable[[], float]:
    """Waits for a screen; the moment of the last byte that made it. What can be done before is done at once."""
    wanted = pages_of(draw(lay_out(screen, "sk")))

    def wait() -> float:
        limit = time.monotonic() + PATIENCE
        bus, panel = shop.hardware.bus, shop.hardware.panel
        while True:
            with bus.lock:
                if bytes(panel.memory) == wanted:
                    return bus.log[-1].at
            if time.monotonic() > limit:
                raise TimeoutError(f"{screen} is not shown.\n{shop.story()}")
            time.sleep(0.001)

    return wait


def clear(shop: Shop) -> None:
    """The idle screen, nobody on the reader for as long as a hand takes a breath, and any phase of its polling."""
    shop.lift()
    cancel(shop)
    time.sleep(BREATH_SECONDS + random.uniform(0, 0.1))


def cancel(shop: Shop) -> None:
    """Back to the idle screen. A press that was too early for the machine's other work is a stale one, and is made again."""
    for _ in range(PRESSES):
        shop.press("cancel")
        if shop.idle(patience=PRESS_AGAIN_SECONDS):
            return
    shop.shows_idle()


def tap(shop: Shop, card: Card) -> float:
    wait = shown(shop, CARD)
    began = time.monotonic()
    shop.tap(card)
    took = wait() - began
    time.sleep(FINGER_SECONDS)  # the panel's number follows its last byte: a press before that would be a stale one
    clear(shop)
    return took


def scan(shop: Shop) -> float:
    wait = shown(shop, CARD)
    began = shop.scan(JANA) / 1e9
    took = wait() - began
    time.sleep(FINGER_SECONDS)
    cancel(shop)
    return took


def award(shop: Shop, entries: int) -> float:
    shop.scan(JANA)
    shown(shop, CARD)()
    time.sleep(FINGER_SECONDS)
    shop.type("5\n")
    shop.shows(Sum(Money(500, "EUR"), name="Jana K."))
    wait = shown(shop, Done(Points(FIVE), Points(BALANCE + entries * FIVE), later=False))
    began = time.monotonic()
    shop.hardware.gpio.drive(PINS["award"], 0)
    took = wait() - began
    time.sleep(FINGER_SECONDS)
    shop.hardware.gpio.drive(PINS["award"], None)
    time.sleep(FINGER_SECONDS)
    return took


def report(name: str, seconds: list[float], median_goal: str, p99_goal: str) -> None:
    times = sorted(second * 1000 for second in seconds)
    p99 = times[min(len(times) - 1, round(len(times) * 0.99))]
    for part, value, goal in (("median", statistics.median(times), median_goal), ("p99", p99, p99_goal)):
        print(json.dumps({"name": f"{name}, {part}", "value": round(value, 1), "unit": "ms", "goal": goal}), flush=True)


def main(times: int) -> None:
    with tempfile.TemporaryDirectory() as name, Hardware(Path(name), hertz=BUS_HERTZ, real_time=True) as hardware:
        shop = Shop(Path(name), hardware)
        try:
            shop.open()
            clear(shop)
            uid = [tap(shop, Type2Tag(JANA_TAG)) for _ in range(times)]
            report("tap with a UID", uid, "<= 100", "<= 200")
            ndef = [tap(shop, Type2Tag(OTHER_TAG, text_message(JANA))) for _ in range(times)]
            report("tap with a number in NDEF", ndef, "<= 150", "<= 200")
            report("scanner's Enter", [scan(shop) for _ in range(times)], "<= 100", "<= 200")
            report("+ to done on the glass", [award(shop, i + 1) for i in range(times)], "<= 100", "<= 200")
        finally:
            shop.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
