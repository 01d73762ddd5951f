# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back after ``kv_sync``: what it carried over goes back, and what it deleted is named."""

from __future__ import annotations

import pytest

from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault

V1, V2, V3 = ({"v": n} for n in range(1, 4))


@pytest.fixture(params=["json", "keys"])
def scene(vault: Vault, emulator: Emulator, request: pytest.FixtureRequest) -> Scene:
    """Four secrets, migrated; then one got a version, one lost one, one was removed, and one is new."""
    scene = Scene(vault, emulator, layout=request.param)
    for name in ("more", "less", "gone", "same"):
        scene.kv.put(name, V1, V2)
    scene.migration.ok()
    scene.kv.put("more", V3)
    scene.kv.destroy("less", 1)
    scene.kv.remove("gone")
    scene.kv.put("new", V1)
    return scene


def test_a_pass_that_deletes_nothing_is_taken_back_whole(scene: Scene) -> None:
    before = {name: [v["value"] for v in item["versions"]] for name, item in scene.migration.items().items()}
    run = Sync(scene.migration, delete=False).ok().values["run"]
    Rollback(scene.migration).ok(from_run=run)
    assert {name: [v["value"] for v in item["versions"]] for name, item in scene.migration.items().items()} == before


def test_what_a_pass_deleted_is_named(scene: Scene) -> None:
    run = Sync(scene.migration, delete=True).ok().values["run"]
    result = Rollback(scene.migration).run(from_run=run)
    reasons = {failure["source"].rpartition("/")[2]: failure["reason"] for failure in result.values["failures"]}
    assert reasons == {
        "gone": "it was deleted at the target since, with all its versions",
        "less": "versions that were there before are no longer kept: 1",
    }
    assert (result.values["summary"]["deleted"], result.values["summary"]["restored"]) == (1, 1)


def test_the_whole_migration_is_taken_back_all_the_same(scene: Scene) -> None:
    Sync(scene.migration, delete=True).ok()
    Rollback(scene.migration).ok()
    assert scene.emulator.control.dump() == {}
