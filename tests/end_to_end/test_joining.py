"""From a blank card to the first tap: an unpaired daemon on real protocols, a real cloud, three ways to become somebody's."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from html import unescape
from pathlib import Path

import httpx
import pytest
from cafe import JANA, JANA_TAG, stamp_card

from display.screens import (
    CodeTrouble,
    DeviceTest,
    Message,
    Notice,
    Pairing,
    PairingTrouble,
    Task,
    Unpaired,
    WifiJoined,
)
from emulators import xkb
from emulators.hardware import Hardware
from emulators.nfc_tags import Type2Tag, text_message
from emulators.power_plug import cuts
from shop import Cloud, Shop, rows, until
from sync import pairing as pairings
from sync import setup_codes, setup_file
from sync.pairing import Pairing as Paired
from sync.setup_codes import Wifi
from sync.setup_file import SetupFile, WifiTable
from terminal import membership, setup_unit, wifi_unit
from terminal.settings import Cloud as CloudTable

pytestmark = pytest.mark.xdist_group("end_to_end")

WORKING = ("scanner", "pad", "nfc", "chip", "buttons", "signals")
PASSWORD = "a long password"


class Root:
    """Plays systemd and root's part on this terminal: folders for requests and credentials, and the units' programs."""

    def __init__(self, folder: Path) -> None:
        self.requests, self.card, self.credentials = folder / "run", folder / "boot", folder / "credentials"
        self.connections = folder / "connections"
        for place in (self.requests, self.card, self.connections):
            place.mkdir()
        self.file = self.card / setup_file.FILE_NAME
        self.told: list[list[str]] = []

    def environment(self) -> dict[str, str]:
        return {"RUNTIME_DIRECTORY": str(self.requests), "CREDENTIALS_DIRECTORY": str(self.credentials)}

    def setup(self) -> str:
        return setup_unit.serve(setup_unit.Places(self.requests, (self.card,), self.credentials))

    def wifi(self) -> None:
        until(lambda: (self.requests / "wifi").exists(), lambda: "nobody asked for Wi-Fi")
        wifi_unit.serve(wifi_unit.Places(self.requests, self.connections), self._tell)

    def _tell(self, command: list[str]) -> tuple[int, str]:
        self.told.append(command)
        return 0, ""


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


@pytest.fixture
def shop(tmp_path: Path, sample: Path, root: Root) -> Iterator[Shop]:
    """A shop with a terminal out of its box: nobody's yet, and not switched on."""
    with Hardware(tmp_path) as hardware:
        shop = Shop(tmp_path, hardware, sample=sample)
        shop.surroundings = root.environment()
        try:
            yield shop
        finally:
            shop.close()


class Merchant:
    """The owner at the portal, in a browser."""

    def __init__(self, shop: Shop) -> None:
        self.page = httpx.Client(base_url=shop.cloud.url, follow_redirects=True)
        link = shop.cloud.says("owner", "--email", "jana@example.com", "--public-url", shop.cloud.url).strip()
        self.page.post(link, data={"password": PASSWORD})
        self.send("/portal/login", "/portal/login", email="jana@example.com", password=PASSWORD)

    def send(self, page: str, to: str, **fields: str) -> str:
        token = re.search(r'name="form_token" value="([^"]+)"', self.page.get(page).text)
        assert token
        answer = self.page.post(to, data={"form_token": token[1], **fields})
        assert answer.status_code == 200, answer.text
        return answer.text

    def makes_a_code(self) -> str:
        """What stands beside the QR code, for tags; the QR code says the same in digits."""
        words = re.search(r"as text: <code>([^<]+)</code>", self.send("/portal/pair", "/portal/pair/code", device="till"))
        assert words
        return unescape(words[1])


@pytest.fixture
def merchant(shop: Shop) -> Iterator[Merchant]:
    merchant = Merchant(shop)
    with closing(merchant.page):
        yield merchant


def it_is_tried_and_serves(shop: Shop) -> None:
    """What follows when the terminal has become somebody's."""
    shop.shows(DeviceTest(Task.PRESS, 1, 10, "+"))
    daemon = shop.daemon
    assert daemon is not None
    until(lambda: all(daemon.works(device) == 2 for device in WORKING), shop.story)  # opened anew by whoever serves now
    shop.press("award")
    shop.shows(DeviceTest(Task.PRESS, 2, 10, "−"))
    shop.press("cancel")
    shop.shows_idle()
    shop.tap(Type2Tag(JANA_TAG))
    shop.shows(stamp_card("Jana K.", 7))
    shop.lift()


def test_its_scanner_reads_the_portals_codes_in_a_layout_that_nobody_set(shop: Shop, merchant: Merchant, root: Root) -> None:
    digits = setup_codes.in_digits(merchant.makes_a_code())
    network = setup_codes.in_digits(setup_codes.wifi(Wifi("café", PASSWORD, hidden=True)))
    shop.start(devices=WORKING)
    shop.hardware.scanner.strokes(xkb.strokes(network + "\n", "sk"))
    root.wifi()
    shop.shows(WifiJoined("café"))
    assert "hidden=true" in (root.connections / "bodka.nmconnection").read_text()
    shop.hardware.scanner.strokes(xkb.strokes(digits + "\n", "sk"))
    it_is_tried_and_serves(shop)
    assert (shop.state / "scanner-layouts.json").exists()
    shop.press("cancel")
    # A paired terminal takes such a code for a stranger's card.
    shop.hardware.scanner.strokes(xkb.strokes(setup_codes.in_digits(merchant.makes_a_code()) + "\n", "sk"))
    shop.shows(Notice(Message.NOT_OUR_CARD))
    assert len(terminals(shop.cloud)) == 1


def test_a_tag_is_held_to_it_and_a_wrong_code_says_so(shop: Shop) -> None:
    code = shop.cloud.says("pairing-code").strip()
    shop.start(devices=WORKING)
    shop.scan("BODKA:C:123456789015;;")
    shop.shows(PairingTrouble(CodeTrouble.WRONG))
    shop.scan(JANA)
    shop.shows(Unpaired())
    shop.tap(Type2Tag(JANA_TAG, text_message(setup_codes.pairing(code))))
    shop.shows(DeviceTest(Task.PRESS, 1, 10, "+"))
    shop.lift()
    it_is_tried_and_serves(shop)


def test_the_merchant_types_what_the_panel_shows(shop: Shop, merchant: Merchant) -> None:
    shop.start(devices=WORKING)
    code = shown_code(shop)
    merchant.send("/portal/pair", "/portal/pair/shown", code=code, device="till")
    it_is_tried_and_serves(shop)


def test_a_card_of_a_fleet_pairs_at_the_first_start_and_is_emptied(shop: Shop, root: Root) -> None:
    code = shop.cloud.says("pairing-codes", "--count", "1", "--csv").splitlines()[1].split(",")[2]
    root.file.write_text(setup_file.write(SetupFile(code, "", "till 7", WifiTable("shop", PASSWORD))))
    assert "there is one" in root.setup()
    shop.start(devices=())
    root.wifi()
    shop.shows(WifiJoined("shop"), DeviceTest(Task.PRESS, 1, 10, "+"))
    it_is_tried_and_serves(shop)
    assert [command[:3] for command in root.told] == [["nmcli", "connection", "reload"], ["nmcli", "--wait", "45"]]
    assert "psk=a\\slong\\spassword" in (root.connections / "bodka.nmconnection").read_text()
    assert PASSWORD not in str(root.told)
    assert shop.daemon is not None
    assert PASSWORD not in shop.daemon.text
    assert code not in shop.daemon.text

    # The power is cut before anybody has emptied the file: it pairs nobody twice, and is emptied at the next start.
    assert (root.requests / "setup-done").exists()
    shop.daemon.kill()
    (root.requests / "setup-done").unlink()
    assert "there is one" in root.setup()
    shop.start()
    shop.shows_idle()
    until((root.requests / "setup-done").exists, lambda: "nobody asked for the file to be emptied")
    assert "emptied" in root.setup()
    assert root.file.read_bytes() == b""
    assert not (root.credentials / "bodka.pairing").exists()
    assert [one["device"] for one in terminals(shop.cloud)] == ["till 7"]


def test_a_power_cut_anywhere_in_the_pairing_neither_pairs_twice_nor_locks_the_shop_out(tmp_path: Path, sample: Path) -> None:
    """From the device's key over the cloud's answer to the file: whatever was done, doing it again ends it."""
    cloud, state = Cloud(tmp_path), tmp_path / "state"
    cloud.fill(sample)
    cloud.start()
    try:
        codes = [line.split(",")[2] for line in cloud.says("pairing-codes", "--count", "30", "--csv").splitlines()[1:]]

        def prepare() -> None:
            shutil.rmtree(state, ignore_errors=True)
            state.mkdir()

        def join() -> Paired:
            return asyncio.run(membership.join(CloudTable(cloud.url), state, codes[0], "till"))

        before = len(terminals(cloud))
        cut = 0
        for cut in cuts(join, prepare):
            paired = join() if pairings.load(state) is None else pairings.load(state)
            assert paired is not None
            assert paired.paired_by == setup_file.fingerprint(codes[0])
            assert len(terminals(cloud)) == before + cut + 1
            codes.pop(0)
        assert cut >= 6
    finally:
        cloud.kill()


def terminals(cloud: Cloud) -> list[dict[str, str]]:
    """The terminals that the cloud knows."""
    with sqlite3.connect(cloud.database) as database:
        database.row_factory = sqlite3.Row
        rows = database.execute("SELECT device FROM identity WHERE public_key IS NOT NULL").fetchall()
    database.close()
    return [dict(row) for row in rows]


LETTERS = "BCDFGHJKLMNPQRSTVWXZ"


def shown_code(shop: Shop) -> str:
    """What a person reads off the glass beside the QR code, letter by letter."""
    found: list[str] = []

    def read() -> bool:
        glass = shop.glass()
        found[:] = [
            letter
            for shapes in letters()
            for letter in LETTERS
            if all(glass[y][x] == dot for (x, y), dot in shapes[letter].items())
        ]
        return len(found) == len(letters())

    until(read, lambda: f"no code is shown.\n{shop.story()}")
    return "".join(found)


@cache
def letters() -> list[dict[str, dict[tuple[int, int], str]]]:
    """For each place of the code, the dots by which its letters differ, and each letter's."""
    places = []
    for place in range(8):
        pictures = {letter: rows(Pairing(_with("BBBBBBBB", place, letter), "HTTPS://CLOUD.EXAMPLE")) for letter in LETTERS}
        dots = [(x, y) for y in range(64) for x in range(128) if len({picture[y][x] for picture in pictures.values()}) > 1]
        places.append({letter: {(x, y): picture[y][x] for x, y in dots} for letter, picture in pictures.items()})
    return places


def _with(code: str, place: int, letter: str) -> str:
    changed = code[:place] + letter + code[place + 1 :]
    return f"{changed[:4]}-{changed[4:]}"
