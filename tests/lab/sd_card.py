"""The SD-card image in QEMU's `virt` machine for arm64, as a Raspberry Pi would start it but for its own firmware.

Its console, which nobody can log in to, tells what systemd and the terminal write to the journal.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

FIRST = "8M"
"""Where the image's first partition begins (image/build.py)."""

TOLD = (
    "console=ttyAMA0 systemd.journald.forward_to_console=1 systemd.journald.max_level_console=info "
    "systemd.log_target=console systemd.show_status=1"
)


class SdCard:
    """One start from a copy that forgets what was written, if `keep` is not set.

    `run` is a shell command that systemd is told to run when all else has been started (systemd-run-generator(8)): no `$`, no
    quotes. What it prints is on the console.
    """

    def __init__(
        self, image: Path, folder: Path, extra: Sequence[str] = (), *, keep: bool = False, run: str | None = None
    ) -> None:
        self.console = folder / "console"
        for name in ("vmlinuz", "initrd.img", "cmdline.txt"):
            subprocess.run(["mcopy", "-n", "-o", "-i", f"{image}@@{FIRST}", f"::{name}", folder / name], check=True)
        words = re.sub(r"console=\S+|quiet", "", (folder / "cmdline.txt").read_text().strip())
        if run is not None:
            words += f""" systemd.run="/bin/sh -c 'systemctl start multi-user.target; {run}'" systemd.run_success_action=none"""
        command = [
            *(
                "qemu-system-aarch64",
                "-M",
                "virt",
                "-cpu",
                "cortex-a53",
                "-smp",
                "2",
                "-m",
                "512",
                "-accel",
                "tcg,thread=multi",
            ),
            *("-display", "none", "-nodefaults", "-no-reboot", "-serial", f"file:{self.console}"),
            *(
                "-kernel",
                os.fspath(folder / "vmlinuz"),
                "-initrd",
                os.fspath(folder / "initrd.img"),
                "-append",
                f"{words} {TOLD}",
            ),
            *("-drive", f"file={image},if=none,id=card,format=raw,snapshot={'off' if keep else 'on'}"),
            *("-device", "virtio-blk-device,drive=card", "-device", "virtio-rng-device"),
            *("-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net", "-device", "i6300esb"),
            *extra,
        ]
        self.console.unlink(missing_ok=True)  # of a start before this one
        self.began = time.monotonic()
        with (folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def told(self) -> str:
        """All that the console has shown, without colours."""
        text = self.console.read_text("utf-8", "replace") if self.console.exists() else ""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)

    def says(self, text: str, patience: float = 300, times: int = 1) -> float:
        """Waits until the console has shown this so often; how many seconds after power-on."""
        while self.told().count(text) < times:
            passed = time.monotonic() - self.began
            assert self.process.poll() is None, f"it ended\n{self.told()[-3000:]}"
            assert passed < patience, f"{text!r} is not said\n{self.told()[-3000:]}"
            time.sleep(0.1)
        return time.monotonic() - self.began
