# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``kv_sync`` through a playbook: check mode, diffs, counts at both servers, and no value in anything it leaves."""

from __future__ import annotations

import typing as t

import pytest
from counted_runs import Counted, CountedRuns, migrating

from ferrydev.canaries import canary
from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

SYNC = "secretferry.akeyless.kv_sync"
SECRETS = [canary() for _ in range(4)]


def syncing(task: str, *, ignore: bool = False, **options: t.Any) -> dict[str, t.Any]:
    made: dict[str, t.Any] = {"name": task, SYNC: {"name": "test", "target_location": "/migrated", **options}}
    return {**made, **({"ignore_errors": True} if ignore else {})}


@pytest.fixture(scope="module")
def stage(vault: Vault) -> t.Iterator[tuple[CountedRuns, Kv, dict[str, Counted]]]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv = Kv(vault)
        kv.put("a", {"v": SECRETS[0]}, {"v": SECRETS[1]})
        kv.put("b", {"v": SECRETS[2]})
        stage = CountedRuns(vault, emulator)
        runs = {"none": stage.run([syncing("sync", ignore=True)])}
        runs["migrate"] = stage.run([migrating("migrate", source={"paths": [f"{kv.mount}/"]})])
        runs["nothing"] = stage.run([syncing("sync", delete=True)], "--diff")
        kv.put("c", {"v": SECRETS[3]})
        kv.destroy("a", 1)
        kv.remove("b")
        runs["check"] = stage.run([syncing("sync", delete=True)], "--check", "--diff")
        runs["sync"] = stage.run([syncing("sync", delete=True, state="started")], "--diff", "-vvvv")
        runs["again"] = stage.run([syncing("sync", delete=True, skip_unless_started=True)])
        yield stage, kv, runs
        stage.close()


_Staged = tuple[CountedRuns, Kv, dict[str, Counted]]


def test_without_a_migration_it_says_what_to_do(stage: _Staged) -> None:
    result = stage[2]["none"]["sync"]
    assert result["failed"]
    assert "there is no migration test" in result["msg"]
    assert "kv_migration" in result["msg"]


@pytest.mark.parametrize("run", ["nothing", "again"])
def test_a_pass_without_changes_reads_no_value_and_writes_nothing(stage: _Staged, run: str) -> None:
    counted = stage[2][run]
    assert counted["sync"]["changed"] is False
    assert (counted.vault.data_reads, counted.vault.writes) == (0, 0)
    assert counted.akeyless["writes"] == 0
    assert counted.values_of_items == []


def test_check_mode_predicts_and_writes_nothing(stage: _Staged) -> None:
    check, done = stage[2]["check"], stage[2]["sync"]
    assert check.akeyless["writes"] == 0
    assert check["sync"]["plan"] == done["sync"]["plan"]
    assert {line["action"] for line in done["sync"]["plan"]} == {"create", "prune", "delete"}
    assert (check["sync"]["changed"], done["sync"]["changed"]) == (True, True)
    diffs = {diff["before_header"]: diff for diff in check["sync"]["diff"]}
    assert f"/migrated/{stage[1].mount}/b at version 1" in diffs["items"]["before"]
    assert "deleting its version 1" in diffs["items"]["after"]


def test_the_source_is_only_read(stage: _Staged) -> None:
    assert all(counted.vault.writes == 0 for counted in stage[2].values())


def test_no_value_is_in_anything_that_it_leaves(stage: _Staged) -> None:
    left = "".join(file.read_text("utf-8", "replace") for file in stage[0].play.left_behind())
    left += "".join(counted.played.stdout for counted in stage[2].values())
    assert [number for number, value in enumerate(SECRETS) if value in left] == []


def test_started_is_returned(stage: _Staged) -> None:
    assert stage[2]["sync"]["sync"]["sync"]["state"] == "started"
    assert stage[2]["again"]["sync"]["stop_reason"] == "done"
