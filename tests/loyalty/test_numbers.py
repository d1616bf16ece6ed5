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
        ("96385074", Check.EAN8),  # GS1's example
        ("036000291452", Check.UPC_A),  # GS1 US's
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


@pytest.mark.parametrize(("check", "length"), [(Check.EAN13, 13), (Check.UPC_A, 12), (Check.EAN8, 8)])
@given(st.data())
def test_an_ean_of_ours_is_ours_whatever_zeros_its_scanner_writes(check: Check, length: int, data: st.DataObject) -> None:
    number = with_check(data.draw(st.text("0123456789", min_size=length - 1, max_size=length - 1)), check)
    schemes = (Scheme(number[:1], length, check),)
    for written in (number, number.zfill(13), number.zfill(14), number.lstrip("0").zfill(12)):
        assert judge(written, schemes) == (Verdict.OURS, number)


@given(st.text("0123456789", min_size=7, max_size=12), st.sampled_from([8, 12, 13, 14]))
def test_a_strangers_ean_is_one_number_whatever_zeros_its_scanner_writes(stem: str, length: int) -> None:
    number = with_check(stem, Check.EAN13)
    written = number.lstrip("0").zfill(length)
    assert judge(number.zfill(14), ())[1] == judge(written if len(written) == length else number.zfill(14), ())[1]


def test_a_strangers_number_that_is_no_ean_stays_as_it_is() -> None:
    for number in ("012345", "0000000000001", "421905123457", "AB-12", ""):
        assert judge(number, CAFE) == (Verdict.STRANGER, number)


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        ("2812340012340", Verdict.GOODS),  # 12.34 euros of cheese
        ("0212340012344", Verdict.STRANGER),  # not its check digit
        ("0212340012340", Verdict.GOODS),
        ("212340012340", Verdict.GOODS),  # the same without its zero
        ("2812340012341", Verdict.STRANGER),
        ("8594001234561", Verdict.STRANGER),
        ("20000004", Verdict.STRANGER),  # an EAN-8 holds no price
    ],
)
def test_a_label_of_weighed_goods_is_no_card(number: str, verdict: Verdict) -> None:
    assert judge(number, CAFE)[0] is verdict


def test_a_range_of_ours_among_the_weighed_goods_is_ours() -> None:
    ours = with_check("281234001234", Check.EAN13)
    assert judge(ours, (*CAFE, Scheme("28", 13, Check.EAN13)))[0] is Verdict.OURS


def test_a_range_from_a_number_to_a_number() -> None:
    plain = (Scheme.span("100001", "104999"),)
    for number, verdict in (
        ("100001", Verdict.OURS),
        ("104999", Verdict.OURS),
        ("103000", Verdict.OURS),
        ("100000", Verdict.STRANGER),
        ("105000", Verdict.STRANGER),
        ("10300", Verdict.STRANGER),
        ("1030000", Verdict.STRANGER),
    ):
        assert judge(number, plain)[0] is verdict, number
    assert judge("77777", (Scheme.span("77777", "77777"),))[0] is Verdict.OURS


@given(st.integers(0, 10**8 - 1), st.integers(0, 10**8 - 1), st.integers(0, 10**8 - 1))
def test_a_range_holds_what_lies_between_its_ends(first: int, last: int, number: int) -> None:
    first, last = sorted((first, last))
    verdict, _ = judge(f"{number:09}", (Scheme.span(f"{first:09}", f"{last:09}"),))
    assert (verdict is Verdict.OURS) == (first <= number <= last)


@pytest.mark.parametrize(
    ("first", "last"), [("", ""), ("10001", "1000"), ("20000", "10000"), ("1000a", "2000b"), ("1234", "1235")]
)
def test_an_impossible_range_says_why(first: str, last: str) -> None:
    with pytest.raises(ValueError, match=r"smaller one first|5 to 32"):
        Scheme.span(first, last)


LUHN = (Scheme.span(with_check("777000001", Check.LUHN), with_check("777000999", Check.LUHN), Check.LUHN),)


@given(st.integers(1, 999), st.integers(0, 8), st.integers(1, 9))
def test_one_wrong_digit_is_a_misread_of_a_card_of_ours_and_not_a_strangers(card: int, place: int, off: int) -> None:
    number = with_check(f"777{card:06}", Check.LUHN)
    wrong = number[:place] + str((int(number[place]) + off) % 10) + number[place + 1 :]
    assert judge(number, LUHN)[0] is Verdict.OURS
    near = sum(a != b for a, b in zip(wrong[:6], "777000", strict=True)) <= 1
    assert judge(wrong, LUHN)[0] is (Verdict.MISREAD if near else Verdict.STRANGER)


@given(st.integers(1, 999), st.integers(6, 9))
def test_a_card_cut_short_is_a_misread(card: int, length: int) -> None:
    number = with_check(f"777{card:06}", Check.LUHN)[:length]
    verdict = judge(number, LUHN)[0]
    assert verdict is (Verdict.STRANGER if check_holds(number, Check.EAN8) else Verdict.MISREAD)


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (with_check("777000001", Check.LUHN) + with_check("777000002", Check.LUHN), Verdict.MISREAD),  # two scans joined
        (with_check("777000001", Check.LUHN) + "1" * 10, Verdict.STRANGER),
        (with_check("777000001", Check.LUHN) + "1", Verdict.STRANGER),
        (with_check("777001234", Check.LUHN), Verdict.STRANGER),  # read well, and beyond our range
        (with_check("778000001", Check.LUHN), Verdict.STRANGER),
        ("1234567890", Verdict.STRANGER),
        ("77700000O", Verdict.STRANGER),
    ],
)
def test_what_is_a_misread_and_what_a_strangers(number: str, verdict: Verdict) -> None:
    assert judge(number, LUHN)[0] is verdict


def test_a_number_beyond_the_ends_of_a_range_was_read_well() -> None:
    schemes = (Scheme.span(with_check("777000100", Check.LUHN), with_check("777000899", Check.LUHN), Check.LUHN),)
    assert judge(with_check("777000950", Check.LUHN), schemes)[0] is Verdict.STRANGER


def test_a_whole_ean_of_somebody_else_is_no_misread_of_ours() -> None:
    schemes = (Scheme("859", 13, Check.LUHN),)
    for stem in ("859400123456", "859400123457"):
        milk = with_check(stem, Check.EAN13)
        if not check_holds(milk, Check.LUHN):
            assert judge(milk, schemes)[0] is Verdict.STRANGER


def test_a_short_prefix_tells_nothing_once_a_digit_of_it_is_wrong() -> None:
    wrong = with_check("310000000001", Check.EAN13)[:-1]
    for last in "0123456789":
        assert judge(wrong + last, (Scheme("21", 13, Check.EAN13),))[0] is Verdict.STRANGER


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
    [
        (("21x", 13), "digits"),
        (("21", 4), "5 to 32"),
        (("21000", 5), "no room"),
        (("21", 12, Check.EAN13), "13 digits"),
        (("21", 9, Check.EAN8), "8 digits"),
    ],
)
def test_impossible_schemes_say_why(scheme: tuple[str, int, Check], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Scheme(*scheme)
