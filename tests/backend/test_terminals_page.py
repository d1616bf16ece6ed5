"""The portal's pages of terminals: trouble first, and what only the owner may do, once asked twice."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from backend import fleet, fleet_tables, ledger_tables, merchant_tables, merchants
from backend.accept import accept
from backend.app import create_app
from backend.changes import pull
from backend.commands import main
from backend.identities import find, own_of
from backend.leases import write_off_terminal
from backend.portal import people
from backend.verifying import every_identity, verify
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import NOW, House
from emulators.terminal_peer import BOOT, Chain
from loyalty.chain import Head
from loyalty.entry import Cause, Personal, Posting, encode
from sync.messages import Health, Push, Pushed, Told

PASSWORD = "a long password"
ACCOUNT = b"anna" * 4
HOUR = 3_600_000


def sign_up(house: House, email: str, merchant: UUID, role: str = people.OWNER) -> AsgiClient:
    """A portal user in a browser of their own."""
    browser = AsgiClient(create_app(house.engine, house.time, house.chance.randbytes))
    with house.engine.begin() as connection:
        link = people.invite_owner(connection, merchant, email, house.time(), house.chance.randbytes)
        connection.execute(
            sa.update(merchant_tables.portal_user).where(merchant_tables.portal_user.c.email == email).values(role=role)
        )
    browser.post(f"/portal/welcome/{link}", data={"password": PASSWORD})
    token = form_token(browser.get("/portal/login").text)
    assert browser.post("/portal/login", data={"email": email, "password": PASSWORD, "form_token": token}).status_code == 303
    return browser


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture
def owner(house: House) -> AsgiClient:
    return sign_up(house, "jana@example.com", house.merchant)


@pytest.fixture
def rival(house: House) -> AsgiClient:
    with house.engine.begin() as connection:
        network = merchants.found_network(connection, "other", NOW, house.chance.randbytes)
        other = merchants.open_merchant(connection, network, "Rival", "r", "R", NOW, house.chance.randbytes)
    return sign_up(house, "rival@example.com", other.merchant)


def paired(house: House, device: str) -> Chain:
    with house.engine.begin() as connection:
        chain = house.terminal(connection)
        connection.execute(
            sa.update(fleet_tables.identity).where(fleet_tables.identity.c.id == chain.identity).values(device=device)
        )
    return chain


def push(house: House, chain: Chain, first: int = 1, last: int | None = None, told: Told | None = None) -> Pushed:
    message = Push(chain.identity, chain.head, tuple(chain.lines[first - 1 : last]), told)
    with house.engine.begin() as connection:
        i = fleet_tables.identity
        connection.execute(sa.update(i).where(i.c.id == chain.identity).values(seen_ms=house.time()))
        return accept(connection, chain.identity, message, house.time(), house.chance.randbytes)


def unreadable(house: House) -> Chain:
    """Earns five, then says something no version knows, then spends two, and pushes it all."""
    chain = paired(house, "odd")
    chain.write(Cause.AWARD, ACCOUNT, Posting("points", 5_000))
    chain.append(b'{"cause": "a new invention"}', encode(Personal(ACCOUNT, ACCOUNT)))
    chain.write(Cause.REDEEM, ACCOUNT, Posting("points", -7_000, 7_000))
    push(house, chain)
    return chain


def test_the_worst_trouble_stands_first(house: House) -> None:
    good, waiting, silent, lost = (paired(house, name) for name in ("good", "waiting", "silent", "lost"))
    for chain in (good, waiting, lost):
        chain.write(Cause.AWARD, ACCOUNT, Posting("points", 1_000))
    push(house, silent)
    house.time.now += 30 * HOUR
    for chain in (good, lost):
        push(house, chain, told=Told(BOOT, 1, waiting=0, programme=1))
    for _ in range(4):
        waiting.write(Cause.AWARD, ACCOUNT, Posting("points", 1_000))
    push(house, waiting, last=1, told=Told(BOOT, 1, waiting=5, oldest_ms=26 * HOUR, programme=0))
    odd = unreadable(house)
    with house.engine.begin() as connection:
        write_off_terminal(connection, lost.identity, house.time())
        found = {terminal.device: terminal for terminal in fleet.terminals(connection, house.merchant, house.time())}
    assert list(found) == ["odd", "lost", "waiting", "silent", "good"]
    assert (found["waiting"].queue, found["waiting"].oldest_ms) == (4, 26 * HOUR)
    assert found["good"].troubles == ()
    owner = sign_up(house, "jana@example.com", house.merchant)
    page = owner.get("/portal/terminals").text
    positions = [page.index(f">{device}</a>") for device in found]
    assert positions == sorted(positions)
    for said in (
        "posting has stopped",
        "waited for more than a day",
        "not heard of for",
        "1 d 2 h",
        "written off",
    ):
        assert said in page, said
    assert "line 2" in owner.get(f"/portal/terminals/{odd.identity}").text


def test_a_copy_is_named_and_a_renewed_one_steps_back(house: House, owner: AsgiClient) -> None:
    chain = paired(house, "counter 1")
    chain.write(Cause.AWARD, ACCOUNT, Posting("points", 1_000))
    push(house, chain)
    copy = Chain(chain.identity)
    told = Told(BOOT, 5, waiting=3, oldest_ms=HOUR, programme=0)
    push(house, copy, told=told)
    with house.engine.begin() as connection:
        [one] = fleet.terminals(connection, house.merchant, NOW)
        assert (one.standing, one.queue, one.oldest_ms) == ("off head", 3, HOUR)
        assert one.troubles == ("a copy or a restored backup: staff renew it from its menu",)
        heir = house.terminal(connection)
        i = fleet_tables.identity
        connection.execute(sa.update(i).where(i.c.id == heir.identity).values(renews=chain.identity, device="counter 1"))
        pull(connection, heir.identity, heir.pull(), NOW)
    old, new = all_terminals(house)
    assert [(t.heir, t.replaced) for t in (old, new)] == [(heir.identity, True), (None, False)]
    assert old.troubles == ("what was leased to it is still out: write it off once no copy of it is in use",)
    house.time.now += 1
    push(house, copy)
    assert [(t.heir, t.replaced) for t in all_terminals(house)] == [(heir.identity, False), (None, False)]
    page = owner.get(f"/portal/terminals/{chain.identity}").text
    assert f"/portal/terminals/{heir.identity}" in page


def all_terminals(house: House) -> list[fleet.Terminal]:
    with house.engine.begin() as connection:
        return fleet.terminals(connection, house.merchant, house.time())


def test_voiding_asks_once_more_and_posts_what_waits_behind(house: House, owner: AsgiClient) -> None:
    odd = unreadable(house)
    asked = owner.get(f"/portal/terminals/{odd.identity}/void")
    assert "a new invention" in asked.text
    assert f"/portal/accounts/{ACCOUNT.hex()}" in asked.text
    data = {"form_token": form_token(asked.text), "sequence": "2"}
    assert owner.post(f"/portal/terminals/{odd.identity}/void", data={"sequence": "2"}).status_code == 403
    assert owner.post(f"/portal/terminals/{odd.identity}/void", data=data | {"sequence": "3"}).status_code == 303
    assert owner.post(f"/portal/terminals/{odd.identity}/void", data=data | {"sequence": "x"}).status_code == 303
    assert [terminal.posted for terminal in all_terminals(house)] == [1]
    for _ in range(2):  # twice, as an impatient hand does
        assert owner.post(f"/portal/terminals/{odd.identity}/void", data=data).status_code == 303
    [terminal] = all_terminals(house)
    assert (terminal.posted, terminal.stuck, terminal.leased) == (3, "", {})
    page = owner.get(f"/portal/terminals/{odd.identity}").text
    assert "given up by jana@example.com" in page
    # The spend behind it was of what the voided line may have earned: uncovered, and listed.
    assert "2" in re.findall(r'class="number">([^<]*)</td>', owner.get("/portal/listed").text)[0]
    assert owner.get(f"/portal/terminals/{odd.identity}/void").status_code == 303


def test_writing_off_asks_once_more_and_frees_what_was_leased(house: House, owner: AsgiClient) -> None:
    chain = paired(house, "lost")
    chain.write(Cause.AWARD, ACCOUNT, Posting("points", 5_000))
    push(house, chain)
    page = owner.get(f"/portal/terminals/{chain.identity}").text
    assert f"/portal/accounts/{ACCOUNT.hex()}" in page
    asked = owner.get(f"/portal/terminals/{chain.identity}/write-off").text
    assert "points 5" in asked
    data = {"form_token": form_token(asked)}
    assert owner.post(f"/portal/terminals/{chain.identity}/write-off", data=data).status_code == 303
    [terminal] = all_terminals(house)
    assert (terminal.standing, terminal.leased) == ("written off", {})


def test_an_alarm_that_was_seen_is_put_away(house: House, owner: AsgiClient, rival: AsgiClient) -> None:
    odd = unreadable(house)
    page = owner.get("/portal/terminals").text
    [address] = re.findall(r'action="(/portal/alarms/\d+/seen)"', page)
    assert owner.post(address).status_code == 403
    assert rival.post(address, data={"form_token": form_token(rival.get("/portal").text)}).status_code == 404
    assert "/seen" in owner.get("/portal/terminals").text
    data = {"form_token": form_token(page)}
    assert owner.post(address, data=data).status_code == 303
    house.time.now += HOUR
    assert owner.post(address, data=data).status_code == 303
    assert "/seen" not in owner.get("/portal/terminals").text
    assert "alarm" not in owner.get("/portal").text
    assert "seen by jana@example.com, 2027-01-15 08:00" in owner.get(f"/portal/terminals/{odd.identity}").text
    assert owner.post("/portal/alarms/9999/seen", data=data).status_code == 404
    assert owner.post("/portal/alarms/x/seen", data=data).status_code == 404


def test_staff_look_and_do_not_touch(house: House, owner: AsgiClient) -> None:
    odd = unreadable(house)
    eva = sign_up(house, "eva@example.com", house.merchant, role="staff")
    page = eva.get(f"/portal/terminals/{odd.identity}").text
    assert "Void this line" not in page
    assert "Write this terminal off" not in page
    data = {"form_token": form_token(page), "sequence": "2"}
    for what in ("void", "write-off"):
        assert eva.get(f"/portal/terminals/{odd.identity}/{what}").status_code == 403
        assert eva.post(f"/portal/terminals/{odd.identity}/{what}", data=data).status_code == 403
    assert [(t.posted, t.standing) for t in all_terminals(house)] == [(1, "good")]


def test_another_merchant_with_a_form_of_their_own_changes_nothing(house: House, owner: AsgiClient, rival: AsgiClient) -> None:
    odd = unreadable(house)
    data = {"form_token": form_token(rival.get("/portal").text), "sequence": "2"}
    for what in ("void", "write-off"):
        assert rival.post(f"/portal/terminals/{odd.identity}/{what}", data=data).status_code == 404
        assert rival.get(f"/portal/terminals/{odd.identity}/{what}").status_code == 404
    assert rival.get(f"/portal/terminals/{odd.identity}").status_code == 404
    assert rival.get("/portal/terminals/nonsense").status_code == 404
    assert "odd" not in rival.get("/portal/terminals").text
    assert [(t.posted, t.standing) for t in all_terminals(house)] == [(1, "good")]


def test_a_line_whose_person_cannot_be_read_either_can_be_voided(house: House, owner: AsgiClient) -> None:
    chain = paired(house, "odd")
    chain.append(b"\xff\xfe", b"nobody")
    push(house, chain)
    page = owner.get(f"/portal/terminals/{chain.identity}/void")
    assert page.status_code == 200
    assert "/portal/accounts/" not in page.text


def test_a_chain_that_was_changed_later_is_found_out(house: House, owner: AsgiClient) -> None:
    chain = paired(house, "counter 1")
    for _ in range(3):
        chain.write(Cause.AWARD, ACCOUNT, Posting("points", 1_000))
    push(house, chain)
    with house.engine.begin() as connection:
        identities = every_identity(connection, house.merchant)
        own = own_of(connection, house.merchant)
    assert set(identities) == {chain.identity, own.id}
    whole = verify(house.database, chain.identity, NOW, everything=False)
    assert (whole.through, whole.read, whole.broken) == (chain.head, 3, "")
    chain.write(Cause.AWARD, ACCOUNT, Posting("points", 1_000))
    push(house, chain, first=4)
    assert verify(house.database, chain.identity, NOW, everything=False).read == 1
    with house.engine.begin() as connection:
        at_two = (ledger_tables.line.c.identity == chain.identity) & (ledger_tables.line.c.sequence == 2)
        connection.execute(sa.update(ledger_tables.line).where(at_two).values(body=b"{}"))
    assert verify(house.database, chain.identity, NOW, everything=False).broken == ""
    for _ in range(2):
        broken = verify(house.database, chain.identity, NOW, everything=True)
        assert (broken.through, broken.broken) == (chain.heads[1], "line 2 is not the one that was stored")
    [terminal] = all_terminals(house)
    assert (terminal.broken, terminal.alarms, terminal.verified) == (True, 1, 1)
    assert "restore them from a backup" in owner.get("/portal/terminals").text


def test_a_line_that_is_gone_or_names_another_before_it_is_found_out(house: House) -> None:
    chain = paired(house, "counter 1")
    for _ in range(3):
        chain.write(Cause.ISSUE, ACCOUNT)
    push(house, chain)
    with house.engine.begin() as connection:
        connection.execute(sa.delete(ledger_tables.entry).where(ledger_tables.entry.c.sequence == 3))
        connection.execute(sa.delete(ledger_tables.line).where(ledger_tables.line.c.sequence == 3))
    assert "is not here" in verify(house.database, chain.identity, NOW, everything=False).broken
    with house.engine.begin() as connection:
        connection.execute(sa.update(ledger_tables.line).where(ledger_tables.line.c.sequence == 2).values(before=bytes(32)))
    assert "names another line" in verify(house.database, chain.identity, NOW, everything=True).broken
    with house.engine.begin() as connection:
        assert find(connection, chain.identity).head == Head(3, chain.head.hash)


SICK = Health("1.4.2", True, 84, True, 40, 7_000, ("nfc",), ("scanner",))


def test_what_a_machine_says_of_itself_is_shown_with_what_to_do(house: House, owner: AsgiClient) -> None:
    well, sick, old = (paired(house, name) for name in ("well", "sick", "old"))
    push(house, well, told=Told(BOOT, 2 * HOUR, health=Health("1.4.2", celsius=50, weak=False, free_mb=9_000, size_mb=15_000)))
    push(house, sick, told=Told(BOOT, 1, health=SICK))
    push(house, old, told=Told(BOOT, 1))
    found = {one.device: one for one in all_terminals(house)}
    assert next(iter(found)) == "sick"
    assert found["well"].troubles == found["old"].troubles == ()
    assert found["sick"].troubles == (
        "scanner is missing: look at its cable",
        "its power supply is too weak: take the official one, and a short cable",
        "it is hot (84 °C): give it air",
        "its disk is nearly full (40 MB are free)",
    )
    page = owner.get(f"/portal/terminals/{sick.identity}").text
    for said in ("version 1.4.2, on trial", "84 °C", "power too weak", "missing: <strong>scanner</strong>", "nfc"):
        assert said in page, said
    assert "up for 2 h 0 min" in owner.get(f"/portal/terminals/{well.identity}").text
    assert "not told yet" in owner.get(f"/portal/terminals/{old.identity}").text
    push(house, sick, told=Told(BOOT, 2, health=Health("1.5")))
    assert all_terminals(house)[0].troubles == ()


def test_what_nobody_would_say_is_not_kept(house: House) -> None:
    chain = paired(house, "loud")
    push(house, chain, told=Told(BOOT, 2**70, health=Health("x" * 5_000)))
    [one] = all_terminals(house)
    assert one.health is None


def test_alarms_follow_opening_hours(house: House) -> None:
    monday_noon = int(datetime(2027, 1, 18, 12, tzinfo=ZoneInfo("Europe/Bratislava")).timestamp() * 1000)
    silent, slow = paired(house, "silent"), paired(house, "slow")
    house.time.now = monday_noon - 66 * HOUR  # Friday, 18:00
    push(house, silent)
    slow.write(Cause.AWARD, ACCOUNT, Posting("points", 1_000))
    push(house, slow, last=0, told=Told(BOOT, 1, waiting=1, oldest_ms=0))

    def troubles(now_ms: int) -> set[tuple[str, ...]]:
        house.time.now = now_ms
        return {one.troubles for one in all_terminals(house)}

    late = {("not heard of for more than a day",), ("its entries have waited for more than a day",)}
    assert troubles(monday_noon - 40 * HOUR) == late
    with house.engine.begin() as connection:
        merchants.set_hours(connection, house.merchant, "main", "Mo-Fr 08:00-18:00", "Europe/Bratislava")
    assert troubles(monday_noon - 40 * HOUR) == {()}  # Saturday evening
    assert troubles(monday_noon - 3 * HOUR) == {()}  # Monday, nine o'clock
    words = "more than two hours of opening time"
    assert troubles(monday_noon - 1 * HOUR) == {(f"not heard of for {words}",), (f"its entries have waited for {words}",)}
    assert words in sign_up(house, "eva@example.com", house.merchant).get("/portal/terminals").text
    with house.engine.begin() as connection:
        merchants.set_hours(connection, house.merchant, "main", "", "")
    assert troubles(monday_noon - 40 * HOUR) == late


def test_hours_on_the_command_line(tmp_path: Path) -> None:
    def says(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(main, ["--database", f"sqlite:///{tmp_path / 'cloud.sqlite'}", *arguments])
        assert done.exit_code == status, done.output
        return done.output

    says("sample")
    assert says("hours", "Mo-Fr 08:00-18:00") == "noted\n"
    assert says("hours", "") == "taken back\n"
    assert "write it as in" in says("hours", "always", status=1)
