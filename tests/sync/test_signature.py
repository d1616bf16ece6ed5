from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import signature

IDENTITY = UUID(int=5)
PARAMETERS = signature.parameters(IDENTITY, 1_000)
HEADERS = signature.headers(PARAMETERS, bytes(range(64)))
INPUT, SIGNATURE = HEADERS[signature.INPUT_HEADER], HEADERS[signature.SIGNATURE_HEADER]


@given(identity=st.uuids(), created=st.integers(-(10**15) + 1, 10**15 - 1), signed=st.binary(min_size=64, max_size=64))
def test_what_is_written_is_read(identity: UUID, created: int, signed: bytes) -> None:
    parameters = signature.parameters(identity, created)
    written = signature.headers(parameters, signed)
    read = signature.read_headers(written[signature.INPUT_HEADER], written[signature.SIGNATURE_HEADER])
    assert read == (identity, parameters, signed)


def test_the_bytes_that_are_signed_are_those_of_the_standard() -> None:
    digest = signature.content_digest(b"{}")
    assert signature.signature_base("POST", "https://cloud.example/v1/push", digest, "7", PARAMETERS).decode() == (
        '"@method": POST\n'
        '"@target-uri": https://cloud.example/v1/push\n'
        '"content-digest": sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:\n'
        '"bodka-counter": 7\n'
        '"@signature-params": ("@method" "@target-uri" "content-digest" "bodka-counter")'
        ';created=1000;keyid="00000000-0000-0000-0000-000000000005";alg="ed25519"'
    )


@pytest.mark.parametrize("url", ['http://cloud/\n"bodka-counter": 8', "http://cloud/\r", "http://cloud/\x00", "http://cloud/ž"])
def test_nothing_can_pass_for_another_line_of_what_is_signed(url: str) -> None:
    with pytest.raises(signature.OtherForm):
        signature.signature_base("POST", url, signature.content_digest(b""), "7", PARAMETERS)


@pytest.mark.parametrize(
    "input",
    [
        "",
        PARAMETERS,
        INPUT + ", other=()",
        f"{INPUT}, {INPUT}",
        INPUT.replace("bodka=", "other="),
        INPUT.replace('"@method" "@target-uri"', '"@target-uri" "@method"'),
        INPUT.replace('"@method" ', ""),
        INPUT.replace('"bodka-counter"', '"bodka-counter";sf'),
        INPUT.replace("created=1000", "created=1e3"),
        INPUT.replace("created=1000", "created=1000;expires=2000"),
        INPUT.replace("ed25519", "hmac-sha256"),
        INPUT.replace(str(IDENTITY), "nobody"),
        INPUT.replace(str(IDENTITY), "-" * 36),
        INPUT + "\n",
    ],
)
def test_another_form_is_refused(input: str) -> None:
    with pytest.raises(signature.OtherForm):
        signature.read_headers(input, SIGNATURE)


@pytest.mark.parametrize(
    "signed", ["", "bodka=::", SIGNATURE.replace("==", "="), SIGNATURE + ", other=:AA==:", SIGNATURE + "\n"]
)
def test_a_signature_has_64_bytes(signed: str) -> None:
    with pytest.raises(signature.OtherForm):
        signature.read_headers(INPUT, signed)
