# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sums up what the roles did on the hosts of a play. Works on the controller, whatever the host of the task is."""

from __future__ import annotations

import re
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.secretferry.akeyless.plugins.plugin_utils.report.action import (
    execution,
    now,
    variable_of,
)
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.summary_lines import (
    BatchOutcome,
    figures_of,
    outcome_of,
    summary_lines,
)

_REPORT = "secretferry.akeyless.rollout_report"
# A step of several parts. Its role decides whether what they found makes it fail.
_PARTS = {"cutover": ("sync", "verify", "cutover_freeze", "cutover_credential", "cutover_token")}


class ActionModule(ActionBase):  # type: ignore[misc]
    """``rollout_summary``. It is no module, as the results of all hosts are on the controller."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _requires_connection = False
    _spec: t.ClassVar[dict[str, t.Any]] = {
        "steps": {"type": "list", "elements": "str", "required": True},
        "hosts": {"type": "list", "elements": "str"},
        "failure_budget": {"type": "int", "default": 0},
        "report_dir": {"type": "path"},
    }

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        result = super().run(None, task_vars)
        _given, options = self.validate_argument_spec(argument_spec=self._spec)
        hosts = options["hosts"] if options["hosts"] is not None else task_vars["ansible_play_batch"]
        whole = not variable_of(self, task_vars, "secretferry_batch")
        outcomes = [_outcome(host, task_vars["hostvars"][host], options["steps"], whole) for host in hosts]
        report: dict[str, t.Any] = {}
        if options["report_dir"]:
            report = self._report(options["report_dir"], task_vars)
            if report.get("failed"):
                return {**result, **report}
        failures = sum(outcome.failures for outcome in outcomes)
        lines = summary_lines(outcomes, plan=self._task.check_mode)
        return {
            **result,
            **report,
            "changed": False,
            "ansible_stats": self._artifact(hosts, outcomes),
            "lines": [*lines, f"report: {report['html']}"] if report else lines,
            "failed_secrets": failures,
            "problems": {outcome.name: outcome.problem for outcome in outcomes if outcome.problem},
            "within_budget": failures <= options["failure_budget"] and all(outcome.known for outcome in outcomes),
        }

    def _artifact(self, hosts: t.Sequence[str], outcomes: t.Sequence[BatchOutcome]) -> dict[str, t.Any]:
        """The figures as ``set_stats`` has them. Slices have different hosts, so none replaces those of another."""
        playbook = execution().playbook
        name = re.sub(r"\W", "_", "_".join(["secretferry_figures", playbook, *hosts[:1]]))
        figures = {
            "recorded": now(),
            "playbook": playbook,
            "plan": self._task.check_mode,
            "problems": sum(bool(outcome.problem) for outcome in outcomes),
            "figures": figures_of(outcomes),
        }
        return {"data": {name: figures}, "per_host": False, "aggregate": False}

    def _report(self, folder: str, task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Make the report, in check mode, too: a plan has a report."""
        task = self._task.copy()
        task.args, task.check_mode = {"report_dir": folder}, False
        action = self._shared_loader_obj.action_loader.get(
            _REPORT,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        return t.cast("dict[str, t.Any]", action.run(task_vars=task_vars))


def _outcome(host: str, variables: t.Any, steps: t.Sequence[str], whole: bool) -> BatchOutcome:
    """What the steps did on a host.

    :param whole: the steps worked on the host's migration as a whole, not on its batch.
    """
    wave = "" if whole else variables.get("secretferry_wave")
    group = f"wave {wave}" if wave else f"migration {variables.get('secretferry_migration')}"
    names = [name for step in steps for name in _PARTS.get(step, (step,))]
    results = {name: variables.get(f"secretferry_{name}_result") for name in names}
    problem = str(variables.get("secretferry_problem") or "")
    return outcome_of(host, group, results, problem, decided=any(step in _PARTS for step in steps))
