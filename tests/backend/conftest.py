"""A small cloud for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backend.app import create_app
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import House, build_house, new_engine


@pytest.fixture
def house() -> Iterator[House]:
    engine = new_engine()
    yield build_house(engine)
    engine.dispose()


@pytest.fixture
def client(house: House) -> AsgiClient:
    """The whole cloud behind HTTP, without a server."""
    return AsgiClient(create_app(house.engine, house.time, house.chance.randbytes))
