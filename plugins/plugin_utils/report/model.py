# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The terms of a report: a row, a batch, a wave, and the rollout that holds them. Values, no work."""

from __future__ import annotations

import functools
import typing as t
from collections import Counter
from dataclasses import dataclass, field

from .target import NOTHING, Figures

__all__ = [
    "AS_EXPECTED",
    "OUTCOMES",
    "SECTIONS",
    "BatchProgress",
    "ReportRow",
    "RolloutProgress",
    "TriedApplication",
    "WaveProgress",
]

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

SECTIONS = ("problems", "warnings", "access", "credentials", "checks", "written", "attempts", "playbooks")
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
    ``at_target``: secrets and versions at the target; None if no run has counted them since they may have changed.
    ``skipped``: secrets that the newest run left out.
    ``failed_secrets``: those that the newest run did not migrate, or not completely.
    """

    name: str
    wave: str = ""
    wave_number: int = 0
    migration: str = ""
    secrets: int | None = None
    state: str = "not_started"
    at_target: Figures = NOTHING
    failed_secrets: int = 0
    skipped: int = 0
    seconds: float = 0.0
    attempts: int = 0
    verified: bool = False
    failed: bool = False
    recorded: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """Secrets of the inventory; more if the target has more, as it does after a removal at the source."""
        there = self.at_target.secrets or 0
        if self.secrets is None:
            return there + self.failed_secrets
        return max(self.secrets, there, self.failed_secrets)

    @property
    def is_known(self) -> bool:
        return self.at_target.secrets is not None

    @property
    def not_migrated(self) -> int:
        return min(self.failed_secrets, self.total)

    @property
    def migrated(self) -> int:
        """Secrets at the target with all their versions."""
        return min(self.at_target.secrets or 0, self.total - self.not_migrated)

    @property
    def left_out(self) -> int:
        return min(self.skipped, self.total - self.not_migrated - self.migrated) if self.is_known else 0

    @property
    def remaining(self) -> int:
        return self.total - self.migrated - self.not_migrated - self.left_out


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

    @property
    def at_target(self) -> Figures:
        """The sum of its batches; what is not known of one is not known of the wave."""
        return functools.reduce(Figures.plus, (batch.at_target for batch in self.batches), NOTHING)

    def count(self, what: str) -> int:
        """The sum of an attribute of its batches."""
        return sum(int(getattr(batch, what)) for batch in self.batches)

    @property
    def verified(self) -> int:
        """The secrets of its verified batches."""
        return sum(batch.migrated for batch in self.batches if batch.verified)


@dataclass(frozen=True)
class TriedApplication:
    """An application that was tried, and the rows of each record that has it, in the order of waves and batches."""

    name: str
    secrets: int
    versions: int
    denials: int
    parts: list[tuple[str, list[ReportRow]]]

    @property
    def problems(self) -> int:
        return sum(row.outcome != AS_EXPECTED for _place, rows in self.parts for row in rows)


@dataclass
class RolloutProgress:
    """Everything that the report says, in order. Lists are complete; the page shows the first rows of each.

    ``not_listed``: entries that modules counted and did not list. ``seconds``: of all recorded tasks together.
    ``totals``: what is at the target of each migration that a run counted as a whole.
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
    playbooks: list[ReportRow]
    applications: list[TriedApplication]
    totals: dict[str, Figures]
    not_listed: int
    as_of: str
    seconds: float

    @property
    def batches(self) -> list[BatchProgress]:
        return [batch for wave in self.waves for batch in wave.batches]

    @property
    def at_target(self) -> Figures:
        """Secrets and versions at the target, of all migrations."""
        of_batches: dict[str, Figures] = {}
        for batch in self.batches:
            of_batches[batch.migration] = of_batches.get(batch.migration, NOTHING).plus(batch.at_target)
        return functools.reduce(Figures.plus, {**of_batches, **self.totals}.values(), NOTHING)

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
