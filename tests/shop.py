"""A whole shop for tests: the cloud and the terminal's daemon as the processes that they are in a shop, on emulated hardware.

Nothing here reaches into the daemon. It is configured by a terminal.toml, gets what its devices give it, and is judged by what
is on the glass, on the pins, in its log and in what its commands print.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from display.customers_page import customers_page
from display.draw import draw
from display.glass import USUAL, Glass
from display.layout import lay_out
from display.page import Page
from display.screens import Idle, Screen
from drivers.keyboard_decoding import SCAN_PAUSE_MS
from emulators.hardware import AID, PINS, RECORD, SETTINGS, Hardware
from emulators.nfc_tags import Card
from emulators.ssd1306 import Ssd1306
from emulators.ssd1322 import Ssd1322
from emulators.virtual_card import VirtualCard
from terminal.clocks import Clocks
from terminal.settings import read

PATIENCE = 15.0
"""Seconds until something that does not come is a failure."""

FINGER_SECONDS = 0.035
"""How long a finger is on a button, and away from it before the next press."""

HELD_SECONDS = 2.3
"""How long a finger stays for a button's second meaning."""

NOTICED_SECONDS, TRIES = 1.5, 4
"""How long people wait until a chip card is read, and how often they put it in."""

BREATH_SECONDS = 2.5
"""How long a hand leaves a reader alone before it shows the same card again."""

DEVICES = ("scanner", "pad", "nfc", "chip", "buttons", "signals", "panel")
NAME = "Kaviareň Bodka"
STATE_SIZE = "1m"


def until(condition: Callable[[], object], what: Callable[[], str], patience: float = PATIENCE) -> None:
    """Waits until the condition is true."""
    limit = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < limit, what()
        time.sleep(0.004)


def command(name: str, *arguments: str) -> list[str]:
    """The installed command of that name."""
    return [str(Path(sys.executable).with_name(name)), *arguments]


def environment(**more: str) -> dict[str, str]:
    """This process's own variables, without what would lead a program elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BODKA", "LD_PRELOAD", "PYTHON"))}
    # The programs run in other folders, where a relative path would lead nowhere.
    paths = [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {**kept, **({"PYTHONPATH": os.pathsep.join(paths)} if paths else {}), **more}


class Cloud:
    """`bodka-cloud`; killed and started again it keeps its port and its database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "cloud.sqlite"
        self.port = 0
        self.process: subprocess.Popen[str] | None = None

    def fill(self, sample: Path | None) -> None:
        """The sample café, made anew or as it was made before."""
        if sample is not None:
            shutil.copy(sample, self.database)
            return
        self.says("init")
        self.says("sample")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, *arguments: str) -> str:
        """What a command of the cloud prints."""
        done = subprocess.run(self._command(*arguments), env=environment(), check=True, capture_output=True, text=True)
        return done.stdout

    def ledger(self) -> Any:
        return json.loads(self.says("ledger", "--json"))

    def start(self) -> None:
        with (self.folder / "cloud.log").open("a") as log:
            self.process = subprocess.Popen(
                self._command("serve", "--port", str(self.port)),
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), (self.folder / "cloud.log").read_text()
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def _command(self, *arguments: str) -> list[str]:
        return command("bodka-cloud", "--database", f"sqlite:///{self.database}", *arguments)


class Daemon:
    """`bodka-terminal run` in a process of its own, and what it writes."""

    def __init__(self, arguments: list[str], variables: dict[str, str], log: Path) -> None:
        with log.open("w") as errors:
            self.process = subprocess.Popen(arguments, env=variables, stdout=errors, stderr=errors, cwd=log.parent)
        self._log, self._read = log.open(), ""

    @property
    def text(self) -> str:
        """All that it has written so far."""
        if not self._log.closed:
            self._read += self._log.read()
        return self._read

    def works(self, device: str) -> int:
        """How often a device was said to have begun to work."""
        return self.text.count(f'event="device works" device={_logged(device)}\n')

    def lost(self, device: str) -> int:
        return self.text.count(f'event="device lost" device={_logged(device)} ')

    def terminate(self) -> int:
        """Stops it as systemd does; returns its exit status."""
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """As a power cut would."""
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        status = self.process.wait(PATIENCE)
        if not self._log.closed:
            self._read += self._log.read()
            self._log.close()
        return status


class Shop:
    """The verbs of people at the counter, and what they see.

        shop.tap(Type2Tag("04A1B2C3D4E5F6"))
        shop.shows(StampCard("Jana K.", 7, 10, "Káva zadarmo"))
        shop.press("award")

    `sample` is a database with the sample café, if there is one already; `small_disk` puts the terminal's state on a file
    system of 1 MB.
    """

    def __init__(self, folder: Path, hardware: Hardware, *, sample: Path | None = None, small_disk: bool = False) -> None:
        self.folder, self.hardware, self.small_disk = folder, hardware, small_disk
        self.state = folder / "state"
        self.state.mkdir()
        self.settings = folder / "terminal.toml"
        self.chip: VirtualCard | None = None
        self.left: dict[str, float] = {}
        """When a reader, or a barcode, was last left alone."""
        self.daemon: Daemon | None = None
        self.surroundings: dict[str, str] = {}
        """What systemd would put into the daemon's environment."""
        self.starts = 0
        self._looked: dict[int, tuple[int, list[str]]] = {}
        self.cloud = Cloud(folder)
        self.cloud.fill(sample)
        self.cloud.start()
        self.settings.write_text(self.toml(hardware.settings))
        self.screen = read(self.toml(hardware.settings)).glass
        """What pages are laid out for."""

    def toml(self, extra: str = SETTINGS) -> str:
        """The whole terminal.toml."""
        return f'[cloud]\nurl = "{self.cloud.url}"\npoll_seconds = 1\n[terminal]\nstate = "{self.state}"\n{extra}'

    # the processes

    def terminal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the terminal, to its end."""
        enter = (
            [] if not self.small_disk or self.daemon is None else ["nsenter", "-m", "-t", str(self.daemon.process.pid), "--"]
        )
        words = [*enter, *command("bodka-terminal", *arguments)]
        return subprocess.run(
            words, env={**environment(), "BODKA_SETTINGS": str(self.settings)}, capture_output=True, text=True
        )

    def open(self) -> None:
        """Pairs the terminal, starts the daemon, and waits until every device works and the cloud was heard."""
        pair = ["pair", "--code", self.cloud.says("pairing-code").strip(), "--device", "counter"]
        if self.small_disk:
            self.start(before=f"mount -t tmpfs -o size={STATE_SIZE} none {self.state} && {' '.join(self._run(*pair))}")
        else:
            paired = self.terminal(*pair)
            assert paired.returncode == 0, paired.stderr
            assert paired.stdout == "paired with Kaviareň Bodka, Hlavná 1\n"
            self.start()
        self.shows_idle()

    def start(self, before: str = "", devices: tuple[str, ...] = DEVICES) -> None:
        """Starts the daemon, and waits until these devices work."""
        self.starts += 1
        run = self._run("run")
        if before:
            run = ["unshare", "-m", "sh", "-ec", f"{before}; exec {' '.join(run)}"]
        variables = environment(PYTHONVERBOSE="1", **self.hardware.environment(), **self.surroundings)
        self.daemon = daemon = Daemon(run, variables, self.folder / f"daemon-{self.starts}.log")
        until(lambda: daemon.process.poll() is not None or all(map(daemon.works, devices)), self.story)
        assert daemon.process.poll() is None, self.story()

    def _run(self, *arguments: str) -> list[str]:
        words = command("bodka-terminal", arguments[0], "--settings", str(self.settings))
        return [*words, *arguments[1:]]

    def close(self) -> None:
        if self.chip is not None:
            self.pull()
        if self.daemon is not None:
            self.daemon.kill()
        self.cloud.kill()

    # what people do

    def tap(self, *cards: Card) -> None:
        """Holds cards to the NFC reader."""
        self._take_a_breath("nfc")
        self.hardware.nfc.show(*cards)

    def lift(self) -> None:
        """Takes them away again."""
        self.hardware.nfc.show()
        self.left["nfc"] = time.monotonic()

    def _take_a_breath(self, what: str) -> None:
        """The same card twice within a second is one event for a reader, so hands that mean two leave it that long."""
        since = self.left.get(what, float("-inf"))
        until(lambda: time.monotonic() - since > BREATH_SECONDS, lambda: "the clock stands still")

    def insert(self, card: VirtualCard | str) -> None:
        """Puts a chip card in: a member's, by its number, or any other."""
        if isinstance(card, str):
            card = VirtualCard({AID: {RECORD: card.encode()}})
        self._take_a_breath("chip")
        # pcscd looks at this reader every 0.4 s, and takes a card that was exchanged in between for the one before: then
        # people put it in once more.
        for _ in range(TRIES):
            self.chip = card.insert(self.hardware.pcscd.port)
            with contextlib.suppress(AssertionError):
                until(lambda: card.commands, lambda: "", NOTICED_SECONDS)
                return
            self.pull()
        raise AssertionError(f"nobody reads the chip card.\n{self.story()}")

    def pull(self) -> None:
        """Takes the chip card out."""
        if self.chip is not None:
            self.chip.remove()
            self.chip = None
            self.left["chip"] = time.monotonic()

    def scan(self, code: str, end: str = "\n") -> int:
        """Reads a barcode; returns when its Enter went down (`time.monotonic_ns`).

        The emulated scanner waits for each key to be read. Where a busy daemon held it up for as long as ends a scan, which no
        kernel does to a real one, the barcode is read again.
        """
        self._take_a_breath(code)
        entered = self.hardware.scanner.type(code + end)
        self.left[code] = time.monotonic()
        return entered if self.hardware.scanner.longest_gap_ms < SCAN_PAUSE_MS else self.scan(code, end)

    def type(self, keys: str) -> None:
        """Types on the number pad; "\\n" is Enter."""
        self.hardware.pad.type(keys, keypad=True)

    def press(self, button: str, seconds: float = FINGER_SECONDS) -> None:
        """One press of a button."""
        self.hardware.gpio.drive(PINS[button], 0)
        time.sleep(seconds)
        self.hardware.gpio.drive(PINS[button], None)
        time.sleep(FINGER_SECONDS)

    def hold(self, button: str) -> None:
        """A press that lasts."""
        self.press(button, HELD_SECONDS)

    # what people see

    def glass(self) -> list[str]:
        """What is on the panel that has every screen, row by row, # for a lit dot."""
        return self._seen(self.hardware.panel)

    def customers_glass(self) -> list[str]:
        """What is on the customer's, where staff have one of their own."""
        return self._seen(self.hardware.customers_panel)

    def _seen(self, panel: Ssd1306 | Ssd1322) -> list[str]:
        with self.hardware.bus.lock:  # never in the middle of a picture's bytes
            if self._looked.get(id(panel), (-1, []))[0] != panel.bytes:
                seen = dotted(panel.image())
                upright = [row[::-1] for row in seen[::-1]] if self.hardware.kind.upside_down else seen
                self._looked[id(panel)] = panel.bytes, upright
        return self._looked[id(panel)][1]

    def shows(self, *screens: Screen, language: str = "sk", patience: float = PATIENCE) -> None:
        """Waits until one of these screens is on the glass, dot for dot, and stands still; a member's are in their language.

        Where the glass shows a screen's two faces by turns, either will do.
        """
        wanted = [face for screen in screens for face in faces(screen, language, self.screen)]
        until(lambda: self.glass() in wanted, lambda: f"{screens} is not shown.\n{self.story()}", patience)
        # The panel's number follows its last byte: a person takes longer to see a picture than the daemon to count it.
        time.sleep(0.01)

    def customer_sees(self, screen: Screen, language: str = "sk") -> None:
        """Waits until this screen is on the customer's glass, dot for dot, without its buttons."""
        self._until_customer_sees([drawn(customers_page(screen, language))], screen)

    def customer_sees_idle(self) -> None:
        """Waits for the shop's name and no sign; its clock is there where this machine's is trusted."""
        idle = [Idle(NAME, offline=False, waiting=0, clock=clock) for clock in _clocks()]
        self._until_customer_sees([rows(one) for one in idle], idle[0])

    def _until_customer_sees(self, wanted: list[list[str]], screen: Screen) -> None:
        def story() -> str:
            return (
                f"the customer does not see {screen}.\n{picture(dotted(self.hardware.customers_panel.image()))}\n{self.story()}"
            )

        until(lambda: self.customers_glass() in wanted, story)
        time.sleep(0.01)

    def shows_idle(self, *, offline: bool = False, waiting: int = 0, missing: tuple[str, ...] = ()) -> None:
        """Waits for the idle screen; its clock is there where this machine's is trusted."""
        shown = self.idle(offline=offline, waiting=waiting, missing=missing)
        assert shown, f"not idle with {offline=} {waiting=} {missing=}.\n{self.story()}"

    def idle(
        self, *, offline: bool = False, waiting: int = 0, missing: tuple[str, ...] = (), patience: float = PATIENCE
    ) -> bool:
        """Whether the idle screen comes in time, and stands still."""
        wanted = [rows(Idle(NAME, offline, waiting, missing, clock), glass=self.screen) for clock in _clocks()]
        limit = time.monotonic() + patience
        while self.glass() not in wanted:
            if time.monotonic() > limit:
                return False
            time.sleep(0.004)
        time.sleep(0.01)
        return True

    def lights(self, since: float) -> list[tuple[str, int]]:
        """What was put on the LEDs since a moment (`time.monotonic`)."""
        names = {PINS["green"]: "green", PINS["red"]: "red"}
        with self.hardware.gpio.lock:
            return [(names[put.line], put.level) for put in self.hardware.gpio.log if put.line in names and put.at >= since]

    def beeped(self, since: float) -> bool:
        """Whether the beeper was heard since a moment: a card's tone comes with its picture."""
        with self.hardware.gpio.lock:
            return any(put.line == PINS["beeper"] and put.level and put.at >= since for put in self.hardware.gpio.log)

    @contextlib.contextmanager
    def signals(self, *expected: tuple[str, int]) -> Iterator[None]:
        """Whatever is done inside is followed by just these changes of the LEDs."""
        began = time.monotonic()
        yield
        until(
            lambda: len(self.lights(began)) >= len(expected) and not any(self.hardware.gpio.levels(PINS["green"], PINS["red"])),
            lambda: f"the lights did {self.lights(began)}",
        )
        assert self.lights(began) == list(expected)

    def journal(self) -> Any:
        """`bodka-terminal journal --json`."""
        done = self.terminal("journal", "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def story(self) -> str:
        """What there is to say when something went wrong: the glass, and the end of the log."""
        log = self.daemon.text if self.daemon else ""
        lines = [line for line in log.splitlines() if not line.startswith(("#", "import ", "extension module"))]
        return "\n".join([picture(dotted(self.hardware.panel.image())), *lines[-25:]])


def _logged(name: str) -> str:
    """As a line of the log has it."""
    return f'"{name}"' if " " in name else name


def picture(glass: list[str]) -> str:
    """A glass for people, two dots a letter."""
    signs = {"..": " ", "#.": "▀", ".#": "▄", "##": "█"}
    return "\n".join(
        "".join(signs[a + b] for a, b in zip(upper, lower, strict=True))
        for upper, lower in zip(glass[::2], glass[1::2], strict=True)
    )


def rows(screen: Screen, language: str = "sk", glass: Glass = USUAL) -> list[str]:
    """A screen as the eye sees it on the glass, or its first face."""
    return faces(screen, language, glass)[0]


@cache
def faces(screen: Screen, language: str = "sk", glass: Glass = USUAL) -> list[list[str]]:
    """What is shown of a screen, by turns. Kept, for drawing again and again would slow the emulators down."""
    return [drawn(face) for face in lay_out(screen, language, glass).faces]


def drawn(page: Page) -> list[str]:
    """A page as the eye sees it on the glass, row by row, # for a lit dot."""
    return dotted(draw(page))


def dotted(image: Image.Image) -> list[str]:
    """A 1-bit image, row by row, # for a lit dot."""
    dots, width = image.tobytes(), image.width // 8
    return [
        "".join(f"{byte:08b}" for byte in dots[y * width : (y + 1) * width]).replace("0", ".").replace("1", "#")
        for y in range(image.height)
    ]


def _clocks() -> list[str | None]:
    """What the idle screen's clock may say: it is looked at three times a minute."""
    if not Clocks.of_this_boot().trusted():
        return [None]
    now = time.time()
    return [None, *(time.strftime("%H:%M", time.localtime(now - ago)) for ago in (0, 30))]
