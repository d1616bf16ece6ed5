"""A counter whose terminal runs in a virtual machine, on devices below the kernel's own drivers; its cloud is on this machine.

    with Counter(machine, folder) as counter:
        counter.open()
        counter.tap(Type2Tag("04A1B2C3D4E5F6"))
        counter.shows(StampCard(...))

Keys, chip cards, the I2C bus and the pins are played inside (inside/counter.py), what they are asked is answered here: the
panel, the chip card and the NFC chip are the emulators that every test uses.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509

from display.screens import Idle, Screen
from emulators.certificates import Authority, serving
from emulators.hardware import AID, PANEL_ADDRESS, PINS, RECORD, SETTINGS
from emulators.i2c import I2cBus
from emulators.keyboard import KEYPAD, US
from emulators.nfc_tags import Card
from emulators.pn532 import Pn532
from emulators.ssd1306 import Ssd1306
from emulators.virtual_card import ATR_T1, VirtualCard
from lab.virtual_disk import LATER
from lab.virtual_machine import HOST, VirtualMachine
from shop import NAME, Cloud, rows

UNIT = "bodka-terminal.service"
TESTS = Path(__file__).parents[1]
DEVICES = ("scanner", "pad", "chip", "panel", "nfc")
"""What can be pulled out and put back."""

PATIENCE = 60.0
"""Seconds until something that does not come is a failure: without acceleration the machine is some ten times slower."""

FINGER_SECONDS, HELD_SECONDS = 0.3, 3.0
"""How long a finger stays on a button, on such a machine."""

SIGHT_SECONDS = 0.5
"""How long a person takes to see a picture: longer than the terminal, which counts it once its last byte was sent."""

BREATH_SECONDS = 2.5
"""How long a hand leaves a reader alone before it shows the same card again."""

AUTHORITY = "/etc/bodka/authority.pem"
REVISION = "RPI_LGPIO_REVISION=c03114"
"""A PC has no device tree that says which Raspberry Pi it is."""

DROP_IN = f"[Service]\nEnvironment={REVISION}\n"


class CloudOutside(Cloud):
    """The cloud on this machine, behind TLS for the address under which the virtual machine sees it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.authority = Authority.named("lab")
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._outer = self._listening.getsockname()[1]
        name = x509.IPAddress(ip_address(HOST))
        self._context = serving(self.authority.server(folder, name))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def outer(self) -> str:
        return f"https://{HOST}:{self._outer}"

    def close(self) -> None:
        self.kill()
        self._listening.close()

    def _command(self, *arguments: str) -> list[str]:
        return super()._command(*arguments, *(("--public-url", self.outer) if arguments[0] == "serve" else ()))

    def _accept(self) -> None:
        while True:
            try:
                outer, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(outer,), daemon=True).start()

    def _pass_on(self, outer: socket.socket) -> None:
        """TLS outside, plain inside; ends where either side does."""
        inside = ("127.0.0.1", self.port)
        with (
            contextlib.suppress(OSError),
            outer,
            self._context.wrap_socket(outer, server_side=True) as plain,
            socket.create_connection(inside) as inner,
        ):
            back = threading.Thread(target=_pump, args=(inner, plain), daemon=True)
            back.start()
            _pump(plain, inner)
            back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


class Counter:
    """The verbs of people at the counter, and what they see."""

    def __init__(self, machine: VirtualMachine, folder: Path) -> None:
        self.machine, self.cloud = machine, CloudOutside(folder)
        self.bus, self.panel = I2cBus(), Ssd1306()
        self.bus.chips[PANEL_ADDRESS] = self.panel
        self.nfc = Pn532(folder / "pn532")
        self.card: VirtualCard | None = None
        self._left: dict[str, float] = {}
        self._seen: list[list[str]] = []
        self.attach()

    def __enter__(self) -> Counter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def attach(self) -> None:
        """Starts the devices' program inside a machine that was just started."""
        machine = self.machine
        if machine.tried("test", "-d", "/lab/lab").returncode:
            machine.share(TESTS, "/lab")
        self._hands, self._wires = machine.port("hands"), machine.port("wires")
        self._answers = self._hands.makefile("r", encoding="utf-8")
        threading.Thread(target=self._answer, args=(self._wires,), daemon=True).start()
        words = ("--unit=lab-counter", "--setenv=PYTHONPATH=/lab", "python3", "-m", "lab.inside.counter")
        machine.run("systemd-run", "-q", *words)
        self.chip_number = self.ask("chip number")
        for button in ("award", "redeem", "next", "cancel"):
            self.ask("drive", line=PINS[button], high=True)

    def open(self) -> None:
        """Everything plugged in, the terminal paired, every device working, the cloud heard."""
        self.cloud.fill(None)
        self.cloud.start()
        for device in DEVICES:
            self.plug(device)
        machine = self.machine
        machine.write(AUTHORITY, self.cloud.authority.pem)
        machine.write(f"/etc/systemd/system/{UNIT}.d/lab.conf", DROP_IN)
        machine.write("/etc/bodka/terminal.toml", self.toml())
        machine.run("systemctl", "stop", UNIT)
        code = self.cloud.says("pairing-code").strip()
        said = machine.run("bodka-terminal", "pair", "--code", code, "--device", "lab")
        assert said == f"paired with {NAME}, Hlavná 1\n", said
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "start", UNIT)
        self.works(*("buttons", "signals"), *DEVICES)
        self.shows_idle()

    def toml(self) -> str:
        settings = SETTINGS.replace("port = 1\n", f"port = {self.bus_number()}\n")
        return f'[cloud]\nurl = "{self.cloud.outer}"\nauthority = "{AUTHORITY}"\npoll_seconds = 1\n{settings}'

    def bus_number(self) -> int:
        """Of the I2C bus that the panel is on."""
        command = "grep -l MCP2221 /sys/class/i2c-dev/*/name"
        self.machine.until(lambda: self.machine.says("sh", "-c", command))
        return int(self.machine.says("sh", "-c", command).split("i2c-")[2].partition("/")[0])

    def power_cycle(self) -> None:
        """Pulls the plug and puts it in again. The devices are there as soon as they can be; a network is not."""
        self.machine.run("sync")
        self._detach()
        self.machine = self.machine.cold_again()
        self.machine.run("modprobe", "-a", *LATER)
        self.attach()
        for device in DEVICES:
            self.plug(device)

    def close(self) -> None:
        self.machine.close()
        self.cloud.close()
        self._detach()

    def _detach(self) -> None:
        for end in (self._answers, self._hands, self._wires):
            end.close()
        if self.nfc.news is not None:
            self.nfc.unplug()

    # ---- the hands ----

    def ask(self, do: str, **what: Any) -> Any:
        """One act of the devices' program; raises RuntimeError where the kernel refused."""
        self._hands.sendall(json.dumps({"do": do, **what}).encode() + b"\n")
        line = self._answers.readline()
        assert line, self.machine.log("lab-counter")
        answer = json.loads(line)
        if "failed" in answer:
            raise RuntimeError(f"{do}: {answer['failed']}")
        return answer["done"]

    def _answer(self, wires: socket.socket) -> None:
        """What the devices ask, one after the other."""
        with contextlib.suppress(OSError, ValueError), wires.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                asked = json.loads(line)
                if "card" in asked:
                    card = self.card or VirtualCard()
                    card.commands.append(bytes.fromhex(asked["card"]))
                    told = card.apdu(card.commands[-1]).hex()
                else:
                    told = self._transfer(asked["address"], bytes.fromhex(asked["written"]), asked["count"])
                wires.sendall(json.dumps(told).encode() + b"\n")

    def _transfer(self, address: int, written: bytes, count: int) -> str | None:
        try:
            return self.bus.transfer(address, written, count).hex()
        except OSError:
            return None

    def plug(self, device: str) -> None:
        if device != "nfc":
            self.ask("plug", device=device)
            return
        self.nfc.plug()
        tty = {"type": "serial", "data": {"device": os.path.realpath(self.nfc.link)}}
        self.machine.tell_qemu("chardev-add", id="nfc", backend=tty)
        # Into the same socket each time: QEMU would take the next one.
        self.machine.tell_qemu("device_add", driver="usb-serial", chardev="nfc", id="serial", port="1")

    def unplug(self, device: str) -> None:
        if device != "nfc":
            self.ask("unplug", device=device)
            return
        self.machine.unplug("serial")
        self.machine.until(self._let_go)
        self.nfc.unplug()

    def _let_go(self) -> bool:
        with contextlib.suppress(RuntimeError):
            self.machine.tell_qemu("chardev-remove", id="nfc")
            return True
        return False

    def press(self, button: str, seconds: float = FINGER_SECONDS) -> None:
        self.ask("drive", line=PINS[button], high=False)
        time.sleep(seconds)
        self.ask("drive", line=PINS[button], high=True)
        time.sleep(FINGER_SECONDS)

    def hold(self, button: str) -> None:
        self.press(button, HELD_SECONDS)

    def tap(self, *cards: Card) -> None:
        self._breathe("nfc")
        self.nfc.show(*cards)

    def lift(self) -> None:
        self.nfc.show()
        self._left["nfc"] = time.monotonic()

    def insert(self, number: str) -> None:
        """A member's chip card."""
        self._breathe("chip")
        self.card = VirtualCard({AID: {RECORD: number.encode()}}, atr=ATR_T1)
        self.ask("insert", atr=ATR_T1.hex())

    def remove(self) -> None:
        self.ask("remove")
        self._left["chip"] = time.monotonic()

    def scan(self, code: str) -> None:
        self._breathe(code)
        self.ask("press", device="scanner", keys=[US[sign] for sign in f"{code}\n"])
        self._left[code] = time.monotonic()

    def type(self, keys: str) -> None:
        self.ask("press", device="pad", keys=[(False, KEYPAD[key]) for key in keys])

    def _breathe(self, what: str) -> None:
        since = self._left.get(what, float("-inf"))
        time.sleep(max(0.0, since + BREATH_SECONDS - time.monotonic()))

    # ---- the eyes ----

    def glass(self) -> list[str]:
        with self.bus.lock:
            found = self.panel.rows()
        if found not in self._seen[-1:]:
            self._seen = [*self._seen[-3:], found]
        return found

    def shows(self, *screens: Screen, language: str = "sk", patience: float = PATIENCE) -> None:
        """Waits until one of these screens is on the glass, dot for dot; a member is spoken to in the member's own language."""
        wanted = [rows(screen, language) for screen in screens]
        self._until(lambda: self.glass() in wanted, f"{screens} is not shown", patience)
        time.sleep(SIGHT_SECONDS)

    def shows_idle(self, *, offline: bool = False, waiting: int = 0, missing: tuple[str, ...] = ()) -> None:
        """Waits for the idle screen; its clock is there where the machine's is trusted."""
        what = f"not idle: {offline=} {waiting=} {missing=}"
        self._until(lambda: self.glass() in self._idle(offline, waiting, missing), what)

    def _idle(self, offline: bool, waiting: int, missing: tuple[str, ...]) -> list[list[str]]:
        now = time.time()
        clocks = [None, *(time.strftime("%H:%M", time.gmtime(now - ago)) for ago in (0, 30))]
        return [rows(Idle(NAME, offline, waiting, missing, clock)) for clock in clocks]

    def works(self, *devices: str, since: int = 0) -> None:
        """Waits until the log says of each that it works, oftener than `since`."""

        def count(device: str) -> int:
            return self.machine.log(UNIT).count(f"device works device={device}")

        self._until(lambda: all(count(device) > since for device in devices), f"{devices} do not all work")

    def lost(self, device: str, since: int = 0) -> None:
        """Waits until the log says that it is gone, oftener than `since`."""
        text = f"device lost device={device} "
        self._until(lambda: self.machine.log(UNIT).count(text) > since, f"{device} is not missed")

    def _until(self, condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        limit = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < limit, f"{what}\n{self.story()}"
            time.sleep(0.05)

    def journal(self) -> Any:
        return json.loads(self.machine.run("bodka-terminal", "journal", "--json"))

    def story(self) -> str:
        """The last pictures, two rows of dots in one of signs, and the end of the log."""
        signs = {"..": " ", "#.": "▀", ".#": "▄", "##": "█"}
        pictures = []
        for glass in self._seen:
            pairs = [zip(upper, lower, strict=True) for upper, lower in zip(glass[::2], glass[1::2], strict=True)]
            lines = ("".join(signs[a + b] for a, b in pair).rstrip() for pair in pairs)
            pictures.append("\n".join(line for line in lines if line))
        return "\n----\n".join([*pictures, self.machine.story(), self.machine.log("lab-counter")])
