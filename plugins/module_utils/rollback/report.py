# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a rollback: counts, bounded lists, a diff and a confirmation. Names and reasons; never a value."""

from __future__ import annotations

import typing as t
from collections import Counter

from ..common.bounded import BoundedList
from ..errors import SecretferryError
from .decide import Kind, RollbackAction

__all__ = ["RollbackReport"]

_COUNTED: dict[Kind, str] = {
    "delete": "deleted",
    "restore": "restored",
    "already_restored": "already_restored",
    "already_deleted": "already_deleted",
    "untouched": "untouched",
    "conflict": "conflicts",
    "fail": "failed",
}
_PLANNED = ("delete", "restore", "conflict", "fail")
_WORST_FIRST = 3


class RollbackReport:
    """Collects what happens to each item.

    :param limit: how many entries each list of the result holds at the most.
    :ivar confirmation: the target's listing afterwards, compared with the state before; empty if nothing was written.
    """

    def __init__(self, limit: int) -> None:
        self.counts: Counter[str] = Counter()
        self.notes: list[str] = []
        self.confirmation: dict[str, int] = {}
        self._plan: BoundedList[dict[str, t.Any]] = BoundedList(limit, _place)
        self._failures: BoundedList[dict[str, str]] = BoundedList(limit, _place)

    def plan(self, source: str, item: str, action: RollbackAction) -> None:
        """Count the action that was decided for an item, and list it if it is to be shown."""
        self.counts[_COUNTED[action.kind]] += 1
        if action.kind in _PLANNED:
            line: dict[str, t.Any] = {"source": source, "item": item, "action": action.kind, "reason": action.reason}
            if action.versions:
                line["deleted_versions"] = sorted(action.versions)
            self._plan.add(line)
        if action.kind in ("conflict", "fail"):
            self._fail(source, item, action.reason, action.remedy)

    def fail(self, source: str, item: str, reason: str, remedy: str, planned: Kind) -> None:
        """Count an action that was begun and failed. ``planned``: its kind."""
        self.counts[_COUNTED[planned]] -= 1
        self.counts["failed"] += 1
        self._fail(source, item, reason, remedy)

    def give_up(self, deletes: int, restores: int) -> None:
        """Count the actions of the plan that were not begun, as the run had to end."""
        self.counts["deleted"] -= deletes
        self.counts["restored"] -= restores
        self.counts["failed"] += deletes + restores

    def _fail(self, source: str, item: str, reason: str, remedy: str) -> None:
        self._failures.add({"source": source, "item": item, "reason": reason, "remedy": remedy})

    @property
    def planned(self) -> int:
        """How many items are to be changed, or were changed."""
        return self.counts["deleted"] + self.counts["restored"]

    @property
    def not_rolled_back(self) -> int:
        """How many items should be rolled back and are not."""
        return self.counts["conflicts"] + self.counts["failed"]

    def summary(self) -> dict[str, int]:
        """The number of items by outcome, zeros included."""
        return {name: self.counts[name] for name in _COUNTED.values()}

    def lists(self) -> dict[str, t.Any]:
        """Plan and failures, in order of path, and how many of each there are."""
        return {
            "plan": self._plan.shown(),
            "plan_count": self._plan.count,
            "failures": self._failures.shown(),
            "failures_count": self.not_rolled_back,
        }

    def error(self) -> SecretferryError | None:
        """The failure of the whole rollback, with the first items and a remedy: often nothing else is read."""
        if not self.not_rolled_back:
            return None
        failures = self._failures.shown()
        named = "; ".join(f"{f['item']}: {f['reason']}" for f in failures[:_WORST_FIRST])
        more = self.not_rolled_back - min(len(failures), _WORST_FIRST)
        return SecretferryError(
            f"{self.not_rolled_back} of {self.planned + self.not_rolled_back} were not rolled back: {named}"
            + (f"; and {more} more, see 'failures'" if more else ""),
            failures[0]["remedy"] if failures else "",
        )

    def diff(self, ledger: str, *, deleted: bool) -> list[dict[str, str]]:
        """The plan as Ansible's diffs.

        :param deleted: whether the ledger, which is the folder ``ledger``, is deleted too.
        """
        plan = self._plan.shown()
        before = "".join(f"{line['item']}\n" for line in plan if line["action"] in ("delete", "restore"))
        after = "".join(_after(line) for line in plan if line["action"] != "delete")
        diffs = []
        if before or after:
            diffs.append({"before_header": "items", "after_header": "items", "before": before, "after": after})
        if deleted:
            diffs.append({"before_header": "ledger", "after_header": "ledger", "before": f"{ledger}\n", "after": ""})
        return diffs


def _place(entry: t.Mapping[str, t.Any]) -> tuple[str, str]:
    return entry["source"], entry["item"]


def _after(line: dict[str, t.Any]) -> str:
    if line["action"] != "restore":
        return f"{line['item']}: {line['action']}: {line['reason']}\n"
    numbers = line.get("deleted_versions")
    versions = f", delete versions {', '.join(map(str, numbers))}" if numbers else ""
    return f"{line['item']}: {line['reason']}{versions}\n"
