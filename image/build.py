"""Builds the SD-card image: Debian 12 for arm64 with the package installed, as three partitions.

Needs neither loop devices nor mounts: file systems are written from folders. Debian's part is kept in the cache between builds
(`--fresh` makes it anew, in about eight minutes); the rest takes a minute or two. What two builds of one commit differ in:
docs/installing.md, "The image".
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import debian12
import initramfs
import namespace

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, os.fspath(ROOT / "scripts"))

from build_deb import moment_of_the_commit  # noqa: E402

MIB = 1 << 20

FIRST_MIB, BOOT_MIB, ROOT_MIB, DATA_MIB = 8, 128, 1152, 1024
"""Sizes: before the first partition, which leaves room for a card's erase block; FAT; the system; what changes."""

MOST_USED = 900 * 1000**2
"""Bytes that FAT and system may use."""

DISK_ID = "0x424f444b"
FAT_ID = "424f444b"
ROOT_ID, DATA_ID = "b0d4a000-0000-4000-8000-000000000001", "b0d4a000-0000-4000-8000-000000000002"
"""The same in each build; partitions are found by their labels."""

KEPT = {
    "bodka": "var/lib/bodka",
    "bodka-versions": "var/lib/bodka-versions",
    "bodka-wifi": "var/lib/bodka-wifi",
    "systemd": "var/lib/systemd",
    "settings": "etc/bodka",
    "wpa_supplicant": "etc/wpa_supplicant",
}
"""Folders of the data partition, and where they are seen (files/etc/fstab)."""

MASKED = (
    *("getty@.service", "serial-getty@.service", "console-getty.service", "getty.target", "ctrl-alt-del.target"),
    *("systemd-logind.service", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer"),
    *("e2scrub_reap.service", "wpa_supplicant.service", "debug-shell.service", "emergency.service", "rescue.service"),
)
"""Nobody logs in, and a keyboard is a scanner: no program waits for what is typed."""

ENABLED = {
    "multi-user.target.wants": ("systemd-networkd.service", "bodka-settings.service"),
    "sysinit.target.wants": ("systemd-resolved.service", "systemd-timesyncd.service"),
}


def main() -> None:
    """Builds what the command line asks for."""
    parser = argparse.ArgumentParser(description="Builds the SD-card image for a Raspberry Pi 3, 4 or Zero 2 W")
    parser.add_argument("--country", default="SK", help="of the shops, for the Wi-Fi's channels (ISO 3166)")
    parser.add_argument("--fresh", action="store_true", help="take Debian's part from the mirror and not from the cache")
    parser.add_argument("--package", type=Path, help="an arm64 .deb to install instead of today's sources")
    parser.add_argument("--into", type=Path, default=ROOT / "dist")
    wanted = parser.parse_args()
    if not re.fullmatch("[A-Z]{2}", wanted.country):
        sys.exit(f"build-image: --country {wanted.country}: two capital letters, as in SK")
    began = time.monotonic()
    moment = moment_of_the_commit()
    with tempfile.TemporaryDirectory(dir=_cache(), prefix="image-") as name:
        scratch = Path(name)
        base = _debian(fresh=wanted.fresh)
        package = wanted.package or _package(scratch)
        tree = scratch / "tree"
        subprocess.run(["cp", "-a", "--reflink=auto", base, tree], check=True)
        _install(tree, package)
        _settle(tree, wanted.country)
        image = _image(tree, scratch, wanted.into, moment)
    print(f"{image}  {time.monotonic() - began:.0f} s")


def _cache() -> Path:
    folder = debian12.cache()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _packages() -> list[str]:
    """Names from packages.txt, and from the package's own Depends."""
    listed = [line for line in (HERE / "packages.txt").read_text().splitlines() if line and not line.startswith("#")]
    return sorted({*listed, *debian12.depends()})


def _debian(*, fresh: bool) -> Path:
    """A tree of Debian with all that the package depends on, from the cache where it is there."""
    tree = _cache() / "image-debian"
    named = tree.with_suffix(".packages")
    wanted = "\n".join(_packages())
    if not fresh and named.exists() and named.read_text() == wanted:
        return tree
    try:
        mirror = debian12.mirror()
    except debian12.NoMirror as error:
        sys.exit(f"build-image: {error}")
    for old in (tree, named):
        shutil.rmtree(old, ignore_errors=True) if old.is_dir() else old.unlink(missing_ok=True)
    command = [
        *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", "--architectures=arm64", "--format=directory"),
        *("--aptopt=APT::Install-Recommends false", "--aptopt=APT::Sandbox::User root", "--dpkgopt=force-unsafe-io"),
        *(f"--dpkgopt=path-exclude={path}" for path in debian12.LEFT_OUT),
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        f"--include={','.join(_packages())}",
        *(debian12.SUITE, os.fspath(tree), f"deb {mirror} {debian12.SUITE} main non-free-firmware"),
    ]
    namespace.run(command, INITRD="No", SOURCE_DATE_EPOCH=str(moment_of_the_commit()))
    named.write_text(wanted)
    return tree


def _package(scratch: Path) -> Path:
    subprocess.run([ROOT / "scripts/build-deb", "--into", scratch / "package", "arm64"], check=True, stdout=subprocess.DEVNULL)
    return next((scratch / "package").glob("*_arm64.deb"))


def _install(tree: Path, package: Path) -> None:
    """The only step that runs programs of arm64: the package's own scripts."""
    shutil.copy(package, tree / "tmp/package.deb")
    script = 'mount --rbind /proc "$1/proc"; exec chroot "$1" dpkg --install /tmp/package.deb'
    namespace.run(["sh", "-ec", script, "sh", tree], DEBIAN_FRONTEND="noninteractive")
    (tree / "tmp/package.deb").unlink()


def _settle(tree: Path, country: str) -> None:
    """Our files over Debian's; who waits for keys or for the network's questions is put to silence."""
    subprocess.run(["cp", "-r", f"{HERE}/files/.", tree], check=True)
    file = tree / "etc/modprobe.d/bodka-country.conf"
    file.write_text(file.read_text().replace("@COUNTRY@", country))
    units = tree / "etc/systemd/system"
    for unit in MASKED:
        _link(units / unit, "/dev/null")
    for target, names in ENABLED.items():
        for unit in names:
            place = "/etc/systemd/system" if (units / unit).exists() else "/lib/systemd/system"
            _link(units / target / unit, f"{place}/{unit}")
    shutil.rmtree(units / "getty.target.wants", ignore_errors=True)
    _link(tree / "etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf")
    (tree / "etc/machine-id").write_text("")
    _link(tree / "var/lib/dbus/machine-id", "/etc/machine-id")
    (tree / "data").mkdir()
    settings = tree / "etc/bodka/terminal.toml"
    # Debian's kernel calls the serial pins of these boards ttyS1, Raspberry Pi OS serial0 (bcm283x.dtsi: aliases).
    settings.write_text(settings.read_text().replace("tty:S0:pn532", "tty:S1:pn532"))
    start = "ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev\nupdate_config=0\n"
    (tree / "etc/wpa_supplicant/wpa_supplicant-wlan0.conf").write_text(f"{start}country={country}\n")
    for name in ("var/lib/bodka-wifi", "var/lib/bodka-versions", "var/lib/systemd", "var/lib/private"):
        (tree / name).mkdir(exist_ok=True)
    for leftover in ("var/lib/apt/lists", "var/cache", "var/log", "tmp", "run"):
        for path in (tree / leftover).iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    for leftover in (
        "etc/hostname.dpkg-new",
        "etc/passwd-",
        "etc/group-",
        "etc/shadow-",
        "etc/gshadow-",
        "vmlinuz",
        "vmlinuz.old",
    ):
        (tree / leftover).unlink(missing_ok=True)


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def _image(tree: Path, scratch: Path, into: Path, moment: int) -> Path:
    boot, data, stage = scratch / "boot", scratch / "data", scratch / "initramfs"
    for folder in (data, stage):
        folder.mkdir()
    _boot(tree, boot, initramfs.make(tree, stage, moment))
    for name, place in KEPT.items():
        subprocess.run(["cp", "-a", tree / place, data / name], check=True)
        _emptied(tree / place)
    for folder in (tree, boot, data):
        _date(folder, moment)
    variables = {**os.environ, "SOURCE_DATE_EPOCH": str(moment), "E2FSPROGS_FAKE_TIME": str(moment), "TZ": "UTC"}
    parts = [scratch / name for name in ("boot.img", "root.img", "data.img")]
    _fat(boot, parts[0], variables)
    _ext4(tree, parts[1], ROOT_MIB, "bodka-root", ROOT_ID, variables)
    _ext4(data, parts[2], DATA_MIB, "bodka-data", DATA_ID, variables)
    used = sum(_used(folder) for folder in (tree, boot))
    print(f"used: {used / 1e6:.0f} MB of FAT and system")
    if used > MOST_USED:
        sys.exit(f"build-image: that is more than {MOST_USED / 1e6:.0f} MB: take something out of image/packages.txt")
    into.mkdir(parents=True, exist_ok=True)
    image = into / "bodka-terminal.img"
    return _assembled(parts, image)


def _boot(tree: Path, boot: Path, packed: bytes) -> None:
    """The first partition: the firmware's files, kernel, device trees, settings to edit."""
    shutil.copytree(tree / "usr/lib/raspi-firmware", boot)
    kernel = initramfs.version(tree)
    shutil.copy(tree / f"boot/vmlinuz-{kernel}", boot / "vmlinuz")
    (boot / "initrd.img").write_bytes(packed)
    for file in sorted((tree / f"usr/lib/linux-image-{kernel}/broadcom").glob("bcm2[78]*.dtb")):
        shutil.copy(file, boot)
    for name in ("config.txt", "cmdline.txt"):
        shutil.copy(HERE / name, boot)
    shutil.copy(tree / "etc/bodka/terminal.toml", boot / "terminal.toml")
    _emptied(tree / "boot")
    (tree / "boot/firmware").mkdir()
    shutil.rmtree(tree / f"usr/lib/linux-image-{kernel}")
    shutil.rmtree(tree / "usr/lib/raspi-firmware")


def _emptied(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _date(folder: Path, moment: int) -> None:
    """Nothing is younger than the commit; what Debian dated stays."""
    for path in [*folder.rglob("*"), folder]:
        if path.lstat().st_mtime > moment:
            os.utime(path, (moment, moment), follow_symlinks=False)


def _used(folder: Path) -> int:
    return int(subprocess.run(["du", "-s", "-B1", folder], check=True, capture_output=True, text=True).stdout.split()[0])


def _fat(folder: Path, image: Path, variables: dict[str, str]) -> None:
    subprocess.run(["truncate", "-s", str(BOOT_MIB * MIB), image], check=True)
    subprocess.run(
        ["mkfs.vfat", "-F32", "-n", "BODKA", "-i", FAT_ID, "--invariant", image], check=True, stdout=subprocess.DEVNULL
    )
    names = sorted(folder.iterdir())
    subprocess.run(["mcopy", "-s", "-m", "-i", image, *names, "::"], check=True, env=variables)


def _ext4(folder: Path, image: Path, size: int, label: str, identity: str, variables: dict[str, str]) -> None:
    subprocess.run(["truncate", "-s", str(size * MIB), image], check=True)
    extended = f"hash_seed={identity},lazy_itable_init=0,lazy_journal_init=0"
    command = ["mkfs.ext4", "-q", "-F", "-L", label, "-U", identity, "-E", extended, "-d", folder, image]
    subprocess.run(command, check=True, env=variables)


def _assembled(parts: list[Path], image: Path) -> Path:
    starts, at = [], FIRST_MIB
    for part in parts:
        starts.append(at)
        at += part.stat().st_size // MIB
    kinds = ("c, bootable", "83", "83")
    lines = [f"label: dos\nlabel-id: {DISK_ID}"]
    sizes = [part.stat().st_size // MIB for part in parts]
    lines += [f"start={start}MiB, size={size}MiB, type={kind}" for start, size, kind in zip(starts, sizes, kinds, strict=True)]
    image.unlink(missing_ok=True)
    subprocess.run(["truncate", "-s", str(at * MIB), image], check=True)
    subprocess.run(["sfdisk", "-q", image], input="\n".join(lines) + "\n", text=True, check=True)
    for part, start in zip(parts, starts, strict=True):
        command = ["dd", f"if={part}", f"of={image}", "bs=1M", f"seek={start}", "conv=notrunc,sparse", "status=none"]
        subprocess.run(command, check=True)
    return image


if __name__ == "__main__":
    main()
