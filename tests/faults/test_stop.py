# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is told to stop stops, leaves nothing, and a rerun ends as an undisturbed run.

With FERRY_STOPS=50 in the environment, 50 plays are stopped at random moments, in random ways, instead of a few.
"""

from __future__ import annotations

import os
import random
import re
import typing as t

import pytest
from stops import STOPS, WORKS, Stage

from ferrydev.emulator import Emulator
from ferrydev.vault import Vault

SEED = int(os.environ.get("FERRY_SEED") or random.randrange(10_000))
COUNT = int(os.environ.get("FERRY_STOPS") or 1)
SECONDS = 2.0  # from a stop until no process is left, where the machine has nothing else to do


@pytest.fixture(scope="module")
def stage(vault: Vault, _emulator: Emulator) -> t.Iterator[Stage]:
    stage = Stage(vault, _emulator)
    yield stage
    _emulator.control.faults()
    stage.close()


def stop_and_run_again(stage: Stage, work: str, stop: str, part: float) -> str:
    """Stop a work after this part of its requests; returns what was printed."""
    stage.at(work)
    stopped = stage.stopped(work, stop, max(1, int(stage.requests[work] * part)))
    print(f"{work}, {stop}, at {part:.2f}: {stopped.seconds:.2f} s")
    assert stopped.seconds < SECONDS * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), stopped.printed
    stage.again(work)
    return stopped.printed


@pytest.mark.parametrize(
    "stop",
    [
        "sigint to the group",
        "sigterm to the controller",
        "sighup to the controller",
        "cancel by ansible-runner",
        "sigkill to controller and workers",
        "ssh: lost connection",
        "ssh with pipelining: sigkill to controller and workers",
    ],
)
def test_a_migration_stops(stage: Stage, stop: str) -> None:
    printed = stop_and_run_again(stage, "kv_migration", stop, 0.5)
    if stop.startswith(("sigint", "sigterm")):
        assert re.search(r"stopped after \d+ of 61 secrets; run again to go on", printed), printed


@pytest.mark.parametrize("work", [work for work in WORKS if work != "kv_migration"])
def test_every_long_module_stops(stage: Stage, work: str) -> None:
    assert "; run again to go on" in stop_and_run_again(stage, work, "sigint to the group", 0.5)


@pytest.mark.parametrize("number", range(COUNT), ids=lambda number: f"seed{SEED}-{number}")
def test_stopped_at_a_random_moment(stage: Stage, number: int) -> None:
    chance = random.Random(f"{SEED} {number}")
    # Not at the very end: a run may make some requests less than the one that was counted.
    stop_and_run_again(stage, chance.choice([*WORKS]), chance.choice(STOPS), 0.9 * chance.random())
