# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counting requests by path and identity, in memory that does not grow with the log.

Requests are counted in memory, and the counts go to the database when there are many of them.
"""

from __future__ import annotations

import typing as t

from ..common.workdb import WorkDb
from .identity import Identity
from .kv_paths import place_of, version_of
from .lines import AREAS, SeenLogin, Use

__all__ = ["CountedUse"]

_SCHEMA = """
CREATE TABLE identity (id INTEGER PRIMARY KEY, entity TEXT, display_name TEXT, role TEXT, user TEXT,
    service_account TEXT, auth_mount TEXT, name TEXT,
    UNIQUE (entity, display_name, role, user, service_account));
CREATE TABLE asked (id INTEGER PRIMARY KEY, mount TEXT, raw TEXT, operation TEXT, outcome TEXT, path TEXT, done TEXT,
    UNIQUE (mount, raw, operation, outcome));
CREATE TABLE asking (asked INT, identity INT, count INT, first TEXT, last TEXT, PRIMARY KEY (asked, identity))
    WITHOUT ROWID;
CREATE TABLE address (asked INT, identity INT, address TEXT, PRIMARY KEY (asked, identity, address)) WITHOUT ROWID;
CREATE TABLE number (asked INT, identity INT, version INT, PRIMARY KEY (asked, identity, version)) WITHOUT ROWID;
"""
_VIEW = """
CREATE INDEX asked_path ON asked (path);
CREATE INDEX asking_identity ON asking (identity);
CREATE INDEX address_identity ON address (identity, address);
CREATE TEMP VIEW use AS SELECT path, done AS operation, outcome, identity, count, first, last, asked
    FROM asking JOIN asked ON asked.id = asked WHERE path IS NOT NULL;
"""
_MOST_COUNTED = 50_000  # before they go to the database
_PAGE = 5_000

_Key = tuple[str, str, str, str, Identity]


class CountedUse(WorkDb):
    """Requests by path, operation, outcome and identity.

    First :meth:`take` each, then :meth:`resolve`; afterwards they are rows of ``use``.
    """

    def __init__(self, most_counted: int = _MOST_COUNTED) -> None:
        super().__init__()
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")
        self._most = most_counted
        self._counts: dict[_Key, list[t.Any]] = {}
        self._addresses: set[tuple[_Key, str]] = set()
        self._numbers: set[tuple[_Key, int]] = set()
        self._logins: dict[Identity, str] = {}
        self._mounts: dict[str, set[int]] = {}

    # --- the log

    def take(self, use: Use) -> None:
        """Count a request."""
        if use.mount:
            seen = self._mounts.get(use.mount)
            if seen is None:
                seen = self._mounts[use.mount] = set()
            if use.kv_version:
                seen.add(use.kv_version)
        key = (use.mount, use.path, use.operation, use.outcome, use.identity)
        counted = self._counts.get(key)
        if counted is None:
            self._counts[key] = [1, use.moment, use.moment]
        else:
            counted[0] += 1
            if use.moment < counted[1]:
                counted[1] = use.moment
            if use.moment > counted[2]:
                counted[2] = use.moment
        self._addresses.add((key, use.address))
        if use.version:
            self._numbers.add((key, use.version))
        if len(self._counts) + len(self._addresses) + len(self._numbers) > self._most:
            self._flush()

    def take_login(self, login: SeenLogin) -> None:
        """Note which auth mount an identity comes from."""
        self._logins[login.identity] = login.mount
        if len(self._logins) > self._most:
            self._flush()

    def _flush(self) -> None:
        db = self._db
        identities = {key[4] for key in self._counts} | set(self._logins)
        db.executemany(
            "INSERT OR IGNORE INTO identity (entity, display_name, role, user, service_account) VALUES (?, ?, ?, ?, ?)",
            identities,
        )
        ids = {
            one: db.execute(
                "SELECT id FROM identity WHERE (entity, display_name, role, user, service_account) = (?, ?, ?, ?, ?)",
                one,
            ).fetchone()[0]
            for one in identities
        }
        db.executemany(
            "UPDATE identity SET auth_mount = ? WHERE id = ?", [(m, ids[one]) for one, m in self._logins.items()]
        )
        db.executemany(
            "INSERT OR IGNORE INTO asked (mount, raw, operation, outcome) VALUES (?, ?, ?, ?)",
            (key[:4] for key in self._counts),
        )
        pairs: dict[_Key, tuple[int, int]] = {}
        for key in self._counts:
            found = db.execute(
                "SELECT id FROM asked WHERE (mount, raw, operation, outcome) = (?, ?, ?, ?)", key[:4]
            ).fetchone()
            pairs[key] = (found[0], ids[key[4]])
        db.executemany(
            "INSERT INTO asking VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count,"
            " first = min(first, excluded.first), last = max(last, excluded.last)",
            ((*pairs[key], *counted) for key, counted in self._counts.items()),
        )
        db.executemany(
            "INSERT OR IGNORE INTO address VALUES (?, ?, ?)", ((*pairs[key], value) for key, value in self._addresses)
        )
        db.executemany(
            "INSERT OR IGNORE INTO number VALUES (?, ?, ?)", ((*pairs[key], value) for key, value in self._numbers)
        )
        for held in (self._counts, self._addresses, self._numbers, self._logins):
            held.clear()

    def resolve(self, known: t.Mapping[str, int], takes: t.Callable[[str], bool]) -> dict[str, int]:
        """Turn the paths of requests into those of secrets, once all of the log was taken.

        :param known: KV version by mount, where Vault was asked.
        :param takes: whether a secret or a folder (mount and path) belongs to what is looked at.
        :returns: KV version by mount, of those mounts that have requests or are known.
        """
        self._flush()
        db = self._db
        versions = {mount: known.get(mount) or self._version_seen(mount, seen) for mount, seen in self._mounts.items()}
        versions.update(known)
        longest_first = sorted(versions, key=len, reverse=True)
        after = 0
        while rows := db.execute(
            "SELECT id, mount, raw, operation, outcome FROM asked WHERE id > ? ORDER BY id LIMIT ?", (after, _PAGE)
        ).fetchall():
            found = []
            for number, mount, raw, operation, outcome in rows:
                at = mount or next((one for one in longest_first if raw.startswith(one)), "")
                path = raw if mount else raw[len(at) :]
                place = place_of(versions[at], path, operation, done=outcome == "done") if at in versions else None
                if place is not None and takes(at + place[0]):
                    found.append((at + place[0], place[1], number))
            db.executemany("UPDATE asked SET path = ?, done = ? WHERE id = ?", found)
            after = rows[-1][0]
        self._name_identities()
        db.executescript(_VIEW)
        return versions

    def _name_identities(self) -> None:
        """Give each identity a name of its own."""
        used: set[str] = set()
        columns = ", ".join(Identity._fields)
        for number, *texts in self._db.execute(f"SELECT id, {columns} FROM identity ORDER BY {columns}").fetchall():
            identity = Identity(*texts)
            name, extra = identity.name, 1
            if name in used and identity.entity:
                name = f"{name}#{identity.entity[:8]}"
            while name in used:
                extra += 1
                name = f"{identity.name}#{extra}"
            used.add(name)
            self._db.execute("UPDATE identity SET name = ? WHERE id = ?", (name, number))

    def _version_seen(self, mount: str, seen: set[int]) -> int:
        paths = self._db.execute("SELECT raw FROM asked WHERE mount = ?", (mount,))
        return version_of(seen, all(path.partition("/")[0] in (*AREAS, "config") for (path,) in paths))
