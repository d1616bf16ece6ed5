"""Says in which files two images differ: `python image/compare.py ONE.img OTHER.img`. Must be run by root."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

MIB = 1 << 20


def main(one: Path, other: Path) -> int:
    """Prints each path that differs, and returns how many do."""
    print("the same bytes" if _digest(one) == _digest(other) else "not the same bytes")
    with tempfile.TemporaryDirectory(dir=one.parent) as name:
        first, second = (_contents(image, Path(name) / str(number)) for number, image in enumerate((one, other)))
    differing = sorted(path for path in first.keys() | second.keys() if first.get(path) != second.get(path))
    for path in differing:
        where = "in both" if path in first and path in second else "in the first" if path in first else "in the second"
        print(f"  {path}  {where}")
    print(f"{len(differing)} of {len(first.keys() | second.keys())} files, folders and links differ")
    return len(differing)


def _contents(image: Path, place: Path) -> dict[str, str]:
    """What each path is: kind, rights, owner and contents."""
    told = json.loads(subprocess.run(["sfdisk", "-J", image], check=True, capture_output=True).stdout)["partitiontable"]
    found: dict[str, str] = {}
    for number, part in enumerate(told["partitions"]):
        folder, file = place / str(number), place.with_suffix(f".{number}")
        folder.mkdir(parents=True)
        size, start = part["size"] * 512 // MIB, part["start"] * 512 // MIB
        command = ["dd", f"if={image}", f"of={file}", "bs=1M", f"skip={start}", f"count={size}", "conv=sparse", "status=none"]
        subprocess.run(command, check=True)
        if part["type"] == "c":
            subprocess.run(["mcopy", "-s", "-n", "-m", "-i", file, "::", folder], check=True, capture_output=True)
        else:
            subprocess.run(["debugfs", "-R", f"rdump / {folder}", file], check=True, capture_output=True)
        file.unlink()
        for path in sorted(folder.rglob("*")):
            found[f"{number + 1}:/{path.relative_to(folder)}"] = _what(path)
    return found


def _what(path: Path) -> str:
    facts = path.lstat()
    if path.is_symlink():
        contents = os.readlink(path)
    elif stat.S_ISREG(facts.st_mode):
        contents = _digest(path)
    else:
        contents = ""
    return f"{facts.st_mode:o} {facts.st_uid} {facts.st_gid} {contents}"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(1 if main(Path(sys.argv[1]), Path(sys.argv[2])) else 0)
