"""Takes out of a text whatever could be a secret or a card's number, for a report that leaves the shop. Pure.

Two nets, one behind the other: the secrets that are known, in every form in which they are written; and all that looks like a
number of a card or a key, whoever wrote it. What is needed to help stays: times, versions, the terminal's own identities,
counts.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "[hidden]"

_KEEP = re.compile(
    r"(?<![0-9A-Za-z-])(?:"
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r")(?![0-9A-Za-z-])"
)
"""Times (ISO 8601) and UUIDs: the names of terminals, merchants and entries say nothing of a card."""

_NAMED = re.compile(
    r"(?P<name>\b\w*(?:psk|passw(?:or)?d|passphrase|secret|token|key|pin|code|credential|authorization)\w*[\"']?\s*[=:]\s*)"
    r"(?:\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|\S+)",
    re.IGNORECASE,
)
"""What is called a secret, up to the end of its value."""

_HIDE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:WIFI|BODKA):\S+",  # setup codes
        r"(?<=://)[^/@\s]+@",  # a name and a password in an address
        r"[\w.+-]+@[\w-]+\.[\w.-]+",  # an e-mail
        r"(?<![0-9])[0-9](?:[ .\-_/]?[0-9]){6,}(?![0-9])",  # a card's number, however it is grouped; a phone's
        r"(?<![0-9a-f])(?:[0-9a-f]{2}[ :\-]){3,}[0-9a-f]{2}(?![0-9a-f])",  # a UID in pairs
        r"(?<![0-9a-z])(?=[a-f]*[0-9])[0-9a-f]{8,}(?![0-9a-z])",  # a UID or a key in hex
    )
)

_BASE64 = re.compile(r"(?<![\w+/=-])(?=[\w+/-]*[0-9])(?=[\w+/-]*[A-Z])(?=[\w+/-]*[a-z])[\w+/-]{16,}={0,2}")
"""A key, most likely: small letters, capitals and digits in one long word."""


def scrub(text: str, secrets: Iterable[bytes] = ()) -> str:
    """The text with `HIDDEN` in the place of all that should not leave the shop; `secrets` are those that are known."""
    for form in sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True):
        text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE)
    text = _NAMED.sub(rf"\g<name>{HIDDEN}", text)
    kept = iter(_KEEP.findall(text))
    return "".join(part + next(kept, "") for part in map(_hide, _KEEP.split(text)))


def _hide(text: str) -> str:
    for pattern in _HIDE:
        text = pattern.sub(HIDDEN, text)
    return _BASE64.sub(HIDDEN, text)


def _forms(secret: bytes) -> set[str]:
    """How a secret may be written: as it is, in hex, in base64 of both alphabets, in an address."""
    if len(secret) < 4:  # too short to be looked for everywhere
        return set()
    forms = {secret.hex()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        forms |= {encode(secret).decode(), encode(secret).decode().rstrip("=")}
    try:
        words = secret.decode()
    except UnicodeDecodeError:
        return forms
    return forms | {words, quote(words), quote(words, safe="")}
