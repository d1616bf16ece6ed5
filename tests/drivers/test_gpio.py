"""Buttons and signals through the real rpi-lgpio, in a process of its own, on the emulated chip."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulators.board import Board, build
from emulators.gpiochip import GpioChip, Put
from emulators.program import PATIENCE, Program

AWARD, REDEEM, NEXT, CANCEL = 5, 6, 13, 26
GREEN, RED, BEEPER = 27, 22, 18
CHIP = "/dev/gpiochip0"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("board"))


class Counter:
    """A counter with buttons and signals, and the program that serves them."""

    def __init__(self, board: Board, library: Path, folder: Path) -> None:
        self.board, self.folder = board, folder
        self.environment = {**board.environment(library), "RPI_LGPIO_REVISION": "c03114", "LG_WD": str(folder)}
        self.chip = GpioChip()
        board.add(CHIP, self.chip)

    def start(self, *arguments: str) -> Program:
        program = Program(
            Path(__file__).with_name("gpio_program.py"), *arguments, environment=self.environment, folder=self.folder
        )
        for device in ("buttons", "signals"):
            if device in arguments:
                program.expect(event="DeviceBack", device=device)
        return program

    def until(self, condition: Callable[[], bool], failure: str) -> None:
        """Waits for something on the chip."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, failure
            time.sleep(0.002)

    def puts(self, *lines: int) -> list[Put]:
        with self.chip.lock:
            return [put for put in self.chip.log if put.line in lines]


@pytest.fixture
def counter(library: Path, tmp_path: Path) -> Iterator[Counter]:
    with Board(tmp_path / "board.sock") as board:
        yield Counter(board, library, tmp_path)


def test_a_press_carries_the_picture_of_its_moment(counter: Counter) -> None:
    with counter.start("buttons") as program:
        program.tell("picture 41")
        program.expect(picture=41)
        counter.chip.drive(AWARD, 0)
        press = program.expect(event="ButtonPressed")
        assert (press["button"], press["picture"], press["device"]) == ("award", 41, "buttons")
        counter.chip.drive(AWARD, None)
        release = program.expect(event="ButtonReleased")
        assert release["button"] == "award"
        assert press["at"] < release["at"]


def test_a_press_belongs_to_the_picture_and_the_moment_of_its_edge(counter: Counter) -> None:
    """Not to those at which it was believed, some milliseconds later; here pictures are numbered by the clock."""
    ages = []
    with counter.start("buttons", "timed") as program:
        for _ in range(15):
            since = len(program.said)
            began = time.monotonic()
            counter.chip.drive(CANCEL, 0)
            press = program.expect(since, event="ButtonPressed")
            assert began * 1000 - 2 <= press["at"] <= press["said"] * 1000
            ages.append(press["said"] * 1000 - press["picture"])
            counter.chip.drive(CANCEL, None)
            program.expect(since, event="ButtonReleased")
    assert sorted(ages)[len(ages) // 2] >= 2


def test_a_bouncing_contact_is_one_press(counter: Counter) -> None:
    with counter.start("buttons") as program:
        counter.chip.bounce(REDEEM, 0, times=6)
        program.expect(event="ButtonPressed", button="redeem")
        counter.chip.bounce(REDEEM, None, times=6)
        program.expect(event="ButtonReleased", button="redeem")
        counter.chip.drive(NEXT, 0)  # a second button: what came before it was all there was
        program.expect(event="ButtonPressed", button="next")
        assert program.count(event="ButtonPressed", button="redeem") == 1
        assert program.count(event="ButtonReleased", button="redeem") == 1


def test_a_pulse_that_nobody_pressed_is_no_press(counter: Counter) -> None:
    with counter.start("buttons") as program:
        for _ in range(20):
            counter.chip.pulse(AWARD, 0)
        counter.chip.drive(NEXT, 0)
        program.expect(event="ButtonPressed", button="next")
        assert program.count(event="ButtonPressed", button="award") == 0


def test_a_quick_double_press_is_two(counter: Counter) -> None:
    with counter.start("buttons") as program:
        for _ in range(2):
            counter.chip.drive(AWARD, 0)
            time.sleep(0.04)
            counter.chip.drive(AWARD, None)
            time.sleep(0.04)
        program.until(lambda: program.count(event="ButtonReleased") == 2, "not two presses")
        assert program.count(event="ButtonPressed", button="award") == 2


def test_presses_while_the_program_was_held_up_are_told_with_their_times(counter: Counter) -> None:
    """All edges are there at once when it looks again."""
    with counter.start("buttons") as program:
        with program.held_up():
            for _ in range(2):
                counter.chip.drive(AWARD, 0)
                time.sleep(0.03)
                counter.chip.drive(AWARD, None)
                time.sleep(0.03)
        program.until(lambda: program.count(event="ButtonReleased") == 2, "not two presses")
        first, second = (words for words in program.said if words.get("event") == "ButtonPressed")
        assert second["at"] - first["at"] >= 55


def test_two_buttons_at_once_are_two_presses(counter: Counter) -> None:
    with counter.start("buttons") as program:
        for pin in (AWARD, REDEEM):
            counter.chip.drive(pin, 0)
        program.expect(event="ButtonPressed", button="award")
        program.expect(event="ButtonPressed", button="redeem")


def test_a_held_button_says_so_once(counter: Counter) -> None:
    with counter.start("buttons") as program:
        counter.chip.drive(CANCEL, 0)
        press = program.expect(event="ButtonPressed")
        program.tell("picture 9")
        program.expect(picture=9)
        held = program.expect(event="ButtonHeld", button="cancel")
        assert held["at"] - press["at"] == 2000
        assert held["picture"] == 9
        counter.chip.drive(CANCEL, None)
        program.expect(event="ButtonReleased")
        assert program.count(event="ButtonHeld") == 1


def test_a_button_that_is_stuck_at_the_start_says_nothing(counter: Counter) -> None:
    counter.chip.drive(AWARD, 0)
    with counter.start("buttons") as program:
        counter.chip.drive(AWARD, None)
        counter.chip.drive(NEXT, 0)
        program.expect(event="ButtonPressed", button="next")
        assert program.count(button="award") == 0


def test_a_pattern_is_on_the_pins(counter: Counter) -> None:
    with counter.start("signals") as program:
        counter.chip.log.clear()
        program.tell(json.dumps([[True, False, 1000, 100], [True, True, 0, 60], [False, True, 500, 100]]))
        counter.until(lambda: len(counter.puts(GREEN, RED)) == 4, "the LEDs did not go on and off")
        lights = counter.puts(GREEN, RED)
        assert [(put.line, put.level) for put in lights] == [(GREEN, 1), (RED, 1), (GREEN, 0), (RED, 0)]
        began = lights[0].at
        for put, due in zip(lights, (0, 0.1, 0.16, 0.26), strict=True):
            assert due - 0.02 <= put.at - began < due + 0.2
        counter.until(lambda: counter.chip.levels(GREEN, RED, BEEPER) == (0, 0, 0), "the beeper does not fall silent")
        high, low = (
            sum(put.level for put in counter.puts(BEEPER) if start <= put.at - began < start + 0.1) for start in (0, 0.16)
        )
        assert 30 <= high <= 102  # 100 periods of 1 kHz; each edge costs a round trip to the test here
        assert 15 <= low <= 52


def test_an_active_beeper_is_a_level(counter: Counter) -> None:
    with counter.start("signals", "active") as program:
        counter.chip.log.clear()
        program.tell(json.dumps([[False, False, 2700, 50], [False, False, 440, 20]]))
        counter.until(lambda: len(counter.puts(BEEPER)) >= 3, "the beeper did not go on and off")
        assert counter.puts(BEEPER)[-1].level == 0
        assert sum(put.level for put in counter.puts(BEEPER)) == 2


def test_the_latest_pattern_wins_and_play_returns_at_once(counter: Counter) -> None:
    with counter.start("signals") as program:
        began = time.monotonic()
        for _ in range(20):
            program.tell(json.dumps([[True, False, 0, 30_000]]))
        program.tell(json.dumps([[False, True, 0, 30]]))
        counter.until(lambda: [put.level for put in counter.puts(RED)][-2:] == [1, 0], "the last pattern did not play")
        assert counter.chip.levels(GREEN, RED) == (0, 0)
        assert time.monotonic() - began < 5
        took = [words["played"] for words in program.said if "played" in words]
        assert len(took) == 21
        assert sorted(took)[len(took) // 2] < 0.001


def test_tones_may_follow_each_other_quickly(counter: Counter) -> None:
    with counter.start("signals") as program:
        program.tell(json.dumps([[True, False, 100 + 50 * step, 5] for step in range(30)]))
        counter.until(lambda: [put.level for put in counter.puts(GREEN)] == [0, 1, 0], "the pattern did not end")
        assert program.count(event="DeviceLost") == 0
        assert counter.chip.levels(BEEPER) == (0,)


def test_the_end_leaves_the_pins_dark_and_free(counter: Counter) -> None:
    with counter.start("buttons", "signals") as program:
        program.tell(json.dumps([[True, True, 440, 30_000]]))
        counter.until(lambda: counter.chip.levels(GREEN, RED) == (1, 1), "no light")
        program.stop()
        assert program.count(ended=True) == 1
    counter.until(lambda: not any(line.in_use() for line in counter.chip.lines), "pins are still in use")
    assert counter.chip.levels(GREEN, RED, BEEPER) == (0, 0, 0)
    assert counter.puts(RED)[-1].level == 0


@pytest.mark.parametrize("devices", [("buttons",), ("signals",), ("buttons", "signals")])
def test_a_chip_that_vanishes_and_comes_back(counter: Counter, devices: tuple[str, ...]) -> None:
    with counter.start(*devices) as program:
        if "signals" in devices:
            program.tell(json.dumps([[True, False, 880, 30_000]]))
            counter.until(lambda: counter.chip.levels(GREEN) == (1,), "no light")
        counter.board.remove(CHIP)
        for device in devices:
            assert "GpioLost" in program.expect(event="DeviceLost", device=device)["why"]
        since = len(program.said)
        counter.board.add(CHIP, counter.chip)
        for device in devices:
            program.expect(since, event="DeviceBack", device=device)
        assert program.count(event="DeviceLost") == len(devices)
        if "buttons" in devices:
            counter.chip.drive(NEXT, 0)
            program.expect(since, event="ButtonPressed", button="next")
        if "signals" in devices:
            assert counter.chip.levels(GREEN) == (0,)  # what was to be said before is old
            program.tell(json.dumps([[False, True, 0, 30_000]]))
            counter.until(lambda: counter.chip.levels(RED) == (1,), "no light after the return")


def test_a_button_pressed_when_the_chip_vanishes_is_let_go(counter: Counter) -> None:
    with counter.start("buttons") as program:
        counter.chip.drive(AWARD, 0)
        program.expect(event="ButtonPressed")
        counter.board.remove(CHIP)
        program.expect(event="DeviceLost")
        assert program.count(event="ButtonReleased", button="award") == 1


def test_the_chip_is_found_by_its_label(counter: Counter) -> None:
    counter.board.remove(CHIP)
    counter.board.add(CHIP, GpioChip(label="raspberrypi-exp-gpio", lines=8))
    counter.board.add("/dev/gpiochip11", counter.chip)
    with counter.start("buttons") as program:
        counter.chip.drive(AWARD, 0)
        program.expect(event="ButtonPressed")


def test_no_chip_and_a_pin_in_use_say_what_to_do(counter: Counter) -> None:
    counter.environment["RPI_LGPIO_REVISION"] = "2"  # a Pi of 2012, which the library refuses
    program = Program(
        Path(__file__).with_name("gpio_program.py"), "buttons", environment=counter.environment, folder=counter.folder
    )
    with program:
        assert "this needs a Raspberry Pi" in program.expect(event="DeviceLost")["why"]
    counter.environment["RPI_LGPIO_REVISION"] = "c03114"
    taken = counter.chip.lines[AWARD]
    counter.board.remove(CHIP)
    program = Program(
        Path(__file__).with_name("gpio_program.py"), "buttons", environment=counter.environment, folder=counter.folder
    )
    with program:
        assert "leave buttons and signals out of the settings" in program.expect(event="DeviceLost")["why"]
    taken.in_use = lambda: True  # type: ignore[method-assign]  # another program has it
    counter.board.add(CHIP, counter.chip)
    program = Program(
        Path(__file__).with_name("gpio_program.py"), "buttons", environment=counter.environment, folder=counter.folder
    )
    with program:
        why = program.expect(event="DeviceLost")["why"]
        assert "GPIO 5 is in use" in why
        assert "another pin" in why


def test_a_pin_given_twice_is_refused_and_the_other_device_works(counter: Counter) -> None:
    program = Program(
        Path(__file__).with_name("gpio_program.py"),
        "buttons",
        "signals",
        "clash",
        environment=counter.environment,
        folder=counter.folder,
    )
    with program:
        lost = program.expect(event="DeviceLost")
        assert "GPIO 5 is given twice in the settings" in lost["why"]
        works = "signals" if lost["device"] == "buttons" else "buttons"
        program.expect(event="DeviceBack", device=works)
        assert program.count(event="DeviceLost", device=works) == 0


def test_with_umockdev_in_the_same_process_nothing_has_to_be_set(counter: Counter, library: Path) -> None:
    """As in the end-to-end daemon: a testbed supplies the Pi's revision in /proc, as the firmware does."""
    bed = counter.folder / "testbed"
    revision = bed / "proc/device-tree/system/linux,revision"
    revision.parent.mkdir(parents=True)
    revision.write_bytes(bytes.fromhex("00c03114"))
    (bed / "dev").mkdir()
    del counter.environment["RPI_LGPIO_REVISION"]
    counter.environment |= counter.board.environment(library, "libumockdev-preload.so.0")
    counter.environment["UMOCKDEV_DIR"] = str(bed)
    with counter.start("buttons", "signals") as program:
        counter.chip.drive(AWARD, 0)
        program.expect(event="ButtonPressed")
        counter.board.remove(CHIP)
        program.expect(event="DeviceLost", device="buttons")
