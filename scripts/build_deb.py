"""Builds the Debian package: the terminal and its libraries as one folder that runs from wherever it lies, units, device rules.

Nothing of the package's architecture is run: libraries come as wheels, and Python's compiled files are the same everywhere. Two
builds of one commit are the same bytes (times are the commit's, `SOURCE_DATE_EPOCH` if it is set).

What the folder looks like, and why: docs/decisions/0014.
"""

from __future__ import annotations

import argparse
import compileall
import gzip
import hashlib
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from pathlib import Path

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "wheels"
HOME = "usr/lib/bodka-terminal"
"""Where the package's version lies."""

PYTHON = "python3.11"
"""Debian 12's, for which wheels and compiled files are made."""

PACKAGES = f"lib/{PYTHON}/site-packages"
ROOMS = ("loyalty", "drivers", "display", "sync", "terminal")
"""Our own packages on a terminal."""

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's names of architectures, and those of wheels."""

GLIBC = range(36, 16, -1)
"""Wheels for these versions of glibc, 2.36 being Debian 12's (PEP 600)."""

FROM_DEBIAN = ("evdev", "pyscard", "spidev")
"""No wheels for arm64: the package depends on Debian's."""

LEFT_OUT = ("terminal/counter/", "drivers/virtual.py", "drivers/virtual_devices.py", "backend/", "pip/", "pip-")
"""A terminal in a shop has no virtual device and no counter page, and the cloud is elsewhere. pip is sqlite-utils' wish, for a
command of its own that installs plug-ins."""

LANGUAGES = ("cs", "de", "en", "hu", "pl", "root", "sk")
"""Of Babel's numbers and dates for the whole world these are kept."""

PLACES = {
    "systemd/*.service": "lib/systemd/system",
    "systemd/*.path": "lib/systemd/system",
    "config/sysusers.d/*": "usr/lib/sysusers.d",
    "config/tmpfiles.d/*": "usr/lib/tmpfiles.d",
    "config/modules-load.d/*": "usr/lib/modules-load.d",
    "config/modprobe.d/*": "usr/lib/modprobe.d",
    "config/journald.conf.d/*": "usr/lib/systemd/journald.conf.d",
    "config/udev/*": "lib/udev/rules.d",
    "config/polkit/*": "usr/share/polkit-1/rules.d",
    "config/terminal.toml": "etc/bodka",
    "config/update-keys.toml": "etc/bodka",
    "debian/run": "usr/libexec/bodka-terminal",
    "debian/bodka-terminal": "usr/bin",
    "debian/copyright": "usr/share/doc/bodka-terminal",
}
"""Where else files of this repository go."""


def main() -> None:
    """Builds what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    parser.add_argument("--version", default=setup["metadata"]["version"])
    parser.add_argument("--into", type=Path, default=ROOT / "dist")
    parser.add_argument("--compression", choices=("xz", "zstd"), default="xz")
    parser.add_argument("architectures", nargs="*", metavar="arm64|amd64")
    wanted = parser.parse_args()
    if f"python{sys.version_info.major}.{sys.version_info.minor}" != PYTHON:
        sys.exit(f"scripts/build-deb: compiled files are for {PYTHON}: run it on Debian 12")
    wanted.into.mkdir(parents=True, exist_ok=True)
    for architecture in wanted.architectures or MACHINES:
        with tempfile.TemporaryDirectory(prefix="bodka-deb-") as scratch:
            package = build(architecture, wanted.version, Path(scratch), wanted.into, wanted.compression)
        print(f"{package}  {package.stat().st_size / 1e6:.1f} MB")


def build(architecture: str, version: str, scratch: Path, into: Path, compression: str = "xz") -> Path:
    """One package; `scratch` is an empty folder."""
    moment = moment_of_the_commit()
    stage = scratch / "stage"
    home = stage / HOME
    _version_folder(home, architecture, version, scratch)
    for pattern, place in PLACES.items():
        for source in sorted(ROOT.glob(pattern)):
            _copy(source, stage / place / source.name)
    _write(stage / "usr/share/doc/bodka-terminal/changelog.gz", gzip.compress((ROOT / "CHANGELOG.md").read_bytes(), mtime=0))
    _control(stage, architecture, version)
    for path in [*stage.rglob("*"), stage]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (moment, moment), follow_symlinks=False)
    package = into / f"bodka-terminal_{version}_{architecture}.deb"
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(moment)}
    command = ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build", os.fspath(stage), os.fspath(package)]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    return package


def _version_folder(home: Path, architecture: str, version: str, scratch: Path) -> None:
    """Python's layout of a virtual environment (PEP 405), made by hand: nothing in it names the place where it lies."""
    shutil.copytree(_compiled_libraries(architecture), home, symlinks=True)
    packages = home / PACKAGES
    _unpack(_own_wheel(version, scratch), packages, home)
    for room in ROOMS:
        _compile(packages / room, home)
    (home / "bin").mkdir()
    (home / "bin/python3").symlink_to("/usr/bin/python3")
    _write(home / "pyvenv.cfg", b"home = /usr/bin\ninclude-system-site-packages = true\n")
    _write(home / "VERSION", f"{version}\n".encode())


def _compiled_libraries(architecture: str) -> Path:
    """A version's folder with nothing but the libraries, kept beside their wheels."""
    wheels = libraries(architecture)
    folder = wheels[0].parent / f"unpacked-{hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]}"
    if not folder.exists():
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        for wheel in wheels:
            _unpack(wheel, part / PACKAGES, part)
        _compile(part / PACKAGES, part)
        part.rename(folder)
    return folder


def _compile(folder: Path, home: Path) -> None:
    """Python's compiled files, which never look at their sources' times: those are the commit's."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(folder, quiet=1, stripdir=os.fspath(home), prependdir=f"/{HOME}", invalidation_mode=mode):
        sys.exit(f"scripts/build-deb: a module in {folder.name} could not be compiled")


def libraries(architecture: str) -> list[Path]:
    """The wheels of everything that the terminal imports, at the versions of constraints.txt."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = f"{setup['options']['install_requires']}\n{setup['options.extras_require']['pi']}".split("\n")
    needed = [line for line in lines if line and line not in FROM_DEBIAN]
    stamp = hashlib.sha256("\n".join([*needed, (ROOT / "constraints.txt").read_text()]).encode()).hexdigest()[:16]
    folder = CACHE / f"{architecture}-{stamp}"
    if not folder.exists():
        fresh = folder.with_suffix(".part")
        shutil.rmtree(fresh, ignore_errors=True)
        _download(needed, architecture, fresh)
        fresh.rename(folder)
    return sorted(folder.glob("*.whl"))


def _download(needed: list[str], architecture: str, folder: Path) -> None:
    machine = MACHINES[architecture]
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in GLIBC] + [f"manylinux2014_{machine}"]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    constraints = ["-c", os.fspath(ROOT / "constraints.txt")]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, *constraints, *PURE], check=True)
    command = [*pip, "download", "--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--abi=cp311"]
    command += ["--abi=abi3", "--abi=none", *(f"--platform={platform}" for platform in platforms), "--platform=any"]
    subprocess.run([*command, "--find-links", folder, "-d", folder, *constraints, *needed], check=True)


PURE = ("pyDes",)
"""Pure Python that its makers publish without wheels: built here, the same for every architecture."""


def _own_wheel(version: str, scratch: Path) -> Path:
    """The project's own code under this version, built beside the repository."""
    copy = scratch / "source"
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-coz", "--exclude-standard"], check=True, capture_output=True)
    for name in listed.stdout.decode().rstrip("\0").split("\0"):
        if not name.startswith(("tests/", "docs/")) and (ROOT / name).is_file():
            _copy(ROOT / name, copy / name)
    setup = copy / "setup.cfg"
    setup.write_text("\n".join(_with_version(setup.read_text().split("\n"), version)))
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "wheel", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", scratch, copy], check=True)
    return next(scratch.glob("bodka-*.whl"))


def _with_version(lines: Iterable[str], version: str) -> Iterator[str]:
    for line in lines:
        yield f"version = {version}" if line.startswith("version = ") else line


def _unpack(wheel: Path, packages: Path, home: Path) -> None:
    """A wheel's files to where they belong (PEP 427); scripts and what nobody needs on a terminal stay out."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            name = entry.filename
            if entry.is_dir() or not _wanted(name):
                continue
            folder, _, rest = name.partition("/")
            if folder.endswith(".data"):
                kind, _, rest = rest.partition("/")
                if kind not in ("purelib", "platlib", "data"):
                    continue
                target = (home if kind == "data" else packages) / rest
            else:
                target = packages / name
            _write(target, archive.read(entry))


def _wanted(name: str) -> bool:
    if name.startswith(LEFT_OUT) or name.endswith((".dist-info/RECORD", ".po", ".pyx", ".pxd", ".c", ".h")):
        return False
    if name.startswith("babel/locale-data/"):
        language = name.removeprefix("babel/locale-data/").partition(".")[0].partition("_")[0]
        return language in LANGUAGES
    return True


def _control(stage: Path, architecture: str, version: str) -> None:
    size = sum(path.lstat().st_size for path in stage.rglob("*") if not path.is_dir()) // 1024
    values = {"@VERSION@": version, "@ARCHITECTURE@": architecture, "@SIZE@": str(size)}
    text = (ROOT / "debian/control").read_text()
    for place, value in values.items():
        text = text.replace(place, value)
    sums = "".join(
        f"{hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()}  {path.relative_to(stage)}\n"
        for path in sorted(stage.rglob("*"))
        if path.is_file() and not path.is_symlink() and not path.is_relative_to(stage / "etc")
    )
    _write(stage / "DEBIAN/control", text.encode())
    _write(stage / "DEBIAN/md5sums", sums.encode())
    for name in ("conffiles", "postinst", "prerm", "postrm"):
        _copy(ROOT / "debian" / name, stage / "DEBIAN" / name)


def moment_of_the_commit() -> int:
    """Seconds since 1970 that every file of the package, and of the image, gets."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    command = ["git", "-C", os.fspath(ROOT), "log", "-1", "--format=%ct"]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    main()
