"""Random plugging at a counter with one of every device: any device, any order, in the middle of a read, before the start.

    plugging = Plugging(shop, Random(7))
    plugging.act()
    plugging.all_in()

`python tests/plugging.py [ACTIONS] [SEED]` does 200 of them (or as many as given) on a shop of its own and says how it went.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random

from cafe import COFFEES, HIS, JANA, JANA_TAG, ZOLTAN, euros, stamp_card, stamped

from display.screens import Sum
from emulators.hardware import AID, GPIO_NODE, PINS, RECORD, Hardware
from emulators.nfc_tags import Type2Tag, text_message
from emulators.virtual_card import VirtualCard
from shop import DEVICES, Shop, rows, until

GARBAGE = bytes.fromhex("00FF00A5A5A5FFFF00")
RECOVERY = 20.0
"""Seconds in which a device must work after it is back: far more than it needs, for machines with other work to do."""


class Plugging:
    """The hands that pull plugs. Which devices are in is known here, and nowhere told to the daemon."""

    def __init__(self, shop: Shop, random: Random) -> None:
        self.shop, self.random = shop, random
        self.away: set[str] = set()
        self.story: list[str] = []
        hardware = shop.hardware
        self._gpio = hardware.gpio
        self._plugs: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
            "scanner": (hardware.scanner.unplug, hardware.scanner.plug),
            "pad": (hardware.pad.unplug, hardware.pad.plug),
            "nfc": (hardware.nfc.unplug, hardware.nfc.plug),
            "pcscd": (self._kill_pcscd, hardware.pcscd.start),
            "gpio": (lambda: hardware.board.remove(GPIO_NODE), lambda: hardware.board.add(GPIO_NODE, hardware.gpio)),
        } | {
            name: (partial(hardware.pull_panel, address), partial(hardware.plug_panel, address))
            for name, address in zip(("panel", "staff panel"), hardware.panels, strict=False)
        }

    def act(self) -> None:
        """One thing that happens to the counter."""
        name = self.random.choice([*self._plugs, *self._plugs, "odd"])
        if name == "odd":
            self._odd()
        elif name in self.away:
            self.put_in(name)
        else:
            self.pull(name, middle=self.random.random() < 0.5)
        time.sleep(self.random.choice((0.0, 0.02, 0.1, 0.3, 0.8)))

    def pull(self, name: str, *, middle: bool = False) -> None:
        """Pulls a plug, in the middle of a read if so wished."""
        self.story.append(f"{name} out{' in mid-read' if middle else ''}")
        if middle:
            self._begin(name)
        self._plugs[name][0]()
        self.away.add(name)

    def put_in(self, name: str) -> None:
        self.story.append(f"{name} in")
        self._plugs[name][1]()
        self.away.discard(name)

    def all_in(self) -> None:
        """Everything is plugged in and well again."""
        nfc = self.shop.hardware.nfc
        nfc.mute, nfc.garbage, nfc.drop_acks = False, None, 0
        self.shop.lift()
        self.shop.pull()
        for name in sorted(self.away):
            self.put_in(name)

    def _begin(self, name: str) -> None:
        """Somebody has begun to use it."""
        if name == "nfc":
            self.shop.tap(Type2Tag(JANA_TAG, text_message(JANA)))
        elif name == "pcscd":
            self.shop.insert(VirtualCard({AID: {RECORD: ZOLTAN.encode()}}, delay=0.02))
        elif name == "gpio":
            self._gpio.drive(PINS["next"], 0)
            self._gpio.drive(PINS["next"], None)
        # An emulated keyboard has to wait until each key is read: half a code is typed only into one that works.
        elif name in ("scanner", "pad") and self.shop.daemon and self._reads(name):
            getattr(self.shop.hardware, name).type(JANA[:5], keypad=name == "pad")

    def _reads(self, name: str) -> bool:
        daemon = self.shop.daemon
        return daemon is not None and daemon.works(name) > daemon.lost(name)

    def _odd(self) -> None:
        """What is no plug: a reader that falls silent or babbles, and one that is well again."""
        nfc = self.shop.hardware.nfc
        what = self.random.choice(("mute", "garbage", "lost acks", "well"))
        self.story.append(f"nfc {what}")
        nfc.mute, nfc.garbage = what == "mute", GARBAGE if what == "garbage" else None
        nfc.drop_acks = 3 if what == "lost acks" else 0

    def _kill_pcscd(self) -> None:
        self.shop.hardware.pcscd.kill()
        self.shop.pull()


def everything_works(shop: Shop) -> None:
    """Each device does its part: readers, pad, buttons and lights, judged on the glass. It leaves Jana with a stamp more."""
    _to_idle(shop)
    shop.scan(JANA)
    stamps = _stamps(shop)
    _to_idle(shop)
    shop.type("5\n")
    shop.shows(Sum(euros(500)))
    _to_idle(shop)
    shop.tap(Type2Tag(JANA_TAG))
    shop.shows(stamp_card("Jana K.", stamps))
    began = time.monotonic()
    shop.press("award")
    shop.shows(stamped("Jana K.", stamps + 1))
    until(lambda: ("green", 1) in shop.lights(began), shop.story)
    shop.lift()
    shop.insert(ZOLTAN)
    shop.shows(stamp_card("Zoltán K.", 0, HIS), language=HIS)
    shop.pull()
    _to_idle(shop)


def _to_idle(shop: Shop) -> None:
    """Presses × until the panel is idle, and no device is missing there."""
    limit = time.monotonic() + RECOVERY
    while not shop.idle(patience=0.5):
        assert time.monotonic() < limit, f"it does not become idle.\n{shop.story()}"
        shop.press("cancel")


def _stamps(shop: Shop) -> int:
    """Jana's stamps, as her card on the glass says."""
    faces = {count: rows(stamp_card("Jana K.", count)) for count in range(COFFEES.goal)}
    until(lambda: shop.glass() in faces.values(), lambda: f"no card of Jana's is shown.\n{shop.story()}")
    return next(count for count, face in faces.items() if face == shop.glass())


def held(shop: Shop) -> tuple[int, int]:
    """How many threads and file descriptors the daemon has."""
    assert shop.daemon is not None
    process = Path(f"/proc/{shop.daemon.process.pid}")
    return len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))


def _most_held(shop: Shop) -> tuple[int, int]:
    """What it has at most in a second of rest: the connection to the cloud comes and goes."""
    threads, descriptors = 0, 0
    limit = time.monotonic() + 1.0
    while time.monotonic() < limit:
        now = held(shop)
        threads, descriptors = max(threads, now[0]), max(descriptors, now[1])
        time.sleep(0.01)
    return threads, descriptors


def settled(shop: Shop, before: tuple[int, int]) -> None:
    """Waits until the daemon has no more threads and descriptors than before."""
    until(
        lambda: all(now <= then for now, then in zip(held(shop), before, strict=True)),
        lambda: f"threads and descriptors were {before} and are {held(shop)}: {leftovers(shop)}",
        RECOVERY,
    )


def leftovers(shop: Shop) -> list[str]:
    """What the threads are called and where the descriptors lead."""
    assert shop.daemon is not None
    process = Path(f"/proc/{shop.daemon.process.pid}")
    threads = [(task / "comm").read_text().strip() for task in (process / "task").iterdir()]
    return sorted(threads) + sorted(str(one.readlink()) for one in (process / "fd").iterdir())


def play(shop: Shop, actions: int, seed: int) -> Plugging:
    """So many actions on a shop that is open, then everything in: all works, and nothing is left behind."""
    everything_works(shop)
    plugging = Plugging(shop, Random(seed))
    for name in ("gpio", "nfc", "pcscd", "panel"):  # what a loss and a return cost once is no leak
        plugging.pull(name)
        plugging.put_in(name)
    _to_idle(shop)
    before = _most_held(shop)
    for _ in range(actions):
        plugging.act()
    plugging.all_in()
    everything_works(shop)
    settled(shop, before)
    return plugging


def main(actions: int, seed: int) -> None:
    """On a shop of its own."""
    with tempfile.TemporaryDirectory() as name, Hardware(Path(name)) as hardware:
        shop = Shop(Path(name), hardware)
        try:
            shop.open()
            plugging = play(shop, actions, seed)
            assert shop.daemon is not None
            said = {device: (shop.daemon.lost(device), shop.daemon.works(device)) for device in DEVICES}
            print(f"{actions} actions, seed {seed}: every device works; threads and descriptors {held(shop)}")
            print("lost and back: " + ", ".join(f"{device} {lost}/{back}" for device, (lost, back) in said.items()))
            print(f"what was done: {', '.join(plugging.story[8:])}")
        finally:
            shop.close()


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*numbers, *(200, 1)[len(numbers) :])
