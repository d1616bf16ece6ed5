"""The package, built, and machines that it is installed on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import container_tree
from lab.container import Container
from lab.installer import NEWER, install

Boot = Callable[[], Container]


def built(into: Path, *arguments: str, architecture: str = "amd64") -> Path:
    """Runs scripts/build_deb.py, compressed in a hurry: as the shops' packages, a little larger."""
    script = container_tree.ROOT / "scripts/build_deb.py"
    command = [sys.executable, script, "--into", into, "--compression", "zstd", *arguments, architecture]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return next(into.glob(f"*_{architecture}.deb"))


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of today's sources."""
    return built(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a later version."""
    return built(tmp_path_factory.mktemp("newer"), "--version", NEWER)


@pytest.fixture(scope="session")
def tree() -> Path:
    """Debian, from the cache, or made now: on a machine that has none it takes half a minute, beside other tests."""
    if missing := container_tree.missing_tools():
        pytest.skip(f"{' and '.join(missing)} missing: run scripts/lab, as root, which installs them")
    return container_tree.make()


@pytest.fixture(scope="session")
def boot(tree: Path, package: Path, newer: Path, tmp_path_factory: pytest.TempPathFactory) -> Boot:
    """Boots a machine with both packages in /packages and /newer, and the terminal not installed."""
    logs = tmp_path_factory.mktemp("machines")
    shared = {package.parent: "/packages", newer.parent: "/newer", Path(__file__).parent: "/lab"}
    return lambda: Container(tree, shared, logs / f"{len(list(logs.iterdir()))}.log")


@pytest.fixture(scope="module")
def machine(boot: Boot) -> Iterator[Container]:
    """A machine on which the package was installed a moment ago."""
    with boot() as one:
        install(one)
        yield one
