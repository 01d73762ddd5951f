# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much faster a wave migrates with two forks: ``python -m ferrydev.bench_batches``.

Migrates the batches of one wave with one and with two forks of Ansible, from a real Vault into the emulator, once as
fast as the servers answer and once with a latency as over the internet. Without it the servers and the forks share the
machine's cores, and two forks cannot do the work of two on cores that one has busy already.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
import typing as t
from pathlib import Path

import yaml

from ferrydev.emulator import Emulator
from ferrydev.play import Play, connection_env
from ferrydev.seed import seed_many
from ferrydev.vault import Vault

__all__ = ["BATCH_TASK", "main"]

BATCH_TASK = {
    "name": "migrate",
    "secretferry.akeyless.kv_migration": {
        "name": "{{ secretferry_migration }}",
        "target_location": "{{ secretferry_target_location }}",
        "source": "{{ secretferry_source }}",
        "scope": "{{ secretferry_scope }}",
        "concurrency": "{{ concurrency | default(omit) }}",
    },
}
"""Migrates the batch that a host of the inventory is."""


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(prog="ferrydev.bench_batches", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--secrets", type=int, default=2000)
    parser.add_argument("--batch-size", type=int, default=250)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 100.0], help="milliseconds, at Akeyless")
    parser.add_argument("--forks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Vault.start() as vault, Emulator.start() as emulator:
        seed_many(vault, options.secrets, 1, "bench")
        inventory, playbook = _files(Path(folder), options.batch_size)
        print(f"{options.secrets} secrets, concurrency {options.concurrency}, load before {os.getloadavg()[0]:.1f}")
        for latency in options.latency:
            ratios: dict[int, list[float]] = {}
            for number in range(options.rounds):
                # One after another in each round, so that what else the machine does hits all of them.
                took: dict[int, float] = {}
                for forks in options.forks:
                    emulator.control.reset()
                    emulator.control.faults(latency_ms=latency)
                    took[forks], batches = _migrate(vault, emulator, inventory, playbook, forks, options.concurrency)
                    emulator.control.faults()
                    arrived = sum("/.secretferry/" not in name for name in emulator.control.dump())
                    if arrived != options.secrets:
                        raise SystemExit(f"{arrived} of {options.secrets} secrets arrived")
                    ratios.setdefault(forks, []).append(took[options.forks[0]] / took[forks])
                shown = ", ".join(f"{forks} forks {seconds:.1f} s" for forks, seconds in took.items())
                print(f"latency {latency:.0f} ms, {batches} batches, round {number + 1}: {shown}", flush=True)
            for forks, each in ratios.items():
                print(
                    f"latency {latency:.0f} ms: {forks} forks do {statistics.median(each):.2f} times the work (median)"
                )
    return 0


def _files(folder: Path, batch_size: int) -> tuple[Path, Path]:
    planned = {
        "name": "bench",
        "target_location": "/migrated",
        "source": {"paths": ["bench/"]},
        "waves": [{"name": "every", "rest": True}],
    }
    source = {"plugin": "secretferry.akeyless.kv_batches", "batch_size": batch_size, "migrations": [planned]}
    inventory, playbook = folder / "kv_batches.yml", folder / "migrate.yml"
    inventory.write_text(yaml.safe_dump(source, sort_keys=False), "utf-8")
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [BATCH_TASK]}]), "utf-8")
    return inventory, playbook


def _migrate(
    vault: Vault, emulator: Emulator, inventory: Path, playbook: Path, forks: int, concurrency: int
) -> tuple[float, int]:
    """Seconds of the whole ansible-playbook, inventory and all; and how many batches there were."""
    play = Play(connection_env(vault, emulator))
    try:
        began = time.monotonic()
        played = play.run(playbook, f"--forks {forks}", inventory=inventory, concurrency=concurrency)
        seconds = time.monotonic() - began
    finally:
        play.close()
    if played.status != "successful":
        raise SystemExit(played.stdout)
    return seconds, len(played.hosts)


if __name__ == "__main__":
    raise SystemExit(main())
