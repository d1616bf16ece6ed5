"""A panel for the customer and one for staff, on one bus: real luma, two controllers, and the daemon as it is in a shop."""

from __future__ import annotations

import subprocess
import time

import pytest
from cafe import EVA, JANA

from display.glass import USUAL
from display.screens import (
    Balance,
    Devices,
    DeviceTest,
    Done,
    Idle,
    Menu,
    MenuItem,
    Message,
    NewCard,
    Notice,
    Points,
    RewardChoice,
    Screen,
    StampCard,
    Task,
)
from display.starting import starting
from emulators.hardware import PANEL_ADDRESS, STAFF_ADDRESS
from emulators.nfc_tags import Type2Tag
from shop import DEVICES, NAME, Shop, command, drawn, environment, picture, rows, until
from terminal.settings import read

pytestmark = pytest.mark.xdist_group("end_to_end")

BLANK = "2100000000067"
COFFEE = "Káva zadarmo"
CARD = StampCard("Jana K.", 7, 10, COFFEE, more=True, until="kávy")
POINTS = Balance(Points(1_240_000), "Jana K.", "zlatá", more=True)
CAKE = RewardChoice(1, 3, "Koláč", Points(500_000), Points(740_000))
MUG = RewardChoice(2, 3, "Hrnček", Points(900_000), Points(340_000))


@pytest.fixture
def shop(shop_with_two_panels: Shop) -> Shop:
    """At rest, both panels plugged in."""
    shop = shop_with_two_panels
    for address in shop.hardware.panels:
        shop.hardware.plug_panel(address)
    shop.lift()
    while not shop.idle(patience=0.5):
        shop.press("cancel")
    shop.customer_sees_idle()
    return shop


def pull(shop: Shop, address: int) -> None:
    """Its plug is out: nobody answers, and it forgets all."""
    shop.hardware.pull_panel(address)
    shop.hardware.panels[address].power_on()


def customer_sees_all_of(shop: Shop, screen: Screen) -> None:
    """With buttons and all: the staff's panel is lost."""
    wanted = rows(screen)
    until(lambda: shop.customers_glass() == wanted, lambda: f"not {screen}.\n{picture(shop.customers_glass())}")
    time.sleep(0.01)  # its number follows its last byte


def jana_looks_at_her_points(shop: Shop) -> None:
    shop.tap(Type2Tag(EVA))
    shop.shows(Notice(Message.SIGNED_IN, "Eva"))
    shop.customer_sees_idle()
    shop.lift()
    shop.press("cancel")
    shop.scan(JANA)
    shop.shows(CARD)
    shop.customer_sees(CARD)
    shop.press("next")
    shop.shows(POINTS)
    shop.customer_sees(POINTS)


def test_a_menu_on_the_staffs_panel_leaves_the_customers_as_it_is(shop: Shop) -> None:
    shop.scan(JANA)
    shop.shows(CARD)
    shop.customer_sees(CARD)
    shop.hold("next")  # which begins as a press: her points
    items = [item for item in MenuItem if item is not MenuItem.RENEW]
    shop.shows(Menu(items[0], 1, len(items)))
    shop.customer_sees(POINTS)
    seen, sent = shop.customers_glass(), shop.hardware.customers_panel.bytes
    for number, item in enumerate(items[1:5], 2):
        shop.press("next")
        shop.shows(Menu(item, number, len(items)))
    shop.press("award")
    shop.shows(Devices(tuple(sorted((*DEVICES, "staff panel"))), ()))
    assert shop.customers_glass() == seen
    assert shop.hardware.customers_panel.bytes == sent, "not a byte"
    shop.press("cancel")
    shop.shows(Menu(items[4], 5, len(items)))
    shop.press("cancel")
    shop.shows_idle()
    shop.customer_sees_idle()


def test_the_staffs_panel_is_pulled_in_the_middle_of_a_choice_and_put_back(shop: Shop) -> None:
    assert shop.daemon is not None
    jana_looks_at_her_points(shop)
    shop.press("redeem")
    shop.shows(CAKE)
    shop.customer_sees(POINTS)

    pull(shop, STAFF_ADDRESS)
    customer_sees_all_of(shop, CAKE)
    shop.press("next")
    customer_sees_all_of(shop, MUG)
    before = shop.daemon.works("staff panel")
    shop.hardware.plug_panel(STAFF_ADDRESS)
    shop.shows(MUG)
    shop.customer_sees(POINTS)
    assert shop.daemon.works("staff panel") == before + 1

    entries = len(shop.journal()["entries"])
    shop.press("redeem")
    shop.shows(Done(Points(-900_000), Points(340_000), later=False, what="Hrnček"))
    shop.customer_sees(Done(Points(-900_000), Points(340_000), later=False))
    assert len(shop.journal()["entries"]) == entries + 1
    assert shop.hardware.panel.mistakes == shop.hardware.customers_panel.mistakes == []


def test_a_lost_customers_panel_is_a_sign_on_the_staffs_and_holds_up_no_press(shop: Shop) -> None:
    pull(shop, PANEL_ADDRESS)
    shop.shows_idle(missing=("panel",))
    shop.scan(BLANK)
    shop.shows(NewCard())
    shop.press("cancel")
    shop.shows_idle(missing=("panel",))
    shop.hardware.plug_panel(PANEL_ADDRESS)
    shop.shows_idle()
    shop.customer_sees_idle()


def test_a_lost_staffs_panel_is_a_sign_on_the_customers(shop: Shop) -> None:
    pull(shop, STAFF_ADDRESS)
    idle = rows(Idle(NAME, offline=False, waiting=0, missing=("staff panel",)))
    signs = [line[57:80] for line in idle[-12:]]  # beside the clock, which goes on
    until(lambda: [line[57:80] for line in shop.customers_glass()[-12:]] == signs, shop.story)
    shop.hardware.plug_panel(STAFF_ADDRESS)
    shop.shows_idle()
    shop.customer_sees_idle()


def test_the_test_of_the_devices_asks_for_the_border_of_each(shop: Shop) -> None:
    shop.hold("next")
    items = [item for item in MenuItem if item is not MenuItem.RENEW]
    for number in range(1, items.index(MenuItem.TEST) + 1):
        shop.shows(Menu(items[number - 1], number, len(items)))
        shop.press("next")
    shop.shows(Menu(MenuItem.TEST, items.index(MenuItem.TEST) + 1, len(items)))
    shop.press("award")
    for number, button in enumerate(("award", "redeem", "next", "cancel"), 1):
        shop.shows(DeviceTest(Task.PRESS, number, 11, "+−▸×"[number - 1]))
        shop.press(button)
    for number, (task, what) in enumerate(
        ((Task.TYPE, "pad"), (Task.SCAN, "scanner"), (Task.TAP, "nfc"), (Task.INSERT, "chip")), 5
    ):
        shop.shows(DeviceTest(task, number, 11, what))
        shop.press("next")
    shop.shows(DeviceTest(Task.BORDER, 9, 11, "panel"))
    shop.customer_sees(DeviceTest(Task.BORDER, 9, 11, "panel"))
    assert shop.customers_glass()[0] == shop.customers_glass()[-1] == "#" * 128
    shop.press("award")
    shop.shows(DeviceTest(Task.BORDER, 10, 11, "staff panel"))
    shop.customer_sees_idle()
    shop.press("award")
    shop.shows(DeviceTest(Task.BEEP, 11, 11, "signals"))
    shop.press("cancel")
    shop.shows_idle()


def test_what_is_plugged_in_is_written_down_as_two_panels(shop: Shop) -> None:
    done = subprocess.run(
        command("bodka-terminal", "devices"),
        env=environment(BODKA_SETTINGS=str(shop.settings), **shop.hardware.environment()),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    settings = read('[cloud]\nurl = "https://cloud.example"\n' + done.stdout.partition("# For terminal.toml:")[2])
    assert settings.panel is not None
    assert settings.staff_panel is not None
    assert (settings.panel.address, settings.staff_panel.address) == (PANEL_ADDRESS, STAFF_ADDRESS)


def test_a_terminal_that_starts_without_the_staffs_panel_shows_everything_on_the_customers(shop: Shop) -> None:
    assert shop.daemon is not None
    shop.daemon.terminate()
    pull(shop, STAFF_ADDRESS)
    shop.start(devices=tuple(name for name in DEVICES if name != "panel"))
    shop.scan(BLANK)
    customer_sees_all_of(shop, NewCard())
    shop.press("cancel")
    shop.hardware.plug_panel(STAFF_ADDRESS)
    shop.shows_idle()
    shop.customer_sees_idle()


def test_while_it_is_nobodys_both_say_how_it_is_paired(shop: Shop) -> None:
    assert shop.daemon is not None
    shop.daemon.terminate()
    ours, fresh = shop.settings.read_text(), shop.folder / "nobodys"
    shop.settings.write_text(ours.replace(f'state = "{shop.state}"', f'state = "{fresh}"'))
    shop.start(devices=())
    nothing = (drawn(starting("sk", USUAL)), ["." * 128] * 64)
    until(
        lambda: shop.glass() == shop.customers_glass() and shop.glass() not in nothing,
        lambda: f"{picture(shop.customers_glass())}\n{shop.story()}",
    )
    shop.daemon.terminate()
    shop.settings.write_text(ours)
    shop.start()


def test_the_doctor_tries_both(shop: Shop) -> None:
    """The last one: the daemon is stopped for it."""
    assert shop.daemon is not None
    shop.daemon.terminate()
    pull(shop, STAFF_ADDRESS)
    done = subprocess.run(
        command("bodka-terminal", "doctor"),
        env=environment(BODKA_SETTINGS=str(shop.settings), **shop.hardware.environment()),
        capture_output=True,
        text=True,
    )
    assert "ok   panel: works" in done.stdout
    assert "FAIL staff panel: PanelMissing: No panel answers at 0x3d of /dev/i2c-1" in done.stdout
