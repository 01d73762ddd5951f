# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The working set of a run, on disk: source paths, target listing, ledger entries.

A private temporary SQLite database: SQLite unlinks its file the moment it is opened, so nothing outlives the process,
not even of one that was killed, and memory does not grow with the number of secrets. It holds names, numbers and keyed
digests; never a value.
"""

from __future__ import annotations

import sqlite3
import typing as t

__all__ = ["SourceSecret", "WorkDb"]

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8000;
CREATE TABLE source (path TEXT PRIMARY KEY, mount TEXT, secret TEXT, kv INT, item TEXT) WITHOUT ROWID;
CREATE TABLE target (name TEXT PRIMARY KEY, last INT, modified TEXT, tags TEXT, description TEXT, type TEXT, kept INT)
    WITHOUT ROWID;
CREATE TABLE touched (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE entry (hash TEXT, path TEXT, body TEXT, PRIMARY KEY (hash, path)) WITHOUT ROWID;
CREATE INDEX entry_path ON entry (path);
"""
_PAGE = 500
Row = tuple[t.Any, ...]


class SourceSecret(t.NamedTuple):
    """A secret that was discovered.

    :ivar path: mount and path together, without a leading slash.
    :ivar mount: the mount, with a slash at its end.
    :ivar secret: the path in the mount.
    :ivar item: the name of the item that stands for it; with ``layout: keys``, the folder of its items.
    """

    path: str
    mount: str
    secret: str
    kv_version: int
    item: str


class WorkDb:
    """A few tables and the few questions that a run asks of them."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Forget everything."""
        self._db.close()

    # --- the source: what was discovered

    def add_source(self, path: str, mount: str, secret: str, kv: int, item: str) -> None:
        """Note a secret: ``path`` is mount and path together, ``secret`` the path in the mount."""
        self._db.execute("INSERT OR IGNORE INTO source VALUES (?, ?, ?, ?, ?)", (path, mount, secret, kv, item))

    def count_sources(self) -> int:
        """How many secrets were discovered."""
        return int(self._db.execute("SELECT count(*) FROM source").fetchone()[0])

    def sources(self) -> t.Iterator[SourceSecret]:
        """All of them in order of path. In bounded memory."""
        after = ""
        while rows := self._db.execute(
            "SELECT path, mount, secret, kv, item FROM source WHERE path > ? ORDER BY path LIMIT ?", (after, _PAGE)
        ).fetchall():
            yield from map(SourceSecret._make, rows)
            after = rows[-1][0]

    def collisions(self) -> dict[str, list[str]]:
        """Item names that more than one path would take: name to paths."""
        rows = self._db.execute(
            "SELECT item, path FROM source WHERE item IN (SELECT item FROM source GROUP BY item HAVING count(*) > 1)"
            " ORDER BY item, path"
        )
        found: dict[str, list[str]] = {}
        for item, path in rows:
            found.setdefault(item, []).append(path)
        return found

    # --- the target: what its listing shows

    def put_target(self, row: Row) -> None:
        """Note an item: name, last version, modification date, tags (a line each), description digest, type, kept."""
        self._db.execute("INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def target(self, name: str) -> Row | None:
        """The item's row without its name, ``None`` where there is no such item."""
        row: Row | None = self._db.execute(
            "SELECT last, modified, tags, description, type, kept FROM target WHERE name = ?", (name,)
        ).fetchone()
        return row

    def forget_targets(self) -> None:
        """Forget the listing, to list again."""
        self._db.execute("DELETE FROM target")

    # --- the ledger: what is remembered

    def touch(self, path: str) -> None:
        """Note that this run wrote items of ``path``."""
        self._db.execute("INSERT OR IGNORE INTO touched VALUES (?)", (path,))

    def touched(self) -> t.Iterator[SourceSecret]:
        """What this run wrote, like :meth:`sources`."""
        after = ""
        while rows := self._db.execute(
            "SELECT path, mount, secret, kv, item FROM touched JOIN source USING (path) WHERE path > ? "
            "ORDER BY path LIMIT ?",
            (after, _PAGE),
        ).fetchall():
            yield from map(SourceSecret._make, rows)
            after = rows[-1][0]

    def put_entry(self, key: str, path: str, body: str) -> None:
        """Note a ledger entry; ``key`` is the hash by which it is sharded."""
        self._db.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", (key, path, body))

    def drop_entry(self, key: str, path: str) -> None:
        """Forget a ledger entry."""
        self._db.execute("DELETE FROM entry WHERE hash = ? AND path = ?", (key, path))

    def entry(self, key: str, path: str) -> str | None:
        """A ledger entry's body."""
        row = self._db.execute("SELECT body FROM entry WHERE hash = ? AND path = ?", (key, path)).fetchone()
        return row[0] if row else None

    def parts(self, path: str) -> list[str]:
        """The bodies of the entries below ``path``, one for each key of a secret: their names go on after a newline."""
        rows = self._db.execute("SELECT body FROM entry WHERE path >= ? AND path < ?", (f"{path}\n", f"{path}\v"))
        return [body for (body,) in rows]

    def entries(self, prefix: str) -> list[tuple[str, str, str]]:
        """Hash, path and body of the entries whose hash begins with ``prefix``: the content of one shard."""
        return self._db.execute(
            "SELECT hash, path, body FROM entry WHERE hash >= ? AND hash < ? ORDER BY hash, path",
            (prefix, prefix + "2"),
        ).fetchall()

    def entries_without_source(self) -> t.Iterator[str]:
        """Paths that the ledger knows and that were not discovered now."""
        for (path,) in self._db.execute(
            "SELECT path FROM entry WHERE instr(path, char(10)) = 0 AND path NOT IN (SELECT path FROM source)"
            " ORDER BY path"
        ):
            yield path
