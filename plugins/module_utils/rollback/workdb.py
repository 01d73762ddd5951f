# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work database of a rollback. It never holds a value."""

from __future__ import annotations

import json
import typing as t
from dataclasses import asdict

from ..akeyless.items import Item
from ..common.workdb import WorkDb
from ..ledger.backup import ItemBackup

__all__ = ["RollbackDb"]

_SCHEMA = """
CREATE TABLE listed (name TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;
CREATE TABLE first (name TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;
CREATE TABLE recorded (name TEXT PRIMARY KEY, path TEXT, key TEXT) WITHOUT ROWID;
CREATE TABLE backup (name TEXT, run TEXT, bundle TEXT, body TEXT, PRIMARY KEY (name, run, bundle)) WITHOUT ROWID;
CREATE TABLE outcome (name TEXT PRIMARY KEY, kind TEXT, body TEXT) WITHOUT ROWID;
"""
_PAGE = 500


class RollbackDb(WorkDb):
    """The target's listing, the ledger's items and backups, and the outcome of each item."""

    def __init__(self) -> None:
        super().__init__()
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    # --- the target's listing

    def put_listed(self, item: Item) -> None:
        """Note an item of the listing."""
        self._db.execute("INSERT OR REPLACE INTO listed VALUES (?, ?)", (item.name, _body(asdict(item))))
        self.put_target(item)

    def listed(self, name: str) -> Item | None:
        """An item of the listing."""
        row = self._db.execute("SELECT body FROM listed WHERE name = ?", (name,)).fetchone()
        return _item(row[0]) if row else None

    def listed_items(self) -> t.Iterator[Item]:
        """Every item of the listing, by name."""
        after = ""
        while rows := self._db.execute(
            "SELECT name, body FROM listed WHERE name > ? ORDER BY name LIMIT ?", (after, _PAGE)
        ).fetchall():
            for _name, body in rows:
                yield _item(body)
            after = rows[-1][0]

    def count_listed(self) -> int:
        """How many items the listing has."""
        return self._count("listed")

    def remember_listing(self) -> None:
        """Keep the listing as the first one."""
        self._db.execute("INSERT INTO first SELECT name, body FROM listed")

    def forget_listing(self) -> None:
        """Forget the listing, to list again."""
        self._db.execute("DELETE FROM listed")
        self.forget_targets()

    def compare_listings(self) -> tuple[int, int]:
        """Compare both listings in the items that were not rolled back: how many are equal, and how many are not."""
        rest = "(SELECT name FROM outcome WHERE kind IN ('deleted', 'restored'))"
        every = self._count(f"(SELECT name FROM first UNION SELECT name FROM listed) WHERE name NOT IN {rest}")
        same = self._count(f"first JOIN listed USING (name) WHERE first.body = listed.body AND name NOT IN {rest}")
        return same, every - same

    # --- the ledger

    def put_recorded(self, name: str, path: str, key: str) -> None:
        """Note the item of a ledger entry: its name, source path and key."""
        self._db.execute("INSERT OR IGNORE INTO recorded VALUES (?, ?, ?)", (name, path, key))

    def recorded(self, name: str) -> tuple[str, str] | None:
        """Source path and key of an item; ``None`` if the ledger does not know it."""
        row = self._db.execute("SELECT path, key FROM recorded WHERE name = ?", (name,)).fetchone()
        return (row[0], row[1]) if row else None

    def put_backup(self, name: str, run: str, bundle: str, backup: ItemBackup) -> None:
        """Note the state of an item before a run."""
        self._db.execute("INSERT OR REPLACE INTO backup VALUES (?, ?, ?, ?)", (name, run, bundle, _body(backup.dump())))

    def backups(self, name: str) -> list[tuple[str, ItemBackup]]:
        """The state of an item before each run that changed it, with the run's id, the oldest first."""
        rows = self._db.execute("SELECT run, body FROM backup WHERE name = ? ORDER BY run, bundle", (name,))
        return [(run, ItemBackup.load(json.loads(body))) for run, body in rows.fetchall()]

    def backup_runs(self) -> set[str]:
        """The ids of the runs that made backups."""
        return {run for (run,) in self._db.execute("SELECT DISTINCT run FROM backup")}

    def entry_names(self) -> t.Iterator[str]:
        """The names of all ledger entries: source paths, and ``<path>\\n<key>`` for those of keys."""
        yield from self._paged("SELECT path FROM entry WHERE path > ? ORDER BY path LIMIT ?")

    def count_entries(self) -> int:
        """How many ledger entries there are."""
        return self._count("entry")

    def names(self) -> t.Iterator[str]:
        """The name of every item that is listed, recorded or has a backup, in order."""
        yield from self._paged(
            "SELECT name FROM (SELECT name FROM listed UNION SELECT name FROM recorded UNION SELECT name FROM backup)"
            " WHERE name > ? ORDER BY name LIMIT ?"
        )

    # --- outcomes

    def put_outcome(self, name: str, kind: str, plan: dict[str, t.Any]) -> None:
        """Note what is to be done with an item, or was done."""
        self._db.execute("INSERT OR REPLACE INTO outcome VALUES (?, ?, ?)", (name, kind, _body(plan)))

    def outcomes(self, *kinds: str) -> t.Iterator[tuple[str, str, dict[str, t.Any]]]:
        """Name, kind and plan of the items with one of these outcomes, by name."""
        marks, after = ", ".join("?" * len(kinds)), ""
        query = f"SELECT name, kind, body FROM outcome WHERE kind IN ({marks}) AND name > ? ORDER BY name LIMIT ?"
        while rows := self._db.execute(query, (*kinds, after, _PAGE)).fetchall():
            for name, kind, body in rows:
                yield name, kind, json.loads(body)
            after = rows[-1][0]

    def count_outcomes(self, *kinds: str) -> int:
        """How many items have one of these outcomes."""
        return self._count(f"outcome WHERE kind IN ({', '.join('?' * len(kinds))})", *kinds)

    def unfinished_runs(self) -> set[str]:
        """The runs with a change that is not rolled back, or of an item that was not looked at."""
        rows = self._db.execute(
            "SELECT DISTINCT run FROM backup WHERE name NOT IN (SELECT name FROM outcome"
            " WHERE kind IN ('deleted', 'restored', 'already_restored', 'already_deleted'))"
        )
        return {run for (run,) in rows}

    def _count(self, rows: str, *values: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {rows}", values).fetchone()[0])

    def _paged(self, query: str) -> t.Iterator[str]:
        after = ""
        while rows := self._db.execute(query, (after, _PAGE)).fetchall():
            for (name,) in rows:
                yield name
            after = rows[-1][0]


def _body(data: dict[str, t.Any]) -> str:
    return json.dumps(data, separators=(",", ":"))


def _item(body: str) -> Item:
    data = json.loads(body)
    return Item(**{**data, "tags": tuple(data["tags"]), "versions": tuple(data["versions"])})
