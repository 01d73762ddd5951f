# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run writes at a time, and a ledger that is lost or damaged costs reading, never a version."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import time
import typing as t

import pytest
from killing import apart, comparable, small_shards, start, until

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.limits import Limits
from ferrydev.emulator import Emulator
from ferrydev.migrating import Migration
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault
from ferrydev.verifying import verified

FOLDER = "/migrated/.secretferry/test"
LEASE = f"{FOLDER}/lease"


@pytest.fixture
def scene(vault: Vault, emulator: Emulator) -> Scene:
    scene = Scene(vault, emulator, concurrency=4)
    for n in range(8):
        scene.kv.put(f"s{n}", {"v": n}, {"v": n + 0.5})
    scene.kv.describe("s1", custom_metadata={f"k{n}": "v" * 300 for n in range(5)})
    return scene


def _lease(scene: Scene) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(scene.emulator.control.dump()[LEASE]["versions"][-1]["value"]))


def _rewrite(scene: Scene, name: str, value: str) -> None:
    """What happened meanwhile in an item of the ledger."""
    scene.call("update-secret-val", **{"name": name, "value": value, "format": "text", "keep-prev-version": "true"})


# --- two runs at once


def test_the_second_of_two_runs_stops_and_says_who_and_how_long(scene: Scene) -> None:
    control = scene.emulator.control
    scene.migration.defaults["concurrency"] = 1  # so that one request hangs, and no other arrives after it
    scene.migration.ok(source={"paths": [f"{scene.kv.mount}/s0"]})
    control.faults(rules=[{"action": "hang", "routes": ["create-secret"]}])
    first = start(scene.migration)
    assert control.wait_hanging()
    control.reset_counters()
    second = apart(scene.migration)
    assert "another run of this migration is writing" in second.error
    assert f"{socket.gethostname()} (process {first.pid})" in second.error
    assert " s more" in second.error
    assert control.counters()["writes"] == 0
    planned = apart(scene.migration, check=True)
    assert planned.error == ""
    assert any(str(first.pid) in warning for warning in planned.warnings)
    control.faults()
    first.join()
    third = apart(scene.migration)
    assert (third.error, third.changed) == ("", False)
    assert len(scene.migration.items()) == 8


def test_two_first_runs_at_once_end_with_one_winner(scene: Scene) -> None:
    control = scene.emulator.control
    # Both have read the ledger, and found none, when the first creates the lease.
    control.faults(rules=[{"action": "hang", "routes": ["create-secret"]}])
    runs = [start(scene.migration), start(scene.migration)]
    until(lambda: control.counters()["hanging"] == 2, "that both runs want the lease")
    control.faults()
    for run in runs:
        run.join()
    last = apart(scene.migration)
    assert (last.error, last.changed) == ("", False)
    assert {n: scene.values(f"s{n}") for n in range(8)} == {n: [{"v": n}, {"v": n + 0.5}] for n in range(8)}


WROTE = f"another run of this migration wrote to {FOLDER} while this one read it. Run again when it has ended"


@pytest.mark.parametrize(
    ("read", "said"),
    [(Migration.run, WROTE), (verified, WROTE), (lambda migration: Sync(migration).run(), "")],
    ids=["migration", "verification", "sync, which waits and reads again"],
)
def test_a_run_that_reads_the_ledger_while_another_splits_a_shard_names_it(
    scene: Scene, read: t.Callable[[Migration], Result], said: str
) -> None:
    scene.migration.ok()
    control = scene.emulator.control
    control.faults(rules=[{"action": "hang", "routes": ["get-secret-value"], "nth": [2]}])
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def tell() -> None:
        try:
            sender.send(str(read(scene.migration).error or ""))
        except SecretferryError as error:
            sender.send(str(error))

    reader = multiprocessing.get_context("fork").Process(target=tell)
    reader.start()
    assert control.wait_hanging()  # it has listed the ledger, and is about to read its only shard
    scene.kv.put("s0", {"v": "next"})
    scene.migration.limits = Limits(shard_bytes=700)
    scene.migration.ok()
    assert f"{FOLDER}/shard-b" not in control.dump()
    control.faults()
    reader.join()
    assert receiver.recv() == said


@pytest.mark.parametrize("holder", ["dead here", "expired elsewhere", "damaged"])
def test_a_lease_whose_run_has_ended_does_not_block(scene: Scene, holder: str) -> None:
    scene.migration.ok(source={"paths": [f"{scene.kv.mount}/s0"]})
    dead = start(scene.migration, check=True)
    dead.join()
    now = time.time()
    lease = _lease(scene)
    content = {
        "dead here": json.dumps({**lease, "pid": dead.pid, "until": now + 50}),
        "expired elsewhere": json.dumps({**lease, "host": "elsewhere", "until": now - 5}),
        "damaged": "{",
    }[holder]
    _rewrite(scene, LEASE, content)
    assert apart(scene.migration).error == ""
    assert len(scene.migration.items()) == 8


@pytest.mark.parametrize("other", [{"host": "elsewhere"}, {"boot": "another boot"}, {"pid": os.getpid()}])
def test_a_lease_that_a_run_may_hold_blocks(scene: Scene, other: dict[str, t.Any]) -> None:
    scene.migration.ok(source={"paths": [f"{scene.kv.mount}/s0"]})
    _rewrite(scene, LEASE, json.dumps({**_lease(scene), "until": time.time() + 50, **other}))
    before = scene.emulator.control.dump()
    told = apart(scene.migration)
    assert "another run of this migration is writing" in told.error
    assert scene.emulator.control.dump() == before


def test_a_run_that_lost_its_lease_stops(scene: Scene) -> None:
    # As after a sleep of the machine: the lease is due for renewal, and another run has it.
    scene.migration.limits = Limits(lease_seconds=0.0)
    control = scene.emulator.control
    scene.migration.ok(source={"paths": [f"{scene.kv.mount}/s0"]})
    control.faults(rules=[{"action": "hang", "routes": ["create-secret"], "nth": [2]}])
    slow = start(scene.migration, concurrency=1)
    assert control.wait_hanging()
    _rewrite(scene, LEASE, json.dumps({**_lease(scene), "host": "elsewhere", "until": time.time() + 50}))
    control.faults()
    slow.join()
    # It finished the secret at hand, and began no other.
    assert len(scene.migration.items()) <= 4
    assert _lease(scene)["host"] == "elsewhere"


# --- entries that are too large for a shard


def _many_versions(scene: Scene) -> None:
    scene.migration.limits = Limits(shard_bytes=900)
    scene.kv.describe("s0", max_versions=200)
    scene.kv.put("s0", *({"v": n} for n in range(120)))


def _pieces(scene: Scene) -> list[str]:
    return [name for name in scene.emulator.control.dump() if name.startswith(f"{FOLDER}/entry-")]


def test_a_secret_with_too_many_versions_for_a_shard_is_not_compared_anew(scene: Scene) -> None:
    _many_versions(scene)
    scene.migration.ok()
    assert len(_pieces(scene)) == 3
    again = scene.migration.ok()
    assert (again.changed, again.values["values_read"]["vault"]) == (False, 0)
    scene.kv.put("s0", {"v": "next"})
    third = scene.migration.ok()
    assert (third.values["summary"]["versions_written"], third.values["values_read"]["vault"]) == (1, 1)
    assert scene.values("s0")[-2:] == [{"v": 119}, {"v": "next"}]


@pytest.mark.parametrize("harm", ["lost", "older"])
def test_pieces_that_do_not_belong_together_are_rebuilt(scene: Scene, harm: str) -> None:
    _many_versions(scene)
    scene.migration.ok()
    before = scene.values("s0")
    if harm == "lost":
        scene.call("delete-item", name=_pieces(scene)[1])
    else:  # as a run leaves them that is killed before it writes the shard
        _rewrite(scene, _pieces(scene)[1], "older")
    scene.migration.ok()
    assert scene.values("s0") == before
    again = scene.migration.ok()
    assert (again.changed, again.values["values_read"]["vault"]) == (False, 0)


# --- lost and damaged


def _lost(scene: Scene, *parts: str) -> None:
    for name in scene.emulator.control.dump():
        if name.startswith(FOLDER) and any(part in name for part in parts):
            scene.call("delete-item", name=name)


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize(
    "lost", [["definition"], ["shard"], ["lease"], ["definition", "lease"], ["definition", "shard", "lease"], ["/"]]
)
def test_what_is_lost_of_the_ledger_is_rebuilt(
    scene: Scene, lost: list[str], small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if small:
        small_shards(monkeypatch, scene.migration, limit=700, unsaved=3)
    scene.migration.ok()
    before = comparable(scene.migration)
    _lost(scene, *lost)
    scene.migration.ok()
    if lost == ["/"]:
        scene.migration.ok()
    assert {n: i["versions"] for n, i in comparable(scene.migration).items() if FOLDER not in n} == {
        n: i["versions"] for n, i in before.items() if FOLDER not in n
    }
    assert not scene.migration.ok().changed
    scene.kv.put("s3", {"v": "next"})
    scene.migration.ok()
    assert scene.values("s3") == [{"v": 3}, {"v": 3.5}, {"v": "next"}]


@pytest.mark.parametrize("part", ["definition", "shard-b"])
@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "entries": [1]}', '{"format": 1, "entries": {"x": 1}}'],
)
@pytest.mark.parametrize("remedy", ["roll back", "delete"])
def test_a_damaged_ledger_names_the_item_and_its_remedy_works(
    scene: Scene, part: str, content: str, remedy: str
) -> None:
    scene.migration.ok()
    before = comparable(scene.migration)
    _rewrite(scene, f"{FOLDER}/{part}", content or " ")
    told = apart(scene.migration)
    assert f"{FOLDER}/{part} is damaged" in told.error
    assert "Roll that item back to its version before, or delete it" in told.error
    if remedy == "delete":
        scene.call("delete-item", name=f"{FOLDER}/{part}")
    else:
        scene.call("rollback-secret", **{"name": f"{FOLDER}/{part}", "old-version": 1})
    assert apart(scene.migration).error == ""
    assert {n: i["versions"] for n, i in comparable(scene.migration).items() if FOLDER not in n} == {
        n: i["versions"] for n, i in before.items() if FOLDER not in n
    }
    assert not apart(scene.migration).changed


def test_a_ledger_of_a_newer_release_is_not_changed(scene: Scene) -> None:
    scene.migration.ok()
    _rewrite(scene, f"{FOLDER}/definition", '{"format": 2}')
    before = scene.emulator.control.dump()
    told = apart(scene.migration)
    assert "has format 2" in told.error
    assert "release" in told.error
    assert scene.emulator.control.dump() == before
