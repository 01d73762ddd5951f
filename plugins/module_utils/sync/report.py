# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the passes of a sync came to: outages, and one result out of many passes."""

from __future__ import annotations

import time
import typing as t
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ..errors import ApiError, LeaseHeld, Outage, SecretferryError, TransportError
from ..http.rate_limit import RETRYABLE

__all__ = ["SyncReport", "is_outage", "utc"]

_OUTAGES_TOLD = 50
# What adds up over passes; the rest of a summary is that of the last pass.
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
    """Whether a pass failed for a reason that may pass by itself: a silent side, a failing one, or one at work."""
    if isinstance(error, (Outage, TransportError, LeaseHeld)):
        return True
    return isinstance(error, ApiError) and (error.status in RETRYABLE or error.status >= 500)


def utc(seconds: float | None = None) -> str:
    """A moment as RFC 3339, now if none is given."""
    moment = datetime.now(timezone.utc) if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class SyncReport:
    """Counts passes and outages.

    :ivar error: of the outage that is going on, ``None`` where the last pass came through.
    """

    most: int
    passes: int = 0
    changed: int = 0
    error: SecretferryError | None = None
    totals: Counter[str] = field(default_factory=Counter)
    plan: list[dict[str, t.Any]] = field(default_factory=list)
    plan_left_out: int = 0
    runs: list[str] = field(default_factory=list)
    _outages: list[dict[str, t.Any]] = field(default_factory=list)
    _left_out: int = 0
    _since: float = 0.0

    def came_through(self, values: t.Mapping[str, t.Any], *, changed: bool, run: str) -> None:
        """A pass came to its end."""
        self._end_outage()
        self.passes += 1
        self.changed += changed
        summary = values["summary"]
        for name in _ADDED:
            self.totals[name] += summary.get(name, 0)
        if run:
            self.runs = [*self.runs, run][-_OUTAGES_TOLD:]
        # Lines that changed something add up; what is merely left alone is told of the last pass.
        self.plan = [line for line in self.plan if line["action"] not in ("skip", "conflict", "refuse")]
        room = max(0, self.most - len(self.plan))
        self.plan += values["plan"][:room]
        self.plan_left_out += values["plan_left_out"] + max(0, len(values["plan"]) - room)

    def failed(self, error: SecretferryError) -> int:
        """A pass failed for an outage; returns how many did in a row."""
        if self.error is None:
            self._since = time.monotonic()
            if len(self._outages) < _OUTAGES_TOLD:
                self._outages.append({"began": utc(), "ended": None, "tries": 0})
            else:
                self._left_out += 1
                self._outages[-1] = {"began": utc(), "ended": None, "tries": 0}
        self.error = error
        now = self._outages[-1]
        now["tries"] += 1
        now["reason"] = error.message
        return int(now["tries"])

    @property
    def out_for(self) -> float:
        """Seconds that the outage has lasted, 0 where there is none."""
        return time.monotonic() - self._since if self.error is not None else 0.0

    def shown(self) -> dict[str, t.Any]:
        """For the module's result."""
        return {
            "passes": {"done": self.passes, "changed": self.changed, "outages": len(self._outages) + self._left_out},
            "outages": [dict(outage) for outage in self._outages],
            "totals": {name: self.totals[name] for name in _ADDED},
            "runs": self.runs,
        }

    def _end_outage(self) -> None:
        if self.error is not None:
            self._outages[-1]["ended"] = utc()
            self.error = None
