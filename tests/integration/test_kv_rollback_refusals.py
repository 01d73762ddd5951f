# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback does not change what others changed since, says so item by item, and rolls back all the rest."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import (
    LeaseHeld,
    LedgerError,
    LoginError,
    OptionError,
    SecretferryError,
)
from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.vault import Vault

ALIEN = '{"alien":true}'


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    """Three new items, and one that was taken over."""
    scene = Scene(vault, emulator, metadata_mode="minimal", conflict="append")
    for name in ("a", "b", "c", "taken"):
        scene.kv.put(name, {"v": 1}, {"v": 2})
    scene.kv.describe("taken", custom_metadata={"owner": "us"})
    scene.call("create-secret", name=scene.name("taken"), value="theirs", tags=["x"], description="theirs")
    scene.migration.ok()
    return scene


def _appended(scene: Scene, name: str) -> None:
    scene.call("update-secret-val", **{"name": name, "value": ALIEN, "keep-prev-version": "true"})


def _replaced(scene: Scene, name: str) -> None:
    scene.call("update-secret-val", **{"name": name, "value": ALIEN, "keep-prev-version": "false"})


def _described(scene: Scene, name: str) -> None:
    scene.call("update-item", name=name, description="mine now")


def _tagged(scene: Scene, name: str) -> None:
    scene.call("update-item", **{"name": name, "add-tag": ["mine"]})


def _untagged(scene: Scene, name: str) -> None:
    tags = [tag for tag in scene.emulator.control.dump()[name]["tags"] if tag.startswith("secretferry:")]
    scene.call("update-item", **{"name": name, "rm-tag": tags})


def _remade(scene: Scene, name: str) -> None:
    scene.call("delete-item", name=name)
    scene.call("create-secret", name=name, value=ALIEN)


def _another_type(scene: Scene, name: str) -> None:
    scene.call("delete-item", name=name)
    scene.call("create-dfc-key", name=name, alg="AES256GCM")


def _protected(scene: Scene, name: str) -> None:
    scene.call("update-item", name=name, delete_protection="true")


MEDDLING: dict[str, tuple[t.Callable[[Scene, str], None], str]] = {
    "appended": (_appended, "versions that the ledger does not know"),
    "replaced": (_replaced, "its value was changed"),
    "described": (_described, "its description was changed"),
    "tagged": (_tagged, "its tags were changed"),
    "untagged": (_untagged, "its tag was removed"),
    "remade": (_remade, "it was replaced at the target since"),
    "another type": (_another_type, "replaced at the target since"),
    "protected": (_protected, "protected from deletion"),
}


@pytest.mark.parametrize("item", ["a", "taken"])
@pytest.mark.parametrize("case", MEDDLING)
def test_what_others_changed_stays_and_the_rest_is_rolled_back(scene: Scene, case: str, item: str) -> None:
    meddle, words = MEDDLING[case]
    name = scene.name(item)
    meddle(scene, name)
    meddled = scene.emulator.control.dump()[name]
    planned = Rollback(scene.migration).run(check=True)
    result = Rollback(scene.migration).run()
    after = scene.emulator.control.dump()
    assert after[name] == meddled
    assert scene.name("b") not in after
    (failure,) = result.values["failures"]
    assert failure["item"] == name
    assert failure["source"] == f"{scene.kv.mount}/{item}"
    assert words in failure["reason"]
    assert failure["remedy"]
    assert name in str(result.error)
    assert result.values["summary"] == planned.values["summary"]
    assert result.values["plan"] == planned.values["plan"]
    assert str(planned.error) == str(result.error)
    assert result.values["summary"]["failed" if case == "protected" else "conflicts"] == 1
    # Once more: the same, and nothing is written.
    scene.emulator.control.reset_counters()
    again = Rollback(scene.migration).run()
    assert str(again.error)
    assert not again.changed
    assert scene.emulator.control.counters()["writes"] == 0


@pytest.mark.parametrize(("case", "item"), [("tagged", "a"), ("protected", "a"), ("appended", "taken")])
def test_once_that_is_undone_the_rest_is_rolled_back(scene: Scene, case: str, item: str) -> None:
    name = scene.name(item)
    MEDDLING[case][0](scene, name)
    assert Rollback(scene.migration).run().error
    if case == "tagged":
        scene.call("update-item", **{"name": name, "rm-tag": ["mine"]})
    elif case == "protected":
        scene.call("update-item", name=name, delete_protection="false")
    else:
        scene.call("delete-item", name=name, version=4)
    Rollback(scene.migration).ok()
    left = scene.emulator.control.dump(stable=True)
    assert list(left) == [scene.name("taken")]
    assert [version["value"] for version in left[scene.name("taken")]["versions"]] == ["theirs"]


def test_what_is_deleted_already_is_no_failure(scene: Scene) -> None:
    scene.call("delete-item", name=scene.name("a"))
    result = Rollback(scene.migration).ok()
    assert result.values["summary"]["already_deleted"] == 1
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]


def test_what_was_taken_over_and_then_deleted_cannot_come_back(scene: Scene) -> None:
    scene.call("delete-item", name=scene.name("taken"))
    result = Rollback(scene.migration).run()
    assert "deleted at the target since" in str(result.error)
    assert result.values["summary"]["deleted"] == 3
    # Its remedy: to accept that.
    scene.migration.ok(state="absent")
    assert scene.emulator.control.dump() == {}
    assert not Rollback(scene.migration).ok().changed


def test_what_was_taken_over_deleted_and_made_anew_cannot_come_back(scene: Scene) -> None:
    scene.call("delete-item", name=scene.name("taken"))
    scene.migration.ok()
    result = Rollback(scene.migration).run()
    assert "created again since: its former versions cannot come back" in str(result.error)
    assert result.values["summary"]["deleted"] == 3


def test_versions_that_were_pruned_cannot_come_back(scene: Scene) -> None:
    scene.emulator.control.settings(max_versions_lowered="at_once")
    scene.call("update-item", **{"name": scene.name("taken"), "max-versions": "1"})
    result = Rollback(scene.migration).run()
    assert "no longer kept: 1" in str(result.error)


def test_a_missing_right_is_that_items_failure(scene: Scene) -> None:
    free = [scene.name(name) for name in ("a", "c", "taken")]
    back = Rollback(scene.migration)
    back.akeyless_auth = _limited(scene, [*free, "/migrated/.secretferry/*"], only_look_at=scene.name("b"))
    result = back.run()
    (failure,) = result.values["failures"]
    assert failure["item"] == scene.name("b")
    assert "right" in failure["remedy"]
    assert (result.values["summary"]["failed"], result.values["summary"]["deleted"]) == (1, 2)
    Rollback(scene.migration).ok()
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]


def _limited(scene: Scene, paths: list[str], only_look_at: str) -> dict[str, str]:
    """A login that may do everything to ``paths``."""
    scene.call("create-role", name="limited")
    for path in paths:
        every = ["read", "create", "update", "delete", "list"]
        scene.call("set-role-rule", **{"role-name": "limited", "path": path, "capability": every})
    scene.call("set-role-rule", **{"role-name": "limited", "path": only_look_at, "capability": ["read", "list"]})
    made = scene.call("create-auth-method", name="limited")
    scene.call("assoc-role-am", **{"role-name": "limited", "am-name": "limited"})
    return {"access_id": made["access_id"], "access_key": made["access_key"]}


def _back(scene: Scene, **options: t.Any) -> SecretferryError | None:
    try:
        return Rollback(scene.migration).run(**options).error
    except SecretferryError as error:
        return error


def test_a_wrong_credential(scene: Scene) -> None:
    before = scene.emulator.control.dump()
    error = _back(scene, akeyless={"auth": {"access_id": "p-emulator0admin", "access_key": "wrong"}})
    assert isinstance(error, LoginError)
    assert scene.emulator.control.dump() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"from_run": "yesterday"}, "from_run: 'yesterday' is not the id of a run"),
        ({"from_run": ""}, "from_run: '' is not the id of a run"),
        ({"from_run": "20200101T000000Z-0000"}, "has no run 20200101T000000Z-0000. The last runs are: 2"),
        ({"report_limit": -1}, "report_limit"),
        ({"concurrency": 0}, "concurrency"),
        ({"name": "a/b"}, "cannot name a migration"),
        ({"target_location": "/a//b"}, "target_location"),
        ({"scope": {"hash_prefix": "2"}}, "scope.hash_prefix"),
        ({"scope": {"paths": []}}, "scope.paths"),
    ],
)
def test_malformed_options(scene: Scene, options: dict[str, t.Any], words: str) -> None:
    before = scene.emulator.control.dump()
    error = _back(scene, **options)
    assert isinstance(error, OptionError)
    assert words in str(error)
    assert scene.emulator.control.dump() == before


def test_a_lost_ledger(scene: Scene) -> None:
    for name in [name for name in scene.emulator.control.dump() if "/.secretferry/" in name]:
        scene.call("delete-item", name=name)
    before = scene.emulator.control.dump()
    error = _back(scene)
    assert isinstance(error, LedgerError)
    assert "4 items carry its tag" in str(error)
    assert "kv_migration" in error.remedy
    assert scene.emulator.control.dump() == before


def test_after_a_lost_ledger_was_rebuilt_what_was_created_goes(scene: Scene) -> None:
    for name in [name for name in scene.emulator.control.dump() if "/.secretferry/" in name]:
        scene.call("delete-item", name=name)
    scene.migration.ok()
    result = Rollback(scene.migration).run()
    assert "its state before the migration took it over is not known" in str(result.error)
    assert result.values["summary"]["deleted"] == 3


def test_a_damaged_note_is_named(scene: Scene) -> None:
    (note,) = [name for name in scene.emulator.control.dump() if "/backup/" in name]
    scene.call("update-secret-val", **{"name": note, "value": "{}", "keep-prev-version": "false"})
    error = _back(scene)
    assert isinstance(error, LedgerError)
    assert note in str(error)


def test_nothing_is_there(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    result = Rollback(scene.migration).ok()
    assert not result.changed
    assert result.warnings == ["There is nothing to roll back of this migration in /migrated"]
    assert emulator.control.counters()["writes"] == 0


def test_another_run_holds_the_lease(scene: Scene) -> None:
    lease = "/migrated/.secretferry/test/lease"
    content = json.loads(scene.emulator.control.dump()[lease]["versions"][-1]["value"])
    busy = {**content, "host": "elsewhere", "since": content["since"], "until": content["since"] + 600}
    scene.call("update-secret-val", **{"name": lease, "value": json.dumps(busy), "keep-prev-version": "true"})
    before = scene.emulator.control.dump()
    planned = Rollback(scene.migration).run(check=True)
    assert "Another run of this migration is writing: elsewhere" in planned.warnings[0]
    assert isinstance(_back(scene), LeaseHeld)
    assert scene.emulator.control.dump() == before


def test_named_secrets_only(scene: Scene) -> None:
    mount = scene.kv.mount
    result = Rollback(scene.migration).ok(scope={"paths": [f"{mount}/a", f"{mount}/taken"]})
    assert (result.values["summary"]["deleted"], result.values["summary"]["restored"]) == (1, 1)
    left = scene.migration.items()
    assert sorted(left) == [scene.name(name) for name in ("b", "c", "taken")]
    assert [version["value"] for version in left[scene.name("taken")]["versions"]] == ["theirs"]
    again = scene.migration.ok()
    assert again.values["summary"]["unchanged"] == 2
    assert again.values["summary"]["created"] == 1
    Rollback(scene.migration).ok()
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]


def test_batch_after_batch(scene: Scene) -> None:
    deleted = 0
    for bits in ("00", "01", "10", "11"):
        deleted += Rollback(scene.migration).ok(scope={"hash_prefix": bits}).values["summary"]["deleted"]
    assert deleted == 3
    assert list(scene.migration.items()) == [scene.name("taken")]
    assert Rollback(scene.migration).ok().changed  # the ledger
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]


def test_a_run_that_has_to_end_says_how_far_it_came(scene: Scene) -> None:
    rule = {"action": "error", "status": 401, "text": "Unauthorized", "routes": ["delete-item"], "nth": [2, 3, 4, 5, 6]}
    scene.emulator.control.faults(rules=[rule, {"action": "expire_tokens", "routes": ["delete-item"], "nth": [2]}])
    result = Rollback(scene.migration).run(concurrency=1)
    scene.emulator.control.faults()
    assert result.error is not None
    assert result.changed
    summary = result.values["summary"]
    assert summary["deleted"] + summary["restored"] + summary["failed"] == 4
    there = {scene.name(name) for name in ("a", "b", "c")} & set(scene.emulator.control.dump())
    assert summary["deleted"] == 3 - len(there)
    Rollback(scene.migration).ok()
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]
