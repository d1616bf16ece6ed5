"""The kernel tells of the network's return: in a network namespace of the test's own, with real links and routes."""

from __future__ import annotations

import asyncio
import ctypes
import os
import struct
import subprocess
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal import network

CLONE_NEWNET = 0x40000000
"""unshare(2)."""

PATIENCE = 10


def in_a_namespace(work: Callable[[], None]) -> None:
    """Runs `work` in a thread that has a network of its own: no link is up in it."""
    failed: list[BaseException] = []

    def run() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        try:
            if libc.unshare(CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "unshare")
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def ip(words: str) -> None:
    subprocess.run(["ip", *words.split()], check=True, capture_output=True)


def heard(steps: list[str]) -> list[int]:
    """How often the watcher called back in each step; a step that should be heard is waited for."""
    counts: list[int] = []

    async def go() -> None:
        calls = asyncio.Semaphore(0)
        total = [0]

        def back() -> None:
            total[0] += 1
            calls.release()

        task = asyncio.create_task(network.watch(back))
        await asyncio.sleep(0)
        for step in steps:
            before = total[0]
            ip(step.removeprefix("heard: "))
            if step.startswith("heard: "):
                async with asyncio.timeout(PATIENCE):
                    while total[0] == before:
                        await calls.acquire()
            counts.append(total[0] - before)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(go())
    return counts


@pytest.mark.skipif(os.geteuid() != 0, reason="links are made by root: sudo .venv/bin/pytest tests/terminal/test_network.py")
def test_a_cable_that_is_plugged_in_and_a_route_that_comes_are_heard() -> None:
    def work() -> None:
        ip("link add eth0 type veth peer name far")
        ip("link set far up")
        steps = [
            "heard: link set eth0 up",
            "address add 10.1.2.3/24 dev eth0",
            "heard: route add default via 10.1.2.1",
            "heard: route add 2001:db8::/32 dev eth0",
        ]
        counts = heard(steps)
        assert [bool(counts[i]) for i in (0, 2, 3)] == [True, True, True]

    in_a_namespace(work)


@pytest.mark.skipif(os.geteuid() != 0, reason="links are made by root: sudo .venv/bin/pytest tests/terminal/test_network.py")
def test_a_cable_that_is_pulled_out_is_no_return() -> None:
    def work() -> None:
        ip("link add eth0 type veth peer name far")
        with network.open_socket() as news:
            ip("link set eth0 down")
            ip("link delete eth0")
            ip("link add last type veth peer name other")
            told = []
            while not any(b"last\0" in datagram for datagram in told):
                news.setblocking(True)
                told.append(news.recv(65_536))
        assert not any(network.tells_of_a_way(datagram) for datagram in told)

    in_a_namespace(work)


def message(kind: int, payload: bytes) -> bytes:
    padded = payload + bytes(-len(payload) % 4)
    return struct.pack("=IHHII", 16 + len(payload), kind, 0, 0, 0) + padded


def link(flags: int) -> bytes:
    return struct.pack("=BxHiII", 0, 1, 2, flags, 0)


UP, RUNNING, LOOPBACK = network.IFF_UP, network.IFF_RUNNING, network.IFF_LOOPBACK


@pytest.mark.parametrize(
    ("datagram", "way"),
    [
        (message(network.RTM_NEWLINK, link(UP | RUNNING)), True),
        (message(network.RTM_NEWLINK, link(UP)), False),
        (message(network.RTM_NEWLINK, link(RUNNING)), False),
        (message(network.RTM_NEWLINK, link(UP | RUNNING | LOOPBACK)), False),
        (message(network.RTM_NEWLINK, b""), False),
        (message(17, link(UP | RUNNING)), False),
        (message(network.RTM_NEWROUTE, bytes(12)), True),
        (message(25, bytes(12)), False),
        (message(17, b"odd") + message(network.RTM_NEWROUTE, bytes(12)), True),
        (b"", False),
        (bytes(16), False),
    ],
)
def test_what_a_datagram_means(datagram: bytes, way: bool) -> None:
    assert network.tells_of_a_way(datagram) is way


@given(st.binary(max_size=200))
def test_any_bytes_are_survived(datagram: bytes) -> None:
    assert network.tells_of_a_way(datagram) in (True, False)
