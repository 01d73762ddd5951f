# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module as Ansible does, and shows its progress meanwhile: the base of the action plugins.

The module gets the name of a private file in its environment (see module_utils/common/progress.py) and writes its
numbers there. A thread reads it when a line is due: directly where the module runs on the controller as the same user,
otherwise with one small command through a connection of its own, as the task's connection is busy. That needs parts of
Ansible that may change with any version. A failure in it never fails the task; there is no line then.
When ansible-playbook is stopped, the module is, too (see stopping.py).
"""

from __future__ import annotations

import contextlib
import copy
import os
import secrets
import shlex
import threading
import time
import typing as t
from collections.abc import Iterator

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash

from ..module_utils.common.progress import VARIABLE
from .progress_lines import Lines, Pace, parse_mark, parse_setting
from .report.action import keep_record, variable_of
from .report.records import RecordError
from .role_words import in_role_words
from .stopping import StopRelay

__all__ = ["ProgressAction"]

_SETTING = "secretferry_progress"
# The roles of this collection set them at their tasks: the step, and the role that includes another one.
_STEP, _CALLER = "secretferry_role_step", "secretferry_role_caller"
_LINE_BYTES = 256  # the longest line of the file
_LAST_READ = 5.0  # seconds that the task waits for a read that is under way when it ends
_NO_ANSWER = "told to stop; run again to go on"
# Their output is for programs, which a line of progress would break.
_FOR_PROGRAMS = ("json", "jsonl", "ndjson", "null")

_Reader = t.Callable[[], str]

display = Display()


class ProgressAction(ActionBase):  # type: ignore[misc]
    """Does what Ansible's own action plugin does for every module, and shows lines of progress."""

    _supports_check_mode = True
    _supports_async = True
    _supports_diff = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        result = super().run(None, task_vars)
        wrap_async = self._task.async_val and not getattr(self._connection, "has_native_async", False)
        pace = None if wrap_async or self._task.no_log else self._pace(task_vars or {})
        host = str((task_vars or {}).get("inventory_hostname", ""))
        said = _NO_ANSWER
        with StopRelay(self._is_local, lambda: f"secretferry: {host}: {said}"):
            with self._watched(pace, host) as path:
                done = self._execute_module(task_vars=task_vars, wrap_async=wrap_async)
            if not done.get("failed"):
                said = "the module came to its end; the play did not"
            elif str(done.get("msg")).startswith("stopped "):
                said = str(done["msg"])
            if path and "module_stdout" in done:  # the module was interrupted, so its file may still exist
                with contextlib.suppress(Exception):
                    self._low_level_execute_command(f"rm -f {shlex.quote(path)}")
            if not wrap_async:
                self._remove_tmp_path(self._connection._shell.tmpdir)
        merged = merge_hash(result, done)
        step = variable_of(self, task_vars or {}, _STEP)
        return merged if wrap_async or not step else self._of_role(step, merged, task_vars)

    def _of_role(self, step: str, result: dict[str, t.Any], task_vars: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """The result of a role's step, in the words of the role, after it was recorded for the report."""
        result = in_role_words([step, variable_of(self, task_vars, _CALLER) or ""], result)
        try:
            keep_record(self, step, result, task_vars)
        except RecordError as error:
            done = f"{result['msg']}. Besides" if result.get("msg") else "The work is done, but"
            result = {**result, "failed": True, "msg": f"{done} the result could not be recorded: {error}"}
        return result

    @property
    def _is_local(self) -> bool:
        return self._connection.transport in ("local", "ansible.builtin.local") and not self._connection.become

    def _pace(self, task_vars: t.Mapping[str, t.Any]) -> Pace | None:
        """When lines are due, by the variable or the environment; None for never."""
        try:
            value = os.environ.get(_SETTING.upper(), "auto")
            if _SETTING in task_vars:
                value = self._templar.template(task_vars[_SETTING])
            pace = parse_setting(value)
        except (ValueError, AnsibleError):
            display.warning(f"{_SETTING} is neither auto, nor off, nor a duration such as 10s, so it counts as auto")
            pace = Pace()
        except Exception:  # a part of Ansible is not as it was
            return None
        if pace != Pace():
            return pace
        if str(getattr(C, "DEFAULT_STDOUT_CALLBACK", "")).rpartition(".")[2] in _FOR_PROGRAMS:
            return None
        hosts, forks = task_vars.get("ansible_play_batch"), task_vars.get("ansible_forks")
        at_once = min(len(hosts), forks) if isinstance(hosts, (list, tuple)) and isinstance(forks, int) else 1
        return Pace(others=at_once)

    @contextlib.contextmanager
    def _watched(self, pace: Pace | None, host: str) -> Iterator[str]:
        """Show lines while the block runs; yields the name of the module's file, empty where there is none."""
        path, watch = "", None
        if pace is not None:
            with contextlib.suppress(Exception):  # the module meets the same failure, and reports it
                path = self._path()
                watch = _Watch(self._reader(path), Lines(host), pace)
        before = self._task.environment
        if watch is not None:
            self._task.environment = [*(before if isinstance(before, list) else [before or {}]), {VARIABLE: path}]
            watch.start()
        try:
            yield path if watch else ""
        finally:
            self._task.environment = before
            if watch is not None:
                watch.stop()

    def _path(self) -> str:
        """An unpredictable name for a file in a folder that the module may write to."""
        name = f"secretferry-progress-{secrets.token_hex(16)}"
        shell = self._connection._shell
        if self._is_become_unprivileged():
            # That user may not write to the login user's folder.
            return str(shell.join_path(shell.get_option("system_tmpdirs")[0], name))
        return str(shell.join_path(shell.tmpdir or self._make_tmp_path(), name))

    def _reader(self, path: str) -> _Reader:
        if self._is_local:
            return lambda: _content(path)
        action = self._second_action()
        command = f"head -c {_LINE_BYTES} {shlex.quote(path)}"
        return lambda: str(action._low_level_execute_command(command)["stdout"])

    def _second_action(self) -> ActionBase:
        """An action with a connection of its own to the same host as the same user, for use while ours is busy."""
        mine = self._connection
        other = self._shared_loader_obj.connection_loader.get(
            mine.ansible_name,
            self._play_context,
            new_stdin=None,
            task_uuid=self._task._uuid,
            ansible_playbook_pid=str(os.getppid()),
        )
        other._options = dict(mine._options)
        other._shell = copy.copy(mine._shell)
        if mine.become:
            other.set_become_plugin(copy.copy(mine.become))
        return _SecondAction(
            self._task, other, self._play_context, self._loader, self._templar, self._shared_loader_obj
        )


class _SecondAction(ActionBase):  # type: ignore[misc]
    """Only runs commands."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Any:
        raise NotImplementedError


class _Watch(threading.Thread):
    """Reads the file and shows lines, until it is stopped or something fails."""

    def __init__(self, read: _Reader, lines: Lines, pace: Pace) -> None:
        super().__init__(name="secretferry-progress", daemon=True)
        self._read, self._lines, self._pace = read, lines, pace
        self._ended = threading.Event()

    def run(self) -> None:
        began = time.monotonic()
        with contextlib.suppress(Exception):
            while not self._ended.wait(self._pace.pause(time.monotonic() - began)):
                mark = parse_mark(self._read())
                if mark is not None and not self._ended.is_set():
                    display.display(self._lines.line(mark, time.monotonic()))

    def stop(self) -> None:
        """Show nothing from now on."""
        self._ended.set()
        self.join(_LAST_READ)


def _content(path: str) -> str:
    """The beginning of a file; empty where there is none (yet, or any more)."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(_LINE_BYTES)
    except OSError:
        return ""
