"""Versions beside each other: hostile bundles change nothing, and a power cut at any step leaves a terminal that starts."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.power_plug import cuts
from emulators.vendor import FILES, Change, Vendor, link, manifest_of, put
from sync import bundle
from sync.bundle import NoBundle, NotTrusted, TornBundle, number
from terminal import update_unit
from terminal.versions import FAILURES, NotInstalled, State, Versions

VENDOR = Vendor()
ROOT = Path(__file__).parents[2]


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    """The package's own version 1.3 and no other."""
    found = Versions(tmp_path / "versions", tmp_path / "package")
    found.folder.mkdir()
    found.package.mkdir()
    (found.package / "VERSION").write_text("1.3\n")
    return found


def install(versions: Versions, path: Path, architecture: str = "arm64") -> str:
    with path.open("rb") as file:
        return versions.install(file, VENDOR.keys, architecture)


def whole(versions: Versions) -> bool:
    """Whether the version in use is the package's, or has every one of its files."""
    name = versions.current()
    if not name:
        return True
    folder = versions.folder / name
    return (
        all((folder / file).read_bytes() == content for file, content in FILES.items())
        and (folder / "VERSION").read_text() == f"{name}\n"
    )


def lies(versions: Versions) -> set[str]:
    return {path.name for path in versions.folder.iterdir()}


def test_a_version_is_installed_tried_and_kept(versions: Versions, tmp_path: Path) -> None:
    assert install(versions, VENDOR.make(tmp_path / "b", least="1.2")) == "1.4.2"
    assert (versions.running(), versions.on_trial(), whole(versions)) == ("1.4.2", True, True)
    assert (versions.folder / "1.4.2" / "bin" / "run").stat().st_mode & 0o777 == 0o755
    assert (versions.folder / "1.4.2" / "VERSION").stat().st_mode & 0o777 == 0o644
    assert versions.well()
    assert not versions.well()
    assert versions.state() == State(good="1.4.2", least="1.2")
    install(versions, VENDOR.make(tmp_path / "c", "1.5"))
    assert versions.state().good == "1.4.2"
    assert lies(versions) == {"1.4.2", "1.5", "current", "state.json"}
    versions.well()
    assert lies(versions) == {"1.5", "current", "state.json"}


def test_three_starts_that_end_by_their_own_fault_bring_the_last_good_version_back(versions: Versions, tmp_path: Path) -> None:
    install(versions, VENDOR.make(tmp_path / "b"))
    versions.well()
    bad = VENDOR.make(tmp_path / "c", "1.5")
    install(versions, bad)
    assert [versions.failed(f"boot {n}") for n in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    assert (versions.running(), versions.on_trial()) == ("1.4.2", False)
    assert not versions.failed("boot")  # a good version may fail as often as it likes
    with pytest.raises(NotInstalled, match="did not do well"):
        install(versions, bad)
    assert install(versions, VENDOR.make(tmp_path / "d", "1.5.1")) == "1.5.1"


def test_without_another_version_the_packages_own_comes_back(versions: Versions, tmp_path: Path) -> None:
    install(versions, VENDOR.make(tmp_path / "b"))
    assert versions.give_up()
    assert (versions.current(), versions.running()) == ("", "1.3")
    assert not (versions.folder / "current").is_symlink()


def test_a_version_on_trial_that_is_replaced_does_not_become_the_good_one(versions: Versions, tmp_path: Path) -> None:
    install(versions, VENDOR.make(tmp_path / "b"))
    versions.well()
    install(versions, VENDOR.make(tmp_path / "c", "1.5"))
    install(versions, VENDOR.make(tmp_path / "d", "1.6"))
    assert versions.state().good == "1.4.2"
    versions.give_up()
    assert versions.running() == "1.4.2"


# what is not taken


def test_nothing_is_believed_that_two_of_the_vendors_keys_have_not_signed(versions: Versions, tmp_path: Path) -> None:
    for signers, count in (("", 0), ("a", 1), ("c", 0), ("ac", 1)):
        with pytest.raises(NotTrusted, match=f"by {count} of the keys"):
            install(versions, VENDOR.make(tmp_path / "b", signers=signers))
    path = VENDOR.make(tmp_path / "b")
    with path.open("rb") as file:
        head = bundle.read_head(file)
    same = {**head.head.signatures, "b": head.head.signatures["a"]}
    for keys in ({}, {"a": VENDOR.keys["a"]}, {"a": VENDOR.keys["a"], "b": VENDOR.keys["a"]}):
        forged = bundle.Bundle(head.manifest, bundle.Head(head.head.manifest, same), 0)
        with pytest.raises(NotTrusted):
            forged.check(keys)
    assert lies(versions) == set()


def test_older_foreign_and_forbidden_versions_are_not_taken(versions: Versions, tmp_path: Path) -> None:
    for version in ("1.3", "1.2.9", "0.9"):
        with pytest.raises(NotInstalled, match="not newer"):
            install(versions, VENDOR.make(tmp_path / "b", version))
    with pytest.raises(NotInstalled, match="for armhf"):
        install(versions, VENDOR.make(tmp_path / "b", architecture="armhf"))
    assert install(versions, VENDOR.make(tmp_path / "b", architecture="all", least="1.4")) == "1.4.2"
    versions.well()
    # The link is gone, as after a package was put back: still nothing below the least version is taken.
    (versions.folder / "current").unlink()
    with pytest.raises(NotInstalled, match=r"older than 1\.4"):
        install(versions, VENDOR.make(tmp_path / "b", "1.3.9"))


def test_what_was_changed_behind_the_manifest_is_not_taken(versions: Versions, tmp_path: Path) -> None:
    path = VENDOR.make(tmp_path / "b")
    content = path.read_bytes()
    for changed in (content[:-1], content + b"x", content[:-20] + b"y" + content[-19:]):
        path.write_bytes(changed)
        with pytest.raises(TornBundle):
            install(versions, path)
        assert versions.current() == ""
    for cut in (content[:0], content[:100], b"no bundle\n", b"{}\n", content.replace(b"manifest", b"manifesto", 1)):
        path.write_bytes(cut)
        with pytest.raises(NoBundle):
            install(versions, path)


@given(st.data())
def test_no_byte_of_the_first_line_can_be_changed(data: st.DataObject) -> None:
    content = manifest_of("1.4.2", "arm64", "0", b"x")
    line = msgspec.json.encode(bundle.Head(content, VENDOR.sign(content, "a", "b"))) + b"\n"
    place = data.draw(st.integers(0, len(line) - 2))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[place]))
    changed = line[:place] + bytes([other]) + line[place + 1 :]
    try:
        found = bundle.read_head(io.BytesIO(changed))
        found.check(VENDOR.keys)
    except (NoBundle, NotTrusted):
        return
    assert found.head.manifest == content  # base64 has spare bits at its end, and JSON takes either case of an escape


@pytest.mark.parametrize(
    "change",
    [
        lambda archive: put(archive, "../outside", b"x"),
        lambda archive: put(archive, "/etc/passwd", b"x"),
        lambda archive: put(archive, "lib/../../outside", b"x"),
        lambda archive: link(archive, "lib/out", "../../outside"),
        lambda archive: link(archive, "lib/out", "/etc/passwd"),
        lambda archive: link(archive, "bin/python3", "/usr/bin/env"),
        lambda archive: (link(archive, "way", "lib"), put(archive, "way/in", b"x")),
        lambda archive: link(archive, "hard", "bin/run", tarfile.LNKTYPE),
        lambda archive: link(archive, "node", "", tarfile.CHRTYPE),
        lambda archive: link(archive, "pipe", "", tarfile.FIFOTYPE),
        lambda archive: put(archive, "bin/run", b"again"),
        lambda archive: put(archive, "nowhere/file", b"x"),
        lambda archive: put(archive, "a\nb", b"x"),
    ],
)
def test_even_what_is_signed_touches_nothing_outside(versions: Versions, tmp_path: Path, change: Change) -> None:
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    path = VENDOR.make(tmp_path / "b", change=change)
    with pytest.raises(TornBundle):
        install(versions, path)
    assert (versions.current(), versions.on_trial()) == ("", False)
    path.unlink()
    left = {Path("versions/.packed"), Path("versions/.incoming")}
    after = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if ".incoming" not in str(path))
    assert [path for path in after if path not in left] == before
    assert install(versions, VENDOR.make(tmp_path / "c")) == "1.4.2"  # and what is left of it is in nobody's way


def test_the_link_to_debians_python_is_the_one_that_may_lead_outside(versions: Versions, tmp_path: Path) -> None:
    def change(archive: tarfile.TarFile) -> None:
        link(archive, "bin/python3", "/usr/bin/python3")
        link(archive, "lib/here", "../bin/run")

    install(versions, VENDOR.make(tmp_path / "b", change=change))
    assert (versions.folder / "1.4.2" / "bin" / "python3").readlink() == Path("/usr/bin/python3")
    assert (versions.folder / "1.4.2" / "lib" / "here").read_bytes() == FILES["bin/run"]


def test_a_disk_without_room_is_noticed_before(versions: Versions, tmp_path: Path) -> None:
    path = VENDOR.make(tmp_path / "b")
    with path.open("rb") as file:
        head = bundle.read_head(file)
    content = msgspec.json.encode(msgspec.structs.replace(head.manifest, size=bundle.LARGEST))
    (tmp_path / "packed").write_bytes(b"")
    bundle.write(path, content, VENDOR.sign(content, "a", "b"), tmp_path / "packed")
    if shutil.disk_usage(tmp_path).free > 6 * bundle.LARGEST:
        with pytest.raises(TornBundle):
            install(versions, path)
    else:
        with pytest.raises(NotInstalled, match="room"):
            install(versions, path)


@given(st.lists(st.integers(0, 999_999), min_size=1, max_size=4), st.lists(st.integers(0, 999_999), min_size=1, max_size=4))
def test_versions_are_compared_number_by_number(one: list[int], other: list[int]) -> None:
    def text(parts: list[int]) -> str:
        return ".".join(map(str, parts))

    padded = [parts + [0] * (4 - len(parts)) for parts in (one, other)]
    assert (number(text(one)) < number(text(other))) == (padded[0] < padded[1])
    assert (number(text(one)) == number(text(other))) == (padded[0] == padded[1])


@pytest.mark.parametrize("version", ["", "1.", ".1", "01", "1.2.3.4.5", "1.2-3", "1.2~rc1", "../1", "1/2", "current", "1\n"])
def test_what_is_no_version(version: str) -> None:
    with pytest.raises(ValueError, match="a version is"):
        number(version)


@pytest.mark.parametrize("own", ["1.4.2~rc1", "1.4.1-2+deb12u1", "built by hand", "", "1.2.3.4.5"])
def test_a_package_that_somebody_numbered_otherwise_can_be_updated(versions: Versions, tmp_path: Path, own: str) -> None:
    (versions.package / "VERSION").write_text(f"{own}\n")
    assert install(versions, VENDOR.make(tmp_path / "b")) == "1.4.2"


@pytest.mark.parametrize("own", ["1.4.2", "1.4.2-1", "1.4.2+git7", "1.5~rc1"])
def test_and_is_not_updated_to_what_it_is_already(versions: Versions, tmp_path: Path, own: str) -> None:
    (versions.package / "VERSION").write_text(f"{own}\n")
    with pytest.raises(NotInstalled, match="not newer"):
        install(versions, VENDOR.make(tmp_path / "b"))


# power cuts


Step = Callable[[Versions], object]


def cut_everywhere(versions: Versions, step: Step, then: Step, may_run: set[str]) -> int:
    """Pulls the plug at each of the step's file operations; whatever lies there then starts, and `then` ends it."""
    before, again = versions.folder.with_name("before"), versions.folder.with_name("again")
    versions.folder.rename(before)

    def prepare() -> None:
        shutil.rmtree(versions.folder, ignore_errors=True)
        shutil.copytree(before, versions.folder, symlinks=True)

    done = 0
    for done in cuts(lambda: step(versions), prepare):  # noqa: B007  looked at behind the loop
        assert versions.running() in may_run
        assert whole(versions)
        assert versions.folder.joinpath("state.json").stat().st_mode & 0o777 == 0o644
        shutil.rmtree(again, ignore_errors=True)
        shutil.copytree(versions.folder, again, symlinks=True)
        resumed = Versions(again, versions.package)
        then(resumed)
        assert whole(resumed)
        assert not [name for name in lies(resumed) if name.startswith(".")]
    return done


def test_power_cuts_while_a_version_is_installed(versions: Versions, tmp_path: Path) -> None:
    install(versions, VENDOR.make(tmp_path / "a", "1.4"))
    versions.well()
    path = VENDOR.make(tmp_path / "b", "1.5")

    def ends(resumed: Versions) -> None:
        # It lies in the state folder still, so it is installed at the next idle minutes; or it was switched to already.
        if resumed.running() == "1.4":
            assert not resumed.on_trial()
            install(resumed, path)
        assert (resumed.running(), resumed.on_trial()) == ("1.5", True)
        resumed.give_up()
        assert (resumed.running(), resumed.state().refused) == ("1.4", ("1.5",))

    assert cut_everywhere(versions, lambda them: install(them, path), ends, {"1.4", "1.5"}) > 15


def test_power_cuts_while_a_version_is_found_well(versions: Versions, tmp_path: Path) -> None:
    install(versions, VENDOR.make(tmp_path / "a", "1.4"))
    versions.well()
    install(versions, VENDOR.make(tmp_path / "b", "1.5", least="1.4"))

    def ends(resumed: Versions) -> None:
        resumed.well()
        assert (resumed.state().good, resumed.state().least, resumed.on_trial()) == ("1.5", "1.4", False)
        install(resumed, VENDOR.make(tmp_path / "c", "1.6"))
        assert lies(resumed) == {"1.5", "1.6", "current", "state.json"}

    assert cut_everywhere(versions, Versions.well, ends, {"1.5"}) > 5


def test_power_cuts_while_the_last_good_version_comes_back(versions: Versions, tmp_path: Path) -> None:
    install(versions, VENDOR.make(tmp_path / "a", "1.4"))
    versions.well()
    install(versions, VENDOR.make(tmp_path / "b", "1.5"))
    versions.failed("boot 1")
    versions.failed("boot 1")

    def ends(resumed: Versions) -> None:
        while resumed.running() == "1.5":
            assert resumed.on_trial()
            resumed.failed("boot 2")
        assert (resumed.running(), resumed.on_trial()) == ("1.4", False)
        with pytest.raises(NotInstalled, match="did not do well"):
            install(resumed, VENDOR.make(tmp_path / "b", "1.5"))
        install(resumed, VENDOR.make(tmp_path / "c", "1.6"))

    assert cut_everywhere(versions, lambda them: them.failed("boot 1"), ends, {"1.4", "1.5"}) > 5


def test_pulled_power_is_no_failed_start(versions: Versions, tmp_path: Path) -> None:
    """Nothing runs then that could count; and what systemd was asked for does not count either."""
    install(versions, VENDOR.make(tmp_path / "a", "1.4"))
    places = update_unit.Places(tmp_path, tmp_path, tmp_path, versions)
    for result in ("success", "", "resources", "condition"):
        update_unit.ended(places, result, "boot")
    assert versions.state().failures == ()
    for result in ("exit-code", "watchdog"):
        assert "own fault" in update_unit.ended(places, result, "boot")
    assert versions.on_trial()
    assert "used again" in update_unit.ended(places, "core-dump", "boot")
    assert versions.running() == "1.3"


# the tool of whoever makes them


def test_what_the_script_packs_and_two_people_sign_is_installed(versions: Versions, tmp_path: Path) -> None:
    def script(*arguments: str) -> str:
        words = [sys.executable, str(ROOT / "scripts" / "bundle.py"), *arguments]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert done.returncode == 0, done.stderr
        return done.stdout

    keys = bundle.read_keys("[keys]\n" + script("key", "alice") + script("key", "bob"))
    assert (tmp_path / "alice.key").stat().st_mode & 0o777 == 0o600
    made = tmp_path / "made"
    for name, content in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
    (made / "bin" / "run").chmod(0o755)
    wanted = ("--version", "1.4.2", "--architecture", "all")
    for name in ("one", "two"):
        script("make", str(made), *wanted, "--out", name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    script("sign", "one", "--key", "alice.key")
    with (tmp_path / "one").open("rb") as file, pytest.raises(NotTrusted):
        versions.install(file, keys, "arm64")
    script("sign", "one", "--key", "bob.key")
    assert "signed by alice, bob" in script("show", "one")
    with (tmp_path / "one").open("rb") as file:
        assert versions.install(file, keys, "arm64") == "1.4.2"
    assert whole(versions)


def test_no_key_is_trusted_before_somebody_writes_it_down() -> None:
    assert bundle.read_keys((ROOT / "config" / "update-keys.toml").read_text()) == {}
