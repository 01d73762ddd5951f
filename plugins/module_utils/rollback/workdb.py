# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work database of a rollback: what only a rollback asks of it. It never holds a value."""

from __future__ import annotations

import json
import typing as t
from dataclasses import asdict

from ..akeyless.items import Item
from ..common.workdb import WorkDb
from ..ledger.backup import ItemBackup

__all__ = ["RollbackDb"]

_SCHEMA = """
CREATE TABLE found (name TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;
CREATE TABLE first (name TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID;
CREATE TABLE planned (name TEXT PRIMARY KEY, path TEXT, key TEXT) WITHOUT ROWID;
CREATE TABLE before (name TEXT, run TEXT, bundle TEXT, body TEXT, PRIMARY KEY (name, run, bundle)) WITHOUT ROWID;
CREATE TABLE outcome (name TEXT PRIMARY KEY, kind TEXT, body TEXT) WITHOUT ROWID;
"""
_PAGE = 500


class RollbackDb(WorkDb):
    """What the target lists, what the ledger knows, how items were before, and what became of them."""

    def __init__(self) -> None:
        super().__init__()
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    # --- what is known

    def put_found(self, item: Item) -> None:
        """Note an item of the listing."""
        self._db.execute("INSERT OR REPLACE INTO found VALUES (?, ?)", (item.name, _body(asdict(item))))

    def found(self, name: str) -> Item | None:
        """An item of the listing."""
        row = self._db.execute("SELECT body FROM found WHERE name = ?", (name,)).fetchone()
        return _item(row[0]) if row else None

    def found_items(self) -> t.Iterator[Item]:
        """Every item of the listing, by name."""
        after = ""
        while rows := self._db.execute(
            "SELECT name, body FROM found WHERE name > ? ORDER BY name LIMIT ?", (after, _PAGE)
        ).fetchall():
            for _name, body in rows:
                yield _item(body)
            after = rows[-1][0]

    def remember_listing(self) -> None:
        """Keep the listing as the first one."""
        self._db.execute("INSERT INTO first SELECT name, body FROM found")

    def compare_listings(self) -> tuple[int, int]:
        """Of the items that were not taken back: how many both listings show alike, and how many not."""
        rest = "(SELECT name FROM outcome WHERE kind IN ('deleted', 'restored'))"
        every = self._db.execute(
            f"SELECT count(*) FROM (SELECT name FROM first UNION SELECT name FROM found) WHERE name NOT IN {rest}"
        ).fetchone()[0]
        same = self._db.execute(
            f"SELECT count(*) FROM first JOIN found USING (name) WHERE first.body = found.body AND name NOT IN {rest}"
        ).fetchone()[0]
        return int(same), int(every) - int(same)

    def forget_found(self) -> None:
        """Forget the listing, to list again."""
        self._db.execute("DELETE FROM found")

    def count_found(self) -> int:
        """How many items the listing has."""
        return int(self._db.execute("SELECT count(*) FROM found").fetchone()[0])

    def put_planned(self, name: str, path: str, key: str) -> None:
        """Note the item of a ledger entry: its name, source path and key."""
        self._db.execute("INSERT OR IGNORE INTO planned VALUES (?, ?, ?)", (name, path, key))

    def planned(self, name: str) -> tuple[str, str] | None:
        """Source path and key of an item, where the ledger knows it."""
        row = self._db.execute("SELECT path, key FROM planned WHERE name = ?", (name,)).fetchone()
        return (row[0], row[1]) if row else None

    def put_before(self, name: str, run: str, bundle: str, before: ItemBackup) -> None:
        """Note how an item was before a run."""
        self._db.execute("INSERT OR REPLACE INTO before VALUES (?, ?, ?, ?)", (name, run, bundle, _body(before.dump())))

    def before(self, name: str) -> list[tuple[str, ItemBackup]]:
        """How an item was before each run that changed it, the oldest first."""
        rows = self._db.execute("SELECT run, body FROM before WHERE name = ? ORDER BY run, bundle", (name,))
        return [(run, ItemBackup.load(json.loads(body))) for run, body in rows.fetchall()]

    def entry_names(self) -> t.Iterator[str]:
        """The names of all ledger entries: source paths, and ``<path>\\n<key>`` for those of keys."""
        yield from self._paged("SELECT path FROM entry WHERE path > ? ORDER BY path LIMIT ?")

    def names(self) -> t.Iterator[str]:
        """Every item that is listed, or that the ledger knows of, by name."""
        yield from self._paged(
            "SELECT name FROM (SELECT name FROM found UNION SELECT name FROM planned UNION SELECT name FROM before)"
            " WHERE name > ? ORDER BY name LIMIT ?"
        )

    def runs(self) -> set[str]:
        """Every run that wrote down how items were."""
        return {run for (run,) in self._db.execute("SELECT DISTINCT run FROM before")}

    # --- what became of it

    def put_outcome(self, name: str, kind: str, plan: dict[str, t.Any]) -> None:
        """Note what is to be done to an item, or was done."""
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
        marks = ", ".join("?" * len(kinds))
        return int(self._db.execute(f"SELECT count(*) FROM outcome WHERE kind IN ({marks})", kinds).fetchone()[0])

    def unfinished_runs(self) -> set[str]:
        """The runs that changed an item which is not back to how it was before, or was not looked at."""
        rows = self._db.execute(
            "SELECT DISTINCT run FROM before WHERE name NOT IN"
            " (SELECT name FROM outcome WHERE kind IN ('deleted', 'restored', 'done', 'gone'))"
        )
        return {run for (run,) in rows}

    def count_entries(self) -> int:
        """How many ledger entries there are."""
        return int(self._db.execute("SELECT count(*) FROM entry").fetchone()[0])

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
