# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is written without need: items of others, or that another program changed since."""

from __future__ import annotations

import typing as t

import pytest

from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.vault import Vault

V1, V2, V3 = {"v": 1}, {"v": 2}, {"v": 3}
ALIEN = {"alien": True}


def _foreign(scene: Scene) -> None:
    """An item of others has the name already."""
    scene.call("create-secret", name=scene.name("s"), value='{"alien":true}', format="json", description="theirs")


def _appended(scene: Scene) -> None:
    """After a migration, another program adds a version."""
    scene.migration.ok()
    scene.call("update-secret-val", **{"name": scene.name("s"), "value": '{"alien":true}', "keep-prev-version": "true"})


def _replaced(scene: Scene) -> None:
    """After a migration, another program overwrites the newest version in place."""
    scene.migration.ok()
    scene.call(
        "update-secret-val", **{"name": scene.name("s"), "value": '{"alien":true}', "keep-prev-version": "false"}
    )


def _deleted(scene: Scene) -> None:
    """After a migration, another program deletes the item."""
    scene.migration.ok()
    scene.call("delete-item", name=scene.name("s"))


def _remade(scene: Scene) -> None:
    """After a migration, another program deletes the item and creates another one."""
    _deleted(scene)
    _foreign(scene)


def _described(scene: Scene) -> None:
    """After a migration, another program changes the description."""
    scene.migration.ok()
    scene.call("update-item", name=scene.name("s"), description="mine now")


MEDDLING: dict[str, t.Callable[[Scene], None]] = {
    "foreign": _foreign,
    "appended": _appended,
    "replaced": _replaced,
    "deleted": _deleted,
    "remade": _remade,
    "described": _described,
}

# What the item's versions are afterwards, from source versions 1, 2 and then 3.
EXPECTED: dict[tuple[str, str], list[dict[str, t.Any]]] = {
    ("foreign", "append"): [ALIEN, V1, V2, V3],
    ("foreign", "overwrite"): [V1, V2, V3],
    ("appended", "append"): [V1, V2, ALIEN, V3],
    ("appended", "overwrite"): [V1, V2, V3],
    ("replaced", "append"): [V1, ALIEN, V3],
    ("replaced", "overwrite"): [V1, V3],
    ("deleted", "append"): [V1, V2, V3],
    ("deleted", "overwrite"): [V1, V2, V3],
    ("remade", "append"): [ALIEN, V1, V2, V3],
    ("remade", "overwrite"): [V1, V2, V3],
    ("described", "append"): [V1, V2, V3],
    ("described", "overwrite"): [V1, V2, V3],
}


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator)
    scene.kv.put("s", V1, V2)
    return scene


@pytest.mark.parametrize("case", MEDDLING)
def test_fail_is_the_default_and_touches_nothing(scene: Scene, case: str) -> None:
    MEDDLING[case](scene)
    scene.kv.put("s", V3)
    before = scene.migration.items()
    result = scene.migration.run()
    assert scene.migration.items() == before
    assert result.error is not None
    assert f"{scene.kv.mount}/s" in str(result.error)
    assert result.values["summary"]["conflicts"] == 1
    assert result.values["failures"][0]["remedy"]


@pytest.mark.parametrize("case", MEDDLING)
def test_skip_touches_nothing_and_succeeds(scene: Scene, case: str) -> None:
    MEDDLING[case](scene)
    scene.kv.put("s", V3)
    before = scene.migration.items()
    result = scene.migration.ok(conflict="skip")
    assert scene.migration.items() == before
    assert result.values["summary"]["skipped"] == 1
    assert "conflict is skip" in result.values["plan"][0]["reason"]


@pytest.mark.parametrize(("case", "conflict"), EXPECTED)
def test_update_and_overwrite(scene: Scene, case: str, conflict: str) -> None:
    MEDDLING[case](scene)
    scene.kv.put("s", V3)
    predicted = scene.migration.run(check=True, conflict=conflict)
    result = scene.migration.ok(conflict=conflict)
    assert scene.values("s") == EXPECTED[case, conflict]
    assert '"current_version":3' in scene.item("s")["description"]
    assert predicted.values["plan"] == result.values["plan"]
    assert predicted.changed


@pytest.mark.parametrize(("case", "conflict"), EXPECTED)
def test_and_the_run_after_it_changes_nothing(scene: Scene, case: str, conflict: str) -> None:
    MEDDLING[case](scene)
    scene.migration.ok(conflict=conflict)
    before = scene.emulator.control.dump()
    result = scene.migration.ok()
    assert not result.changed
    assert scene.emulator.control.dump() == before


@pytest.mark.parametrize("case", ["appended", "replaced", "deleted", "remade"])
@pytest.mark.parametrize("conflict", ["append", "overwrite"])
def test_update_restores_the_source_even_with_nothing_new_there(scene: Scene, case: str, conflict: str) -> None:
    MEDDLING[case](scene)
    scene.migration.ok(conflict=conflict)
    assert scene.values("s")[-1] == V2


@pytest.mark.parametrize("conflict", ["append", "overwrite"])
@pytest.mark.parametrize("case", MEDDLING)
@pytest.mark.parametrize("die_at", [1, 2, 3])
def test_a_run_that_is_killed_while_taking_over_is_completed(
    scene: Scene, case: str, conflict: str, die_at: int
) -> None:
    MEDDLING[case](scene)
    scene.kv.put("s", V3)
    rule = {"action": "error", "status": 400, "text": "no more", "routes": ["update-secret-val"], "nth": [die_at]}
    scene.emulator.control.faults(rules=[rule])
    scene.migration.run(conflict=conflict)
    scene.emulator.control.faults()
    scene.migration.run(conflict=conflict)
    assert scene.values("s") == EXPECTED[case, conflict]


def test_an_item_of_another_type_is_never_touched(scene: Scene) -> None:
    scene.call("create-dfc-key", name=scene.name("s"), alg="AES256GCM")
    for conflict in ("append", "overwrite"):
        result = scene.migration.run(conflict=conflict)
        assert "type" in result.values["failures"][0]["reason"]


def test_a_second_migration_does_not_take_the_firsts_items(scene: Scene) -> None:
    scene.migration.ok()
    before = scene.item("s")
    result = scene.migration.run(name="other")
    assert result.values["summary"]["conflicts"] == 1
    assert scene.item("s") == before


def test_with_layout_keys_a_key_in_conflict_stays_one_until_it_is_settled(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, layout="keys")
    scene.kv.put("s", {"mine": "1", "theirs": "2"})
    taken = f"{scene.name('s')}/theirs"
    scene.call("create-secret", name=taken, value="by hand")
    for _run in range(2):
        result = scene.migration.run()
        assert (result.values["summary"]["conflicts"], result.error is None) == (1, False)
    assert scene.migration.run(conflict="skip").values["summary"]["skipped"] == 1
    assert scene.migration.ok(conflict="append").changed
    assert [version["value"] for version in emulator.control.dump()[taken]["versions"]] == ["by hand", "2"]
    assert scene.migration.ok(conflict="fail").values["summary"]["versions_written"] == 0
