"""How often lgpio looks at its lines: it has no setting for that, and 2,000 times a second cost 2 % of a desktop core all day.

Its watching thread waits for edges in ppoll(2), half a millisecond at most, and tells an edge at its next look. The kernel
keeps edges and their times meanwhile, so that thread may as well look less often: a press is told some milliseconds later,
with its right time. Source: lgpio 0.2.2, `lgPthAlerts.c` and `lgPthTx.c`; prctl(2).
"""

from __future__ import annotations

import ctypes
import importlib

SLACK_NS = 4_000_000
"""How much later than it asked for the watching thread may be woken: with its half millisecond some 220 looks a second."""

PR_SET_TIMERSLACK, PR_GET_TIMERSLACK = 29, 30
"""Linux `include/uapi/linux/prctl.h`; a thread begins with the slack of the one that began it."""


def watch_calmly() -> None:
    """Begins lgpio's two threads before lgpio itself does, at its first chip; call it after its import, before that.

    The other one makes the beeper's tones and must be woken in time, so it is begun without the slack. Where lgpio has no such
    functions (another version), all stays as it is.
    """
    try:
        library = ctypes.CDLL(importlib.import_module("_lgpio").__file__)
        begin_tones, begin_watching = library.lgPthTxStart, library.lgPthAlertStart
        prctl = ctypes.CDLL(None).prctl
    except (ImportError, AttributeError, OSError):
        return
    begin_tones()
    before = prctl(PR_GET_TIMERSLACK)
    prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(SLACK_NS))
    try:
        begin_watching()
    finally:
        prctl(PR_SET_TIMERSLACK, ctypes.c_ulong(before))
