"""Pixels: every letter has one, the right ones are lit, and a missing font says what to do."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from display import draw as drawing
from display.draw import FontMissing, draw, font
from display.glyphs import OWN, dots
from display.layout import lay_out
from display.letters import LETTER_WIDTHS, columns, drawable, plain
from display.page import Circles, Page, Signs, Text
from display.screens import StampCard

HEIGHTS = sorted(LETTER_WIDTHS)
LETTERS = {
    "sk": "aáäbcčdďeéfghiíjklĺľmnňoóôpqrŕsštťuúvwxyýzž",
    "cs": "aábcčdďeéěfghiíjklmnňoópqrřsštťuúůvwxyýzž",
    "hu": "aábcdeéfghiíjklmnoóöőpqrstuúüűvwxyz",
    "de": "aäbcdefghijklmnoöpqrsßtuüvwxyz",
    "pl": "aąbcćdeęfghijklłmnńoóprsśtuwyzźż",
    "signs": "0123456789.,:;/+-×−▸●○…·€?!()„“”‚‘’–—",
}


def ink(text: str, height: int) -> set[tuple[int, int]]:
    picture = draw(Page((Text(text, height),)))
    return {
        (place % 16 * 8 + bit, place // 16)
        for place, dot in enumerate(picture.tobytes())
        for bit in range(8)
        if dot << bit & 0x80
    }


@pytest.mark.parametrize("height", HEIGHTS)
def test_every_drawable_letter_has_a_glyph(height: int) -> None:
    missing = bytes(font(height).getmask("\ue123", mode="1"))
    assert bytes(font(height).getmask("▸", mode="1")) == missing
    letters = [chr(code) for code in range(0x21, 0x3000) if drawable(chr(code)) and chr(code) not in OWN | {"?"}]
    assert len(letters) > 400
    without = [letter for letter in letters if bytes(font(height).getmask(letter, mode="1")) == missing]
    assert without == []


@pytest.mark.parametrize("language", LETTERS)
def test_the_letters_of_the_market(language: str) -> None:
    for letter in LETTERS[language] + LETTERS[language].upper():
        assert drawable(letter), letter
        assert plain(f"a{letter}a") == f"a{letter}a"
        assert all(ink(letter, height) for height in HEIGHTS), letter


@pytest.mark.parametrize("height", HEIGHTS)
def test_letters_are_of_one_width_and_full_rows_fit(height: int) -> None:
    assert font(height).getlength("Wi.€Č") == 5 * LETTER_WIDTHS[height]
    lit = ink("M" * columns(height), height)
    assert max(x for x, _ in lit) - min(x for x, _ in lit) < 128


def test_the_caron_beside_the_letter_is_ours() -> None:
    for letter in OWN:
        assert len(ink(letter, 12)) == len(dots(letter, 12))
        assert len(ink(letter, 32)) == 4 * len(dots(letter, 16))
    left = (128 - 6) // 2
    top = 52 // 2
    assert ink("ť", 12) == {(left + x, top + y) for x, y in dots("ť", 12)}


@pytest.mark.parametrize("height", HEIGHTS)
def test_our_own_letters_stand_on_the_line_of_the_fonts(height: int) -> None:
    foot = max(y for _, y in ink("H", height))
    for letter in "ďľĽť":
        assert max(y for _, y in ink(letter, height)) == foot


def test_narrow_letters_are_those_of_16_pixels_twice_as_high() -> None:
    number = Text("7 ďť8€", 32, narrow=True)
    low, high = draw(Page((Text(number.text, 16),))), draw(Page((number,)))
    assert number.width == 6 * 8
    assert low.crop((0, 24, 128, 40)).resize((128, 32), Image.Resampling.NEAREST) == high.crop((0, 16, 128, 48))
    assert high.getbbox() is not None


@pytest.mark.parametrize("letter", "ďľĽť")
@pytest.mark.parametrize("height", [12, 16])
def test_the_mark_stands_beside_the_stem(letter: str, height: int) -> None:
    in_the_third_row = sorted(x for x, y in dots(letter, height) if y == 2)
    strokes = 1 + sum(after - before > 1 for before, after in pairwise(in_the_third_row))
    assert strokes == 2


def test_hard_and_narrow_spaces_are_spaces() -> None:
    assert ink("1\u00a0240", 16) == ink("1\u202f240", 16) == ink("1 240", 16)


@given(total=st.integers(1, 21), data=st.data())
def test_each_stamp_is_a_circle(total: int, data: st.DataObject) -> None:
    filled = data.draw(st.integers(0, total))
    low = data.draw(st.booleans())
    picture = draw(Page((Circles(filled, total, low),)))
    pitch = min(12, 128 // total)
    size, height = min(7 if low else 9, pitch - 1), 8 if low else 12
    left = (128 - total * pitch + pitch - size) // 2
    middle = [
        picture.getpixel((left + i * pitch + size // 2, (64 - height) // 2 + (height + 1 - size) // 2 + size // 2))
        for i in range(total)
    ]
    assert [bool(dot) for dot in middle] == [True] * filled + [False] * (total - filled)


@pytest.mark.parametrize("low", [False, True])
def test_more_stamps_than_a_row_holds_are_a_bar(low: bool) -> None:
    def lit(filled: int) -> int:
        return sum(1 for dot in draw(Page((Circles(filled, 50, low),))).tobytes() for bit in range(8) if dot >> bit & 1)

    amounts = [lit(filled) for filled in (0, 10, 25, 50)]
    assert amounts == sorted(set(amounts))


@given(total=st.integers(1, 100), data=st.data())
def test_both_stay_in_their_row(total: int, data: st.DataObject) -> None:
    circles = Circles(data.draw(st.integers(0, total)), total, data.draw(st.booleans()))
    box = draw(Page((circles,))).getbbox()
    top = (64 - circles.height) // 2
    assert box is not None
    assert top <= box[1] < box[3] <= top + circles.height


def test_the_signs_are_drawn_apart() -> None:
    busy = draw(Page((), Signs(offline=True, waiting=123_456, missing=150, clock="14:05")))
    lit_columns = [any(busy.getpixel((x, y)) for y in range(64)) for x in range(128)]
    assert not any(lit_columns[48:56])
    assert not any(lit_columns[84:96])
    assert draw(Page((), Signs(offline=False, waiting=3, missing=0, clock=""))).getbbox() is None


def test_the_same_page_is_the_same_picture() -> None:
    card = StampCard("Jana K.", 7, 10, "káva")
    assert draw(lay_out(card, "sk")).tobytes() == draw(lay_out(card, "sk")).tobytes()
    assert draw(lay_out(card, "sk")).tobytes() != draw(lay_out(card, "en")).tobytes()


@pytest.mark.parametrize("content", [None, b"", b"no font at all", b"\x1f\x8b\x08\x00 cut"])
def test_a_missing_or_broken_font_says_what_to_install(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "ter-u12n_unicode.pcf.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FontMissing, match="apt install xfonts-terminus"):
        drawing._load(path, 12)
