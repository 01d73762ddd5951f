# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work database of an assessment: the names of both sides, and how they relate."""

from __future__ import annotations

import typing as t

from ..common.workdb import WorkDb
from ..plan.naming import Naming

__all__ = ["AssessDb"]

# Migrations mark their items with this tag; see definition.tag_of.
_MIGRATED = "secretferry:%"
_SCHEMA = """
CREATE TABLE planned (item TEXT, path TEXT, key TEXT, PRIMARY KEY (item, path, key)) WITHOUT ROWID;
CREATE TABLE folder (path TEXT PRIMARY KEY, secrets INT, versions INT, bytes INT) WITHOUT ROWID;
"""
Rows = list[tuple[t.Any, ...]]


class AssessDb(WorkDb):
    """Names of both sides, and how they relate.

    Most questions are answered by the number of all rows, and the first ``limit`` rows.

    :param keys: one item per key: items are not known from paths alone, and come with :meth:`plan_item`.
    """

    def __init__(self, *, keys: bool = False) -> None:
        super().__init__()
        self._items = "planned" if keys else "source"
        self._db.create_function("casefold", 1, str.casefold, deterministic=True)
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def plan_item(self, item: str, path: str, key: str) -> None:
        """Note the item that a key of a secret becomes."""
        self._db.execute("INSERT OR IGNORE INTO planned VALUES (?, ?, ?)", (item, path, key))

    def add_to_folder(self, folder: str, versions: int, size: int) -> None:
        """Count one more secret below ``folder``."""
        self._db.execute(
            "INSERT INTO folder VALUES (?, 1, ?, ?) ON CONFLICT (path) DO UPDATE SET"
            " secrets = secrets + 1, versions = versions + excluded.versions, bytes = bytes + excluded.bytes",
            (folder, versions, size),
        )

    def mounts(self) -> dict[str, int]:
        """Secrets by mount."""
        return dict(self._db.execute("SELECT mount, count(*) FROM source GROUP BY mount"))

    def largest_folders(self, limit: int) -> tuple[int, Rows]:
        """Path, secrets, versions, bytes of the folders that were counted, most secrets first."""
        return self._count_and_list("folder", "path, secrets, versions, bytes", "secrets DESC, bytes DESC, path", limit)

    def deepest(self, limit: int) -> Rows:
        """Path and number of segments, deepest first."""
        depth = "length(path) - length(replace(path, '/', '')) + 1"
        return self._count_and_list("source", f"path, {depth}", "2 DESC, path", limit)[1]

    def longest(self, limit: int) -> Rows:
        """Path, item name and its characters, longest first."""
        return self._count_and_list(self._items, "path, item, length(item)", "3 DESC, item", limit)[1]

    def same_as_folder(self, limit: int) -> tuple[int, Rows]:
        """Secrets whose path is also a folder."""
        # '0' is the character after '/': so the range holds everything below the path, by the primary key.
        below = "SELECT 1 FROM source WHERE path >= s.path || '/' AND path < s.path || '0'"
        return self._count_and_list(f"source s WHERE EXISTS ({below})", "path", "path", limit)

    def differ_only_in_case(self, limit: int) -> tuple[int, Rows]:
        """Paths that differ only in upper and lower case: the first and the last of each group, and how many it has."""
        groups = "(SELECT min(path) a, max(path) b, count(*) n FROM source GROUP BY casefold(path) HAVING n > 1)"
        return self._count_and_list(groups, "a, b, n", "a", limit)

    def item_collisions(self, limit: int) -> tuple[int, Rows]:
        """Item names that more than one path or key would get: the name, the first and the last path, and how many."""
        groups = f"(SELECT item, min(path) a, max(path) b, count(*) n FROM {self._items} GROUP BY item HAVING n > 1)"
        return self._count_and_list(groups, "item, a, b, n", "item", limit)

    def replaced(self, naming: Naming, limit: int) -> tuple[int, Rows]:
        """Path and item of names that differ from the path, as characters or segments of it are replaced."""
        count, rows = 0, []
        for path, item, key in self._named():
            if naming.changes(path) or (key and naming.changes(key)):
                count += 1
                if count <= limit:
                    rows.append((path, item))
        return count, rows

    def _named(self) -> t.Iterator[tuple[str, str, str]]:
        key = "key" if self._items == "planned" else "''"
        yield from self._db.execute(f"SELECT path, item, {key} FROM {self._items} ORDER BY path, item")

    def at_target(self, limit: int, *, migrated: bool) -> tuple[int, Rows]:
        """Path, item and type of planned items that are at the target already.

        :param migrated: those that a migration created; otherwise those that no migration created.
        """
        # Tags are a line each: a line that begins with the mark.
        marked = f"('\n' || tags LIKE '%\n{_MIGRATED}') AND type = 'STATIC_SECRET'"
        where = f"WHERE {'' if migrated else 'NOT '}({marked})"
        return self._count_and_list(
            f"{self._items} JOIN target ON target.name = item {where}", "path, item, type", "item", limit
        )

    def count_folders(self, location: str) -> int:
        """How many folders below ``location`` the items lie in."""
        count, before = 0, location.rstrip("/") + "/"
        for (item,) in self._db.execute(f"SELECT item FROM {self._items} ORDER BY item"):
            folder = item.rpartition("/")[0]
            while not before.startswith(f"{folder}/"):  # in this order all items of a folder come one after another
                count += 1
                folder = folder.rpartition("/")[0]
            before = item
        return count

    def count_targets(self) -> int:
        """How many items the target lists."""
        return int(self._db.execute("SELECT count(*) FROM target").fetchone()[0])

    def _count_and_list(self, what: str, columns: str, order: str, limit: int) -> tuple[int, Rows]:
        count = int(self._db.execute(f"SELECT count(*) FROM {what}").fetchone()[0])
        rows: Rows = self._db.execute(f"SELECT {columns} FROM {what} ORDER BY {order} LIMIT ?", (limit,)).fetchall()
        return count, rows
