# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores what a report needs of a task's result. Works on the controller, whatever the host of the task is."""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.action import (
    ReportAction,
    execution,
    place_of,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.record_files import (
    as_json,
    path_of,
    read,
    write_if_changed,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.records import STEPS, make, with_history

_MODE = 0o640


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
        # With milliseconds: quick runs follow each other within a second, and their order matters.
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = make(options["step"], place, options["result"], now, execution())
        path = path_of(Path(options["report_dir"]), record)
        record = with_history(record, read(path))
        changed = write_if_changed(path, as_json(record), _MODE, check=self._task.check_mode)
        return {"changed": changed, "path": str(path), "attempt": record["attempt"], "status": record["status"]}
