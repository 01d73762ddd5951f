# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Akeyless does not document, or accounts set differently: it has no effect, or the item fails with a reason."""

from __future__ import annotations

import typing as t

import pytest
from killing import apart, comparable, small_shards

from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault

# None of these may make a difference to the target.
HARMLESS: dict[str, dict[str, t.Any]] = {
    "as-assumed": {},
    "exists-400": {"already_exists_status": 400},
    "exists-500": {"already_exists_status": 500},
    "version-400": {"last_version_status": 400},
    "version-412": {"last_version_status": 412},
    "version-500": {"last_version_status": 500},
    "last-version-ignored": {"enforce_last_version": False},
    "new-versions-forced": {"force_new_versions": True},
    "versions-by-default": {"default_versioning": True},
    "decoded": {"decode_json_values": True},
    "json-unchecked": {"check_json_format": False},
    "omitted-in-batches": {"missing_in_batch": "omit"},
    "max-versions-clamped": {"max_versions_over": "clamp"},
    "few-versions-by-default": {"default_max_versions": 1},
    "small-pages": {"page_size": 2},
    "no-auto-pagination": {"auto_pagination": False},
    "description-bytes": {"description_unit": "bytes"},
    "protected-405": {"delete_protected_status": 405},
    "taken-is-conflict": {"already_exists_code": "Conflict"},
    "texts-live": {"error_texts": "live"},
    "listing-flat": {"listing": "flat"},
    "tokens-on-last-pages": {"last_page_token": True},
    "flat-pages-with-tokens": {"listing": "flat", "last_page_token": True, "page_size": 2},
}
LOSSES: dict[str, dict[str, t.Any]] = {
    "nothing-lost": {},
    "answers-lost": {"action": "drop", "when": "after", "routes": ["create-secret", "update-secret-val"], "every": 3},
    "requests-lost": {"action": "drop", "routes": ["create-secret", "update-secret-val"], "every": 3},
}
# Those that change how a lost answer is settled.
WITH_LOSSES = [
    "as-assumed", "exists-400", "exists-500", "version-400", "version-500", "last-version-ignored",
    "new-versions-forced", "decoded", "omitted-in-batches", "texts-live", "flat-pages-with-tokens",
]  # fmt: skip


@pytest.fixture(scope="module")
def scene(vault: Vault, _emulator: Emulator) -> Scene:
    scene = Scene(vault, _emulator)
    for n in range(5):
        scene.kv.put(f"s{n}", *({"v": v, "exact": 1.5} for v in range(1, 4)))
    scene.kv.describe("s1", custom_metadata={f"k{n}": "é" * 200 for n in range(6)})
    scene.kv.describe("s2", custom_metadata={"k": "é" * 200, "l": "é" * 200})
    return scene


@pytest.fixture(scope="module")
def expected(scene: Scene, _emulator: Emulator) -> dict[str, t.Any]:
    _emulator.control.reset()
    scene.migration.ok()
    return comparable(scene.migration)


@pytest.mark.parametrize(
    ("habit", "loss"),
    [(habit, loss) for habit in HARMLESS for loss in LOSSES if loss == "nothing-lost" or habit in WITH_LOSSES],
)
def test_the_target_is_the_same(
    scene: Scene,
    expected: dict[str, t.Any],
    emulator: Emulator,
    habit: str,
    loss: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small_shards(monkeypatch, scene.migration, limit=800, unsaved=2)
    emulator.control.settings(**HARMLESS[habit])
    emulator.control.faults(rules=[LOSSES[loss]] if LOSSES[loss] else [])
    told = apart(scene.migration)
    emulator.control.faults()
    if told.error:
        assert "Unexpected" not in told.error
        told = apart(scene.migration)
    assert told.error == ""
    got = comparable(scene.migration)
    assert {n: i["versions"] for n, i in got.items() if "/.secretferry/" not in n} == {
        n: i["versions"] for n, i in expected.items() if "/.secretferry/" not in n
    }
    assert {n: (i["description"], i["tags"]) for n, i in got.items()} == {
        n: (i["description"], i["tags"]) for n, i in expected.items()
    }
    again = apart(scene.migration)
    assert (again.error, again.changed) == ("", False)


def _refused(scene: Scene, path: str, *words: str, **options: t.Any) -> None:
    """One secret is refused with a reason and a remedy; all others arrive."""
    told = apart(scene.migration, **options)
    failures = told.values["failures"]
    assert [f["source"] for f in failures] == [f"{scene.kv.mount}/{path}"], told.error
    for word in words:
        assert word in failures[0]["reason"]
    assert failures[0]["remedy"]
    assert path in told.error
    assert scene.name("s1") in scene.migration.items()


def test_a_value_over_the_accounts_limit(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    scene.kv.put("s1", {"v": 1})
    scene.kv.put("large", {"v": "x" * 17_000})
    _refused(scene, "large", "17008 bytes", "16384")
    assert scene.name("large") not in scene.migration.items()


def test_more_versions_than_the_account_keeps(vault: Vault, emulator: Emulator) -> None:
    emulator.control.settings(account_max_versions=3)
    scene = Scene(vault, emulator)
    scene.kv.put("s1", {"v": 1})
    scene.kv.put("many", *({"v": n} for n in range(5)))
    _refused(scene, "many", "5 versions", "3")
    assert apart(scene.migration, versions="3").error == ""
    assert scene.values("many") == [{"v": 2}, {"v": 3}, {"v": 4}]


def test_a_required_custom_field_is_reported_by_item(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    scene.kv.put("s1", {"v": 1})
    scene.migration.ok()
    emulator.control.settings(required_item_custom_field=["owner"])
    scene.kv.put("s2", {"v": 1})
    _refused(scene, "s2", "owner")


def test_an_account_that_needs_a_custom_field_from_the_start(vault: Vault, emulator: Emulator) -> None:
    emulator.control.settings(required_item_custom_field=["owner"])
    scene = Scene(vault, emulator)
    scene.kv.put("s1", {"v": 1})
    told = apart(scene.migration)
    assert "owner" in told.error
    assert "Unexpected" not in told.error


def test_delete_protection_by_default_stops_no_migration(
    vault: Vault, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator.control.settings(delete_protection_by_default=True)
    scene = Scene(vault, emulator)
    small_shards(monkeypatch, scene.migration)
    for n in range(20):
        scene.kv.put(f"s{n}", {"v": n})
    told = apart(scene.migration, concurrency=4)
    assert told.error == ""
    assert len(scene.migration.items()) == 20
    again = apart(scene.migration)
    assert (again.error, again.changed) == ("", False)


def test_names_that_are_too_long(vault: Vault, emulator: Emulator) -> None:
    emulator.control.settings(name_limit=120)
    scene = Scene(vault, emulator)
    scene.kv.put("s1", {"v": 1})
    scene.kv.put("long" * 30, {"v": 1})
    _refused(scene, "long" * 30, "name")


def test_a_description_limit_in_bytes_is_met_by_metadata_items(vault: Vault, emulator: Emulator) -> None:
    emulator.control.settings(description_unit="bytes")
    scene = Scene(vault, emulator, metadata_mode="minimal")
    scene.kv.put("s1", {"v": 1})
    scene.kv.describe("s1", custom_metadata={"k": "é" * 250, "l": "é" * 255, "m": "é" * 12})
    scene.migration.ok()
    assert "secretferry_metadata" in scene.item("s1")["description"]
