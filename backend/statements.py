"""Pieces of statements that are made once: to make one takes SQLAlchemy longer than it takes the database to answer it.

Parameters bear their column's name; those that find a row, and do not change it, `the_` before it::

    connection.execute(setting(fleet_tables.identity, "counter"), keyed(fleet_tables.identity, row) | {"counter": 7})
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa


def owned(table: sa.Table, owner: str = "merchant") -> sa.ColumnElement[bool]:
    """The owner's rows; `owner` is the name of the column and of the parameter."""
    return table.c[owner] == sa.bindparam(owner)


def among(column: sa.Column[Any]) -> sa.ColumnElement[bool]:
    """The rows whose column has one of the values of the parameter `some`."""
    return one_of(column, "some")


def one_of(column: sa.Column[Any], values: str) -> sa.ColumnElement[bool]:
    """The rows whose column has one of the values of a parameter, which is a list."""
    return column.in_(sa.bindparam(values, type_=column.type, expanding=True))


def this_row(table: sa.Table) -> sa.ColumnElement[bool]:
    """The row of this primary key, which `keyed` gives."""
    return sa.and_(*(column == sa.bindparam(f"the_{column.name}") for column in table.primary_key))


def keyed(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of `this_row`, out of a row."""
    return {f"the_{column.name}": row[column.name] for column in table.primary_key}


@cache
def setting(table: sa.Table, *columns: str) -> sa.Update:
    """Sets these columns of `this_row`."""
    return sa.update(table).where(this_row(table)).values({name: sa.bindparam(name) for name in columns})
