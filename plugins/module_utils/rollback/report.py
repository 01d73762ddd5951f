# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollback did or would do: counts, bounded lists, a diff, a proof. Names and reasons; never a value."""

from __future__ import annotations

import typing as t
from collections import Counter

from .decide import Step

__all__ = ["RollbackReport"]

_COUNTED = {
    "delete": "deleted",
    "restore": "restored",
    "done": "as_before",
    "gone": "gone",
    "untouched": "untouched",
    "refuse": "refused",
}


class RollbackReport:
    """Collects what happens to each item.

    :param most: how many entries each list of the result holds at the most.
    :ivar proof: the target's listing afterwards compared with the state before, empty where nothing was written.
    """

    def __init__(self, most: int) -> None:
        self.counts: Counter[str] = Counter()
        self.notes: list[str] = []
        self.proof: dict[str, int] = {}
        self.ledger_deleted = False
        self._most = most
        self._plan: list[dict[str, t.Any]] = []
        self._failures: list[dict[str, str]] = []

    def plan(self, source: str, item: str, step: Step) -> None:
        """An item's step was decided."""
        self.counts[_COUNTED[step.kind]] += 1
        if step.kind in ("delete", "restore", "refuse"):
            line: dict[str, t.Any] = {"source": source, "item": item, "action": step.kind, "reason": step.reason}
            if step.versions:
                line["versions"] = sorted(step.versions)
            self._plan.append(line)
            # In order of arrival at first: more than are shown, so that those shown are the first by name.
            if len(self._plan) > self._most * 4 + 100:
                self._plan = self._sorted(self._plan)[: self._most]
        if step.kind == "refuse":
            self._fail(source, item, step.reason, step.remedy)

    def fail(self, source: str, item: str, reason: str, remedy: str, planned: str) -> None:
        """A step did not happen. ``planned``: the kind of the step that was under way."""
        self.counts[_COUNTED[planned]] -= 1
        self.counts["failed"] += 1
        self._fail(source, item, reason, remedy)

    def give_up(self, deletes: int, restores: int) -> None:
        """So many steps of the plan were never taken, as the run had to end."""
        self.counts["deleted"] -= deletes
        self.counts["restored"] -= restores
        self.counts["failed"] += deletes + restores

    def _fail(self, source: str, item: str, reason: str, remedy: str) -> None:
        if len(self._failures) < self._most:
            self._failures.append({"source": source, "item": item, "reason": reason, "remedy": remedy})

    @property
    def planned(self) -> int:
        """How many items are, or were, to be changed."""
        return self.counts["deleted"] + self.counts["restored"]

    @property
    def undone(self) -> int:
        """How much of what was asked for did not happen."""
        return self.counts["refused"] + self.counts["failed"]

    def summary(self) -> dict[str, int]:
        """Counts per outcome, all of them, zeros too."""
        return {name: self.counts[name] for name in (*_COUNTED.values(), "failed")}

    def lists(self) -> dict[str, t.Any]:
        """Plan and failures, bounded, in order of path."""
        plan = self._sorted(self._plan)[: self._most]
        total = self.planned + self.undone
        return {
            "plan": plan,
            "plan_left_out": max(0, total - len(plan)),
            "failures": self._sorted(self._failures),
            "failures_left_out": max(0, self.undone - len(self._failures)),
        }

    def diff(self, ledger: str, *, deleted: bool) -> list[dict[str, str]]:
        """The plan as Ansible's diffs."""
        plan = self._sorted(self._plan)[: self._most]
        before = "".join(f"{line['item']}\n" for line in plan if line["action"] != "refuse")
        after = "".join(_after(line) for line in plan if line["action"] != "delete")
        diffs = []
        if before or after:
            diffs.append({"before_header": "items", "after_header": "items", "before": before, "after": after})
        if deleted:
            diffs.append({"before_header": "ledger", "after_header": "ledger", "before": f"{ledger}\n", "after": ""})
        return diffs

    @staticmethod
    def _sorted(lines: list[t.Any]) -> list[t.Any]:
        return sorted(lines, key=lambda line: (line["source"], line["item"]))


def _after(line: dict[str, t.Any]) -> str:
    if line["action"] == "refuse":
        return f"{line['item']}: refused: {line['reason']}\n"
    versions = f", without versions {', '.join(map(str, line['versions']))}" if line.get("versions") else ""
    return f"{line['item']}: {line['reason']}{versions}\n"
