"""Versions of the terminal offered in stages: to whom, which, and piece by piece; and shops' opening hours beside them."""

from __future__ import annotations

import random
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from backend import releases
from backend.commands import main
from backend.releases import OtherRelease, UnknownRelease, place_of
from emulators.cloud_house import NOW, House
from emulators.vendor import Vendor
from sync.bundle import NoBundle, TornBundle
from sync.update_messages import UPDATE_PIECE_BYTES, Offer, Update, UpdatePiece

VENDOR = Vendor()
ONE = UUID(int=1)


def publish(house: House, path: Path, share: int = 100) -> releases.Release:
    with house.engine.begin() as connection:
        return releases.publish(connection, path, share, NOW)


def offered(
    house: House, version: str = "1.3", identity: UUID = ONE, architecture: str = "arm64", refused: tuple[str, ...] = ()
) -> str:
    with house.engine.begin() as connection:
        return releases.offer(connection, Update(identity, version, architecture, refused)).version


def test_the_newest_that_fits_is_offered(house: House, tmp_path: Path) -> None:
    for version in ("1.4", "1.10", "1.9"):
        publish(house, VENDOR.make(tmp_path / version, version))
    publish(house, VENDOR.make(tmp_path / "b", "2.0", architecture="armhf"))
    assert offered(house) == "1.10"
    assert offered(house, "1.10") == ""
    assert offered(house, "1.10.0") == ""
    assert offered(house, refused=("1.10",)) == "1.9"
    assert offered(house, architecture="armhf") == "2.0"
    assert offered(house, "built by hand") == ""
    publish(house, VENDOR.make(tmp_path / "c", "3", architecture="all"))
    assert offered(house, architecture="amd64") == "3"


def test_it_comes_in_pieces_that_make_the_bundle_again(house: House, tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(UPDATE_PIECE_BYTES + 1)
    path = VENDOR.make(tmp_path / "b", files={"noise": noise})
    publish(house, path)
    with house.engine.begin() as connection:
        found = releases.offer(connection, Update(ONE, "1.3", "arm64"))
        assert found == Offer("1.4.2", "arm64", path.stat().st_size, found.sha256)
        pieces = [releases.piece(connection, UpdatePiece(ONE, "1.4.2", "arm64", number)).content for number in range(2)]
        assert b"".join(pieces) == path.read_bytes()
        with pytest.raises(UnknownRelease):
            releases.piece(connection, UpdatePiece(ONE, "1.4.2", "arm64", 2))


def test_a_version_is_one_thing_for_ever(house: House, tmp_path: Path) -> None:
    path = VENDOR.make(tmp_path / "b")
    assert publish(house, path, 10) == releases.Release("1.4.2", "arm64", 10, path.stat().st_size)
    assert publish(house, path, 50).share == 50
    with pytest.raises(OtherRelease):
        publish(house, VENDOR.make(tmp_path / "c", files={"other": b""}))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TornBundle):
        publish(house, path)
    path.write_bytes(b"no bundle")
    with pytest.raises(NoBundle):
        publish(house, path)
    with house.engine.begin() as connection, pytest.raises(UnknownRelease):
        releases.offer_to(connection, "9.9", "arm64", 1)


@given(st.integers(0, 99), st.integers(1, 2**64))
def test_who_has_it_keeps_it_as_the_share_grows(place: int, seed: int) -> None:
    identity = UUID(int=seed)
    assert place_of(identity, "1.4") in range(100)
    assert place_of(identity, "1.4") == place_of(identity, "1.4")


def test_a_share_is_about_that_many_terminals_and_not_always_the_same(house: House, tmp_path: Path) -> None:
    chance = random.Random(7)
    fleet = [UUID(int=chance.getrandbits(128)) for _ in range(1_000)]
    publish(house, VENDOR.make(tmp_path / "b"), 10)
    with house.engine.begin() as connection:
        first = {one for one in fleet if releases.offer(connection, Update(one, "1", "arm64")).version}
        releases.offer_to(connection, "1.4.2", "arm64", 30)
        more = {one for one in fleet if releases.offer(connection, Update(one, "1", "arm64")).version}
        releases.offer_to(connection, "1.4.2", "arm64", 0)
        assert not any(releases.offer(connection, Update(one, "1", "arm64")).version for one in fleet[:100])
    assert 70 < len(first) < 130
    assert 260 < len(more) < 340
    assert first < more
    assert len(first & {one for one in fleet if place_of(one, "1.4.3") < 10}) < 40


def test_the_commands_of_whoever_runs_the_cloud(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cloud.sqlite'}"

    def says(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(main, ["--database", url, *arguments])
        assert done.exit_code == status, done.output
        return done.output

    says("init")
    path = str(VENDOR.make(tmp_path / "b"))
    assert "offered to 10 of 100" in says("release", path)
    assert "offered to 60 of 100" in says("release-share", "1.4.2", "60")
    assert "1.4.2        arm64   60 of 100" in says("releases")
    assert "bodka-cloud releases" in says("release-share", "9", "60", status=1)
    (tmp_path / "c").write_bytes(b"nothing")
    assert "copy it anew" in says("release", str(tmp_path / "c"), status=1)
