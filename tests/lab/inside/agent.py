#!/usr/bin/python3 -I
"""Runs commands inside the virtual machine for the test outside: a line of JSON in, a line of JSON out, over a virtio port.

In: {"number": 1, "words": ["ls"], "given": "..."}. Out: {"number": 1, "code": 0, "out": "...", "errors": "..."}. When it
starts it says {"ready": seconds since the kernel began}.
"""

import json
import os
import subprocess
import time
from pathlib import Path

PORT = Path("/dev/virtio-ports/lab")
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}


def answer(line: bytes) -> bytes:
    asked = json.loads(line)
    try:
        done = subprocess.run(asked["words"], input=asked["given"].encode(), capture_output=True, env=ENVIRONMENT)
        code, out, errors = done.returncode, done.stdout, done.stderr
    except OSError as error:
        code, out, errors = 127, b"", str(error).encode()
    told = {"number": asked["number"], "code": code, "out": out.decode("utf-8", "replace")}
    return json.dumps({**told, "errors": errors.decode("utf-8", "replace")}).encode() + b"\n"


def main() -> None:
    while not PORT.exists():
        time.sleep(0.02)
    port = os.open(PORT, os.O_RDWR)
    _write(port, json.dumps({"ready": float(Path("/proc/uptime").read_text().split()[0])}).encode() + b"\n")
    waiting = b""
    while True:
        part = os.read(port, 65536)
        if not part:  # nobody holds the other end: after a snapshot was loaded, until the next test comes
            time.sleep(0.02)
            continue
        waiting += part
        while b"\n" in waiting:
            line, _, waiting = waiting.partition(b"\n")
            _write(port, answer(line))


def _write(port: int, data: bytes) -> None:
    while data:
        data = data[os.write(port, data) :]


main()
