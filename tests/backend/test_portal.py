"""The portal: who may see what. Every address is asked logged out, and as another merchant."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from starlette.routing import Route

from backend import alarms, card_tables, merchant_tables, merchants, own_entries
from backend.api import Cloud
from backend.app import create_app
from backend.book import Book
from backend.database import Database
from backend.identities import Identity, own_of
from backend.portal import people, routes
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import NOW, House
from loyalty.entry import Personal, Posting

PASSWORD = "a long password"
ACCOUNT = b"anna" * 4


def give(house: House, connection: sa.Connection, own: Identity, account: bytes) -> None:
    book = Book(connection, own, NOW)
    own_entries.award(book, Personal(account, account), Posting("points", 1_240_000), house.chance.randbytes)
    book.alarms.append(alarms.Alarm(alarms.Kind.DEBT, own.id, 1, f"about {own.shop}", account))
    book.write()


def owner(house: House, merchant: Identity, email: str) -> str:
    with house.engine.begin() as connection:
        return people.invite_owner(connection, merchant.merchant, email, house.time(), house.chance.randbytes)


def form_token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found
    return found[1]


def sign_in(client: AsgiClient, email: str, password: str = PASSWORD) -> int:
    token = form_token(client.get("/portal/login").text)
    data = {"email": email, "password": password, "form_token": token}
    return client.post("/portal/login", data=data).status_code


@pytest.fixture
def signed_in(house: House, client: AsgiClient) -> AsgiClient:
    """The owner of the house's merchant, in a browser."""
    with house.engine.begin() as connection:
        own = own_of(connection, house.merchant)
        give(house, connection, own, ACCOUNT)
    link = owner(house, own, "jana@example.com")
    assert client.post(f"/portal/welcome/{link}", data={"password": PASSWORD}).status_code == 303
    assert sign_in(client, "jana@example.com") == 303
    return client


def test_an_owner_sees_accounts_terminals_and_alarms(house: House, signed_in: AsgiClient) -> None:
    with house.engine.begin() as connection:
        terminal = house.terminal(connection)
    page = signed_in.get("/portal")
    assert page.status_code == 200
    assert "1\u202f240\u202f000" in page.text
    assert "One alarm waits" in page.text
    terminals = signed_in.get("/portal/terminals").text
    assert str(terminal.identity) in terminals
    assert "returned goods" in terminals
    entries = signed_in.get(f"/portal/accounts/{ACCOUNT.hex()}")
    assert entries.status_code == 200
    assert "award" in entries.text
    assert signed_in.get("/portal/accounts/00").status_code == 404
    assert signed_in.get("/portal/accounts/nonsense").status_code == 404
    assert signed_in.get("/portal?page=99").status_code == 200
    for header in ("Content-Security-Policy", "Cache-Control"):
        assert header in page.headers


def all_routes(house: House) -> list[tuple[str, str]]:
    cloud = Cloud(Database(house.engine), house.time, house.chance.randbytes)
    found = [route for route in routes.router(cloud).routes if isinstance(route, Route)]
    return [(method, route.path) for route in found for method in sorted(route.methods or ()) if method != "HEAD"]


def test_every_address_is_closed_to_strangers_and_to_other_merchants(house: House, signed_in: AsgiClient) -> None:
    app = create_app(house.engine, house.time, house.chance.randbytes)
    stranger, other = AsgiClient(app), AsgiClient(app)
    with house.engine.begin() as connection:
        network = merchants.found_network(connection, "other", NOW, house.chance.randbytes)
        rival = merchants.open_merchant(connection, network, "Rival", "r", "R", NOW, house.chance.randbytes)
        give(house, connection, rival, b"rivals account")
        terminal = house.terminal(connection)
    link = owner(house, rival, "rival@example.com")
    other.post(f"/portal/welcome/{link}", data={"password": PASSWORD})
    assert sign_in(other, "rival@example.com") == 303
    secrets = [ACCOUNT.hex(), str(terminal.identity), "1\u202f240\u202f000 of", "about main", "jana@example.com"]
    known = all_routes(house)
    assert len(known) == 24
    for method, path in known:
        url = path.replace("{account}", ACCOUNT.hex()).replace("{secret}", "nothing")
        url = url.replace("{identity}", str(terminal.identity)).replace("{alarm}", "1")
        for client in (stranger, other):
            response = client.request(method, url)
            if client is stranger and path not in ("/portal/login", "/portal/welcome/{secret}"):
                assert (response.status_code, response.headers["location"]) == (303, "/portal/login"), (method, path)
            for secret in secrets:
                assert secret not in response.text, (method, path)
    assert other.get(f"/portal/accounts/{ACCOUNT.hex()}").status_code == 404
    assert other.get(f"/portal/accounts/{b'rivals account'.hex()}").status_code == 200
    assert "about r" in other.get("/portal/terminals").text


def test_a_wrong_password_and_a_wrong_person_get_the_same_answer(house: House, signed_in: AsgiClient) -> None:
    stranger = AsgiClient(create_app(house.engine, house.time, house.chance.randbytes))
    assert sign_in(stranger, "jana@example.com", "wrong") == 403
    assert sign_in(stranger, "nobody@example.com", PASSWORD) == 403
    assert stranger.get("/portal").status_code == 303


def test_a_form_from_elsewhere_signs_nobody_in_or_out(signed_in: AsgiClient) -> None:
    data = {"email": "jana@example.com", "password": PASSWORD}
    assert signed_in.post("/portal/login", data=data).status_code == 403
    assert signed_in.post("/portal/login", data=data | {"form_token": "x"}).status_code == 403
    assert signed_in.post("/portal/logout").status_code == 403
    assert signed_in.get("/portal").status_code == 200


def test_signing_out_ends_the_session_for_good(signed_in: AsgiClient) -> None:
    token = form_token(signed_in.get("/portal").text)
    cookie = signed_in.cookies["bodka-session"]
    assert signed_in.post("/portal/logout", data={"form_token": token}).status_code == 303
    signed_in.cookies.set("bodka-session", cookie, path="/portal")
    assert signed_in.get("/portal").status_code == 303


def test_a_session_ends_by_itself(house: House, signed_in: AsgiClient) -> None:
    house.time.now += people.SESSION_LASTS_MS
    assert signed_in.get("/portal").status_code == 303


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(house: House, signed_in: AsgiClient) -> None:
    token = form_token(signed_in.get("/portal/login").text)
    data = {"email": "jana@example.com", "password": PASSWORD, "form_token": token}
    cookie = signed_in.post("/portal/login", data=data).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    with house.engine.connect() as connection:
        stored = repr(connection.execute(sa.select(merchant_tables.session)).all())
    assert signed_in.cookies["bodka-session"] not in stored


def test_passwords_are_not_found_by_trying(house: House, signed_in: AsgiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = AsgiClient(create_app(house.engine, house.time, house.chance.randbytes))
    for _ in range(5):
        assert sign_in(stranger, "jana@example.com", "wrong") == 403
    assert sign_in(stranger, "jana@example.com") == 429
    house.time.now += 15 * 60 * 1000
    assert sign_in(stranger, "jana@example.com") == 303


def test_a_welcome_link_works_once_and_not_for_ever(house: House, client: AsgiClient) -> None:
    with house.engine.begin() as connection:
        own = own_of(connection, house.merchant)
    old = owner(house, own, "Jana@Example.com ")
    link = owner(house, own, "jana@example.com")
    assert client.get(f"/portal/welcome/{old}").status_code == 404
    assert client.get(f"/portal/welcome/{link}").status_code == 200
    assert client.post(f"/portal/welcome/{link}", data={"password": "short"}).status_code == 400
    assert client.post(f"/portal/welcome/{link}", data={"password": PASSWORD}).status_code == 303
    assert client.post(f"/portal/welcome/{link}", data={"password": PASSWORD}).status_code == 404
    with pytest.raises(people.UserExists, match="another address"):
        owner(house, own, "jana@example.com")
    late = owner(house, own, "late@example.com")
    house.time.now += people.LINK_LASTS_MS
    assert client.get(f"/portal/welcome/{late}").status_code == 404


def test_names_cannot_put_anything_into_a_page(house: House, signed_in: AsgiClient) -> None:
    with house.engine.begin() as connection:
        member = {"network": house.network, "account": ACCOUNT, "name": "<script>", "level": "", "language": "sk", "change": 1}
        connection.execute(sa.insert(card_tables.member).values(member))
    assert "<script>" not in signed_in.get("/portal").text
    assert "&lt;script&gt;" in signed_in.get("/portal").text
