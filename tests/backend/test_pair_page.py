"""The portal's page that adds a terminal: codes that scanners read, codes that terminals show, and Wi-Fi, kept nowhere."""

from __future__ import annotations

import re
from html import unescape

import pytest
import segno
import sqlalchemy as sa

from backend import device_flow, fleet_tables, merchant_tables, tables
from backend.pairing import pair
from emulators.cloud_house import House
from emulators.portal_browser import PASSWORD, PortalBrowser
from sync import setup_codes
from sync.pairing_messages import Authorize, Pair
from sync.setup_codes import PairWith

KEY = bytes(range(32))


@pytest.fixture
def owner(house: House) -> PortalBrowser:
    return PortalBrowser(house, "jana@example.com", house.merchant)


def shown_by_a_terminal(house: House) -> device_flow.Authorization:
    with house.engine.begin() as connection:
        asked = Authorize(KEY, "raspberrypi")
        return device_flow.begin(connection, asked, "https://cloud.example", house.time(), house.chance.randbytes)


def names(house: House) -> list[str]:
    i = fleet_tables.identity.c
    with house.engine.begin() as connection:
        return list(connection.execute(sa.select(i.device).where(i.public_key.is_not(None))).scalars())


def test_the_page_makes_a_code_that_pairs_one_terminal_and_names_it(house: House, owner: PortalBrowser) -> None:
    page = owner.press("/portal/pair/code", shop="main", device="counter 1").text
    code = re.search(r"<strong>([0-9-]{14})</strong>", page)
    words = re.search(r"as text: <code>([^<]+)</code>", page)
    assert code
    assert words
    found = setup_codes.parse(unescape(words[1]))
    assert found == PairWith(code[1].replace("-", ""), "http://cloud")
    assert isinstance(found, PairWith)
    digits = setup_codes.in_digits(unescape(words[1]))
    assert segno.make_qr(digits, error="m").svg_inline(scale=5, border=4, light="#fff") in page
    with house.engine.begin() as connection:
        pair(connection, Pair(found.code, KEY), house.time(), house.chance.randbytes)
    assert names(house) == ["counter 1"]


def test_the_shop_is_chosen_where_there_are_several(house: House, owner: PortalBrowser) -> None:
    assert owner.press("/portal/pair/code").status_code == 200  # there is but one
    with house.engine.begin() as connection:
        connection.execute(sa.insert(merchant_tables.shop).values(merchant=house.merchant, id="market", name="Market hall"))
    assert "Market hall" in owner.get("/portal/pair")
    shown = shown_by_a_terminal(house)
    for path in ("code", "shown"):
        for shop in ("", "elsewhere"):
            answer = owner.press(f"/portal/pair/{path}", shop=shop, code=shown.user_code)
            assert answer.status_code == 400
            assert "Choose the shop" in answer.text
    assert "It is yours" in owner.press("/portal/pair/shown", shop="market", code=shown.user_code).text


def test_the_code_that_a_terminal_shows_is_typed_into_the_page(house: House, owner: PortalBrowser) -> None:
    shown = shown_by_a_terminal(house)
    assert shown.user_code.replace("-", "") in owner.get(f"/portal/pair?code={shown.user_code}")
    wrong = owner.press("/portal/pair/shown", code="BCDF-GHJK", shop="main")
    assert wrong.status_code == 400
    assert "No terminal shows this code" in wrong.text
    assert "It is yours" in owner.press("/portal/pair/shown", code=shown.user_code, shop="main", device="counter 2").text
    assert "typed already" in owner.press("/portal/pair/shown", code=shown.user_code, shop="main").text
    with house.engine.begin() as connection:
        collect = device_flow.Collect(shown.device_code)
        device_flow.collect(connection, collect, house.time(), house.chance.randbytes)
    assert names(house) == ["counter 2"]


def test_codes_are_not_found_by_trying(house: House, owner: PortalBrowser) -> None:
    shown = shown_by_a_terminal(house)
    for _ in range(10):
        owner.press("/portal/pair/shown", code="BCDF-GHJK", shop="main")
    assert "too many wrong tries" in owner.press("/portal/pair/shown", code=shown.user_code, shop="main").text.lower()
    house.time.now += 10 * 60 * 1000 + 1
    assert "It is yours" in owner.press("/portal/pair/shown", code=shown.user_code, shop="main").text


def test_whoever_comes_by_the_panels_qr_code_signs_in_and_goes_on(house: House, owner: PortalBrowser) -> None:
    shown = shown_by_a_terminal(house)
    code = shown.user_code.replace("-", "")
    stranger = PortalBrowser(house, "peter@example.com", house.merchant)
    stranger.press("/portal/logout")
    door = stranger.client.get(f"/portal/pair?code={code}")
    assert door.headers["location"] == f"/portal/login?code={code}"
    form = {"email": "peter@example.com", "password": PASSWORD, "code": code}
    form["form_token"] = stranger.form_token(door.headers["location"])
    assert stranger.client.post("/portal/login", data=form).headers["location"] == f"/portal/pair?code={code}"
    form["form_token"] = stranger.form_token("/portal/login")
    form["code"] = "//evil.example"
    assert stranger.client.post("/portal/login", data=form).headers["location"] == "/portal"


def test_only_an_owner_adds_terminals_and_only_by_this_page(house: House, owner: PortalBrowser) -> None:
    clerk = PortalBrowser(house, "eva@example.com", house.merchant, role="staff")
    assert "For the owner" in clerk.get("/portal/pair")
    for path in ("code", "shown", "wifi"):
        assert clerk.press(f"/portal/pair/{path}", shop="main", name="shop").status_code == 403
        assert owner.client.post(f"/portal/pair/{path}", data={"form_token": "forged"}).status_code == 403
    assert names(house) == []


def test_a_network_becomes_a_code_and_is_kept_nowhere(house: House, owner: PortalBrowser) -> None:
    made = owner.press("/portal/pair/wifi", name="shop", password="a long password", hidden="yes")
    assert "<svg" in made.text
    assert "a long password" not in made.text
    assert "8 to 63" in owner.press("/portal/pair/wifi", name="shop", password="short").text
    with house.engine.begin() as connection:
        for table in tables.metadata.sorted_tables:
            assert "a long password" not in str(connection.execute(sa.select(table)).all())
