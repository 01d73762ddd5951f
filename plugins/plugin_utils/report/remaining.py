# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure: what is still to do in a rollout, in sentences."""

from __future__ import annotations

from .model import RolloutProgress, WaveProgress
from .playbooks import plural

__all__ = ["UNFINISHED", "remaining_work"]

UNFINISHED = ("not_started", "planned")
"""The states of a batch that no run has begun to migrate."""


def remaining_work(rollout: RolloutProgress) -> list[str]:
    """What is still to do, in the order in which to do it."""
    steps = []
    if rollout.problems:
        steps.append(f"Solve {plural(len(rollout.problems), 'problem')}; the remedy of each is in its row.")
    if rollout.access_failures:
        count = plural(len(rollout.access_failures), "check")
        steps.append(f"Correct the access rights that {count} found to be wrong, then verify again.")
    if rollout.warnings:
        count = plural(len(rollout.warnings), "path")
        steps.append(f"Decide about {count} that could not be read, or whose difference was accepted.")
    for wave in rollout.waves:
        steps += _remaining_of(wave)
    if rollout.open_credentials:
        steps.append(f"Revoke {plural(len(rollout.open_credentials), 'credential')} of the migration.")
    return steps


def _remaining_of(wave: WaveProgress) -> list[str]:
    waiting = [batch for batch in wave.batches if batch.state in UNFINISHED and batch.is_known]
    rolled_back = [batch for batch in wave.batches if batch.state == "rolled_back"]
    unverified = [batch for batch in wave.batches if batch.state == "migrated"]
    name = f"wave {wave.name}" if wave.name else "the batches without a wave"
    steps = []
    if unknown := sum(not batch.is_known for batch in wave.batches):
        steps.append(
            f"Migrate {plural(unknown, 'batch', 'batches')} of {name} again: how much is at the target is not known."
        )
    if waiting:
        secrets = sum(batch.total for batch in waiting)
        known = f" with {plural(secrets, 'secret')}" if secrets else ""
        steps.append(f"Migrate {plural(len(waiting), 'batch', 'batches')}{known} of {name}.")
    if rolled_back:
        steps.append(f"Migrate {plural(len(rolled_back), 'batch', 'batches')} of {name} again that were rolled back.")
    if unverified:
        steps.append(f"Verify {plural(len(unverified), 'batch', 'batches')} of {name}.")
    if wave.state == "verified":
        steps.append(f"Cut {name} over.")
    return steps
