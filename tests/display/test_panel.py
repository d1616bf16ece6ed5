"""The panel's thread, with glass that can be slow and can break; then the real luma on an emulated bus."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from display import turns
from display.burn_in import Care, look, moved
from display.panel import Panel
from emulators.board import Board, build
from emulators.glass import Glass, Told, until
from emulators.i2c import I2cBus
from emulators.program import PATIENCE, Program
from emulators.ssd1306 import Ssd1306

BUS = "/dev/i2c-1"


def picture(number: int) -> Image.Image:
    """A picture that can be told from others."""
    image = Image.new("1", (128, 64))
    image.putpixel((number % 128, number // 128), 1)
    return image


@pytest.fixture
def glass() -> Glass:
    return Glass()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def panel(glass: Glass, told: Told) -> Iterator[Panel]:
    panel = Panel(glass, on_lost=told.lost, on_back=told.back)
    yield panel
    glass.go.set()
    panel.stop()


def test_the_number_is_that_of_the_picture_on_the_glass(panel: Panel, glass: Glass) -> None:
    assert panel.picture() == 0
    glass.go.clear()
    panel.start()
    panel.show(5, picture(5))
    assert glass.writing.wait(PATIENCE)
    assert panel.picture() == 0  # on its way is not there
    glass.go.set()
    until(lambda: panel.picture() == 5, "picture 5 did not come")
    assert glass.seen == [picture(5).tobytes()]


def test_the_latest_wins_while_the_bus_is_slow(panel: Panel, glass: Glass) -> None:
    glass.go.clear()
    panel.start()
    panel.show(1, picture(1))
    assert glass.writing.wait(PATIENCE)
    began = time.perf_counter()
    for number in range(2, 1000):
        panel.show(number, Image.new("1", (128, 64)))
    panel.show(1000, picture(1000))
    assert time.perf_counter() - began < 1
    glass.go.set()
    until(lambda: panel.picture() == 1000, "the last picture did not come")
    assert glass.seen == [picture(1).tobytes(), picture(1000).tobytes()]


@pytest.fixture
def second() -> Glass:
    return Glass()


@pytest.fixture
def behind(panel: Panel, second: Glass, told: Told) -> Iterator[Panel]:
    """A second panel, which lets the first one's pictures go first; both at work."""
    behind = Panel(second, on_lost=told.lost, on_back=told.back)
    behind.give_way_to(panel)
    panel.start()
    behind.start()
    yield behind
    behind.stop()


def test_a_panel_that_gives_way_lets_the_others_picture_go_first(
    panel: Panel, glass: Glass, behind: Panel, second: Glass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("display.panel.WAY_SECONDS", 3_600)
    glass.go.clear()
    panel.show(1, picture(1))
    behind.show(1, picture(1))
    assert glass.writing.wait(PATIENCE)
    behind.show(2, picture(2))
    assert not second.writing.wait(0.05)
    glass.go.set()
    until(lambda: second.seen == [picture(2).tobytes()], "the latest did not come after it")
    assert glass.seen == [picture(1).tobytes()]
    glass.broken = True
    panel.show(3, picture(3))
    behind.show(3, picture(3))
    until(lambda: second.seen[-1] == picture(3).tobytes(), "a lost panel holds nobody up")


def test_a_panel_that_hangs_is_let_go_first_only_so_long(panel: Panel, glass: Glass, behind: Panel, second: Glass) -> None:
    glass.go.clear()
    panel.show(1, picture(1))
    behind.show(1, picture(1))
    until(lambda: second.seen == [picture(1).tobytes()], "it waits for ever")
    assert glass.seen == []


def test_a_lost_panel_comes_back_and_shows_the_latest(panel: Panel, glass: Glass, told: Told) -> None:
    panel.start()
    panel.show(1, picture(1))
    until(lambda: panel.picture() == 1, "not shown")
    glass.broken = True
    panel.show(2, picture(2))
    until(lambda: panel.picture() == 2, "a lost panel must not hold up the number")
    panel.show(3, picture(3))
    assert panel.picture() == 3
    until(lambda: glass.closed >= 3, "not tried again")
    glass.broken = False
    until(lambda: glass.seen[-1] == picture(3).tobytes(), "not painted anew")
    assert told.words == ["back", "lost: OSError: [Errno 6] no panel", "back"]
    assert panel.picture() == 3


def test_a_panel_that_never_was_is_lost_once(panel: Panel, glass: Glass, told: Told) -> None:
    glass.broken = True
    panel.show(7, picture(7))
    panel.start()
    until(lambda: glass.closed >= 3, "not tried again")
    assert [words[:4] for words in told.words] == ["lost"]
    assert panel.picture() == 7


def test_an_idle_panel_that_is_pulled_out_is_noticed(panel: Panel, glass: Glass, told: Told) -> None:
    panel.start()
    panel.show(1, picture(1))
    until(lambda: panel.picture() == 1, "not shown")
    glass.broken = True
    until(lambda: len(told.words) == 2, "nobody noticed")
    glass.broken = False
    until(lambda: glass.seen == [picture(1).tobytes()] * 2, "not painted anew")
    assert glass.checked >= 1


def test_stop_closes_the_glass_and_start_begins_again(panel: Panel, glass: Glass) -> None:
    panel.start()
    panel.show(1, picture(1))
    until(lambda: panel.picture() == 1, "not shown")
    panel.stop()
    assert glass.closed == 1
    panel.start()
    until(lambda: len(glass.seen) == 2, "not painted after the new start")


def test_who_waits_for_a_picture_hears_of_it_and_not_too_early(panel: Panel, glass: Glass) -> None:
    glass.go.clear()
    panel.start()
    panel.show(5, picture(5))
    assert glass.writing.wait(PATIENCE)
    assert not panel.wait_for(5, 0.0)
    threading.Timer(0.01, glass.go.set).start()
    assert panel.wait_for(5, PATIENCE)
    assert glass.seen == [picture(5).tobytes()]


def test_who_waits_for_a_panel_that_is_not_there_does_not_wait_long(panel: Panel, glass: Glass) -> None:
    glass.broken = True
    panel.show(5, picture(5))
    panel.start()
    assert panel.wait_for(5, PATIENCE)
    assert glass.seen == []


# ---- nobody there ----


class Hours:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hours() -> Hours:
    return Hours()


@pytest.fixture
def spared(glass: Glass, told: Told, hours: Hours, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setattr("display.panel.IDLE_SECONDS", 0.01)  # these hours do not wait for a second to go by
    panel = Panel(glass, on_lost=told.lost, on_back=told.back, care=Care(), clock=hours)
    panel.start()
    panel.show(1, MIDDLE)
    until(lambda: panel.picture() == 1, "not shown")
    yield panel
    panel.stop()


MIDDLE = Image.new("1", (128, 64))
MIDDLE.paste(1, (20, 20, 60, 40))


def seen_at(seconds: float) -> bytes:
    """`MIDDLE` as it is shown then to nobody."""
    return moved(MIDDLE, look(Care(), seconds, 0.0).offset).tobytes()


def test_a_picture_that_nobody_looks_at_moves_and_is_dimmed(spared: Panel, glass: Glass, hours: Hours) -> None:
    spared.spare(Care(dim_seconds=1_200))
    for seconds in (300, 600, 900):
        hours.now = seconds
        until(lambda: glass.seen[-1] == seen_at(hours.now), f"not moved after {seconds} s")
    assert len({*glass.seen}) == len(glass.seen) == 4
    assert glass.contrasts == []
    hours.now = 1_200
    until(lambda: glass.contrasts == [Care().dim_contrast], "not dimmed")
    assert spared.picture() == 1  # it is the same picture: no press is stale


def test_a_touch_wakes_it_at_once_and_the_next_picture_stands_in_the_same_place(
    spared: Panel, glass: Glass, hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours.now = 660
    until(lambda: glass.contrasts == [16] and glass.seen[-1] == seen_at(660), "neither dimmed nor moved")
    monkeypatch.setattr("display.panel.IDLE_SECONDS", 3_600)  # nothing comes by waiting from the next picture on
    spared.show(2, MIDDLE.copy())  # the clock, and not a person
    until(lambda: spared.picture() == 2, "not shown")
    assert glass.seen[-1] == seen_at(660)
    shown = len(glass.seen)
    spared.touch()
    until(lambda: glass.contrasts == [16, None], "not woken")
    assert len(glass.seen) == shown  # what is there does not move in front of a person, and delays no picture
    spared.show(3, MIDDLE.copy())
    until(lambda: spared.picture() == 3, "not shown")
    assert glass.seen[-1] == seen_at(660)


def test_where_somebody_comes_in_time_the_picture_moves_with_the_next_one(spared: Panel, glass: Glass, hours: Hours) -> None:
    """Which would be sent anyway."""
    hours.now = 290
    spared.touch()
    hours.now = 310  # the place is another by now, and somebody was here just before
    spared.show(2, MIDDLE.copy())
    until(lambda: spared.picture() == 2, "not shown")
    assert glass.seen == [MIDDLE.tobytes()] * 2
    spared.touch()
    looked = glass.checked
    until(lambda: glass.checked > looked + 1, "not looked at")
    assert len(glass.seen) == 2  # what is there does not move in front of a person
    spared.show(3, MIDDLE.copy())
    until(lambda: spared.picture() == 3, "not shown")
    assert glass.seen[2:] == [seen_at(310)] != [MIDDLE.tobytes()]


def test_a_panel_is_spared_from_the_moment_that_the_settings_are_known(spared: Panel, glass: Glass, hours: Hours) -> None:
    spared.spare(Care(dim_seconds=5, dim_contrast=3, shift_seconds=0))
    hours.now = 5
    until(lambda: glass.contrasts == [3], "not dimmed")
    assert len(glass.seen) == 1


def test_a_panel_that_comes_back_at_night_is_as_dark_as_before(spared: Panel, glass: Glass, hours: Hours) -> None:
    hours.now = 660
    until(lambda: glass.contrasts == [16], "not dimmed")
    glass.broken = True
    until(lambda: glass.closed >= 2, "not noticed")
    glass.broken = False
    until(lambda: glass.contrasts == [16, 16] and glass.seen[-1] == seen_at(660), "neither dimmed nor moved again")


# ---- two faces ----

WORDS = Image.new("1", (128, 64))
WORDS.paste(1, (0, 50, 128, 60))


def shown_last(glass: Glass, image: Image.Image) -> Callable[[], bool]:
    return lambda: glass.seen[-1:] == [image.tobytes()]


@pytest.fixture
def turning(glass: Glass, told: Told, hours: Hours, monkeypatch: pytest.MonkeyPatch) -> Iterator[Panel]:
    monkeypatch.setattr("display.panel.IDLE_SECONDS", 0.01)
    panel = Panel(glass, on_lost=told.lost, on_back=told.back, clock=hours)
    panel.start()
    yield panel
    panel.stop()


def test_two_faces_of_a_picture_take_turns_and_are_one_picture(turning: Panel, glass: Glass, hours: Hours) -> None:
    turning.show(1, MIDDLE, WORDS)
    for turn in range(5):
        hours.now = turn * turns.SECONDS
        until(shown_last(glass, (MIDDLE, WORDS)[turn % 2]), f"face {turn} did not come")
        assert turning.picture() == 1
    assert len(glass.seen) == 5


def test_the_next_picture_begins_with_its_first_face(turning: Panel, glass: Glass, hours: Hours) -> None:
    turning.show(1, MIDDLE, WORDS)
    hours.now = turns.SECONDS
    until(shown_last(glass, WORDS), "the second face did not come")
    turning.show(2, picture(2), WORDS)
    assert turning.wait_for(2, PATIENCE)
    assert glass.seen[-1] == picture(2).tobytes()


def test_a_countdown_comes_to_its_second_face(turning: Panel, glass: Glass, hours: Hours) -> None:
    for second in range(3):
        hours.now = float(second)
        turning.show(second + 1, picture(second), WORDS, ticks=True)
        assert turning.wait_for(second + 1, PATIENCE)
        assert glass.seen[-1] == picture(second).tobytes()
    hours.now = 3.0
    turning.show(4, picture(3), WORDS, ticks=True)
    assert turning.wait_for(4, PATIENCE)
    assert glass.seen[-1] == WORDS.tobytes()


def test_without_a_clock_of_its_own_the_other_face_comes_in_time(panel: Panel, glass: Glass) -> None:
    """The thread waits for the turn, not for the next look at an idle panel."""
    panel.start()
    began = time.monotonic()
    panel.show(1, MIDDLE, WORDS)
    until(lambda: len(glass.seen) == 2, "the second face did not come")
    assert turns.SECONDS <= time.monotonic() - began < turns.SECONDS + 0.4


# ---- the real luma.oled, in a process of its own, on an emulated bus ----


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("board"))


class Counter:
    """A panel on a bus, and the program that draws on it."""

    def __init__(self, board: Board, library: Path, folder: Path) -> None:
        self.board, self.folder, self.environment = board, folder, board.environment(library)
        self.bus, self.panel = I2cBus(), Ssd1306()
        self.bus.chips[0x3C] = self.panel
        board.add(BUS, self.bus)

    def start(self) -> Program:
        return Program(Path(__file__).with_name("panel_program.py"), environment=self.environment, folder=self.folder)

    def shows(self, number: int) -> bool:
        return self.panel.image().tobytes() == picture(number).tobytes()


@pytest.fixture
def counter(library: Path, tmp_path: Path) -> Iterator[Counter]:
    with Board(tmp_path / "board.sock") as board:
        yield Counter(board, library, tmp_path)


def test_pictures_on_a_real_bus(counter: Counter) -> None:
    counter.bus.hertz = 400_000
    with counter.start() as program:
        program.expect(back=True)
        took = []
        for number in range(1, 21):
            program.tell(f"show {number * 97}")
            took.append(program.expect(picture=number * 97)["took"])
            assert counter.shows(number * 97)
        program.tell("all")
        whole = program.expect(picture=9999)["took"]
        print("show to last byte at 400 kHz, ms: a change", round(sorted(took)[10] * 1000, 2), "all", round(whole * 1000, 1))
        assert counter.panel.mistakes == []
        assert program.stop() == 0
    assert counter.panel.read(1) == b"\x40"  # off, and nothing left in its memory
    assert not any(counter.panel.memory)


@pytest.mark.parametrize("error", [errno.EREMOTEIO, errno.ENXIO, errno.EIO])
def test_an_unplugged_panel_comes_back_with_the_latest_picture(counter: Counter, error: int) -> None:
    with counter.start() as program:
        program.expect(back=True)
        program.tell("show 100")
        program.expect(picture=100)
        counter.bus.fault = error
        program.tell("show 200")
        program.expect(picture=200)
        program.until(lambda: program.count(lost=True) == 1, "the loss was not told")
        counter.panel.power_on()
        counter.bus.fault = None
        program.until(lambda: program.count(back=True) == 2, "it did not come back")
        until(lambda: counter.shows(200), "not painted anew")
        program.tell("show 300")
        program.expect(picture=300)
        assert counter.shows(300)
        assert program.count(lost=True) == 1


def test_a_panel_that_lost_its_power_while_idle_is_painted_anew(counter: Counter) -> None:
    with counter.start() as program:
        program.expect(back=True)
        program.tell("show 100")
        program.expect(picture=100)
        counter.panel.power_on()
        until(lambda: counter.shows(100), "it stayed dark")
        program.until(lambda: program.count(back=True) == 2, "its return was not told")
        assert "PanelForgot" in program.expect(lost=True)["why"]


def test_on_the_glass_the_picture_is_moved_and_dimmed_until_somebody_comes(counter: Counter) -> None:
    contrast = 0x81
    with counter.start() as program:
        program.expect(back=True)
        program.tell("show 4000")
        program.expect(picture=4000)
        full = counter.panel.settings[contrast]
        for seconds in (600, 900, 1_200):
            program.tell(f"at {seconds}")
            wanted = moved(picture(4000), look(Care(), seconds, 0.0).offset)
            until(lambda wanted=wanted: counter.panel.image().tobytes() == wanted.tobytes(), f"not moved after {seconds} s")  # type: ignore[misc]
            assert not counter.shows(4000)
        until(lambda: counter.panel.settings[contrast] == Care().dim_contrast < full, "not dimmed")
        program.tell("touch")
        until(lambda: counter.panel.settings[contrast] == full, "not woken")
        program.tell("show 4001")
        program.expect(picture=4001)
        assert counter.panel.image().tobytes() == moved(picture(4001), look(Care(), 1_200, 1_200).offset).tobytes()
        assert counter.panel.mistakes == []
        assert program.stop() == 0


def test_a_bus_that_is_not_there(counter: Counter) -> None:
    counter.board.remove(BUS)
    with counter.start() as program:
        assert "PanelMissing: No panel answers at 0x3c of /dev/i2c-1" in program.expect(lost=True)["why"]
        program.tell("show 100")
        program.expect(picture=100)  # the shop goes on blind
        counter.board.add(BUS, counter.bus)
        program.expect(back=True)
        until(lambda: counter.shows(100), "not painted")
        assert program.count(lost=True) == 1
