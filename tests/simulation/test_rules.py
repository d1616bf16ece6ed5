"""What the simulator checks is what the pages promise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simulation import rules
from simulation.mutants import MUTANTS
from simulation.rules import LEDGER, Rule

REPOSITORY = Path(__file__).parents[2]
HERE = Path(__file__).parent


def words(text: str) -> str:
    """Words alone: where a line ends in the page means nothing."""
    return " ".join(text.split())


def chapter(number: int) -> str:
    """What the ledger's page says of one invariant."""
    page = (REPOSITORY / LEDGER).read_text(encoding="utf-8")
    found = re.search(rf"^## {number}\. .*?(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"{LEDGER} has no chapter {number}"
    return found[0]


@pytest.mark.parametrize("rule", rules.ALL, ids=lambda rule: rule.sentence[:40])
def test_the_sentence_stands_in_its_page(rule: Rule) -> None:
    page = chapter(rule.number) if rule.page == LEDGER else (REPOSITORY / rule.page).read_text(encoding="utf-8")
    assert words(rule.sentence) in words(page)


def test_the_ledger_has_twelve_chapters() -> None:
    page = (REPOSITORY / LEDGER).read_text(encoding="utf-8")
    assert re.findall(r"^## (\d+)\.", page, re.MULTILINE) == [str(number) for number in range(1, 13)]


def test_each_invariant_has_a_rule() -> None:
    assert {rule.number for rule in rules.ALL} == set(range(1, 13))


@pytest.mark.parametrize("rule", rules.ALL, ids=lambda rule: rule.sentence[:40])
def test_a_planted_fault_breaks_each_rule(rule: Rule) -> None:
    assert any(mutant.rule is rule for mutant in MUTANTS.values())


def test_each_rule_has_a_check_and_each_check_a_rule() -> None:
    checks = "\n".join(
        path.read_text(encoding="utf-8")
        for path in HERE.glob("*.py")
        if path.name not in ("rules.py", Path(__file__).name) and not path.name.startswith("mutants")
    )
    asked = set(re.findall(r"\brules\.([A-Z_]+)\b", checks)) - {"ALL"}
    assert asked == {name for name, value in vars(rules).items() if isinstance(value, Rule)}
