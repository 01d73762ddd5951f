# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo's two servers with a login of few rights at each, ansible-playbook runs against them, and what was counted.

Everything is in one folder, which is removed in the end. The caller's own settings for Vault, Akeyless and Ansible are
not read.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ferrydev.audit import AuditCounts
from ferrydev.demo_data import POLICY
from ferrydev.emulator import Emulator
from ferrydev.vault import Vault

__all__ = ["APPLICATIONS", "DemoError", "DemoServers", "PlaybookRun", "demo_servers"]

_DEMO_PLAYBOOK = Path(__file__).with_name("demo.yml")
_RESULT = re.compile(r"^(?:ok|changed|fatal): \[(\S+)\](?:: FAILED!)? => (?=\{)", re.MULTILINE)
_RIGHTS = {"path": "/migrated/*", "capabilities": ["create", "read", "update", "delete", "list"]}

# Two applications that must read their own secrets at Akeyless, and no others.
APPLICATIONS = {
    team: {"access_id": f"p-demo{team[:8]:0<10}", "access_key": secrets.token_urlsafe(24)}
    for team in ("payments", "checkout")
}


class DemoError(Exception):
    """The demo cannot go on; the text says why."""


@dataclass(frozen=True)
class PlaybookRun:
    """One run of a playbook: what it printed, its results, and what both servers counted meanwhile."""

    command: str
    status: int
    stdout: str
    results: list[tuple[str, dict[str, t.Any]]]
    """Host and result of each task that printed one, in their order."""
    vault: AuditCounts
    akeyless: dict[str, t.Any]

    @property
    def result(self) -> dict[str, t.Any]:
        """The last result."""
        return self.results[-1][1]

    def having(self, *keys: str) -> list[tuple[str, dict[str, t.Any]]]:
        """Hosts and results with all of these keys."""
        return [(host, result) for host, result in self.results if all(key in result for key in keys)]

    @property
    def recap(self) -> list[str]:
        """Ansible's own last lines, one for each host."""
        lines = [line for line in self.stdout.splitlines() if re.match(r"\S+ +: ok=", line)]
        return [" ".join(line.split()) for line in lines]


class DemoServers:
    """Vault and the emulator of Akeyless, and playbook runs against them."""

    def __init__(self, vault: Vault, emulator: Emulator, env: dict[str, str], folder: Path) -> None:
        self.vault = vault
        self.emulator = emulator
        self.folder = folder
        self.inventory = folder / "demo.kv_batches.yml"
        self.report = folder / "report"
        self._env = env

    def run(self, playbook: str, *options: str, may_fail: bool = False, **variables: t.Any) -> PlaybookRun:
        """Run a playbook of the collection, or that of the demo.

        :raises DemoError: it fails and may not; with Ansible's output.
        """
        shown = ["ansible-playbook", f"secretferry.akeyless.{playbook}", *options]
        shown += [f"-e {name}={value}" for name, value in variables.items() if isinstance(value, (str, bool, int))]
        self.vault.audit_reset()
        self.emulator.control.reset_counters()
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        given = {"secretferry_report_dir": str(self.report), **variables}
        what, where = shown[1], ["-i", str(self.inventory)]
        if playbook == "demo":
            what, where = str(_DEMO_PLAYBOOK), []
        command = [program, what, *where, *options, "-e", json.dumps(given)]
        status, said = _finish(command, self._env)
        decoder = json.JSONDecoder()
        results = [(found[1], decoder.raw_decode(said, found.end())[0]) for found in _RESULT.finditer(said)]
        if not results or (status != 0 and not may_fail):
            raise DemoError(f"`{' '.join(shown)}` ended with status {status}:\n{said[-6000:]}")
        return PlaybookRun(
            " ".join(shown),
            status,
            said,
            results,
            self.vault.audit_counts(),
            self.emulator.control.counters(),
        )

    def hosts(self) -> dict[str, dict[str, t.Any]]:
        """The batches that the inventory makes of Vault: the variables of each host by its name."""
        program = str(Path(sys.executable).with_name("ansible-inventory"))
        command = [program, "-i", str(self.inventory), "--list", "--export"]
        status, said = _finish(command, {**self._env, "ANSIBLE_VERBOSITY": "0"})
        start = said.find("{")
        if status != 0 or start < 0:
            raise DemoError(f"the inventory cannot be read:\n{said[-3000:]}")
        listed = json.JSONDecoder().raw_decode(said, start)[0]
        return t.cast("dict[str, dict[str, t.Any]]", listed["_meta"]["hostvars"])


@contextlib.contextmanager
def demo_servers() -> Iterator[DemoServers]:
    """Start both servers and make the logins. In the end, after an error too, all is stopped and removed."""
    with contextlib.ExitStack() as stack:
        scratch = tempfile.TemporaryDirectory(prefix="secretferry-demo-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(scratch))
        vault = stack.enter_context(Vault.start())
        login = {"access_id": "p-demo00migrate0", "access_key": secrets.token_urlsafe(24)}
        config = {
            "roles": {
                "migration": [_RIGHTS],
                **{team: [{"path": f"/migrated/secret/{team}/*", "capabilities": ["read"]}] for team in APPLICATIONS},
            },
            "identities": [
                {**login, "name": "migration", "roles": ["migration"]},
                *({**identity, "name": team, "roles": [team]} for team, identity in APPLICATIONS.items()),
            ],
        }
        emulator = stack.enter_context(Emulator.start(config, log_dir=folder))
        stack.callback(_ignore_signals)  # runs first: a second Ctrl-C must not interrupt the clean-up
        vault.write_policy("migration", POLICY)
        role = vault.approle("migration", ["migration"], token_ttl="10m", token_max_ttl="20m")
        env = _environment(folder) | {
            "VAULT_ADDR": vault.addr,
            "VAULT_ROLE_ID": role.role_id,
            "VAULT_SECRET_ID_FILE": _private(folder / "vault-secret-id", role.secret_id),
            "AKEYLESS_API_URL": emulator.url,
            "AKEYLESS_ACCESS_ID": login["access_id"],
            "AKEYLESS_ACCESS_KEY_FILE": _private(folder / "akeyless-access-key", login["access_key"]),
        }
        _private(folder / "operator-token", vault.root_token)
        for team, identity in APPLICATIONS.items():
            _private(folder / f"{team}-access-key", identity["access_key"])
        yield DemoServers(vault, emulator, env, folder)


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _private(path: Path, text: str) -> str:
    path.touch(0o600)
    path.write_text(text, "utf-8")
    return str(path)


def _environment(folder: Path) -> dict[str, str]:
    foreign = ("VAULT_", "BAO_", "AKEYLESS_", "ANSIBLE_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    paths = os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")
    playbook = "ansible_collections/secretferry/akeyless/playbooks/rollout.yml"
    if not any((Path(path) / playbook).is_file() for path in paths.split(os.pathsep) if path):
        raise DemoError(
            "The collection is not installed in ANSIBLE_COLLECTIONS_PATH: run `make demo`, which does that."
        )
    config = folder / "ansible.cfg"
    config.touch()
    return {
        **{name: value for name, value in os.environ.items() if not name.upper().startswith(foreign)},
        "ANSIBLE_COLLECTIONS_PATH": paths,
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible" / "tmp"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible" / "remote"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_VERBOSITY": "1",  # prints the results
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
        "ANSIBLE_LOCALHOST_WARNING": "0",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
        "HOME": str(folder),  # where a ~/.vault-token would be
        "PYTHONPATH": "",
    }


def _finish(command: list[str], env: dict[str, str]) -> tuple[int, str]:
    """The status of a command and what it printed. Interrupted, it ends the command and all that it started."""
    process = subprocess.Popen(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches this process only, which then ends the command
    )
    try:
        said, _ = process.communicate()
        return process.returncode, said
    finally:
        if process.poll() is None:
            process.terminate()  # Ansible passes it on to its workers
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
