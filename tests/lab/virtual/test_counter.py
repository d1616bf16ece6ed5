"""A day at the counter on a real kernel: the installed package, the kernel's own drivers, a cloud across a network.

The counter is the same for all tests, and each leaves it idle. None needs another one before it: stamps and Jana's points are
taken as they are found, and nobody else touches the points that Peter and Zoltán pay with.
"""

from __future__ import annotations

import contextlib
import time

import pytest
from cafe import COFFEES, HIS, JANA, JANA_TAG, PETER, PETER_TAG, ZOLTAN, euros, eva_signs_in, pays_in_part, stamp_card, stamped

from display.screens import Balance, Done, Message, Notice, Points, RewardChoice, Sum
from emulators.nfc_tags import Type2Tag, text_message
from lab.snapshots import connect
from lab.virtual_counter import DEVICES, PATIENCE, UNIT, Counter
from shop import rows

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(600)]

FILLER = "/var/lib/bodka/filler"


@pytest.fixture
def staffed(counter: Counter) -> Counter:
    """Eva is signed in, without whom nothing is redeemed; signing in again does no harm."""
    eva_signs_in(counter)
    return counter


def idle(counter: Counter) -> None:
    counter.press("cancel")
    counter.press("cancel")
    counter.shows_idle()


def stamps(counter: Counter, name: str, language: str = "sk", patience: float = PATIENCE) -> int:
    """How many are on the card that comes to the glass."""
    cards = [stamp_card(name, filled, language) for filled in range(COFFEES.goal)]
    counter.shows(*cards, language=language, patience=patience)
    return next(card.filled for card in cards if rows(card, language) == counter.glass())


def janas_points(counter: Counter) -> int:
    """As the cloud has them, on a counter that is idle: hers are the most of all."""
    balances = counter.cloud.ledger()["balances"]
    return max(int(balance["balance"]) for balance in balances if balance["purse"] == "points")


def test_the_scanner_awards_and_redeems(staffed: Counter) -> None:
    counter, before = staffed, janas_points(staffed)
    counter.type("18.50\n")
    counter.shows(Sum(euros(1850)))
    counter.scan(JANA)
    counter.shows(Sum(euros(1850), name="Jana K."))
    counter.press("award")
    counter.shows(Done(Points(18_500), Points(before + 18_500), later=False))
    counter.scan(JANA)
    stamps(counter, "Jana K.")
    counter.press("next")
    counter.shows(Balance(Points(before + 18_500), "Jana K.", "zlatá", more=True))
    counter.press("redeem")
    counter.shows(RewardChoice(1, 3, "Koláč", Points(500_000), Points(before - 481_500)))
    counter.press("redeem")
    counter.shows(Done(Points(-500_000), Points(before - 481_500), later=False, what="Koláč"))
    idle(counter)


def test_the_nfc_reader_awards_and_redeems(staffed: Counter) -> None:
    counter = staffed
    tag = Type2Tag(PETER_TAG, text_message(PETER))
    counter.type("2.50\n")
    counter.shows(Sum(euros(250)))
    counter.tap(tag)
    pays_in_part(counter, "Peter N.", 250, 85, 1_650)
    counter.lift()
    idle(counter)
    counter.type("5\n")
    counter.shows(Sum(euros(500)))
    counter.tap(tag)
    counter.shows(Sum(euros(500), name="Peter N."))
    counter.press("award")
    counter.shows(Done(Points(5_000), Points(7_150), later=False))
    counter.lift()
    idle(counter)


def test_the_chip_reader_awards_and_redeems(staffed: Counter) -> None:
    counter = staffed
    counter.insert(ZOLTAN)
    before = stamps(counter, "Zoltán K.", HIS)
    counter.press("award")
    counter.shows(stamped("Zoltán K.", before + 1, HIS), language=HIS)
    counter.remove()
    counter.type("5\n")
    counter.shows(Sum(euros(500)))
    counter.insert(ZOLTAN)
    pays_in_part(counter, "Zoltán K.", 500, 310, 1_900, HIS)
    counter.remove()
    idle(counter)


def test_both_sides_have_the_same_entries(counter: Counter) -> None:
    counter.scan(JANA)
    before = stamps(counter, "Jana K.")
    counter.press("award")
    counter.shows(stamped("Jana K.", before + 1))
    idle(counter)
    ours = {entry["id"]: entry["postings"] for entry in counter.journal()["entries"]}
    theirs = {entry["id"]: entry["postings"] for entry in counter.cloud.ledger()["entries"] if entry["id"] in ours}
    for postings in theirs.values():
        for posting in postings:
            assert posting.pop("posted") == posting["delta"]
    assert ours
    assert theirs == ours


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_is_pulled_out_and_put_back(device: str, counter: Counter) -> None:
    said = counter.machine.log(UNIT)
    before = said.count(f"device works device={device}")
    counter.unplug(device)
    if device == "panel":
        counter.press("cancel")  # a panel is missed when something is to be drawn
        counter.type("1")
    counter.lost(device, since=said.count(f"device lost device={device} "))
    counter.plug(device)
    counter.works(device, since=before)
    print(next(line for line in reversed(counter.machine.log(UNIT).splitlines()) if f"device lost device={device} " in line))
    idle(counter)
    if device in ("scanner", "panel"):
        counter.scan(JANA)
        stamps(counter, "Jana K.")
    elif device == "chip":
        counter.insert(ZOLTAN)
        stamps(counter, "Zoltán K.", HIS)
        counter.remove()
    elif device == "nfc":
        counter.tap(Type2Tag(JANA_TAG))
        stamps(counter, "Jana K.")
        counter.lift()
    else:
        counter.type("5\n")
        counter.shows(Sum(euros(500)))
    idle(counter)


def test_what_was_put_back_has_the_name_that_it_had_and_the_group_that_may_use_it(counter: Counter) -> None:
    for device in ("scanner", "pad", "nfc"):
        said = counter.machine.log(UNIT)
        counter.unplug(device)
        counter.lost(device, since=said.count(f"device lost device={device} "))
        counter.plug(device)
        counter.works(device, since=said.count(f"device works device={device}"))
    idle(counter)
    told = counter.machine.run("sh", "-c", "stat -L -c '%n %G %a' /dev/bodka/*").splitlines()
    assert [line.removeprefix("/dev/bodka/") for line in told] == [
        "keys-0c2e_0b61-platform-dummy_hcd_0-usb-0_1_1_0 input 660",
        "keys-1a2c_2124-platform-dummy_hcd_1-usb-0_1_1_0 input 660",
        "serial-0403_6001-pci-0000_00_08_0-usb-0_1_1_0 dialout 660",
    ]


def test_a_number_that_is_scanned_while_the_terminal_is_busy_is_read(counter: Counter) -> None:
    counter.machine.run("systemctl", "kill", "--signal=STOP", UNIT)
    counter.scan(JANA)
    counter.machine.run("systemctl", "kill", "--signal=CONT", UNIT)
    stamps(counter, "Jana K.")
    idle(counter)


def test_a_full_disk_is_said_and_nothing_is_lost(counter: Counter) -> None:
    balance = janas_points(counter)
    size = "$(( $(stat -f -c '%a * %S' /var/lib/bodka) ))"
    fill = f"fallocate -l {size} {FILLER}; cat /dev/zero >> {FILLER}"
    counter.machine.tried("setpriv", "--reuid=bodka", "--regid=bodka", "--init-groups", "sh", "-c", fill)
    for _ in range(60):  # the write-ahead log has room for some entries when nothing else has
        counter.type("5\n")
        counter.shows(Sum(euros(500)))
        counter.scan(JANA)
        counter.shows(Sum(euros(500), name="Jana K."))
        counter.press("award")
        balance += 5_000
        done = [Done(Points(5_000), Points(balance), later=later) for later in (False, True)]
        counter.shows(*done, Notice(Message.DISK_FULL))
        with contextlib.suppress(AssertionError):
            counter.shows(Notice(Message.DISK_FULL), patience=1)
            break
    else:
        raise AssertionError("the disk is full, and entries are still saved")
    counter.machine.run("rm", FILLER)
    counter.press("cancel")
    counter.shows(Sum(euros(500), name="Jana K."))
    counter.press("award")
    counter.shows(*done)
    idle(counter)
    assert counter.journal()["entries"][-1]["postings"][0]["delta"] == 5_000


def test_a_clock_at_1970_is_no_reason_not_to_serve(counter: Counter) -> None:
    counter.machine.set_clock(3_600)  # not before the machine was started: the kernel refuses that
    counter.machine.run("systemctl", "restart", UNIT)
    counter.works("scanner", since=counter.machine.log(UNIT).count("device works device=scanner"))
    idle(counter)
    counter.scan(ZOLTAN)
    before = stamps(counter, "Zoltán K.", HIS)
    counter.press("award")
    counter.shows(stamped("Zoltán K.", before + 1, HIS), language=HIS)
    idle(counter)  # the cloud was heard, and has the entry
    last = counter.journal()["entries"][-1]["id"]
    (stored,) = [entry for entry in counter.cloud.ledger()["entries"] if entry["id"] == last]
    print(stored)
    counter.machine.set_clock(time.time())


def test_a_daemon_that_feeds_the_watchdog_no_more_is_started_anew(counter: Counter) -> None:
    machine = counter.machine
    before, began = machine.shows(UNIT, "NRestarts"), time.monotonic()
    machine.run("systemctl", "kill", "--signal=STOP", UNIT)
    machine.until(lambda: machine.shows(UNIT, "NRestarts") != before, patience=90)
    print(f"started anew after {time.monotonic() - began:.0f} s")
    assert "watchdog" in machine.log(UNIT).lower()
    counter.shows_idle()


def test_a_network_that_is_pulled_out_is_said_and_entries_wait(counter: Counter) -> None:
    counter.machine.network(up=False)
    counter.shows_idle(offline=True)
    counter.insert(ZOLTAN)
    before = stamps(counter, "Zoltán K.", HIS)
    counter.press("award")
    counter.shows(stamped("Zoltán K.", before + 1, HIS, later=True), language=HIS)
    counter.remove()
    counter.press("cancel")
    counter.shows_idle(offline=True, waiting=1)
    counter.machine.network(up=True)
    counter.shows_idle()


def test_the_plug_is_pulled_and_the_first_card_is_served_without_a_network(counter: Counter) -> None:
    counter.power_cycle()
    counter.tap(Type2Tag(JANA_TAG))
    before = stamps(counter, "Jana K.", patience=180)
    passed, agent = time.monotonic() - counter.machine.began, counter.machine.ready
    print(f"the first card is shown {passed:.0f} s after power-on; the kernel and the lab's agent took {agent:.0f} s of them")
    counter.press("award")
    counter.shows(stamped("Jana K.", before + 1, later=True))
    counter.lift()
    connect(counter.machine)
    idle(counter)
