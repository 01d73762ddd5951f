# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback after a migration that was killed, a rollback that is killed itself, and answers that are lost."""

from __future__ import annotations

import os
import random
import typing as t
from dataclasses import dataclass

import pytest
from killing import apart, kill_at, kill_points, small_shards, spread_points

from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.vault import Vault

SEED = int(os.environ.get("FERRY_SEED") or random.randrange(10_000))
OPTIONS: dict[str, t.Any] = {"concurrency": 5}


@dataclass
class Story:
    """A target before any run, after the first run, and after the second, which appended, described and took over.

    The emulator has a snapshot of each state: ``before``, ``first``, ``second``.
    """

    scene: Scene
    states: dict[str, dict[str, t.Any]]
    run: str
    requests: dict[str, int]
    counts: bool

    def at(self, name: str) -> None:
        """Set the target to one of the states."""
        self.scene.emulator.control.reset(name)
        self.scene.emulator.control.settings(deleted_versions_count=self.counts)


def state(emulator: Emulator) -> dict[str, t.Any]:
    """Everything but the ledger's own bookkeeping, and but for what a rollback cannot bring back: numbers to come."""
    items = emulator.control.dump(stable=True)
    for item in items.values():
        item["max_versions"] = item["max_versions"] or 10
        del item["last_version"]
    return {name: item for name, item in items.items() if "/.secretferry/" not in name or "/metadata" in name}


def _tell(vault: Vault, emulator: Emulator, layout: str, counts: bool) -> Story:
    control = emulator.control
    control.reset()
    control.settings(deleted_versions_count=counts)
    scene = Scene(vault, emulator, layout=layout)
    for n in range(16):
        scene.kv.put(f"app{n}", *({"a": f"{n} {v}"} for v in range(1, 2 + n % 3)))
        if n % 4 == 0:
            scene.kv.describe(f"app{n}", custom_metadata={f"note{k}": "long " * 80 for k in range(4)})
    suffix = "/a" if layout == "keys" else ""
    for n in range(16, 22):
        scene.kv.put(f"app{n}", {"a": "ours"}, {"a": "ours too"})
        value = '{"theirs":1}' if n % 2 else f"theirs {n}"
        scene.call("create-secret", name=scene.name(f"app{n}") + suffix, value=value, tags=["t"], description="theirs")
    for n in range(16, 22, 2):
        body = {"name": scene.name(f"app{n}") + suffix, "value": "theirs, newer", "keep-prev-version": "true"}
        scene.call("update-secret-val", **body)
    states, requests = {"before": state(emulator)}, {}
    control.snapshot("before")
    control.reset_counters()
    mount = scene.kv.mount
    narrow = {"paths": [f"{mount}/"], "exclude": [f"{mount}/app{n}" for n in range(14, 22)]}
    scene.migration.ok(**OPTIONS, source=narrow)
    requests["first"] = control.counters()["requests"]
    states["first"] = state(emulator)
    control.snapshot("first")
    for n in range(0, 14, 2):
        scene.kv.put(f"app{n}", {"a": "later"}, {"a": "latest"})
    for n in range(1, 14, 4):
        scene.kv.describe(f"app{n}", custom_metadata={"owner": "x" * 200})
    control.reset_counters()
    second = scene.migration.ok(**OPTIONS, conflict="overwrite", source={"exclude": [f"{mount}/none"]})
    requests["second"] = control.counters()["requests"]
    states["second"] = state(emulator)
    control.snapshot("second")
    told = Story(scene, states, second.values["run"], requests, counts)
    for goal in ("before", "first"):
        told.at("second")
        control.reset_counters()
        Rollback(scene.migration).ok(**OPTIONS, **_to(goal, second.values["run"]))
        requests[f"back to {goal}"] = control.counters()["requests"]
        requests[f"deletions back to {goal}"] = control.counters()["routes"]["delete-item"]
        assert state(emulator) == states[goal]
    return told


def _to(goal: str, run: str) -> dict[str, str]:
    return {"from_run": run} if goal == "first" else {}


@pytest.fixture(scope="module", params=[("json", True), ("keys", False)], ids=["json", "keys, numbers fall back"])
def story(request: pytest.FixtureRequest, vault: Vault, _emulator: Emulator) -> Story:
    return _tell(vault, _emulator, *request.param)


@pytest.mark.parametrize("goal", ["before", "first"])
@pytest.mark.parametrize("point", range(8), ids=lambda point: f"seed{SEED}-{point}")
def test_killed_on_the_way_back(story: Story, emulator: Emulator, goal: str, point: int) -> None:
    story.at("second")
    back, options = Rollback(story.scene.migration), {**OPTIONS, **_to(goal, story.run)}
    request, when = kill_points(SEED, 8, story.requests[f"back to {goal}"])[point]
    kill_at(back, request, when, **options)
    told = apart(back, **options)
    assert (told.error, told.values.get("failures")) == ("", [])
    assert state(emulator) == story.states[goal]
    emulator.control.reset_counters()
    assert not apart(back, **options).changed
    assert emulator.control.counters()["writes"] == 0
    if goal == "before":
        assert not [name for name in emulator.control.dump() if "/.secretferry/" in name]


@pytest.mark.parametrize("goal", ["before", "first"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("back_from_the_end", [0, 1, 2, 3, 5, 8])
def test_killed_while_the_ledger_is_cleared(
    story: Story, emulator: Emulator, goal: str, when: str, back_from_the_end: int
) -> None:
    story.at("second")
    back, options = Rollback(story.scene.migration), {**OPTIONS, **_to(goal, story.run)}
    nth = story.requests[f"deletions back to {goal}"] - back_from_the_end
    kill_at(back, nth, when, routes=["delete-item"], **options)
    told = apart(back, **options)
    assert (told.error, told.values.get("failures")) == ("", [])
    assert state(emulator) == story.states[goal]
    assert not apart(back, **options).changed


@pytest.mark.parametrize("point", range(4), ids=lambda point: f"seed{SEED}-{point}")
def test_killed_twice_on_the_way_back(story: Story, emulator: Emulator, point: int) -> None:
    story.at("second")
    back = Rollback(story.scene.migration)
    chance = random.Random(f"{SEED} back {point}")
    first, second = spread_points(chance, 2, story.requests["back to before"])
    kill_at(back, first, "after" if point % 2 else "before", **OPTIONS)
    left = max(12, (story.requests["back to before"] - first) // 2)
    kill_at(back, 10 + second % left, "before" if point % 2 else "after", **OPTIONS)
    told = apart(back, **OPTIONS)
    assert (told.error, told.values.get("failures")) == ("", [])
    assert state(emulator) == story.states["before"]


@pytest.mark.parametrize("goal", ["before", "first"])
@pytest.mark.parametrize("point", range(8), ids=lambda point: f"seed{SEED}-{point}")
def test_back_from_a_run_that_was_killed(
    story: Story, emulator: Emulator, goal: str, point: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_shards(monkeypatch, story.scene.migration)  # so that some of what was done is in the ledger, and some is not
    story.at("first")
    migration, back = story.scene.migration, Rollback(story.scene.migration)
    exclude = {"exclude": [f"{story.scene.kv.mount}/none"]}
    request, when = kill_points(SEED + 1, 8, story.requests["second"])[point]
    kill_at(migration, request, when, **OPTIONS, conflict="overwrite", source=exclude)
    # The killed run did not return its id; the plan does.
    runs = back.run(check=True).values["runs"]
    to = runs[-1] if len(runs) > 1 else None
    if goal == "first" and to is None:
        assert state(emulator) == story.states["first"]  # it was killed before it wrote anything
        return
    options = {"from_run": to} if goal == "first" else {}
    told = apart(back, **OPTIONS, **options)
    assert (told.error, told.values.get("failures")) == ("", [])
    assert state(emulator) == story.states[goal]
    assert not apart(back, **OPTIONS, **options).changed


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("write", [1, 2, 3, 9, 25])
def test_back_from_a_first_run_that_was_killed(story: Story, emulator: Emulator, write: int, when: str) -> None:
    story.at("before")
    migration, back = story.scene.migration, Rollback(story.scene.migration)
    routes = ["create-secret", "update-secret-val", "update-item"]
    kill_at(migration, write, when, routes=routes, **OPTIONS, conflict="overwrite")
    planned = back.run(check=True)
    told = apart(back, **OPTIONS)
    assert (told.error, told.values.get("failures")) == ("", [])
    assert told.changed == planned.changed
    assert state(emulator) == story.states["before"]
    assert not [name for name in emulator.control.dump() if "/.secretferry/" in name]
    assert not apart(back, **OPTIONS).changed


@pytest.mark.parametrize("point", range(6), ids=lambda point: f"seed{SEED}-{point}")
def test_the_migration_goes_on_after_a_rollback_that_was_killed(story: Story, emulator: Emulator, point: int) -> None:
    story.at("second")
    migration, back = story.scene.migration, Rollback(story.scene.migration)
    request, when = kill_points(SEED + 2, 6, story.requests["back to first"])[point]
    kill_at(back, request, when, **OPTIONS, from_run=story.run)
    told = apart(migration, **OPTIONS, conflict="overwrite")
    assert told.error == ""
    values = {n: i["versions"][-1]["value"] for n, i in state(emulator).items() if "/.secretferry/" not in n}
    wanted = {n: i["versions"][-1]["value"] for n, i in story.states["second"].items() if "/.secretferry/" not in n}
    assert values == wanted
    assert not apart(migration, **OPTIONS).changed


FAULTS: dict[str, dict[str, t.Any]] = {
    "lost after": {"action": "drop", "when": "after"},
    "lost before": {"action": "drop", "when": "before"},
    "500 after": {"action": "error", "status": 500, "when": "after"},
    "429 before": {"action": "error", "status": 429, "when": "before"},
}
ROUTES = ["create-secret", "delete-item", "describe-item", "get-secret-value", "list-items", "update-item"]


@pytest.mark.parametrize("goal", ["before", "first"])
@pytest.mark.parametrize("route", [*ROUTES, "update-secret-val"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fifth_answer_goes_wrong(story: Story, emulator: Emulator, fault: str, route: str, goal: str) -> None:
    story.at("second")
    emulator.control.faults(rules=[{**FAULTS[fault], "routes": [route], "every": 5}])
    told = apart(Rollback(story.scene.migration), **OPTIONS, **_to(goal, story.run))
    emulator.control.faults()
    assert (told.error, told.values.get("failures")) == ("", [])
    assert state(emulator) == story.states[goal]


def test_akeyless_goes_away(story: Story, emulator: Emulator) -> None:
    story.at("second")
    emulator.control.faults(rules=[{"action": "error", "status": 400, "text": "no more", "routes": ["delete-item"]}])
    told = apart(Rollback(story.scene.migration), **OPTIONS)
    assert "were not rolled back" in told.error
    assert told.values["failures"][0]["remedy"]
    emulator.control.faults()
    assert apart(Rollback(story.scene.migration), **OPTIONS).error == ""
    assert state(emulator) == story.states["before"]


@pytest.fixture(params=["json", "keys"])
def grown(request: pytest.FixtureRequest, vault: Vault, emulator: Emulator) -> tuple[Scene, str]:
    """Two items, then three more by a second run, whose id is given."""
    scene = Scene(vault, emulator, layout=request.param)
    for name in "ab":
        scene.kv.put(name, {"v": "1"})
    scene.migration.ok()
    for name in "cde":
        scene.kv.put(name, {"v": "1"})
    return scene, scene.migration.ok().values["run"]


@pytest.mark.parametrize("again", [True, False], ids=["back again", "not back again"])
@pytest.mark.parametrize("deletion", [1, 2, 3])
def test_what_a_killed_rollback_has_deleted_is_no_conflict(
    grown: tuple[Scene, str], deletion: int, again: bool
) -> None:
    scene, run = grown
    before = scene.migration.items()
    back = Rollback(scene.migration)
    kill_at(back, deletion, "after", routes=["delete-item"], from_run=run, concurrency=1)
    assert len(scene.migration.items()) == 5 - deletion
    if again:
        assert apart(back, from_run=run).error == ""
        assert len(scene.migration.items()) == 2
    told = apart(scene.migration)
    assert (told.error, told.values["summary"]["conflicts"]) == ("", 0)
    assert sorted(scene.migration.items()) == sorted(before)


def test_an_item_deleted_by_others_stays_a_conflict(grown: tuple[Scene, str]) -> None:
    scene, run = grown
    name = next(iter(scene.migration.items()))
    scene.call("delete-item", name=name)
    kill_at(Rollback(scene.migration), 1, "after", routes=["delete-item"], from_run=run)
    Rollback(scene.migration).ok(from_run=run)
    result = scene.migration.run()
    assert result.values["summary"]["conflicts"] == 1
    assert result.values["failures"][0]["item"] == name
    assert result.values["failures"][0]["reason"] == "deleted at the target since"
