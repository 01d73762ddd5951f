# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result of a verification: counts and bounded lists. Names, numbers and reasons; never a value."""

from __future__ import annotations

import typing as t
from collections import Counter

from ..common.bounded import BoundedList
from ..errors import SecretferryError

__all__ = ["ACCESS_COUNTS", "COUNTS", "VerificationReport"]

ACCESS_COUNTS = (
    "expected_reads",
    "expected_denials",
    "missing_rights",
    "excessive_rights",
    "different_values",
    "errors",
)
"""What is counted of each application."""

COUNTS = (
    "secrets",
    "expected_items",
    "versions",
    "bytes",
    "identical",
    "different",
    "missing",
    "out_of_order",
    "different_metadata",
    "changed_at_target",
    "foreign",
    "extra",
    "other_migrations",
    "unreadable",
    "removed_at_source",
    "out_of_scope",
    "not_sampled",
    "access_applications",
    *(f"access_{count}" for count in ACCESS_COUNTS),
)
_WORST_FIRST = 3
_NOTES = 20

Entry = dict[str, t.Any]


class VerificationReport:
    """Collects differences.

    :param limit: how many entries each list of the result holds at the most.
    :ivar access: the result of each application.
    :ivar access_problems: the problems of all applications, how many.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.counts: Counter[str] = Counter()
        self.access: list[Entry] = []
        self.access_problems = 0
        self._notes: BoundedList[str] = BoundedList(_NOTES)
        self._differences: BoundedList[Entry] = BoundedList(limit, place)
        self._accepted: BoundedList[Entry] = BoundedList(limit, place)
        self._unreadable: BoundedList[Entry] = BoundedList(limit, lambda entry: entry["source"])

    def differ(
        self,
        type_: str,
        source: str,
        item: str,
        reason: str,
        remedy: str,
        *,
        count: int = 1,
        versions: t.Sequence[int] = (),
    ) -> None:
        """Add a difference.

        :param type_: the name of its count.
        :param count: what is added to that count.
        :param versions: the numbers of the versions that differ, if it is about versions.
        """
        self.counts[type_] += count
        entry = {"type": type_, "source": source, "item": item, "reason": reason, "remedy": remedy}
        self._differences.add({**entry, "versions": list(versions)} if versions else entry)

    def accept(self, type_: str, source: str, item: str, reason: str, remedy: str) -> None:
        """Add a difference that the options accept: it is listed, and makes a warning."""
        self.counts[type_] += 1
        self._accepted.add({"type": type_, "source": source, "item": item, "reason": reason, "remedy": remedy})

    def unreadable(self, path: str, reason: str) -> None:
        """Add a source path that may not be listed or read, and that has no item at the target."""
        self.counts["unreadable"] += 1
        self._unreadable.add({"source": path, "reason": reason})

    def note(self, text: str) -> None:
        """Add a warning; the first of them are shown."""
        self._notes.add(text)

    @property
    def differences(self) -> int:
        """How many differences there are."""
        return self._differences.count

    @property
    def verified(self) -> bool:
        """Whether there is no difference and no problem of an application."""
        return not self.differences and not self.access_problems

    def shown(self) -> Entry:
        """For the result."""
        return {
            "summary": {name: self.counts[name] for name in COUNTS},
            "differences": self._differences.shown(),
            "differences_count": self._differences.count,
            "accepted_differences": self._accepted.shown(),
            "accepted_differences_count": self._accepted.count,
            "unreadable": self._unreadable.shown(),
            "unreadable_count": self._unreadable.count,
            "access": self.access,
        }

    def warnings(self) -> list[str]:
        """What is no failure, but must be known."""
        warnings = self._notes.shown()
        if count := self._unreadable.count:
            warnings.append(f"{count} paths could not be read at the source, and are not verified; see 'unreadable'")
        if count := self._accepted.count:
            warnings.append(
                f"{count} items differ from the source, which the options accept; see 'accepted_differences'"
            )
        return warnings

    def error(self) -> SecretferryError | None:
        """The failure of the whole verification, with the first paths and a remedy: often nothing else is read."""
        if self.verified:
            return None
        worst = [(_name(entry), entry, "'differences'") for entry in self._differences.shown()]
        for application in self.access:
            for entry in application["problems"]:
                name = f"{application['name']} and {_name(entry)}" if _name(entry) else application["name"]
                worst.append((name, entry, "'access'"))
        total = self.differences + self.access_problems
        named = [f"{name}: {entry['reason']}" for name, entry, _list in worst[:_WORST_FIRST]]
        if more := total - len(named):
            lists = " and ".join(dict.fromkeys(where for *_rest, where in worst)) or "'summary'"
            named.append(f"and {more} more, see {lists}" if named else f"see {lists}")
        return SecretferryError(
            f"the verification found {total} difference{'' if total == 1 else 's'}: {'; '.join(named)}",
            worst[0][1]["remedy"] if worst else "",
        )


def place(entry: t.Mapping[str, t.Any]) -> tuple[bool, str, str, str]:
    """The order of entries: by path, item and type; those without a path last."""
    return not entry["source"], entry["source"], entry["item"], entry["type"]


def _name(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry["source"] or entry["item"])
