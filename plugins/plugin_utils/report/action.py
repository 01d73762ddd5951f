# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the two action plugins of the report share: options, and what the inventory says of batches."""

from __future__ import annotations

import hashlib
import typing as t
from pathlib import Path

from ansible import constants, context
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from .records import Execution, RecordError, RecordPlace

__all__ = ["ReportAction", "execution", "place_of", "planned_batches"]

_FOLDER = "secretferry_report_dir"


class ReportAction(ActionBase):  # type: ignore[misc]
    """Checks the options, does the work, and turns its errors into a failed task."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = True
    _requires_connection = False
    _spec: t.ClassVar[dict[str, t.Any]]

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        result = super().run(None, task_vars)
        _given, options = self.validate_argument_spec(argument_spec=self._spec)
        variables = task_vars or {}
        options["report_dir"] = options["report_dir"] or self.variable(variables, _FOLDER)
        if not options["report_dir"]:
            raise AnsibleActionFail(f"report_dir is missing: give it, or set the variable {_FOLDER}")
        try:
            return {**result, **self.work(options, variables)}
        except RecordError as error:
            return {**result, "failed": True, "msg": str(error)}

    def work(self, options: dict[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The plugin's own work. Returns its result.

        :raises RecordError: a record or a file is wrong.
        """
        raise NotImplementedError

    def variable(self, task_vars: t.Mapping[str, t.Any], name: str) -> t.Any:
        """A variable of the task's host; None where there is none."""
        return self._templar.template(task_vars[name]) if name in task_vars else None


def place_of(options: t.Mapping[str, t.Any], variable: t.Callable[[str], t.Any]) -> RecordPlace:
    """The place of a record: what the options say, or else the variables that the host of a batch has.

    :param variable: the value of a variable of the host; None where there is none.
    """

    def given(name: str) -> str:
        value = options[name] if options[name] is not None else variable(f"secretferry_{name}")
        return str(value) if value is not None else ""

    number = options["wave_number"]
    if number is None:
        number = int(variable("secretferry_wave_number") or 0)
    scope = variable("secretferry_scope") if given("batch") else None
    return RecordPlace(
        given("migration"),
        given("wave"),
        number,
        given("batch"),
        given("target_location"),
        options["name"] or "",
        _paths(scope),
    )


def execution() -> Execution:
    """The present execution of Ansible: all of its processes share the folder for its temporary files."""
    given: t.Any = context.CLIARGS.get("args")
    playbook = str(given[0]) if isinstance(given, (list, tuple)) and given else str(given or "")
    name = playbook if playbook.count(".") > 1 and "/" not in playbook else Path(playbook).stem
    folder = str(constants.DEFAULT_LOCAL_TMP)
    return Execution(name.removeprefix("secretferry.akeyless."), hashlib.sha256(folder.encode()).hexdigest()[:12])


def _paths(scope: t.Any) -> tuple[str, ...]:
    """The paths that a scope names."""
    return tuple(map(str, (scope or {}).get("paths") or ())) if isinstance(scope, t.Mapping) else ()


def planned_batches(task_vars: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """Every batch that the inventory has, whether or not this play runs on it."""
    planned = []
    hostvars = task_vars.get("hostvars") or {}
    for host in hostvars:
        variables = hostvars[host]
        if variables.get("secretferry_batch") not in (None, ""):
            planned.append(
                {
                    "batch": str(variables["secretferry_batch"]),
                    "wave": variables.get("secretferry_wave"),
                    "wave_number": int(variables.get("secretferry_wave_number") or 0),
                    "migration": variables.get("secretferry_migration"),
                    "secrets": variables.get("secretferry_secret_count"),
                    "paths": _paths(variables.get("secretferry_scope")),
                }
            )
    return planned
