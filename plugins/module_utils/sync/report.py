# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of the passes of a sync: outages, and one result out of many passes."""

from __future__ import annotations

import time
import typing as t
from collections import Counter
from datetime import datetime, timezone

from ..common.bounded import BoundedList
from ..errors import ApiError, LeaseHeld, Outage, SecretferryError, TransportError
from ..http.rate_limit import RETRYABLE
from ..migrate.report import MigrationReport, PlanLine
from ..target.count import AtTarget, merged

__all__ = ["SyncReport", "is_outage", "utc"]

_OUTAGES_SHOWN = 50
_RUNS_SHOWN = 50
# The totals of all passes; the rest of a summary is of the last pass only.
_ADDED = (
    "created",
    "appended",
    "overwritten",
    "metadata_updated",
    "adopted",
    "pruned",
    "deleted",
    "forgotten",
    "versions_written",
    "versions_deleted",
)


def is_outage(error: SecretferryError) -> bool:
    """Whether a later pass may succeed: a server did not answer or failed, or another run was writing."""
    if isinstance(error, (Outage, TransportError, LeaseHeld)):
        return True
    return isinstance(error, ApiError) and (error.status in RETRYABLE or error.status >= 500)


def utc(seconds: float | None = None) -> str:
    """A moment as RFC 3339, now if none is given."""
    moment = datetime.now(timezone.utc) if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class SyncReport:
    """Counts passes and outages.

    :param limit: how many entries the plan holds at the most.
    :ivar passes: how many passes came to their end.
    :ivar changed: how many of these changed something.
    :ivar error: of the present outage, ``None`` where the last pass succeeded.
    """

    def __init__(self, limit: int, clock: t.Callable[[], float] = time.monotonic) -> None:
        self.passes = 0
        self.changed = 0
        self.error: SecretferryError | None = None
        self._limit = limit
        self._clock = clock
        self._totals: Counter[str] = Counter()
        self._runs: list[str] = []
        self._changes = BoundedList[PlanLine](limit)
        self._changes_count = 0
        self._last: MigrationReport | None = None
        self._outages = BoundedList[dict[str, t.Any]](_OUTAGES_SHOWN)
        self._outage: dict[str, t.Any] = {}
        self._since = 0.0
        self._at_target: AtTarget | None = None
        self._uncounted = False  # whether a pass that was interrupted may have changed items

    def completed(self, report: MigrationReport, *, changed: bool, run: str) -> None:
        """A pass came to its end.

        :param run: its id, empty where it wrote nothing.
        """
        if self.error is not None:
            self._outage["end"] = utc()
            self.error = None
        self.passes += 1
        self.changed += changed
        self._totals.update({name: count for name, count in report.summary().items() if name in _ADDED})
        if run:
            self._runs = [*self._runs, run][-_RUNS_SHOWN:]
        for line in report.plan_lines():
            if not line.action.idle:
                self._changes.add(line)
        self._changes_count += report.planned_changes
        self._last = report
        self._at_target = merged(self._at_target, report.at_target, self._limit)

    def interrupted(self, error: SecretferryError) -> int:
        """An outage ended a pass; returns how many passes it has ended in a row."""
        if self.error is None:
            self._since = self._clock()
            self._outage = {"start": utc(), "end": None, "attempts": 0}
            self._outages.add(self._outage)
        self.error, self._uncounted = error, True
        self._outage["attempts"] += 1
        self._outage["reason"] = error.message
        return int(self._outage["attempts"])

    @property
    def outage_seconds(self) -> float:
        """How long the present outage has lasted, 0 where there is none."""
        return self._clock() - self._since if self.error is not None else 0.0

    def shown(self) -> dict[str, t.Any]:
        """For the module's result."""
        return {
            "passes": {"done": self.passes, "changed": self.changed},
            "outages": [dict(outage) for outage in self._outages.shown()],
            "outages_count": self._outages.count,
            "totals": {name: self._totals[name] for name in _ADDED},
            "runs": self._runs,
            "at_target": self._counted(),
        }

    def _counted(self) -> AtTarget | None:
        if self._at_target is None or not self._uncounted:
            return self._at_target
        unknown = dict.fromkeys(("secrets_change", "versions_change", "changes_count"))
        return {**self._at_target, **unknown, "changes": []}

    def plan_shown(self) -> dict[str, t.Any]:
        """One plan out of many passes: what all of them wrote, and what the last one did not change."""
        last = self._last
        lines = self._changes.shown() + [line for line in last.plan_lines() if line.action.idle] if last else []
        count = self._changes_count + (last.plan_count - last.planned_changes if last else 0)
        shown = [line.shown() for line in lines[: self._limit]]
        return {"plan": shown, "plan_count": count}
