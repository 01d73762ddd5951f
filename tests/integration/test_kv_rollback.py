# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After a rollback the target is as it was: listings with values, versions, descriptions and tags compared whole."""

from __future__ import annotations

import json
import typing as t

import pytest

from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.vault import Vault

LONG = {f"note{n}": "long " * 40 for n in range(6)}  # more than a description holds
HUGE = {f"note{n}": "é" * 250 for n in range(40)}  # more than an item holds


def state(emulator: Emulator, *, last: bool = True) -> dict[str, t.Any]:
    """Everything at the target; ``last``: with the number that a next version would follow."""
    items = emulator.control.dump(stable=True)
    for item in items.values():
        item["max_versions"] = item["max_versions"] or 10  # what listings show where nothing was said
        if not last:
            del item["last_version"]
    return items


def foreign(scene: Scene, name: str, *values: str, **about: t.Any) -> None:
    """An item of others."""
    scene.call("create-secret", name=name, value=values[0], **about)
    for value in values[1:]:
        scene.call("update-secret-val", **{"name": name, "value": value, "keep-prev-version": "true"})


def furnished(vault: Vault, emulator: Emulator, version: int = 2, **options: t.Any) -> Scene:
    """A source, and a target where others live: beside our items, and under names that we want."""
    scene = Scene(vault, emulator, version, **options)
    for n in range(6):
        scene.kv.put(f"app{n}", *({"a": f"{n} {v}", "b": v} for v in range(1, 2 + n % 3)))
    scene.kv.put("team/long", {"a": 1}, {"a": 2})
    scene.kv.put("team/huge", {"a": 1})
    scene.kv.put("taken", {"a": "ours", "b": 1}, {"a": "ours too"})
    scene.kv.put("old", {"a": "ours"}, {"a": "ours again"})
    scene.kv.put("bare", {"a": "ours"})
    if version == 2:
        scene.kv.describe("team/long", custom_metadata=LONG)
        scene.kv.describe("team/huge", custom_metadata=HUGE)
        scene.kv.describe("old", custom_metadata=LONG)
        scene.kv.describe("taken", custom_metadata={"owner": "us"})
    scene.call("create-dfc-key", name="/migrated/key", alg="AES256GCM")
    foreign(scene, "/migrated/beside", "1", "2", tags=["theirs"], description="beside")
    foreign(scene, scene.name("not-in-vault"), "x", description='{"a":1}')
    foreign(scene, "/elsewhere", "y")
    suffix = "/a" if options.get("layout") == "keys" else ""
    foreign(scene, scene.name("taken") + suffix, "theirs 1", "theirs 2", "theirs 3", tags=["b", "a"], description="d")
    foreign(scene, scene.name("old") + suffix, '{"old":1}', format="json", description="é" * 1024)
    foreign(scene, scene.name("bare") + suffix, "bare", **{"max-versions": "1"})
    return scene


def go_on(scene: Scene) -> None:
    """The source goes on."""
    scene.kv.put("app0", {"a": "new", "b": "new"})
    scene.kv.put("taken", {"a": "newer"}, {"a": "newest"})
    scene.kv.put("late", {"a": 1, "c": 2})
    scene.kv.put("team/long", {"a": 3})
    if scene.kv.version == 2:
        scene.kv.describe("app1", custom_metadata={"owner": "them"})
        scene.kv.describe("team/huge", custom_metadata={**HUGE, "more": "x"})
        scene.kv.describe("old", custom_metadata={"short": "now"})


@pytest.mark.parametrize("counts", [True, False], ids=["numbers count on", "numbers fall back"])
@pytest.mark.parametrize("version", [2, 1], ids=["kv2", "kv1"])
@pytest.mark.parametrize("layout", ["json", "keys"])
@pytest.mark.parametrize("conflict", ["skip", "append", "overwrite"])
def test_the_whole_migration(
    vault: Vault, emulator: Emulator, conflict: str, layout: str, version: int, counts: bool
) -> None:
    emulator.control.settings(deleted_versions_count=counts)
    scene = furnished(vault, emulator, version, layout=layout)
    before = state(emulator, last=not counts)
    scene.migration.ok(conflict=conflict)
    go_on(scene)
    scene.migration.ok(conflict=conflict)
    assert state(emulator, last=not counts) != before
    planned = Rollback(scene.migration).ok(check=True)
    result = Rollback(scene.migration).ok()
    assert state(emulator, last=not counts) == before
    assert result.changed
    assert result.values["plan"] == planned.values["plan"]
    assert result.values["summary"] == planned.values["summary"]
    confirmation = result.values["confirmation"]
    assert (confirmation["remaining"], confirmation["changed_by_others"]) == (0, 0)
    assert confirmation["restored"] == (0 if conflict == "skip" else 3)
    assert confirmation["listed"] == len(emulator.control.dump()) - 1  # all but /elsewhere


@pytest.mark.parametrize("counts", [True, False], ids=["numbers count on", "numbers fall back"])
@pytest.mark.parametrize("version", [2, 1], ids=["kv2", "kv1"])
@pytest.mark.parametrize("layout", ["json", "keys"])
@pytest.mark.parametrize("conflict", ["append", "overwrite"])
def test_one_run_of_several(
    vault: Vault, emulator: Emulator, conflict: str, layout: str, version: int, counts: bool
) -> None:
    emulator.control.settings(deleted_versions_count=counts)
    scene = furnished(vault, emulator, version, layout=layout)
    scene.migration.ok(conflict="skip")
    before = without_ledger(state(emulator, last=not counts))
    second = scene.migration.ok(conflict=conflict)
    go_on(scene)
    between = without_ledger(state(emulator, last=not counts))
    third = scene.migration.ok(conflict=conflict)
    after = without_ledger(state(emulator))
    back = Rollback(scene.migration)
    back.ok(from_run=third.values["run"])
    assert without_ledger(state(emulator, last=not counts)) == between
    # What was rolled back is new again.
    again = scene.migration.ok(conflict=conflict)
    assert newest(without_ledger(state(emulator))) == newest(after)
    assert not scene.migration.ok().changed
    back.ok(from_run=second.values["run"])
    assert without_ledger(state(emulator, last=not counts)) == before
    assert again.values["run"] > third.values["run"] > second.values["run"]
    nothing = back.ok(from_run=third.values["run"])
    assert not nothing.changed
    assert "nothing to roll back" in nothing.warnings[0]


def newest(items: dict[str, t.Any]) -> dict[str, str]:
    """The newest value of each item."""
    there = {name: item for name, item in items.items() if item["versions"] and "/.secretferry/" not in name}
    return {name: item["versions"][-1]["value"] for name, item in there.items()}


def without_ledger(items: dict[str, t.Any]) -> dict[str, t.Any]:
    """Metadata items are looked at, too: they belong to items."""
    return {name: item for name, item in items.items() if "/.secretferry/" not in name or "/metadata" in name}


ACCOUNTS: dict[str, dict[str, t.Any]] = {
    "new versions are forced": {"force_new_versions": True},
    "values of format json come back decoded": {"decode_json_values": True},
    "last-version is not looked at": {"enforce_last_version": False},
    "missing names are left out": {"missing_in_batch": "omit"},
    "pages are short": {"page_size": 7},
    "some characters are forbidden": {"invalid_characters": "+%"},
}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("layout", ["json", "keys"])
def test_accounts_of_all_habits(vault: Vault, emulator: Emulator, account: str, layout: str) -> None:
    scene = furnished(vault, emulator, layout=layout)
    scene.kv.put("odd+name/x", {"a": 1, "b+c/d": 2})
    before = state(emulator, last=False)
    emulator.control.settings(**ACCOUNTS[account])
    scene.migration.ok(conflict="overwrite")
    go_on(scene)
    second = scene.migration.ok()
    Rollback(scene.migration).ok(from_run=second.values["run"])
    Rollback(scene.migration).ok()
    after = state(emulator, last=False)
    if account == "values of format json come back decoded":
        for items in (before, after):  # their text is deleted before it can be kept
            old = items[scene.name("old") + ("/a" if layout == "keys" else "")]["versions"]
            old[0]["value"] = json.loads(old[0]["value"])
    assert after == before


def test_a_protection_key(vault: Vault, emulator: Emulator) -> None:
    scene = furnished(vault, emulator)
    scene.call("create-dfc-key", name="/keys/own", alg="AES256GCM")
    before = state(emulator, last=False)
    scene.migration.ok(conflict="overwrite", protection_key="/keys/own")
    kept = [item for name, item in emulator.control.dump().items() if "/backup/" in name]
    assert {version["protection_key"] for item in kept for version in item["versions"]} == {"/keys/own"}
    Rollback(scene.migration).ok()
    assert state(emulator, last=False) == before


def test_a_new_migration_costs_nothing_more(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    for n in range(50):
        scene.kv.put(f"s{n}", {"n": n})
    scene.migration.ok()
    routes = emulator.control.counters()["routes"]
    assert routes.get("describe-item", 0) == 0
    assert not [name for name in emulator.control.dump() if "/backup/" in name]


def test_items_that_change_together_share_a_note(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    for n in range(60):
        scene.kv.put(f"s{n}", {"n": n})
    scene.migration.ok()
    for n in range(60):
        scene.kv.put(f"s{n}", {"n": "new"})
    emulator.control.reset_counters()
    scene.migration.ok()
    notes = [name for name in emulator.control.dump() if "/backup/" in name]
    assert 2 <= len(notes) <= 12
    assert emulator.control.counters()["routes"]["describe-item"] == 60


def test_forgetting_a_migration_forgets_how_things_were(vault: Vault, emulator: Emulator) -> None:
    scene = furnished(vault, emulator)
    scene.migration.ok(conflict="overwrite")
    scene.migration.ok(state="absent")
    assert not [name for name in emulator.control.dump() if "/backup/" in name]
    assert [name for name in emulator.control.dump() if "/metadata/" in name]


def test_an_item_whose_second_version_failed_is_rolled_back(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    scene.kv.put("a", {"v": 1}, {"v": 2})
    emulator.control.faults(rules=[{"action": "error", "status": 403, "routes": ["update-secret-val"], "nth": [1]}])
    assert scene.migration.run().error
    emulator.control.faults()
    result = Rollback(scene.migration).ok()
    assert result.values["summary"]["deleted"] == 1
    assert emulator.control.dump() == {}
