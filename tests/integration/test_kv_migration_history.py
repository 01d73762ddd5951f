# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a later run makes of what happened at the source since: every version once, in order, nothing without need."""

from __future__ import annotations

import json
import typing as t

import pytest

from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault

V1, V2, V3, V4 = ({"v": n} for n in range(1, 5))


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator)
    scene.kv.put("s", V1, V2)
    scene.migration.ok()
    return scene


Change = t.Callable[[Scene], t.Any]


def _in_order(*changes: Change) -> Change:
    def change(scene: Scene) -> None:
        for one in changes:
            one(scene)

    return change


# What happens at the source; the action and the values that follow from it.
CHANGES: dict[str, tuple[Change, str, list[dict[str, t.Any]]]] = {
    "a new version": (lambda s: s.kv.put("s", V3), "append", [V1, V2, V3]),
    "two new versions": (lambda s: s.kv.put("s", V3, V4), "append", [V1, V2, V3, V4]),
    "the same value again": (lambda s: s.kv.put("s", V2), "append", [V1, V2, V2]),
    "custom metadata": (lambda s: s.kv.describe("s", custom_metadata={"a": "b"}), "update_metadata", [V1, V2]),
    "max_versions": (lambda s: s.kv.describe("s", max_versions=50), "update_metadata", [V1, V2]),
    "an old version deleted": (lambda s: s.kv.delete("s", 1), "update_metadata", [V1, V2]),
    "the newest version deleted": (lambda s: s.kv.delete("s", 2), "update_metadata", [V1, V2]),
    "a version destroyed": (lambda s: s.kv.destroy("s", 2), "update_metadata", [V1, V2]),
    "written and deleted": (
        _in_order(lambda s: s.kv.put("s", V3), lambda s: s.kv.delete("s", 3)),
        "update_metadata",
        [V1, V2],
    ),
    "written, deleted, written": (
        _in_order(lambda s: s.kv.put("s", V3), lambda s: s.kv.delete("s", 3), lambda s: s.kv.put("s", V4)),
        "append",
        [V1, V2, V4],
    ),
    "removed and made anew": (
        _in_order(lambda s: s.kv.remove("s"), lambda s: s.kv.put("s", V4)),
        "append",
        [V1, V2, V4],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_at_the_source_arrives(scene: Scene, change: str) -> None:
    happens, action, values = CHANGES[change]
    happens(scene)
    predicted = scene.migration.run(check=True)
    result = scene.migration.ok()
    assert scene.steps(result) == {"s": action}
    assert result.values["plan"] == predicted.values["plan"]
    assert (result.changed, predicted.changed) == (True, True)
    assert scene.values("s") == values


@pytest.mark.parametrize("change", CHANGES)
def test_and_once_is_enough(scene: Scene, change: str) -> None:
    CHANGES[change][0](scene)
    scene.migration.ok()
    scene.emulator.control.reset_counters()
    result = scene.migration.ok()
    assert not result.changed
    assert scene.emulator.control.counters()["writes"] == 0
    assert result.values["values_read"]["vault"] == 0


def test_a_deleted_version_that_came_back_is_appended_while_it_is_the_newest(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    scene.kv.put("s", V1, V2)
    scene.kv.delete("s", 2)
    scene.migration.ok()
    assert scene.values("s") == [V1]
    scene.kv.undelete("s", 2)
    scene.migration.ok()
    assert scene.values("s") == [V1, V2]


def test_one_that_came_back_between_others_is_a_conflict_that_says_what_to_do(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    scene.kv.put("s", V1, V2, V3)
    scene.kv.delete("s", 2)
    scene.migration.ok()
    scene.kv.undelete("s", 2)
    scene.kv.put("s", V4)
    result = scene.migration.run()
    assert "version 2" in str(result.error)
    assert "skip" in result.values["failures"][0]["remedy"]
    scene.migration.ok(conflict="skip")
    assert scene.values("s") == [V1, V3, V4]


@pytest.mark.parametrize(
    ("versions", "expected"),
    [("all", [1, 2, 4, 5, 6]), ("current", [6]), ("1", [6]), ("3", [4, 5, 6]), ("99", [1, 2, 4, 5, 6])],
)
def test_the_wanted_versions(vault: Vault, emulator: Emulator, versions: str, expected: list[int]) -> None:
    scene = Scene(vault, emulator, versions=versions)
    scene.kv.put("s", *({"v": n} for n in range(1, 7)))
    scene.kv.destroy("s", 3)
    scene.migration.ok()
    assert [value["v"] for value in scene.values("s")] == expected
    assert not scene.migration.ok().changed
    scene.kv.put("s", {"v": 7})
    scene.migration.ok()
    assert [value["v"] for value in scene.values("s")] == [*expected, 7]


@pytest.mark.parametrize("metadata_mode", ["full", "minimal", "none"])
def test_current_is_left_out_where_the_newest_is_deleted(vault: Vault, emulator: Emulator, metadata_mode: str) -> None:
    scene = Scene(vault, emulator, versions="current", metadata_mode=metadata_mode)
    scene.kv.put("s", V1, V2)
    scene.kv.delete("s", 2)
    scene.kv.put("t", V1)
    assert scene.steps(scene.migration.ok()) == {"s": "skip", "t": "create"}


@pytest.mark.parametrize("metadata_mode", ["minimal", "none"])
def test_current_alone_takes_one_request_a_secret(vault: Vault, emulator: Emulator, metadata_mode: str) -> None:
    scene = Scene(vault, emulator, versions="current", metadata_mode=metadata_mode)
    for number in range(20):
        scene.kv.put(f"s{number}", V1, V2)
    vault.audit_reset()
    scene.migration.ok()
    asked = vault.audit_counts()
    assert (asked.data_reads, asked.metadata_reads) == (20, 0)
    vault.audit_reset()
    assert not scene.migration.ok().changed
    asked = vault.audit_counts()
    assert (asked.data_reads, asked.metadata_reads) == (0, 20)


def test_older_versions_cannot_be_had_afterwards(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, versions="current")
    scene.kv.put("s", V1, V2)
    scene.migration.ok()
    result = scene.migration.run(versions="all")
    assert result.values["summary"]["conflicts"] == 1
    assert scene.values("s") == [V2]


def test_a_history_that_grows_past_ten_versions_loses_nothing_at_the_target(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    for start in range(1, 26, 5):
        scene.kv.put("s", *({"v": n} for n in range(start, start + 5)))
        scene.migration.ok()
    assert [value["v"] for value in scene.values("s")] == list(range(1, 26))


@pytest.mark.parametrize("mode", ["full", "minimal", "none"])
def test_the_metadata_mode_stays_unless_it_is_changed(vault: Vault, emulator: Emulator, mode: str) -> None:
    scene = Scene(vault, emulator)
    scene.kv.put("s", V1)
    scene.kv.describe("s", custom_metadata={"owner": "a"})
    assert scene.migration.ok().values["definition"]["metadata_mode"] == "full"
    result = scene.migration.ok(metadata_mode=mode)
    assert result.changed == (mode != "full")
    assert scene.migration.ok().values["definition"]["metadata_mode"] == mode
    text = scene.item("s")["description"]
    if mode == "full":
        assert json.loads(text)["custom_metadata"] == {"owner": "a"}
    else:
        assert text == ('{"owner":"a"}' if mode == "minimal" else "")


def test_kv1_gets_a_version_for_each_change_that_is_seen(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, version=1)
    scene.kv.put("s", V1)
    scene.migration.ok()
    assert not scene.migration.ok().changed
    scene.kv.put("s", V2)
    scene.migration.ok()
    assert not scene.migration.ok().changed
    scene.kv.put("s", V1)
    scene.migration.ok()
    assert scene.values("s") == [V1, V2, V1]


def test_what_was_removed_at_the_source_stays_and_is_counted(scene: Scene) -> None:
    scene.kv.put("t", V1)
    scene.migration.ok()
    scene.kv.remove("t")
    result = scene.migration.ok()
    assert result.values["summary"]["removed_at_source"] == 1
    assert scene.values("t") == [V1]
    assert not result.changed


KEYS: dict[str, t.Any] = {
    "user": "admin",
    "port": 5432,
    "float": 1.5,
    "null": None,
    "list": [1, "a"],
    "nested": {"a": {"b": 1}},
    "text": '{"looks": "like json"}',
    "unicode": 'é\n\t"',
    "a/b": "slash",
    "empty": "",
    "<&>": "<&>",
}


def test_one_item_per_key(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, layout="keys")
    scene.kv.put("s", KEYS)
    scene.migration.ok()
    texts = {k: v if isinstance(v, str) else json.dumps(v, separators=(",", ":")) for k, v in KEYS.items()}
    for key, text in texts.items():
        assert scene.texts("s/" + key.replace("/", "%2F")) == [text], key
    assert not scene.migration.ok().changed


def test_keys_have_histories_of_their_own(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, layout="keys")
    scene.kv.put("s", {"a": "1"}, {"a": "2", "b": "1"}, {"b": "2"})
    scene.migration.ok()
    assert (scene.texts("s/a"), scene.texts("s/b")) == (["1", "2"], ["1", "2"])
    scene.kv.put("s", {"a": "3", "c": "1"})
    scene.migration.ok()
    assert (scene.texts("s/a"), scene.texts("s/c")) == (["1", "2", "3"], ["1"])
    vault.audit_reset()
    assert not scene.migration.ok().changed
    assert vault.audit_counts().data_reads == 0


def test_a_secret_of_very_many_keys(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, layout="keys")
    scene.kv.put("s", {f"key-{n:04d}": f"value {n}" for n in range(1500)})
    result = scene.migration.ok()
    assert result.values["summary"]["created"] == 1500
    again = scene.migration.ok()
    assert not again.changed
    assert again.values["values_read"]["vault"] == 0


def test_a_very_long_history(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator)
    scene.kv.describe("s", max_versions=400)
    scene.kv.put("s", *({"v": n} for n in range(1, 401)))
    scene.migration.ok()
    assert [value["v"] for value in scene.values("s")] == list(range(1, 401))
    assert not scene.migration.ok().changed
