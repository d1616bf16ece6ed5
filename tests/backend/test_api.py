"""The terminal's addresses over HTTP: pairing, signatures, counters, and refusals that say what to do."""

from __future__ import annotations

import gzip
import tracemalloc
from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend import api, fleet_tables, merchant_tables, programmes
from backend.app import create_app
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import House
from emulators.terminal_peer import Peer
from loyalty.entry import Cause, Posting
from sync import messages
from sync.pairing_messages import DEVICE_PATH, LEAVE_PATH, PAIR_PATH, RENEW_PATH, TOKEN_PATH, Pair, Paired, Renew, Renewed
from sync.update_messages import UPDATE_PATH, UPDATE_PIECE_PATH

ANNA = b"anna" * 4

PROGRAMME = '[programme]\nkey = "p"\nversion = 1\nname = "P"\n[points]\nper_unit = "1"\n'


@pytest.fixture
def peer(house: House, client: AsgiClient) -> Peer:
    """A paired terminal."""
    peer = Peer(client, "http://cloud")
    assert peer.pair(house.code()).status_code == 200
    return peer


def problem(response: object, status: int) -> messages.Problem:
    assert response.status_code == status, response.content  # type: ignore[attr-defined]
    assert response.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    return msgspec.json.decode(response.content, type=messages.Problem)  # type: ignore[attr-defined]


def test_a_terminal_pairs_pushes_pulls_and_asks(house: House, peer: Peer) -> None:
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 2_400))
    pushed = msgspec.json.decode(peer.send(messages.PUSH_PATH, peer.chain.push()).content, type=messages.Pushed)
    assert (pushed.standing, pushed.head, pushed.posted, pushed.now_ms) == (
        messages.Standing.GOOD,
        peer.chain.head,
        1,
        house.time(),
    )
    pulled = msgspec.json.decode(peer.send(messages.PULL_PATH, peer.chain.pull()).content, type=messages.Pulled)
    assert pulled.purses[0].balance == 2_400
    answer = peer.send(messages.ASK_PATH, peer.chain.ask(ANNA, "points", 1))
    assert msgspec.json.decode(answer.content, type=messages.Answered).row == pulled.purses[0]


def test_a_renewed_terminal_goes_on_under_its_new_identity(peer: Peer) -> None:
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    peer.send(messages.PUSH_PATH, peer.chain.push())
    copy = Peer(peer.client, peer.base, peer.key, peer.counter, peer.chain.copy())
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 1))
    peer.send(messages.PUSH_PATH, peer.chain.push(2))
    assert problem(copy.send(messages.PULL_PATH, copy.chain.pull()), 409).counter == peer.counter
    copy.counter = peer.counter
    new_key = Ed25519PrivateKey.generate()
    renew = Renew(copy.chain.identity, copy.chain.head, new_key.public_key().public_bytes_raw())
    renewed = msgspec.json.decode(copy.send(RENEW_PATH, renew).content, type=Renewed)
    again = copy.send(RENEW_PATH, renew)
    assert (msgspec.json.decode(again.content, type=Renewed), renewed.accepted) == (renewed, 1)
    anew = Peer(peer.client, peer.base, new_key, 0, copy.chain.wrap(renewed.identity, renewed.accepted))
    anew.chain.write(Cause.AWARD, ANNA, Posting("points", 2))
    pushed = msgspec.json.decode(anew.send(messages.PUSH_PATH, anew.chain.push()).content, type=messages.Pushed)
    assert (pushed.standing, pushed.posted) == (messages.Standing.GOOD, 1)
    honest = Renew(peer.chain.identity, peer.chain.head, bytes(32))
    peer.counter = copy.counter
    assert "goes on" in problem(peer.send(RENEW_PATH, honest), 409).detail


def test_a_programme_is_fetched_by_its_version(house: House, peer: Peer) -> None:
    with house.engine.begin() as connection:
        assert programmes.publish(connection, house.merchant, PROGRAMME, 1) == 1
    answer = peer.send(messages.PROGRAMME_PATH, messages.Programme(peer.chain.identity, 1))
    assert msgspec.json.decode(answer.content, type=messages.ProgrammeText) == messages.ProgrammeText(1, PROGRAMME)
    for version in (0, 2, -1, 2**63 - 1):
        problem(peer.send(messages.PROGRAMME_PATH, messages.Programme(peer.chain.identity, version)), 404)
    pulled = msgspec.json.decode(peer.send(messages.PULL_PATH, peer.chain.pull()).content, type=messages.Pulled)
    assert pulled.programme == 1


# Pairing codes.


def test_a_code_pairs_one_device_and_repeats_its_answer(house: House, client: AsgiClient) -> None:
    code = house.code()
    first, second = Peer(client, "http://cloud"), Peer(client, "http://cloud")
    answer = first.pair(code)
    house.time.now += 24 * 3600 * 1000
    assert first.pair(code.replace("-", "")).content == answer.content
    assert "another device" in problem(second.pair(code), 409).detail
    paired = msgspec.json.decode(answer.content, type=Paired)
    assert (paired.network, paired.merchant, paired.merchant_name) == (house.network, house.merchant, "Shop")
    assert (paired.shop, paired.shop_name, [len(key.secret) for key in paired.keys]) == ("main", "Main", [32])


def test_a_code_of_another_merchant_pairs_nothing_and_stays_good(house: House, client: AsgiClient) -> None:
    peer, code = Peer(client, "http://cloud"), house.code()
    for whose, status in ((uuid4(), 403), (house.merchant, 200)):
        body = msgspec.json.encode(Pair(code, peer.public_key, merchant=whose))
        assert client.post(PAIR_PATH, content=body).status_code == status


def test_the_clouds_authority_is_named(house: House) -> None:
    client = AsgiClient(create_app(house.engine, house.time, house.chance.randbytes, authority="PEM"))
    paired = msgspec.json.decode(Peer(client, "http://cloud").pair(house.code()).content, type=Paired)
    assert paired.authority == "PEM"


def test_a_code_expires(house: House, client: AsgiClient) -> None:
    code = house.code()
    house.time.now += 10 * 60 * 1000
    assert "make a new one" in problem(Peer(client, "http://cloud").pair(code), 410).detail


def test_only_the_hash_of_a_code_is_kept(house: House) -> None:
    code = house.code()
    with house.engine.connect() as connection:
        [row] = connection.execute(sa.select(fleet_tables.pairing_code)).all()
    assert code not in repr(row)
    assert code.replace("-", "").encode() not in row.code_hash


@pytest.mark.parametrize("code", ["", "1", "1234-5678-9012-3", "١٢٣٤٥٦٧٨٩٠١٢", "x" * 4000, "0000-0000-0001", "0000-0000-0000"])
def test_a_wrong_code_is_not_known(client: AsgiClient, code: str) -> None:
    problem(Peer(client, "http://cloud").pair(code), 404)


def test_codes_are_not_found_by_trying(house: House, client: AsgiClient) -> None:
    peer, code = Peer(client, "http://cloud"), house.code(3_600_000)
    for _ in range(10):
        problem(peer.pair("0000-0000-0000"), 404)
    assert "wait 10 minutes" in problem(peer.pair(code), 429).detail
    house.time.now += 10 * 60 * 1000
    assert peer.pair(code).status_code == 200


def test_a_key_that_is_none_pairs_nothing(house: House, client: AsgiClient) -> None:
    body = msgspec.json.encode(Pair(house.code(), b"short"))
    assert "32 bytes" in problem(client.post(PAIR_PATH, content=body), 400).detail


# Signatures and counters.


def signed(peer: Peer) -> tuple[bytes, dict[str, str]]:
    peer.counter += 1
    body = msgspec.json.encode(peer.chain.pull())
    return body, peer.sign(messages.PULL_PATH, body, peer.counter)


def test_a_request_is_heard_whatever_its_clock_says(peer: Peer) -> None:
    for created in (1, 0, 4_000_000_000):
        peer.counter += 1
        body = msgspec.json.encode(peer.chain.pull())
        headers = peer.sign(messages.PULL_PATH, body, peer.counter, created=created)
        assert peer.client.post(messages.PULL_PATH, content=body, headers=headers).status_code == 200


def test_what_was_tampered_with_is_refused(peer: Peer) -> None:
    body, headers = signed(peer)
    other = msgspec.json.encode(peer.chain.pull(5))
    digest = peer.sign(messages.PULL_PATH, other, peer.counter)["Content-Digest"]
    refused = [
        peer.client.post(messages.PULL_PATH, content=other, headers=headers),
        peer.client.post(messages.PULL_PATH, content=other, headers=headers | {"Content-Digest": digest}),
        peer.client.post(messages.PULL_PATH, content=body, headers=headers | {messages.COUNTER_HEADER: "99"}),
        peer.client.post(messages.PULL_PATH + "?x=1", content=body, headers=headers),
        peer.client.post(messages.PULL_PATH, content=body, headers=headers | {"Host": "elsewhere"}),
        peer.client.post(messages.PULL_PATH, content=body),
        peer.client.post(messages.PULL_PATH, content=body, headers=headers | {"Signature": "nonsense"}),
        peer.client.post(messages.PULL_PATH, content=body, headers=headers | {"Signature-Input": b"\x80"}),
        peer.client.post(
            messages.PULL_PATH,
            content=body,
            headers={name: value.replace("bodka=", "other=") for name, value in headers.items()},
        ),
    ]
    for response in refused:
        problem(response, 401)
    assert peer.client.post(messages.PULL_PATH, content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("covered", [name for name in messages.SIGNED_COMPONENTS if name != "content-digest"])
def test_a_signature_that_leaves_something_out_is_refused(peer: Peer, covered: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "emulators.terminal_peer.COVERED", tuple(name for name in messages.SIGNED_COMPONENTS if name != covered)
    )
    body, headers = signed(peer)
    problem(peer.client.post(messages.PULL_PATH, content=body, headers=headers), 401)


def test_an_unknown_key_is_refused(peer: Peer) -> None:
    body = msgspec.json.encode(peer.chain.pull())
    for keyid in (uuid4(), "nobody", ""):
        headers = peer.sign(messages.PULL_PATH, body, 5, keyid=keyid)
        problem(peer.client.post(messages.PULL_PATH, content=body, headers=headers), 401)


def test_the_clouds_own_identity_signs_nothing(house: House, peer: Peer) -> None:
    from backend import identities

    with house.engine.connect() as connection:
        own = identities.own_of(connection, house.merchant)
    body = msgspec.json.encode(peer.chain.pull())
    headers = peer.sign(messages.PULL_PATH, body, 5, keyid=own.id)
    problem(peer.client.post(messages.PULL_PATH, content=body, headers=headers), 401)


def test_nobody_speaks_for_another_terminal(house: House, peer: Peer, client: AsgiClient) -> None:
    other = Peer(client, "http://cloud")
    other.pair(house.code())
    problem(other.send(messages.PULL_PATH, peer.chain.pull()), 403)


@pytest.mark.parametrize("counter", ["0", "-1", "1.5", "", "١", "9" * 20, str(2**63)])
def test_a_counter_is_a_whole_number(peer: Peer, counter: str) -> None:
    body = msgspec.json.encode(peer.chain.pull())
    headers = {name: value.encode() for name, value in peer.sign(messages.PULL_PATH, body, counter).items()}  # type: ignore[arg-type]
    problem(peer.client.post(messages.PULL_PATH, content=body, headers=headers), 401)


def test_a_repeated_request_gets_its_stored_answer_and_an_older_one_the_counter(house: House, peer: Peer) -> None:
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    peer.counter += 1
    body = msgspec.json.encode(peer.chain.push())
    headers = peer.sign(messages.PUSH_PATH, body, peer.counter)
    first = peer.client.post(messages.PUSH_PATH, content=body, headers=headers)
    house.time.now += 5_000
    again = peer.client.post(messages.PUSH_PATH, content=body, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)
    other_body = msgspec.json.encode(peer.chain.pull())
    other = peer.sign(messages.PULL_PATH, other_body, peer.counter)
    assert problem(peer.client.post(messages.PULL_PATH, content=other_body, headers=other), 409).counter == peer.counter
    peer.counter += 4
    assert peer.send(messages.PULL_PATH, peer.chain.pull()).status_code == 200
    assert problem(peer.client.post(messages.PUSH_PATH, content=body, headers=headers), 409).counter == peer.counter


def test_a_refused_request_does_not_use_up_its_counter(peer: Peer) -> None:
    problem(peer.send(messages.PROGRAMME_PATH, messages.Programme(peer.chain.identity, 9)), 404)
    peer.counter -= 1
    assert peer.send(messages.PULL_PATH, peer.chain.pull()).status_code == 200


def test_behind_a_proxy_the_signature_covers_the_public_address(house: House, client: AsgiClient) -> None:
    app = create_app(house.engine, house.time, house.chance.randbytes, public_url="https://loyalty.example/")
    peer = Peer(client, "http://cloud")
    peer.pair(house.code())
    peer.base, peer.counter = "https://loyalty.example", 1
    body = msgspec.json.encode(peer.chain.pull())
    headers = peer.sign(messages.PULL_PATH, body, 1)
    assert AsgiClient(app).post(messages.PULL_PATH, content=body, headers=headers).status_code == 200
    problem(client.post(messages.PULL_PATH, content=body, headers=headers), 401)


# Everything else.


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[" * 100_000, b'{"code": 5}', b"\xff\xfe", b'{"identity": "x"}'])
@pytest.mark.parametrize("path", [PAIR_PATH, messages.PUSH_PATH, messages.ASK_PATH])
def test_a_body_that_is_no_message_is_refused(client: AsgiClient, path: str, body: bytes) -> None:
    assert "version" in problem(client.post(path, content=body), 400).detail


def test_a_body_that_is_too_large_is_refused(client: AsgiClient) -> None:
    problem(client.post(messages.PUSH_PATH, content=bytes(api.MAX_BODY + 1)), 413)


def test_a_packed_message_is_signed_as_it_is_sent(peer: Peer) -> None:
    peer.chain.write(Cause.AWARD, ANNA, Posting("points", 5))
    plain = msgspec.json.encode(peer.chain.push())
    packed, packing = gzip.compress(plain), {"Content-Encoding": "gzip"}
    signed_plain = peer.sign(messages.PUSH_PATH, plain, 1)
    problem(peer.client.post(messages.PUSH_PATH, content=packed, headers=signed_plain | packing), 401)
    signed_packed = peer.sign(messages.PUSH_PATH, packed, 1)
    problem(peer.client.post(messages.PUSH_PATH, content=packed, headers=signed_packed), 400)
    answer = peer.client.post(messages.PUSH_PATH, content=packed, headers=signed_packed | packing)
    assert msgspec.json.decode(answer.content, type=messages.Pushed).posted == 1


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        ("gzip", gzip.compress(bytes(200 * 1024 * 1024), 9), 413),
        ("gzip", gzip.compress(b"{}")[:-5], 400),
        ("gzip", gzip.compress(b"{}") + b"more", 400),
        ("gzip", b"{}", 400),
        ("br", b"{}", 415),
        ("gzip, gzip", b"{}", 415),
    ],
    ids=["a bomb", "cut", "two", "none", "brotli", "twice"],
)
@pytest.mark.parametrize("path", [PAIR_PATH, messages.PUSH_PATH])
def test_what_cannot_be_unpacked_is_refused(client: AsgiClient, path: str, encoding: str, body: bytes, status: int) -> None:
    tracemalloc.start()
    problem(client.post(path, content=body, headers={"Content-Encoding": encoding}), status)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * api.MAX_BODY


def test_other_addresses_are_refused_in_the_same_way(client: AsgiClient) -> None:
    problem(client.get("/v1/nothing"), 404)
    problem(client.get(messages.PUSH_PATH), 405)
    assert client.get("/health").text == "ok\n"


def test_a_failure_says_that_nothing_was_changed(house: House, client: AsgiClient) -> None:
    with house.engine.begin() as connection:
        merchant_tables.session.drop(connection)
    client.cookies.set("bodka-session", "x", path="/portal")
    assert "nothing was changed" in problem(client.get("/portal"), 500).detail


def test_openapi_describes_every_message(client: AsgiClient) -> None:
    described = client.get("/openapi.json").json()
    schemas = described["components"]["schemas"]
    posts = {path: way["post"] for path, way in described["paths"].items() if "post" in way}
    assert set(posts) == {
        PAIR_PATH,
        messages.PUSH_PATH,
        messages.PULL_PATH,
        messages.SNAPSHOT_PATH,
        messages.ASK_PATH,
        messages.PRESENT_PATH,
        messages.WAIT_PATH,
        RENEW_PATH,
        LEAVE_PATH,
        messages.PROGRAMME_PATH,
        DEVICE_PATH,
        TOKEN_PATH,
        UPDATE_PATH,
        UPDATE_PIECE_PATH,
    }
    for way in posts.values():
        for content in (way["requestBody"]["content"], way["responses"]["200"]["content"]):
            assert content["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1] in schemas
    assert "lines" in schemas["Push"]["properties"]
