# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a verification found: counts and bounded lists. Names, numbers and reasons; never a value."""

from __future__ import annotations

import typing as t
from collections import Counter

from ..errors import SecretferryError

__all__ = ["COUNTS", "VerificationReport"]

COUNTS = (
    "secrets",
    "items",
    "versions",
    "identical",
    "different",
    "missing",
    "order",
    "metadata",
    "changed",
    "foreign",
    "extra",
    "other_migrations",
    "unreadable",
    "gone",
    "out_of_scope",
    "not_sampled",
    "access_identities",
    "access_read",
    "access_refused",
    "access_denied",
    "access_excess",
    "access_different",
    "access_failed",
)
_WORST_FIRST = 3


class VerificationReport:
    """Collects differences.

    :param most: how many entries each list of the result holds at the most.
    """

    def __init__(self, most: int) -> None:
        self.counts: Counter[str] = Counter()
        self.differences = 0
        self.most = most
        self.notes: list[str] = []
        self.access: list[dict[str, t.Any]] = []
        self.access_problems = 0
        self._differences: list[dict[str, t.Any]] = []
        self._left_alone: list[dict[str, t.Any]] = []
        self._unreadable: list[dict[str, str]] = []

    def differ(
        self, kind: str, source: str, item: str, reason: str, remedy: str, *, count: int = 1, versions: t.Any = ()
    ) -> None:
        """Something is not as it should be.

        :param count: what is added to the count of that ``kind``.
        :param versions: the numbers that are meant, where it is about versions.
        """
        self.counts[kind] += count
        self.differences += 1
        self._list(self._differences, kind, source, item, reason, remedy, versions)

    def leave(self, kind: str, source: str, item: str, reason: str, remedy: str) -> None:
        """Something that was to be left alone, and is told all the same."""
        self.counts[kind] += 1
        self._list(self._left_alone, kind, source, item, reason, remedy, ())

    def unreadable(self, path: str, reason: str) -> None:
        """A source path may not be listed or read, and nothing at the target says that it was migrated."""
        self.counts["unreadable"] += 1
        if len(self._unreadable) < self.most:
            self._unreadable.append({"source": path, "reason": reason})

    def note(self, text: str) -> None:
        """Something the user should know; bounded like the lists."""
        if len(self.notes) < 20:
            self.notes.append(text)

    def _list(
        self,
        entries: list[dict[str, t.Any]],
        kind: str,
        source: str,
        item: str,
        reason: str,
        remedy: str,
        versions: t.Any,
    ) -> None:
        if len(entries) < self.most:
            entry = {"kind": kind, "source": source, "item": item, "reason": reason, "remedy": remedy}
            entries.append({**entry, "versions": list(versions)} if versions else entry)

    @property
    def verified(self) -> bool:
        """Whether everything that was looked at is as it should be."""
        return not self.differences and not self.access_problems

    def shown(self) -> dict[str, t.Any]:
        """For the result."""
        return {
            "summary": {name: self.counts[name] for name in COUNTS},
            "differences": sorted(self._differences, key=_place),
            "differences_left_out": self.differences - len(self._differences),
            "left_alone": sorted(self._left_alone, key=_place),
            "unreadable": sorted(self._unreadable, key=lambda entry: entry["source"]),
            "access": self.access,
        }

    def error(self) -> SecretferryError | None:
        """The failure of the whole, with the first paths and a remedy: somebody may read only this."""
        if self.verified:
            return None
        shown = self.shown()
        worst = [(_name(entry), entry["reason"], entry["remedy"], "'differences'") for entry in shown["differences"]]
        for identity in self.access:
            worst += [
                (f"{identity['name']} and {_name(entry)}" if _name(entry) else identity["name"], entry["reason"],
                 entry["remedy"], "'access'")
                for entry in identity["problems"]
            ]  # fmt: skip
        total = self.differences + self.access_problems
        said = [f"{name}: {reason}" for name, reason, _remedy, _where in worst[:_WORST_FIRST]]
        if total > len(said):
            where = " and ".join(dict.fromkeys(w for *_rest, w in worst)) or "'summary'"
            said.append(f"{'and ' if said else ''}{total - len(said)} {'more, ' if said else ''}see {where}")
        number = "1 difference" if total == 1 else f"{total} differences"
        return SecretferryError(
            f"{number} between what is and what should be: {'; '.join(said)}", worst[0][2] if worst else ""
        )


def _place(entry: t.Mapping[str, t.Any]) -> tuple[bool, str, str, str]:
    return not entry["source"], entry["source"], entry["item"], entry["kind"]


def _name(entry: t.Mapping[str, t.Any]) -> str:
    return str(entry["source"] or entry["item"])
