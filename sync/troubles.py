"""What can go wrong between this terminal and the cloud: kinds that a screen has words for, and a sentence for the log."""

from __future__ import annotations

import email.utils
import errno
import socket
import ssl
from collections.abc import Iterator, Mapping
from enum import Enum

import httpx
import msgspec

from sync.messages import Problem


class Kind(Enum):
    """Why there is no usable answer; the value is a short English name of it."""

    NO_NETWORK = "no network"
    """There is no way out of this machine: a cable, the Wi-Fi, the router."""
    NO_INTERNET = "no name service"
    """The cloud's name is not found: the router answers, the world behind it does not."""
    NO_ANSWER = "no answer"
    """Nothing answers at the cloud's address, or not in time."""
    BROKEN = "connection broke"
    """An answer began and did not end, or cannot be read."""
    LOGIN = "login wanted"
    """Something else answers in the cloud's place: the network wants a login first (a captive portal)."""
    STRANGER = "not the cloud"
    """The certificate is not from the pinned authority, or not for the cloud's name."""
    DATES = "certificate dates"
    """The certificate is not valid today: it ran out, or this clock is wrong."""
    FAULT = "fault in the cloud"
    """The cloud says that it failed (5xx), or its answers lead nowhere."""
    BUSY = "busy"
    """The cloud asks to wait (429, 503)."""
    NOT_KNOWN = "not paired any more"
    """The cloud does not know this terminal (401, 403)."""
    REFUSED = "refused"
    """The cloud does not take what is sent (other 4xx): a fault of one of the two."""
    DISK = "disk"
    """The terminal's own disk."""
    OWN_FAULT = "own fault"
    """A fault of the terminal's program."""


class Trouble(Exception):
    """No usable answer; the words are for a person. `retry_after` in seconds where the cloud asked for it."""

    def __init__(self, words: str, kind: Kind = Kind.FAULT, retry_after: float | None = None) -> None:
        super().__init__(words)
        self.kind, self.retry_after = kind, retry_after


_LOGIN_FIRST = "This network wants a login: log in on its page, or use another network."
_TLS_DATES = {9, 10}
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (OpenSSL, X509_STORE_CTX_get_error)."""
_UNREACHABLE = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}


def too_slow() -> Trouble:
    """The whole exchange took too long, though something may have come."""
    return Trouble("The cloud is too slow to answer.", Kind.NO_ANSWER)


def on_the_way(error: Exception) -> Trouble:
    """What an error of httpx means, by the operating system's or OpenSSL's error under it."""
    detail = " ".join(str(error).split())[:200]
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, detail)
        if isinstance(cause, ssl.SSLError) and cause.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            return Trouble(f"Something without encryption answers in the cloud's place. {_LOGIN_FIRST}", Kind.LOGIN)
        if isinstance(cause, socket.gaierror):
            return Trouble(f"The cloud's name is not found ({detail}). Check the router and its internet.", Kind.NO_INTERNET)
        if isinstance(cause, OSError) and cause.errno in _UNREACHABLE:
            return Trouble(f"There is no network: no way to the cloud ({detail}). Check cable and Wi-Fi.", Kind.NO_NETWORK)
        if isinstance(cause, ConnectionRefusedError):
            return Trouble(f"Nothing answers at the cloud's address ({detail}).", Kind.NO_ANSWER)
    if isinstance(error, httpx.TimeoutException):
        return Trouble("The cloud does not answer in time.", Kind.NO_ANSWER)
    if isinstance(error, httpx.ConnectError):
        return Trouble(f"No way to the cloud ({detail})." if detail else "No way to the cloud.", Kind.NO_ANSWER)
    return Trouble(f"The connection to the cloud broke ({detail or type(error).__name__}).", Kind.BROKEN)


def unreadable(headers: Mapping[str, str], content: bytes) -> Trouble:
    """An answer with status 200 that is none of the cloud's."""
    if _is_page(headers, content):
        return Trouble(f"A web page, maybe a login page, answered in the cloud's place. {_LOGIN_FIRST}", Kind.LOGIN)
    return Trouble("Something answered that is not the cloud, or its answer was cut; it is tried again.", Kind.BROKEN)


def refused(status: int, headers: Mapping[str, str], content: bytes, now: float) -> Trouble:
    """An answer with another status than 200; `now` in seconds since 1970, for a Retry-After that is a date."""
    problem = problem_in(content)
    said = ": ".join(part for part in (problem.title, problem.detail) if part)
    said = f" ({said[:200]})" if said else ""
    retry_after = _seconds(headers.get("Retry-After", ""), now)
    # 511: Network Authentication Required (RFC 6585 section 6).
    if status < 400 or status == 511 or (status in (401, 403) and not said and _is_page(headers, content)):
        words = f"Something else than the cloud answered, {status}, maybe a login page. {_LOGIN_FIRST}"
        return Trouble(words, Kind.LOGIN, retry_after)
    if status in (401, 403):
        return Trouble(f"The cloud does not know this terminal any more{said}. Pair it anew.", Kind.NOT_KNOWN, retry_after)
    if status in (429, 503):
        return Trouble(f"The cloud is busy{said}; it is tried again later.", Kind.BUSY, retry_after)
    if status >= 500:
        return Trouble(f"The cloud has a fault of its own, {status}{said}.", Kind.FAULT, retry_after)
    return Trouble(f"The cloud refused, {status}{said}.", Kind.REFUSED, retry_after)


def problem_in(content: bytes) -> Problem:
    """The cloud's own words about a refusal; empty ones where there are none."""
    try:
        return msgspec.json.decode(content, type=Problem)
    except (msgspec.MsgspecError, RecursionError):
        return Problem("")


def _certificate(error: ssl.SSLCertVerificationError, detail: str) -> Trouble:
    if error.verify_code in _TLS_DATES:
        words = (
            f"The cloud's certificate is not valid today ({detail}). Check this terminal's clock, then the cloud's certificate."
        )
        return Trouble(words, Kind.DATES)
    return Trouble(
        f"This server is not the cloud that this terminal was paired with ({detail}). The network may want a login.",
        Kind.STRANGER,
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and everything under it: httpx wraps httpcore's errors, which wrap anyio's, which wrap the system's."""
    seen: set[int] = set()
    rest = [error]
    while rest:
        one = rest.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            rest.extend(one.exceptions)
        rest += [one.__cause__, one.__context__]


def _is_page(headers: Mapping[str, str], content: bytes) -> bool:
    return "html" in headers.get("Content-Type", "").lower() or content.lstrip()[:1] == b"<"


def _seconds(retry_after: str, now: float) -> float | None:
    """Retry-After (RFC 9110 section 10.2.3): seconds or a date."""
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        return float(retry_after.strip()[:6])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
