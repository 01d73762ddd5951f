# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the two action plugins of the report share: options, and what the inventory says of batches."""

from __future__ import annotations

import hashlib
import typing as t
from datetime import datetime, timezone
from pathlib import Path

from ansible import constants, context
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from .record_files import as_json, path_of, read, write_if_changed
from .records import STEPS, Execution, RecordError, RecordPlace, make, with_history

__all__ = [
    "ReportAction",
    "execution",
    "keep_record",
    "now",
    "place_of",
    "planned_batches",
    "variable_of",
    "write_record",
]

_FOLDER = "secretferry_report_dir"
_MODE = 0o640
# What a step did is recorded in check mode only where it never writes, and where there is a plan to show.
_RECORDED_IN_CHECK_MODE = {"preflight": "preflight", "verify": "verify", "migrate": "plan"}


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
        return variable_of(self, task_vars, name)


def variable_of(action: ActionBase, task_vars: t.Mapping[str, t.Any], name: str) -> t.Any:
    """A variable of the task's host; None where there is none."""
    return action._templar.template(task_vars[name]) if name in task_vars else None


def write_record(folder: Path, record: dict[str, t.Any], *, check: bool) -> tuple[Path, dict[str, t.Any], bool]:
    """Store a record with the history of its place. Returns its file, the record, and whether that changes anything.

    :raises RecordError: the file cannot be read or written.
    """
    path = path_of(folder, record)
    record = with_history(record, read(path))
    return path, record, write_if_changed(path, as_json(record), _MODE, check=check)


def keep_record(action: ActionBase, step: str, result: t.Mapping[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> None:
    """Record the result of a role's step where there is a folder for the report.

    :raises RecordError: the record cannot be made, read or written.
    """
    folder = variable_of(action, task_vars, _FOLDER)
    name = _RECORDED_IN_CHECK_MODE.get(step, "") if action._task.check_mode else step
    if not folder or name not in STEPS:
        return
    given = dict.fromkeys(("migration", "wave", "wave_number", "batch", "target_location", "name"))
    given["name"] = variable_of(action, task_vars, "secretferry_role_step_name")
    place = place_of(given, lambda variable: variable_of(action, task_vars, variable))
    write_record(Path(folder), make(name, place, result, now(), execution()), check=False)


def now() -> str:
    """The time of a record. Runs may follow each other within a second, so it has milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
