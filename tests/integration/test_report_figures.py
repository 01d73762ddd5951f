# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's figures against the target itself, for random sequences of runs, some of which are not recorded.

Each figure must be that of an independent count of the emulator's items, or be said to be unknown.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import typing as t

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.scope import bits_of
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.model import BatchProgress, RolloutProgress
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.records import RecordPlace, make, with_history
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.rollup import roll_up
from ferrydev.emulator import Emulator
from ferrydev.migrating import Rollback
from ferrydev.scene import Scene
from ferrydev.syncing import Sync
from ferrydev.vault import Vault, VaultError

SEED = int(os.environ.get("FERRY_SEED") or random.randrange(10_000))
SEQUENCES = int(os.environ.get("FERRY_SEQUENCES") or 6)  # of each number of batches
STEPS = 14
FOLDERS = ("pilot", "teams", "rest")
FOREIGN = "rest/s0"  # created by hand, with one version
TOO_LARGE = "x" * 20_000
# At the source; with the batches that the inventory has then; with the whole migration.
ACTS = (
    *("put",) * 3,
    *("put too large", "repair", "remove", "destroy"),
    *("migrate",) * 4,
    *("sync", "roll back", "roll back", "lose writes"),
    *("sync whole", "sync whole", "roll back run", "roll back whole", "unrecorded"),
)


class Rollout:
    """A migration in waves, the records of its runs, and the report that is made of them."""

    def __init__(self, vault: Vault, emulator: Emulator, seed: int, bits: tuple[str, ...], layout: str) -> None:
        emulator.control.reset()
        emulator.control.faults()
        self.random = random.Random(seed)
        self.bits = bits
        self.scene = Scene(vault, emulator, layout=layout, conflict="append" if seed % 2 else "fail")
        self.kv, self.migration = self.scene.kv, self.scene.migration
        self.sync, self.rollback = Sync(self.migration), Rollback(self.migration)
        self.records: dict[tuple[str, str], dict[str, t.Any]] = {}
        self.runs: list[str] = []
        self.told: list[str] = []
        self.scopes: dict[str, set[str]] = {}  # the paths of each batch when a run of it was recorded last
        self.created: set[str] = set()  # by recorded runs of the whole migration
        self.unrecorded: set[str] = set()  # secrets that a run without a record may have changed
        self.total_is_right = True  # no run without a record since the whole migration was counted
        self.moments = (f"2026-11-23T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000Z" for n in itertools.count())
        self.source: dict[str, int] = {}
        self.paths = [f"{folder}/s{number}" for folder in FOLDERS for number in range(4)]
        if layout == "json":
            self.scene.call("create-secret", name=self.scene.name(FOREIGN), value="theirs")
        for path in self.paths:
            self.put(path, "first")

    def put(self, path: str, value: str) -> None:
        self.kv.put(path, {"v": value, "w": 1})
        self.source[path] = self.source.get(path, 0) + 1

    # --- the inventory, as it is now

    def inventory(self) -> dict[str, set[str]]:
        cut: dict[str, set[str]] = {}
        for path in self.source:
            full = f"{self.kv.mount}/{path}"
            cut.setdefault(self.batch_of(full), set()).add(full)
        return cut

    def batch_of(self, path: str) -> str:
        bits = next(bits for bits in self.bits if bits_of(path).startswith(bits))
        return f"{path.split('/')[1]}-{bits}"

    def planned(self) -> list[dict[str, t.Any]]:
        return [
            {
                "batch": batch,
                "wave": batch.partition("-")[0],
                "wave_number": FOLDERS.index(batch.partition("-")[0]) + 1,
                "migration": "test",
                "secrets": len(paths),
                "paths": sorted(paths),
            }
            for batch, paths in sorted(self.inventory().items())
        ]

    # --- runs and their records

    def record(self, step: str, result: Result, batch: str, paths: set[str]) -> None:
        """As the runner gives it to Ansible, and rollout_record keeps it."""
        told = {**result.values, "changed": result.changed, "failed": result.error is not None}
        told["msg"] = result.error.message if result.error else ""
        wave = batch.partition("-")[0]
        place = RecordPlace("test", wave, FOLDERS.index(wave) + 1 if wave else 0, batch, paths=tuple(paths))
        made = make(step, place, json.loads(json.dumps(told)), next(self.moments))
        before = self.records.get((step, batch))
        self.records[step, batch] = json.loads(json.dumps(with_history(made, before)))

    def carry_out(self, step: str, **options: t.Any) -> Result:
        module = {"migrate": self.migration, "sync": self.sync, "rollback": self.rollback}[step]
        try:
            result = module.run(**options)
        except SecretferryError as error:  # nothing was begun
            return Result(error=error)
        if step != "rollback" and result.values.get("run"):
            self.runs.append(result.values["run"])
        return result

    def of_batch(self, step: str, *, recorded: bool = True) -> None:
        batch, paths = self.random.choice(sorted(self.inventory().items()))
        scope = {"paths": sorted(paths), "hash_prefix": batch.partition("-")[2]}
        self.told[-1] += f" {batch}"
        result = self.carry_out(step, scope=scope, **({"delete": self.random.random() < 0.5} if step == "sync" else {}))
        if not recorded:
            self.unrecorded |= paths
            self.total_is_right = False
            return
        self.record(step, result, batch, paths)
        if result.values.get("at_target"):
            self.scopes[batch] = paths
            self.unrecorded -= paths
            self.created -= {path for path in self.created if self.batch_of(path) == batch}

    def of_whole(self, step: str, **options: t.Any) -> None:
        if step == "sync":
            options = {"delete": self.random.random() < 0.6}
        result = self.carry_out(step, **options)
        self.record(step, result, "", set())
        if counted := result.values.get("at_target"):
            self.total_is_right = True
            self.created |= {entry["source"] for entry in counted["changes"] if entry["secrets_change"] == 1}

    def act(self, act: str) -> None:
        self.told.append(act)
        path = self.random.choice(self.paths)
        here = sorted(self.source)
        if act == "put":
            self.put(path, f"{len(self.told)}")
        elif act == "put too large":
            self.put(path, TOO_LARGE)
        elif act == "repair":
            self.repair()
        elif act == "remove" and len(here) > 3:
            path = self.random.choice(here)
            self.kv.remove(path)
            del self.source[path]
        elif act == "destroy":
            path = self.random.choice(here)
            self.kv.destroy(path, self.random.randint(1, self.source[path]))
        elif act in ("migrate", "sync", "roll back"):
            self.of_batch(act.replace("roll back", "rollback"))
        elif act == "lose writes":
            rule = {"action": "error", "status": 500, "routes": ["writes"], "when": "before"}
            self.scene.emulator.control.faults(rules=[{**rule, "every": self.random.randint(2, 9)}])
            self.of_batch("migrate")
            self.scene.emulator.control.faults()
        elif act == "unrecorded":
            self.of_batch(self.random.choice(("migrate", "rollback")), recorded=False)
        elif act == "sync whole":
            self.of_whole("sync")
        elif act == "roll back whole":
            self.of_whole("rollback")
        elif act == "roll back run" and self.runs:
            self.of_whole("rollback", from_run=self.random.choice(self.runs[-3:]))

    def repair(self) -> None:
        for path, newest in self.source.items():
            for number in range(1, newest + 1):
                try:
                    data = self.kv.vault.request("GET", f"{self.kv.mount}/data/{path}?version={number}")["data"]["data"]
                except VaultError:
                    continue
                if data["v"] == TOO_LARGE:
                    self.kv.destroy(path, number)

    # --- what the report says, and what there is

    def report(self) -> RolloutProgress:
        return roll_up(sorted(self.records.values(), key=lambda r: (r["wave_number"], r["batch"])), self.planned())

    def count(self) -> dict[str, int]:
        """Source path to the number of its versions at the target, by what the emulator holds."""
        found: dict[str, int] = {}
        keyed = self.migration.defaults["layout"] == "keys"
        for name, item in self.migration.items().items():
            marks = [tag for tag in item["tags"] if tag.startswith("secretferry:test")]
            path = name.removeprefix("/migrated/").rpartition("/" if keyed else "\0")[0 if keyed else 2]
            if marks:
                foreign = 1 if any(":from-" in mark or ":anew-" in mark for mark in marks) else 0
                found[path] = found.get(path, 0) + len(item["versions"]) - foreign
        return found

    def check(self) -> tuple[int, int]:
        """Compare; returns how many figures there are, and how many of them are known."""
        report, there = self.report(), self.count()
        known = 0
        inventory = self.inventory()
        for batch in report.batches:
            paths = self.scopes.get(batch.name, set()) | self.created & inventory.get(batch.name, set())
            if not batch.is_known:
                continue
            known += 1
            if paths & self.unrecorded:
                continue
            found = {path: count for path, count in there.items() if path in paths}
            self.compare(batch, len(found), sum(found.values()))
        for total in report.totals.values():
            if self.total_is_right and None not in total:
                assert total == (len(there), sum(there.values())), (self.told, total, there)
        return len(report.batches), known

    def compare(self, batch: BatchProgress, secrets: int, versions: int) -> None:
        shown = batch.at_target
        assert shown.secrets == secrets, f"{self.told}: {batch.name} has {secrets} secrets, not {shown}"
        assert shown.versions in (versions, None), f"{self.told}: {batch.name} has {versions} versions, not {shown}"
        assert 0 <= batch.migrated <= batch.total
        parts = batch.migrated + batch.not_migrated + batch.left_out + batch.remaining
        assert (parts, batch.remaining >= 0) == (batch.total, True), (self.told, batch)


@pytest.mark.parametrize("bits", [("",), ("0", "10", "11")], ids=["one batch", "many batches"])
@pytest.mark.parametrize("number", range(SEQUENCES))
def test_the_figures_are_those_of_the_target(
    vault: Vault, emulator: Emulator, bits: tuple[str, ...], number: int
) -> None:
    rollout = Rollout(vault, emulator, SEED + number, bits, "keys" if number % 3 == 2 else "json")
    figures = known = 0
    for _step in range(STEPS):
        rollout.act(rollout.random.choice(ACTS))
        more, of_these = rollout.check()
        figures, known = figures + more, known + of_these
    # Figures of a batch are unknown after a run that left something out: the rest must be enough to compare.
    assert known > figures / 4, f"{known} of {figures} figures are known: {rollout.told}"
