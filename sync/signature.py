"""The signature of a request as its headers say it: HTTP Message Signatures (RFC 9421) over a content digest (RFC 9530).

The standard allows many forms; terminals write one, and the cloud takes no other::

    Bodka-Counter: 7
    Content-Digest: sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:
    Signature-Input: bodka=("@method" "@target-uri" "content-digest" "bodka-counter");created=1000;keyid="...";alg="ed25519"
    Signature: bodka=:...:
"""

from __future__ import annotations

import base64
import hashlib
import re
from uuid import UUID

SIGNED_COMPONENTS = ("@method", "@target-uri", "content-digest", "bodka-counter")
SIGNATURE_LABEL = "bodka"

DIGEST_HEADER = "Content-Digest"
INPUT_HEADER = "Signature-Input"
SIGNATURE_HEADER = "Signature"

_COVERED = " ".join(f'"{name}"' for name in SIGNED_COMPONENTS)
_INPUT = re.compile(
    re.escape(f"{SIGNATURE_LABEL}=")
    + rf'(\({re.escape(_COVERED)}\);created=-?[0-9]{{1,15}};keyid="([0-9a-f-]{{36}})";alg="ed25519")'
)
_SIGNATURE = re.compile(rf"{SIGNATURE_LABEL}=:([A-Za-z0-9+/]{{86}}==):")


class OtherForm(ValueError):
    """The headers hold no signature of the form that this protocol uses."""


def content_digest(body: bytes) -> str:
    """RFC 9530 section 2, of the body as it is sent."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def parameters(identity: UUID, created: int) -> str:
    """What is covered, when it was signed (seconds since 1970) and by whose key: RFC 9421 section 2.3."""
    return f'({_COVERED});created={created};keyid="{identity}";alg="ed25519"'


def signature_base(method: str, url: str, digest: str, counter: str, parameters: str) -> bytes:
    """The bytes that are signed: RFC 9421 section 2.5. Raises `OtherForm` for what could be taken for another line of them."""
    values = (method, url, digest, counter, parameters)
    if not all(value.isascii() and value.isprintable() for value in values):
        raise OtherForm
    lines = zip((*SIGNED_COMPONENTS, "@signature-params"), values, strict=True)
    return "\n".join(f'"{name}": {value}' for name, value in lines).encode()


def headers(parameters: str, signature: bytes) -> dict[str, str]:
    """The two headers that say it: RFC 9421 section 4."""
    return {
        INPUT_HEADER: f"{SIGNATURE_LABEL}={parameters}",
        SIGNATURE_HEADER: f"{SIGNATURE_LABEL}=:{base64.b64encode(signature).decode()}:",
    }


def read_headers(input: str, signature: str) -> tuple[UUID, str, bytes]:
    """Whose signature it is said to be, its parameters and its 64 bytes; raises `OtherForm`."""
    said, signed = _INPUT.fullmatch(input), _SIGNATURE.fullmatch(signature)
    if said is None or signed is None:
        raise OtherForm
    try:
        return UUID(said[2]), said[1], base64.b64decode(signed[1])
    except ValueError as error:
        raise OtherForm from error
