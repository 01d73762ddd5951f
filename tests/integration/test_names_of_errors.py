# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets whose names are words of errors, and a caller without rights: every refusal is taken for what it is."""

from __future__ import annotations

import typing as t
from urllib.parse import quote

import pytest

from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault

NAMES = ("NotFoundPage", "NotFound", "AlreadyExists", "AlreadyExistsPage", "Status 404 Not Found, Error: NotFound")
EVERY = ["read", "create", "update", "delete", "list"]


@pytest.fixture(params=["live", "plain"])
def scene(request: pytest.FixtureRequest, vault: Vault, emulator: Emulator) -> Scene:
    emulator.control.settings(error_texts=request.param)
    scene = Scene(vault, emulator, metadata_mode="minimal")
    for name in NAMES:
        scene.kv.put(quote(name), {"v": 1})
    return scene


def _limited(scene: Scene, *capabilities: str) -> dict[str, str]:
    """A login that may do everything in the ledger, and only this to the items."""
    scene.call("create-role", name="limited")
    for path, allowed in (("/migrated/.secretferry/*", EVERY), (f"/migrated/{scene.kv.mount}/*", capabilities)):
        scene.call("set-role-rule", **{"role-name": "limited", "path": path, "capability": [*allowed]})
    made = scene.call("create-auth-method", name="limited")
    scene.call("assoc-role-am", **{"role-name": "limited", "am-name": "limited"})
    return {"access_id": made["access_id"], "access_key": made["access_key"]}


def _refused(result: t.Any, scene: Scene) -> bool:
    """Whether each of the secrets is a failure of its own, for a missing right."""
    failures = result.values["failures"]
    items = sorted(failure["item"] for failure in failures)
    return items == sorted(map(scene.name, NAMES)) and all("right" in failure["remedy"] for failure in failures)


def test_what_may_not_be_created_is_not_there_already(scene: Scene) -> None:
    full = scene.migration.akeyless_auth
    scene.migration.akeyless_auth = _limited(scene, "list", "read")
    assert _refused(scene.migration.run(), scene)
    assert not scene.migration.items()
    scene.migration.akeyless_auth = full
    scene.migration.ok()
    assert sorted(scene.migration.items()) == sorted(map(scene.name, NAMES))


def test_what_may_not_be_changed_is_not_missing(scene: Scene) -> None:
    scene.migration.ok()
    before = scene.migration.items()
    for name in NAMES:
        scene.kv.put(quote(name), {"v": 2})
    full = scene.migration.akeyless_auth
    scene.migration.akeyless_auth = _limited(scene, "list", "read")
    assert _refused(scene.migration.run(), scene)
    assert scene.migration.items() == before
    scene.migration.akeyless_auth = full
    scene.migration.ok()
    assert [scene.values(name) for name in NAMES] == [[{"v": 1}, {"v": 2}]] * len(NAMES)


@pytest.mark.parametrize("allowed", [("list", "read"), ("list",)])
def test_what_may_not_be_deleted_stays_and_is_not_forgotten(scene: Scene, allowed: tuple[str, ...]) -> None:
    scene.migration.ok()
    before = scene.migration.items()
    back, sync = Rollback(scene.migration), Sync(scene.migration, delete=True, delete_limit=10)
    back.akeyless_auth = sync.akeyless_auth = _limited(scene, *allowed)
    assert _refused(back.run(), scene)
    scene.kv.put("stays", {"v": 1})
    for name in NAMES:
        scene.kv.remove(quote(name))
    failed = [failure["item"] for failure in sync.run().values["failures"]]
    assert sorted(failed) == sorted([*map(scene.name, NAMES), scene.name("stays")])
    assert scene.migration.items() == before
    Sync(scene.migration, delete=True, delete_limit=10).ok()
    assert sorted(scene.migration.items()) == [scene.name("stays")]
