"""A small initramfs: busybox, the modules that lead to the SD card, and `boot.sh`. Making Debian's own takes minutes here."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent

MODULES = (
    *("sdhci-iproc", "bcm2835", "mmc_block", "ext4", "crc32c_generic"),
    *("virtio_pci", "virtio_mmio", "virtio_blk"),  # for trying the image out in QEMU
)


def version(tree: Path) -> str:
    """Of the tree's kernel."""
    (found,) = (tree / "usr/lib/modules").iterdir()
    return found.name


def make(tree: Path, stage: Path, moment: int) -> bytes:
    """The archive; `stage` is an empty folder, `moment` what time its files get."""
    for name in ("bin", "proc", "sys", "dev", "root", "modules"):
        (stage / name).mkdir()
    shutil.copy(tree / "bin/busybox", stage / "bin/busybox")
    shutil.copy(HERE / "boot.sh", stage / "init")
    (stage / "init").chmod(0o755)
    order = []
    for file in files(tree, version(tree), MODULES):
        shutil.copy(file, stage / "modules" / file.name)
        order.append(f"{file.name}\n")
    (stage / "order").write_text("".join(order))
    for path in [stage, *stage.rglob("*")]:
        os.utime(path, (moment, moment), follow_symlinks=False)
    names = sorted(os.fspath(path.relative_to(stage)) for path in [stage, *stage.rglob("*")])
    command = ["cpio", "-o", "-H", "newc", "--quiet", "--reproducible", "--owner=0:0"]
    packed = subprocess.run(command, cwd=stage, input="\n".join(names).encode(), check=True, capture_output=True).stdout
    return subprocess.run(["gzip", "-9n"], input=packed, check=True, capture_output=True).stdout


def files(tree: Path, kernel: str, names: Iterable[str]) -> list[Path]:
    """The files of these modules and of what they need, in the order in which they are loaded; built-in ones have none."""
    found: dict[Path, None] = {}
    for name in names:
        command = ["modprobe", "-d", os.fspath(tree), "-S", kernel, "--show-depends", name]
        for line in subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines():
            if line.startswith("insmod "):
                found[Path(line.split()[1])] = None
    return list(found)
