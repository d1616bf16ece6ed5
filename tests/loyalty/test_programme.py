"""Programmes are read from TOML, exactly, and a mistake is named with its place."""

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.derived import Limits, Milestone
from loyalty.numbers import Check, Scheme
from loyalty.programme import Programme, ProgrammeError, SignIn, in_language, read

EXAMPLES = sorted((Path(__file__).parents[2] / "config" / "programmes").glob("*.toml"))

SMALL = """
[programme]
key = "p"
version = 1
name = "P"
{rules}
[points]
per_unit = "1.5"
{points}
"""


def small(rules: str = "", points: str = "", more: str = "") -> Programme:
    return read(SMALL.format(rules=rules, points=points) + more)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_good(path: Path) -> None:
    programme = read(path.read_text(encoding="utf-8"))
    assert programme.version == 1
    assert programme.schemes


def test_rates_are_exact() -> None:
    programme = small('ask_above = "0.30"\npresets = ["0.10", 2]', 'worth = 0.01\npayable = "0.05"')
    assert programme.per_minor == Fraction(15)
    assert programme.worth == Fraction(1, 1000)
    assert (programme.currency, programme.payable, programme.ask_above, programme.presets) == ("EUR", 5, 30, (10, 200))
    assert programme.document.programme.sign_in is SignIn.SHIFT


def test_forints_have_no_decimals() -> None:
    programme = small('currency = "HUF"\nlargest_sum = 100000', 'worth = "1"')
    assert (programme.digits, programme.payable, programme.worth) == (0, 1, Fraction(1, 1000))
    with pytest.raises(ProgrammeError, match="at most 0 decimals"):
        small('currency = "HUF"\npresets = ["9.90"]')


def test_stamps_alone_are_a_programme() -> None:
    text = '[programme]\nkey="p"\nversion=1\nname="P"\n[[stamps]]\npurse="s"\nname="S"\ngoal=10\nreward="R"'
    programme = read(text)
    assert programme.points is None
    assert programme.group("1") is None
    assert (programme.per_minor, programme.worth) == (0, 0)


def test_groups_are_found_by_key() -> None:
    programme = small(points='[[points.groups]]\nkey="2"\nname={sk="Mäso", en="Meat"}\ncoefficient=2')
    group = programme.group("2")
    assert group is not None
    assert [in_language(group.name, language) for language in ("sk", "en", "hu")] == ["Mäso", "Meat", "Mäso"]
    assert in_language("P", "sk") == "P"
    assert programme.group("9") is None


def test_ranges_of_cards() -> None:
    cards = "[[cards]]\nprefix='21'\nlength=13\ncheck='ean13'\n[[cards]]\nfirst='100001'\nlast='104999'"
    assert small(points=cards).schemes == (Scheme("21", 13, Check.EAN13), Scheme.span("100001", "104999"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[programme", "not valid TOML"),
        (
            SMALL.format(rules='curency = "EUR"', points=""),
            r'unknown key "curency" \(line 6, in programme\): did you mean "currency"',
        ),
        (SMALL.format(rules="", points="zzzz = 1"), r'unknown key "zzzz" \(line 9, in points\): remove it'),
        ('"a\\u0062" = 1\n' + SMALL.format(rules="", points=""), r'unknown key "ab" \(in the file\)'),
        (SMALL.format(rules='version_ = "x"', points=""), "unknown key"),
        (SMALL.format(rules='undo_minutes = "x"', points=""), r"Expected `int`.*programme.undo_minutes"),
        (SMALL.format(rules="undo_minutes = -1", points=""), "at least 0"),
        (SMALL.format(rules='currency = "XXX"', points=""), "use one of EUR"),
        (SMALL.format(rules='ask_above = "0.001"', points=""), "ask_above is 0.001"),
        (SMALL.format(rules="largest_sum = inf", points=""), "largest_sum"),
        (SMALL.format(rules="", points='worth = "-1"'), "points.worth is -1"),
        (SMALL.format(rules="", points='worth = "NaN"'), "points.worth is NaN"),
        (SMALL.format(rules="", points="rewards = [{key='a', name='A', cost=0}]"), 'the cost of reward "a" is 0'),
        (SMALL.format(rules="", points="rewards = [{key='a', name='A', cost='0.0001'}]"), "3 decimals"),
        (SMALL.format(rules="", points="groups = [{key='1', name='A'}, {key='1', name='B'}]"), 'two groups have the key "1"'),
        (SMALL.format(rules="", points="purse = ''"), "a purse needs a name"),
        (SMALL.format(rules="", points="[[stamps]]\npurse='points'\nname='S'\ngoal=1\nreward='R'"), "two tables use the purse"),
        (SMALL.format(rules="", points="[[stamps]]\npurse='s'\nname='S'\ngoal=0\nreward='R'"), "goal is 1 to 100"),
        (SMALL.format(rules="", points="[[cards]]\nprefix='2x'\nlength=13"), "cards: a prefix is digits"),
        (SMALL.format(rules="", points="[[cards]]\nprefix='21'"), "cards: each table has prefix and length, or first and last"),
        (SMALL.format(rules="", points="[[cards]]\nfirst='10000'\nlast='20000'\nlength=5"), "cards: each table has"),
        (SMALL.format(rules="", points="[[cards]]\nfirst='20000'\nlast='10000'"), "cards: .* the smaller one first"),
        (SMALL.format(rules="", points="[[levels]]\nkey='g'\nname='G'\nfrom='1'\ncoefficient='0.9'"), "never earns less"),
        (SMALL.format(rules="", points="[[levels]]\nkey='g'\nname='G'\nfrom='1'\ncoefficient='NaN'"), "coefficient is NaN"),
        (SMALL.format(rules="", points="[[levels]]\nkey='g'\nname='G'\nfrom='1'\nmonths=0"), "write 1 to 120"),
        (SMALL.format(rules="", points="[[levels]]\nkey='g'\nname='G'\nfrom='-1'"), 'level "g": from is -1'),
        (SMALL.format(rules="", points="[[levels]]\nkey='g'\nname='G'\nform='1'"), 'did you mean "from"'),
        (SMALL.format(rules="", points="[[levels]]\nkey='g'\nname='G'\ncoefficient='2'"), "write `from` too"),
        (
            SMALL.format(rules="", points="[[levels]]\nkey='g'\nname='G'\nfrom='1'\n[[levels]]\nkey='g'\nname='H'\nfrom='2'"),
            'two levels have the key "g"',
        ),
        (SMALL.format(rules="", points="[[milestones]]\nkey='m'\nevery='0'\npoints='1'"), "every is 0"),
        (SMALL.format(rules="", points="[[milestones]]\nkey='m'\nevery='1'\npoints='0'"), 'milestone "m": points is 0'),
        (SMALL.format(rules="", points="[limits]\nawards=0"), "limits.awards is 0"),
        (SMALL.format(rules="", points="[limits]\npoints='0.0001'"), "limits.points is 0.0001"),
        (
            '[programme]\nkey="p"\nversion=1\nname="P"\n[[stamps]]\npurse="s"\nname="S"\ngoal=1\nreward="R"\n[limits]\npoints="1"',
            "are about points",
        ),
        ('[programme]\nkey="p"\nversion=1\nname="P"', "gives nothing"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, says: str) -> None:
    with pytest.raises(ProgrammeError, match=says):
        read(text)


@given(st.text(max_size=200))
def test_any_text_is_a_programme_or_a_named_error(text: str) -> None:
    with pytest.raises(ProgrammeError):
        read(text)


def test_a_level_that_nobody_earns_is_only_named() -> None:
    """The list of members gives it: the cloud has no past to remember for it."""
    programme = small(more="[[levels]]\nkey='gold'\nname={sk='zlatá', hu='arany'}\n")
    assert programme.level_name("gold") == {"sk": "zlatá", "hu": "arany"}
    assert programme.level_name("silver") is programme.level_name("") is None
    assert programme.history.level("gold") is None
    assert not programme.history
    stamps_alone = "[programme]\nkey='p'\nversion=1\nname='P'\n[[stamps]]\npurse='c'\nname='C'\ngoal=5\nreward='R'\n"
    assert read(f"{stamps_alone}[[levels]]\nkey='gold'\nname='zlatá'\n").level_name("gold") == "zlatá"


def test_levels_milestones_and_limits() -> None:
    programme = small(
        more="[[levels]]\nkey='gold'\nname='zlatá'\nfrom='300'\ncoefficient='1.5'\nmonths=3\n"
        "[[levels]]\nkey='silver'\nname='strieborná'\nfrom='99.90'\n"
        "[[milestones]]\nkey='fifty'\nevery='50'\npoints='2.5'\n[limits]\nawards=3\npoints='100'\n"
    )
    history = programme.history
    assert [(level.key, level.spend, level.months, level.coefficient) for level in history.levels] == [
        ("silver", 9_990, 12, 1),
        ("gold", 30_000, 3, Fraction(3, 2)),
    ]
    assert history.milestones == (Milestone("fifty", 5_000, 2_500),)
    assert history.limits == Limits(3, 100_000)
    assert not small().history
