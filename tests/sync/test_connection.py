"""What a request costs a terminal that stands idle: nothing is looked for on the disk."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec

import pytest

from emulators import wire
from sync.connection import cloud_client

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Wanted:
    """Notes for which modules the folders of `sys.path` would be looked through."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        self.names.append(name)
        return None


@pytest.fixture
def wanted() -> Iterator[Wanted]:
    noting = Wanted()
    sys.meta_path.insert(0, noting)
    with suppress(ModuleNotFoundError):
        import_module("nobody_has_it")
    assert noting.names == ["nobody_has_it"]
    yield noting
    sys.meta_path.remove(noting)


def test_a_request_looks_for_no_module_once_one_was_sent(wanted: Wanted) -> None:
    async def two_requests() -> None:
        async with wire.answering(wire.says(ANSWER), None) as port, cloud_client(f"http://127.0.0.1:{port}") as client:
            await client.post("/")
            wanted.names.clear()
            await client.post("/")

    asyncio.run(two_requests())
    assert not wanted.names
