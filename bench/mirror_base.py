"""A member base of any size, written straight into the cloud's tables: each member has one card, one phone and two purses."""

from __future__ import annotations

import random
from pathlib import Path

from backend import merchants, pairing, programmes
from backend.database import Database, open_engine
from backend.migrate import upgrade

NOW = 1_800_000_000_000
NAMES = [
    *("Jana", "Peter", "Mária", "Ján", "Anna", "Jozef", "Eva", "Milan"),
    *("Zuzana", "Martin", "Katarína", "Michal", "Monika", "Tomáš", "Lucia", "Štefan"),
]

_MEMBERS = """
CREATE TEMP TABLE one_by_one AS
    WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < :members)
    SELECT n, randomblob(16) AS id, randomblob(16) AS phone, abs(random()) AS chance FROM count;
CREATE TEMP TABLE base AS SELECT * FROM one_by_one ORDER BY id;
CREATE TEMP TABLE phones AS SELECT * FROM one_by_one ORDER BY phone;
INSERT INTO account (merchant, id, opened_ms) SELECT :merchant, id, 0 FROM base;
INSERT INTO member (network, account, name, level, language, change)
    SELECT :network, id, (SELECT name FROM names WHERE n = chance % 16) || ' ' || char(65 + chance / 16 % 26) || '.',
        iif(chance / 512 % 10 = 0, 'gold', ''), iif(chance / 8192 % 5 = 0, 'en', 'sk'), n FROM base;
INSERT INTO card (network, token, account, status, change) SELECT :network, id, id, 'active', :members + n FROM base;
INSERT INTO card (network, token, account, status, change) SELECT :network, phone, id, 'active', 2 * :members + n FROM phones;
INSERT INTO purse (merchant, account, purse, instance, earned, spent, leased, overdraft, debt, change)
    SELECT :merchant, id, 'points', '', chance / 64 % 2000 * 1000, 0, 0, 0, 0, 3 * :members + n FROM base;
INSERT INTO purse (merchant, account, purse, instance, earned, spent, leased, overdraft, debt, change)
    SELECT :merchant, id, 'coffee', '', chance / 16384 % 10, 0, 0, 0, 0, 4 * :members + n FROM base;
UPDATE network SET change = 5 * :members WHERE id = :network;
"""


def found(path: Path, members: int, terminals: int) -> tuple[list[str], list[tuple[bytes, bytes]]]:
    """A cloud in a new file; codes that pair terminals, and (card, phone) of a few members by chance.

    Nothing is leased yet: a single terminal is granted everything with the snapshot, which is the dearest case for the cloud.
    """
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    chance = random.Random(1)
    with Database(engine).writing() as connection:
        network = merchants.found_network(connection, "net", NOW, chance.randbytes)
        own = merchants.open_merchant(connection, network, "Shop", "main", "Main", NOW, chance.randbytes)
        text = (Path(__file__).parent.parent / "backend" / "sample" / "programme.toml").read_text(encoding="utf-8")
        programmes.publish(connection, own.merchant, text, NOW)
        lasts_ms = 10 * 365 * 24 * 3600 * 1000
        codes = [pairing.make_code(connection, own.merchant, "main", NOW, chance.randbytes, lasts_ms) for _ in range(terminals)]
    raw = engine.raw_connection()
    cursor = raw.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    cursor.execute("CREATE TEMP TABLE names (n INTEGER PRIMARY KEY, name TEXT)")
    cursor.executemany("INSERT INTO names VALUES (?, ?)", list(enumerate(NAMES)))
    values = {"members": members, "network": network.hex, "merchant": own.merchant.hex}
    for statement in _MEMBERS.split(";"):
        cursor.execute(statement, values)
    cursor.execute("COMMIT")
    some = cursor.execute("SELECT id, phone FROM one_by_one WHERE n % :step = 0", {"step": max(1, members // 2000)}).fetchall()
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cursor.close()
    raw.close()
    engine.dispose()
    return codes, some
