# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Others change an item in the same second as our write: nothing of theirs is deleted or overwritten unasked."""

from __future__ import annotations

import json
import typing as t

import pytest
from killing import apart, kill_at

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.tampering import Tamper
from ferrydev.vault import Vault

ALIEN = '{"alien":true}'
Meddle = t.Callable[[Scene], None]


def _replaced(scene: Scene) -> None:
    scene.call("update-secret-val", **{"name": scene.name("s"), "value": ALIEN, "keep-prev-version": "false"})


def _described(scene: Scene) -> None:
    scene.call("update-item", name=scene.name("s"), description="theirs")


def _tagged(scene: Scene) -> None:
    scene.call("update-item", **{"name": scene.name("s"), "add-tag": ["theirs"]})


def _deleted(scene: Scene) -> None:
    scene.call("delete-item", name=scene.name("s"))


def _anew(scene: Scene) -> None:
    _deleted(scene)
    scene.call("create-secret", name=scene.name("s"), value=ALIEN)


def _anew_with_our_tags(scene: Scene) -> None:
    item = scene.item("s")
    _deleted(scene)
    scene.call("create-secret", name=scene.name("s"), value=ALIEN, tags=item["tags"], description=item["description"])
    for _version in item["versions"][1:]:
        scene.call("update-secret-val", **{"name": scene.name("s"), "value": ALIEN, "keep-prev-version": "true"})


CHANGES: dict[str, Meddle] = {
    "value": _replaced,
    "description": _described,
    "tags": _tagged,
    "deleted": _deleted,
    "anew": _anew,
    "anew with our tags": _anew_with_our_tags,
}
MOMENTS = ("before the listing", "before the value is read back", "after the run")


@pytest.fixture(params=["created", "added to"])
def scene(request: pytest.FixtureRequest, vault: Vault, emulator: Emulator) -> Scene:
    """A secret ``s`` that the run to come creates, or adds a version to, and ``t``, which stays as it is."""
    scene = Scene(vault, emulator, metadata_mode="minimal")
    scene.kv.put("t", {"n": 1})
    scene.kv.describe("s", custom_metadata={"owner": "us"})
    if request.param == "added to":
        scene.kv.put("s", {"n": 0})
        scene.kv.describe("s", custom_metadata={"owner": "we"})
        scene.migration.ok()
        scene.kv.describe("s", custom_metadata={"owner": "us"})
    scene.kv.put("s", {"n": 1})
    return scene


def _meddled(scene: Scene, moment: str, change: Meddle) -> Result:
    """Migrate, and let others change the item at a moment; the clock stays in the second of our write until then."""
    control, name = scene.emulator.control, scene.name("s")
    done: list[str] = []

    def meddle() -> None:
        if not done:
            done.append(moment)
            change(scene)
            control.clock(held=False, advance=1)

    def after_the_last_write(status: int, body: bytes, asked: bytes) -> tuple[int, bytes]:
        if json.loads(asked).get("name") == name:
            writes.append(asked)
            # With another version comes another description: the request that carries it is the last one.
            if "description" in json.loads(asked) and moment == MOMENTS[0]:
                meddle()
        return status, body

    def after_the_confirming_listing(status: int, body: bytes, asked: bytes) -> tuple[int, bytes]:
        if writes and json.loads(asked)["path"].endswith(scene.kv.mount) and moment == MOMENTS[1]:
            meddle()
        return status, body

    writes: list[bytes] = []
    changes = {
        "/create-secret": after_the_last_write,
        "/update-item": after_the_last_write,
        "/list-items": after_the_confirming_listing,
    }
    control.clock(held=True)
    with Tamper(scene.emulator.url, changes) as tamper:
        result = scene.migration.run(akeyless={"api_url": tamper.url})
    if moment == MOMENTS[2]:
        meddle()
    assert done
    return result


def _shown(scene: Scene) -> dict[str, t.Any]:
    """The item of ``s`` as others see it; empty where there is none."""
    item = scene.migration.items().get(scene.name("s"))
    return item or {}


def _predicted(scene: Scene, run: t.Callable[..., Result], **options: t.Any) -> Result:
    """Run in check mode, which changes nothing and predicts the real run; gives that one's result."""
    before = scene.emulator.control.dump()
    planned = run(check=True, **options)
    assert scene.emulator.control.dump() == before
    result = run(**options)
    assert result.values["plan"] == planned.values["plan"]
    assert _named(result) == _named(planned)
    return result


def _last_write(scene: Scene) -> tuple[str, int]:
    """The route of the last write to the item in the run to come, and which request of that route it is."""
    control, name = scene.emulator.control, scene.name("s")
    control.snapshot("before")
    control.reset_counters()
    scene.migration.ok(concurrency=1)
    asked = [(route, item) for route, item, _outcome in control.journal()]
    control.reset("before")
    writes = [n for n, (route, item) in enumerate(asked) if item == name and route in ("create-secret", "update-item")]
    route = asked[writes[-1]][0]
    return route, sum(one == route for one, _item in asked[: writes[-1] + 1])


EVERY = pytest.mark.parametrize("what", CHANGES)
WHEN = pytest.mark.parametrize(
    ("moment", "dates"), [*((moment, "seconds") for moment in MOMENTS), (MOMENTS[0], "microseconds")]
)


@WHEN
@EVERY
def test_a_rollback_leaves_what_others_made(
    scene: Scene, emulator: Emulator, what: str, moment: str, dates: str
) -> None:
    emulator.control.settings(date_resolution=dates)
    result = _meddled(scene, moment, CHANGES[what])
    theirs = _shown(scene)
    back = _predicted(scene, Rollback(scene.migration).run, from_run=result.values["run"])
    assert _shown(scene) == theirs
    whole = _predicted(scene, Rollback(scene.migration).run)
    assert _shown(scene) == theirs
    if theirs:
        assert scene.name("s") in str(back.error) or what == "anew"
        assert _named(whole) == [scene.name("s")]
    assert scene.name("t") not in scene.migration.items()


@WHEN
@EVERY
def test_a_sync_deletes_nothing_of_others(scene: Scene, emulator: Emulator, what: str, moment: str, dates: str) -> None:
    emulator.control.settings(date_resolution=dates)
    _meddled(scene, moment, CHANGES[what])
    theirs = _shown(scene)
    scene.kv.remove("s")
    result = _predicted(scene, Sync(scene.migration, delete=True).run)
    assert _shown(scene) == theirs
    if theirs:
        assert _named(result) == [scene.name("s")]
        assert result.values["failures"][0]["remedy"]


@WHEN
@EVERY
def test_a_migration_touches_nothing_of_others_unasked(
    scene: Scene, emulator: Emulator, what: str, moment: str, dates: str
) -> None:
    emulator.control.settings(date_resolution=dates)
    first = _meddled(scene, moment, CHANGES[what])
    if moment == MOMENTS[0] and what != "tags":
        assert _named(first) == [scene.name("s")], "it is noticed at once"
    theirs = _shown(scene)
    if _seems_never_created(first, what, moment):
        return
    scene.kv.put("s", {"n": 2})
    for conflict in ("fail", "skip"):
        result = _predicted(scene, scene.migration.run, conflict=conflict)
        if what == "tags":
            assert '{"n":2}' in scene.texts("s")
            assert "theirs" in scene.item("s")["tags"]
        else:
            assert _shown(scene) == theirs
            assert _named(result) == ([scene.name("s")] if conflict == "fail" else [])


@EVERY
@pytest.mark.parametrize("conflict", ["append", "overwrite"])
def test_a_migration_that_is_told_to_goes_on(scene: Scene, emulator: Emulator, what: str, conflict: str) -> None:
    _meddled(scene, MOMENTS[0], CHANGES[what])
    scene.kv.put("s", {"n": 2})
    _predicted(scene, scene.migration.run, conflict=conflict)
    texts = scene.texts("s")
    assert texts[-1] == '{"n":2}'
    if conflict == "append" and what in ("value", "anew", "anew with our tags"):
        assert ALIEN in texts
    assert not scene.migration.ok(conflict=conflict).changed


def _named(result: t.Any) -> list[str]:
    """The items that a result names as failures."""
    return [failure["item"] for failure in result.values["failures"]]


def _seems_never_created(first: Result, what: str, moment: str) -> bool:
    """Whether the item was deleted before the run had seen it: then the next run creates it."""
    return what == "deleted" and moment == MOMENTS[0] and first.values["plan"][0]["action"] == "create"


@pytest.mark.parametrize("what", [what for what in CHANGES if what != "tags"])
@pytest.mark.parametrize("follower", ["rollback", "migration", "sync"])
def test_a_run_is_killed_right_after_its_write(scene: Scene, emulator: Emulator, what: str, follower: str) -> None:
    route, nth = _last_write(scene)
    emulator.control.clock(held=True)
    kill_at(scene.migration, nth, "after", routes=[route], concurrency=1)
    CHANGES[what](scene)
    emulator.control.clock(held=False, advance=1)
    theirs = _shown(scene)
    runs: dict[str, t.Callable[..., t.Any]] = {
        "rollback": lambda **options: apart(Rollback(scene.migration), **options),
        "migration": lambda **options: apart(scene.migration, **options),
        "sync": lambda **options: apart(Sync(scene.migration, delete=True), **options),
    }
    result = _predicted(scene, runs[follower])
    if theirs:
        assert _shown(scene) == theirs
        unknown = what == "anew" and follower == "rollback" and not _named(result)
        assert unknown or _named(result) == [scene.name("s")]
