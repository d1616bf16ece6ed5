"""How long a night is: settling what each member's usual terminal may spend tomorrow, for a merchant with many members.

Half of the members earned at one terminal and half at both; the first night asks everything back that is too much, the second
finds nothing new. No other request waits longer than the slowest transaction.

    scripts/bench overnight 100000
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from backend import fleet_tables, ledger_tables, merchant_tables, programmes
from backend.database import Database, open_engine
from backend.overnight import overnight
from emulators.cloud_house import House, build_house, empty_image
from loyalty.chain import GENESIS

PROGRAMME = '[programme]\nkey = "p"\nversion = 1\nname = "P"\n[points]\nper_unit = "1"\n'
ENTRIES = 4


def row(name: str, value: float, unit: str, goal: str = "") -> None:
    print(json.dumps({"name": name, "value": round(value, 1), "unit": unit, "goal": goal}), flush=True)


def fill(house: House, connection: sa.Connection, members: int) -> None:
    """Members with their entries, purses and leases, written straight into the tables."""
    programmes.publish(connection, house.merchant, PROGRAMME, house.time())
    identities = [house.terminal(connection).identity for _ in range(2)]
    connection.execute(sa.update(fleet_tables.identity).values(seen_ms=house.time()))
    of = {"merchant": house.merchant}
    number = dict.fromkeys(identities, 0)
    for first in range(0, members, 1000):
        rows: dict[sa.Table, list[dict[str, Any]]] = {
            table: []
            for table in (
                ledger_tables.account,
                ledger_tables.purse,
                ledger_tables.lease,
                ledger_tables.line,
                ledger_tables.entry,
            )
        }
        for member in range(first, min(first + 1000, members)):
            account = member.to_bytes(16, "big")
            shared = identities[: 1 + member % 2]
            rows[ledger_tables.account].append({**of, "id": account, "opened_ms": 0})
            purse = {**of, "account": account, "purse": "points", "instance": ""}
            kept = {"earned": 1000 * len(shared), "spent": 0, "overdraft": 0, "debt": 0, "change": member + 1}
            rows[ledger_tables.purse].append({**purse, **kept, "leased": 1000 * len(shared)})
            rows[ledger_tables.lease] += [
                {**purse, "identity": identity, "granted": 1000, "used": 0, "written_off": 0} for identity in shared
            ]
            for visit in range(ENTRIES):
                identity = shared[visit % len(shared)]
                number[identity] += 1
                _entry(rows, of, identity, number[identity], account, house.time() - visit)
        for table, these in rows.items():
            connection.execute(sa.insert(table), these)
    connection.execute(sa.update(merchant_tables.network).values(change=members + 1))


def _entry(rows: Any, of: dict[str, Any], identity: UUID, sequence: int, account: bytes, at_ms: int) -> None:
    stored = {"before": GENESIS, "hash": GENESIS, "body": b"", "digest": b"", "received_ms": at_ms}
    rows[ledger_tables.line].append({**of, "identity": identity, "sequence": sequence, **stored})
    said = {"cause": "award", "token": account, "kind": "card", "wall_ms": at_ms, "trusted": True, "shop": "main"}
    about = {"programme": 1, "reward": "", "staff": "", "typed": False, "posted_ms": at_ms, "body_hash": b"", "at_ms": at_ms}
    id = UUID(int=identity.int ^ sequence)
    known = {name: value for name, value in {**said, **about}.items() if name in ledger_tables.entry.c}
    rows[ledger_tables.entry].append({**of, "id": id, "identity": identity, "sequence": sequence, "account": account, **known})


def measure(folder: Path, members: int) -> None:
    file = folder / "cloud.sqlite"
    file.write_bytes(empty_image())
    house = build_house(open_engine(f"sqlite:///{file}"))
    database, slowest = Database(house.engine), [0.0]
    with database.writing() as connection:
        fill(house, connection, members)

    @contextmanager
    def writing() -> Iterator[sa.Connection]:
        began = time.perf_counter()
        with database.writing() as connection:
            yield connection
        slowest[0] = max(slowest[0], time.perf_counter() - began)

    for night in ("the first night", "the second night"):
        began = time.perf_counter()
        done = overnight(writing, house.merchant, house.time())
        row(f"overnight: {members} members, {night}", time.perf_counter() - began, "s", "<= 300")
        row(f"overnight: {night}, leases asked back", done.recalled, "leases")
    row("overnight: the slowest transaction", slowest[0] * 1000, "ms", "<= 500")
    house.engine.dispose()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
