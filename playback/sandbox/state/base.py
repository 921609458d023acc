"""One SQLite connection behind one lock: the account's whole state, and the same after a restart.

The server's threads share the connection, so a change is made by one of them at a time, whole or not at all: that is
what makes two deletes of one recording end as one success and one refusal.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .schema import INDEXES, TABLE_NAMES, TABLES
from .standing import StandingKey

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")  # no daylight saving time
Moment = datetime | int | float | None
Row = dict[str, Any]

FIRST_IDS = {"videos": 100_000_000, "recordings": 10_000_000, "members": 290_000, "merges": 1, "documents": 1_500_000}


def unix(moment: datetime | float) -> int:
    """Unix seconds of a datetime, or of a number that already is that. Naive datetimes are read as Beijing time."""
    if isinstance(moment, datetime):
        return int((moment if moment.tzinfo else moment.replace(tzinfo=BEIJING)).timestamp())
    return int(moment)


class Base:
    """The connection, the clock, ids and settings; the subjects' classes build on it."""

    def __init__(self, database: Path, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock
        self.lock = threading.RLock()
        self.generation = 0  # counts changes of what the lists show; see lists.py
        self.on_queue: Callable[[], None] = lambda: None  # told when a job or a delivery was added; see jobs.py
        self._depth = 0
        self._ids: dict[str, int] = {}
        self._standing_key: StandingKey | None = None
        database.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(database, timeout=20, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-65536", "temp_store=MEMORY"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(TABLES)
        self.make_indexes()

    def close(self) -> None:
        with self.lock:
            self._db.close()

    def now(self) -> int:
        return int(self.clock())

    # ------------------------------------------------------------ SQL

    def rows(self, sql: str, values: Sequence[Any] | Row = ()) -> list[Row]:
        with self.lock:
            cursor = self._db.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def tuples(self, sql: str, values: Sequence[Any] | Row = ()) -> list[tuple[Any, ...]]:
        """Rows without their columns' names, for very many."""
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] | Row = ()) -> Row | None:
        with self.lock:
            cursor = self._db.execute(sql, values)
            names = [column[0] for column in cursor.description]
            found = cursor.fetchone()
            cursor.close()  # ends the statement: an unfinished one would keep the log file from being folded in
            return None if found is None else dict(zip(names, found, strict=True))

    def value(self, sql: str, values: Sequence[Any] | Row = ()) -> Any:
        """The first column of the first row, or None."""
        found = self.row(sql, values)
        return next(iter(found.values())) if found else None

    def execute(self, sql: str, values: Sequence[Any] | Row = ()) -> int:
        """Run one statement; answers how many rows it touched."""
        with self.lock:
            return self._db.execute(sql, values).rowcount

    def execute_many(self, sql: str, values: Any) -> None:
        with self.lock:
            self._db.executemany(sql, values)

    def insert(self, table: str, **columns: Any) -> None:
        names = ", ".join(columns)
        marks = ", ".join(f":{name}" for name in columns)
        self.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", columns)  # noqa: S608 - our own names

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements in it are kept, or none. Holds the lock; may be nested (the outermost one counts)."""
        with self.lock:
            if self._depth:
                yield
                return
            self._depth += 1
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                self._ids.clear()
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth -= 1

    @contextmanager
    def bulk_load(self) -> Iterator[None]:
        """One transaction without the list indexes, which are made at its end: for seeding very many rows."""
        with self.lock:
            for name in INDEXES:
                self._db.execute(f"DROP INDEX IF EXISTS {name}")
            try:
                with self.transaction():
                    yield
            finally:
                self.make_indexes()
                self.changed()

    def make_indexes(self) -> None:
        with self.lock:
            for name, columns in INDEXES.items():
                self._db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")

    def clear(self, keep_account: bool = True) -> None:
        """Forget everything (but the account and its key): how a test gets an empty vendor in a few ms."""
        with self.transaction():
            for table in TABLE_NAMES:
                if not (keep_account and table == "accounts"):
                    self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
            self._ids.clear()
            self._standing_key = None
        self.changed()

    def changed(self) -> None:
        """What the list calls show has changed."""
        with self.lock:
            self.generation += 1

    # ------------------------------------------------------------ ids, settings, accounts

    def next_id(self, table: str) -> int:
        """The next id of ``videos`` (shared by versions and VOD videos), recordings, members, merges, documents."""
        with self.lock:
            if table not in self._ids:
                sql = {
                    "videos": "SELECT max(coalesce((SELECT max(video_id) FROM versions), 0),"
                    " coalesce((SELECT max(video_id) FROM videos), 0))",
                    "recordings": "SELECT max(playback_id) FROM recordings",
                    "members": "SELECT max(user_id) FROM members",
                    "merges": "SELECT max(mixed_playback_id) FROM merges",
                    "documents": "SELECT max(id) FROM documents",
                }[table]
                # Never below what was handed out before: a deleted video's id does not come back.
                kept = self.setting(f"last_id:{table}", 0)
                self._ids[table] = max(self.value(sql) or 0, kept, FIRST_IDS[table] - 1)
            self._ids[table] += 1
            return self._ids[table]

    def keep_ids(self) -> None:
        """Write down the highest ids handed out; called before rows are removed."""
        with self.lock:
            self.next_id("videos")  # reads the highest id before its row goes
            for table, last in self._ids.items():
                self.set_setting(f"last_id:{table}", last)

    def setting(self, key: str, default: Any = None) -> Any:
        """An account setting: ``callback_url``, ``partner_valid_day``, ``permissions`` (call name → bool), …"""
        found = self.value("SELECT value FROM settings WHERE key = ?", (key,))
        return default if found is None else json.loads(found)

    def set_setting(self, key: str, value: Any) -> None:
        self.execute(
            "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (key, json.dumps(value)),
        )

    def set_account(self, partner_id: str, partner_key: str, secret_key: str = "") -> None:
        """The one account. ``secret_key`` is what ``partner/createkey`` asks for; by default the key itself."""
        with self.transaction():
            self.execute("DELETE FROM accounts")
            secret = secret_key or partner_key
            self.insert("accounts", partner_id=partner_id, partner_key=partner_key, secret_key=secret)

    def account(self) -> Row:
        found = self.row("SELECT * FROM accounts")
        if found is None:
            raise LookupError("the sandbox has no account")
        return found
