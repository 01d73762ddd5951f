# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines of progress need private parts of Ansible. Where one is missing, there is no line, and the task works."""

from __future__ import annotations

import threading
import typing as t
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from ansible_collections.secretferry.akeyless.plugins.module_utils.common.progress import VARIABLE
from ansible_collections.secretferry.akeyless.plugins.plugin_utils import progress

VARIABLES = {"inventory_hostname": "far", "secretferry_progress": "10s"}
# What only the lines of progress use. The other underscored names are those of Ansible's own action plugin "normal".
PARTS = (
    "_templar.template",
    "_play_context",
    "_shared_loader_obj.connection_loader",
    "_is_become_unprivileged",
    "_connection.ansible_name",
    "_connection._options",
    "_connection._shell.join_path",
    "_task._uuid",
)


class Given(progress.ProgressAction):
    """An action whose module answers at once, and says whether it was given a file for its progress."""

    def _execute_module(self, *_given: t.Any, **_options: t.Any) -> dict[str, t.Any]:
        watched = [thread.name for thread in threading.enumerate() if thread.name == "secretferry-progress"]
        files = [part[VARIABLE] for part in self._task.environment or () if VARIABLE in part]
        return {"changed": True, "watched": bool(watched), "files": files}

    def _remove_tmp_path(self, *_given: t.Any, **_options: t.Any) -> None:
        return None


def made() -> Given:
    shell = SimpleNamespace(
        tmpdir="/tmp/a", join_path=lambda *parts: "/".join(parts), get_option=lambda _name: ["/tmp"]
    )
    connection = SimpleNamespace(
        _shell=shell, _options={}, transport="elsewhere", ansible_name="elsewhere", become=None, has_native_async=False
    )
    task = SimpleNamespace(
        async_val=0, no_log=False, check_mode=False, diff=False, environment=None, args={}, action="x", _uuid="u"
    )
    templar = SimpleNamespace(template=lambda value: value)
    loaders = SimpleNamespace(connection_loader=MagicMock())
    loaders.connection_loader.get.return_value = SimpleNamespace(_options={}, _shell=shell)
    action = Given(task, connection, SimpleNamespace(), MagicMock(), templar, loaders)
    action._shared_loader_obj = loaders  # newer versions ignore the argument
    action._is_become_unprivileged = lambda: False
    return action


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> MagicMock:
    shown = MagicMock()
    monkeypatch.setattr(progress, "display", shown)
    return shown


def test_with_all_parts_the_module_is_watched(warnings: MagicMock) -> None:
    result = made().run(task_vars=VARIABLES)
    assert result["watched"]
    assert len(result["files"]) == 1
    assert warnings.mock_calls == []


@pytest.mark.parametrize("part", PARTS)
def test_without_a_part_there_are_no_lines_and_the_task_works(part: str, warnings: MagicMock) -> None:
    action = made()
    *owners, name = part.split(".")
    holder: t.Any = action
    for owner in owners:
        holder = getattr(holder, owner)
    if part == "_is_become_unprivileged":
        action._is_become_unprivileged = None
    else:
        delattr(holder, name)
    result = action.run(task_vars=VARIABLES)
    assert (result["changed"], result["watched"], result["files"]) == (True, False, [])
    assert warnings.mock_calls == []


def test_a_setting_that_is_no_duration_is_still_said(warnings: MagicMock) -> None:
    made().run(task_vars={**VARIABLES, "secretferry_progress": "soon"})
    assert warnings.warning.called
