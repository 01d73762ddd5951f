# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches of one migration: which of them write at the same time, and which never do."""

from __future__ import annotations

import json
import os
import time
import typing as t
from collections import Counter

import pytest
from killing import apart, kill_at, small_shards, start, until

from ansible_collections.secretferry.akeyless.plugins.module_utils.limits import Limits
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import bits_of
from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.vault import Vault

FOLDER = "/migrated/.secretferry/test"
SECRETS = 16


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator, concurrency=1)
    while len({bits_of_secret(scene, n)[:3] for n in range(SECRETS)}) < 8:  # every batch of three bits has a secret
        scene = Scene(vault, emulator, concurrency=1)
    for n in range(SECRETS):
        scene.kv.put(f"s{n}", {"v": n}, {"v": n + 0.5})
    return scene


def batch(bits: str) -> dict[str, t.Any]:
    return {"scope": {"hash_prefix": bits}}


def assert_all_there_once(scene: Scene) -> None:
    assert {n: scene.values(f"s{n}") for n in range(SECRETS)} == {n: [{"v": n}, {"v": n + 0.5}] for n in range(SECRETS)}


def hang_at_first_item(scene: Scene) -> None:
    """The first item of a secret that is created hangs; the lease and the definition come before it."""
    scene.emulator.control.faults(rules=[{"action": "hang", "routes": ["create-secret"], "nth": [3]}])


def backups(scene: Scene) -> set[str]:
    return {name for name in scene.emulator.control.dump() if name.startswith(f"{FOLDER}/backup/")}


def lease(scene: Scene, bits: str) -> dict[str, t.Any]:
    item = scene.emulator.control.dump()[f"{FOLDER}/lease-b{bits}" if bits else f"{FOLDER}/lease"]
    return t.cast("dict[str, t.Any]", json.loads(item["versions"][-1]["value"]))


# --- at the same time


@pytest.mark.parametrize("small", [False, True])
def test_batches_that_have_nothing_in_common_write_at_the_same_time(
    scene: Scene, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if small:
        small_shards(monkeypatch, scene.migration, limit=700, unsaved=3)
    runs = [start(scene.migration, **batch(bits)) for bits in ("00", "01", "10", "11")]
    for run in runs:
        run.join()
    assert_all_there_once(scene)
    last = apart(scene.migration)
    assert (last.error, last.changed, last.values["values_read"]["vault"]) == ("", False, 0)


def test_a_rollback_goes_on_where_that_of_another_batch_has_deleted_its_backups(scene: Scene) -> None:
    control = scene.emulator.control
    scene.migration.ok()
    for n in range(SECRETS):
        scene.kv.describe(f"s{n}", custom_metadata={"owner": "shop"})
    for bits in ("0", "1"):
        scene.migration.ok(**batch(bits))
    # It has listed the ledger with all backups, and stops before it reads one of them.
    control.faults(rules=[{"action": "hang", "routes": ["get-secret-value"], "nth": [3]}])
    slow = start(Rollback(scene.migration), **batch("1"))
    assert control.wait_hanging()
    before = backups(scene)
    other = apart(Rollback(scene.migration), **batch("0"))
    assert (other.error, other.changed) == ("", True)
    assert backups(scene) < before
    control.faults()
    slow.join()
    assert scene.migration.items() == {}


def test_a_new_migration_is_defined_once_however_many_batches_begin(scene: Scene) -> None:
    control = scene.emulator.control
    # Each creates its lease, then the definition.
    control.faults(rules=[{"action": "hang", "routes": ["create-secret"], "nth": [2, 4]}])
    runs = [start(scene.migration, **batch("0"))]
    assert control.wait_hanging()
    runs.append(start(scene.migration, **batch("1")))
    until(lambda: control.counters()["hanging"] == 2, "that both batches define the migration")
    control.faults()
    for run in runs:
        run.join()
    assert len(control.dump()[f"{FOLDER}/definition"]["versions"]) == 1
    assert_all_there_once(scene)
    # The digests of both can be compared with one key.
    last = apart(scene.migration)
    assert (last.error, last.changed, last.values["values_read"]["vault"]) == ("", False, 0)


def test_a_batch_with_another_definition_at_the_same_moment_fails(scene: Scene) -> None:
    control = scene.emulator.control
    control.faults(rules=[{"action": "hang", "routes": ["create-secret"], "nth": [2]}])
    slow = start(scene.migration, **batch("0"))
    assert control.wait_hanging()
    other = apart(scene.migration, **batch("1"), metadata_mode="minimal")
    assert other.error == ""
    control.reset_counters()
    control.faults()
    slow.join()
    assert [name for _route, name, _outcome in control.journal() if "/.secretferry/" not in name] == []
    assert scene.migration.run(check=True).values["definition"]["metadata_mode"] == "minimal"


def test_batches_that_change_the_options_at_the_same_moment_must_agree(scene: Scene) -> None:
    control = scene.emulator.control
    scene.migration.ok(**batch("0"))
    scene.migration.ok(**batch("1"))
    for mode, agreed in (("none", True), ("full", False)):
        # It has read the definition, and takes its lease; meanwhile the other batch changes the options.
        control.faults(rules=[{"action": "hang", "routes": ["update-secret-val"], "nth": [1]}])
        slow = start(scene.migration, **batch("0"), metadata_mode="none" if agreed else "minimal")
        assert control.wait_hanging()
        assert apart(scene.migration, **batch("1"), metadata_mode=mode).error == ""
        control.faults()
        slow.join()
        stored = apart(scene.migration, check=True).values["definition"]["metadata_mode"]
        assert stored == mode


# --- never at the same time


@pytest.mark.parametrize(
    ("first", "second"), [("0", "0"), ("0", "01"), ("01", "0"), ("", "1"), ("1", ""), ("011", "0")]
)
def test_the_second_of_two_that_overlap_stops_and_says_who(scene: Scene, first: str, second: str) -> None:
    control = scene.emulator.control
    hang_at_first_item(scene)
    slow = start(scene.migration, **(batch(first) if first else {}))
    assert control.wait_hanging()
    control.reset_counters()
    told = apart(scene.migration, **(batch(second) if second else {}))
    assert "another run of this migration is writing" in told.error
    assert f"(process {slow.pid})" in told.error
    assert (f"batch {first}, " in told.error) == bool(first)
    assert control.counters()["writes"] == 0
    planned = apart(scene.migration, check=True, **(batch(second) if second else {}))
    assert any(f"(process {slow.pid})" in warning for warning in planned.warnings)
    control.faults()
    slow.join()
    assert apart(scene.migration).error == ""
    assert_all_there_once(scene)


@pytest.mark.parametrize(("first", "second"), [("0", "0"), ("0", "00"), ("1", "")])
@pytest.mark.parametrize("again", [False, True])
def test_two_that_take_their_leases_at_the_same_moment_never_both_write(
    scene: Scene, first: str, second: str, again: bool
) -> None:
    control = scene.emulator.control
    if again:  # there are leases of both already
        scene.migration.ok()
        for bits in (first, second):
            scene.kv.put(f"s{next(n for n in range(SECRETS) if bits_of_secret(scene, n).startswith(bits))}", {"v": 0})
            scene.migration.ok(**(batch(bits) if bits else {}))
        for n in range(SECRETS):
            scene.kv.put(f"s{n}", {"v": "new"})
    # The first that a run writes is its lease.
    control.faults(rules=[{"action": "hang", "routes": ["update-secret-val" if again else "create-secret"]}])
    runs = [start(scene.migration, **(batch(bits) if bits else {})) for bits in (first, second)]
    until(lambda: control.counters()["hanging"] == 2, "that both runs take their lease")
    control.faults()
    control.reset_counters()
    for run in runs:
        run.join()
    # No item is written twice: each item that was written was written by one run.
    touched = Counter(
        name
        for route, name, outcome in control.journal()
        if route in ("create-secret", "update-secret-val") and "/.secretferry/" not in name
    )
    most = 1 if again else 2  # versions to write of each secret
    assert all(count <= most for count in touched.values()), touched
    last = apart(scene.migration)
    assert last.error == ""
    if not again:
        assert_all_there_once(scene)
    else:
        assert all(scene.values(f"s{n}")[-1:] == [{"v": "new"}] for n in range(SECRETS))
        assert all(scene.values(f"s{n}").count({"v": "new"}) == 1 for n in range(SECRETS))


def bits_of_secret(scene: Scene, n: int) -> str:
    return bits_of(f"{scene.kv.mount}/s{n}")


def test_a_ledger_that_another_batch_has_changed_since_is_not_written(scene: Scene) -> None:
    control = scene.emulator.control
    scene.migration.ok(**batch("0"))
    for n in range(SECRETS):
        scene.kv.put(f"s{n}", {"v": "new"})
    # It has read the ledger, and wants its lease; meanwhile an overlapping batch writes, and ends.
    control.faults(rules=[{"action": "hang", "routes": ["update-secret-val"], "nth": [1]}])
    slow = start(scene.migration, **batch("0"))
    assert control.wait_hanging()
    done = apart(scene.migration, **batch("00"))
    assert done.error == ""
    control.reset_counters()
    control.faults()
    slow.join()
    wrote = [name for _route, name, _outcome in control.journal() if "/.secretferry/" not in name]
    assert wrote == []
    assert apart(scene.migration).error == ""


@pytest.mark.parametrize(("first", "second"), [("0", "0"), ("00", "0")])
def test_a_ledger_that_was_forgotten_meanwhile_is_not_written(scene: Scene, first: str, second: str) -> None:
    control = scene.emulator.control
    for bits in (first, second):
        scene.migration.ok(**batch(bits))
    for n in range(SECRETS):
        scene.kv.put(f"s{n}", {"v": "new"})
    control.faults(rules=[{"action": "hang", "routes": ["update-secret-val"], "nth": [1]}])
    slow = start(scene.migration, **batch(second))
    assert control.wait_hanging()
    names = [name for name in control.dump() if name.startswith(f"{FOLDER}/")]
    for name in names:
        # As state: absent does. The lease of the slow run stays; it is to find that another one is missing.
        if first == second or not name.endswith(f"/lease-b{second}"):
            scene.call("delete-item", name=name)
    control.reset_counters()
    control.faults()
    slow.join()
    assert [name for _route, name, _outcome in control.journal() if "/.secretferry/" not in name] == []
    assert apart(scene.migration).error == ""


# --- runs that were killed, or seem to be


@pytest.mark.parametrize(("first", "second"), [("0", "00"), ("00", "0"), ("0", "")])
def test_a_batch_whose_run_was_killed_blocks_no_other(scene: Scene, first: str, second: str) -> None:
    kill_at(scene.migration, 6, "after", **batch(first))
    for bits in (second, first):
        assert apart(scene.migration, **(batch(bits) if bits else {})).error == ""
    assert apart(scene.migration).error == ""
    assert_all_there_once(scene)
    assert not apart(scene.migration).changed


def test_a_run_that_slept_finds_that_an_overlapping_one_took_over(scene: Scene) -> None:
    scene.migration.limits = Limits(lease_seconds=-5.0)
    control = scene.emulator.control
    hang_at_first_item(scene)
    slow = start(scene.migration, **batch("0"))
    assert control.wait_hanging()
    # Its lease has expired. The other one marks it as ended, and takes its own.
    other = start(scene.migration, **batch("00"))
    until(lambda: bool(lease(scene, "0").get("ended")), "that the other run ends the lease")
    control.faults()
    slow.join()
    other.join()
    assert lease(scene, "0")["ended"]
    assert apart(scene.migration).error == ""
    assert_all_there_once(scene)


def test_a_lease_of_another_batch_blocks_no_run(scene: Scene) -> None:
    scene.migration.ok(**batch("1"))
    content = {**lease(scene, "1"), "until": time.time() + 50, "pid": os.getpid()}
    scene.call(
        "update-secret-val", name=f"{FOLDER}/lease-b1", value=json.dumps(content), **{"keep-prev-version": "true"}
    )
    assert apart(scene.migration, **batch("0")).error == ""
    assert "batch 1, " in apart(scene.migration, conflict="skip").error


def test_a_batch_leaves_a_lost_definition_to_a_whole_run(scene: Scene) -> None:
    scene.migration.ok()
    scene.call("delete-item", name=f"{FOLDER}/definition")
    told = apart(scene.migration, **batch("0"))
    assert f"{FOLDER}/definition is lost" in told.error
    assert "Run once without scope" in told.error
    assert apart(scene.migration).error == ""
    assert apart(scene.migration, **batch("0")).error == ""
    assert_all_there_once(scene)


def test_who_could_not_read_other_leases_reads_them_again_before_it_writes(scene: Scene) -> None:
    control = scene.emulator.control
    scene.migration.ok(**batch("1"))
    control.reset_counters()
    # Check mode lists the ledger and the target. The next listing of a real run looks for other leases.
    scene.migration.run(check=True, **batch("0"))
    before = len([route for route, _name, _outcome in control.journal() if route == "list-items"])
    control.reset_counters()
    rule = {"action": "error", "routes": ["list-items"], "nth": [before + 1], "status": 400, "text": "not now"}
    control.faults(rules=[rule])
    result = scene.migration.run(**batch("0"))
    listings = [n for n, (route, _name, _outcome) in enumerate(control.journal()) if route == "list-items"]
    writes = [
        n
        for n, (route, name, _outcome) in enumerate(control.journal())
        if route == "create-secret" and "/.secretferry/" not in name
    ]
    # One secret was given up, and no other was written before the next look.
    assert (result.values["summary"]["failed"], result.values["summary"]["created"]) == (1, len(writes))
    assert min(writes) > listings[before + 1]
    control.faults()
    assert apart(scene.migration).error == ""
    assert_all_there_once(scene)
