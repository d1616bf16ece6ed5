"""The QR code of the pairing screen is read out of the panel's own picture by a real decoder, as a phone would."""

from __future__ import annotations

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from display.draw import draw
from display.glass import USUAL, Glass
from display.layout import lay_out
from display.qr import qr_code
from display.screens import Pairing
from display.words import LANGUAGES
from emulators.glasses import GLASSES, called

URL_LETTERS = st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?=&")


def read(screen: Pairing, language: str = "sk", glass: Glass = USUAL) -> list[str]:
    """What a phone sees: the panel's pixels, each some dots wide, in the dark of the panel's frame."""
    small = draw(lay_out(screen, language, glass))
    picture = small.convert("L").resize((small.width * 4, small.height * 4), Image.Resampling.NEAREST)
    seen = Image.new("L", (picture.width + 80, picture.height + 80))
    seen.paste(picture, (40, 40))
    return [found.text for found in zxingcpp.read_barcodes(seen, formats=zxingcpp.BarcodeFormat.QRCode)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_reads_it(language: str) -> None:
    url = "https://cloud.bodka.example/pair?code=K7QX42MB"
    assert read(Pairing("K7QX-42MB", url), language) == [url]


@settings(max_examples=60, deadline=None)
@given(path=st.text(URL_LETTERS, max_size=40))
def test_any_address_of_up_to_53_letters_is_two_pixels_a_module_and_read(path: str) -> None:
    url = "https://b.sk/" + path
    code = qr_code(url)
    assert code is not None
    assert code.scale == 2
    assert read(Pairing("1234-5678", url)) == [url]


def test_up_to_32_letters_leave_three_light_modules_around() -> None:
    code = qr_code("https://bodka.example/p/K7QX42MB")
    assert code is not None
    assert len(code.modules) == 25
    assert code.margin >= 3 * code.scale


def test_a_long_address_is_a_pixel_a_module_and_one_too_long_is_only_typed() -> None:
    code = qr_code("https://bodka.example/" + "x" * 120)
    assert code is not None
    assert code.scale == 1
    assert read(Pairing("1234-5678", "https://bodka.example/" + "x" * 120)) == ["https://bodka.example/" + "x" * 120]
    page = lay_out(Pairing("1234-5678", "x" * 1000), "en")
    assert page.code is None
    assert "1234-5678" in page.text()


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("K7QX-42MB", ["[K7QX]", "[42MB]"]),
        ("48217730", ["[4821]", "[7730]"]),
        ("4821 7730 1299", ["[4821]", "[7730]", "[1299]"]),
        ("", []),
    ],
)
def test_the_code_stands_beside_it_in_fours(code: str, shown: list[str]) -> None:
    lines = lay_out(Pairing(code, "https://b.sk/p"), "sk").text().splitlines()
    assert lines[0] == "QR https://b.sk/p"
    assert [line for line in lines if line.startswith("[")] == shown


def test_rows_beside_the_code_stay_beside_it() -> None:
    picture = draw(lay_out(Pairing("MMMM-MMMM-MMMM", "https://b.sk/p"), "sk"))
    lone = draw(lay_out(Pairing("", "https://b.sk/p"), "sk"))
    assert picture.crop((0, 0, USUAL.height, USUAL.height)).tobytes() == lone.crop((0, 0, USUAL.height, USUAL.height)).tobytes()


@pytest.mark.parametrize("glass", GLASSES, ids=called)
@pytest.mark.parametrize("url", ["https://b.sk/p/K7QX42MB", "HTTPS://BODKA.EXAMPLE/P/K7QX-42MB"])
def test_it_is_read_from_every_glass_on_which_its_modules_are_large_enough(glass: Glass, url: str) -> None:
    page = lay_out(Pairing("K7QX-42MB", url), "sk", glass)
    if page.code is None:
        assert glass.pitch * (glass.height // 27) < 0.3  # even the smallest such code, of 25 modules, would be finer
        assert page.number is not None
        assert page.number.text == "K7QX-42MB"
    else:
        assert page.code.scale * glass.pitch >= 0.3
        assert read(Pairing("K7QX-42MB", url), "sk", glass) == [url]
