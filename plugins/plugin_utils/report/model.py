# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The terms of a report: a row, a batch, a wave, and the rollout that holds them. Values, no work."""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass, field

__all__ = ["AS_EXPECTED", "OUTCOMES", "SECTIONS", "BatchProgress", "ReportRow", "RolloutProgress", "WaveProgress"]

OUTCOMES = (
    "created",
    "appended",
    "overwritten",
    "metadata_updated",
    "adopted",
    "unchanged",
    "skipped",
    "conflicts",
    "failed",
    "unreadable",
)
"""Counts of a migration's summary that the page shows, in this order."""

SECTIONS = ("problems", "warnings", "access", "credentials", "checks", "written", "attempts")
"""The tables of a report, in their order in the CSV file; attributes of :class:`RolloutProgress`."""

AS_EXPECTED = "as_expected"
_CLOSED = ("revoked", "expired", "deleted", "rotated")


@dataclass(frozen=True)
class ReportRow:
    """One line of a table, and of the CSV file."""

    section: str
    wave: str
    batch: str
    step: str
    source: str
    item: str
    outcome: str
    reason: str
    remedy: str
    recorded: str


@dataclass
class BatchProgress:
    """One batch, and what the newest records say of it.

    ``secrets``: how many the inventory counted; None where it is unknown. ``recorded``: the time of the newest record.
    """

    name: str
    wave: str = ""
    wave_number: int = 0
    migration: str = ""
    secrets: int | None = None
    state: str = "not_started"
    migrated: int = 0
    not_migrated: int = 0
    versions_written: int = 0
    seconds: float = 0.0
    attempts: int = 0
    verified: bool = False
    failed: bool = False
    recorded: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return max(self.secrets or 0, self.migrated + self.not_migrated)

    @property
    def remaining(self) -> int:
        return self.total - self.migrated - self.not_migrated


@dataclass
class WaveProgress:
    """The batches of one name and number."""

    name: str
    number: int
    batches: list[BatchProgress] = field(default_factory=list)

    @property
    def state(self) -> str:
        """That of all its batches; ``failed`` if any failed, otherwise ``in_progress`` where they differ."""
        states = {batch.state for batch in self.batches}
        if states & {"failed", "verification_failed"}:
            return "failed"
        return states.pop() if len(states) == 1 else "in_progress"

    def count(self, what: str) -> int:
        """The sum of an attribute of its batches."""
        return sum(int(getattr(batch, what)) for batch in self.batches)

    @property
    def verified(self) -> int:
        """The secrets of its verified batches."""
        return sum(batch.migrated for batch in self.batches if batch.verified)


@dataclass
class RolloutProgress:
    """Everything that the report says, in order. Lists are complete; the page shows the first rows of each.

    ``not_listed``: entries that modules counted and did not list. ``seconds``: of all recorded tasks together.
    """

    waves: list[WaveProgress]
    migrations: list[str]
    locations: list[str]
    outcomes: Counter[str]
    problems: list[ReportRow]
    warnings: list[ReportRow]
    access: list[ReportRow]
    credentials: list[ReportRow]
    checks: list[ReportRow]
    written: list[ReportRow]
    attempts: list[ReportRow]
    not_listed: int
    as_of: str
    seconds: float

    @property
    def batches(self) -> list[BatchProgress]:
        return [batch for wave in self.waves for batch in wave.batches]

    @property
    def open_credentials(self) -> list[ReportRow]:
        return [row for row in self.credentials if row.outcome not in _CLOSED]

    @property
    def access_failures(self) -> list[ReportRow]:
        return [row for row in self.access if row.outcome != AS_EXPECTED]

    def table(self, section: str) -> list[ReportRow]:
        """The rows of one of :data:`SECTIONS`."""
        return t.cast("list[ReportRow]", getattr(self, section))

    def rows(self) -> list[ReportRow]:
        """The rows of all tables, for the CSV file."""
        return [row for section in SECTIONS for row in self.table(section)]
