# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run did or would do: counts, bounded lists, a diff. Names, numbers and reasons; never a value."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass

from ..akeyless.items import ItemStore
from ..common.bounded import BoundedList
from ..errors import SecretferryError
from ..plan.model import Action, ranges
from ..vault.kv import KvReader

__all__ = ["MigrationReport", "PlanLine", "request_figures"]

_COUNTED = {
    "create": "created",
    "append": "appended",
    "overwrite": "overwritten",
    "update_metadata": "metadata_updated",
    "prune": "pruned",
    "delete": "deleted",
    "forget": "forgotten",
    "adopt": "adopted",
    "unchanged": "unchanged",
    "skip": "skipped",
    "conflict": "conflicts",
    "fail": "failed",
}
_OF_DELETIONS = ("pruned", "deleted", "forgotten")
_NOTES = 20
_NAMED = 3  # failures in the message of the whole run


@dataclass(frozen=True)
class PlanLine:
    """One line of the plan: an item and its action."""

    source: str
    item: str
    action: Action

    def shown(self) -> dict[str, t.Any]:
        """For the result."""
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

    :param limit: how many entries each list of the result holds at the most.
    :param deletes: whether the run is of a kind that can delete, so that its summary counts that.
    :ivar limit: the same.
    :ivar planned_changes: how many entries of the plan write an item or the ledger.
    :ivar at_target: what :meth:`.TargetCount.shown` counted at the end of the run, ``None`` if it ended early.
    """

    def __init__(self, limit: int, *, deletes: bool = False) -> None:
        self._deletes = deletes
        self.limit = limit
        self.at_target: dict[str, t.Any] | None = None
        self.counts: Counter[str] = Counter()
        self.versions_written = 0
        self.versions_deleted = 0
        self.planned_changes = 0
        self._notes = BoundedList[str](_NOTES)
        self._plan = BoundedList[PlanLine](limit, lambda line: (line.source, line.item))
        self._failures = BoundedList[dict[str, str]](limit, lambda entry: (entry["source"], entry["item"]))
        self._unreadable = BoundedList[dict[str, str]](limit, lambda entry: entry["source"])

    # --- while the run goes on

    def plan(self, source: str, item: str, action: Action) -> None:
        """An item's action was decided."""
        self.counts[_COUNTED[action.kind]] += 1
        if action.kind == "unchanged":
            return
        self.planned_changes += not action.idle
        self._plan.add(PlanLine(source, item, action))
        if action.kind in ("conflict", "fail"):
            self._fail(source, item, action.reason, action.remedy)

    def fail(self, source: str, item: str, reason: str, remedy: str, planned: Action | None = None) -> None:
        """Something that was asked for did not happen. ``planned``: the action that could not be completed."""
        if planned is not None:
            self.counts[_COUNTED[planned.kind]] -= 1
        self.counts["failed"] += 1
        self._fail(source, item, reason, remedy)

    def _fail(self, source: str, item: str, reason: str, remedy: str) -> None:
        self._failures.add({"source": source, "item": item, "reason": reason, "remedy": remedy})

    def unreadable(self, path: str, reason: str) -> None:
        """A path may not be listed or read."""
        self.counts["unreadable"] += 1
        self._unreadable.add({"source": path, "reason": reason})

    def note(self, text: str) -> None:
        """A warning; bounded like the lists."""
        self._notes.add(text)

    # --- afterwards

    @property
    def failed(self) -> int:
        """How much of what was asked for did not happen, conflicts included."""
        return self._failures.count

    @property
    def plan_count(self) -> int:
        """How many lines the plan has, shown or not."""
        return self._plan.count

    def plan_lines(self) -> list[PlanLine]:
        """The first lines of the plan, in order of path."""
        return self._plan.shown()

    def summary(self) -> dict[str, int]:
        """Counts per outcome, all of them, zeros too."""
        names = [*dict.fromkeys(_COUNTED.values()), "unreadable", "removed_at_source"]
        if not self._deletes:
            names = [name for name in names if name not in _OF_DELETIONS]
        counts = {name: self.counts[name] for name in names} | {"versions_written": self.versions_written}
        return counts | ({"versions_deleted": self.versions_deleted} if self._deletes else {})

    def lists(self) -> dict[str, t.Any]:
        """Plan, failures and unreadable paths, bounded, in order of path, with their numbers; what is at the target."""
        return {
            "at_target": self.at_target,
            "plan": [line.shown() for line in self._plan.shown()],
            "plan_count": self._plan.count,
            "failures": self._failures.shown(),
            "failures_count": self._failures.count,
            "unreadable": self._unreadable.shown(),
            "unreadable_count": self._unreadable.count,
        }

    def warnings(self) -> list[str]:
        """What was noted, and how many paths are left out as they cannot be read."""
        texts = self._notes.shown()
        if self._notes.left_out:
            texts.append(f"{self._notes.left_out} more warnings are not shown")
        if count := self._unreadable.count:
            texts.append(f"{count} paths could not be listed or read, and were left out; see 'unreadable'")
        return texts

    def error(self) -> SecretferryError | None:
        """The error of the whole run, with the first paths and a remedy: it may be all that a user reads."""
        if not self.failed:
            return self._nothing_readable()
        failures = self._failures.shown()
        total = sum(self.counts[outcome] for outcome in {*_COUNTED.values(), "unreadable"})
        named = "; ".join(f"{f['source']}: {f['reason']}" for f in failures[:_NAMED])
        more = self.failed - min(len(failures), _NAMED)
        return SecretferryError(
            f"{self.failed} of {total} did not happen: {named}"
            + (f"; and {more} more, see 'failures'" if more else ""),
            failures[0]["remedy"] if failures else "",
        )

    def _nothing_readable(self) -> SecretferryError | None:
        """``unreadable_paths: warn`` accepts that some paths cannot be read, not that none can."""
        if not self._unreadable.count or any(self.counts[outcome] for outcome in _COUNTED.values()):
            return None
        first = self._unreadable.shown()
        return SecretferryError(
            f"none of {self._unreadable.count} paths can be read" + (f": {first[0]['reason']}" if first else ""),
            "Grant the Vault policy these paths",
        )

    def diff(self, before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any]) -> list[dict[str, str]]:
        """The plan as Ansible's diffs: that of the definition, from ``before`` to ``after``, and that of the items."""
        changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
        lines = self._plan.shown()
        diffs = []
        if changed:
            old, new = ("".join(f"{key}: {side[key]}\n" for key in changed if key in side) for side in (before, after))
            diffs.append(_diff("definition", old, new))
        if lines:
            diffs.append(_diff("items", "".join(map(_before, lines)), "".join(map(_after, lines))))
        return diffs


def request_figures(reader: KvReader, store: ItemStore) -> dict[str, t.Any]:
    """The requests that a run made to both sides, for its result."""
    vault, akeyless = reader.client, store.client
    return {
        "transport": vault.transport.backend_name,
        "retries": {"vault": vault.pace.retries, "akeyless": akeyless.pace.retries},
        "lowest_concurrency": {"vault": int(vault.pace.lowest), "akeyless": int(akeyless.pace.lowest)},
        "values_read": {"vault": reader.values_read, "akeyless": store.values_read},
    }


def _diff(header: str, before: str, after: str) -> dict[str, str]:
    return {"before_header": header, "after_header": header, "before": before, "after": after}


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
    if action.describe and action.kind != "update_metadata":
        words.append("with metadata")
    if action.drop:
        words.append(f"deleting its {_ranges(action.drop)}")
    return f"{line.item}: {', '.join(words)} ({action.reason})\n"


def _ranges(numbers: t.Sequence[int]) -> str:
    """``(1, 2, 3, 5)`` as ``versions 1-3, 5``."""
    text = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges(numbers))
    return ("version " if len(numbers) == 1 else "versions ") + text
