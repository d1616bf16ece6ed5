from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from http_message_signatures import HTTPMessageVerifier, HTTPSignatureKeyResolver, InvalidSignature, algorithms
from hypothesis import given
from hypothesis import strategies as st

from sync import keys
from sync.keys import DeviceKey
from sync.messages import COUNTER_HEADER, PUSH_PATH, SIGNED_COMPONENTS
from sync.signing import RequestSigner, UnnumberedRequest, _Message

IDENTITY = UUID(int=5)
KEY = DeviceKey(bytes(range(32)))


def signed(
    body: bytes = b"{}", headers: dict[str, str] | None = None, clock: Callable[[], float] = lambda: 1_000.5
) -> httpx.Request:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    async def send() -> None:
        signer = RequestSigner(IDENTITY, KEY, clock)
        async with httpx.AsyncClient(
            base_url="https://cloud.example", auth=signer, transport=httpx.MockTransport(answer)
        ) as client:
            await client.post(PUSH_PATH, content=body, headers={COUNTER_HEADER: "7"} if headers is None else headers)

    asyncio.run(send())
    return seen[0]


class Known(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> Any:
        assert key_id == str(IDENTITY)
        return KEY.private().public_key()


def verify(request: httpx.Request, body: bytes | None = None) -> Any:
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Known())
    message = _Message(request.method, str(request.url), request.headers)
    return verifier.verify(message, body=request.content if body is None else body, max_age=None)


@given(body=st.binary(max_size=300))
def test_the_library_of_the_standard_verifies_what_was_signed(body: bytes) -> None:
    (result,) = verify(signed(body))
    assert {name.strip('"') for name in result.covered_components} >= set(SIGNED_COMPONENTS)
    assert result.parameters["created"] == 1000


@pytest.mark.parametrize("header", [COUNTER_HEADER, "Content-Digest"])
def test_what_was_changed_on_the_way_is_refused(header: str) -> None:
    request = signed(b'{"a":1}')
    verify(request)
    with pytest.raises(InvalidSignature):
        verify(request, b'{"a":2}')
    request.headers[header] = request.headers[header].replace("7", "8").replace("sha-256=:", "sha-256=:A")
    with pytest.raises(InvalidSignature):
        verify(request)


def test_method_and_address_are_covered() -> None:
    request = signed()
    for changed in (httpx.Request("PUT", request.url), httpx.Request("POST", "https://other.example" + PUSH_PATH)):
        with pytest.raises(InvalidSignature):
            verify(httpx.Request(changed.method, changed.url, headers=request.headers, content=b"{}"))


def test_a_request_without_a_number_is_not_sent() -> None:
    with pytest.raises(UnnumberedRequest):
        signed(headers={})


def test_a_clock_before_1970_still_signs() -> None:
    assert verify(signed(clock=lambda: -5.0))[0].parameters["created"] == 0


def test_the_key_is_made_once_for_this_user_only(tmp_path: Path) -> None:
    asked: list[int] = []

    def random(size: int) -> bytes:
        asked.append(size)
        return bytes([len(asked)]) * size

    first = keys.load_or_make(tmp_path, random)
    assert keys.load_or_make(tmp_path, random) == first
    assert asked == [32]
    assert (tmp_path / keys.DEVICE_KEY).stat().st_mode & 0o777 == 0o600
    assert first.seed.hex() not in repr(first)
    assert str(first.seed) not in repr(first)
    assert len(first.public) == 32


def test_the_next_key_takes_over_once(tmp_path: Path) -> None:
    old = keys.load_or_make(tmp_path, lambda n: b"a" * n)
    new = keys.load_or_make(tmp_path, lambda n: b"b" * n, keys.NEXT_KEY)
    for _ in range(2):
        keys.promote(tmp_path)
        assert keys.load_or_make(tmp_path, lambda n: b"c" * n) == new != old


def test_a_damaged_key_is_said(tmp_path: Path) -> None:
    (tmp_path / keys.DEVICE_KEY).write_bytes(b"short")
    with pytest.raises(keys.BrokenStateFile, match="damaged"):
        keys.load_or_make(tmp_path, lambda n: bytes(n))


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    keys.write_safely(path, b"old")

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keys.os, "fsync", no_space)
    with pytest.raises(OSError, match="space"):
        keys.write_safely(path, b"new")
    assert path.read_bytes() == b"old"
