"""Number schemes: ours, misread, stranger."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.numbers import Check, Scheme, Verdict, check_holds, judge, normalise, uid_number, with_check

DIGITS = st.text("0123456789", min_size=1, max_size=18)
CAFE = (Scheme("2100", 13, Check.EAN13),)


@pytest.mark.parametrize(
    ("number", "check"),
    [
        ("4006381333931", Check.EAN13),  # GS1's own example of a pencil
        ("79927398713", Check.LUHN),  # ISO/IEC 7812-1 annex B
        ("79444", Check.MOD97),  # 794 with its two check digits, ISO 7064
        ("anything", Check.NONE),
    ],
)
def test_published_check_digits(number: str, check: Check) -> None:
    assert check_holds(number, check)


@given(DIGITS, st.sampled_from([Check.LUHN, Check.MOD97, Check.NONE]))
def test_what_gets_check_digits_passes_its_check(number: str, check: Check) -> None:
    assert check_holds(with_check(number, check), check)


@given(st.text("0123456789", min_size=12, max_size=12), st.integers(0, 12), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(stem: str, place: int, off: int) -> None:
    number = with_check(stem, Check.EAN13)
    wrong = number[:place] + str((int(number[place]) + off) % 10) + number[place + 1 :]
    assert check_holds(number, Check.EAN13)
    assert not check_holds(wrong, Check.EAN13)


def test_ours_misread_and_stranger() -> None:
    ours = with_check("210000000017", Check.EAN13)
    assert judge(ours, CAFE) == (Verdict.OURS, ours)
    assert judge(ours[:-1] + str((int(ours[-1]) + 1) % 10), CAFE)[0] is Verdict.MISREAD
    assert judge(ours[:9], CAFE)[0] is Verdict.MISREAD
    assert judge(ours + "1", CAFE)[0] is Verdict.STRANGER
    assert judge("8588000001237", CAFE)[0] is Verdict.STRANGER  # a milk carton
    assert judge("2100abcdefghi", CAFE)[0] is Verdict.STRANGER
    assert judge("10001", (Scheme("", 5),)) == (Verdict.OURS, "10001")
    assert judge("1000", (Scheme("", 5),))[0] is Verdict.STRANGER


def test_a_upc_gets_its_leading_zero_back() -> None:
    scheme = (Scheme("01", 13, Check.EAN13),)
    ean = with_check("012345678901", Check.EAN13)
    assert judge(ean[1:], scheme) == (Verdict.OURS, ean)


@given(st.text(max_size=600))
def test_any_text_can_be_judged(text: str) -> None:
    verdict, number = judge(normalise(text), CAFE)
    assert verdict is not Verdict.OURS or number.isdigit()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (" 2100 0000-00017 ", "2100000000017"),
        ("https://bodka.example/c/2100000000017", "2100000000017"),
        ("http://bodka.example/c/2100-0000/?utm=1", "21000000"),
        ("https://bodka.example/d/21", "https://bodka.example/d/21"),
    ],
)
def test_normal_form(text: str, number: str) -> None:
    assert normalise(text) == number


def test_uids_are_kept_apart_from_numbers() -> None:
    assert uid_number("04a1b2c3") == "#04a1b2c3"
    for wrong in ("", "04A1B2C3", "04a1b2", "04a1b2c", "xx" * 4, "04" * 11):
        with pytest.raises(ValueError, match="UID"):
            uid_number(wrong)


@pytest.mark.parametrize(
    ("scheme", "says"),
    [(("21x", 13), "digits"), (("21", 4), "5 to 32"), (("21000", 5), "no room"), (("21", 12, Check.EAN13), "13 digits")],
)
def test_impossible_schemes_say_why(scheme: tuple[str, int, Check], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Scheme(*scheme)
