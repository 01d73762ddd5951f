# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What playbooks/awx.yml calls: the modules of awx.awx check their arguments, note them, and end before any request."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import yaml

from ferrydev import layout
from ferrydev.awx_collection import awx_collection

__all__ = ["SITE", "Calls", "apply_to_nothing"]

SITE: dict[str, t.Any] = {
    "secretferry_awx_image": "registry.example.com/secretferry:1",
    "secretferry_awx_batches": {
        "source": {"url": "https://vault.example.com:8200"},
        "migrations": [
            {
                "name": name,
                "target_location": f"/migrated/{name}",
                "source": {"paths": [f"secret/{name}/"]},
                "waves": [
                    {"name": "pilot", "folders": [f"secret/{name}/sandbox"]},
                    {"name": "teams", "include": ["*/team-*/**"]},
                    {"name": "everything", "rest": True},
                ],
            }
            for name in ("payments", "orders")
        ],
    },
    "secretferry_awx_operator_teams": ["migrators"],
    "secretferry_awx_approver_teams": ["security"],
    "secretferry_awx_webhook_url": "https://hooks.example.com/secretferry",
    "secretferry_awx_job_variables": {"secretferry_report_dir": "/reports"},
}
"""What a user gives."""

# In place of the real one, which connects. The modules themselves, and so their argument specs, are those of awx.awx.
_STUB = """
import json
import os

from ansible.module_utils.basic import AnsibleModule


class ControllerAPIModule(AnsibleModule):
    def __init__(self, argument_spec, **kwargs):
        super().__init__(argument_spec=argument_spec, supports_check_mode=True, **kwargs)
        given = {key: value for key, value in self.params.items() if value is not None}
        with open(os.environ["AWX_CALLS"], "a", encoding="utf-8") as file:
            file.write(json.dumps([self._name.rpartition(".")[2], given]) + "\\n")
        self.exit_json(changed=False)
"""


class Calls(list[tuple[str, dict[str, t.Any]]]):
    """The modules in order, with the arguments that they accepted."""

    def of(self, module: str) -> list[dict[str, t.Any]]:
        """The arguments of each call of a module."""
        return [arguments for name, arguments in self if name == module]

    def named(self, module: str) -> dict[str, dict[str, t.Any]]:
        """The same by name."""
        return {arguments["name"]: arguments for arguments in self.of(module)}


def apply_to_nothing(folder: Path, site: t.Mapping[str, t.Any] = SITE) -> tuple[Calls, str]:
    """Run the playbook with the modules of awx.awx, which only check and note their arguments.

    :returns: the calls, and what ansible-playbook said if it failed.
    """
    place = folder / "collections" / "ansible_collections" / "awx" / "awx"
    if not place.exists():
        shutil.copytree(awx_collection(), place)
        (place / "plugins" / "module_utils" / "controller_api.py").write_text(_STUB, "utf-8")
    (folder / "site.yml").write_text(yaml.safe_dump(dict(site), sort_keys=False), "utf-8")
    noted = folder / "calls"
    noted.write_text("", "utf-8")
    env = layout.environment()
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "secretferry.akeyless.awx",
            "-e",
            f"@{folder}/site.yml",
        ],
        env={
            **env,
            "ANSIBLE_COLLECTIONS_PATH": f"{env['ANSIBLE_COLLECTIONS_PATH']}{os.pathsep}{folder / 'collections'}",
            "AWX_CALLS": str(noted),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    calls = Calls(tuple(json.loads(line)) for line in noted.read_text("utf-8").splitlines())
    return calls, "" if done.returncode == 0 else done.stdout
