# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``kv_sync`` makes of what happens at the source: the target follows, and nothing is doubled."""

from __future__ import annotations

import json
import typing as t

import pytest

from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault
from ferrydev.verifying import verified

V1, V2, V3, V4 = ({"v": n} for n in range(1, 5))


@pytest.fixture(params=[True, False], ids=["numbers count on", "numbers fall back"])
def scene(vault: Vault, emulator: Emulator, request: pytest.FixtureRequest) -> Scene:
    emulator.control.settings(deleted_versions_count=request.param)
    scene = Scene(vault, emulator)
    scene.kv.put("s", V1, V2, V3)
    scene.kv.put("a/t", V1)
    scene.kv.put("u", V1)
    scene.migration.ok()
    return scene


def follow(scene: Scene, **options: t.Any) -> dict[str, str]:
    """One pass as check mode predicts it, clean afterwards; a second one does nothing. The plan by path."""
    sync = Sync(scene.migration, **options)
    predicted = sync.ok(check=True)
    result = sync.ok()
    assert result.values["plan"] == predicted.values["plan"]
    assert result.values["summary"]["deleted"] == predicted.values["summary"]["deleted"]
    outcome = verified(scene.migration, extra_items="warn")
    assert outcome.values["verified"], outcome.error
    scene.emulator.control.reset_counters()
    again = sync.ok()
    assert (again.changed, again.values["values_read"]["vault"]) == (False, 0)
    assert scene.emulator.control.counters()["writes"] == 0
    return scene.steps(result)


def paths(scene: Scene) -> set[str]:
    return {name.removeprefix(scene.name("")) for name in scene.migration.items()}


@pytest.mark.parametrize("delete", [False, True])
def test_what_is_new_is_carried_over(scene: Scene, delete: bool) -> None:
    scene.kv.put("s", V4)
    scene.kv.put("new", V1)
    scene.kv.describe("u", custom_metadata={"owner": "team"})
    assert follow(scene, delete=delete) == {"s": "append", "new": "create", "u": "update_metadata"}
    assert scene.values("s") == [V1, V2, V3, V4]


def test_without_delete_what_the_source_has_no_more_stays(scene: Scene) -> None:
    scene.kv.delete("s", 3)
    scene.kv.destroy("s", 1)
    scene.kv.remove("a/t")
    assert follow(scene) == {"s": "update_metadata"}
    assert scene.values("s") == [V1, V2, V3]
    assert paths(scene) == {"s", "a/t", "u"}


def test_delete_removes_versions_and_items(scene: Scene) -> None:
    scene.kv.destroy("s", 1)
    scene.kv.delete("s", 2)
    scene.kv.remove("a/t")
    assert follow(scene, delete=True) == {"s": "prune", "a/t": "delete"}
    assert scene.values("s") == [V3]
    assert paths(scene) == {"s", "u"}
    scene.kv.put("a/t", V2)
    assert follow(scene, delete=True) == {"a/t": "create"}


def test_a_deleted_newest_version_is_reported(scene: Scene) -> None:
    scene.kv.delete("s", 3)
    result = Sync(scene.migration, delete=True).ok()
    assert "an older one is the newest now" in result.values["plan"][0]["reason"]
    assert scene.values("s") == [V1, V2]
    scene.kv.undelete("s", 3)
    assert follow(scene, delete=True) == {"s": "append"}
    assert scene.values("s") == [V1, V2, V3]


def test_with_current_alone_the_item_goes_with_its_newest_version(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, versions="current")
    scene.kv.put("s", V1, V2)
    scene.kv.put("u", V1)
    scene.migration.ok()
    scene.kv.delete("s", 2)
    assert follow(scene) == {"s": "update_metadata"}
    assert scene.values("s") == [V2]
    assert follow(scene, delete=True) == {"s": "delete"}
    assert paths(scene) == {"u"}


def test_a_secret_of_which_nothing_can_be_read_goes_and_comes_back(scene: Scene) -> None:
    scene.kv.delete("s", 1, 2, 3)
    assert follow(scene, delete=True) == {"s": "delete"}
    scene.kv.undelete("s", 2)
    assert follow(scene, delete=True) == {"s": "create"}
    assert scene.values("s") == [V2]


def test_removed_and_made_anew(scene: Scene) -> None:
    scene.kv.remove("s")
    scene.kv.put("s", V4)
    assert follow(scene, delete=True) == {"s": "append"}
    assert scene.values("s") == [V4]


def test_an_undeleted_version_between_others_is_a_named_conflict(scene: Scene) -> None:
    scene.kv.delete("s", 2)
    Sync(scene.migration, delete=True).ok()
    scene.kv.undelete("s", 2)
    result = Sync(scene.migration, delete=True).run()
    assert "version 2 can be read now" in str(result.error)
    assert scene.values("s") == [V1, V3]
    assert follow(scene, delete=True, undeleted_versions="rewrite") == {"s": "append"}
    assert scene.values("s") == [V1, V2, V3]


def test_metadata_metadata_items_go_with_their_item(scene: Scene) -> None:
    scene.kv.describe("u", custom_metadata={f"key{n}": "x" * 100 for n in range(20)})
    follow(scene)
    assert any("/metadata/" in name for name in scene.emulator.control.dump())
    scene.kv.remove("u")
    follow(scene, delete=True)
    assert not any("/metadata/" in name for name in scene.emulator.control.dump())


def test_one_item_for_each_key(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, layout="keys")
    scene.kv.put("s", {"a": "1", "b": "1"}, {"a": "2"})
    scene.kv.put("t", {"a": "1"})
    scene.migration.ok()
    scene.kv.destroy("s", 1)
    scene.kv.remove("t")
    follow(scene, delete=True)
    assert paths(scene) == {"s/a"}
    assert scene.texts("s/a") == ["2"]
    scene.kv.put("s", {"a": "3", "b": "3"})
    follow(scene, delete=True)
    assert (scene.texts("s/a"), scene.texts("s/b")) == (["2", "3"], ["3"])


def test_kv_version_1(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, version=1)
    scene.kv.put("s", V1)
    scene.kv.put("t", V1)
    scene.migration.ok()
    scene.kv.put("s", V2)
    scene.kv.remove("t")
    sync = Sync(scene.migration, delete=True)
    assert scene.steps(sync.ok()) == {"s": "append", "t": "delete"}
    assert not sync.ok().changed
    assert paths(scene) == {"s"}


# --- what must not be deleted


def test_what_others_changed_at_the_target_is_not_deleted(scene: Scene) -> None:
    for path in ("s", "a/t"):
        scene.call("update-secret-val", name=scene.name(path), value='{"v":"theirs"}')
    scene.call("update-item", name=scene.name("u"), description="theirs")
    for path in ("s", "a/t", "u"):
        scene.kv.remove(path)
    scene.kv.put("other", V1)
    result = Sync(scene.migration, delete=True).run()
    assert result.values["summary"]["conflicts"] == 3
    assert paths(scene) == {"s", "a/t", "u", "other"}


def test_a_version_that_others_changed_in_place_is_not_deleted(scene: Scene) -> None:
    scene.call("update-secret-val", name=scene.name("s"), value='{"v":"theirs"}', **{"keep-prev-version": "false"})
    scene.kv.delete("s", 3)
    assert "changed at the target" in str(Sync(scene.migration, delete=True).run().error)
    assert scene.values("s") == [V1, V2, {"v": "theirs"}]


def test_foreign_items_and_those_taken_over_stay(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    scene.kv.put("mine", V1)
    scene.kv.put("over", V1)
    for path in ("over", "foreign"):
        scene.call("create-secret", name=scene.name(path), value="theirs")
    scene.kv.put("foreign", V1)
    scene.migration.ok(source={"paths": [f"{scene.kv.mount}/over"]}, conflict="append")
    scene.migration.ok(source={"paths": [f"{scene.kv.mount}/"]}, conflict="skip")
    for path in ("over", "foreign"):
        scene.kv.remove(path)
    Sync(scene.migration, delete=True).ok()
    assert paths(scene) == {"mine", "over", "foreign"}


@pytest.mark.parametrize("protected", ["rights", "listing"])
def test_what_cannot_be_seen_is_not_removed(scene: Scene, protected: str) -> None:
    mount, vault = scene.kv.mount, scene.kv.vault
    name = vault.write_policy(
        f"half-{mount}",
        f'path "{mount}/metadata/" {{ capabilities = ["list"] }}\npath "{mount}/data/*" {{ capabilities = ["read"] }}\n'
        f'path "{mount}/metadata/+" {{ capabilities = ["read"] }}\npath "sys/internal/ui/mounts/*" '
        '{ capabilities = ["read"] }',
    )
    sync = Sync(scene.migration, delete=True)
    if protected == "rights":
        sync.source_auth = {"method": "token", "token": vault.token([name])}
    else:
        sync.defaults["source"] = {"exclude": [f"{mount}/a/**"]}
    scene.kv.remove("a/t")
    sync.run()
    assert paths(scene) == {"s", "a/t", "u"}


def test_more_than_the_limit_are_not_deleted(scene: Scene) -> None:
    for path in ("s", "u"):
        scene.kv.remove(path)
    scene.kv.put("new", V1)
    result = Sync(scene.migration, delete=True, delete_limit=1).run()
    assert "delete_limit is 1" in str(result.error)
    assert paths(scene) == {"s", "u", "a/t", "new"}
    follow(scene, delete=True, delete_limit=2)
    assert paths(scene) == {"a/t", "new"}


def test_an_empty_mount_deletes_nothing(scene: Scene) -> None:
    for path in ("s", "u", "a/t"):
        scene.kv.remove(path)
    assert "there is no secret" in str(Sync(scene.migration, delete=True).run().error)
    assert paths(scene) == {"s", "u", "a/t"}


# --- whether it is wanted


def test_started_and_stopped_are_noted_where_everybody_sees_them(scene: Scene) -> None:
    sync = Sync(scene.migration)
    assert sync.ok(skip_unless_started=True).values["stop_reason"] == "not_started"
    started = sync.ok(state="started")
    assert (started.changed, started.values["sync"]["state"]) == (True, "started")
    assert not sync.ok(state="started").changed
    scene.kv.put("new", V1)
    scene.migration.ok(metadata_mode="minimal")  # redefines the migration
    assert sync.ok(skip_unless_started=True).values["stop_reason"] == "done"
    assert sync.ok(state="stopped", check=True).changed
    assert sync.ok(state="stopped").changed
    assert not sync.ok(state="stopped").changed
    scene.kv.put("newer", V1)
    assert sync.ok(skip_unless_started=True).values["stop_reason"] == "not_started"
    assert "newer" not in paths(scene)
    sync.ok()
    assert "newer" in paths(scene)


def test_no_migration_is_a_clear_error(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    with pytest.raises(Exception, match=r"there is no migration test.*kv_migration"):
        Sync(scene.migration).run(source={"url": vault.addr})


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"state": "stopped", "continuous": {"duration": "1h"}}, "continuous"),
        ({"state": "started", "skip_unless_started": True}, "skip_unless_started"),
        ({"state": "started", "scope": {"hash_prefix": "01"}}, "scope"),
        ({"continuous": {}}, "continuous"),
        ({"continuous": {"until": "tomorrow"}}, "continuous.until"),
        ({"continuous": {"duration": "long"}}, "continuous.duration"),
        ({"delete_limit": -1}, "delete_limit"),
        ({"lease_timeout": "soon"}, "lease_timeout"),
    ],
)
def test_contradictory_options_are_refused_by_name(scene: Scene, options: dict[str, t.Any], named: str) -> None:
    scene.emulator.control.reset_counters()
    with pytest.raises(Exception, match=rf"^{named}: "):
        Sync(scene.migration).run(**options)
    assert scene.emulator.control.counters()["requests"] == 0


def test_a_scope_narrows_a_pass(scene: Scene) -> None:
    mount = scene.kv.mount
    scene.kv.put("s", V4)
    scene.kv.put("u", V2)
    scene.kv.remove("a/t")
    result = Sync(scene.migration, delete=True).ok(scope={"paths": [f"{mount}/s", f"{mount}/a/t"]})
    assert result.values["summary"]["deleted"] == 1
    assert scene.values("s") == [V1, V2, V3, V4]
    assert scene.values("u") == [V1]
    assert paths(scene) == {"s", "u"}


def test_the_ledger_says_nothing_of_values(scene: Scene) -> None:
    scene.kv.put("s", {"password": "canary-7391"})
    Sync(scene.migration, delete=True).ok()
    scene.kv.delete("s", 1, 4)
    result = Sync(scene.migration, delete=True).ok()
    ledger = {n: i for n, i in scene.emulator.control.dump().items() if "/.secretferry/" in n}
    assert "canary-7391" not in json.dumps(ledger) + json.dumps(result.values)
