"""The plug of a machine, pulled between any two of a program's file operations.

    for cut in cuts(install):           # a child process that dies before its first operation, its second, ...
        look(cut)                       # what lies on the disk now
                                        # the last one ran to its end

The program runs in a child that ends on the spot: no `finally`, no buffer is written out. What it had handed to the kernel is
on the disk: caches that a real power cut loses, and writes that are torn, are the business of `tests/disk`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

OPERATIONS = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.truncate", "os.utime"}
)
"""What Python's audit hooks tell of (Python documentation, "Audit events table")."""

_CUT, _FAILED = 77, 78


def cuts(work: Callable[[], object], prepare: Callable[[], object] = lambda: None, most: int = 2_000) -> Iterator[int]:
    """Runs `work` again and again, each time one operation further: how many were done. The last run is a whole one.

    `prepare` is run before each, with the plug in.
    """
    for allowed in range(most):
        prepare()
        status = _run(work, allowed)
        assert status in (0, _CUT), f"after {allowed} operations the program failed by itself"
        yield allowed
        if status == 0:
            return
    raise AssertionError(f"it does not end within {most} operations")


def _run(work: Callable[[], object], allowed: int) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = allowed

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        path = str(arguments[0]) if arguments else ""
        if event not in OPERATIONS or path.endswith((".py", ".pyc", ".so")):  # what is imported only now
            return
        if left == 0:
            os._exit(_CUT)
        left -= 1

    try:
        sys.addaudithook(hook)
        work()
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(_FAILED)
    os._exit(0)
