# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventory sources of the plugin kv_batches, listed as AWX lists them."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml

from ferrydev.play import Play, deprecations

__all__ = ["Listed", "list_inventory", "write_source"]

PLUGIN = "secretferry.akeyless.kv_batches"


@dataclass
class Listed:
    """What ansible-inventory said."""

    rc: int
    stdout: str
    stderr: str

    @property
    def groups(self) -> dict[str, list[str]]:
        """Hosts by group, groups of groups aside."""
        listed = json.loads(self.stdout)
        return {name: group["hosts"] for name, group in listed.items() if "hosts" in group and name != "_meta"}

    @property
    def hosts(self) -> dict[str, dict[str, t.Any]]:
        """Variables by host."""
        return t.cast("dict[str, dict[str, t.Any]]", json.loads(self.stdout)["_meta"]["hostvars"])

    def paths(self, group: str) -> list[str]:
        """The secrets of a group's hosts."""
        return sorted(p for host in self.groups.get(group, ()) for p in self.hosts[host]["secretferry_scope"]["paths"])

    @property
    def told(self) -> str:
        """Warnings and errors, in one line each."""
        return " ".join(self.stderr.split())


def write_source(folder: Path, config: t.Mapping[str, t.Any], name: str = "kv_batches.yml") -> Path:
    """An inventory source."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(yaml.safe_dump({"plugin": PLUGIN, **config}, sort_keys=False, allow_unicode=True), "utf-8")
    return file


def list_inventory(play: Play, file: Path, *options: str, **env: str) -> Listed:
    """``ansible-inventory --list --export``, as AWX runs it."""
    done = subprocess.run(
        [str(Path(sys.executable).parent / "ansible-inventory"), "-i", str(file), "--list", "--export", *options],
        env={**play.environment(), "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert deprecations(done.stdout + done.stderr) == []
    return Listed(done.returncode, done.stdout, done.stderr)
