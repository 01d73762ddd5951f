# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Playbook runs of ``kv_migration`` that are counted at both servers. One run serves many assertions."""

from __future__ import annotations

import importlib.util
import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import yaml

from ferrydev.audit import AuditCounts
from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played, connection_env
from ferrydev.vault import Vault

__all__ = ["HIDDEN_OPTION", "MODULE", "Counted", "CountedRuns", "documented", "events", "migrating", "recap"]

MODULE = "secretferry.akeyless.kv_migration"
HIDDEN_OPTION = (
    "$REDACTED$" if importlib.util.find_spec("ansible.module_utils.secrets") else "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
)
"""What Ansible shows in place of an option with ``no_log``; another text from ansible-core 2.22 on."""
_MODULE_FILE = Path(__file__).resolve().parents[2] / "plugins" / "modules" / "kv_migration.py"


def migrating(
    task: str, *, ignore: bool = False, keywords: t.Mapping[str, t.Any] | None = None, **options: t.Any
) -> t.Any:
    """A task that runs the module.

    :param ignore: whether the play goes on when it fails.
    :param keywords: of the task: ``check_mode``, ``diff``, ``environment``, ...
    """
    made: dict[str, t.Any] = {"name": task, MODULE: {"name": "test", "target_location": "/migrated", **options}}
    return {**made, **({"ignore_errors": True} if ignore else {}), **(keywords or {})}


@dataclass
class Counted:
    """A run and what it asked of the servers. ``journal``: ``[route, name, outcome]`` of each Akeyless request."""

    played: Played
    vault: AuditCounts
    akeyless: dict[str, t.Any]
    journal: list[list[str]]

    def __getitem__(self, task: str) -> dict[str, t.Any]:
        return self.played[task]

    @property
    def values_of_items(self) -> list[str]:
        """The migrated items whose value was asked for; the ledger's own items are not among them."""
        asked = [name for route, name, _outcome in self.journal if route == "get-secret-value"]
        return [name for name in asked if "/.secretferry/" not in name]


class CountedRuns:
    """Both servers, and a folder for playbook runs between them; the emulator's journal must be on.

    :param connected: whether the environment names the servers and the logins.
    :param folder: for the runs and what they leave, instead of a new one.
    """

    def __init__(
        self,
        vault: Vault,
        emulator: Emulator,
        env: t.Mapping[str, str] | None = None,
        *,
        connected: bool = True,
        folder: Path | None = None,
    ) -> None:
        self.vault = vault
        self.emulator = emulator
        self.play = Play({**(connection_env(vault, emulator) if connected else {}), **(env or {})}, folder=folder)
        vault.audit_reset()

    def run(self, tasks: list[dict[str, t.Any]] | Path, *options: str, **extravars: t.Any) -> Counted:
        """Run tasks, or a playbook in a file, counted."""
        position = self.vault.audit_counts().position
        self.emulator.control.reset_counters()
        played = self.play.run(tasks, *options, **extravars)
        journal = self.emulator.control.journal()
        return Counted(played, self.vault.audit_counts(position), self.emulator.control.counters(), journal)

    def write(self, plays: list[dict[str, t.Any]], name: str = "own.yml") -> Path:
        """A playbook of several plays, as a file for :meth:`run`."""
        file = self.play.folder / "project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(plays, sort_keys=False, allow_unicode=True), "utf-8")
        return file

    def close(self) -> None:
        self.play.close()


def events(play: Play) -> list[dict[str, t.Any]]:
    """Every event of every run in the folder of ``play``, as ansible-runner wrote them."""
    files = play.folder.glob("artifacts/*/job_events/*.json")
    return sorted((json.loads(file.read_text("utf-8")) for file in files), key=lambda event: str(event["created"]))


def documented(part: str) -> t.Any:
    """DOCUMENTATION, EXAMPLES or RETURN of the module, parsed."""
    return yaml.safe_load(source_of(part))


def source_of(part: str) -> str:
    """The text of DOCUMENTATION, EXAMPLES or RETURN."""
    found = re.search(rf'^{part} = r"""(.*?)"""', _MODULE_FILE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert found, part
    return found[1]


def recap(stdout: str) -> dict[str, int]:
    """The last recap's numbers: ``{"ok": 1, "changed": 0, ...}``."""
    line = [line for line in stdout.splitlines() if re.match(r"\S+\s+: ok=", line)][-1]
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", line)}
