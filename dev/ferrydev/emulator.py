# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting and steering the Akeyless emulator from demo, tests and benchmarks."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
import threading
import typing as t
from pathlib import Path
from types import TracebackType

from ferrydev.emulator_control import Control, EmulatorError, call
from ferrydev.emulator_gateway import Gateway

__all__ = ["Control", "Emulator", "EmulatorError", "Gateway"]

_DEV = Path(__file__).resolve().parent.parent
_ADMIN = {"access_id": "p-emulator0admin", "access_key": "emulator-admin-access-key"}


class Emulator:
    """A running emulator: ``with Emulator.start({"settings": {"token_ttl": 5}}) as emulator: ...``.

    ``access_id`` and ``access_key`` are those of an administrator. The process ends with :meth:`stop`, at the end of
    the ``with``, or with this process.
    """

    def __init__(self, process: subprocess.Popen[str], url: str, admin: dict[str, str], log: Path) -> None:
        self.url = url
        self.access_id = admin["access_id"]
        self.access_key = admin["access_key"]
        self.log = log
        self.pid = process.pid
        self.control = Control(url)
        self._process = process

    @classmethod
    def start(
        cls,
        config: dict[str, t.Any] | None = None,
        *,
        log_dir: Path | str | None = None,
        state: Path | str | None = None,
        command_prefix: t.Sequence[str] = (),
        wait: float = 30,
    ) -> Emulator:
        """Start an emulator on a free port and wait until it listens.

        :param config: see ``dev/akeyless_emulator/README.md``. Settings that it leaves open are taken from the
            environment variable ``EMULATOR_SETTINGS``, a JSON object, so that whole test suites can run with others.
        :param log_dir: where ``akeyless-emulator.log`` and the configuration go; by default a new temporary folder.
        :param state: an SQLite file that keeps the items between starts.
        :param command_prefix: for instance ``["taskset", "-c", "0"]``.
        :raises EmulatorError: it ended, or was not ready after ``wait`` seconds; the log's end is in the message.
        """
        folder = Path(log_dir or tempfile.mkdtemp(prefix="akeyless-emulator-"))
        folder.mkdir(parents=True, exist_ok=True)
        config_file = folder / "akeyless-emulator.json"
        config = config or {}
        given = json.loads(os.environ.get("EMULATOR_SETTINGS") or "{}")
        config_file.write_text(json.dumps({**config, "settings": {**given, **config.get("settings", {})}}), "utf-8")
        log = folder / "akeyless-emulator.log"
        command = [*command_prefix, sys.executable, "-m", "akeyless_emulator", "--config", str(config_file)]
        command.append("--until-stdin-closes")  # so that it ends with this process, even when this process is killed
        if state:
            command += ["--state", str(state)]
        python_path = os.pathsep.join(filter(None, [str(_DEV), os.environ.get("PYTHONPATH", "")]))
        with log.open("ab") as stream:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                env={**os.environ, "PYTHONPATH": python_path},
            )
        atexit.register(_end, process)
        assert process.stdout is not None
        timer = _Deadline(process, wait)
        line = process.stdout.readline()
        timer.cancel()
        if not line:
            _end(process)
            raise EmulatorError(f"the emulator did not start: {log.read_text('utf-8', 'replace')[-2000:]}")
        return cls(process, json.loads(line)["url"], {**_ADMIN, **config.get("admin", {})}, log)

    def stop(self) -> None:
        """End it, and wait for its end."""
        _end(self._process)

    def kill(self) -> None:
        """Kill it, as in a crash."""
        self._process.kill()
        self._process.wait()

    def token(self) -> str:
        """A fresh token of the administrator."""
        return self.login(self.access_id, self.access_key)

    def login(self, access_id: str, access_key: str) -> str:
        body = {"access-id": access_id, "access-key": access_key}
        return str(call(f"{self.url}/auth", body)["token"])

    def gateway(self, instances: int = 1, **asked: t.Any) -> Gateway:
        """Start a Gateway cluster of so many instances: ``emulator.gateway(2, profile="older")``.

        :param asked: keys of README.md's "Gateways": profile, settings, rules, identity, allowed, targets, source_ca,
            name, log_dir.
        """
        asked.setdefault("log_dir", str(self.log.parent))
        return Gateway(self.url, call(f"{self.url}/_emulator/gateway", {"instances": instances, **asked}))

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Deadline:
    """Ends a process that prints nothing in time, so that reading its stdout returns."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self._timer = threading.Timer(seconds, process.kill)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
