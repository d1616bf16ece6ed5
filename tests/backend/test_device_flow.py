"""RFC 8628: a terminal shows a code, a merchant types it, and the terminal is theirs; once, in time, and nobody else's."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from backend import device_flow, fleet_tables
from backend.app import create_app
from backend.device_flow import LASTS_MS, LETTERS, AuthorizationPending, ExpiredToken
from backend.pairing import ExpiredCode, UsedCode, WrongCode
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import House
from sync.pairing_messages import Authorization, Authorize, Collect, Paired

KEY = bytes(range(32))
URL = "https://cloud.example"


def begin(house: House, key: bytes = KEY, url: str = URL) -> Authorization:
    with house.engine.begin() as connection:
        return device_flow.begin(connection, Authorize(key, "till"), url, house.time(), house.chance.randbytes)


def approve(house: House, code: str, device: str = "") -> None:
    with house.engine.begin() as connection:
        device_flow.approve(connection, house.merchant, "main", code, device, house.time())


def collect(house: House, shown: Authorization) -> Paired:
    with house.engine.begin() as connection:
        return device_flow.collect(connection, Collect(shown.device_code), house.time(), house.chance.randbytes)


def terminals(house: House) -> list[tuple[str, bytes]]:
    i = fleet_tables.identity.c
    with house.engine.begin() as connection:
        rows = connection.execute(sa.select(i.device, i.public_key).where(i.public_key.is_not(None)))
        return [(row.device, row.public_key) for row in rows]


def test_a_code_that_is_typed_makes_the_terminal_the_merchants(house: House) -> None:
    shown = begin(house)
    with pytest.raises(AuthorizationPending):
        collect(house, shown)
    approve(house, shown.user_code.lower().replace("-", " "), "counter 1")
    paired = collect(house, shown)
    assert (paired.merchant, paired.shop, paired.merchant_name) == (house.merchant, "main", "Shop")
    assert terminals(house) == [("counter 1", KEY)]
    house.time.now += 10 * LASTS_MS
    assert collect(house, shown) == paired  # the answer was lost: it comes again, and there is no second terminal
    assert len(terminals(house)) == 1


def test_it_keeps_its_own_name_where_nobody_gives_it_one(house: House) -> None:
    shown = begin(house)
    approve(house, shown.user_code)
    collect(house, shown)
    assert terminals(house) == [("till", KEY)]


def test_a_code_works_once_and_in_time_and_a_wrong_one_never(house: House) -> None:
    shown, other = begin(house), begin(house, bytes(32))
    for wrong in ("", "BCDF-GHJ", "AEIO-UAEI", "BCDF-GHJK-L", "2345-6789"):
        with pytest.raises(WrongCode):
            approve(house, wrong)
    approve(house, shown.user_code)
    with pytest.raises(UsedCode):
        approve(house, shown.user_code)
    house.time.now += LASTS_MS
    with pytest.raises(ExpiredCode):
        approve(house, other.user_code)
    with pytest.raises(ExpiredToken):
        collect(house, other)
    with pytest.raises(WrongCode):
        collect(house, Authorization("x" * 43, "", "", "", 1, 1))
    assert collect(house, shown).merchant == house.merchant  # it was typed in time


def test_old_requests_are_forgotten(house: House) -> None:
    begin(house)
    house.time.now += LASTS_MS + device_flow.KEPT_MS + 1
    begin(house)
    with house.engine.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(fleet_tables.device_request)).scalar_one() == 1


def test_no_code_lies_in_the_database(house: House) -> None:
    shown = begin(house)
    with house.engine.begin() as connection:
        row = connection.execute(sa.select(fleet_tables.device_request)).one()
    kept = b"".join(value for value in row if isinstance(value, bytes))
    for secret in (shown.user_code, shown.user_code.replace("-", ""), shown.device_code):
        assert secret.encode() not in kept
        assert secret not in repr(shown).replace(shown.user_code, "")


@given(st.text(LETTERS, min_size=8, max_size=8), st.text(" -", max_size=3))
def test_a_code_is_read_as_people_type_it(code: str, between: str) -> None:
    assert device_flow.read(f" {code[:4].lower()}{between}{code[4:]}") == code


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://cloud.example", "HTTPS://CLOUD.EXAMPLE/P/"),
        ("https://cloud.example:8443/", "HTTPS://CLOUD.EXAMPLE:8443/P/"),
        ("https://host.example/bodka", "https://host.example/bodka/P/"),
    ],
)
def test_the_address_for_the_qr_code_leads_to_the_page(house: House, client: AsgiClient, url: str, address: str) -> None:
    shown = begin(house, url=url)
    assert shown.verification_uri_complete == address + shown.user_code
    assert shown.verification_uri == url.rstrip("/") + "/portal/pair"
    answer = client.get(f"/P/{shown.user_code}")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/portal/pair?code={shown.user_code.replace('-', '')}"
    assert client.get("/P/nonsense").headers["location"] == "/portal/pair"


def test_over_the_wire_the_words_are_those_of_the_standard(house: House, client: AsgiClient) -> None:
    import msgspec

    def post(path: str, message: msgspec.Struct) -> tuple[int, bytes]:
        answer = client.post(path, content=msgspec.json.encode(message))
        return answer.status_code, answer.content

    status, content = post("/v1/device", Authorize(KEY))
    assert status == 200
    shown = msgspec.json.decode(content, type=Authorization)
    assert (shown.expires_in, shown.interval) == (900, 5)
    status, content = post("/v1/device/token", Collect(shown.device_code))
    assert (status, msgspec.json.decode(content)["title"]) == (400, "authorization_pending")
    house.time.now += LASTS_MS
    status, content = post("/v1/device/token", Collect(shown.device_code))
    assert (status, msgspec.json.decode(content)["title"]) == (400, "expired_token")
    status, content = post("/v1/device", Authorize(b"short"))
    assert status == 400
    assert post("/v1/device/token", Collect("nobody's"))[0] == 404


def test_nobody_fills_the_table_with_requests(house: House) -> None:
    import msgspec

    client = AsgiClient(create_app(house.engine, house.time, house.chance.randbytes))
    asked = msgspec.json.encode(Collect("nobody's"))
    answers = [client.post("/v1/device/token", content=asked).status_code for _ in range(201)]
    assert answers[:200] == [404] * 200
    assert answers[200] == 429
