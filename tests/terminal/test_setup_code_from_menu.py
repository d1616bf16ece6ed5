"""Staff show a Wi-Fi code to a paired terminal, and close the shop; nobody else's code is heeded."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from counter_desk import JANA, Counter

from display.screens import MenuItem
from sync import setup_codes
from sync.setup_codes import Wifi
from terminal import faces, states
from terminal.inputs import UpdateNews
from terminal.wifi import Answer, Outcome, Request

PASSWORD = "a long password"
NETWORK = setup_codes.in_digits(setup_codes.wifi(Wifi("shop", PASSWORD))).removeprefix(setup_codes.CALIBRATION)


def open_item(counter: Counter, item: MenuItem) -> None:
    counter.wait(60_000)
    counter.hold("▸")
    counter.press("▸" * faces.MENU.index(item))
    counter.press("+")


class Root:
    """Root's part, answering before it is asked twice: the daemon sees the answer at its next look."""

    def __init__(self, folder: Path, outcome: Outcome) -> None:
        self.folder, self.outcome, self.asked = folder, outcome, list[Request]()

    async def serve(self) -> None:
        import asyncio

        while not (self.folder / "wifi").exists():
            await asyncio.sleep(0.001)
        self.asked.append(msgspec.json.decode((self.folder / "wifi").read_bytes(), type=Request))
        (self.folder / "wifi.answer").write_bytes(msgspec.json.encode(Answer(self.outcome)))


@pytest.fixture
def requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(folder))
    return folder


def shown(counter: Counter, root: Root, code: str) -> None:
    """A code, while root is there to answer."""

    async def begin() -> None:
        import asyncio

        counter.serving_root = asyncio.get_running_loop().create_task(root.serve())  # type: ignore[attr-defined]

    counter.run(begin())
    counter.scan(code)


def test_staff_bring_the_terminal_into_another_network(tmp_path: Path, requests: Path) -> None:
    root = Root(requests, Outcome.JOINED)
    with Counter(tmp_path) as counter:
        open_item(counter, MenuItem.SETUP)
        assert "Ukážte kód" in counter.screen
        shown(counter, root, NETWORK)
        assert "shop" in counter.screen
        assert root.asked == [Request("shop", PASSWORD, False)]
        counter.press("×")
        assert "Wi-Fi kód" in counter.screen
    assert PASSWORD not in str(counter.shown)
    assert not (requests / "wifi").exists()


def test_a_network_that_cannot_be_joined_is_said_to_be_so(tmp_path: Path, requests: Path) -> None:
    with Counter(tmp_path) as counter:
        open_item(counter, MenuItem.SETUP)
        before = len(counter.shown)
        shown(counter, Root(requests, Outcome.PASSWORD), NETWORK)
        assert len(counter.shown) > before
        assert isinstance(counter.daemon.state.mode, states.Setup)
        for code in (JANA, "WIFI:S:cut", setup_codes.pairing("1234-5678-9015")):
            counter.scan(code)
            assert isinstance(counter.daemon.state.mode, states.Setup), code
        counter.wait(states.SETUP_MS + 1)
        assert isinstance(counter.daemon.state.mode, states.Idle)


def test_nobody_asked_for_a_code_so_it_is_a_strangers_card(tmp_path: Path, requests: Path) -> None:
    with Counter(tmp_path) as counter:
        counter.scan(NETWORK)
        assert "Neznáma karta" in counter.screen
        assert list(requests.iterdir()) == []


def test_without_staff_nobody_changes_the_network(tmp_path: Path, requests: Path) -> None:
    with Counter(tmp_path, staff=False) as counter:
        open_item(counter, MenuItem.SETUP)
        assert "Najprv prihlásenie" in counter.screen or "prihlás" in counter.screen.lower()
        counter.scan(NETWORK)
        assert list(requests.iterdir()) == []


def test_closing_the_shop_says_good_night_and_lets_an_update_in(tmp_path: Path) -> None:
    with Counter(tmp_path) as counter:
        closed: list[bool] = []
        counter.daemon.on_close = lambda: closed.append(True)
        open_item(counter, MenuItem.CLOSE)
        assert "Dobrú noc" in counter.screen
        assert closed == [True]
        counter.wait(5_000)
        assert counter.daemon.idle
        counter.tell(UpdateNews("1.4.2"))
        assert "1.4.2" in counter.screen
        counter.scan(JANA)  # whoever comes all the same is served
        assert "Jana K." in counter.screen
        assert not counter.daemon.idle
        counter.wait(60_000)
        counter.tell(UpdateNews(""))
        assert "Kaviareň Bodka" in counter.screen
