"""The QR code on the panel: each module is on the glass, with light around them, and the code to type stands beside it."""

from __future__ import annotations

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from display.draw import draw
from display.layout import lay_out
from display.letters import HEIGHT, WIDTH
from display.qr import qr_code
from display.screens import Pairing
from display.words import LANGUAGES

ADDRESS = "HTTPS://CLOUD.BODKA.EXAMPLE/P/WDJB-MJHT"


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/.-", min_size=1, max_size=230))
def test_every_module_is_on_the_glass(url: str) -> None:
    code = qr_code(url)
    assert code is not None
    image = draw(lay_out(Pairing("WDJB-MJHT", url), "sk"))
    wanted = segno.make_qr(url, error="l").matrix
    size = code.scale * len(wanted)
    for y in range(HEIGHT):
        for x in range(HEIGHT):
            inside = code.margin <= x < code.margin + size and code.margin <= y < code.margin + size
            dark = inside and wanted[(y - code.margin) // code.scale][(x - code.margin) // code.scale]
            assert bool(image.getpixel((x, y))) != bool(dark)


def test_our_addresses_are_large_enough_for_a_phone() -> None:
    """In capitals an address takes the alphanumeric mode: 47 characters in 25 modules of two pixels, with light around them."""
    code = qr_code(ADDRESS)
    assert code is not None
    assert (len(code.modules), code.scale, code.margin) == (25, 2, 7)
    lower = qr_code(ADDRESS.lower())
    assert lower is not None
    assert len(lower.modules) > 25


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_code_stands_beside_it(language: str) -> None:
    page = lay_out(Pairing("WDJB-MJHT", ADDRESS), language)
    assert page.text().splitlines()[-2:] == ["[WDJB]", "[MJHT]"]
    image = draw(page)
    assert any(image.getpixel((x, y)) for x in range(HEIGHT, WIDTH) for y in range(HEIGHT))


@pytest.mark.parametrize("url", ["", "x" * 231])
def test_without_a_code_that_fits_there_is_the_one_to_type(url: str) -> None:
    assert qr_code(url) is None
    assert "WDJB" in lay_out(Pairing("WDJB-MJHT", url), "sk").text()
