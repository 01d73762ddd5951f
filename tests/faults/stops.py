# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plays of one task that are stopped in every way, and what is left of them: processes, folders, leases."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from dataclasses import dataclass
from pathlib import Path

import ansible_runner
import yaml
from killing import comparable, until

from ferrydev.emulator import Emulator
from ferrydev.migrating import Migration, Rollback, held_leases
from ferrydev.play import Play, connection_env
from ferrydev.scene import Scene
from ferrydev.ssh_server import SshServer
from ferrydev.syncing import Sync
from ferrydev.vault import Vault
from ferrydev.verifying import verified

__all__ = ["STOPS", "WORKS", "Stage", "Stopped"]

_SIGNALS = {"sigint": signal.SIGINT, "sigterm": signal.SIGTERM, "sighup": signal.SIGHUP, "sigkill": signal.SIGKILL}
STOPS = (
    *(f"{name} to the group" for name in _SIGNALS),
    *(f"{name} to the controller" for name in _SIGNALS),
    "cancel by ansible-runner",
    "sigkill to controller and workers",
    "ssh: lost connection",
    "ssh: sigint to the group",
    "ssh: sigkill to controller and workers",
    "ssh with pipelining: lost connection",
    "ssh with pipelining: sigkill to controller and workers",
)
WORKS: dict[str, dict[str, t.Any]] = {
    "kv_migration": {},
    "kv_sync": {"state": "synced"},
    "kv_sync, continuous": {"state": "synced", "continuous": {"duration": "1h", "interval": "1s"}},
    "kv_verify": {},
    "kv_rollback": {},
}


@dataclass
class Stopped:
    """A play that was stopped: after how many seconds no process was left, and what it had printed."""

    seconds: float
    printed: str


class Stage:
    """A source, a target with a snapshot before each work and the state after it, and a folder for plays."""

    def __init__(self, vault: Vault, emulator: Emulator) -> None:
        self.emulator = emulator
        self._vault = vault
        self._ssh: SshServer | None = None
        emulator.control.reset()
        self.scene = scene = Scene(vault, emulator, concurrency=6)
        for n in range(60):
            scene.kv.put(f"team{n % 3}/s{n}", *({"n": n, "v": v} for v in range(1 + n % 3)))
        for n in range(0, 60, 10):
            scene.kv.describe(f"team{n % 3}/s{n}", custom_metadata={f"note{k}": "long " * 80 for k in range(4)})
        emulator.control.snapshot("kv_migration")
        scene.migration.ok()
        emulator.control.snapshot("migrated")
        self._after = {"kv_migration": comparable(scene.migration), "kv_rollback": {}}
        for n in range(0, 60, 2):
            scene.kv.put(f"team{n % 3}/s{n}", {"n": n, "v": "new"})
        scene.kv.put("late", {"n": "late"})
        Sync(scene.migration).ok()
        self._after["kv_sync"] = self._after["kv_verify"] = comparable(scene.migration)
        self._after["kv_migration"] = self._after["kv_sync"]
        emulator.control.snapshot("synced")
        self.requests = dict.fromkeys(WORKS, 1)
        self.requests = {work: self._count(work) for work in WORKS}

    def close(self) -> None:
        """Stop the SSH server."""
        if self._ssh is not None:
            self._ssh.close()

    def at(self, work: str) -> None:
        """Set the target to the state before a work; each request takes some time from now on."""
        before = {"kv_migration": "kv_migration", "kv_verify": "synced", "kv_rollback": "synced"}
        self.emulator.control.reset(before.get(work, "migrated"))
        # All requests of a verification are in flight at once, so they must take longer than a stop lets them finish.
        latency = 800 if work == "kv_verify" else min(200, 40 + 2000 // self.requests[work])
        self.emulator.control.faults(latency_ms=latency)
        self.emulator.control.reset_counters()

    def again(self, work: str) -> None:
        """Run the work again, undisturbed: the target is as after an undisturbed run, and no lease is held."""
        self.emulator.control.faults()
        if work == "kv_verify":
            assert verified(self.scene.migration).values["verified"]
        else:
            self._runner(work).ok()
        assert comparable(self.scene.migration) == self._after[work.partition(",")[0]]
        assert self.leases() == []

    def leases(self) -> list[str]:
        """The leases that are held."""
        return held_leases(self.emulator)

    def stopped(self, work: str, stop: str, request: int) -> Stopped:
        """Begin a work in a play, stop it when the target has got that many requests, wait for the end."""
        play = Play({})
        try:
            return self._stopped(play, work, stop, request)
        finally:
            play.close()

    def _stopped(self, play: Play, work: str, stop: str, request: int) -> Stopped:
        over, _, how = stop.rpartition(": ")
        temporary = play.folder / "temporary"
        temporary.mkdir()
        env = {**connection_env(self._vault, self.emulator), "TMPDIR": str(temporary), "STOPPED": str(play.folder)}
        host: dict[str, t.Any] = {"ansible_connection": "local"}
        if over:
            host = {**self._server().variables, "ansible_ssh_pipelining": "pipelining" in over}
        host |= {"ansible_python_interpreter": sys.executable}
        options = {"name": "test", "target_location": "/migrated", **WORKS[work]}
        if work == "kv_migration":
            options |= {"source": {"paths": [f"{self.scene.kv.mount}/"]}, "concurrency": 6}
        module = f"secretferry.akeyless.{work.partition(',')[0]}"
        task = {"name": "work", module: options, "environment": env}
        playbook = play.folder / "project" / "play.yml"
        playbook.parent.mkdir()
        playbook.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]), "utf-8")
        inventory = play.folder / "project" / "hosts.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"far": host}}}), "utf-8")
        begin = _Cancelled if how.startswith("cancel") else _Started
        run = begin(play.folder, playbook, inventory, {**play.environment(), **env})
        control = self.emulator.control
        until(lambda: control.counters()["requests"] >= request, "the request", 60)
        begun = time.monotonic()
        if how == "lost connection":
            _lose(self._server())
        elif isinstance(run, _Cancelled):
            run.cancel()
        elif how.endswith("to the group"):
            os.killpg(run.controller, _SIGNALS[how.partition(" ")[0]])
        elif how.endswith("to the controller"):
            os.kill(run.controller, _SIGNALS[how.partition(" ")[0]])
        else:
            for process in [*_children(run.controller), run.controller]:
                os.kill(process, signal.SIGKILL)
        # A controller that loses a host goes on, and reports that.
        ours = ("ansible-playbook", "ssh ", "scp ", "sftp ") if how == "lost connection" else ()
        until(lambda: not _processes(play.folder, *ours), "the end of every process", 20)
        seconds = time.monotonic() - begun
        printed = run.printed()
        left = [*temporary.iterdir(), *play.folder.glob("remote-tmp/*")]
        # The controller's own folder: nothing can remove it where the workers are killed, too, or where
        # SIGHUP, which Ansible does not handle, comes while no task of ours is in progress.
        if "workers" not in how and not (how.startswith("sighup") and "secretferry: " not in printed):
            left += play.folder.glob("local-tmp/*")
        assert not left, f"{left}\n{printed}"
        assert self.leases() == [], printed
        return Stopped(seconds, printed)

    def _count(self, work: str) -> int:
        self.at(work)
        self.emulator.control.faults()
        if work == "kv_verify":
            assert verified(self.scene.migration).values["verified"]
        else:
            self._runner(work).ok()
        return int(self.emulator.control.counters()["requests"])

    def _runner(self, work: str) -> Migration:
        if work == "kv_migration":
            return self.scene.migration
        return Rollback(self.scene.migration) if work == "kv_rollback" else Sync(self.scene.migration)

    def _server(self) -> SshServer:
        self._ssh = self._ssh or SshServer()
        return self._ssh


class _Started:
    """ansible-playbook as a shell starts it, in a process group of its own."""

    def __init__(self, _folder: Path, playbook: Path, inventory: Path, env: t.Mapping[str, str]) -> None:
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # it may be ignored here, as nohup does
        try:
            self._process = subprocess.Popen(
                ["ansible-playbook", "-i", inventory, playbook],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                process_group=0,
            )
        finally:
            signal.signal(signal.SIGHUP, before)
        self.controller = self._process.pid

    def printed(self) -> str:
        """What was printed until the end."""
        return self._process.communicate(timeout=20)[0]


class _Cancelled:
    """ansible-playbook in ansible-runner, as AWX starts and cancels it."""

    def __init__(self, folder: Path, playbook: Path, inventory: Path, env: t.Mapping[str, str]) -> None:
        settings = folder / "env" / "settings"
        settings.parent.mkdir()
        settings.write_text('{"pexpect_timeout": 0.1}', "utf-8")  # seconds until the cancellation is noticed
        self._cancelled = False
        self._thread, self._runner = ansible_runner.run_async(
            private_data_dir=str(folder),
            playbook=str(playbook),
            inventory=str(inventory),
            envvars=dict(env),
            cancel_callback=lambda: self._cancelled,
            suppress_env_files=True,
            quiet=True,
        )

    def cancel(self) -> None:
        """As the button does."""
        self._cancelled = True

    def printed(self) -> str:
        """What was printed until the end."""
        self._thread.join(20)
        return str(self._runner.stdout.read())


def _processes(folder: Path, *but: str) -> list[str]:
    """The commands of a play's processes, without SSH's shared connection, which stays for the next play.

    :param but: parts of further commands that are left out.
    """
    found = []
    for process in Path("/proc").iterdir():
        try:
            texts = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended, or is none
            continue
        if os.fsencode(folder) in texts and not any(part in command for part in ("ssh: ", *but)):
            found.append(command)
    return found


def _children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    return [int(child) for child in text.split()]


def _lose(server: SshServer) -> None:
    """End every connection of the server, as when a network or a host fails that answers with a reset."""
    for process in _children(server.pid):
        for child in _children(process):
            if "sshd" in Path(f"/proc/{child}/comm").read_text("ascii"):
                os.kill(child, signal.SIGKILL)
        os.kill(process, signal.SIGKILL)
