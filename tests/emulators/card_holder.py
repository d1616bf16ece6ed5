"""Another program that has a card for itself, as those do that sign or pay with it."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType
from typing import Self

PROGRAM = """
import sys
from smartcard import scard
_, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
code, card, _ = scard.SCardConnect(context, sys.argv[1], scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_ANY)
print(code, flush=True)
sys.stdin.read()
"""


class CardHolder:
    """`with CardHolder("Counter 00 00") as other: ... other.die()`; it has the card when it begins."""

    def __init__(self, reader: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, reader], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "0\n", "the card cannot be held"

    def die(self) -> None:
        """pcscd takes the card away from a program that ended."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self.process:
            self.process.kill()
