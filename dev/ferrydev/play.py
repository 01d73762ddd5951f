# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real playbook runs through ansible-runner, with their results and files."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

import ansible_runner
import yaml

from ferrydev.emulator import Emulator
from ferrydev.vault import Vault

__all__ = ["Begun", "Play", "Played", "connection_env", "deprecations", "processes_of"]


def connection_env(vault: Vault | None, emulator: Emulator | None, token: str | None = None) -> dict[str, str]:
    """The variables by which a module finds both servers; ``token``: instead of Vault's root token."""
    env: dict[str, str] = {}
    if vault is not None:
        env |= {"VAULT_ADDR": vault.addr, "VAULT_TOKEN": token or vault.root_token}
        if vault.ca_cert:
            env["VAULT_CACERT"] = str(vault.ca_cert)
    if emulator is not None:
        env |= {
            "AKEYLESS_API_URL": emulator.url,
            "AKEYLESS_ACCESS_ID": emulator.access_id,
            "AKEYLESS_ACCESS_KEY": emulator.access_key,
        }
    return env


@dataclass
class Played:
    """A finished run: its status, what it printed, and the results of its tasks by name, with ``failed`` in each.

    ``hosts`` has the same by host, then task, for runs on more than one. ``events`` are those that AWX stores.
    """

    status: str
    rc: int
    stdout: str
    results: dict[str, dict[str, t.Any]] = field(default_factory=dict)
    hosts: dict[str, dict[str, dict[str, t.Any]]] = field(default_factory=dict)
    events: list[dict[str, t.Any]] = field(default_factory=list)

    def __getitem__(self, task: str) -> dict[str, t.Any]:
        return self.results[task]

    @property
    def artifacts(self) -> dict[str, t.Any]:
        """What AWX keeps of ``set_stats``, and gives to later nodes of a workflow as variables."""
        found = (
            event["event_data"].get("artifact_data") for event in self.events if event["event"] == "playbook_on_stats"
        )
        return t.cast("dict[str, t.Any]", next(found, None) or {})


def deprecations(output: str) -> list[str]:
    """The deprecation warnings in what Ansible has printed. One may be wrapped: its first two lines are given."""
    lines = output.splitlines()
    return [" ".join(lines[n : n + 2]) for n, line in enumerate(lines) if "[DEPRECATION WARNING]" in line]


class Play:
    """Runs playbooks on localhost in a folder of its own, with the collection of ``collections_path``."""

    def __init__(
        self, env: t.Mapping[str, str], collections_path: str | None = None, folder: Path | None = None
    ) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="ferry-play-"))
        self._collections = collections_path or os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")
        self._env = dict(env)

    def run(
        self,
        tasks: list[dict[str, t.Any]] | Path,
        *options: str,
        inventory: Path | dict[str, t.Any] | None = None,
        answers: t.Mapping[str, str] | None = None,
        **extravars: t.Any,
    ) -> Played:
        """Run these tasks, or the playbook in this file.

        :param options: of ansible-playbook, for instance ``--check`` and ``-vvvv``.
        :param inventory: a source of an inventory, or its groups and hosts, instead of localhost alone.
        :param answers: what is typed at which prompt (a pattern).
        :raises AssertionError: there is a deprecation warning. So no play of a test may cause one.
        """
        runner = ansible_runner.run(**self._arguments(tasks, options, inventory, answers, extravars))
        return _played(runner)

    def begin(
        self,
        tasks: list[dict[str, t.Any]] | Path,
        *options: str,
        inventory: Path | dict[str, t.Any] | None = None,
        **extravars: t.Any,
    ) -> Begun:
        """Begin what :meth:`run` does."""
        return Begun(self.folder, self._arguments(tasks, options, inventory, {}, extravars))

    def _arguments(
        self,
        tasks: list[dict[str, t.Any]] | Path,
        options: tuple[str, ...],
        inventory: Path | dict[str, t.Any] | None,
        answers: t.Mapping[str, str] | None,
        extravars: dict[str, t.Any],
    ) -> dict[str, t.Any]:
        """Of ansible-runner."""
        project = self.folder / "project"
        project.mkdir(parents=True, exist_ok=True)
        if isinstance(tasks, Path):
            playbook = tasks
        else:
            playbook = project / "play.yml"
            play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
            playbook.write_text(yaml.safe_dump([play], sort_keys=False, allow_unicode=True), "utf-8")
        return {
            "private_data_dir": str(self.folder),
            "playbook": str(playbook),
            "inventory": str(inventory) if isinstance(inventory, Path) else inventory or _LOCALHOST,
            "cmdline": " ".join(options) or None,
            "extravars": extravars,
            "envvars": self.environment(),
            "passwords": dict(answers or {}),
            "timeout": 500,  # an unanswered prompt ends this run, and the other tests go on
            "suppress_env_files": True,
            "quiet": True,
        }

    def environment(self) -> dict[str, str]:
        """What a run gets: this process's variables without the user's own for Vault, Akeyless and Ansible."""
        return {
            **{k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "AKEYLESS_", "ANSIBLE_"))},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "ANSIBLE_COLLECTIONS_PATH": self._collections,
            "ANSIBLE_HOME": str(self.folder / "ansible-home"),
            "ANSIBLE_LOCAL_TEMP": str(self.folder / "local-tmp"),
            "ANSIBLE_REMOTE_TEMP": str(self.folder / "remote-tmp"),
            "ANSIBLE_LOG_PATH": str(self.folder / "ansible.log"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_DEPRECATION_WARNINGS": "true",
            "ANSIBLE_INJECT_INVOCATION": "true",  # as before ansible-core 2.21, where results always have it
            **self._env,
        }

    def left_behind(self) -> list[Path]:
        """Every file of the run, but for those in which ansible-runner records the environment that it was given."""
        return [p for p in self.folder.rglob("*") if p.is_file() and p.name != "command"]

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Begun:
    """A run that goes on, and can be ended as AWX ends one."""

    def __init__(self, folder: Path, arguments: dict[str, t.Any]) -> None:
        self._folder = folder
        self._cancelled = threading.Event()
        settings = {"pexpect_timeout": 0.1}  # seconds until the cancellation is noticed
        self._thread, self._runner = ansible_runner.run_async(
            **arguments, settings=settings, cancel_callback=self._cancelled.is_set
        )

    def cancel(self) -> None:
        """As the button does: ansible-runner kills the process group of ansible-playbook."""
        self._cancelled.set()

    def kill(self) -> None:
        """Kill every process at once, as the end of its container does."""
        while found := processes_of(self._folder):
            for process in found:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:  # it has ended
                    continue

    def wait(self, seconds: float = 60) -> Played:
        """Its end."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "it does not end"
        return _played(self._runner)


def processes_of(folder: Path) -> list[int]:
    """The processes of the runs in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            texts = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            ended = (process / "stat").read_text("ascii").rpartition(")")[2].split()[0] == "Z"
        except OSError:  # it has ended, or is not ours
            continue
        if os.fsencode(folder) in texts and not ended:
            found.append(int(process.name))
    return found


def _played(runner: t.Any) -> Played:
    results: dict[str, dict[str, t.Any]] = {}
    hosts: dict[str, dict[str, dict[str, t.Any]]] = {}
    events = list(runner.events)
    for event in events:
        if event["event"] in ("runner_on_ok", "runner_on_failed"):
            data = event["event_data"]
            result = {**data["res"], "failed": event["event"] == "runner_on_failed"}
            results[data["task"]] = hosts.setdefault(data["host"], {})[data["task"]] = result
    stdout = runner.stdout.read()
    if found := deprecations(stdout):
        raise AssertionError(f"Ansible says that something is deprecated: {found}")
    return Played(runner.status, runner.rc, stdout, results, hosts, events)


_LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
_LOCALHOST = {"all": {"hosts": {"localhost": _LOCAL}}}
