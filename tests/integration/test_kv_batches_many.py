# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""20,000 secrets as batches: stable, in bounded memory, and worked on by one run each."""

from __future__ import annotations

import functools
import inspect
import json
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import pytest
from inventories import Listed, list_inventory, write_source
from vault_sessions import wait_until

from ansible_collections.secretferry.akeyless.plugins.module_utils.batches import walk
from ferrydev.bench_batches import BATCH_TASK
from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played, connection_env
from ferrydev.seed import seed_many
from ferrydev.vault import Vault

SECRETS = 20_000
MOUNT, FEW = "twenty-thousand", "five-hundred"


@pytest.fixture(scope="module")
def paths(vault: Vault) -> t.Iterator[list[str]]:
    """The secrets' full paths."""
    seed_many(vault, 500, 1, FEW, value_bytes=100)
    yield [f"{MOUNT}/{path}" for path in seed_many(vault, SECRETS, 1, MOUNT, value_bytes=100)]
    vault.disable_mount(MOUNT)
    vault.disable_mount(FEW)


@pytest.fixture(scope="module")
def play(vault: Vault, module_emulator: Emulator) -> t.Iterator[Play]:
    made = Play(connection_env(vault, module_emulator))
    yield made
    made.close()


def config(mount: str = MOUNT) -> dict[str, t.Any]:
    waves = [{"name": "canary", "share": "5 %"}, {"name": "everything", "rest": True}]
    planned = {
        "name": "large",
        "target_location": "/migrated/large",
        "source": {"paths": [f"{mount}/"]},
        "waves": waves,
    }
    return {"migrations": [planned]}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_source(tmp_path_factory.mktemp("large"), config())


@pytest.fixture(scope="module")
def listed(paths: list[str], play: Play, file: Path) -> Listed:
    listed = list_inventory(play, file)
    assert listed.rc == 0, listed.stderr
    return listed


def members(listed: Listed) -> dict[str, list[str]]:
    return {name: host["secretferry_scope"]["paths"] for name, host in listed.hosts.items()}


def everything(batches: dict[str, list[str]]) -> list[str]:
    return sorted(path for batch in batches.values() for path in batch)


def test_every_secret_is_in_one_batch_of_at_most_500(listed: Listed, paths: list[str]) -> None:
    batches = members(listed)
    assert everything(batches) == sorted(paths)
    assert max(map(len, batches.values())) <= 500
    assert 40 <= len(batches) <= 120
    assert 850 <= len(listed.paths("wave_canary")) <= 1150


def test_the_same_secrets_give_the_same_batches(listed: Listed, play: Play, file: Path) -> None:
    assert list_inventory(play, file).hosts == listed.hosts


def test_new_secrets_rename_no_batch(listed: Listed, vault: Vault, play: Play, file: Path) -> None:
    before = members(listed)
    new = [f"new/secret-{n}" for n in range(5)]
    for path in new:
        vault.request("POST", f"{MOUNT}/data/{path}", json={"data": {"v": 1}})
    try:
        after = members(list_inventory(play, file))
    finally:
        for path in new:
            vault.request("DELETE", f"{MOUNT}/metadata/{path}")
    assert set(after) >= set(before)
    changed = [name for name in before if before[name] != after[name]]
    assert 1 <= len(changed) <= len(new)
    assert everything(after) == sorted([*everything(before), *(f"{MOUNT}/{path}" for path in new)])


def test_the_walk_takes_memory_that_does_not_grow_with_the_secrets(paths: list[str], vault: Vault, play: Play) -> None:
    # In one process: a walk of 500 secrets, which loads every library, and then one of 40 times as many.
    collections = Path(inspect.getfile(walk)).parents[6]
    done = subprocess.run(
        [sys.executable, "-c", _PEAKS],
        input=json.dumps([config(FEW), config(MOUNT)]),
        env={**play.environment(), "PYTHONPATH": str(collections)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (few, peak_before), (many, peak_after) = json.loads(done.stdout)
    assert (few, many) == (500, SECRETS)
    assert peak_before < 120_000, f"{peak_before} KB"
    assert peak_after - peak_before < 24_000, f"{peak_before} KB, then {peak_after} KB"


# VmHWM and not ru_maxrss: that one is inherited from the process that started this one.
_PEAKS = """
import asyncio, json, sys
from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.config import read_config
from ansible_collections.secretferry.akeyless.plugins.module_utils.batches.walk import walk
told = []
for config in json.load(sys.stdin):
    counts = []
    asyncio.run(walk(read_config(config), lambda batch: counts.append(len(batch.paths))))
    with open("/proc/self/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    told.append((sum(counts), peak))
print(json.dumps(told))
"""


# --- runs


@pytest.fixture(scope="module")
def playbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("playbook") / "migrate.yml"
    file.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [BATCH_TASK]}]), "utf-8")
    return file


def migrated(emulator: Emulator) -> dict[str, int]:
    """Source path to newest version."""
    prefix = "/migrated/large/"
    items = emulator.control.dump().items()
    return {name.removeprefix(prefix): item["last_version"] for name, item in items if "/.secretferry/" not in name}


def test_two_forks_migrate_two_batches_at_the_same_time(
    listed: Listed, play: Play, file: Path, playbook: Path, emulator: Emulator
) -> None:
    hosts = listed.groups["wave_canary"][:2]
    # Each begins with its lease, and gets no answer until the other one is there, too.
    emulator.control.faults(rules=[{"action": "hang", "routes": ["create-secret"]}])
    run = _Run(play, playbook, file, f"--forks 2 --limit {','.join(hosts)}")
    try:
        run.start()
        wait_until(lambda: emulator.control.counters()["hanging"] == 2, seconds=60)
    finally:
        emulator.control.faults()
    played = run.result()
    assert played.status == "successful", played.stdout
    batches = members(listed)
    assert migrated(emulator) == {path: 1 for host in hosts for path in batches[host]}


def test_of_two_runs_of_one_batch_one_stops_and_says_who_holds_it(
    listed: Listed, vault: Vault, play: Play, file: Path, playbook: Path, emulator: Emulator
) -> None:
    host = listed.groups["wave_canary"][-1]
    # The lease, the definition, and then the first item: there the first run stands still, with nothing else under way.
    emulator.control.faults(rules=[{"action": "hang", "routes": ["create-secret"], "nth": [3]}])
    first = _Run(play, playbook, file, f"--limit {host}", concurrency=1)
    other = Play(connection_env(vault, emulator))
    try:
        first.start()
        assert emulator.control.wait_hanging(60)
        before = emulator.control.dump()
        second = other.run(playbook, f"--limit {host}", inventory=file)
        assert emulator.control.dump() == before
    finally:
        emulator.control.faults()
        first.join()
        other.close()
    assert second.status == "failed"
    told = second.hosts[host]["migrate"]["msg"]
    assert "another run of this migration is writing: batch " in told
    assert "(process " in told
    assert first.result().status == "successful"
    assert migrated(emulator) == dict.fromkeys(members(listed)[host], 1)


class _Run(threading.Thread):
    """A playbook run beside the test."""

    def __init__(self, play: Play, playbook: Path, inventory: Path, *options: str, **extravars: t.Any) -> None:
        super().__init__()
        self._work = functools.partial(play.run, playbook, *options, inventory=inventory, **extravars)
        self._played: Played | None = None

    def run(self) -> None:
        self._played = self._work()

    def result(self) -> Played:
        self.join()
        assert self._played is not None
        return self._played
