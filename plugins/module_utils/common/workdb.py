# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work database of a run: source paths, the listing of the target, entries of the ledger.

It is a private temporary SQLite database, so memory does not grow with the number of secrets. SQLite unlinks its file
when it opens it, so nothing is left when the process ends, even when it is killed. It holds names, numbers, keyed
digests and descriptions of items; never a value.
"""

from __future__ import annotations

import sqlite3
import typing as t

from ..akeyless.items import Item

__all__ = ["Deletion", "ListedItem", "SourceSecret", "WorkDb", "Write"]

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -8000;
CREATE TABLE source (path TEXT PRIMARY KEY, mount TEXT, secret TEXT, kv INT, item TEXT) WITHOUT ROWID;
CREATE TABLE target (name TEXT PRIMARY KEY, last INT, modified TEXT, tags TEXT, type TEXT, kept INT, description TEXT,
    description_digest TEXT) WITHOUT ROWID;
CREATE TABLE touched (path TEXT PRIMARY KEY, failed INT) WITHOUT ROWID;
CREATE TABLE write (item TEXT PRIMARY KEY, created INT, described INT, description TEXT, metadata_item TEXT,
    pieces INT) WITHOUT ROWID;
CREATE TABLE deletion (item TEXT PRIMARY KEY, path TEXT, secret_key TEXT, record TEXT) WITHOUT ROWID;
CREATE TABLE counted (path TEXT PRIMARY KEY, secrets INT, versions INT) WITHOUT ROWID;
CREATE TABLE entry (hash TEXT, path TEXT, body TEXT, PRIMARY KEY (hash, path)) WITHOUT ROWID;
CREATE INDEX entry_path ON entry (path);
"""
_PAGE = 500


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


class ListedItem(t.NamedTuple):
    """An item as the target's listing shows it.

    :ivar last: its newest version.
    :ivar kept: how many versions it keeps.
    :ivar description: empty unless it was stored as it is.
    :ivar description_digest: keyed digest of the description, empty unless it was stored.
    """

    last: int
    modified: str
    tags: tuple[str, ...]
    type: str
    kept: int
    description: str
    description_digest: str


class Write(t.NamedTuple):
    """What this run wrote of an item, as far as that is not in its record.

    :ivar created: whether the run created it.
    :ivar described: whether it wrote the description, too.
    :ivar description: keyed digest of the description that it had before.
    :ivar metadata_item: keyed digests of the written pieces of its metadata item, joined; empty where none was.
    :ivar pieces: how many pieces of the metadata item the item needs; the others are deleted once its description is
        confirmed. Negative where that is not known.
    """

    created: bool
    described: bool
    description: str
    metadata_item: str = ""
    pieces: int = -1


class Deletion(t.NamedTuple):
    """An item that this run deleted.

    :ivar path: of the secret.
    :ivar key: of the secret, empty with one item per secret.
    :ivar record: the JSON of what the ledger knew of it.
    """

    item: str
    path: str
    key: str
    record: str


class WorkDb:
    """The tables that most runs need, and their queries."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Delete everything."""
        self._db.close()

    # --- the source: what was discovered

    def add_source(self, path: str, mount: str, secret: str, kv: int, item: str) -> None:
        """Store a secret that was discovered, see :class:`SourceSecret`."""
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

    # --- the target: its listing

    def put_target(self, item: Item, *, description: str = "", description_digest: str = "") -> None:
        """Store an item of the target, without its description unless that, or its digest, is given."""
        self._db.execute(
            "INSERT OR REPLACE INTO target VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                item.name,
                item.last_version,
                item.modified,
                "\n".join(item.tags),
                item.type,
                item.max_versions,
                description,
                description_digest,
            ),
        )

    def target(self, name: str) -> ListedItem | None:
        """The item of that name, ``None`` where there is none."""
        row = self._db.execute(
            "SELECT last, modified, tags, type, kept, description, description_digest FROM target WHERE name = ?",
            (name,),
        ).fetchone()
        if row is None:
            return None
        listed = ListedItem._make(row)
        return listed._replace(tags=tuple(row[2].split("\n")) if row[2] else ())

    def targets(self, folder: str = "") -> t.Iterator[tuple[str, ListedItem]]:
        """The items whose names begin with ``folder`` (a slash at its end), in order of name. In bounded memory."""
        after, end = folder, f"{folder[:-1]}0" if folder else "\U0010ffff"
        while rows := self._db.execute(
            "SELECT name, last, modified, tags, type, kept, description, description_digest FROM target"
            " WHERE name > ? AND name < ? ORDER BY name LIMIT ?",
            (after, end, _PAGE),
        ).fetchall():
            for name, *columns in rows:
                listed = ListedItem(*columns)
                yield name, listed._replace(tags=tuple(columns[2].split("\n")) if columns[2] else ())
            after = rows[-1][0]

    def forget_targets(self) -> None:
        """Delete the listing, before the target is listed again."""
        self._db.execute("DELETE FROM target")

    # --- the ledger: its entries

    def touch(self, path: str, *, failed: bool = False) -> None:
        """Store that this run wrote items of ``path``, or tried to."""
        self._db.execute("INSERT OR REPLACE INTO touched VALUES (?, ?)", (path, failed))

    def has_failed(self, path: str) -> bool:
        """Whether an item of ``path`` could not be written, which was reported."""
        return self._db.execute("SELECT 1 FROM touched WHERE path = ? AND failed", (path,)).fetchone() is not None

    def touched(self) -> t.Iterator[SourceSecret]:
        """The secrets whose items this run wrote, or tried to, like :meth:`sources`."""
        after = ""
        while rows := self._db.execute(
            "SELECT path, mount, secret, kv, item FROM touched JOIN source USING (path) WHERE path > ? "
            "ORDER BY path LIMIT ?",
            (after, _PAGE),
        ).fetchall():
            yield from map(SourceSecret._make, rows)
            after = rows[-1][0]

    def put_counted(self, path: str, secrets: int, versions: int | None) -> None:
        """Store how much of a secret was at the target before this run changed it; only the first call counts."""
        self._db.execute("INSERT OR IGNORE INTO counted VALUES (?, ?, ?)", (path, secrets, versions))

    def counted(self) -> t.Iterator[tuple[str, int, int | None]]:
        """What :meth:`put_counted` has stored, in order of path. In bounded memory."""
        after = ""
        while rows := self._db.execute(
            "SELECT path, secrets, versions FROM counted WHERE path > ? ORDER BY path LIMIT ?", (after, _PAGE)
        ).fetchall():
            yield from rows
            after = rows[-1][0]

    def put_write(self, item: str, write: Write) -> None:
        """Store that this run wrote an item."""
        self._db.execute("INSERT OR REPLACE INTO write VALUES (?, ?, ?, ?, ?, ?)", (item, *write))

    def write(self, item: str) -> Write | None:
        """What this run wrote of an item, ``None`` for nothing."""
        row = self._db.execute("SELECT * FROM write WHERE item = ?", (item,)).fetchone()
        return Write(bool(row[1]), bool(row[2]), row[3], row[4], row[5]) if row else None

    def put_deletion(self, deletion: Deletion) -> None:
        """Store that this run deleted an item."""
        self._db.execute("INSERT OR REPLACE INTO deletion VALUES (?, ?, ?, ?)", deletion)

    def undone_deletions(self) -> list[Deletion]:
        """The items that this run deleted and the target's listing shows."""
        rows = self._db.execute("SELECT deletion.* FROM deletion JOIN target ON item = name ORDER BY item").fetchall()
        return [Deletion._make(row) for row in rows]

    def has_fine_dates(self) -> bool:
        """Whether the target's listing shows dates with fractions of a second."""
        return self._db.execute("SELECT 1 FROM target WHERE modified LIKE '%.%' LIMIT 1").fetchone() is not None

    def put_entry(self, key: str, path: str, body: str) -> None:
        """Store an entry of the ledger; ``key`` is the hash that decides in which shard it is."""
        self._db.execute("INSERT OR REPLACE INTO entry VALUES (?, ?, ?)", (key, path, body))

    def drop_entry(self, key: str, path: str) -> None:
        """Delete an entry of the ledger."""
        self._db.execute("DELETE FROM entry WHERE hash = ? AND path = ?", (key, path))

    def entry(self, key: str, path: str) -> str | None:
        """The body of an entry of the ledger."""
        row = self._db.execute("SELECT body FROM entry WHERE hash = ? AND path = ?", (key, path)).fetchone()
        return row[0] if row else None

    def parts(self, path: str) -> list[str]:
        """The bodies of the entries of a secret's keys: their names are ``path``, a newline, and the key."""
        rows = self._db.execute("SELECT body FROM entry WHERE path >= ? AND path < ?", (f"{path}\n", f"{path}\v"))
        return [body for (body,) in rows]

    def entries(self, prefix: str) -> list[tuple[str, str, str]]:
        """Hash, path and body of the entries whose hash begins with ``prefix``: the content of one shard."""
        return self._db.execute(
            "SELECT hash, path, body FROM entry WHERE hash >= ? AND hash < ? ORDER BY hash, path",
            (prefix, prefix + "2"),
        ).fetchall()

    def entries_without_source(self) -> t.Iterator[str]:
        """Paths that have an entry in the ledger and were not discovered in this run."""
        for (path,) in self._db.execute(
            "SELECT path FROM entry WHERE instr(path, char(10)) = 0 AND path NOT IN (SELECT path FROM source)"
            " ORDER BY path"
        ):
            yield path
