"""Codes for a whole fleet, on the command line: a table, and a file for each card."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from backend import fleet_tables
from backend.commands import main
from backend.database import open_engine
from backend.pairing import UsedCode, pair
from backend.surroundings import system_clock
from sync import setup_file
from sync.pairing_messages import Pair
from sync.setup_codes import PairWith


def test_forty_codes_in_a_table_and_on_forty_cards(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'cloud.sqlite'}"

    def says(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["--database", url, *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    says("sample")
    folder = tmp_path / "cards"
    table = says(
        *("pairing-codes", "--count", "40", "--csv", "--name", "till"),
        *("--url", "https://cloud.example", "--folder", str(folder)),
    )
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["name"] for row in rows] == [f"till {number}" for number in range(1, 41)]
    assert len({row["code"] for row in rows}) == 40
    cards = [setup_file.read((folder / f"{number:03}" / "bodka-pairing.toml").read_text()) for number in range(1, 41)]
    wanted = [PairWith(row["code"].replace("-", ""), "https://cloud.example") for row in rows]
    assert [card.pairing for card in cards] == wanted

    engine = open_engine(url)
    with engine.begin() as connection:
        for number, row in enumerate(rows[:2]):
            pair(connection, Pair(row["code"], bytes([number]) * 32), system_clock(), os.urandom)
        with pytest.raises(UsedCode):
            pair(connection, Pair(rows[0]["code"], bytes([9]) * 32), system_clock(), bytes)
        i = fleet_tables.identity.c
        named = connection.execute(sa.select(i.device).where(i.public_key.is_not(None)).order_by(i.device)).scalars().all()
    engine.dispose()
    assert {"till 1", "till 2"} <= set(named)
    assert says("pairing-codes", "--count", "2").count("\n") == 2
