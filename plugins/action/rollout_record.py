# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores what a report needs of a task's result. Works on the controller, whatever the host of the task is."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.action import (
    ReportAction,
    execution,
    now,
    place_of,
    write_record,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.records import STEPS, make


class ActionModule(ReportAction):
    """``rollout_record``. It is no module, so that the result, which may hold secrets, stays on the controller."""

    _spec: t.ClassVar[dict[str, t.Any]] = {
        "report_dir": {"type": "path"},
        "step": {"type": "str", "required": True, "choices": list(STEPS)},
        "result": {"type": "dict", "required": True},
        "name": {"type": "str"},
        "migration": {"type": "str"},
        "wave": {"type": "str"},
        "wave_number": {"type": "int"},
        "batch": {"type": "str"},
        "target_location": {"type": "str"},
    }

    def work(self, options: dict[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        place = place_of(options, lambda name: self.variable(task_vars, name))
        record = make(options["step"], place, options["result"], now(), execution())
        path, record, changed = write_record(Path(options["report_dir"]), record, check=self._task.check_mode)
        return {"changed": changed, "path": str(path), "attempt": record["attempt"], "status": record["status"]}
