"""The one owner of RPi.GPIO, whose state is one per process: buttons and signals borrow their pins here.

The module is rpi-lgpio's: it talks to the kernel's character device and so works on every Raspberry Pi and kernel. Both
users may be configured alone. When the chip goes, every borrower is told at its next call, and whoever comes back first opens
it anew.

    gpio = Gpio(clock)
    pins = gpio.borrow()
    pins.output(27)
    pins.write(27, high=True)
    pins.give_back()
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from drivers.gpio_watching import Edges

LABELS = frozenset({"pinctrl-bcm2711", "pinctrl-bcm2835", "pinctrl-rp1"})
"""What the kernel calls the chip behind the header of a Pi 4, of the Pis before it, and of a Pi 5."""

MOST_CHIPS = 32
"""A Pi 5 has been seen with its header at number 0, 4 and 11 to 15."""

FREE_SECONDS = 0.3
"""How long a pin may stay busy after its last use: until lgpio's thread has looked once more, however late it is woken."""

LONGEST_MS = 10_000
"""No edge waits longer than this for us: an older stamp, or one to come, is of another clock and not to be believed."""

OnEdge: TypeAlias = Callable[[bool, int], None]
"""Takes (the level after the edge, when it was); called in lgpio's thread, must return at once."""


class GpioMissing(Exception):
    """There is no chip to use."""


class PinBusy(Exception):
    """Somebody else uses a pin."""


class GpioLost(Exception):
    """The chip stopped answering."""


class Gpio:
    """The chip, opened by the first borrower and closed by the last."""

    def __init__(self, clock: Callable[[], int]) -> None:
        """`clock` gives milliseconds of CLOCK_MONOTONIC: the kernel stamps edges with it (linux/gpio.h, gpio_v2_line_event)."""
        self.clock = clock
        self._lock = threading.RLock()
        self._borrowers: list[Pins] = []
        self._module: Any = None
        self._lgpio: Any = None
        self._edges: Any = None

    def load(self) -> None:
        """Imports the libraries (some 0.1 s the first time, so from a thread); raises `GpioMissing` where they cannot work."""
        with self._lock:
            if self._module is not None:
                return
            # lgpio puts a pipe into LG_WD, and where that is not set into the working directory, which a service may not
            # write to; and it moves the whole process there.
            if "LG_WD" not in os.environ:
                runtime = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]  # systemd's RuntimeDirectory=
                os.environ["LG_WD"] = runtime or tempfile.mkdtemp(prefix="lgpio-")
            with contextlib.chdir("."):
                try:
                    import lgpio  # late: a terminal without buttons needs none of this
                    from RPi import GPIO

                    self._edges = self._edges or Edges()
                except (ImportError, AttributeError, RuntimeError, NotImplementedError, OSError) as error:
                    raise GpioMissing(
                        f"The GPIO library does not start ({error}): this needs a Raspberry Pi, `pip install 'bodka[pi]'`, "
                        "and a directory it may write to in LG_WD. Elsewhere leave buttons and signals out of the settings."
                    ) from error
            GPIO.setwarnings(value=False)
            self._module, self._lgpio = GPIO, lgpio

    def borrow(self) -> Pins:
        """Opens the chip if nobody has yet. Raises `GpioMissing`."""
        with self._lock:
            self.load()
            if not self._borrowers:
                self._open()
            pins = Pins(self, self._module, self._lgpio, self._edges)
            self._borrowers.append(pins)
            return pins

    def _open(self) -> None:
        given = os.environ.get("RPI_LGPIO_CHIP")
        os.environ["RPI_LGPIO_CHIP"] = given or str(self._find())
        try:
            self._module.setmode(self._module.BCM)
        except (self._lgpio.error, RuntimeError) as error:
            self._forget()
            raise GpioMissing(f"/dev/gpiochip{os.environ['RPI_LGPIO_CHIP']} does not open: {error}") from error
        finally:
            if given is None:
                del os.environ["RPI_LGPIO_CHIP"]  # the number may be another after a loss

    def _find(self) -> int:
        """The number of the header's chip, by its label: the number itself differs from kernel to kernel.

        The chips are tried one after the other, for not every system that has them lists them in /sys.
        """
        refused = False
        for number in range(MOST_CHIPS):
            try:
                handle = self._lgpio.gpiochip_open(number)
            except self._lgpio.error:
                refused = refused or os.path.exists(f"/dev/gpiochip{number}")
                continue
            try:
                _, _, _, label = self._lgpio.gpio_get_chip_info(handle)
            finally:
                self._lgpio.gpiochip_close(handle)
            if label in LABELS:
                return number
        if refused:
            raise GpioMissing("A GPIO chip is there but may not be opened: put the service's user into the group gpio.")
        raise GpioMissing("No GPIO chip of a Raspberry Pi was found: leave buttons and signals out of the settings.")

    @contextlib.contextmanager
    def use(self, pins: Pins) -> Iterator[None]:
        """Around every call to the libraries: one at a time, and an error is the loss of the chip for all."""
        with self._lock:
            if pins not in self._borrowers:
                raise GpioLost("The GPIO chip was lost and has to be opened again.")
            try:
                yield
            except (self._lgpio.error, RuntimeError, OSError) as error:
                self._forget()
                raise GpioLost(f"The GPIO chip stopped answering ({error}).") from error

    def lent(self, pin: int) -> bool:
        """Whether a pin is borrowed already: the library would take it from one user and give it to the other in silence."""
        return any(pin in borrower.used for borrower in self._borrowers)

    def give_back(self, pins: Pins) -> None:
        """Frees the pins of one borrower, and the chip after the last. Never raises."""
        with self._lock:
            if pins not in self._borrowers:
                return
            try:
                pins.release()
                self._borrowers.remove(pins)
                if not self._borrowers:
                    self._module.cleanup()
            except (self._lgpio.error, RuntimeError, OSError):
                self._forget()

    def _forget(self) -> None:
        """Lets go of a chip that is gone.

        `GPIO.cleanup()` raises on a dead chip and keeps its handle, after which `setmode` would go on using it; and lgpio's
        thread writes errors without end for an edge it still watches. So the state is taken down piece by piece, the last
        of it behind rpi-lgpio's back.
        """
        borrowers, self._borrowers = self._borrowers, []
        for pins in borrowers:
            pins.abandon()
        if self._module._chip is not None:
            with contextlib.suppress(self._lgpio.error):
                self._lgpio.gpiochip_close(self._module._chip)
        self._module._chip, self._module._mode = None, self._module.UNKNOWN


class Pins:
    """The pins of one borrower, by their BCM numbers. Every method raises `GpioLost` once the chip is gone."""

    def __init__(self, gpio: Gpio, module: Any, lgpio: Any, edges: Edges) -> None:
        self._gpio, self._module, self._lgpio, self._edges = gpio, module, lgpio, edges
        self.used: set[int] = set()
        self._watched: dict[int, int] = {}
        self._tones: dict[int, Any] = {}

    def input(self, pin: int, on_edge: OnEdge) -> None:
        """A contact to ground: pulled up, both edges told. Raises `PinBusy`."""
        with self._gpio.use(self), self._asking(pin):
            self._module.setup(pin, self._module.IN, pull_up_down=self._module.PUD_UP)
            self.used.add(pin)
            self._module.add_event_detect(pin, self._module.BOTH)

            def tell(level: int, moment: int) -> None:
                at, now = moment // 1_000_000, self._gpio.clock()
                if level in (0, 1):
                    on_edge(bool(level), at if now - LONGEST_MS < at <= now else now)

            # RPi.GPIO's own callbacks know neither the level nor the time of the edge, and both decide what a press is.
            self._watched[pin] = self._edges.watch(self._module._chip, pin, tell)

    def output(self, pin: int) -> None:
        """Drives a pin, low at first. Raises `PinBusy`."""
        with self._gpio.use(self), self._asking(pin):
            self._module.setup(pin, self._module.OUT, initial=0)
            self.used.add(pin)

    def level(self, pin: int) -> bool:
        """Whether the pin is high."""
        with self._gpio.use(self):
            return bool(self._module.input(pin))

    def write(self, pin: int, *, high: bool) -> None:
        """Sets an output."""
        with self._gpio.use(self):
            self._module.output(pin, high)

    def tone(self, pin: int, hertz: int, duty: int) -> None:
        """A rectangular wave on an output, high for `duty` per cent of each period; 0 hertz stops it and leaves the pin low."""
        with self._gpio.use(self):
            playing = self._tones.pop(pin, None)
            if playing is not None:
                playing.stop()
                del playing  # RPi.GPIO allows one PWM object a pin
            if hertz:
                self._tones[pin] = tone = self._quiet()(pin, hertz)
                tone.start(duty)

    def give_back(self) -> None:
        """Frees the pins. Never raises; may be called again."""
        self._gpio.give_back(self)

    def release(self) -> None:
        """Frees the pins of a chip that answers; for `Gpio` only."""
        watched = sorted(self._watched)
        self._unwatch()
        for pin in watched:  # all of them, before one is waited for: lgpio's thread lets go of all in one look
            self._module.remove_event_detect(pin)
            self._lgpio.gpio_free(self._module._chip, pin)
        for tone in self._tones.values():
            tone.stop()
        self._tones.clear()
        for pin in sorted(self.used):
            self._free(pin)
        self.used.clear()

    def _free(self, pin: int) -> None:
        """Frees a pin. lgpio's thread may be looking at it: the kernel keeps it busy until that is over."""
        limit = time.monotonic() + FREE_SECONDS
        while True:
            try:
                return self._module.cleanup(pin)  # type: ignore[no-any-return]
            except self._lgpio.error as error:
                if "busy" not in str(error).lower() or time.monotonic() > limit:
                    raise
            time.sleep(0.001)

    def abandon(self) -> None:
        """Frees the pins of a chip that does not answer; for `Gpio` only."""
        self._unwatch()
        self._tones.clear()
        for pin in self.used:
            with contextlib.suppress(self._lgpio.error):
                self._module.remove_event_detect(pin)
            with contextlib.suppress(self._lgpio.error):
                self._lgpio.gpio_free(self._module._chip, pin)
        self.used.clear()

    def _unwatch(self) -> None:
        for pin, number in self._watched.items():
            self._edges.forget(self._module._chip, pin, number)
        self._watched.clear()

    @contextlib.contextmanager
    def _asking(self, pin: int) -> Iterator[None]:
        if self._gpio.lent(pin):
            raise PinBusy(f"GPIO {pin} is given twice in the settings: give each button, LED and beeper a pin of its own.")
        try:
            yield
        except self._lgpio.error as error:
            if "busy" not in str(error).lower():
                raise
            raise PinBusy(
                f"GPIO {pin} is in use: `gpioinfo` tells by whom. Stop that program, remove the overlay from "
                "/boot/firmware/config.txt, or give another pin in the settings."
            ) from error

    def _quiet(self) -> Any:
        """RPi.GPIO's PWM, whose finaliser would write to a chip that is gone and complain."""
        errors, plain = (self._lgpio.error, TypeError), self._module.PWM

        class Tone(plain):  # type: ignore[misc, valid-type]
            def __del__(self) -> None:
                with contextlib.suppress(*errors):
                    self.stop()

        return Tone
