# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The work database of usage: what is asked of it for the result."""

from __future__ import annotations

import typing as t

from .counting import CountedUse
from .kv_paths import READING, WRITING

__all__ = ["UsageDb"]

Rows = list[tuple[t.Any, ...]]


def _texts(words: t.Iterable[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_READS = f"operation IN ({_texts(READING)}) AND outcome = 'done'"
_WRITES = f"operation IN ({_texts(WRITING)}) AND outcome = 'done'"
_IDENTITY = "name, entity, auth_mount, role, service_account, user, display_name"


class UsageDb(CountedUse):
    """Requests by path and identity, and the secrets of the source.

    Most questions are answered by the number of all rows, and the first ``limit`` rows. A ``where`` is one of the
    columns ``path`` and ``identity``, to ask about one of them.
    """

    def totals(self) -> tuple[int, int, int, int, int, str | None, str | None]:
        """Requests, paths, identities, denied requests, failed requests, first and last time."""
        row = self._db.execute(
            "SELECT coalesce(sum(count), 0), count(DISTINCT path), count(DISTINCT identity),"
            " coalesce(sum(CASE outcome WHEN 'denied' THEN count END), 0),"
            " coalesce(sum(CASE outcome WHEN 'failed' THEN count END), 0), min(first), max(last) FROM use"
        ).fetchone()
        return t.cast("tuple[int, int, int, int, int, str | None, str | None]", row)

    def requests_by_mount(self, mounts: t.Iterable[str]) -> dict[str, int]:
        """Requests by mount."""
        # '0' is the character after '/'.
        sql = "SELECT coalesce(sum(count), 0) FROM use WHERE path >= ? AND path < ?"
        return {mount: self._db.execute(sql, (mount, f"{mount[:-1]}0")).fetchone()[0] for mount in mounts}

    def paths(self, limit: int) -> tuple[int, list[str]]:
        """The paths that were requested, in order."""
        count, rows = self._count_and_list("(SELECT DISTINCT path FROM use)", "path", "path", limit)
        return count, [path for (path,) in rows]

    def identities(self, limit: int) -> tuple[int, Rows]:
        """Id, name, entity, auth mount, role, service account, user, display name; those with most requests first."""
        who = "(SELECT identity AS id, sum(count) AS n FROM use GROUP BY identity) JOIN identity USING (id)"
        return self._count_and_list(who, f"id, {_IDENTITY}", "n DESC, name", limit)

    def operations(self, where: str, value: str | int, *, writes: bool = False) -> list[tuple[str, int]]:
        """Requests that succeeded, by operation."""
        only = _WRITES if writes else "outcome = 'done'"
        return self._db.execute(
            f"SELECT operation, sum(count) FROM use WHERE {where} = ? AND {only} GROUP BY operation ORDER BY operation",
            (value,),
        ).fetchall()

    def span(self, where: str, value: str | int) -> tuple[int, int, str, str]:
        """Denied and failed requests, first and last time."""
        row = self._db.execute(
            "SELECT coalesce(sum(CASE outcome WHEN 'denied' THEN count END), 0),"
            " coalesce(sum(CASE outcome WHEN 'failed' THEN count END), 0), min(first), max(last)"
            f" FROM use WHERE {where} = ?",
            (value,),
        ).fetchone()
        return t.cast("tuple[int, int, str, str]", row)

    def count_addresses(self, where: str, value: str | int) -> int:
        """From how many remote addresses requests came."""
        rows = self._db.execute(
            "SELECT count(DISTINCT address) FROM address JOIN asked ON asked.id = asked"
            f" WHERE path IS NOT NULL AND {where} = ?",
            (value,),
        )
        return int(rows.fetchone()[0])

    def versions(self, path: str, limit: int) -> tuple[int, list[int]]:
        """The versions that were asked for by number."""
        what = "(SELECT DISTINCT version FROM number JOIN asked ON asked.id = asked WHERE path = ?)"
        count, rows = self._count_and_list(what, "version", "version", limit, path)
        return count, [version for (version,) in rows]

    def identities_of(self, path: str, limit: int) -> tuple[int, list[str]]:
        """Names of identities with requests of a path, also with denied ones."""
        what = "(SELECT DISTINCT name FROM use JOIN identity ON identity.id = identity WHERE path = ?)"
        count, rows = self._count_and_list(what, "name", "name", limit, path)
        return count, [name for (name,) in rows]

    def paths_of(self, identity: int, limit: int, *, writes: bool = False) -> tuple[int, list[str]]:
        """The paths that an identity has requested with success."""
        only = _WRITES if writes else "outcome = 'done'"
        what = f"(SELECT DISTINCT path FROM use WHERE identity = ? AND {only})"
        count, rows = self._count_and_list(what, "path", "path", limit, identity)
        return count, [path for (path,) in rows]

    def writers(self, limit: int) -> tuple[int, Rows]:
        """Id and name of identities that have written, and the last time; by name."""
        who = f"(SELECT identity AS id, max(last) AS last FROM use WHERE {_WRITES} GROUP BY identity)"
        return self._count_and_list(f"{who} JOIN identity USING (id)", "id, name, last", "name", limit)

    def denied(self, limit: int) -> tuple[int, Rows]:
        """Path, name of the identity, operation, count, first and last time of denied requests, by path."""
        what = "use JOIN identity ON identity.id = identity WHERE outcome = 'denied' GROUP BY path, identity, operation"
        columns = "path, name, operation, sum(count) AS count, min(first) AS first, max(last) AS last"
        return self._count_and_list(
            f"(SELECT {columns} FROM {what})",
            "path, name, operation, count, first, last",
            "path, name, operation",
            limit,
        )

    def unused(self, limit: int) -> tuple[int, list[str]]:
        """The secrets of the source whose value was not read."""
        what = f"source WHERE NOT EXISTS (SELECT 1 FROM use WHERE use.path = source.path AND {_READS})"
        count, rows = self._count_and_list(what, "path", "path", limit)
        return count, [path for (path,) in rows]

    def secrets_used(self) -> t.Iterator[tuple[str, str, bool]]:
        """Path, name of the identity, and whether it read, for each use of a value."""
        what = "use JOIN identity ON identity.id = identity"
        yield from self._db.execute(
            f"SELECT path, name, max({_READS}) FROM {what} WHERE ({_READS}) OR ({_WRITES}) GROUP BY path, identity"
        )

    def is_listed(self, path: str) -> bool:
        """Whether the source has a secret of that path."""
        return self._db.execute("SELECT 1 FROM source WHERE path = ?", (path,)).fetchone() is not None

    def _count_and_list(self, what: str, columns: str, order: str, limit: int, *values: t.Any) -> tuple[int, Rows]:
        count = int(self._db.execute(f"SELECT count(*) FROM {what}", values).fetchone()[0])
        rows: Rows = self._db.execute(
            f"SELECT {columns} FROM {what} ORDER BY {order} LIMIT ?", (*values, limit)
        ).fetchall()
        return count, rows
