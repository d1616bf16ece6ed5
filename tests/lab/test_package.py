"""What is in the package, and what is not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(300)]

LARGEST = 25_000_000
ROOMS = ("./usr/", "./lib/", "./etc/bodka/")


@pytest.fixture(scope="module")
def names(package: Path) -> list[str]:
    listed = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], check=True, capture_output=True).stdout
    return subprocess.run(["tar", "-t"], input=listed, check=True, capture_output=True).stdout.decode().splitlines()


def test_it_has_no_virtual_device_no_counter_page_and_no_cloud(names: list[str]) -> None:
    own = [name for name in names if "/site-packages/" in name]
    code = "/site-packages/"
    for left_out in ("terminal/counter/", "drivers/virtual", "backend/", "uvicorn/", "starlette/", "fastapi/"):
        assert not [name for name in own if name.partition(code)[2].startswith(left_out)], left_out
    for there in ("terminal/startup.py", "drivers/nfc.py", "sync/journal.py", "display/locale/sk/LC_MESSAGES/bodka.mo"):
        assert any(name.endswith(code + there) for name in own), there


def test_it_has_every_module_of_the_sources_but_those(names: list[str]) -> None:
    root = Path(__file__).parents[2]
    rooms = ("loyalty", "drivers", "display", "sync", "terminal")
    there = {name.partition("/site-packages/")[2] for name in names}
    wanted = {str(path.relative_to(root)) for room in rooms for path in (root / room).rglob("*.py")}
    left_out = {name for name in wanted if name.startswith(("terminal/counter/", "drivers/virtual"))}
    assert wanted - there == left_out


def test_it_is_small_and_stays_in_its_rooms(package: Path, names: list[str]) -> None:
    assert package.stat().st_size <= LARGEST
    outside = [name for name in names if not name.startswith(ROOMS) and not name.endswith("/")]
    assert outside == []


def test_everything_is_compiled(names: list[str]) -> None:
    """A module that is not would be compiled at each start: the terminal may not write beside it."""
    there = set(names)
    sources = [name for name in names if name.endswith(".py") and "/site-packages/" in name]
    assert sources
    for name in sources:
        folder, _, file = name.rpartition("/")
        assert f"{folder}/__pycache__/{file.removesuffix('.py')}.cpython-311.pyc" in there, name
