# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work database of a verification: how each item compared, and which items are left."""

from __future__ import annotations

import typing as t

from ..common.workdb import WorkDb

__all__ = ["ComparedItem", "VerifyDb"]

_SCHEMA = """
CREATE TABLE wanted (item TEXT PRIMARY KEY, path TEXT, digest TEXT, plain TEXT, state TEXT, versions INT) WITHOUT ROWID;
CREATE INDEX wanted_path ON wanted (path);
CREATE TABLE compared (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX source_item ON source (item);
"""
_PAGE = 500


class ComparedItem(t.NamedTuple):
    """An item that was compared.

    :ivar digest: keyed digest of the newest value at the source.
    :ivar plain: the same, of the value as an application gets it from a JSON library; digits may be lost.
    :ivar versions: how many it must have.
    :ivar state: ``clean``; ``different``, if its value need not be the one that an application reads; or ``absent``.
    """

    item: str
    path: str
    mount: str
    secret: str
    kv: int
    digest: str
    plain: str
    state: str
    versions: int


class VerifyDb(WorkDb):
    """The tables that a verification adds."""

    def __init__(self) -> None:
        super().__init__()
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    # --- the target's listing

    def items_below(self, folder: str) -> list[str]:
        """Names of the items directly in ``folder`` (no slash at its end)."""
        rows = self._db.execute(
            "SELECT name FROM target WHERE name >= ? AND name < ? AND instr(substr(name, ?), '/') = 0",
            (f"{folder}/", f"{folder}0", len(folder) + 2),
        )
        return [name for (name,) in rows]

    def unwanted(self) -> t.Iterator[tuple[str, str, tuple[str, ...]]]:
        """Name, type and tags of the items that are not among the compared ones."""
        after = ""
        while rows := self._db.execute(
            "SELECT name, type, tags FROM target WHERE name > ?"
            " AND NOT EXISTS (SELECT 1 FROM wanted WHERE item = name) ORDER BY name LIMIT ?",
            (after, _PAGE),
        ).fetchall():
            for name, type_, tags in rows:
                yield name, type_, tuple(tags.split("\n")) if tags else ()
            after = rows[-1][0]

    # --- what was compared

    def want(self, item: str, path: str, digest: str, plain: str, state: str, versions: int) -> None:
        """Note what a compared item should be, and its state, see :class:`ComparedItem`."""
        row = (item, path, digest, plain, state, versions)
        self._db.execute("INSERT OR REPLACE INTO wanted VALUES (?, ?, ?, ?, ?, ?)", row)

    def wanted(self) -> t.Iterator[ComparedItem]:
        """All compared items, by path. In bounded memory."""
        after = ("", "")
        while rows := self._db.execute(
            "SELECT wanted.item, path, mount, secret, kv, digest, plain, state, versions FROM wanted"
            " JOIN source USING (path) WHERE (path, wanted.item) > (?, ?) ORDER BY path, wanted.item LIMIT ?",
            (*after, _PAGE),
        ).fetchall():
            for row in rows:
                yield ComparedItem(*row)
            after = (rows[-1][1], rows[-1][0])

    def compared(self, path: str) -> None:
        """Note that all items of this secret were compared."""
        self._db.execute("INSERT OR IGNORE INTO compared VALUES (?)", (path,))

    def was_compared(self, path: str) -> bool:
        """Whether :meth:`compared` was called for this secret."""
        return self._db.execute("SELECT 1 FROM compared WHERE path = ?", (path,)).fetchone() is not None

    def owner(self, item: str) -> str | None:
        """The secret that has this item name; ``None`` if there is none."""
        row = self._db.execute("SELECT path FROM source WHERE item = ? LIMIT 1", (item,)).fetchone()
        return row[0] if row else None
