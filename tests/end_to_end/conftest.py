"""Shops for these tests, each with hardware of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulators.hardware import LOW_PANEL, USUAL_PANEL, WIDE_PANEL, Hardware, PanelKind
from shop import Cloud, Shop


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud's database with the sample café, made once by `bodka-cloud init` and `bodka-cloud sample`."""
    cloud = Cloud(tmp_path_factory.mktemp("sample"))
    cloud.fill(None)
    return cloud.database


@contextmanager
def opened(
    folder: Path, sample: Path, *, small_disk: bool = False, two_panels: bool = False, kind: PanelKind = USUAL_PANEL
) -> Iterator[Shop]:
    with Hardware(folder, two_panels=two_panels, kind=kind) as hardware:
        shop = Shop(folder, hardware, sample=sample, small_disk=small_disk)
        try:
            shop.open()
            yield shop
        finally:
            shop.close()


@pytest.fixture
def new_shop(tmp_path: Path, sample: Path) -> Iterator[Shop]:
    """A shop that is open: the terminal is paired and every device works."""
    with opened(tmp_path, sample) as shop:
        yield shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[Shop]:
    """The same for tests that leave it as they found it."""
    with opened(tmp_path_factory.mktemp("shop"), sample) as shop:
        yield shop


@pytest.fixture
def new_shop_with_two_panels(tmp_path: Path, sample: Path) -> Iterator[Shop]:
    """The same for tests that do not leave it as they found it."""
    with opened(tmp_path, sample, two_panels=True) as shop:
        yield shop


@pytest.fixture(scope="module")
def shop_with_two_panels(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Iterator[Shop]:
    """One whose staff have a panel of their own."""
    with opened(tmp_path_factory.mktemp("two-panels"), sample, two_panels=True) as shop:
        yield shop


@pytest.fixture
def shop_with_low_panel(tmp_path: Path, sample: Path) -> Iterator[Shop]:
    """One with a panel of 128x32 on I2C."""
    with opened(tmp_path, sample, kind=LOW_PANEL) as shop:
        yield shop


@pytest.fixture
def shop_with_wide_panel(tmp_path: Path, sample: Path) -> Iterator[Shop]:
    """One with a panel of 256x64 on SPI, mounted the other way up."""
    with opened(tmp_path, sample, kind=WIDE_PANEL) as shop:
        yield shop


@pytest.fixture
def small_shop(tmp_path: Path, sample: Path) -> Iterator[Shop]:
    """A shop whose terminal has a disk of 1 MB."""
    with opened(tmp_path, sample, small_disk=True) as shop:
        yield shop
