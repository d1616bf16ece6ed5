"""The tables of the terminal's two files, and the steps that bring an older file up to date.

A step is never changed once a terminal has run it; a new need is a new step. sqlite-utils keeps the list of steps done, each
in one transaction with its note. It is imported only when there is a step to run: on a Pi that alone takes most of a second.
"""

from __future__ import annotations

import sqlite3
from typing import Any

JOURNAL_VERSION = 2
MIRROR_VERSION = 3
JOURNAL_AHEAD = 1
"""How many versions newer a journal may be: an update that is taken back leaves one (`terminal.versions`).

So a step of the journal only ever adds: tables, indices, and columns that may be left out of an INSERT. What is no longer
needed is taken away one version later, when no terminal can go back to the code that needs it.
"""

_JOURNAL_1 = """
CREATE TABLE identities (
    number INTEGER PRIMARY KEY,        -- 1, 2, ...: the highest is the current one
    identity BLOB NOT NULL UNIQUE,     -- its UUID
    base INTEGER NOT NULL,             -- the place before its first line: sequence = place - base
    accepted INTEGER NOT NULL DEFAULT 0,
    posted INTEGER NOT NULL DEFAULT 0,
    standing TEXT NOT NULL DEFAULT 'good'
);
CREATE TABLE lines (
    place INTEGER PRIMARY KEY,         -- the order in which lines were recorded here; never changes
    id BLOB NOT NULL UNIQUE,
    key TEXT NOT NULL UNIQUE,          -- the conversation's own id
    cause TEXT NOT NULL,
    account BLOB,                      -- null once forgotten
    refers BLOB,
    before BLOB NOT NULL,
    hash BLOB NOT NULL,
    body BLOB NOT NULL,
    digest BLOB NOT NULL,
    personal BLOB,
    salt BLOB,
    was_identity BLOB,
    was_sequence INTEGER,
    was_hash BLOB
);
CREATE INDEX lines_refers ON lines (refers) WHERE refers IS NOT NULL;
CREATE INDEX lines_issued ON lines (account) WHERE cause = 'issue';
CREATE TABLE postings (
    account BLOB NOT NULL,
    purse TEXT NOT NULL,
    instance TEXT NOT NULL,
    place INTEGER NOT NULL,
    delta INTEGER NOT NULL,
    PRIMARY KEY (account, purse, instance, place, delta)
) WITHOUT ROWID;
CREATE TABLE tallies (
    account BLOB NOT NULL,
    purse TEXT NOT NULL,
    instance TEXT NOT NULL,
    number INTEGER NOT NULL,           -- of the identity
    used INTEGER NOT NULL,             -- gross, of all its lines, also of those pruned
    PRIMARY KEY (account, purse, instance, number)
) WITHOUT ROWID;
CREATE TABLE terminal (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    counter INTEGER NOT NULL,          -- no request ever carried a higher number
    pruned INTEGER NOT NULL            -- lines before this place are gone
);
INSERT INTO terminal VALUES (1, 0, 0);
"""

_JOURNAL_2 = """
CREATE TABLE sun_counters (
    token BLOB PRIMARY KEY,            -- of a card that signs what it says
    counter INTEGER NOT NULL           -- its highest read so far
) WITHOUT ROWID;
"""

_MIRROR_1 = """
CREATE TABLE purses (
    account BLOB NOT NULL,
    purse TEXT NOT NULL,
    instance TEXT NOT NULL,
    balance INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    place INTEGER NOT NULL,            -- of the line `through` in the journal
    identity BLOB NOT NULL,            -- to which `granted` was granted
    change INTEGER NOT NULL,
    PRIMARY KEY (account, purse, instance)
) WITHOUT ROWID;
CREATE TABLE cards (
    token BLOB PRIMARY KEY, account BLOB NOT NULL, status TEXT NOT NULL, change INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE members (
    account BLOB PRIMARY KEY, name TEXT NOT NULL, level TEXT NOT NULL, language TEXT NOT NULL, change INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE staff (
    token BLOB PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL, account BLOB, active INTEGER NOT NULL, change INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE programmes (version INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    cursor INTEGER NOT NULL,
    programme INTEGER NOT NULL,        -- the version in force, also where its text is not here yet
    known_ms INTEGER NOT NULL,         -- the last time proved by the cloud
    known_boot BLOB,                   -- and the boot and monotonic time at which it was
    known_up_ms INTEGER NOT NULL,
    place INTEGER NOT NULL,            -- the furthest line that a row includes, and its id:
    line BLOB,                         -- a journal without it is not the one that this mirror belongs to
    pulling INTEGER,                   -- the place that every page of the pull under way includes
    complete INTEGER NOT NULL          -- the place that every row includes since the last whole pull
);
INSERT INTO state VALUES (1, 0, 0, 0, NULL, 0, 0, NULL, NULL, 0);
"""

_MIRROR_2 = """
CREATE TABLE progress (
    account BLOB PRIMARY KEY, level TEXT NOT NULL, spent INTEGER NOT NULL, owing INTEGER NOT NULL, change INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE forgotten (
    account BLOB PRIMARY KEY,
    change INTEGER NOT NULL,
    done INTEGER NOT NULL              -- the journal has nothing of it any more
) WITHOUT ROWID;
"""

_MIRROR_3 = """
CREATE TABLE words (
    number INTEGER PRIMARY KEY,        -- stands for the word in every row: purses, levels, languages, identities
    word NOT NULL UNIQUE
);
CREATE TABLE accounts (
    id BLOB PRIMARY KEY,               -- the token of its first card
    number INTEGER NOT NULL,           -- stands for it in its purses' rows; in the order of arrival, so that pages fill up
    name TEXT NOT NULL DEFAULT '',
    level INTEGER NOT NULL DEFAULT 0,  -- a word; 0: ''
    language INTEGER NOT NULL DEFAULT 0,
    change INTEGER NOT NULL DEFAULT 0, -- of the member's row; 0: the cloud has said nothing of one
    status INTEGER,                    -- of the card whose token is the id and that leads here; NULL: nothing said of it
    card_change INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE other_cards (             -- that lead to an account whose id is not their token: phones, second cards
    token BLOB PRIMARY KEY, account BLOB NOT NULL, status INTEGER NOT NULL, change INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE small_purses (
    account INTEGER NOT NULL,          -- its number
    purse INTEGER NOT NULL,            -- a word
    instance TEXT NOT NULL,
    balance INTEGER NOT NULL,
    granted INTEGER NOT NULL,
    place INTEGER NOT NULL,            -- of the line `through` in the journal
    identity INTEGER NOT NULL,         -- a word: to which `granted` was granted
    change INTEGER NOT NULL,
    PRIMARY KEY (account, purse, instance)
) WITHOUT ROWID;
INSERT INTO words VALUES (0, '');
INSERT OR IGNORE INTO words (word) SELECT purse FROM purses UNION SELECT identity FROM purses;
INSERT OR IGNORE INTO words (word) SELECT level FROM members UNION SELECT language FROM members;
INSERT INTO accounts (id, number)
    SELECT account, row_number() OVER (ORDER BY account)
    FROM (SELECT account FROM purses UNION SELECT account FROM members UNION SELECT account FROM cards);
UPDATE accounts SET name = m.name, change = m.change,
    level = (SELECT number FROM words WHERE word = m.level), language = (SELECT number FROM words WHERE word = m.language)
    FROM members AS m WHERE m.account = accounts.id;
UPDATE accounts SET status = CASE c.status WHEN 'active' THEN 0 WHEN 'blocked' THEN 1 ELSE 2 END, card_change = c.change
    FROM cards AS c WHERE c.token = accounts.id AND c.account = accounts.id;
INSERT INTO other_cards
    SELECT token, account, CASE status WHEN 'active' THEN 0 WHEN 'blocked' THEN 1 ELSE 2 END, change
    FROM cards WHERE token <> account;
INSERT INTO small_purses
    SELECT a.number, w.number, p.instance, p.balance, p.granted, p.place, i.number, p.change
    FROM purses AS p JOIN accounts AS a ON a.id = p.account
        JOIN words AS w ON w.word = p.purse JOIN words AS i ON i.word = p.identity;
DROP TABLE purses;
DROP TABLE members;
DROP TABLE cards;
ALTER TABLE small_purses RENAME TO purses;
ALTER TABLE other_cards RENAME TO cards;
ALTER TABLE state ADD COLUMN epoch BLOB;                            -- of the cloud's count of changes; NULL: a snapshot is due
ALTER TABLE state ADD COLUMN numbers INTEGER NOT NULL DEFAULT 0;    -- no account has a higher one
ALTER TABLE state ADD COLUMN base INTEGER NOT NULL DEFAULT 0;       -- rows hold the cloud's change + base,
ALTER TABLE state ADD COLUMN latest INTEGER NOT NULL DEFAULT 0;     -- none a higher one than this
ALTER TABLE state ADD COLUMN piece BLOB;                            -- where the snapshot under way goes on; NULL: none is
ALTER TABLE state ADD COLUMN fixed INTEGER NOT NULL DEFAULT 0;      -- the change from which on it is corrected
ALTER TABLE state ADD COLUMN sweeping INTEGER NOT NULL DEFAULT 0;   -- 1: what a new snapshot did not bring goes at its end
UPDATE state SET numbers = (SELECT count(*) FROM accounts), latest = max(
    (SELECT coalesce(max(change), 0) FROM purses), (SELECT coalesce(max(max(change, card_change)), 0) FROM accounts),
    (SELECT coalesce(max(change), 0) FROM cards), (SELECT coalesce(max(change), 0) FROM staff),
    (SELECT coalesce(max(change), 0) FROM progress)
);
CREATE VIEW purse_rows AS              -- as the cloud sent them, for whoever looks into the file
    SELECT a.id AS account, w.word AS purse, p.instance, p.balance, p.granted, p.place, i.word AS identity,
        p.change - s.base AS change
    FROM purses AS p JOIN accounts AS a ON a.number = p.account JOIN words AS w ON w.number = p.purse
        JOIN words AS i ON i.number = p.identity JOIN state AS s;
CREATE VIEW card_rows AS
    SELECT id AS token, id AS account, status, card_change - base AS change FROM accounts JOIN state
        WHERE status IS NOT NULL AND card_change > (SELECT coalesce(max(c.change), 0) FROM cards AS c WHERE c.token = id)
    UNION ALL SELECT token, account, c.status, c.change - base FROM cards AS c JOIN state
        WHERE c.change > (SELECT coalesce(max(a.card_change), 0) FROM accounts AS a WHERE a.id = c.token);
CREATE VIEW member_rows AS
    SELECT id AS account, name, l.word AS level, n.word AS language, change - base AS change
    FROM accounts JOIN words AS l ON l.number = level JOIN words AS n ON n.number = language JOIN state WHERE change > 0;
"""


def migrate_journal(connection: sqlite3.Connection) -> None:
    """Brings a journal's tables to `JOURNAL_VERSION`."""
    _migrate(connection, "journal", {"1 lines, postings, tallies": _JOURNAL_1, "2 counters of signing cards": _JOURNAL_2})


def migrate_mirror(connection: sqlite3.Connection) -> None:
    """Brings a mirror's tables to `MIRROR_VERSION`."""
    steps = {
        "1 rows, cards, members, staff": _MIRROR_1,
        "2 progress, tombstones": _MIRROR_2,
        "3 small rows, snapshots": _MIRROR_3,
    }
    _migrate(connection, "mirror", steps)


def _migrate(connection: sqlite3.Connection, name: str, steps: dict[str, str]) -> None:
    import sqlite_utils

    migrations = sqlite_utils.Migrations(name)
    for step, script in steps.items():
        migrations(name=step)(_runs(script))
    database = sqlite_utils.Database(connection, execute_plugins=False)
    migrations.apply(database)


def _runs(script: str) -> Any:
    def step(database: Any) -> None:
        # Statement by statement: executescript would commit the step's transaction before it ran.
        for statement in _statements(script):
            database.conn.execute(statement)

    return step


def _statements(script: str) -> list[str]:
    found, so_far = [], ""
    for line in script.splitlines(keepends=True):
        so_far += line
        if sqlite3.complete_statement(so_far):
            found.append(so_far.strip())
            so_far = ""
    return found
