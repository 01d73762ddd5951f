# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is killed at any request, and run again, ends as an undisturbed one. The seed is in the tests' names."""

from __future__ import annotations

import json
import os
import random
import typing as t

import pytest
from killing import comparable, kill_at, kill_points, small_shards, spread_points

from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault

SEED = int(os.environ.get("FERRY_SEED") or random.randrange(10_000))
OPTIONS: dict[str, t.Any] = {"concurrency": 6}


@pytest.fixture(scope="module")
def scene(vault: Vault, _emulator: Emulator) -> Scene:
    """36 secrets with 1 to 5 versions, nested, some deleted, every fourth with metadata that needs a metadata item."""
    scene = Scene(vault, _emulator)
    for i in range(36):
        path = f"team{i % 3}/app{i}" if i % 2 else f"app{i}"
        if i % 4 == 0:
            custom = {f"note{k}": f"{i} {'long ' * 80}" for k in range(4)}
            if i == 8:  # more than one item holds
                custom = {f"note{k}": f"{k}é" * 100 for k in range(60)}
            scene.kv.describe(path, custom_metadata=custom, max_versions=12)
        scene.kv.put(path, *({"n": n, "of": path, "big": 2**60 + n} for n in range(1, 2 + i % 5)))
        if i % 5 == 4:
            scene.kv.delete(path, 2)
    return scene


@pytest.fixture
def clean(scene: Scene, emulator: Emulator) -> Scene:
    """The scene with an empty target."""
    return scene


@pytest.fixture(scope="module")
def expected(scene: Scene, _emulator: Emulator) -> tuple[dict[str, t.Any], int]:
    """The target of an undisturbed run, and how many requests it took."""
    _emulator.control.reset()
    scene.migration.ok(**OPTIONS)
    return comparable(scene.migration), int(_emulator.control.counters()["requests"])


def _finish(scene: Scene, target: dict[str, t.Any]) -> None:
    """Run again: the target is complete; and once more: there is nothing left to do or to look at."""
    control = scene.emulator.control
    scene.migration.ok(**OPTIONS)
    assert comparable(scene.migration) == target
    control.reset_counters()
    third = scene.migration.ok(**OPTIONS)
    assert not third.changed
    assert third.values["values_read"]["vault"] == 0
    assert third.values["summary"]["unchanged"] == sum(third.values["summary"].values())
    counted = control.counters()
    assert counted["writes"] == 0
    ledger = [n for n in control.dump() if n.rpartition("/")[0].endswith("/.secretferry/test")]
    assert counted["values_read"] == len(ledger)


@pytest.mark.parametrize("point", range(16), ids=lambda point: f"seed{SEED}-{point}")
def test_killed_at_a_request(clean: Scene, expected: tuple[dict[str, t.Any], int], point: int) -> None:
    target, requests = expected
    request, when = kill_points(SEED, 16, requests)[point]
    kill_at(clean.migration, request, when, **OPTIONS)
    _finish(clean, target)


@pytest.mark.parametrize("point", range(6), ids=lambda point: f"seed{SEED}-{point}")
def test_killed_while_the_ledgers_shards_split(
    clean: Scene, expected: tuple[dict[str, t.Any], int], point: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch, clean.migration)
    target, requests = expected
    request, when = kill_points(SEED + 1, 6, int(requests * 1.1))[point]
    kill_at(clean.migration, request, when, **OPTIONS)
    _finish(clean, target)


@pytest.mark.parametrize("point", range(4), ids=lambda point: f"seed{SEED}-{point}")
def test_killed_twice(clean: Scene, expected: tuple[dict[str, t.Any], int], point: int) -> None:
    target, requests = expected
    chance = random.Random(f"{SEED} {point}")
    first, second = spread_points(chance, 2, requests)
    kill_at(clean.migration, first, "after" if point % 2 else "before", **OPTIONS)
    # The second run has less to do: kill it among the requests that the first one made.
    kill_at(clean.migration, 10 + second % (requests - first) // 2, "before" if point % 2 else "after", **OPTIONS)
    _finish(clean, target)


@pytest.fixture(scope="module")
def keyed(vault: Vault, _emulator: Emulator) -> tuple[Scene, dict[str, t.Any], int]:
    """A migration with one item per key."""
    _emulator.control.reset()
    scene = Scene(vault, _emulator, layout="keys")
    for i in range(8):
        scene.kv.put(f"app{i}", *({f"k{k}": f"{n} {k}" for k in range(1 + (i + n) % 6)} for n in range(1, 4)))
    scene.migration.ok(**OPTIONS)
    return scene, comparable(scene.migration), int(_emulator.control.counters()["requests"])


@pytest.mark.parametrize("point", range(6), ids=lambda point: f"seed{SEED}-{point}")
def test_killed_with_one_item_per_key(
    keyed: tuple[Scene, dict[str, t.Any], int], emulator: Emulator, point: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, target, requests = keyed
    small_shards(monkeypatch, scene.migration)
    request, when = kill_points(SEED + 3, 6, requests)[point]
    kill_at(scene.migration, request, when, **OPTIONS)
    _finish(scene, target)


@pytest.fixture(scope="module")
def second(vault: Vault, _emulator: Emulator) -> tuple[Scene, dict[str, t.Any], int]:
    """A migration that ran once; its source has new versions, new metadata, new and removed secrets since."""
    control = _emulator.control
    control.reset()
    scene = Scene(vault, _emulator)
    for i in range(24):
        scene.kv.put(f"app{i}", *({"n": n} for n in range(1, 2 + i % 3)))
    scene.migration.ok(**OPTIONS)
    control.snapshot("first")
    for i in range(24):
        path = f"app{i}"
        if i % 2:
            scene.kv.put(path, {"n": "new"}, {"n": "newer"})
        if i % 3 == 0:
            scene.kv.describe(path, custom_metadata={f"k{n}": "v" * 200 for n in range(1 + i % 9)})
        if i % 8 == 7:
            scene.kv.remove(path)
            scene.kv.put(path, {"n": 1}, {"n": "again"})
    scene.kv.put("late", {"n": 1}, {"n": 2})
    control.reset_counters()
    scene.migration.ok(**OPTIONS)
    return scene, comparable(scene.migration), int(control.counters()["requests"])


@pytest.mark.parametrize("point", range(8), ids=lambda point: f"seed{SEED}-{point}")
def test_killed_while_it_carries_over_what_is_new(
    second: tuple[Scene, dict[str, t.Any], int], emulator: Emulator, point: int
) -> None:
    scene, target, requests = second
    emulator.control.reset("first")
    request, when = kill_points(SEED + 2, 8, requests)[point]
    kill_at(scene.migration, request, when, **OPTIONS)
    _finish(scene, target)


@pytest.mark.parametrize("versions", [True, False])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("route", ["update-item", "update-secret-val"])
def test_killed_and_the_source_goes_on_before_the_next_run(
    vault: Vault, emulator: Emulator, route: str, when: str, versions: bool
) -> None:
    scene = Scene(vault, emulator, metadata_mode="minimal")
    scene.kv.put("s", {"n": 1})
    scene.kv.describe("s", custom_metadata={"owner": "first"})
    scene.migration.ok()
    if versions:
        scene.kv.put("s", {"n": 2})
    scene.kv.describe("s", custom_metadata={"owner": "second"})
    kill_at(scene.migration, 1, when, routes=[route])
    scene.kv.describe("s", custom_metadata={"owner": "third"})
    scene.kv.put("s", {"n": 3})
    scene.migration.ok()
    assert scene.values("s") == [{"n": 1}, *([{"n": 2}] * versions), {"n": 3}]
    assert scene.item("s")["description"] == '{"owner":"third"}'
    assert not scene.migration.ok().changed


def test_a_description_that_others_change_after_the_kill_is_a_conflict(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, metadata_mode="minimal")
    scene.kv.put("s", {"n": 1})
    scene.kv.describe("s", custom_metadata={"owner": "first"})
    scene.migration.ok()
    scene.kv.describe("s", custom_metadata={"owner": "second"})
    kill_at(scene.migration, 1, "before", routes=["update-item"])
    # The lease, and so the run, expired long before another program edits the description.
    name = "/migrated/.secretferry/test/lease"
    lease = json.loads(emulator.control.dump()[name]["versions"][-1]["value"])
    past = {**lease, "since": lease["since"] - 500, "until": lease["until"] - 500}
    scene.call("update-secret-val", **{"name": name, "value": json.dumps(past), "keep-prev-version": "false"})
    scene.call("update-item", name=scene.name("s"), description="mine now")
    result = scene.migration.run()
    assert result.values["summary"]["conflicts"] == 1
    assert scene.item("s")["description"] == "mine now"
