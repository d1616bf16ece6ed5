"""Every scanner, or every number pad, that is plugged in, known by how it looks: for shops that do not want to name them.

scanners = EveryKeyboard("scanner", Looks.SCANNER, clock, picture, named=[Match.parse("name:ACME Pad")])
await supervise(scanners, emit, clock=clock)
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable

from drivers.events import DeviceBack, Emit, Picture
from drivers.keyboard_decoding import Decoder, PadDecoder
from drivers.keyboard_judging import JudgingDecoder
from drivers.keyboard_node import KeyboardNode
from drivers.keyboard_reading import Lessons, Manner, NoLessons, Voice, listen
from drivers.keyboard_search import By, DeviceNotFound, DeviceUnplugged, InputNode, Looks, Match, candidates, explain, nodes
from drivers.serial_scanners import serial_hint

LOOK_SECONDS = 0.5
"""How often it is looked whether something was plugged in."""

INPUT_FOLDER = "/dev/input"


class EveryKeyboard:
    """All devices that look like a scanner (or a pad) and are named by no other table of the settings.

    One that has all the keys of a keyboard is judged by how it types, key by key: what comes fast is a scan, the rest are keys
    of a number pad. It is missing when none is left; with one of several gone, the others go on.

    Args:
        name: what the settings call them all.
        looks: scanners or pads.
        clock: monotonic milliseconds.
        picture: the number of the picture on the panel, which goes with each key.
        manner: how they type.
        lessons: where the layouts are kept that the calibration code teaches, by kind of device.
        named: the devices that other tables name: they are left to those.
    """

    def __init__(
        self,
        name: str,
        looks: Looks,
        clock: Callable[[], int],
        picture: Picture,
        *,
        manner: Manner = Manner(),  # noqa: B008  frozen
        lessons: Lessons = NoLessons(),  # noqa: B008  keeps nothing
        named: Iterable[Match] = (),
    ) -> None:
        self.name = name
        self._looks, self._clock, self._picture, self._manner, self._lessons = looks, clock, picture, manner, lessons
        self._named = tuple(match for match in named if not match.every)
        self._nodes: dict[str, KeyboardNode] = {}
        self._end_with_key: dict[str, bool] = {}
        """Of each kind of scanner ("1234:abcd"): it is known to end its scans with a key, also when it was put back."""
        self._looked: dict[str, int] = {}
        """What was in the folder of devices, and when it came: all that did not change need not be looked at again."""

    async def open(self) -> None:
        """Takes all that are there.

        Raises:
            DeviceNotFound: there is none.
            DeviceBusy, DeviceForbidden: there are some, and none can be had.
        """
        problem = self._take_new()
        if not self._nodes:
            raise problem or DeviceNotFound(
                f"nothing that looks like a {self._looks.value} is plugged in: plug one in, or name it in terminal.toml"
                f"{serial_hint() if self._looks is Looks.SCANNER else ''}"
            )

    async def run(self, emit: Emit) -> None:
        """Reads them, and those that come, until cancelled; raises DeviceUnplugged when the last one went."""
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                for path in self._nodes.keys() - tasks.keys():
                    tasks[path] = asyncio.create_task(self._listen(self._nodes[path], emit), name=f"{self.name} {path}")
                ended, _ = await asyncio.wait(tasks.values(), timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                for path in [path for path, task in tasks.items() if task in ended]:
                    self._let_go(path, tasks.pop(path))
                before = len(self._nodes)
                self._take_new()
                if len(self._nodes) > before:  # said for each that comes; lost only with the last
                    emit(DeviceBack(self.name, self._clock()))
                if not self._nodes:
                    raise DeviceUnplugged(f"the last {self._looks.value} was unplugged: plug it in again")
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    async def close(self) -> None:
        """Lets go of all."""
        for node in self._nodes.values():
            node.close()
        self._nodes, self._looked = {}, {}

    async def _listen(self, node: KeyboardNode, emit: Emit) -> None:
        voice = Voice(self.name, node.usb, self._manner, emit, clock=self._clock, picture=self._picture, lessons=self._lessons)
        decoder = self._decoder(node)
        try:
            await listen(node, decoder, voice)
        finally:
            if isinstance(decoder, JudgingDecoder):
                self._end_with_key[node.usb] = decoder.ends_with_key

    def _decoder(self, node: KeyboardNode) -> Decoder:
        if self._looks is Looks.PAD:
            return PadDecoder(self._manner.layout)
        lesson = self._lessons.recall(node.usb)
        layout, capitals = (lesson.layout, lesson.capitals) if lesson else (self._manner.layout, self._manner.capitals)
        return JudgingDecoder(layout, capitals=capitals, ends_with_key=self._end_with_key.get(node.usb, False))

    def _let_go(self, path: str, task: asyncio.Task[None]) -> None:
        self._nodes.pop(path).close()
        self._looked.pop(path, None)
        if (error := task.exception()) and not isinstance(error, DeviceUnplugged):
            raise error

    def _take_new(self) -> Exception | None:
        """Takes what came since the last look; returns why one that fits could not be had, and tries that again next time."""
        there = _there()
        if there == self._looked:
            return None
        problem: Exception | None = None
        known = nodes()
        there = {node.path: there[node.path] for node in known if node.path in there}  # the rest is not ready to be asked
        for node in candidates(known, self._named):
            if node.path in self._nodes or self._looked.get(node.path) == there.get(node.path):
                continue
            if refused := self._take(node):
                problem = refused
                there.pop(node.path, None)
        self._looked = there
        return problem

    def _take(self, node: InputNode) -> Exception | None:
        try:
            taken = KeyboardNode.if_it_looks_like(self._looks, node.path)
        except OSError as error:
            return explain(error, node.path, Match(By.PATH, node.path))
        if taken:
            self._nodes[node.path] = taken
        return None


def _there() -> dict[str, int]:
    """The devices' nodes, each with the time since when it is there: numbers are used again."""
    try:
        with os.scandir(INPUT_FOLDER) as entries:
            return {entry.path: entry.stat().st_ctime_ns for entry in entries if entry.name.startswith("event")}
    except OSError:  # no device at all, or one went while we looked
        return {}
