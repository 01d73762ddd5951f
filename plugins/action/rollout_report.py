# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renders the report of a rollout. Works on the controller, whatever the host of the task is."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.action import ReportAction, planned_batches
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.record_files import (
    load,
    write_if_changed,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.records import RecordError
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.render import files_of
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.rollup import roll_up
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.view import summary_of, view_of

_MODE = 0o640


class ActionModule(ReportAction):
    """``rollout_report``. It is no module, as the template and Jinja2 are on the controller."""

    _spec: t.ClassVar[dict[str, t.Any]] = {
        "report_dir": {"type": "path"},
        "dest": {"type": "path"},
        "title": {"type": "str", "default": ""},
        "report_limit": {"type": "int", "default": 500},
        "batches": {
            "type": "list",
            "elements": "dict",
            "options": {
                "batch": {"type": "str", "required": True},
                "wave": {"type": "str"},
                "wave_number": {"type": "int"},
                "migration": {"type": "str"},
                "secrets": {"type": "int"},
            },
        },
    }

    def work(self, options: dict[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        folder = Path(options["report_dir"])
        dest = Path(options["dest"] or folder)
        planned = options["batches"]
        if planned is None:
            planned = planned_batches(task_vars)
        if options["report_limit"] < 0:
            raise RecordError(f"report_limit: {options['report_limit']} is below zero: give 0 or more")
        view = view_of(roll_up(load(folder), planned), options["title"], options["report_limit"])
        summary = summary_of(view)
        before = _summary_before(dest / "rollout.json")
        check = self._task.check_mode
        changed = [
            write_if_changed(dest / name, content, _MODE, check=check) for name, content in files_of(view).items()
        ]
        result = {
            "changed": any(changed),
            "html": str(dest / "rollout.html"),
            "json": str(dest / "rollout.json"),
            "csv": str(dest / "rollout.csv"),
            "summary": summary,
            "remaining": view.remaining,
        }
        if self._task.diff and any(changed):
            result["diff"] = [{"before": _lines(before), "after": _lines(summary)}]
        return result


def _summary_before(path: Path) -> dict[str, t.Any]:
    try:
        return t.cast("dict[str, t.Any]", json.loads(path.read_text("utf-8"))["summary"])
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def _lines(summary: t.Mapping[str, t.Any]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in sorted(summary.items()))
