"""Whether the number of a card or phone stands anywhere where it must not: on a disk, in a log, in a message (invariant 12).

Whatever a terminal writes is looked at when it is written, and its files once more as they are; logs and messages as they come.
"""

from __future__ import annotations

import base64
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

FOUND: list[str] = []
"""Where numbers were found since the last step."""

NUMBERS = (
    *("21000000000", "21000000050", "421905123456", "0905123456", "8586000000018"),
    *("04a1b2c3d4e5f6", "04e7a0b1c2d380", "04ada0b1c2d380"),
)
"""How the numbers of the simulated people's cards and phones begin, but for one of four bytes, which chance would write too.

None is so short that it could be part of a time in milliseconds.
"""


def _as_base64(text: bytes) -> set[bytes]:
    """What of it must stand in any base64 text that holds it, wherever in three bytes it begins."""
    return {base64.b64encode(bytes(before) + text)[-(-before * 8 // 6) : (before + len(text)) * 8 // 6] for before in range(3)}


_PLAIN = {form.encode() for number in NUMBERS for form in (number, number.upper())} | {
    bytes.fromhex(number) for number in NUMBERS if number.startswith("04")
}
_PACKED = _PLAIN | {packed for plain in _PLAIN for packed in _as_base64(plain)}


def look_at_value(value: object, where: str) -> None:
    """What is bound to a statement that writes."""
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes) and len(value) > 6:
        _look(value, _PLAIN, where)


def look_at_message(content: bytes, where: str) -> None:
    """A message as it was before it was packed: bytes stand in it as base64."""
    _look(content, _PACKED, where)


def look_at_log(event: MutableMapping[str, Any]) -> None:
    """What is logged, with all its values."""
    _look(repr(event).encode(), _PLAIN, "a log")


def look_at_files(folder: Path) -> None:
    """All that is on a terminal's disk."""
    for path in sorted(folder.iterdir()):
        if not path.name.endswith("-shm"):
            _look(path.read_bytes(), _PLAIN, path.name)


def _look(content: bytes, forms: set[bytes], where: str) -> None:
    for form in forms:
        if form in content:
            FOUND.append(f"{form!r} in {where}")
            return
