# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX does with the job templates of playbooks/awx.yml.

That is: the playbooks of the project, survey answers as extra variables, an inventory that was listed before,
job slices.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

from inventories import Listed, list_inventory

from ferrydev.emulator import Emulator
from ferrydev.layout import CHECKOUT
from ferrydev.play import Begun, Play, Played, connection_env
from ferrydev.scene import Kv
from ferrydev.seed import seed_many
from ferrydev.vault import Vault

__all__ = ["Site"]

_SOURCE = CHECKOUT / "playbooks" / "inventory" / "awx.kv_batches.yml"


class Site:
    """Secrets in two waves, and what AWX does with them.

    :param many: how many secrets the second wave has instead of seven.
    :param env: of the jobs, beside the connections; ``None`` takes a variable away.
    """

    def __init__(
        self,
        vault: Vault,
        emulator: Emulator,
        many: int = 0,
        *,
        batch_size: int = 1,
        env: t.Mapping[str, str | None] | None = None,
        **options: t.Any,
    ) -> None:
        self.emulator = emulator
        self.kv = Kv(vault)
        for name in ("sandbox/a", "sandbox/b", *(f"team/s{n}" for n in range(0 if many else 7))):
            self.kv.put(name, {"n": 1})
        if many:
            seed_many(vault, many, 2, self.kv.mount, prefix="a-team/of-an/application", value_bytes=60)
        batches = {
            "batch_size": batch_size,
            "migrations": [
                {
                    "name": "pay",
                    "target_location": "/migrated",
                    "source": {"paths": [f"{self.kv.mount}/"]},
                    "options": options,
                    "waves": [
                        {"name": "pilot", "folders": [f"{self.kv.mount}/sandbox"]},
                        {"name": "rest", "rest": True},
                    ],
                }
            ],
        }
        self.config = "--- " + json.dumps(batches)
        given = {**connection_env(vault, emulator), **(env or {})}
        self.play = Play({name: value for name, value in given.items() if value is not None})

    def update(self, **source_vars: str) -> Listed:
        """Update an inventory."""
        listed = list_inventory(self.play, _SOURCE, SECRETFERRY_BATCH_CONFIG=self.config, **source_vars)
        assert listed.rc == 0, listed.stderr
        return listed

    def launch(
        self, playbook: str, listed: Listed, answers: dict[str, t.Any], *options: str, slices: int = 1
    ) -> list[Played]:
        """The jobs of a template, one for each slice."""
        return [
            self.play.run(self.playbook(playbook), *options, inventory=self.slice(listed, number, slices), **answers)
            for number in range(1, slices + 1)
        ]

    def begin(self, playbook: str, inventory: dict[str, t.Any], answers: dict[str, t.Any]) -> Begun:
        """Begin the job of one slice."""
        return self.play.begin(self.playbook(playbook), inventory=inventory, **answers)

    @staticmethod
    def slice(listed: Listed, number: int, slices: int) -> dict[str, t.Any]:
        """The inventory of a slice: AWX gives each every n-th host, in order of name."""
        here = sorted(listed.hosts)[number - 1 :: slices]
        groups: dict[str, t.Any] = {
            group: {"hosts": {name: {} for name in hosts if name in here}}
            for group, hosts in listed.groups.items()
            if set(hosts) & set(here)
        }
        python = {"ansible_python_interpreter": sys.executable}
        return {"all": {"hosts": {name: {**listed.hosts[name], **python} for name in here}, "children": groups}}

    def items(self) -> set[str]:
        start = f"/migrated/{self.kv.mount}/"
        return {name.removeprefix(start) for name in self.emulator.control.dump() if name.startswith(start)}

    def versions(self, path: str) -> list[int]:
        """The numbers that :func:`seed_many` wrote into the versions of a secret, as they are at the target."""
        item = self.emulator.control.dump()[f"/migrated/{path}"]
        return [json.loads(version["value"])["version"] for version in item["versions"]]

    @staticmethod
    def playbook(name: str) -> Path:
        """A playbook of the project."""
        return CHECKOUT / "playbooks" / f"{name}.yml"
