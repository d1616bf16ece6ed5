"""Runs a command where programs of arm64 run: in a user namespace of its own, with its own binfmt_misc (Linux 6.7 and later).

Nothing of this machine changes: the registration of qemu-aarch64 is seen in the namespace alone
(Documentation/admin-guide/binfmt-misc.rst).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

EMULATOR = "/usr/bin/qemu-aarch64-static"
MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
"""A 64-bit ELF program for AArch64 (qemu's qemu-binfmt-conf.sh)."""

FIXED = "OCF"
"""Flags: the program's own rights, its file opened by the kernel, the emulator opened now, outside of any chroot."""

ALL = "0 0 1000000"
"""Users and groups mean the same inside as outside."""

SCRIPT = f"""
read -r _ <&$1
shift
mount --make-rprivate /
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
printf '%s' ':qemu-aarch64:M:0:{MAGIC}:{MASK}:{EMULATOR}:{FIXED}' > /proc/sys/fs/binfmt_misc/register
exec "$@"
"""


def run(words: Sequence[str | os.PathLike[str]], **variables: str) -> None:
    """Runs it to its end; raises `subprocess.CalledProcessError` where it fails. Must be run by root."""
    begin, told = os.pipe()
    command = ["unshare", "--user", "--mount", "bash", "-ec", SCRIPT, "bash", str(begin), *map(os.fspath, words)]
    with subprocess.Popen(command, pass_fds=(begin,), env={**os.environ, **variables}) as process:
        own = os.readlink("/proc/self/ns/user")
        while process.poll() is None and os.readlink(f"/proc/{process.pid}/ns/user") == own:
            time.sleep(0.01)
        for kind in ("gid_map", "uid_map"):
            Path(f"/proc/{process.pid}/{kind}").write_text(ALL)
        os.write(told, b"\n")
        process.wait()
    for end in (begin, told):
        os.close(end)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
