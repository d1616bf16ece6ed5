"""What the virtual machine boots from: the container's tree of Debian as a disk, with a kernel's modules and the lab's agent.

disk = make()  # half a minute, once for each tree, kernel and agent
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab import container_tree, kernel
from lab.container_tree import cache

TOOLS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "depmod": "kmod",
    "cpio": "cpio",
    "xz": "xz-utils",
    "busybox": "busybox-static",
    "mke2fs": "e2fsprogs",
}
"""Programs that this machine needs for it, and their packages."""

FIRST = ("virtio_pci", "virtio_blk", "ext4")
"""Modules without which no disk is seen."""

LATER = (
    *("virtio_net", "virtio_console", "virtio_rng", "softdog", "autofs4", "vfat", "nls_ascii", "nls_cp437"),
    *("configfs", "gpio-sim", "i2c-dev", "uhid", "hid-mcp2221", "usbhid", "hid-generic", "evdev", "uinput"),
    *("dummy_hcd", "libcomposite", "usb_f_hid", "usb_f_fs", "xhci-pci", "usbserial", "ftdi_sio", "i6300esb"),
)
"""What the fake hardware and the terminal's own units ask for."""

SILENT = (
    *("systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "systemd-update-utmp.service", "fstrim.timer"),
    *("systemd-update-utmp-runlevel.service", "serial-getty@ttyS0.service", "getty@tty1.service", "e2scrub_all.timer"),
    *("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "systemd-timesyncd.service"),
)
"""Units that only take time here."""

SIZE = "1500M"
HERE = Path(__file__).parent
INSIDE = HERE / "inside"


@dataclass(frozen=True, slots=True)
class Disk:
    """A machine's parts: QEMU boots `vmlinuz` with `initramfs`; `root` is a raw ext4 file system and is not written to."""

    vmlinuz: Path
    initramfs: Path
    root: Path


def missing() -> list[str]:
    """Packages that this machine lacks."""
    return sorted(package for program, package in TOOLS.items() if shutil.which(program) is None)


def folder() -> Path | None:
    """Where the disk of today's tree, kernel and agent is, or would be; None where tree or kernel are not there."""
    tree, running = container_tree.ready(), kernel.ready()
    if tree is None or running is None:
        return None
    digest = hashlib.sha256(f"{tree.name} {running.version}".encode())
    for file in (Path(__file__), *sorted(INSIDE.glob("boot.sh")), INSIDE / "agent.py", INSIDE / "lab-agent.service"):
        digest.update(file.read_bytes())
    return cache() / f"machine-{digest.hexdigest()[:12]}"


def ready() -> Disk | None:
    """The disk, where it has been made."""
    found = folder()
    return _disk(found) if found is not None and (found / "root.img").exists() else None


def make() -> Disk:
    """The disk. Must be run by root."""
    tree, running = container_tree.make(), kernel.make()
    found = folder()
    assert found is not None
    if (disk := ready()) is not None:
        return disk
    found.mkdir(parents=True, exist_ok=True)
    disk = _disk(found)
    shutil.copy(running.image, disk.vmlinuz)
    with tempfile.TemporaryDirectory(dir=cache(), prefix="machine-") as name:
        scratch = Path(name)
        _initramfs(running, scratch / "initramfs", disk.initramfs)
        root = scratch / "root"
        subprocess.run(["cp", "-a", "--reflink=auto", tree, root], check=True)
        _modules(running, root)
        _agent(root)
        part = found / "root.part"
        part.unlink(missing_ok=True)
        subprocess.run(["truncate", "-s", SIZE, part], check=True)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-d", root, part], check=True)
        part.rename(disk.root)
    return disk


def _disk(found: Path) -> Disk:
    return Disk(found / "vmlinuz", found / "initramfs", found / "root.img")


def _unpack(module: Path, target: Path) -> None:
    """Modules are compressed in Debian; the small boot program loads plain ones."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as plain:
        subprocess.run(["xz", "-dc", module], check=True, stdout=plain)


def _initramfs(running: kernel.Kernel, stage: Path, packed: Path) -> None:
    for name in ("bin", "proc", "sys", "dev", "root", "modules"):
        (stage / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox") or "/bin/busybox", stage / "bin/busybox")
    shutil.copy(INSIDE / "boot.sh", stage / "init")
    (stage / "init").chmod(0o755)
    order = []
    for module in running.files(FIRST):
        plain = module.name.removesuffix(".xz")
        _unpack(module, stage / "modules" / plain)
        order.append(plain)
    (stage / "order").write_text("".join(f"{name}\n" for name in order))
    with packed.open("wb") as output:
        listed = subprocess.run(["find", "."], cwd=stage, check=True, capture_output=True).stdout
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=stage, input=listed, stdout=output, check=True)


def _modules(running: kernel.Kernel, root: Path) -> None:
    target = root / "lib/modules" / running.version
    target.mkdir(parents=True)
    for module in running.files((*FIRST, *LATER)):
        relative = module.resolve().relative_to(running.modules.resolve())
        _unpack(module, target / relative.with_name(relative.name.removesuffix(".xz")))
    for listing in running.modules.glob("modules.builtin*"):
        shutil.copy(listing, target)
    shutil.copy(running.modules / "modules.order", target)
    subprocess.run(["depmod", "-b", root, running.version], check=True)


def _agent(root: Path) -> None:
    shutil.copy(INSIDE / "agent.py", root / "usr/local/sbin/lab-agent")
    (root / "usr/local/sbin/lab-agent").chmod(0o755)
    units = root / "etc/systemd/system"
    shutil.copy(INSIDE / "lab-agent.service", units)
    wants = units / "multi-user.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "lab-agent.service").symlink_to("../lab-agent.service")
    for unit in SILENT:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    (root / "etc/hostname").write_text("lab\n")
    (root / "etc/machine-id").write_text("")
    (root / "etc/hosts").write_text("127.0.0.1 localhost lab\n")
    (root / "etc/reader.conf.d/vpcd").unlink(missing_ok=True)  # the container's reader: this machine has a real one
    (root / "etc/modprobe.d/lab.conf").write_text("options dummy_hcd num=3\n")


if __name__ == "__main__":
    if lacking := missing():
        sys.exit(f"programs are missing: apt install {' '.join(lacking)}")
    sys.stdout.write(f"{make().root}\n")
