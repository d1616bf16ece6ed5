"""The way to the cloud: TLS with a pinned authority, plain http to this machine only."""

from __future__ import annotations

import ipaddress
import ssl
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx

sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]
"""httpcore looks for it some ten times a request, to learn that asyncio runs; it is not installed, and None ends each look at
once (Python's reference, "The module cache") before all folders of `sys.path` are gone through."""

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0

_NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME (OpenSSL, X509_VERIFY_PARAM_set_flags); Python has no name for it."""


class InsecureCloud(ValueError):
    """The cloud's address would send points and names in the clear."""

    def __init__(self, url: str) -> None:
        super().__init__(
            f"{url} is not safe: write the cloud's address with https:// (http:// only reaches this machine itself)."
        )


class BadAuthority(ValueError):
    """The pinned authority is no certificate."""

    def __init__(self) -> None:
        super().__init__("the authority that the cloud's certificate must be from is no PEM certificate: correct its file")


def check_address(url: str) -> str:
    """The address as it was given; raises `InsecureCloud` unless it is https, or http to loopback."""
    parts = urlsplit(url)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))):
        return url
    raise InsecureCloud(url)


def tls(authority: str = "") -> ssl.SSLContext:
    """What a server's certificate must fulfil: the pinned authority (PEM; "": the system's), the name, and the dates.

    Raises `BadAuthority` where the PEM holds no certificate.
    """
    try:
        context = ssl.create_default_context(cadata=authority or None)
    except (ssl.SSLError, ValueError) as error:
        raise BadAuthority from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def heed_clock(context: ssl.SSLContext, *, trusted: bool) -> None:
    """Whether new connections look at validity dates: not while the clock is untrusted, or 1970 would never sync.

    The chain and the name are always looked at. A connection that is open stays so: httpx closes an idle one after 5 s.
    """
    flags = context.verify_flags & ~_NO_CHECK_TIME if trusted else context.verify_flags | _NO_CHECK_TIME
    context.verify_flags = ssl.VerifyFlags(flags)


def cloud_client(
    url: str,
    *,
    auth: httpx.Auth | None = None,
    authority: str = "",
    clock_trusted: Callable[[], bool] = lambda: True,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client for one cloud; raises `InsecureCloud` or `BadAuthority`. It follows no redirects and heeds no proxy.

    `authority` is the pinned one (PEM; "": the system's). `clock_trusted` is asked before each request.
    """
    check_address(url)
    context = tls(authority) if url.startswith("https") else None

    async def before(request: httpx.Request) -> None:
        if context is not None:
            heed_clock(context, trusted=clock_trusted())

    return httpx.AsyncClient(
        base_url=url,
        auth=auth,
        verify=context if context is not None else False,
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        headers={"Content-Type": "application/json"},
        event_hooks={"request": [before]},
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
