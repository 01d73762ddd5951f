# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Going back touches nothing that somebody changed since, says so item by item, and takes back all the rest."""

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
from ferrydev.ferry import Back
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
    scene.ferry.ok()
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
def test_what_somebody_changed_is_refused_and_the_rest_is_taken_back(scene: Scene, case: str, item: str) -> None:
    meddle, words = MEDDLING[case]
    name = scene.name(item)
    meddle(scene, name)
    meddled = scene.emulator.control.dump()[name]
    planned = Back(scene.ferry).run(check=True)
    result = Back(scene.ferry).run()
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
    assert result.values["summary"]["refused"] == 1
    # Once more: refused again, and nothing is written.
    scene.emulator.control.reset_counters()
    again = Back(scene.ferry).run()
    assert str(again.error)
    assert not again.changed
    assert scene.emulator.control.counters()["writes"] == 0


@pytest.mark.parametrize(("case", "item"), [("tagged", "a"), ("protected", "a"), ("appended", "taken")])
def test_once_that_is_undone_the_rest_is_taken_back(scene: Scene, case: str, item: str) -> None:
    name = scene.name(item)
    MEDDLING[case][0](scene, name)
    assert Back(scene.ferry).run().error
    if case == "tagged":
        scene.call("update-item", **{"name": name, "rm-tag": ["mine"]})
    elif case == "protected":
        scene.call("update-item", name=name, delete_protection="false")
    else:
        scene.call("delete-item", name=name, version=4)
    Back(scene.ferry).ok()
    left = scene.emulator.control.dump(stable=True)
    assert list(left) == [scene.name("taken")]
    assert [version["value"] for version in left[scene.name("taken")]["versions"]] == ["theirs"]


def test_what_is_deleted_already_is_no_failure(scene: Scene) -> None:
    scene.call("delete-item", name=scene.name("a"))
    result = Back(scene.ferry).ok()
    assert result.values["summary"]["gone"] == 1
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]


def test_what_was_taken_over_and_then_deleted_cannot_come_back(scene: Scene) -> None:
    scene.call("delete-item", name=scene.name("taken"))
    result = Back(scene.ferry).run()
    assert "deleted at the target since" in str(result.error)
    assert result.values["summary"]["deleted"] == 3
    # Its remedy: to accept that.
    scene.ferry.ok(state="absent")
    assert scene.emulator.control.dump() == {}
    assert not Back(scene.ferry).ok().changed


def test_what_was_taken_over_deleted_and_made_anew_cannot_come_back(scene: Scene) -> None:
    scene.call("delete-item", name=scene.name("taken"))
    scene.ferry.ok()
    result = Back(scene.ferry).run()
    assert "made anew since: its former versions cannot come back" in str(result.error)
    assert result.values["summary"]["deleted"] == 3


def test_versions_that_were_pruned_cannot_come_back(scene: Scene) -> None:
    scene.call("update-item", **{"name": scene.name("taken"), "max-versions": "1"})
    result = Back(scene.ferry).run()
    assert "no longer kept: 1" in str(result.error)


def test_a_missing_right_is_that_items_failure(scene: Scene) -> None:
    free = [scene.name(name) for name in ("a", "c", "taken")]
    back = Back(scene.ferry)
    back.akeyless_auth = _limited(scene, [*free, "/migrated/.secretferry/*"], only_look_at=scene.name("b"))
    result = back.run()
    (failure,) = result.values["failures"]
    assert failure["item"] == scene.name("b")
    assert "right" in failure["remedy"]
    assert (result.values["summary"]["failed"], result.values["summary"]["deleted"]) == (1, 2)
    Back(scene.ferry).ok()
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]


def _limited(scene: Scene, paths: list[str], only_look_at: str) -> dict[str, str]:
    """The login of somebody who may do everything to ``paths``."""
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
        return Back(scene.ferry).run(**options).error
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
        ({"to": "yesterday"}, "to: 'yesterday' is neither before_migration nor a run"),
        ({"to": "20200101T000000Z-0000"}, "has no run 20200101T000000Z-0000. The last runs are: 2"),
        ({"report_limit": -1}, "report_limit"),
        ({"concurrency": 0}, "concurrency"),
        ({"name": "a/b"}, "cannot name a migration"),
        ({"target_location": "/"}, "target_location"),
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
    scene.ferry.ok()
    result = Back(scene.ferry).run()
    assert "not known how it was before" in str(result.error)
    assert result.values["summary"]["deleted"] == 3


def test_a_damaged_note_is_named(scene: Scene) -> None:
    (note,) = [name for name in scene.emulator.control.dump() if "/backup/" in name]
    scene.call("update-secret-val", **{"name": note, "value": "{}", "keep-prev-version": "false"})
    error = _back(scene)
    assert isinstance(error, LedgerError)
    assert note in str(error)


def test_nothing_is_there(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    result = Back(scene.ferry).ok()
    assert not result.changed
    assert result.warnings == ["There is nothing to take back of this migration in /migrated"]
    assert emulator.control.counters()["writes"] == 0


def test_somebody_else_holds_the_lease(scene: Scene) -> None:
    lease = "/migrated/.secretferry/test/lease"
    content = json.loads(scene.emulator.control.dump()[lease]["versions"][-1]["value"])
    busy = {**content, "host": "elsewhere", "since": content["since"], "until": content["since"] + 600}
    scene.call("update-secret-val", **{"name": lease, "value": json.dumps(busy), "keep-prev-version": "true"})
    before = scene.emulator.control.dump()
    planned = Back(scene.ferry).run(check=True)
    assert "Another run of this migration is writing: elsewhere" in planned.warnings[0]
    assert isinstance(_back(scene), LeaseHeld)
    assert scene.emulator.control.dump() == before


def test_named_secrets_only(scene: Scene) -> None:
    mount = scene.kv.mount
    result = Back(scene.ferry).ok(scope={"paths": [f"{mount}/a", f"{mount}/taken"]})
    assert (result.values["summary"]["deleted"], result.values["summary"]["restored"]) == (1, 1)
    left = scene.ferry.items()
    assert sorted(left) == [scene.name(name) for name in ("b", "c", "taken")]
    assert [version["value"] for version in left[scene.name("taken")]["versions"]] == ["theirs"]
    again = scene.ferry.ok()
    assert again.values["summary"]["unchanged"] == 2
    assert again.values["summary"]["created"] == 1
    Back(scene.ferry).ok()
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]


def test_batch_after_batch(scene: Scene) -> None:
    deleted = 0
    for bits in ("00", "01", "10", "11"):
        deleted += Back(scene.ferry).ok(scope={"hash_prefix": bits}).values["summary"]["deleted"]
    assert deleted == 3
    assert list(scene.ferry.items()) == [scene.name("taken")]
    assert Back(scene.ferry).ok().changed  # the ledger
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]


def test_a_run_that_has_to_end_says_how_far_it_came(scene: Scene) -> None:
    rule = {"action": "error", "status": 401, "text": "Unauthorized", "routes": ["delete-item"], "nth": [2, 3, 4, 5, 6]}
    scene.emulator.control.faults(rules=[rule, {"action": "expire_tokens", "routes": ["delete-item"], "nth": [2]}])
    result = Back(scene.ferry).run(concurrency=1)
    scene.emulator.control.faults()
    assert result.error is not None
    assert result.changed
    summary = result.values["summary"]
    assert summary["deleted"] + summary["restored"] + summary["failed"] == 4
    there = {scene.name(name) for name in ("a", "b", "c")} & set(scene.emulator.control.dump())
    assert summary["deleted"] == 3 - len(there)
    Back(scene.ferry).ok()
    assert list(scene.emulator.control.dump()) == [scene.name("taken")]
