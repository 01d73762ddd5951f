# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: how much is at the target, of each batch and of each migration, from what the recorded runs counted there.

A run of a batch counts its own secrets. A run of a whole migration counts all of them, and names those that it changed;
by their paths they are those of a batch. Where records do not tell how much there is, the answer is None.
"""

from __future__ import annotations

import functools
import typing as t
from dataclasses import dataclass, field

from .records import times_of

__all__ = ["NOTHING", "RUN_STEPS", "Figures", "Gap", "TargetFigures", "count_target"]

_Record = t.Mapping[str, t.Any]
RUN_STEPS = ("plan", "migrate", "sync", "rollback")
"""The steps whose modules count what is at the target."""


class Figures(t.NamedTuple):
    """Secrets and versions at the target; None where it is not known."""

    secrets: int | None = None
    versions: int | None = None

    def plus(self, other: Figures) -> Figures:
        """The sum. What is not known of one is not known of the sum."""
        return Figures(*(None if a is None or b is None else a + b for a, b in zip(self, other, strict=True)))

    def minus(self, other: Figures) -> Figures:
        """The difference, in the same way."""
        return self.plus(Figures(*(None if value is None else -value for value in other)))


NOTHING = Figures(0, 0)
_UNKNOWN = Figures()


class Gap(t.NamedTuple):
    """A change at the target between two records that neither of them made: by a run without a record."""

    recorded: str
    migration: str
    batch: str
    change: Figures


@dataclass
class TargetFigures:
    """How much is at the target.

    :ivar batches: by the batch's name; a batch of which no run has counted anything is not in it.
    :ivar migrations: by the migration's name, if a run of the whole migration counted it.
    """

    batches: dict[str, Figures] = field(default_factory=dict)
    migrations: dict[str, Figures] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)


@dataclass(frozen=True)
class _Event:
    """What one run counted. ``counted`` is None if that is not known, and neither what the runs before it changed.

    :ivar scope: a digest of the paths of the run; ``paths``: these themselves, None if they are not recorded.
    """

    recorded: str
    migration: str
    batch: str
    counted: t.Mapping[str, t.Any] | None = None
    scope: str = ""
    paths: frozenset[str] | None = None

    @property
    def figures(self) -> Figures:
        return Figures(self.counted["secrets"], self.counted["versions"]) if self.counted else _UNKNOWN

    @property
    def change(self) -> Figures:
        return Figures(self.counted["secrets_change"], self.counted["versions_change"]) if self.counted else _UNKNOWN

    @property
    def before(self) -> Figures:
        return self.figures.minus(self.change)


def count_target(
    records: t.Sequence[_Record], planned: t.Mapping[str, str], batches: t.Mapping[str, str]
) -> TargetFigures:
    """Follow the recorded runs in the order of their times.

    :param planned: source path to the batch that the inventory puts it into.
    :param batches: every batch to its migration.
    """
    count = _Count(planned, batches)
    # Runs of batches end before a run of the whole migration begins, if both were recorded in the same instant.
    for event in sorted(_events(records), key=lambda event: (event.recorded, not event.batch)):
        if event.counted is None:
            count.lose(event)
        elif event.batch:
            count.add_batch(event)
        else:
            count.add_whole(event)
    return count.found


def _events(records: t.Sequence[_Record]) -> t.Iterator[_Event]:
    for record in records:
        if record["step"] not in RUN_STEPS:
            continue
        times = times_of(record)
        place = record["migration"], record["batch"]
        if record.get("attempt", 1) > len(times):  # of the oldest attempts, nothing is kept
            yield _Event(times[0]["recorded"], *place)
        for time in times:
            if time.get("at_target"):
                paths = frozenset(record["paths"]) if time is times[-1] and record.get("paths") else None
                yield _Event(time["recorded"], *place, time["at_target"], time.get("scope") or "", paths)
            elif time.get("uncounted"):
                yield _Event(time["recorded"], *place)


class _Count:
    """The figures after each run."""

    def __init__(self, planned: t.Mapping[str, str], batches: t.Mapping[str, str]) -> None:
        self.found = TargetFigures()
        self._planned = planned
        self._batches = batches
        self._scopes: dict[str, str] = {}
        self._members: dict[str, set[str] | None] = {}  # the secrets that the figures of a batch are about

    def lose(self, event: _Event) -> None:
        """A run was broken off: what it was about is not known any more."""
        for batch in [event.batch] if event.batch else self._counted(event.migration):
            self.found.batches[batch] = _UNKNOWN
        self.found.migrations.pop(event.migration, None)

    def add_batch(self, event: _Event) -> None:
        """A run of a batch counted its secrets."""
        found, batch = self.found, event.batch
        total = found.migrations.get(event.migration)
        gap = None
        if batch in found.batches and self._scopes.get(batch) == event.scope:
            gap = self._gap(event, found.batches[batch])
        if gap is not None:
            found.migrations.pop(event.migration, None)
        elif total is not None:
            found.migrations[event.migration] = total.plus(event.change)
        found.batches[batch], self._scopes[batch] = event.figures, event.scope
        self._members[batch] = set(event.paths) if event.paths is not None else None

    def add_whole(self, event: _Event) -> None:
        """A run of the whole migration counted everything, and names what it changed."""
        found, counted = self.found, self._counted(event.migration)
        known, gap = self._sum(counted), None
        if total := found.migrations.get(event.migration):
            gap = self._gap(event, total)
        elif _more(known, event.before):
            gap = self._gap(event, known)
        found.migrations[event.migration] = event.figures
        others = [batch for batch, of in self._batches.items() if of == event.migration and batch not in counted]
        if event.figures == NOTHING:
            self._set(counted, NOTHING)
        elif (
            gap is not None or event.counted is None or event.counted["changes_count"] != len(event.counted["changes"])
        ):
            self._set([*counted, *others], _UNKNOWN)
        else:
            # Batches that no run has counted have nothing, if all that was there is in those that were counted.
            self._set(others, NOTHING if known == event.before else _UNKNOWN)
            for entry in event.counted["changes"]:
                self._change(entry)

    def _change(self, entry: t.Mapping[str, t.Any]) -> None:
        path, found = entry["source"], self.found
        change = Figures(entry.get("secrets_change"), entry.get("versions_change"))
        for batch in self._batches:
            members = self._members.get(batch)
            if batch not in found.batches:
                continue
            if members is None:  # which secrets the figures are about is not recorded: this may be one of them
                found.batches[batch] = _UNKNOWN
            elif path in members:
                found.batches[batch] = found.batches[batch].plus(change)
            elif self._planned.get(path) == batch:
                members.add(path)
                new = change.secrets == 1  # otherwise, how much there was before is not in the figures
                found.batches[batch] = found.batches[batch].plus(change) if new else _UNKNOWN

    def _set(self, batches: t.Iterable[str], figures: Figures) -> None:
        for batch in batches:
            if batch not in self._members or figures == NOTHING:
                self._members[batch] = self._members.get(batch) or set()
            self.found.batches[batch] = figures

    def _counted(self, migration: str) -> list[str]:
        return [batch for batch, of in self._batches.items() if of == migration and batch in self.found.batches]

    def _sum(self, batches: t.Iterable[str]) -> Figures:
        return functools.reduce(Figures.plus, (self.found.batches[batch] for batch in batches), NOTHING)

    def _gap(self, event: _Event, known: Figures) -> Gap | None:
        """What changed between what is known and what the run found when it began; None if nothing did."""
        change = event.before.minus(known)
        if not any(change):
            return None
        gap = Gap(event.recorded, event.migration, event.batch, change)
        self.found.gaps.append(gap)
        return gap


def _more(one: Figures, other: Figures) -> bool:
    return any(a is not None and b is not None and a > b for a, b in zip(one, other, strict=True))
