"""The kernel's side of the emulated chip and bus, by plain system calls in a process under the preload.

Structures and requests are packed here by hand from linux/gpio.h and linux/i2c-dev.h, and errors are those of the kernel's
documentation, so that the models are not only right for what lgpio and smbus2 happen to send.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulators.board import Board, build
from emulators.gpiochip import GpioChip
from emulators.i2c import I2cBus
from emulators.program import Program
from emulators.ssd1306 import Ssd1306

CHIP, BUS = "/dev/gpiochip0", "/dev/i2c-1"

# The requests as the kernel's macros make them: _IOR and _IOWR of type B4h, with the sizes of the structures.
CHIP_INFO = 0x8044_B401
LINE_INFO = 0xC100_B405
GET_LINE = 0xC250_B407
SET_CONFIG = 0xC110_B40D
GET_VALUES = 0xC010_B40E
SET_VALUES = 0xC010_B40F
OLD_LINE_INFO = 0xC048_B402

INPUT, OUTPUT, RISING, FALLING, PULL_UP = 4, 8, 16, 32, 256
I2C_SLAVE, I2C_FUNCS, I2C_RDWR, I2C_SMBUS = 0x0703, 0x0705, 0x0707, 0x0720


def line_request(*offsets: int, flags: int, attributes: bytes = b"", count: int = 0) -> bytes:
    """struct gpio_v2_line_request: offsets, consumer, config, num_lines, event_buffer_size, padding, fd."""
    config = struct.pack("<QI20x", flags, count) + attributes.ljust(240, b"\0")
    numbers = struct.pack(f"<{len(offsets)}I", *offsets).ljust(256, b"\0")
    return numbers + b"a test".ljust(32, b"\0") + config + struct.pack("<II20xi", len(offsets), 0, 0) + b"\0" * 4


class Kernel:
    """System calls made by the program under the preload."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def _ask(self, *words: object) -> tuple[int, bytes]:
        since = len(self._program.said)
        self._program.tell(" ".join(str(word) for word in words))
        said = self._program.expect(since, call=words[0])
        if said["error"]:
            raise OSError(said["error"], errno.errorcode[said["error"]])
        return said["result"], bytes.fromhex(said["data"])

    def open(self, path: str) -> int:
        return self._ask("open", path)[0]

    def close(self, fd: int) -> None:
        self._ask("close", fd)

    def ioctl(self, fd: int, request: int, data: bytes | int) -> bytes:
        if isinstance(data, int):
            return self._ask("value", fd, request, data)[1]
        return self._ask("ioctl", fd, request, data.hex())[1]

    def lines(self, chip: int, request: bytes) -> int:
        """The descriptor of a line request."""
        (fd,) = struct.unpack_from("<i", self.ioctl(chip, GET_LINE, request), 588)
        return int(fd)

    def read(self, fd: int, size: int) -> bytes:
        return self._ask("read", fd, size)[1]

    def rdwr(self, fd: int, *messages: tuple[int, int, bytes]) -> list[bytes]:
        """(address, flags, bytes) of each message; the bytes that came back."""
        words = [f"{address},{flags},{data.hex() or '-'}" for address, flags, data in messages]
        data = self._ask("rdwr", fd, *words)[1]
        answers = []
        for _, _, sent in messages:
            answers.append(data[: len(sent)])
            data = data[len(sent) :]
        return answers

    def smbus(self, fd: int, read: int, command: int, size: int, data: bytes) -> bytes:
        return self._ask("smbus", fd, read, command, size, data.hex() or "-")[1]


class Bench:
    def __init__(self, board: Board, kernel: Kernel) -> None:
        self.board, self.kernel = board, kernel
        self.chip, self.bus, self.panel = GpioChip(), I2cBus(), Ssd1306()
        self.bus.chips[0x3C] = self.panel
        board.add(CHIP, self.chip)
        board.add(BUS, self.bus)

    def refused(self, number: int, fd: int, request: int, data: bytes | int) -> bool:
        with pytest.raises(OSError, match=errno.errorcode[number]):
            self.kernel.ioctl(fd, request, data)
        return True


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("board"))


@pytest.fixture
def bench(library: Path, tmp_path: Path) -> Iterator[Bench]:
    with (
        Board(tmp_path / "board.sock") as board,
        Program(
            Path(__file__).with_name("kernel_calls.py"), environment=board.environment(library), folder=tmp_path
        ) as program,
    ):
        yield Bench(board, Kernel(program))


def test_a_chip_tells_name_label_and_lines(bench: Bench) -> None:
    fd = bench.kernel.open(CHIP)
    name, label, lines = struct.unpack("<32s32sI", bench.kernel.ioctl(fd, CHIP_INFO, bytes(68)))
    assert (name.rstrip(b"\0"), label.rstrip(b"\0"), lines) == (b"gpiochip0", b"pinctrl-bcm2711", 54)


def test_nothing_at_a_path_is_enoent(bench: Bench) -> None:
    for path in ("/dev/gpiochip7", "/dev/i2c-7"):
        with pytest.raises(OSError, match="ENOENT"):
            bench.kernel.open(path)


def test_an_input_follows_its_pull_and_the_world(bench: Bench) -> None:
    kernel = bench.kernel
    lines = kernel.lines(kernel.open(CHIP), line_request(5, 6, flags=INPUT | PULL_UP))
    bench.chip.drive(6, 0)
    assert struct.unpack("<QQ", kernel.ioctl(lines, GET_VALUES, struct.pack("<QQ", 0, 3))) == (0b01, 3)
    assert struct.unpack("<QQ", kernel.ioctl(lines, GET_VALUES, struct.pack("<QQ", 0, 2))) == (0b00, 2)


def test_an_output_begins_with_its_value_and_is_logged(bench: Bench) -> None:
    kernel = bench.kernel
    attribute = struct.pack("<IIQQ", 2, 0, 0b10, 0b11)  # OUTPUT_VALUES: the second line high
    lines = kernel.lines(kernel.open(CHIP), line_request(27, 22, flags=OUTPUT, attributes=attribute, count=1))
    assert bench.chip.levels(27, 22) == (0, 1)
    kernel.ioctl(lines, SET_VALUES, struct.pack("<QQ", 0b01, 0b01))
    assert bench.chip.levels(27, 22) == (1, 1)
    assert [(put.line, put.level) for put in bench.chip.log] == [(27, 0), (22, 1), (27, 1)]


def test_edges_are_read_as_events(bench: Bench) -> None:
    kernel = bench.kernel
    lines = kernel.lines(kernel.open(CHIP), line_request(5, flags=INPUT | PULL_UP | RISING | FALLING))
    bench.chip.drive(5, 0)
    bench.chip.drive(5, None)
    events = [struct.unpack("<QIIII24x", kernel.read(lines, 48)) for _ in range(2)]
    assert [event[1:] for event in events] == [(2, 5, 1, 1), (1, 5, 2, 2)]
    assert events[0][0] <= events[1][0]


def test_only_the_edges_asked_for_are_told(bench: Bench) -> None:
    kernel = bench.kernel
    lines = kernel.lines(kernel.open(CHIP), line_request(5, flags=INPUT | PULL_UP | RISING))
    bench.chip.drive(5, 0)
    bench.chip.drive(5, None)
    assert struct.unpack("<QIIII24x", kernel.read(lines, 48))[1] == 1


def test_line_info_tells_who_uses_it(bench: Bench) -> None:
    kernel = bench.kernel
    chip = kernel.open(CHIP)
    question = bytes(64) + struct.pack("<I", 5) + bytes(188)
    assert struct.unpack_from("<Q", kernel.ioctl(chip, LINE_INFO, question), 72)[0] == INPUT
    lines = kernel.lines(chip, line_request(5, flags=OUTPUT))
    answer = kernel.ioctl(chip, LINE_INFO, question)
    assert answer[:6] == b"GPIO5\0"
    assert answer[32:39] == b"a test\0"
    assert struct.unpack_from("<Q", answer, 72)[0] == OUTPUT | 1
    kernel.close(lines)
    assert struct.unpack_from("<Q", kernel.ioctl(chip, LINE_INFO, question), 72)[0] == INPUT


def test_a_line_in_use_is_ebusy_until_it_is_let_go(bench: Bench) -> None:
    kernel = bench.kernel
    chip = kernel.open(CHIP)
    lines = kernel.lines(chip, line_request(5, flags=INPUT))
    assert bench.refused(errno.EBUSY, chip, GET_LINE, line_request(4, 5, flags=INPUT))
    kernel.close(lines)
    kernel.lines(chip, line_request(4, 5, flags=INPUT))


@pytest.mark.parametrize(
    "request_",
    [
        line_request(54, flags=INPUT),
        line_request(flags=INPUT),
        line_request(5, flags=INPUT | OUTPUT),
        line_request(5, flags=OUTPUT | RISING),
        line_request(5, flags=INPUT | PULL_UP | 512),
        line_request(5, flags=PULL_UP),
        line_request(5, flags=INPUT | 1 << 40),
        line_request(5, flags=INPUT, count=11),
    ],
    ids=[
        "no such line",
        "no line",
        "both ways",
        "edges of an output",
        "two pulls",
        "a pull of nothing",
        "unknown",
        "attributes",
    ],
)
def test_requests_that_make_no_sense_are_einval(bench: Bench, request_: bytes) -> None:
    assert bench.refused(errno.EINVAL, bench.kernel.open(CHIP), GET_LINE, request_)


def test_other_errors_of_lines(bench: Bench) -> None:
    kernel = bench.kernel
    chip = kernel.open(CHIP)
    lines = kernel.lines(chip, line_request(5, flags=INPUT))
    assert bench.refused(errno.EPERM, lines, SET_VALUES, struct.pack("<QQ", 1, 1))
    assert bench.refused(errno.EINVAL, lines, GET_VALUES, struct.pack("<QQ", 0, 0))
    assert bench.refused(errno.EINVAL, lines, CHIP_INFO, bytes(68))
    assert bench.refused(errno.EINVAL, chip, OLD_LINE_INFO, bytes(72))
    assert bench.refused(errno.EINVAL, chip, LINE_INFO, bytes(64) + struct.pack("<I", 54) + bytes(188))
    assert bench.refused(errno.ENOTTY, chip, 0x5401, bytes(60))  # TCGETS: not a terminal
    kernel.ioctl(lines, SET_CONFIG, struct.pack("<QI20x", OUTPUT, 0) + bytes(240))
    kernel.ioctl(lines, SET_VALUES, struct.pack("<QQ", 1, 1))
    assert bench.chip.levels(5) == (1,)


def test_a_chip_that_is_gone_is_enodev(bench: Bench) -> None:
    kernel = bench.kernel
    chip = kernel.open(CHIP)
    lines = kernel.lines(chip, line_request(5, flags=INPUT | RISING))
    bench.board.remove(CHIP)
    assert bench.refused(errno.ENODEV, chip, CHIP_INFO, bytes(68))
    assert bench.refused(errno.ENODEV, lines, GET_VALUES, struct.pack("<QQ", 0, 1))
    with pytest.raises(OSError, match="ENODEV"):
        kernel.read(lines, 48)
    with pytest.raises(OSError, match="ENOENT"):
        kernel.open(CHIP)


def test_messages_reach_the_panel_and_its_status_comes_back(bench: Bench) -> None:
    kernel = bench.kernel
    fd = kernel.open(BUS)
    assert kernel.rdwr(fd, (0x3C, 0, b"\x00\xaf"), (0x3C, 1, b"\0"))[1] == b"\x00"
    kernel.rdwr(fd, (0x3C, 0, b"\x00\xae"))
    assert kernel.rdwr(fd, (0x3C, 1, b"\0")) == [b"\x40"]
    assert bench.panel.bytes == 4


def test_smbus_transfers_are_the_bytes_of_the_protocol(bench: Bench) -> None:
    """Documentation/i2c/smbus-protocol.rst: quick, send byte, byte data, word data, I2C block."""
    kernel = bench.kernel
    fd = kernel.open(BUS)
    kernel.ioctl(fd, I2C_SLAVE, 0x3C)
    kernel.smbus(fd, 0, 0, 0, b"")
    kernel.smbus(fd, 0, 0xE3, 1, b"")
    kernel.smbus(fd, 0, 0x00, 2, b"\xaf")
    kernel.smbus(fd, 0, 0x00, 3, b"\x81\x10")
    kernel.smbus(fd, 0, 0x40, 8, b"\x03abc")
    assert [transfer.data for transfer in bench.bus.log] == [b"", b"\xe3", b"\x00\xaf", b"\x00\x81\x10", b"@abc"]
    assert kernel.smbus(fd, 1, 0, 1, b"\0")[0] == 0x00


def test_the_bus_says_what_it_can(bench: Bench) -> None:
    fd = bench.kernel.open(BUS)
    (functions,) = struct.unpack("<Q", bench.kernel.ioctl(fd, I2C_FUNCS, bytes(8)))
    assert functions & 0x1  # I2C_FUNC_I2C
    assert functions & 0x08000000  # I2C_FUNC_SMBUS_WRITE_I2C_BLOCK


@pytest.mark.parametrize("absent", [errno.EREMOTEIO, errno.ENXIO])
def test_nobody_at_an_address(bench: Bench, absent: int) -> None:
    bench.bus.absent = absent
    kernel = bench.kernel
    fd = kernel.open(BUS)
    with pytest.raises(OSError, match=errno.errorcode[absent]):
        kernel.rdwr(fd, (0x3D, 0, b"\x00\xe3"))
    kernel.ioctl(fd, I2C_SLAVE, 0x3D)
    with pytest.raises(OSError, match=errno.errorcode[absent]):
        kernel.smbus(fd, 1, 0, 1, b"\0")


def test_other_errors_of_the_bus(bench: Bench) -> None:
    kernel = bench.kernel
    fd = kernel.open(BUS)
    assert bench.refused(errno.EINVAL, fd, I2C_SLAVE, 0x80)
    kernel.ioctl(fd, I2C_SLAVE, 0x3C)
    with pytest.raises(OSError, match="EINVAL"):
        kernel.smbus(fd, 0, 0x40, 8, b"\x21" + bytes(32))
    with pytest.raises(OSError, match="ENOTSUP"):
        kernel.smbus(fd, 0, 0x40, 4, bytes(2))
    with pytest.raises(OSError, match="EINVAL"):
        kernel.rdwr(fd, (0x3C, 0, bytes(8193)))
    bench.bus.fault = errno.EIO
    with pytest.raises(OSError, match="EIO"):
        kernel.rdwr(fd, (0x3C, 0, b"\x00\xe3"))
    bench.board.remove(BUS)
    with pytest.raises(OSError, match="ENODEV"):
        kernel.rdwr(fd, (0x3C, 0, b"\x00\xe3"))
