# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work database of a verification: what each item should be, and how it was found."""

from __future__ import annotations

import typing as t

from ..common.workdb import WorkDb

__all__ = ["ComparedItem", "VerifyDb"]

_SCHEMA = """
CREATE TABLE wanted (item TEXT PRIMARY KEY, path TEXT, digest TEXT, plain TEXT, state TEXT) WITHOUT ROWID;
CREATE INDEX wanted_path ON wanted (path);
CREATE TABLE compared (path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE INDEX source_item ON source (item);
"""
_PAGE = 500


class ComparedItem(t.NamedTuple):
    """An item that was compared.

    :ivar digest: keyed digest of the newest value at the source.
    :ivar plain: the same, of the value as a JSON library gives it to an application; digits may be lost.
    :ivar state: ``clean``; ``flawed``, where its value cannot be held against an application's; or ``absent``.
    """

    item: str
    path: str
    mount: str
    secret: str
    kv: int
    digest: str
    plain: str
    state: str


class VerifyDb(WorkDb):
    """The tables that a verification adds."""

    def __init__(self) -> None:
        super().__init__()
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def want(self, item: str, path: str, digest: str, plain: str, state: str) -> None:
        """Note what a compared item should be, and how it was found."""
        self._db.execute("INSERT OR REPLACE INTO wanted VALUES (?, ?, ?, ?, ?)", (item, path, digest, plain, state))

    def compared(self, path: str) -> None:
        """Note that all items of this secret were compared."""
        self._db.execute("INSERT OR IGNORE INTO compared VALUES (?)", (path,))

    def was_compared(self, path: str) -> bool:
        """Whether :meth:`compared` was told of it."""
        return self._db.execute("SELECT 1 FROM compared WHERE path = ?", (path,)).fetchone() is not None

    def wanted(self) -> t.Iterator[ComparedItem]:
        """All compared items, by path. In bounded memory."""
        after = ("", "")
        while rows := self._db.execute(
            "SELECT wanted.item, path, mount, secret, kv, digest, plain, state FROM wanted JOIN source USING (path)"
            " WHERE (path, wanted.item) > (?, ?) ORDER BY path, wanted.item LIMIT ?",
            (*after, _PAGE),
        ).fetchall():
            for row in rows:
                yield ComparedItem(*row)
            after = (rows[-1][1], rows[-1][0])

    def unwanted(self) -> t.Iterator[tuple[str, str, tuple[str, ...]]]:
        """Name, type and tags of the items at the target that are not among the compared ones."""
        after = ""
        while rows := self._db.execute(
            "SELECT name, type, tags FROM target WHERE name > ?"
            " AND NOT EXISTS (SELECT 1 FROM wanted WHERE item = name) ORDER BY name LIMIT ?",
            (after, _PAGE),
        ).fetchall():
            for name, kind, tags in rows:
                yield name, kind, tuple(tags.split("\n")) if tags else ()
            after = rows[-1][0]

    def owner(self, item: str) -> str | None:
        """The secret that takes this item name, ``None`` where none does."""
        row = self._db.execute("SELECT path FROM source WHERE item = ? LIMIT 1", (item,)).fetchone()
        return row[0] if row else None

    def items_below(self, folder: str) -> list[str]:
        """Names of the items at the target directly in ``folder`` (no slash at its end)."""
        rows = self._db.execute(
            "SELECT name FROM target WHERE name >= ? AND name < ? AND instr(substr(name, ?), '/') = 0",
            (f"{folder}/", f"{folder}0", len(folder) + 2),
        )
        return [name for (name,) in rows]
