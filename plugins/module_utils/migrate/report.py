# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run did or would do: counts, bounded lists, a diff. Names, numbers and reasons; never a value."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass

from ..plan.model import Action

__all__ = ["MigrationReport", "PlanLine"]

_COUNTED = {
    "create": "created",
    "append": "appended",
    "overwrite": "overwritten",
    "metadata": "metadata_updated",
    "prune": "pruned",
    "delete": "deleted",
    "forget": "forgotten",
    "adopt": "adopted",
    "unchanged": "unchanged",
    "skip": "skipped",
    "conflict": "conflicts",
    "refuse": "failed",
}
_OF_DELETIONS = ("pruned", "deleted", "forgotten")


@dataclass(frozen=True)
class PlanLine:
    """One item of the plan."""

    source: str
    item: str
    action: Action

    def shown(self) -> dict[str, t.Any]:
        """For results and artifacts."""
        shown: dict[str, t.Any] = {
            "source": self.source,
            "item": self.item,
            "action": self.action.kind,
            "reason": self.action.reason,
        }
        if self.action.versions:
            shown["versions"] = list(self.action.versions)
        if self.action.drop:
            shown["deleted_versions"] = list(self.action.drop)
        return shown


class MigrationReport:
    """Collects what happens to each item.

    :param most: how many entries each list of the result holds at the most.
    :param deletes: whether the run is of a kind that can delete, so that its summary counts that.
    """

    def __init__(self, most: int, *, deletes: bool = False) -> None:
        self._deletes = deletes
        self.counts: Counter[str] = Counter()
        self.versions_written = 0
        self.versions_deleted = 0
        self.notes: list[str] = []
        self._most = most
        self._plan: list[PlanLine] = []
        self._failures: list[dict[str, str]] = []
        self._unreadable: list[dict[str, str]] = []
        self.planned_changes = 0

    def plan(self, source: str, item: str, action: Action) -> None:
        """An item's action was decided."""
        self.counts[_COUNTED[action.kind]] += 1
        if action.kind == "unchanged":
            return
        if action.writes or action.kind in ("adopt", "forget"):
            self.planned_changes += 1
        if len(self._plan) < self._most * 4:
            self._plan.append(PlanLine(source, item, action))
        if action.kind in ("conflict", "refuse"):
            self._fail(source, item, action.reason, action.remedy)

    def fail(self, source: str, item: str, reason: str, remedy: str, planned: Action | None = None) -> None:
        """Something that was asked for did not happen. ``planned``: the action that was under way."""
        if planned is not None:
            self.counts[_COUNTED[planned.kind]] -= 1
        self.counts["failed"] += 1
        self._fail(source, item, reason, remedy)

    def _fail(self, source: str, item: str, reason: str, remedy: str) -> None:
        if len(self._failures) < self._most:
            self._failures.append({"source": source, "item": item, "reason": reason, "remedy": remedy})

    def unreadable(self, path: str, reason: str) -> None:
        """A path may not be listed or read."""
        self.counts["unreadable"] += 1
        if len(self._unreadable) < self._most:
            self._unreadable.append({"source": path, "reason": reason})

    def note(self, text: str) -> None:
        """Something the user should know; bounded like the lists."""
        if len(self.notes) < 20:
            self.notes.append(text)

    @property
    def undone(self) -> int:
        """How much of what was asked for did not happen."""
        return self.counts["failed"] + self.counts["conflicts"]

    def summary(self) -> dict[str, int]:
        """Counts per outcome, all of them, zeros too."""
        names = [*dict.fromkeys(_COUNTED.values()), "unreadable", "gone"]
        if not self._deletes:
            names = [name for name in names if name not in _OF_DELETIONS]
        counts = {name: self.counts[name] for name in names} | {"versions_written": self.versions_written}
        return counts | ({"versions_deleted": self.versions_deleted} if self._deletes else {})

    def lists(self) -> dict[str, t.Any]:
        """Plan, failures and unreadable paths, bounded, in order of path."""
        plan = sorted(self._plan, key=lambda line: (line.source, line.item))
        listed = sum(self.counts[n] for n in set(_COUNTED.values()) - {"unchanged"})
        return {
            "plan": [line.shown() for line in plan[: self._most]],
            "plan_left_out": max(0, listed - min(len(plan), self._most)),
            "failures": sorted(self._failures, key=lambda f: (f["source"], f["item"])),
            "failures_left_out": max(0, self.undone - len(self._failures)),
            "unreadable": sorted(self._unreadable, key=lambda u: u["source"]),
        }

    def diff(self, definition: tuple[t.Mapping[str, t.Any], t.Mapping[str, t.Any]]) -> list[dict[str, str]]:
        """The plan as Ansible's diffs: the definition's, and the items'."""
        diffs = []
        old, new = definition
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        if changed:
            diffs.append(
                {
                    "before_header": "definition",
                    "after_header": "definition",
                    "before": "".join(f"{key}: {old[key]}\n" for key in changed if key in old),
                    "after": "".join(f"{key}: {new[key]}\n" for key in changed if key in new),
                }
            )
        lines = sorted((line for line in self._plan), key=lambda line: (line.source, line.item))[: self._most]
        if lines:
            diffs.append(
                {
                    "before_header": "items",
                    "after_header": "items",
                    "before": "".join(_before(line) for line in lines),
                    "after": "".join(_after(line) for line in lines),
                }
            )
        return diffs


def _before(line: PlanLine) -> str:
    action = line.action
    if action.kind == "create":
        return ""
    return f"{line.item} at version {action.base}\n" if action.writes else ""


def _after(line: PlanLine) -> str:
    action = line.action
    if action.kind == "delete":
        return ""
    if not action.writes:
        return f"{line.item}: {action.kind}: {action.reason}\n" if action.kind not in ("adopt", "forget") else ""
    words: list[str] = [action.kind]
    if action.versions:
        words.append(f"{_ranges(action.versions)} of {line.source}")
    if action.describe and action.kind != "metadata":
        words.append("with metadata")
    if action.drop:
        words.append(f"deleting its {_ranges(action.drop)}")
    return f"{line.item}: {', '.join(words)} ({action.reason})\n"


def _ranges(numbers: t.Sequence[int]) -> str:
    """``(1, 2, 3, 5)`` as ``versions 1-3, 5``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    text = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
    return ("version " if len(numbers) == 1 else "versions ") + text
