"""Pairing codes for a whole fleet, as a list and as the file that goes onto each SD card."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa

from backend.pairing import make_code
from backend.surroundings import Random
from sync.setup_file import FILE_NAME, SetupFile, write


class Line(NamedTuple):
    """One terminal to be."""

    number: int
    name: str
    code: str


def make_list(
    connection: sa.Connection,
    merchant: UUID,
    shop: str,
    count: int,
    name: str,
    now_ms: int,
    random: Random,
    lasts_ms: int,
) -> list[Line]:
    """`count` codes for terminals in one shop, called `name` and a number."""
    named = [f"{name} {number}" for number in range(1, count + 1)]
    codes = [make_code(connection, merchant, shop, now_ms, random, lasts_ms, device) for device in named]
    return [Line(number, device, code) for number, (device, code) in enumerate(zip(named, codes, strict=True), 1)]


def as_text(lines: list[Line], *, as_csv: bool) -> str:
    """A code a line; or a table for a spreadsheet (RFC 4180)."""
    if not as_csv:
        return "".join(f"{line.code}\n" for line in lines)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(Line._fields)
    writer.writerows(lines)
    return table.getvalue()


def write_files(folder: Path, lines: list[Line], url: str) -> None:
    """A folder for each terminal, with the file for its card."""
    for line in lines:
        place = folder / f"{line.number:03}"
        place.mkdir(parents=True, exist_ok=True)
        (place / FILE_NAME).write_text(write(SetupFile(line.code, url, line.name)), encoding="utf-8")
