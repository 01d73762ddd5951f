# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs see the same target however the service lists it, and end with a clear error where a listing does not end."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import ApiError
from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault
from ferrydev.verifying import verified

FORMS: dict[str, dict[str, t.Any]] = {
    "recursive": {},
    "recursive, tokens": {"last_page_token": True, "error_texts": "live"},
    "flat": {"listing": "flat"},
    "flat, small pages, tokens": {"listing": "flat", "page_size": 2, "last_page_token": True, "error_texts": "live"},
}
PATHS = ("top", "app/db", "app/db/AlreadyExistsPage", "a/b/c/d/NotFoundPage", "a/b/c/e", "NotFound/Conflict", "z/404")


@pytest.fixture(params=FORMS)
def scene(vault: Vault, emulator: Emulator, request: pytest.FixtureRequest) -> Scene:
    emulator.control.settings(**FORMS[request.param])
    scene = Scene(vault, emulator, layout="json")
    for path in PATHS:
        scene.kv.put(path, {"v": 1}, {"v": 2})
    return scene


def test_every_kind_of_run_sees_the_whole_target(scene: Scene) -> None:
    scene.migration.ok()
    again = scene.migration.ok()
    assert (again.changed, again.values["summary"]["unchanged"]) == (False, len(PATHS))
    outcome = verified(scene.migration, extra_items="warn")
    assert outcome.values["verified"], outcome.error
    assert outcome.values["differences"] == []
    scene.kv.put("a/b/c/e", {"v": 3})
    scene.kv.remove("app/db/AlreadyExistsPage")
    Sync(scene.migration, delete=True).ok()
    assert {name.removeprefix(scene.name("")) for name in scene.migration.items()} == {*PATHS} - {PATHS[2]}
    assert scene.values("a/b/c/e") == [{"v": 1}, {"v": 2}, {"v": 3}]
    back = Rollback(scene.migration).run()
    assert back.error is None, back.error
    assert scene.emulator.control.dump() == {}


def test_a_foreign_item_deep_below_is_seen(scene: Scene) -> None:
    foreign = scene.name("a/b/c/d/NotFoundPage")
    scene.call("create-secret", name=foreign, value="theirs")
    result = scene.migration.run()
    assert [line["source"].partition("/")[2] for line in result.values["failures"]] == ["a/b/c/d/NotFoundPage"]
    assert scene.texts("a/b/c/d/NotFoundPage") == ["theirs"]


@pytest.mark.parametrize("endless", ["same_token", "new_tokens"])
def test_a_listing_without_an_end_is_a_clear_error(vault: Vault, emulator: Emulator, endless: str) -> None:
    scene = Scene(vault, emulator)
    for path in PATHS:
        scene.kv.put(path, {"v": 1})
    scene.migration.ok()
    emulator.control.settings(endless_pages=endless, page_size=3)
    emulator.control.reset_counters()
    with pytest.raises(ApiError, match="list of /migrated/") as caught:
        scene.migration.run()
    assert caught.value.remedy
    assert emulator.control.counters()["routes"]["list-items"] <= 4


@pytest.mark.parametrize("texts", ["plain", "live"])
def test_an_error_that_quotes_a_name_does_not_prove_that_the_item_is_missing(
    vault: Vault, emulator: Emulator, texts: str
) -> None:
    emulator.control.settings(error_texts=texts)
    scene = Scene(vault, emulator)
    name = "x/NotFoundPage"
    scene.kv.put(name, {"v": 1})
    scene.migration.ok()
    scene.call("update-item", name=scene.name(name), delete_protection="true")
    refused = Rollback(scene.migration).run()
    assert refused.error is not None
    assert [line["item"] for line in refused.values["failures"]] == [scene.name(name)]
    assert scene.values(name) == [{"v": 1}]
    scene.call("update-item", name=scene.name(name), delete_protection="false")
    assert Rollback(scene.migration).run().error is None
    assert scene.emulator.control.dump() == {}


@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_item_that_may_not_be_described_is_not_written(vault: Vault, emulator: Emulator, status: int) -> None:
    scene = Scene(vault, emulator)
    for name in ("NotFoundPage", "AlreadyExistsPage"):
        scene.kv.put(name, {"v": 1})
        told = f"UnauthorizedAccess: the caller has no read permission on {scene.name(name)}"
        emulator.control.faults(
            rules=[{"action": "error", "status": status, "text": told, "routes": ["describe-item"]}]
        )
        result = scene.migration.run(source={"paths": [f"{scene.kv.mount}/{name}"]})
        assert "UnauthorizedAccess" in str(result.error)
        assert [item for item in emulator.control.dump() if "/.secretferry/" not in item] == [], "only the ledger began"
        emulator.control.faults()
