"""The way to the cloud: TLS with a pinned authority, plain http to this machine only."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import httpx

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


def check_address(url: str) -> str:
    """The address as it was given; raises `InsecureCloud` unless it is https, or http to loopback."""
    parts = urlsplit(url)
    if parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))):
        return url
    raise InsecureCloud(url)


def tls(authority: Path | None, *, clock_trusted: bool) -> ssl.SSLContext:
    """What a server's certificate must fulfil: the pinned authority (None: the system's) and always the name.

    While the clock is untrusted the validity dates are not looked at, or a terminal that wakes up in 1970 would never sync.
    """
    context = ssl.create_default_context(cafile=str(authority) if authority is not None else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if not clock_trusted:
        context.verify_flags = ssl.VerifyFlags(context.verify_flags | _NO_CHECK_TIME)
    return context


def cloud_client(
    url: str,
    *,
    auth: httpx.Auth | None = None,
    authority: Path | None = None,
    clock_trusted: bool = True,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client for one cloud; raises `InsecureCloud`. It follows no redirects and heeds no proxy of the environment."""
    check_address(url)
    return httpx.AsyncClient(
        base_url=url,
        auth=auth,
        verify=tls(authority, clock_trusted=clock_trusted) if url.startswith("https") else False,
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        trust_env=False,
        transport=transport,
        headers={"Content-Type": "application/json"},
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
