# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook watched line by line, and a module that works until the test has seen what it wanted to see."""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import typing as t
from pathlib import Path

import yaml

from ferrydev.play import Play

__all__ = ["Live", "Workshop"]

_PATIENCE = 60.0  # seconds
_ACTION = """
from ansible_collections.secretferry.akeyless.plugins.plugin_utils.progress import ProgressAction


class ActionModule(ProgressAction):
    pass
"""
_MODULE = '''#!/usr/bin/python
"""Says how far it is until the file ``until`` is there; then ends as ``how`` says."""
import os
import signal
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.progress import VARIABLE, progress


def main():
    spec = {"until": {"type": "path"}, "how": {"default": "well"}, "total": {"type": "int"}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    path = os.environ.get(VARIABLE)
    progress.open(path)
    progress.stage("work", module.params["total"])
    for _ in range(6000):
        if not module.params["until"] or os.path.exists(module.params["until"]):
            break
        progress.advance(failed=int(progress.done == 1))
        time.sleep(0.01)
    if module.params["how"] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    progress.close()
    if module.params["how"] == "badly":
        module.fail_json(msg="as it was told")
    module.exit_json(changed=True, path=path, check=module.check_mode, mark=os.environ.get("MARK"))


main()
'''


class Workshop:
    """A project with the module ``slow`` and its action plugin, a folder for files, and plays in it."""

    def __init__(self, play: Play) -> None:
        self.play = play
        self.folder = play.folder
        self.project = play.folder / "project"
        for place, text in (("library/slow.py", _MODULE), ("action_plugins/slow.py", _ACTION)):
            file = self.project / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")

    def start(
        self,
        tasks: list[dict[str, t.Any]],
        *options: str,
        host: t.Mapping[str, t.Any] | None = None,
        env: t.Mapping[str, str] | None = None,
        **play: t.Any,
    ) -> Live:
        """Run tasks on the host ``far``, which is this machine where ``host`` has no other variables."""
        inventory = self.project / "inventory.json"
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        inventory.write_text(json.dumps({"all": {"hosts": {"far": {**local, **(host or {})}}}}), "utf-8")
        playbook = self.project / "slow.yml"
        written = [{"hosts": "far", "gather_facts": False, **play, "tasks": tasks}]
        playbook.write_text(yaml.safe_dump(written, sort_keys=False), "utf-8")
        command = ["ansible-playbook", "-i", str(inventory), str(playbook), *options]
        return Live(command, {**self.play.environment(), "SECRETFERRY_PROGRESS": "1", **(env or {})})

    def leftovers(self, *folders: Path) -> list[Path]:
        """Progress files below the play's folder and in other ones."""
        found = list(self.folder.rglob("secretferry-progress-*"))
        return found + [f for folder in folders for f in folder.glob("secretferry-progress-*")]


class Live:
    """A program that runs, and the lines that it has printed."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.lines: list[str] = []
        self._new: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            command,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._collect, daemon=True).start()

    def wait_for(self, pattern: str, count: int = 1) -> str:
        """The line in which the pattern shows for the ``count``-th time from now on; fails at the program's end."""
        while True:
            line = self._new.get(timeout=_PATIENCE)
            if line is None:
                raise AssertionError("\n".join([f"{pattern} did not show in:", *self.lines]))
            if re.search(pattern, line):
                count -= 1
                if not count:
                    return line

    def finish(self) -> int:
        """Wait for the end; the exit code."""
        code = self._process.wait(_PATIENCE)
        while self._new.get(timeout=_PATIENCE) is not None:
            pass
        return code

    def kill(self) -> None:
        """End the controller at once, its workers with it, as the kernel or an operator in need would."""
        for process in [self._process.pid, *_children(self._process.pid)]:
            os.kill(process, signal.SIGKILL)
        self._process.wait(_PATIENCE)

    def shown(self) -> list[str]:
        """The lines of progress so far."""
        return [line for line in self.lines if line.startswith("secretferry:")]

    def _collect(self) -> None:
        for line in t.cast("t.IO[str]", self._process.stdout):
            self.lines.append(line.rstrip("\n"))
            self._new.put(line.rstrip("\n"))
        self._new.put(None)


def _children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    return [int(child) for child in text.split()]
