# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a migration is at the target: secrets and versions, counted from the listing and the ledger.

It sends no request: a run has read both already. So the counts are those of the moment at which the target was listed.
"""

from __future__ import annotations

import typing as t

from ..common.workdb import ListedItem, WorkDb
from ..ledger.ledger import Ledger
from ..plan.model import Record, base_of, is_marked, takeover
from ..plan.naming import Naming, restore
from ..plan.scope import Scope

__all__ = ["NOTHING", "AtTarget", "TargetCount", "merged", "own_versions"]

AtTarget = dict[str, t.Any]
NOTHING: AtTarget = {
    "secrets": 0,
    "versions": 0,
    "secrets_change": 0,
    "versions_change": 0,
    "changes": [],
    "changes_count": 0,
}
"""What is at the target of a migration that does not exist."""

_Figures = tuple[int, t.Optional[int]]  # secrets, versions; None where the versions are not known  # noqa: UP045 - pylint of ansible-test knows no "|" outside annotations


class TargetCount:
    """Counts the items of a migration that the work database lists, within the scope of a run.

    :param tag: the migration's.
    :param keyed: whether each key of a secret is an item of its own.
    """

    def __init__(self, workdb: WorkDb, ledger: Ledger, naming: Naming, scope: Scope, tag: str, *, keyed: bool) -> None:
        self._workdb = workdb
        self._ledger = ledger
        self._naming = naming
        self._scope = scope
        self._tag = tag
        self._keyed = keyed

    def note(self, path: str) -> None:
        """Remember the counts of one secret, before the run changes its items for the first time."""
        self._workdb.put_counted(path, *self._of(path))

    def shown(self, limit: int) -> AtTarget:
        """For the result, after the target was listed for the last time.

        :param limit: how many entries ``changes`` has at the most. A run whose scope names paths has none.
        """
        secrets, versions = self._whole()
        changes: list[dict[str, t.Any]] = []
        count, more_secrets, more_versions = 0, 0, t.cast("int | None", 0)
        for path, secrets_before, versions_before in self._workdb.counted():
            now = self._of(path)
            change = now[0] - secrets_before, _difference(now[1], versions_before)
            more_secrets, more_versions = more_secrets + change[0], _sum(more_versions, change[1])
            if change != (0, 0):
                count += 1
                if len(changes) < limit and self._scope.paths is None:
                    changes.append({"source": path, "secrets_change": change[0], "versions_change": change[1]})
        return {
            "secrets": secrets,
            "versions": versions,
            "secrets_change": more_secrets,
            "versions_change": more_versions,
            "changes": changes,
            "changes_count": count,
        }

    def _whole(self) -> _Figures:
        items, versions = 0, t.cast("int | None", 0)
        keyed: set[str] = (
            set()
        )  # the secrets of items that need not follow each other: a/b/c/k is between a/b/a and a/b/z
        for name, item in self._workdb.targets():
            path = self._naming.path(name, key=self._keyed)
            if is_marked(item.tags, self._tag) and self._scope.takes(path):
                versions = _sum(versions, self._versions(path, name, item))
                items += 1
                if self._keyed:
                    keyed.add(path)
        return len(keyed) if self._keyed else items, versions

    def _of(self, path: str) -> _Figures:
        mount, _slash, secret = path.partition("/")
        place = self._naming.item(mount, secret)
        if self._keyed:
            below = self._workdb.targets(f"{place}/")
            items = [(name, item) for name, item in below if "/" not in name[len(place) + 1 :]]
        else:
            found = self._workdb.target(place)
            items = [(place, found)] if found is not None else []
        own = [(name, item) for name, item in items if is_marked(item.tags, self._tag)]
        versions: int | None = 0
        for name, item in own:
            versions = _sum(versions, self._versions(path, name, item))
        return int(bool(own)), versions

    def _versions(self, path: str, name: str, item: ListedItem) -> int | None:
        if item.last == 1 and not takeover(item.tags, self._tag):
            return 1  # the usual case, which needs no record
        key = restore(name.rpartition("/")[2], self._naming.escape) if self._keyed else ""
        return own_versions(item, self._ledger.record(path, key), self._tag)


def own_versions(item: ListedItem, record: Record | None, tag: str) -> int | None:
    """How many versions of a migration an item holds; None if a deletion of some was begun and not finished.

    Without a record, and above the newest version of the record, all versions since the take-over count.
    """
    if record is None:
        count = item.last - base_of(takeover(item.tags, tag))
    elif record.stale:
        return None
    else:
        recorded = {number for number, _digest in record.versions.values() if number <= item.last}
        count = len(recorded) + max(0, item.last - record.last)
    return min(count, item.kept or count)


def merged(first: AtTarget | None, second: AtTarget | None, limit: int) -> AtTarget | None:
    """The counts of two runs, one after the other, as those of one."""
    if first is None or second is None:
        return second
    changes: dict[str, dict[str, t.Any]] = {}
    for entry in (*first["changes"], *second["changes"]):
        before = changes.get(entry["source"], {})
        changes[entry["source"]] = {
            "source": entry["source"],
            "secrets_change": before.get("secrets_change", 0) + entry["secrets_change"],
            "versions_change": _sum(before.get("versions_change", 0), entry["versions_change"]),
        }
    listed = sorted(changes.values(), key=lambda entry: str(entry["source"]))
    complete = all(len(run["changes"]) == run["changes_count"] for run in (first, second))
    return {
        **second,
        "secrets_change": first["secrets_change"] + second["secrets_change"],
        "versions_change": _sum(first["versions_change"], second["versions_change"]),
        "changes": listed[:limit],
        "changes_count": len(listed) if complete else first["changes_count"] + second["changes_count"],
    }


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _difference(now: int | None, before: int | None) -> int | None:
    return None if now is None or before is None else now - before
