"""What a command writes: in one transaction, with its refusals as a person reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
import sqlalchemy as sa

from backend import merchants
from backend.database import Database


def write(opened: Database, work: Callable[[sa.Connection], Any]) -> Any:
    """What `work` gives; raises `click.ClickException` where the merchant that is meant cannot be told."""
    try:
        with opened.writing() as connection:
            return work(connection)
    except merchants.UnknownMerchant as error:
        raise click.ClickException(str(error)) from error
