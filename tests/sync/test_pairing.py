from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest

from sync import pairing
from sync.connection import BadAuthority, InsecureCloud, check_address, cloud_client, heed_clock, tls
from sync.keys import BrokenStateFile, DeviceKey
from sync.messages import Problem
from sync.pairing_messages import KeyMessage, Pair, Paired

SECRET = b"0123456789abcdef0123456789abcdef"
PAIRED = Paired(
    UUID(int=1), UUID(int=2), UUID(int=3), "Bodka", "main", "Main square", (KeyMessage(1, SECRET[::-1]), KeyMessage(2, SECRET))
)
KEY = DeviceKey(bytes(range(32)))


def pair(answer: Callable[[httpx.Request], httpx.Response]) -> pairing.Pairing:
    async def go() -> pairing.Pairing:
        async with cloud_client("https://cloud.example/", transport=httpx.MockTransport(answer)) as client:
            return await pairing.pair(client, "ABCD-1234", KEY, "counter 1")

    return asyncio.run(go())


def test_a_code_and_a_key_become_a_pairing_that_is_kept(tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert msgspec.json.decode(request.content, type=Pair) == Pair("ABCD-1234", KEY.public, "counter 1")
        return httpx.Response(200, content=msgspec.json.encode(PAIRED))

    assert pairing.load(tmp_path) is None
    paired = pair(answer)
    pairing.save(tmp_path, paired)
    assert pairing.load(tmp_path) == paired == pair(answer)
    assert (tmp_path / pairing.PAIRING_FILE).stat().st_mode & 0o777 == 0o600
    assert (paired.cloud, paired.shop) == ("https://cloud.example", "main")
    assert [key.id for key in paired.token_keys()] == [2, 1]


def test_secrets_are_in_no_repr() -> None:
    paired = pair(lambda _: httpx.Response(200, content=msgspec.json.encode(PAIRED)))
    for shown in (repr(paired), str(paired), repr(paired.token_keys()), repr(KEY)):
        assert "0123456789" not in shown
        assert "fedcba" not in shown


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, pairing.CodeOfAnother),
        (404, pairing.CodeUnknown),
        (409, pairing.CodeUsed),
        (410, pairing.CodeExpired),
        (429, pairing.TooManyTries),
        (500, pairing.AnswerUnclear),
    ],
)
def test_a_refusal_says_what_to_do(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"new code|new one|address|ten minutes|unpair"):
        pair(lambda _: httpx.Response(status, content=b"<html>"))


def test_the_clouds_own_words_are_passed_on() -> None:
    problem = msgspec.json.encode(Problem("used", "paired as counter 2 on Monday"))
    with pytest.raises(pairing.CodeUsed, match="counter 2 on Monday"):
        pair(lambda _: httpx.Response(409, content=problem))


@pytest.mark.parametrize(
    "content", [b"", b"<html>Login</html>", b"{}", msgspec.json.encode(msgspec.structs.replace(PAIRED, keys=()))]
)
def test_an_answer_that_is_not_ours_is_said(content: bytes) -> None:
    with pytest.raises(pairing.AnswerUnclear, match="Bodka cloud"):
        pair(lambda _: httpx.Response(200, content=content))


def test_no_network_is_said() -> None:
    def unreachable(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route to host")

    with pytest.raises(pairing.CloudUnreachable, match="no route to host"):
        pair(unreachable)


def test_a_damaged_pairing_is_said(tmp_path: Path) -> None:
    (tmp_path / pairing.PAIRING_FILE).write_bytes(b"{")
    with pytest.raises(BrokenStateFile):
        pairing.load(tmp_path)


@pytest.mark.parametrize("url", ["https://cloud.example", "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:1"])
def test_safe_addresses(url: str) -> None:
    assert check_address(url) == url


@pytest.mark.parametrize(
    "url", ["http://cloud.example", "http://10.0.0.1", "ftp://localhost", "localhost:80", "", "http://localhost.evil.example"]
)
def test_plain_http_only_reaches_this_machine(url: str) -> None:
    with pytest.raises(InsecureCloud, match="https://"):
        cloud_client(url)


def test_an_untrusted_clock_drops_the_dates_and_nothing_else() -> None:
    context = tls()
    for trusted in (False, True, False, True):
        heed_clock(context, trusted=trusted)
        assert bool(context.verify_flags & 0x200000) is not trusted
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def test_an_authority_that_is_none_is_said() -> None:
    with pytest.raises(BadAuthority, match="PEM"):
        cloud_client("https://cloud.example", authority="-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
