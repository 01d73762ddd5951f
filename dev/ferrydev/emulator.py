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
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType

__all__ = ["Control", "Emulator", "EmulatorError", "Gateway"]

_DEV = Path(__file__).resolve().parent.parent
_ADMIN = {"access_id": "p-emulator0admin", "access_key": "emulator-admin-access-key"}


class EmulatorError(Exception):
    """The emulator did not start, or refused a control request."""


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
        return str(_call(f"{self.url}/auth", body)["token"])

    def gateway(self, instances: int = 1, **given: t.Any) -> Gateway:
        """Start a Gateway cluster of so many instances: ``emulator.gateway(2, profile="older")``.

        :param given: keys of README.md's "Gateways": profile, settings, rules, identity, allowed, targets, source_ca,
            name, log_dir.
        """
        given.setdefault("log_dir", str(self.log.parent))
        return Gateway(self.url, self.control._post("gateway", {"instances": instances, **given}))

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class Control:
    """The control routes of an emulator."""

    def __init__(self, url: str) -> None:
        self._base = f"{url}/_emulator"

    def counters(self) -> dict[str, t.Any]:
        """requests, routes, statuses, writes (requests), writes_applied, values_read, dropped, hanging."""
        return self._get("counters")

    def reset_counters(self) -> dict[str, t.Any]:
        """The counters until now; from here on they count from 0. Empties the journal too."""
        return self._post("counters")

    def journal(self, since: int = 0) -> list[list[str]]:
        """``[route, name, outcome]`` of every request, in order; the setting ``journal`` must be on."""
        return t.cast("list[list[str]]", _call(f"{self._base}/journal?since={since}"))

    def dump(self, *, stable: bool = False) -> dict[str, t.Any]:
        """Every item with all versions and values, by name; ``stable`` leaves out ids and times."""
        return t.cast("dict[str, t.Any]", self._get("dump?stable=1" if stable else "dump")["items"])

    def settings(self, **changes: t.Any) -> dict[str, t.Any]:
        """Change settings; gives all of them back."""
        return self._post("settings", changes)

    def faults(self, **wanted: t.Any) -> dict[str, t.Any]:
        """Replace all faults by ``seed``, ``latency_ms``, ``rate_limit``, ``rules``; without any: no faults."""
        return self._post("faults", wanted)

    def struck(self) -> list[int]:
        """How often each fault rule has applied."""
        return [rule["struck"] for rule in self._get("faults")["rules"]]

    def clock(self, *, advance: float = 0, **state: bool) -> str:
        """Move the clock forward by seconds; ``held=True`` keeps it in that second, ``held=False`` lets it go on.

        A reset brings the true time back. Gives the time, in RFC 3339.
        """
        return str(self._post("clock", {"advance": advance, **state})["now"])

    def expire_tokens(self) -> int:
        """End every token now."""
        return int(self._post("expire-tokens")["expired"])

    def wait_hanging(self, seconds: float = 10) -> bool:
        """Wait until a request hangs because of a fault ``hang``."""
        return bool(self._get(f"hanging?wait={seconds:g}")["hanging"])

    def release(self) -> None:
        """Let hanging requests go on."""
        self._post("release")

    def add_dynamic_secret(self, name: str) -> None:
        """Make an item that is no static secret, of a kind that has no value."""
        self._post("dynamic-secret", {"name": name})

    def lock(self, name: str, *actions: str, by: str = "p-other") -> None:
        """Lock an item for ``read``, ``update`` or both, for all but the access id ``by``; no actions unlock it."""
        self._post("lock", {"name": name, "actions": list(actions), "by": by})

    def snapshot(self, name: str) -> None:
        """Remember all items under a name."""
        self._post("snapshot", {"name": name})

    def reset(self, snapshot: str = "") -> None:
        """Items as in the snapshot, or as at the start; all else as configured; counters 0. Tokens stay."""
        self._post("reset", {"snapshot": snapshot})

    def _get(self, route: str) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", _call(f"{self._base}/{route}"))

    def _post(self, route: str, body: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        return t.cast("dict[str, t.Any]", _call(f"{self._base}/{route}", body or {}))


class Gateway:
    """A Gateway cluster of an emulator, and what tests do to it. Everything is given by its control routes.

    ``url`` is the cluster's address, ``urls`` those of its instances, ``logs`` their log files, ``access_id`` the
    gateway's own identity.
    """

    def __init__(self, emulator_url: str, made: dict[str, t.Any]) -> None:
        self._base = f"{emulator_url}/_emulator/gateway"
        self.number = int(made["number"])
        self.name = str(made["name"])
        self.url = str(made["url"])
        self.access_id = str(made["access_id"])
        self.urls = [str(instance["url"]) for instance in made["instances"]]
        self.logs = [Path(instance["log"]) for instance in made["instances"]]

    def settings(self, **changes: t.Any) -> dict[str, t.Any]:
        """Change settings of the cluster; gives all of them back."""
        return t.cast("dict[str, t.Any]", self._post("settings", changes))

    def hold(self, at: str = "running", after: int = 0) -> None:
        """Keep runs that begin from now on ``pending``, or ``running`` after so many items, until :meth:`release`."""
        self._post("hold", {"at": at, "after": after})

    def release(self) -> None:
        """Let held runs go on."""
        self._post("hold", {"at": ""})

    def wait(self, migration: str, state: str = "over", *, run: int = 1, items: int = 0, seconds: float = 30) -> None:
        """Wait until the newest run of a migration, at least the ``run``-th, is in this state.

        :param state: ``pending``, ``running``, ``done``, ``failed``, ``stopped``; ``over`` is any of the last three.
        :raises EmulatorError: it was not, after so many seconds.
        """
        query = {"migration": migration, "state": state, "run": run, "items": items, "seconds": seconds}
        if not self._get("wait", query)["reached"]:
            raise EmulatorError(f"migration {migration} is not {state} after {seconds:g} s")

    def runs(self, migration: str) -> list[dict[str, t.Any]]:
        """Every run of a migration, the oldest first: state, counts, secrets, instance, times."""
        return t.cast("list[dict[str, t.Any]]", self._get("runs", {"migration": migration}))

    def poll(self) -> None:
        """Let every migration that syncs look at its source now, and wait for the end of that."""
        self._post("poll", {})

    def advance(self, seconds: float) -> None:
        """Move the cluster's clock forward; what becomes due meanwhile starts."""
        self._post("time", {"advance": seconds})

    def drift(self, instance: int, migration: str, **shown: t.Any) -> None:
        """Make an instance (from 1) show a migration with another ``payload`` or ``general``, or ``missing=True``.

        Without any: as it is.
        """
        self._post("drift", {"instance": instance, "migration": migration, **shown})

    def instance(self, number: int, **state: bool) -> None:
        """``up=False`` takes an instance (from 1) down, ``healthy=False`` makes its health check fail."""
        self._post("instance", {"instance": number, **state})

    def outcome(self, migration: str, **outcome: t.Any) -> None:
        """What further runs come to where the source is not imitated: ``migration_items={"total": 3}``, ``error``."""
        self._post("outcome", {"migration": migration, **outcome})

    def target(self, name: str, **facts: t.Any) -> None:
        """Make a target that migrations may name; for hashi with ``url`` and ``token``."""
        self._post("target", {"name": name, "facts": facts})

    def allow(self, access_id: str, *permissions: str) -> None:
        """Give gateway permissions, ``automatic_migration`` for instance; none takes them away."""
        self._post("allow", {"access_id": access_id, "permissions": list(permissions)})

    def _get(self, route: str, query: dict[str, t.Any]) -> t.Any:
        return _call(f"{self._base}/{route}?{urllib.parse.urlencode({'cluster': self.number, **query})}")

    def _post(self, route: str, body: dict[str, t.Any]) -> t.Any:
        return _call(f"{self._base}/{route}", {"cluster": self.number, **body})


class _Deadline:
    """Ends a process that prints nothing in time, so that reading its stdout returns."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self._timer = threading.Timer(seconds, process.kill)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()


def _call(url: str, body: dict[str, t.Any] | None = None) -> t.Any:
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode())
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise EmulatorError(f"{url}: {error.code} {error.read().decode('utf-8', 'replace')}") from None


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
