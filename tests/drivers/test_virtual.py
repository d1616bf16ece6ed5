"""Virtual devices under the real `supervise`, driven as a front end drives them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from drivers.events import (
    HOLD_MS,
    MAX_CARD_TEXT,
    PAD_KEYS,
    Button,
    ButtonHeld,
    ButtonPressed,
    ButtonReleased,
    CardGone,
    CardSeen,
    CardTrouble,
    DeviceBack,
    DeviceLost,
    Event,
    Form,
    Medium,
    PadKey,
    Trouble,
)
from drivers.supervise import supervise
from drivers.virtual import NoSuchDevice, NotAUid, VirtualDevices
from drivers.virtual_devices import (
    DARK,
    ButtonMoved,
    CardMoved,
    News,
    NoSuchKey,
    PanelShows,
    PlugMoved,
    SignalsPlay,
    Unplugged,
)

NOW, PICTURE = 1_000, 7


@dataclass
class Alarm:
    """A timer that the test lets go off."""

    seconds: float
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Counter:
    """The devices, what they said, and what they told."""

    devices: VirtualDevices
    alarms: list[Alarm]
    events: list[Event] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self._heard.set()

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not wanted():
                self._heard.clear()
                await self._heard.wait()

    def said(self) -> list[Event]:
        said, self.events = self.events, []
        return said


@asynccontextmanager
async def counter() -> AsyncIterator[Counter]:
    alarms: list[Alarm] = []

    def later(seconds: float, call: Callable[[], None]) -> Alarm:
        alarms.append(Alarm(seconds, call))
        return alarms[-1]

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    it = Counter(VirtualDevices(lambda: NOW, lambda: PICTURE, later=later), alarms)
    it.devices.watch(it.news.append)
    tasks = [
        asyncio.create_task(supervise(device, it.emit, clock=lambda: NOW, sleep=at_once)) for device in it.devices.supervised
    ]
    try:
        await it.until(lambda: len(it.events) == len(tasks))
        assert all(isinstance(event, DeviceBack) for event in it.said())
        await asyncio.sleep(0)  # every device's `run` has begun
        yield it
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def a_scan_is_seen_once() -> None:
    async with counter() as it:
        it.devices.scan("2100000000012")
        assert it.said() == [CardSeen("scanner", Medium.BARCODE, Form.NUMBER, "2100000000012", NOW)]


async def bad_scans_are_troubles() -> None:
    async with counter() as it:
        it.devices.scan("7" * (MAX_CARD_TEXT + 1))
        it.devices.scan("  ")
        it.devices.trouble("scanner", Trouble.UNREADABLE)
        assert it.said() == [
            CardTrouble("scanner", Medium.BARCODE, Trouble.TOO_LONG, NOW),
            CardTrouble("scanner", Medium.BARCODE, Trouble.UNREADABLE, NOW),
            CardTrouble("scanner", Medium.BARCODE, Trouble.UNREADABLE, NOW),
        ]


async def a_tapped_card_gives_its_uid_or_what_is_written_on_it() -> None:
    async with counter() as it:
        it.devices.tap("04a1b2c3d4e5f6")
        it.devices.untap()
        it.devices.untap()
        it.devices.tap("04a1b2c3d4e5f6", "2100000000012")
        assert it.said() == [
            CardSeen("nfc", Medium.NFC, Form.UID, "04a1b2c3d4e5f6", NOW),
            CardGone("nfc", Medium.NFC, NOW),
            CardSeen("nfc", Medium.NFC, Form.NUMBER, "2100000000012", NOW),
        ]
        assert [one.there for one in it.news if isinstance(one, CardMoved)] == [True, False, True]


async def a_random_uid_is_no_identity_and_two_cards_are_too_many() -> None:
    async with counter() as it:
        it.devices.tap("08a1b2c3")
        it.devices.tap("04a1b2c3")
        assert [event.trouble for event in it.said() if isinstance(event, CardTrouble)] == [
            Trouble.RANDOM_UID,
            Trouble.TWO_CARDS,
        ]


async def a_chip_card_stays_until_it_is_withdrawn() -> None:
    async with counter() as it:
        it.devices.insert("2100000000012")
        assert it.devices.chip.occupied
        it.devices.withdraw()
        assert it.said() == [
            CardSeen("chip", Medium.CHIP, Form.NUMBER, "2100000000012", NOW),
            CardGone("chip", Medium.CHIP, NOW),
        ]


async def a_card_in_a_reader_that_is_plugged_back_is_seen_again() -> None:
    async with counter() as it:
        it.devices.insert("2100000000012")
        it.devices.plug("chip", on=False)
        await it.until(lambda: any(isinstance(event, DeviceLost) for event in it.events))
        it.said()
        it.devices.plug("chip", on=True)
        await it.until(lambda: any(isinstance(event, CardSeen) for event in it.events))
        assert [type(event) for event in it.said()] == [DeviceBack, CardSeen]


async def what_happens_to_an_unplugged_device_is_lost() -> None:
    async with counter() as it:
        for device in it.devices.plugs:
            it.devices.plug(device, on=False)
        it.devices.scan("2100000000012")
        it.devices.tap("04a1b2c3")
        it.devices.untap()
        it.devices.insert("1")
        it.devices.withdraw()
        it.devices.trouble("nfc", Trouble.BANK_CARD)
        it.devices.press(Button.AWARD)
        it.devices.release(Button.AWARD)
        it.devices.key("7")
        it.devices.signals.play(((True, False, 880, 90, 50),))
        assert it.said() == []
        assert not [one for one in it.news if isinstance(one, SignalsPlay | ButtonMoved)]
        assert not any(it.devices.plugs.values())


async def an_unplugged_device_is_lost_once_and_works_when_it_is_back() -> None:
    async with counter() as it:
        it.devices.plug("scanner", on=False)
        await it.until(lambda: bool(it.events))
        for _ in range(50):  # supervise tries again and again meanwhile
            await asyncio.sleep(0)
        lost = it.said()
        assert len(lost) == 1
        assert isinstance(lost[0], DeviceLost)
        assert "plug it in again" in lost[0].why
        it.devices.plug("scanner", on=True)
        await it.until(lambda: bool(it.events))
        assert it.said() == [DeviceBack("scanner", NOW)]
        await asyncio.sleep(0)
        it.devices.scan("1")
        assert len(it.said()) == 1
        assert [one for one in it.news if isinstance(one, PlugMoved)] == [
            PlugMoved("scanner", on=False),
            PlugMoved("scanner", on=True),
        ]


async def a_button_is_pressed_held_and_released() -> None:
    async with counter() as it:
        it.devices.press(Button.CANCEL)
        it.devices.press(Button.CANCEL)
        assert it.said() == [ButtonPressed("buttons", Button.CANCEL, PICTURE, NOW)]
        assert it.devices.buttons.down == {Button.CANCEL}
        (alarm,) = it.alarms
        assert alarm.seconds * 1000 == HOLD_MS
        alarm.call()
        it.devices.release(Button.CANCEL)
        it.devices.release(Button.CANCEL)
        assert it.said() == [
            ButtonHeld("buttons", Button.CANCEL, PICTURE, NOW),
            ButtonReleased("buttons", Button.CANCEL, NOW),
        ]
        assert it.alarms[0].cancelled


async def a_button_that_is_down_when_the_cable_is_pulled_comes_up() -> None:
    async with counter() as it:
        it.devices.press(Button.AWARD)
        it.devices.plug("buttons", on=False)
        await it.until(lambda: any(isinstance(event, DeviceLost) for event in it.events))
        assert [type(event) for event in it.said()] == [ButtonPressed, ButtonReleased, DeviceLost]
        assert it.alarms[0].cancelled


async def the_pad_types_its_keys() -> None:
    async with counter() as it:
        for key in sorted(PAD_KEYS):
            it.devices.key(key)
        assert it.said() == [PadKey("pad", key, PICTURE, NOW) for key in sorted(PAD_KEYS)]
        with pytest.raises(NoSuchKey, match="the number pad has the keys"):
            it.devices.key("F1")


async def signals_are_told() -> None:
    async with counter() as it:
        steps = ((True, False, 1_319, 90, 50), (False, True, 0, 400, 16))
        it.devices.signals.play(steps)
        assert it.news == [SignalsPlay(steps)]


async def watching_ends() -> None:
    async with counter() as it:
        more: list[News] = []
        end = it.devices.watch(more.append)
        it.devices.signals.play(())
        end()
        it.devices.signals.play(())
        assert more == [SignalsPlay(())]
        assert len(it.news) == 2


@pytest.mark.parametrize(
    "scene",
    [
        a_scan_is_seen_once,
        bad_scans_are_troubles,
        a_tapped_card_gives_its_uid_or_what_is_written_on_it,
        a_random_uid_is_no_identity_and_two_cards_are_too_many,
        a_chip_card_stays_until_it_is_withdrawn,
        a_card_in_a_reader_that_is_plugged_back_is_seen_again,
        what_happens_to_an_unplugged_device_is_lost,
        an_unplugged_device_is_lost_once_and_works_when_it_is_back,
        a_button_is_pressed_held_and_released,
        a_button_that_is_down_when_the_cable_is_pulled_comes_up,
        the_pad_types_its_keys,
        signals_are_told,
        watching_ends,
    ],
)
def test_scene(scene: Callable[[], object]) -> None:
    asyncio.run(scene())  # type: ignore[arg-type]  # each is a coroutine function


def test_a_button_that_stays_down_is_held_by_the_loops_own_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.virtual_devices.HOLD_MS", 1)

    async def held() -> list[Event]:
        devices, events, enough = VirtualDevices(lambda: NOW, lambda: PICTURE), [], asyncio.Event()

        def emit(event: Event) -> None:
            events.append(event)
            if isinstance(event, ButtonHeld):
                enough.set()

        task = asyncio.create_task(devices.buttons.run(emit))
        await asyncio.sleep(0)
        devices.press(Button.NEXT)
        await asyncio.wait_for(enough.wait(), 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return events

    assert [type(event) for event in asyncio.run(held())] == [ButtonPressed, ButtonHeld, ButtonReleased]


@pytest.mark.parametrize("uid", ["", "04a1b2", "04A1B2C3", "04a1b2c3d4", "zzzzzzzz", "04a1b2c3d4e5f6a7b8c9d0"])
def test_a_uid_is_checked(uid: str) -> None:
    with pytest.raises(NotAUid):
        VirtualDevices(lambda: NOW, lambda: PICTURE).tap(uid)


def test_devices_that_are_not_there_are_named() -> None:
    devices = VirtualDevices(lambda: NOW, lambda: PICTURE)
    with pytest.raises(NoSuchDevice, match="no device is called till: scanner, nfc, chip, pad, buttons, signals, panel"):
        devices.plug("till", on=False)
    with pytest.raises(NoSuchDevice, match="no card reader is called pad"):
        devices.trouble("pad", Trouble.UNREADABLE)


@given(st.binary(min_size=1024, max_size=1024))
def test_the_glass_keeps_a_pictures_exact_bits(bits: bytes) -> None:
    devices, news = VirtualDevices(lambda: NOW, lambda: PICTURE), []
    devices.watch(news.append)
    devices.glass.open()
    picture = Image.frombytes("1", (128, 64), bits)
    devices.glass.write(picture)
    devices.glass.write(picture)
    assert devices.glass.shows == PanelShows(bits, 128, 64)
    assert news == [PanelShows(bits, 128, 64)] * 2


def test_two_glasses_are_told_apart() -> None:
    news: list[News] = []
    devices = VirtualDevices(lambda: NOW, lambda: PICTURE, panels=("panel", "staff panel"))
    devices.watch(news.append)
    customers, staffs = devices.glasses
    assert customers is devices.glass
    for glass in devices.glasses:
        glass.open()
    staffs.write(Image.new("1", (8, 1), 1))
    assert (customers.shows, staffs.shows) == (DARK, PanelShows(b"\xff", 8, 1, "staff panel"))
    devices.plug("staff panel", on=False)
    assert news[1:] == [PlugMoved("staff panel", False), PanelShows(b"", 0, 0, "staff panel")]
    assert devices.plugs["panel"]
    assert not devices.plugs["staff panel"]


def test_an_unplugged_glass_is_dark_and_says_so() -> None:
    devices = VirtualDevices(lambda: NOW, lambda: PICTURE)
    devices.glass.open()
    devices.glass.write(Image.new("1", (128, 64), 1))
    devices.plug("panel", on=False)
    assert devices.glass.shows == DARK
    for call in (devices.glass.open, devices.glass.check, lambda: devices.glass.write(Image.new("1", (8, 8)))):
        with pytest.raises(Unplugged, match="panel is unplugged"):
            call()
    devices.plug("panel", on=True)
    devices.glass.open()
    devices.glass.write(Image.new("1", (128, 64), 1))
    devices.glass.close()
    assert devices.glass.shows == DARK
