"""Hears of the network's return from the kernel, so that what waits is sent at once and not at the next try.

rtnetlink(7): a socket that is bound to groups is told of each change of links and routes. Only the standard library is used.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Iterator

import structlog

log = structlog.get_logger("network")

# linux/rtnetlink.h
RTMGRP_LINK = 0x1
RTMGRP_IPV4_ROUTE = 0x40
RTMGRP_IPV6_ROUTE = 0x400
RTM_NEWLINK = 16
RTM_NEWROUTE = 24

# linux/if.h
IFF_UP = 0x1
IFF_LOOPBACK = 0x8
IFF_RUNNING = 0x40

_HEADER = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port id."""
_LINK = struct.Struct("=BxHiII")
"""struct ifinfomsg: family, type, index, flags, change."""
_RECEIVE_BYTES = 65_536


def open_socket() -> socket.socket:
    """A socket that the kernel tells of links and routes; raises `OSError` where there is no netlink."""
    news = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
    try:
        news.bind((0, RTMGRP_LINK | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE))
    except OSError:
        news.close()
        raise
    return news


def tells_of_a_way(datagram: bytes) -> bool:
    """Whether a datagram of rtnetlink says that a link came up or that there is a new route."""
    return any(kind == RTM_NEWROUTE or (kind == RTM_NEWLINK and _is_up(payload)) for kind, payload in _messages(datagram))


async def watch(on_return: Callable[[], None]) -> None:
    """Calls `on_return` whenever there may be a way to the cloud again; until cancelled. Without netlink it does nothing."""
    try:
        news = open_socket()
    except OSError as error:
        log.info("the kernel does not tell of the network's return; the cloud is tried by the clock", why=str(error))
        return
    loop = asyncio.get_running_loop()
    with news:
        while True:
            try:
                datagram = await loop.sock_recv(news, _RECEIVE_BYTES)
            except OSError:  # ENOBUFS: more happened than the socket holds, so something did
                on_return()
                continue
            if tells_of_a_way(datagram):
                on_return()


def _messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(datagram):
        length, kind, _, _, _ = _HEADER.unpack_from(datagram, at)
        if length < _HEADER.size:
            return
        yield kind, datagram[at + _HEADER.size : at + length]
        at += (length + 3) & ~3  # NLMSG_ALIGN


def _is_up(payload: bytes) -> bool:
    if len(payload) < _LINK.size:
        return False
    flags = _LINK.unpack_from(payload)[3]
    return bool(flags & IFF_UP and flags & IFF_RUNNING and not flags & IFF_LOOPBACK)
