"""Names of any alphabet become letters the panel can draw; lines are shortened by rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from display.letters import drawable, plain
from display.lines import Line, Name, Number, Word, fit, line_of, whole

anything = st.text(st.characters() | st.characters(categories=["Cs", "Cc", "Mn", "So", "Zs", "Cf"]))
pieces = st.lists(
    st.builds(Name, anything.map(plain))
    | st.builds(Word, st.sampled_from(["Doplatok ", ", ostane ", " · ", " now"]))
    | st.integers(0, 9_999_999).map(lambda n: Number((f"{n:,} b".replace(",", " "), f"{n} b", str(n)))),
    max_size=4,
).map(tuple)


@given(text=anything)
def test_plain_is_drawable_and_stays_as_it_is(text: str) -> None:
    once = plain(text)
    assert all(map(drawable, once))
    assert plain(once) == once
    assert once == once.strip()
    assert "  " not in once


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Júlia", "Júlia"),
        ("Ju\u0301lia", "Júlia"),
        ("Nguyễn Văn Ạ", "Nguyen Văn A"),
        ("Ｊａｎａ", "Jana"),
        ("Jana 🙂\u200d🎉", "Jana"),
        ("1\u202f240\u00a0b", "1 240 b"),
        ("a\x00\x1b[31mb\r\nc", "a[31mb c"),
        ("李 Jana", "? Jana"),
        ("李小龍", ""),
        ("Юлія", "Юлія"),
        ("", ""),
    ],
)
def test_plain_examples(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(line=pieces, columns=st.integers(8, 21))
def test_a_line_fits_and_its_numbers_lose_no_digit(line: Line, columns: int) -> None:
    text = fit(line, columns)
    assert len(text) <= columns
    numbers = [piece.forms for piece in line if isinstance(piece, Number)]
    tightest = " ".join(forms[-1] for forms in numbers)
    if numbers and len(tightest) <= columns:
        assert all(any(form in text for form in forms) for forms in numbers)
    if len(whole(line)) <= columns:
        assert text == whole(line)


@pytest.mark.parametrize(
    ("line", "columns", "text"),
    [
        ((Name("Bartolomej Novomeský"), Word(" · "), Number(("10 z 10",))), 16, "Barto… · 10 z 10"),
        ((Word("Doplatok "), Number(("1 234 567,89 €", "1234567,89 €"))), 21, "Doplatok 1234567,89 €"),
        ((Word("Doplatok "), Number(("1 234 567,89 €", "1234567,89 €"))), 18, "Dopl… 1234567,89 €"),
        ((Word("Doplatok "), Number(("123456789012",))), 12, "123456789012"),
        ((Name("Jana"), Word(" a "), Name("Ferdinand Veľký")), 16, "Jana a Ferdinan…"),
        ((), 5, ""),
    ],
)
def test_fit_examples(line: Line, columns: int, text: str) -> None:
    assert fit(line, columns) == text


def test_a_template_is_filled_with_pieces() -> None:
    line = line_of("{name}, {n} min", name="Ja\tna", n=2)
    assert line == (Name("Ja na"), Word(", "), Number(("2",)), Word(" min"))
