# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The source changes while it is read: what arrives is a state that the secret was in, and the next run is clean."""

from __future__ import annotations

import json
import typing as t

import pytest

from ferrydev.emulator import Emulator
from ferrydev.proxy import Proxy, ReceivedRequest
from ferrydev.scene import Kv, Scene
from ferrydev.vault import Vault

V = [{"v": n} for n in range(10)]
Change = t.Callable[[Kv], None]


def _prune(kv: Kv) -> None:
    kv.put("s", V[4], V[5], V[6])  # max_versions is 3: everything before is pruned


def _recreate(kv: Kv) -> None:
    kv.remove("s")
    kv.put("s", V[7], V[8])


# What happens, and what the item may hold after the run that it happened in.
CHANGES: dict[str, tuple[Change, list[list[dict[str, t.Any]]]]] = {
    "added": (lambda kv: kv.put("s", V[4]), [[V[1], V[2], V[3]], [V[2], V[3], V[4]]]),
    "first deleted": (lambda kv: kv.delete("s", 1), [[V[1], V[2], V[3]], [V[2], V[3]]]),
    "last deleted": (lambda kv: kv.delete("s", 3), [[V[1], V[2], V[3]], [V[1], V[2]]]),
    "middle destroyed": (lambda kv: kv.destroy("s", 2), [[V[1], V[2], V[3]], [V[1], V[3]]]),
    "all destroyed": (lambda kv: kv.destroy("s", 1, 2, 3), [[V[1], V[2], V[3]], []]),
    "pruned": (_prune, [[V[1], V[2], V[3]], [V[4], V[5], V[6]], [V[3], V[4], V[5], V[6]]]),
    "removed": (lambda kv: kv.remove("s"), [[V[1], V[2], V[3]], []]),
    "recreated": (_recreate, [[V[1], V[2], V[3]], [V[7], V[8]]]),
}
# Just before which request of the run it happens.
MOMENTS = {
    "before the metadata": "/metadata/s",
    "before the first value": "/data/s?version=1",
    "before the second value": "/data/s?version=2",
    "before the last value": "/data/s?version=3",
}


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator)
    scene.kv.describe("s", max_versions=3)
    scene.kv.put("s", *V[1:4])
    scene.kv.put("t", V[0])
    return scene


def _meanwhile(scene: Scene, part: str, change: Change) -> None:
    """Run, with a change just before the first request for this part of a path."""
    done: list[ReceivedRequest] = []

    def hook(received: ReceivedRequest) -> None:
        if received.path.endswith(part) and not done:
            done.append(received)
            change(scene.kv)

    with Proxy(scene.kv.vault.addr, hook) as proxy:
        scene.migration.ok(source={"url": proxy.addr, "paths": [f"{scene.kv.mount}/"]})
    assert done


def _held(scene: Scene) -> list[t.Any]:
    return scene.values("s") if scene.name("s") in scene.migration.items() else []


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_secret_changes_while_it_is_read(scene: Scene, moment: str, what: str) -> None:
    change, possible = CHANGES[what]
    _meanwhile(scene, MOMENTS[moment], change)
    held = _held(scene)
    assert held in possible
    assert scene.values("t") == [V[0]]
    if held:
        # Its metadata belongs to the same moment as its versions.
        block = json.loads(scene.item("s")["description"])
        assert len(block["versions"]) == len(held)
    result = scene.migration.ok(conflict="skip")
    assert _held(scene)[: len(held)] == held, "nothing that arrived is taken back"
    assert not scene.migration.ok(conflict="skip").changed
    assert result.values["summary"]["failed"] == 0


@pytest.mark.parametrize("what", ["added", "recreated", "removed"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_and_ends_as_the_source_does(scene: Scene, moment: str, what: str) -> None:
    _meanwhile(scene, MOMENTS[moment], CHANGES[what][0])
    scene.migration.ok()
    expected = {"added": V[4], "recreated": V[8]}
    if what in expected:
        assert _held(scene)[-1] == expected[what]
    assert not scene.migration.ok().changed


def test_a_secret_vanishes_after_it_was_listed(scene: Scene) -> None:
    done: list[ReceivedRequest] = []

    def hook(received: ReceivedRequest) -> None:
        if received.path.endswith("/metadata/s") and not done:
            done.append(received)
            scene.kv.remove("s")

    with Proxy(scene.kv.vault.addr, hook) as proxy:
        result = scene.migration.ok(source={"url": proxy.addr, "paths": [f"{scene.kv.mount}/"]})
    assert result.values["summary"]["skipped"] == 1
    assert "removed at the source" in result.values["plan"][0]["reason"]


def test_folders_come_and_go_while_they_are_listed(scene: Scene) -> None:
    scene.kv.put("going/x", V[1])
    scene.kv.put("staying/x", V[1])

    def change(kv: Kv) -> None:
        kv.remove("going/x")
        kv.put("coming/x", V[1])
        kv.put("staying/y", V[1])

    _meanwhile(scene, "/metadata/going/?list=true", change)
    assert scene.name("going/x") not in scene.migration.items()
    assert scene.values("staying/x") == [V[1]]
    scene.migration.ok()
    assert scene.values("coming/x") == scene.values("staying/y") == [V[1]]
    assert not scene.migration.ok().changed


def test_kv1_changes_between_listing_and_reading(vault: Vault, emulator: Emulator) -> None:
    scene = Scene(vault, emulator, version=1)
    scene.kv.put("s", V[1])
    scene.kv.put("gone", V[1])

    def change(kv: Kv) -> None:
        kv.put("s", V[2])
        kv.remove("gone")

    _meanwhile(scene, "/gone", change)
    scene.migration.ok()
    assert scene.values("s")[-1] == V[2]
    assert scene.name("gone") not in scene.migration.items()
    assert not scene.migration.ok().changed
