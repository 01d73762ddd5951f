# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Akeyless fails, or answers are lost: the target is complete afterwards, and no version is there twice."""

from __future__ import annotations

import typing as t

import pytest
from killing import apart, comparable

from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault

ROUTES = [
    "auth",
    "create-secret",
    "delete-item",
    "describe-item",
    "get-account-settings",
    "get-secret-value",
    "list-items",
    "update-item",
    "update-secret-val",
]
FAULTS: dict[str, dict[str, t.Any]] = {
    "drop": {"action": "drop"},
    "500": {"action": "error", "status": 500},
    "503": {"action": "error", "status": 503},
    "429": {"action": "error", "status": 429},
    "429-told-when": {"action": "error", "status": 429, "retry_after": 1},
    "silence": {"action": "hang"},
}
OPTIONS: dict[str, t.Any] = {"concurrency": 4, "akeyless": {"timeout": 1}}
# Longer than a description.
NOTES = {f"k{n}": "v" * 300 for n in range(5)}


@pytest.fixture(scope="module")
def scene(vault: Vault, _emulator: Emulator) -> Scene:
    """Migrated once, in the snapshot ``lost``; since then everything that a second run writes has come up."""
    scene = Scene(vault, _emulator)
    control = _emulator.control
    control.reset()
    for path in ("a", "b/c", "gone", "d"):
        scene.kv.put(path, {"v": 1}, {"v": 2})
    scene.migration.ok(**OPTIONS)
    # The ledger's definition is lost: its shards are deleted and made anew.
    scene.call("delete-item", name="/migrated/.secretferry/test/definition")
    control.snapshot("lost")
    scene.kv.put("a", {"v": 3}, {"v": 4})
    scene.kv.describe("a", custom_metadata=NOTES)
    scene.kv.describe("d", custom_metadata={"k": "v"})
    scene.kv.put("new", {"v": 1}, {"v": 1}, {"v": 2})
    scene.kv.describe("new", custom_metadata=NOTES)
    return scene


@pytest.fixture(scope="module")
def expected(scene: Scene, _emulator: Emulator) -> dict[str, t.Any]:
    """The target after an undisturbed run."""
    _emulator.control.reset("lost")
    scene.migration.ok(**OPTIONS)
    return comparable(scene.migration)


def _completes(scene: Scene, expected: dict[str, t.Any]) -> None:
    """The run did all, or said that it did not, and what to do; then running again did all."""
    told = apart(scene.migration, **OPTIONS)
    scene.emulator.control.faults()
    if told.error:
        assert "Unexpected" not in told.error
        assert ". " in told.error, "a remedy"
        assert apart(scene.migration, **OPTIONS).error == ""
    assert comparable(scene.migration) == expected
    last = apart(scene.migration, **OPTIONS)
    assert (last.error, last.changed, last.values["values_read"]["vault"]) == ("", False, 0)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("route", ROUTES)
def test_lost_before_the_effect_and_then_after_it(
    scene: Scene, expected: dict[str, t.Any], emulator: Emulator, route: str, fault: str
) -> None:
    emulator.control.reset("lost")
    rule = {**FAULTS[fault], "routes": [route]}
    emulator.control.faults(rules=[{**rule, "nth": [1]}, {**rule, "when": "after", "nth": [2]}])
    _completes(scene, expected)


@pytest.mark.parametrize("fault", ["drop", "503"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("every", [2, 3])
def test_every_so_many_writes(
    scene: Scene, expected: dict[str, t.Any], emulator: Emulator, every: int, when: str, fault: str
) -> None:
    emulator.control.reset("lost")
    emulator.control.faults(rules=[{**FAULTS[fault], "routes": ["writes"], "when": when, "every": every}])
    _completes(scene, expected)


@pytest.mark.parametrize("seed", range(6))
def test_anything_at_random(scene: Scene, expected: dict[str, t.Any], emulator: Emulator, seed: int) -> None:
    emulator.control.reset("lost")
    rules = [
        {"action": "drop", "when": "after", "probability": 0.1},
        {"action": "drop", "probability": 0.1},
        {"action": "error", "status": 429, "probability": 0.1},
        {"action": "error", "status": 502, "when": "after", "probability": 0.05},
        {"action": "error", "status": 504, "probability": 0.05},
        {"action": "expire_tokens", "probability": 0.03},
    ]
    emulator.control.faults(seed=seed, rules=rules)
    _completes(scene, expected)


def test_a_first_failure_after_a_long_quiet_time_is_no_outage(vault: Vault, emulator: Emulator) -> None:
    # A walk through a large Vault leaves Akeyless alone for minutes: see test_pacing.py for the clock itself.
    scene = Scene(vault, emulator)
    scene.kv.put("s", {"v": 1})
    emulator.control.faults(rules=[{"action": "error", "status": 503, "routes": ["list-items"], "nth": [2]}])
    result = scene.migration.ok()
    assert result.values["retries"]["akeyless"] == 1


def test_pressure_lowers_concurrency_and_the_run_completes(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    for n in range(30):
        scene.kv.put(f"s{n}", {"v": n})
    emulator.control.faults(rate_limit={"requests": 25, "seconds": 0.5})
    result = scene.migration.ok(concurrency=16)
    assert len(scene.migration.items()) == 30
    assert result.values["lowest_concurrency"]["akeyless"] < 16
    assert result.values["lowest_concurrency"]["vault"] == 16
    assert result.values["retries"]["akeyless"] > 0


def test_one_secret_that_always_fails_does_not_stop_the_others(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    for path in ("a", "b", "c"):
        scene.kv.put(path, {"v": path})
    text = 'cannot store {"v":"b"}'
    rule = {"action": "error", "status": 400, "text": text, "routes": ["create-secret"], "nth": [4]}
    emulator.control.faults(rules=[rule])
    told = apart(scene.migration, concurrency=1)
    assert len(scene.migration.items()) == 2
    assert told.values["summary"]["failed"] == 1
    assert told.values["failures"][0]["remedy"]
    emulator.control.faults()
    assert apart(scene.migration).error == ""
    assert len(scene.migration.items()) == 3
