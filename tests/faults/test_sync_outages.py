# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``kv_sync`` while sides are down, others write, or it is killed: it goes on where it was, and says what happened."""

from __future__ import annotations

import threading
import time
import typing as t

import pytest
from killing import comparable, kill_at, kill_points, until

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import LeaseHeld
from ansible_collections.secretferry.akeyless.plugins.module_utils.limits import Limits
from ferrydev.emulator import Emulator
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault
from ferrydev.verifying import verified

V1, V2, V3, V4 = ({"v": n} for n in range(1, 5))


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator)
    scene.kv.put("s", V1, V2, V3)
    scene.kv.put("t", V1, V2)
    scene.kv.put("u", V1)
    scene.migration.ok()
    return scene


IMPATIENT = Limits(outage_seconds=0.5)


class Background(threading.Thread):
    """A continuous sync, with its result at the end."""

    def __init__(self, scene: Scene, **continuous: str) -> None:
        super().__init__(daemon=True)
        self.sync = Sync(scene.migration)
        self.continuous = {"interval": "1s", **continuous}
        self.result: Result | None = None
        self.start()

    def run(self) -> None:
        self.result = self.sync.run(continuous=self.continuous)

    def finish(self) -> Result:
        self.join(60)
        assert self.result is not None
        return self.result


def _there(scene: Scene, path: str) -> t.Callable[[], bool]:
    return lambda: scene.name(path) in scene.migration.items()


def test_passes_go_on_until_syncing_is_stopped(scene: Scene) -> None:
    running = Background(scene, duration="60s")
    scene.kv.put("new", V1)
    until(_there(scene, "new"), "a first change")
    scene.kv.put("newer", V1)
    until(_there(scene, "newer"), "a second change")
    Sync(scene.migration).ok(state="stopped")
    result = running.finish()
    assert (result.error, result.values["stop_reason"], result.changed) == (None, "stopped", True)
    assert result.values["totals"]["created"] == 2
    assert {line["source"].rpartition("/")[2] for line in result.values["plan"]} == {"new", "newer"}
    assert result.values["outages_count"] == 0


def test_it_ends_with_its_bounds(scene: Scene) -> None:
    began = time.monotonic()
    result = Sync(scene.migration).ok(continuous={"interval": "1s", "duration": "3s"})
    assert time.monotonic() - began < 10
    assert result.values["stop_reason"] == "done"
    assert 2 <= result.values["passes"]["done"] <= 4
    past = Sync(scene.migration).ok(continuous={"until": "2020-01-01T00:00:00Z"})
    assert past.values["passes"]["done"] == 1


def test_an_outage_of_akeyless_is_waited_for_and_reported(scene: Scene) -> None:
    scene.migration.limits = IMPATIENT
    control = scene.emulator.control
    running = Background(scene, duration="60s")
    scene.kv.put("before", V1)
    until(_there(scene, "before"), "a change before")
    control.faults(rules=[{"action": "drop", "nth": list(range(1, 5000))}])
    scene.kv.put("during", V1)
    seen = control.counters()["requests"]
    until(lambda: control.counters()["requests"] > seen + 6, "requests into the void")
    control.faults()
    until(_there(scene, "during"), "the change of the outage", 40)
    Sync(scene.migration).ok(state="stopped")
    result = running.finish()
    assert result.error is None
    outage = result.values["outages"][0]
    assert "Akeyless" in outage["reason"]
    assert outage["end"]
    assert verified(scene.migration).values["verified"]


def test_an_outage_beyond_its_timeout_fails(scene: Scene) -> None:
    scene.migration.limits = IMPATIENT
    running = Background(scene, duration="60s", outage_timeout="2s")
    scene.kv.put("new", V1)
    until(_there(scene, "new"), "a change before")
    scene.emulator.control.faults(rules=[{"action": "drop", "nth": list(range(1, 50000))}])
    result = running.finish()
    scene.emulator.control.faults()
    assert "no pass succeeded for" in str(result.error)
    assert result.values["stop_reason"] == "outage"
    assert result.values["outages"][0]["end"] is None


def test_an_outage_of_vault_is_survived(emulator: Emulator) -> None:
    with Vault.start() as vault:
        scene = Scene(vault, emulator)
        scene.migration.limits = IMPATIENT
        scene.kv.put("a", V1)
        scene.migration.ok()
        running = Background(scene, duration="30s", outage_timeout="2s")
        scene.kv.put("b", V1)
        until(_there(scene, "b"), "a change before")
        vault.seal()
        result = running.finish()
    assert "503" in result.values["outages"][0]["reason"] or "sealed" in result.values["outages"][0]["reason"]
    assert result.values["stop_reason"] == "outage"
    assert result.values["totals"]["created"] == 1


def test_it_waits_while_another_run_writes_and_no_longer_than_it_may(scene: Scene) -> None:
    control = scene.emulator.control
    scene.kv.put("s", V4)
    # The other run stands still at its first append, with the lease in its hands.
    control.faults(rules=[{"action": "hang", "nth": [1], "routes": ["update-item"], "when": "before"}])
    scene.kv.describe("t", custom_metadata={"a": "b"})
    other = threading.Thread(target=scene.migration.run, daemon=True)
    other.start()
    assert control.wait_hanging(30)
    scene.kv.put("u", V2)
    with pytest.raises(LeaseHeld, match="lease_timeout"):
        raise t.cast("Exception", Sync(scene.migration).run(lease_timeout="1s").error)
    waiting = Background(scene, duration="1s")
    control.release()
    other.join(30)
    assert waiting.finish().error is None
    assert verified(scene.migration).values["verified"]


@pytest.mark.parametrize("counts", [True, False], ids=["numbers count on", "numbers fall back"])
@pytest.mark.parametrize(("request_number", "when"), kill_points(7, 10, 16))
def test_killed_anywhere_and_run_again_ends_as_if_nothing_had_been(
    vault: Vault, emulator: Emulator, request_number: int, when: str, counts: bool
) -> None:
    emulator.control.settings(deleted_versions_count=counts)
    options = {"delete": True, "undeleted_versions": "rewrite", "concurrency": 1}

    def story(kill: bool) -> tuple[Scene, dict[str, t.Any]]:
        emulator.control.reset()
        scene = Scene(vault, emulator)
        scene.kv.put("s", V1, V2, V3)
        scene.kv.put("t", V1, V2)
        scene.kv.put("w", V1, V2, V3)
        scene.kv.put("u", V1)
        scene.kv.delete("w", 2)
        scene.migration.ok()
        scene.kv.destroy("s", 1, 3)
        scene.kv.remove("t")
        scene.kv.undelete("w", 2)
        scene.kv.put("u", V2)
        scene.kv.delete("u", 1)
        sync = Sync(scene.migration, **options)
        if kill:
            routes = ["create-secret", "update-secret-val", "update-item", "delete-item"]
            kill_at(sync, request_number, when, routes)
        sync.ok()
        assert verified(scene.migration).values["verified"]
        assert not sync.ok().changed
        return scene, {
            path: scene.values(path) for path in ("s", "w", "u") if scene.name(path) in scene.migration.items()
        } | {"names": sorted(n.rpartition("/")[2] for n in comparable(scene.migration))}

    assert story(kill=True)[1] == story(kill=False)[1]
