# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``kv_verify`` in compound cases: it reports no difference where there is none, and misses none."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import bits_of
from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault
from ferrydev.verifying import verified


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    made = Scene(vault, emulator)
    for name in ("a", "b", "c"):
        made.kv.put(name, {"v": 1}, {"v": 2})
    return made


def found(result: Result) -> list[tuple[str, str]]:
    """Type, and the path in the mount or the item's name."""
    return [(e["type"], e["source"].partition("/")[2] or e["item"]) for e in result.values["differences"]]


def clean(result: Result) -> Result:
    assert result.error is None, f"{result.error}\n{result.values['differences']}"
    assert result.values["verified"] is True
    return result


def replace(scene: Scene, path: str, value: str, **body: t.Any) -> None:
    scene.call("update-secret-val", name=scene.name(path), value=value, **{"keep-prev-version": "false", **body})


# --- what the source has no more is no difference


def test_versions_that_the_source_deleted_since(scene: Scene) -> None:
    scene.kv.put("d", *({"v": n} for n in range(5)))
    scene.migration.ok(metadata_mode="none")
    scene.kv.delete("d", 2, 5)
    scene.kv.destroy("a", 1)
    scene.kv.delete("b", 1, 2)
    clean(verified(scene.migration))
    scene.migration.run()
    clean(verified(scene.migration))


def test_versions_that_the_source_dropped_since(scene: Scene) -> None:
    scene.migration.ok()
    scene.kv.describe("a", max_versions=2)
    scene.kv.put("a", {"v": 3}, {"v": 4}, {"v": 5})
    scene.migration.ok()
    assert clean(verified(scene.migration)).values["summary"]["versions"] == 2 + 2 + 2


def test_only_current_versions_again_and_again(scene: Scene) -> None:
    for number in range(3):
        scene.migration.ok(versions="current")
        scene.kv.put("a", {"v": number + 10}, {"v": number + 20})
    assert found(verified(scene.migration))[0] == ("different_metadata", "a")
    scene.migration.ok()
    assert clean(verified(scene.migration)).values["summary"]["versions"] == 3


@pytest.mark.parametrize("deleted", [(5,), (4,)])
def test_a_number_of_versions_is_the_same_number_when_a_newer_one_is_deleted(
    scene: Scene, deleted: tuple[int, ...]
) -> None:
    scene.kv.put("d", *({"v": n} for n in range(1, 6)))
    scene.migration.ok(versions="2", metadata_mode="none")
    scene.kv.delete("d", *deleted)
    clean(verified(scene.migration))
    assert not scene.migration.ok().changed
    Sync(scene.migration).ok(state="synced", delete=True, source={"url": scene.migration.vault.addr})
    clean(verified(scene.migration))
    assert scene.values("d") == [{"v": n} for n in (4, 5) if n not in deleted]


def test_a_secret_that_was_removed_and_made_anew(scene: Scene) -> None:
    scene.migration.ok()
    scene.kv.remove("a")
    scene.kv.put("a", {"v": "new"})
    assert [type_ for type_, path in found(verified(scene.migration)) if path == "a"] == [
        "different_metadata",
        "missing",
    ]
    scene.migration.ok()
    clean(verified(scene.migration))


def test_items_that_were_taken_over(scene: Scene) -> None:
    for path, conflict in (("a", "append"), ("b", "overwrite")):
        scene.call("create-secret", name=scene.name(path), value="theirs", description="theirs")
        replace(scene, path, "theirs, too", **{"keep-prev-version": "true"})
        scene.migration.ok(conflict=conflict, scope={"paths": [f"{scene.kv.mount}/{path}"]})
    scene.migration.ok()
    clean(verified(scene.migration))
    replace(scene, "a", '{"v":0}')
    assert found(verified(scene.migration)) == [("different", "a")]


def test_an_unversioned_secret_that_changed_twice(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, version=1)
    for number in range(3):
        scene.kv.put("a", {"v": number})
        scene.migration.ok()
        clean(verified(scene.migration))
    scene.kv.put("a", {"v": 9})
    assert found(verified(scene.migration)) == [("missing", "a")]


# --- metadata


def test_custom_metadata_that_looks_like_a_pointer(scene: Scene) -> None:
    scene.kv.describe("a", custom_metadata={"secretferry_metadata": "/migrated/elsewhere"})
    scene.kv.describe("b", custom_metadata={"secretferry_metadata": '{"item": "/migrated/elsewhere"}'})
    scene.migration.ok(metadata_mode="minimal")
    clean(verified(scene.migration))


@pytest.mark.parametrize("text", ["planted", '{"secretferry_metadata":{"item":"/migrated/elsewhere"}}'])
def test_a_description_where_none_is_wanted(scene: Scene, text: str) -> None:
    scene.call("create-secret", name=scene.name("c"), value="theirs", description="theirs")
    scene.migration.ok(metadata_mode="none", conflict="append")
    clean(verified(scene.migration))
    scene.call("update-item", name=scene.name("a"), description=text)
    assert found(verified(scene.migration)) == [("different_metadata", "a")]


# --- items of others


@pytest.mark.parametrize(("value", "said"), [('{"v": 2}', "is that of the source"), ("other", "is not that")])
def test_a_foreign_item_that_was_to_be_skipped_is_accepted_and_no_failure(scene: Scene, value: str, said: str) -> None:
    scene.call("create-secret", name=scene.name("b"), value=value)
    scene.migration.ok(conflict="skip")
    result = clean(verified(scene.migration))
    assert result.values["summary"]["foreign"] == 1
    assert result.values["summary"]["identical"] == 4
    (entry,) = result.values["accepted_differences"]
    assert (entry["type"], entry["item"]) == ("foreign", scene.name("b"))
    assert said in entry["reason"]
    assert any("which the options accept" in warning for warning in result.warnings)


def test_a_foreign_item_is_a_difference_otherwise(scene: Scene) -> None:
    scene.call("create-secret", name=scene.name("b"), value='{"v": 2}')
    scene.migration.run()
    assert found(verified(scene.migration)) == [("foreign", "b")]


def test_an_item_of_another_type_is_a_difference(scene: Scene) -> None:
    scene.call("create-dfc-key", name=scene.name("b"), alg="AES256GCM")
    scene.migration.run()
    result = verified(scene.migration)
    assert found(result) == [("foreign", "b")]
    assert "type" in result.values["differences"][0]["reason"]


def test_skipping_does_not_excuse_what_was_changed_since(scene: Scene) -> None:
    scene.migration.ok(conflict="skip")
    replace(scene, "a", '{"v":0}')
    scene.call("delete-item", name=scene.name("b"))
    scene.call("update-item", name=scene.name("c"), **{"rm-tag": ["secretferry:test"]})
    assert found(verified(scene.migration)) == [("different", "a"), ("missing", "b"), ("changed_at_target", "c")]


def test_extra_items_can_be_reported_only(scene: Scene) -> None:
    scene.call("create-secret", name="/migrated/theirs", value="x")
    scene.migration.ok()
    scene.kv.remove("c")
    assert found(verified(scene.migration)) == [("extra", "c"), ("extra", "/migrated/theirs")]
    result = clean(verified(scene.migration, extra_items="warn"))
    assert [entry["item"] for entry in result.values["accepted_differences"]] == [scene.name("c"), "/migrated/theirs"]
    assert result.values["summary"]["extra"] == 2


def test_items_of_other_migrations_are_counted_only(scene: Scene, vault: Vault, emulator: Emulator) -> None:
    other = Scene(vault, emulator, name="other")
    other.kv.put("x", {"v": 1})
    other.migration.ok()
    scene.migration.ok()
    assert clean(verified(scene.migration)).values["summary"]["other_migrations"] == 1
    assert clean(verified(other.migration)).values["summary"]["other_migrations"] == 3


# --- the ledger is no witness


def _shards(scene: Scene) -> dict[str, dict[str, t.Any]]:
    dump = scene.emulator.control.dump()
    return {n: json.loads(i["versions"][-1]["value"]) for n, i in dump.items() if "/shard-b" in n}


def test_a_ledger_that_lies_hides_nothing(scene: Scene) -> None:
    scene.migration.ok()
    # Both the item and what the ledger says of it are forged: the value that it was given, and its digest.
    replace(scene, "a", '{"v":1}')
    for name, shard in _shards(scene).items():
        for entry in shard["entries"].values():
            for record in entry["i"].values():
                for run in record["v"]:
                    run[2] = run[2][:16] * 2
        scene.call("update-secret-val", name=name, value=json.dumps(shard), **{"keep-prev-version": "false"})
    result = verified(scene.migration)
    assert [path for _type, path in found(result)] == ["a"]
    assert result.values["summary"]["identical"] == 5


def test_a_ledger_without_its_shards_is_enough(scene: Scene) -> None:
    scene.migration.ok()
    for name in _shards(scene):
        scene.call("delete-item", name=name)
    clean(verified(scene.migration))
    replace(scene, "a", '{"v":0}')
    assert found(verified(scene.migration)) == [("different", "a")]


def test_a_ledger_without_its_definition_is_an_error(scene: Scene) -> None:
    scene.migration.ok()
    scene.call("delete-item", name="/migrated/.secretferry/test/definition")
    with pytest.raises(SecretferryError, match="definition is not there"):
        verified(scene.migration)


def test_what_was_given_for_the_migration_holds_for_the_verification(scene: Scene) -> None:
    scene.migration.ok(source={"paths": [f"{scene.kv.mount}/"], "exclude": ["*/b"]}, metadata_mode="minimal")
    assert clean(verified(scene.migration)).values["summary"]["secrets"] == 2
    result = verified(scene.migration, source={"exclude": ["*/c"]})
    assert found(result) == [("missing", "b")]
    assert result.values["summary"]["out_of_scope"] == 1


def test_paths_of_an_earlier_run_are_no_extra_items(scene: Scene) -> None:
    mount = scene.kv.mount
    scene.kv.put("one/x", {"v": 1})
    scene.kv.put("two/x", {"v": 1})
    scene.migration.ok(source={"paths": [f"{mount}/one/", f"{mount}/a"]})
    scene.migration.ok(source={"paths": [f"{mount}/two/", f"{mount}/b"]})
    assert clean(verified(scene.migration)).values["summary"]["out_of_scope"] == 2
    assert clean(verified(scene.migration, source={"paths": [f"{mount}/"], "include": ["*/one/*", "*/a"]}))
    # One that was never migrated is an extra item, whatever its tag says and wherever it is.
    for path in ("one/y", "two/y"):
        scene.call("create-secret", name=scene.name(path), value="x", tags=["secretferry:test"])
    assert found(verified(scene.migration)) == [("extra", "one/y"), ("extra", "two/y")]
    # And so is one within reach that the source has no more.
    scene.kv.remove("two/x")
    scene.kv.put("two/z", {"v": 1})
    assert ("extra", "two/x") in found(verified(scene.migration))


# --- a part of it


def test_a_sample(scene: Scene) -> None:
    for number in range(60):
        scene.kv.put(f"many/{number}", {"v": number})
    scene.migration.ok()
    scene.call("create-secret", name=scene.name("stray"), value="x")
    result = verified(scene.migration, sample="10")
    assert result.values["sample"] == {"requested": "10", "secrets": 10, "total": 63}
    assert result.values["summary"]["not_sampled"] == 53
    assert found(result) == [("extra", scene.name("stray"))]
    assert result.values["values_read"]["vault"] <= 20


def test_a_sample_of_keys_takes_no_other_key_for_an_extra_item(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, layout="keys")
    for number in range(12):
        scene.kv.put(f"many/{number}", {"v": number, "w": number})
    scene.migration.ok()
    clean(verified(scene.migration, sample="3"))
    scene.call("create-secret", name=scene.name("many/extra"), value="x")
    assert found(verified(scene.migration, sample="3")) == [("extra", scene.name("many/extra"))]


@pytest.mark.parametrize("layout", ["json", "keys"])
def test_batches_together_find_what_the_whole_finds(vault: Vault, emulator: Emulator, layout: str) -> None:
    scene = Scene(vault, emulator, layout=layout)
    for number in range(12):
        scene.kv.put(f"app/{number}", {"v": number})
    scene.migration.ok()
    suffix = "/v" if layout == "keys" else ""
    scene.call("delete-item", name=scene.name(f"app/3{suffix}"))
    replace(scene, f"app/5{suffix}", "0")
    scene.call("create-secret", name=scene.name("app/stray"), value="x")
    scene.call("create-secret", name=scene.name("app/other/stray"), value="x")
    whole = found(verified(scene.migration))
    assert len(whole) == 4
    parts = [verified(scene.migration, scope={"hash_prefix": bits}) for bits in ("00", "01", "1")]
    assert sorted(entry for part in parts for entry in found(part)) == sorted(whole)
    assert sum(part.values["summary"]["secrets"] for part in parts) == 12
    assert [part.values["summary"]["out_of_scope"] for part in parts] == [
        12 - part.values["summary"]["secrets"] for part in parts
    ]


@pytest.mark.parametrize("layout", ["json", "keys"])
def test_secrets_by_name(vault: Vault, emulator: Emulator, layout: str) -> None:
    scene = Scene(vault, emulator, layout=layout)
    for path in ("a", "a/b", "c", "d"):
        scene.kv.put(path, {"v": 1})
    scene.migration.ok()
    scene.kv.remove("c")
    suffix = "/v" if layout == "keys" else ""
    replace(scene, f"d{suffix}", "0")
    paths = [f"{scene.kv.mount}/{path}" for path in ("a", "c")]
    emulator.control.reset_counters()
    result = verified(scene.migration, scope={"paths": paths})
    assert found(result) == [("extra", "c")]
    assert result.values["summary"]["removed_at_source"] == 1
    assert result.values["summary"]["secrets"] == 2
    asked = {name for route, name, _outcome in emulator.control.journal() if route == "get-secret-value"}
    assert {name for name in asked if "/.secretferry/" not in name} == {scene.name(f"a{suffix}")}


def test_a_secret_outside_its_batch_is_refused(scene: Scene) -> None:
    scene.migration.ok()
    path = f"{scene.kv.mount}/a"
    other = "1" if bits_of(path)[0] == "0" else "0"
    with pytest.raises(SecretferryError, match=r"scope\.paths"):
        verified(scene.migration, scope={"paths": [path], "hash_prefix": other})


# --- keys


def test_one_item_per_key(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, layout="keys")
    scene.kv.put("a", {"one": "x", "two": 2}, {"one": "y", "two": 2, "a/b": {"n": 1.0}})
    scene.migration.ok()
    assert clean(verified(scene.migration)).values["summary"]["versions"] == 5
    replace(scene, "a/one", "x")
    replace(scene, "a/a%2Fb", '{"n":2}')
    scene.call("delete-item", name=scene.name("a/two"), version=1)
    scene.call("create-secret", name=scene.name("a/three"), value="x")
    result = verified(scene.migration)
    assert found(result) == [("different", "a"), ("different", "a"), ("missing", "a"), ("extra", scene.name("a/three"))]
    assert [e["item"].rpartition("/")[2] for e in result.values["differences"]][:3] == ["a%2Fb", "one", "two"]


def test_a_key_without_a_name_is_missing_and_says_why(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, layout="keys")
    scene.kv.put("a", {"": "x", "b": "y"})
    scene.migration.run()
    result = verified(scene.migration)
    assert found(result) == [("missing", "a")]
    assert "key without a name" in result.values["differences"][0]["reason"]


# --- what cannot be read


def test_what_the_migration_refused_is_missing_and_says_why(scene: Scene) -> None:
    scene.kv.put("big", {"v": "x" * 20_000})
    scene.migration.run()
    result = verified(scene.migration)
    assert found(result) == [("missing", "big")]
    assert "value_limit is 16384" in result.values["differences"][0]["reason"]


def test_a_source_that_cannot_be_read_any_more_is_no_silent_pass(scene: Scene, vault: Vault) -> None:
    scene.kv.put("folder/x", {"v": 1})
    scene.migration.ok()
    mount = scene.kv.mount
    rules = f"""
path "{mount}/*" {{ capabilities = ["read", "list"] }}
path "{mount}/data/b" {{ capabilities = ["deny"] }}
path "{mount}/metadata/folder/" {{ capabilities = ["deny"] }}
path "{mount}/metadata/folder" {{ capabilities = ["deny"] }}
"""
    vault.write_policy("verify-blind", rules)
    scene.migration.source_auth = {"method": "token", "token": vault.token(["verify-blind"])}
    result = verified(scene.migration)
    assert found(result) == [("unreadable", "b"), ("unreadable", "folder/x")]


def test_what_was_never_migrated_because_it_may_not_be_read_is_a_warning(scene: Scene, vault: Vault) -> None:
    mount = scene.kv.mount
    rules = f"""
path "{mount}/*" {{ capabilities = ["read", "list"] }}
path "{mount}/data/b" {{ capabilities = ["deny"] }}
"""
    vault.write_policy("verify-partly", rules)
    scene.migration.source_auth = {"method": "token", "token": vault.token(["verify-partly"])}
    scene.migration.ok()
    result = clean(verified(scene.migration))
    assert [entry["source"] for entry in result.values["unreadable"]] == [f"{mount}/b"]
    assert any(warning.startswith("1 paths could not be read at the source") for warning in result.warnings)
    unlisted = clean(verified(scene.migration, report_limit=0))
    assert (unlisted.values["unreadable"], unlisted.values["unreadable_count"]) == ([], 1)
    assert unlisted.warnings == result.warnings
    scene.migration.run(unreadable_paths="fail")
    assert found(verified(scene.migration)) == [("unreadable", "b")]


def test_an_item_that_may_not_be_read_is_no_silent_pass(vault: Vault) -> None:
    rules = [{"path": "/*", "capabilities": ["read", "create", "update", "list"]}]
    config = {
        "identities": [{"access_id": "p-v", "access_key": "verifier-key", "roles": ["v"]}],
        "roles": {"v": rules},
    }
    with Emulator.start(config) as emulator:
        scene = Scene(vault, emulator)
        for name in "abc":
            scene.kv.put(name, {"v": 1})
        scene.migration.akeyless_auth = {"access_id": "p-v", "access_key": "verifier-key"}
        scene.migration.ok()
        # Read alone is taken away, so that it is still in the listing.
        for path, given in (("/*", ["list"]), ("*/.secretferry/*", ["read"]), ("*/a", ["read"]), ("*/c", ["read"])):
            body = {"role-name": "v", "path": path, "capability": given, "rule-type": "item-rule"}
            scene.call("set-role-rule", **body)
        assert found(verified(scene.migration)) == [("unreadable", "b")]


def test_a_wrong_mount_is_no_success(scene: Scene, vault: Vault) -> None:
    scene.migration.ok()
    for path in ("a", "b", "c"):
        scene.kv.remove(path)
    with_nothing = verified(scene.migration)
    assert with_nothing.values["verified"] is False
    assert "there is no secret in" in str(with_nothing.error)


def test_odd_answers_of_an_account(scene: Scene, emulator: Emulator) -> None:
    scene.kv.put("numbers", {"big": 9007199254740993, "text": "é"})
    scene.migration.ok()
    emulator.control.settings(decode_json_values=True, page_size=2)
    clean(verified(scene.migration))


def test_names_with_replaced_characters(vault: Vault, emulator: Emulator) -> None:
    emulator.control.settings(invalid_characters="#%")
    scene = Scene(vault, emulator)
    scene.kv.put("a%23b", {"v": 1})
    scene.kv.put("a%2541", {"v": 2})
    scene.migration.ok()
    clean(verified(scene.migration))
    scene.kv.remove("a%23b")
    assert found(verified(scene.migration)) == [("extra", "a#b")]
    batch = bits_of(f"{scene.kv.mount}/a#b")[:1]
    assert ("extra", "a#b") in found(verified(scene.migration, scope={"hash_prefix": batch}))


def test_a_run_that_writes_meanwhile_is_reported(scene: Scene, emulator: Emulator) -> None:
    scene.migration.ok()
    lease = "/migrated/.secretferry/test/lease"
    held = {"host": "elsewhere", "pid": 1, "nonce": "x", "boot": "", "since": 0, "until": 4102444800.0}
    scene.call("update-secret-val", name=lease, value=json.dumps(held), **{"keep-prev-version": "true"})
    result = clean(verified(scene.migration))
    assert any("Another run of this migration is writing" in warning for warning in result.warnings)


def test_lists_are_bounded_and_counts_are_not(scene: Scene) -> None:
    scene.migration.ok()
    for path in ("a", "b", "c"):
        replace(scene, path, '{"v":0}')
    result = verified(scene.migration, report_limit=1)
    assert len(result.values["differences"]) == 1
    assert result.values["differences_count"] == 3
    assert result.values["summary"]["different"] == 3
    assert "and 2 more" in str(result.error)
    none = verified(scene.migration, report_limit=0)
    assert none.values["differences"] == []
    assert str(none.error) == "the verification found 3 differences: see 'summary'"
