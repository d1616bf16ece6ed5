"""How fast the cloud's ledger takes lines, 500 at a time: on SQLite, and on PostgreSQL where one is named.

scripts/bench ledger 20000
BODKA_TEST_DATABASE=postgresql+psycopg://... scripts/bench ledger 20000
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import sqlalchemy as sa

from backend.accept import accept
from backend.database import Database, open_engine
from backend.migrate import upgrade
from emulators.cloud_house import NOW, build_house, new_engine
from loyalty.entry import Cause, Posting
from sync.messages import MAX_LINES

MEMBERS = 10_000


def rate(engine: sa.Engine, count: int) -> float:
    """Entries a second, each push in a transaction of its own."""
    house, chance = build_house(engine), random.Random(1)
    with engine.begin() as connection:
        chain = house.terminal(connection)
    for _ in range(count):
        chain.write(Cause.AWARD, chance.randrange(MEMBERS).to_bytes(16, "big"), Posting("points", chance.randrange(100, 5_000)))
    cloud, seconds = Database(engine), 0.0
    for first in range(1, count + 1, MAX_LINES):
        push = chain.push(first, first + MAX_LINES - 1)
        began = time.perf_counter()
        with cloud.writing() as connection:
            accept(connection, chain.identity, push, NOW, chance.randbytes)
        seconds += time.perf_counter() - began
    engine.dispose()
    return count / seconds


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        engine = open_engine(f"sqlite:///{name}/cloud.sqlite")
        upgrade(engine)
        rates = {"SQLite": rate(engine, count)}
    if os.environ.get("BODKA_TEST_DATABASE"):
        rates["PostgreSQL"] = rate(new_engine(), count)
    for database, found in rates.items():
        print(json.dumps({"name": f"the ledger alone, {database}", "value": round(found), "unit": "entries/s"}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
