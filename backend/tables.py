"""What the cloud keeps. `migrations/` builds the same tables step by step; a test compares the two.

Cards and members belong to a network; accounts, purses, entries and leases to a merchant, whose id is the first part of every
key, so that merchants can later live on machines of their own. Times are milliseconds since 1970. Amounts are whole units.

`change` numbers come from one counter in each network (`changes.py`): every row that a terminal mirrors carries the number
of its last change.
"""

from __future__ import annotations

from backend import card_tables, fleet_tables, ledger_tables, merchant_tables

FILES = (merchant_tables, fleet_tables, ledger_tables, card_tables)
"""A table is in `metadata` once its file was imported; here all are."""

metadata = merchant_tables.metadata
