"""Programs end when they are told to, whoever began them."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

PROGRAM = """
import asyncio
from terminal.stopping import until_told_to_stop

async def work():
    print("begun", flush=True)
    {body}

print(asyncio.run(until_told_to_stop(work())))
"""


def begun(body: str, *, ignored: bool = False) -> subprocess.Popen[str]:
    """A program that does this, begun as a shell begins what runs in the background (`ignored`), or as usual."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN if ignored else signal.default_int_handler)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", PROGRAM.format(body=body)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("ignored", [False, True])
def test_a_program_stops_when_it_is_told_to(number: signal.Signals, ignored: bool) -> None:
    with begun("await asyncio.Event().wait()", ignored=ignored) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "begun\n"
            program.send_signal(number)
            assert program.wait(20) == 0
            assert program.stdout.read() == "True\n"
        finally:
            program.kill()


def test_what_ends_by_itself_was_not_stopped() -> None:
    with begun("pass") as program:
        assert program.communicate(timeout=20)[0] == "begun\nFalse\n"


def test_what_goes_wrong_is_told() -> None:
    with begun("raise RuntimeError('no disk')") as program:
        program.communicate(timeout=20)
    assert program.returncode == 1
