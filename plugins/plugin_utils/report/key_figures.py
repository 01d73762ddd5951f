# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The figures at the top of a report's page."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from .model import RolloutProgress
from .target import Figures

__all__ = ["Figure", "key_figures", "number_of", "other_secrets"]


@dataclass(frozen=True)
class Figure:
    """One of the numbers at the top."""

    label: str
    value: str
    note: str
    tone: str


def key_figures(rollout: RolloutProgress) -> list[Figure]:
    """How far the migration is, in six numbers."""
    migrated = sum(batch.migrated for batch in rollout.batches)
    total = sum(batch.total for batch in rollout.batches)
    left_out = sum(batch.left_out for batch in rollout.batches)
    verified = sum(wave.verified for wave in rollout.waves)
    secrets, versions = rollout.at_target
    applications = len(rollout.applications)
    wrong = sum(bool(application.problems) for application in rollout.applications)
    recorded, still_open = len(rollout.credentials), len(rollout.open_credentials)
    return [
        Figure("Secrets at the target", number_of(secrets), _of(total, left_out, migrated, secrets), "info"),
        Figure("Versions at the target", number_of(versions), "of these secrets", "info"),
        Figure(
            "Secrets verified",
            f"{verified:,}",
            f"of {migrated:,} migrated",
            "good" if migrated and verified == migrated else "idle",
        ),
        Figure(
            "Problems",
            f"{len(rollout.problems):,}",
            "conflicts, failures, differences",
            "bad" if rollout.problems else "good" if rollout.as_of else "idle",
        ),
        Figure(
            "Applications as expected",
            f"{applications - wrong:,}",
            f"of {applications:,} tried" if applications else "none recorded",
            "bad" if wrong else "good" if applications else "idle",
        ),
        Figure(
            "Credentials open",
            f"{still_open:,}" if recorded else "\N{EN DASH}",
            f"of {recorded:,} recorded" if recorded else "none recorded",
            "warn" if still_open else "good" if recorded else "idle",
        ),
    ]


def _of(total: int, left_out: int, migrated: int, secrets: int | None) -> str:
    """What the number of secrets at the target is to be compared with."""
    parts = [f"of {total:,}" if total else ""]
    if left_out:
        parts.append(f"{left_out:,} left out")
    if secrets is not None and secrets > migrated and total:
        parts.append(f"{secrets - migrated:,} incomplete or in no batch")
    return "; ".join(filter(None, parts))


def other_secrets(rollout: RolloutProgress) -> list[tuple[str, Figures]]:
    """By migration: what is at the target beside the batches' secrets, if a run of the whole migration shows that."""
    found = []
    for migration, total in sorted(rollout.totals.items()):
        own = (batch.at_target for batch in rollout.batches if batch.migration == migration)
        more = total.minus(functools.reduce(Figures.plus, own, Figures(0, 0)))
        if rollout.batches and any(more):
            found.append((migration, more))
    return found


def number_of(count: int | None) -> str:
    """``1,200``, or that it is not known."""
    return "not known" if count is None else f"{count:,}"
