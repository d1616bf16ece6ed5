"""Programmes: only what a terminal could use is put in force, and no version twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from backend import programmes
from backend.commands import main
from backend.portal.amounts import Amounts
from emulators.cloud_house import House
from loyalty.programme import ProgrammeError, read

SMALL = """
[programme]
key = "p"
version = {}
name = "P"
[points]
per_unit = "1"
[[stamps]]
purse = "s"
name = "Coffee"
goal = 10
reward = "R"
"""


def test_versions_follow_each_other(house: House) -> None:
    with house.database.writing() as connection:
        assert programmes.current(connection, house.merchant) is None
        assert programmes.publish(connection, house.merchant, SMALL.format(1), 1) == 1
        with pytest.raises(programmes.WrongVersion, match="write version = 2"):
            programmes.publish(connection, house.merchant, SMALL.format(1), 1)
        with pytest.raises(ProgrammeError, match="not valid TOML"):
            programmes.publish(connection, house.merchant, "[programme", 1)
        assert programmes.publish(connection, house.merchant, SMALL.format(2), 1) == 2
        current = programmes.current(connection, house.merchant)
        assert current is not None
        assert current.version == 2


def test_the_command_names_the_mistake_and_its_place(tmp_path: Path) -> None:
    """A key that nobody knows: the line, the table, and the word that was meant."""
    database = ["--database", f"sqlite:///{tmp_path}/cloud.db"]
    run = CliRunner()
    assert run.invoke(main, [*database, "sample"]).exit_code == 0
    text = (Path(__file__).parents[2] / "config" / "programmes" / "cafe.toml").read_text(encoding="utf-8")
    file = tmp_path / "next.toml"
    file.write_text(text.replace("version = 1 ", "version = 2 ").replace("per_unit", "per_unti"), encoding="utf-8")
    answer = run.invoke(main, [*database, "publish", str(file)])
    assert answer.exit_code == 1
    assert 'unknown key "per_unti"' in answer.output
    assert 'did you mean "per_unit"' in answer.output
    file.write_text(text.replace("version = 1 ", "version = 2 "), encoding="utf-8")
    assert "version 2 is in force" in run.invoke(main, [*database, "publish", str(file)]).output
    engine = sa.create_engine(f"sqlite:///{tmp_path}/cloud.db")
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT programme FROM merchant")).scalar_one() == 2
    engine.dispose()


def test_amounts_are_written_as_a_merchant_reads_them() -> None:
    amounts = Amounts(read(SMALL.format(1)))
    assert amounts.text("points", 1_240_000) == "1\u202f240"
    assert amounts.text("points", -18_500) == "\u221218.5"
    assert (amounts.change("s", 1), amounts.change("s", -10)) == ("+1", "\u221210")
    assert (amounts.name("s"), amounts.text("s", 7)) == ("Coffee", "7")
    assert (amounts.name("gone"), amounts.text("gone", 1_500)) == ("gone", "1\u202f500")
    assert amounts.money(1850, "EUR") == "18.50 EUR"
    assert amounts.money(1850, "HUF") == "1\u202f850 HUF"
    assert Amounts(None).text("points", 5) == "5"
