# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in processes of their own that are killed at a given request, and targets that can be compared afterwards."""

from __future__ import annotations

import dataclasses
import json
import multiprocessing
import random
import time
import traceback
import typing as t
from dataclasses import dataclass
from multiprocessing.connection import Connection

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ferrydev.migrating import Migration

__all__ = [
    "RunOutcome",
    "apart",
    "comparable",
    "kill_at",
    "kill_points",
    "small_shards",
    "spread_points",
    "start",
    "until",
]

_fork = multiprocessing.get_context("fork")  # a fork costs milliseconds, a fresh interpreter most of a second
_FEWER = 6  # requests that a run may make less than another one of the same work; up to 4 were seen
_BEYOND = 2000  # requests; more than any run sends


def start(migration: Migration, **options: t.Any) -> multiprocessing.process.BaseProcess:
    """Begin a run in a process of its own."""
    process = _fork.Process(target=migration.run, kwargs=options)
    process.start()
    return process


def until(true: t.Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait for a condition of another process, which nothing but asking can tell."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"{what} did not happen within {seconds} s"
        time.sleep(0.005)


def kill_at(migration: Migration, request: int, when: str, routes: t.Sequence[str] = ("*",), **options: t.Any) -> None:
    """Run, and kill the process by SIGKILL when the target has got that many requests to ``routes``.

    A run may also end by itself before that, but only within the last few requests of the run that was counted.

    :param when: ``before`` or ``after`` the request took effect. Later ones to these routes stop there, too.
    """
    control = migration.emulator.control
    nth = list(range(request, request + _BEYOND))
    control.faults(rules=[{"action": "hang", "when": when, "nth": nth, "routes": list(routes)}])
    process = start(migration, **options)
    if not control.wait_hanging(30):
        made = int(control.counters()["requests"])
        assert list(routes) == ["*"], f"the run never made {request} requests to {routes}"
        assert request - made <= _FEWER, f"the run made {made} requests, and should have made {request}"
        assert not process.is_alive(), f"the run neither ended nor went on after {made} requests"
    process.kill()
    process.join()
    # Not before the emulator has noticed: what is released earlier would still take effect.
    until(lambda: control.counters()["hanging"] == 0, "the end of what hung")
    control.faults()


def kill_points(seed: int, points: int, requests: int) -> list[tuple[int, str]]:
    """Random requests, spread over the whole run, before and after the effect in turn."""
    chance = random.Random(seed)
    places = spread_points(chance, points, requests)
    return [(place, ("before", "after")[i % 2]) for i, place in enumerate(places)]


def spread_points(chance: random.Random, points: int, requests: int) -> list[int]:
    """One random number in each of ``points`` equal parts of ``1..requests``."""
    return [1 + int(requests * (i + chance.random()) / points) for i in range(points)]


def comparable(migration: Migration) -> dict[str, t.Any]:
    """The target without what differs from run to run: the ledger except metadata items, random digests, run ids."""
    folder = "/.secretferry/"
    items = migration.emulator.control.dump(stable=True)
    kept = {name: item for name, item in items.items() if folder not in name or "/metadata" in name}
    for name, item in kept.items():
        item["tags"] = [tag for tag in item["tags"] if ":run-" not in tag]
        if "secretferry_metadata" in item["description"]:
            pointer = json.loads(item["description"])["secretferry_metadata"]
            assert pointer.pop("digest"), name
            assert pointer["item"] in kept, f"{name} points nowhere"
            item["description"] = pointer
    return kept


def small_shards(monkeypatch: pytest.MonkeyPatch, migration: Migration, limit: int = 1200, unsaved: int = 5) -> None:
    """Give its runs, until the test ends, shards that split again and again with a few dozen secrets."""
    limits = dataclasses.replace(migration.limits, shard_bytes=limit, unsaved_entries=unsaved)
    monkeypatch.setattr(migration, "limits", limits)


@dataclass
class RunOutcome:
    """What a run said: ``error`` is empty for success."""

    error: str
    changed: bool
    values: dict[str, t.Any]
    warnings: list[str]


def apart(migration: Migration, **options: t.Any) -> RunOutcome:
    """Run in a process of its own, so that the next run may know that this one has ended."""
    receiver, sender = _fork.Pipe(duplex=False)
    process = _fork.Process(target=_tell, args=(sender, migration, options))
    process.start()
    sender.close()
    try:
        outcome: RunOutcome = receiver.recv()
    finally:
        process.join()
    return outcome


def _tell(sender: Connection, migration: Migration, options: dict[str, t.Any]) -> None:
    try:
        result = migration.run(**options)
    except SecretferryError as error:
        sender.send(RunOutcome(str(error), False, {}, []))
    except Exception as error:
        # As the runner says it.
        sender.send(
            RunOutcome(f"Unexpected {traceback.format_exception_only(error)} {traceback.format_exc()}", False, {}, [])
        )
    else:
        sender.send(RunOutcome(str(result.error or ""), result.changed, result.values, result.warnings))
