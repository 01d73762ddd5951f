# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rulebook ``sync_on_write`` in ansible-rulebook: from a write in a real Vault to the item in the emulator."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import typing as t
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import yaml
from inventories import write_source

from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator
from ferrydev.local_servers import LocalServer
from ferrydev.play import Play, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

_PLAYBOOKS = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"], "ansible_collections/secretferry/akeyless/playbooks")
_WITHIN = 60.0  # seconds; this machine may do other work
_SECONDS = 20.0
_BURST = 10_000


def java_home() -> str:
    """The home of a Java that ansible-rulebook can use; empty if this machine has none."""
    homes = [os.environ.get("JAVA_HOME", ""), *map(str, sorted(Path("/usr/lib/jvm").glob("*")))]
    if program := shutil.which("java"):
        homes.insert(1, str(Path(program).resolve().parents[1]))
    for home in filter(None, homes):
        with_java = (
            subprocess.run([f"{home}/bin/java", "-version"], capture_output=True, text=True, check=False)
            if Path(home, "bin/java").exists()
            else None
        )
        found = re.search(r'version "(\d+)', with_java.stderr) if with_java else None
        if found and int(found[1]) >= 17 and list(Path(home).rglob("libjvm.so")):
            return home
    return ""


JAVA_HOME = java_home()
pytestmark = pytest.mark.skipif(
    not JAVA_HOME,
    reason="ansible-rulebook needs Java 17 or newer: install one (openjdk-17-jre-headless), or set JAVA_HOME",
)


class Rulebook:
    """ansible-rulebook with the collection's rulebook, between the two servers."""

    def __init__(self, vault: Vault, emulator: Emulator, folder: Path) -> None:
        self.vault, self.emulator, self.folder = vault, emulator, folder
        self.kv, self.other = Kv(vault), Kv(vault)
        self.log = folder / "audit.log"
        self.output = folder / "output.log"
        self.play = Play(connection_env(vault, emulator), folder=folder / "play")
        self.inventory = write_source(folder, {
            "migrations": [{
                "name": "payments",
                "target_location": "/migrated",
                "source": {"paths": [f"{self.kv.mount}/"]},
                "waves": [{"name": "pilot", "folders": [f"{self.kv.mount}/a"]}, {"name": "later", "rest": True}],
            }],
            "batch_size": 20,
        }, "payments.kv_batches.yml")  # fmt: skip
        vault.request("PUT", "sys/audit/rulebook", json={"type": "file", "options": {"file_path": str(self.log)}})

    def migrate(self) -> None:
        assert (
            self.play.run(_PLAYBOOKS / "rollout.yml", inventory=self.inventory, secretferry_hosts="wave_pilot").rc == 0
        )

    def start(self, name: str = "sync_on_write", *options: str, **env: str) -> None:
        variables = self.folder / "variables.yml"
        given = {
            "secretferry_audit_file": str(self.log),
            "secretferry_watched_paths": [self.kv.mount],
            "secretferry_hosts": "wave_pilot",
        }
        variables.write_text(yaml.safe_dump(given), "utf-8")
        command = ["ansible-rulebook", "-r", f"secretferry.akeyless.{name}", "--vars", str(variables), *options]
        command += ["--max-concurrent-actions", "1", "--print-events", "-v"]
        self._process = subprocess.Popen(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            env={**self.play.environment(), "JAVA_HOME": JAVA_HOME, **env},
            cwd=self.folder,
            stdout=self.output.open("wb"),
            stderr=subprocess.STDOUT,
        )
        self.until(lambda: "Waiting for events" in self.text())

    def stop(self) -> None:
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        if self._process.poll() is None:
            self.stop()
        self.vault.request("DELETE", "sys/audit/rulebook")
        self.play.close()

    def text(self) -> str:
        return self.output.read_text("utf-8", "replace")

    def until(self, condition: t.Callable[[], bool]) -> float:
        """Wait, and say how many seconds that took."""
        began = time.monotonic()
        while not condition():
            assert self._process.poll() is None, self.text()[-5000:]
            assert time.monotonic() - began < _WITHIN, self.text()[-5000:]
            time.sleep(0.05)
        return time.monotonic() - began

    def values(self, path: str) -> list[t.Any]:
        item = self.emulator.control.dump().get(f"/migrated/{self.kv.mount}/{path}")
        return [json.loads(version["value"]) for version in item["versions"]] if item else []

    def syncs(self) -> int:
        """How many runs of the playbook have come to their end."""
        return self.text().count("PLAY RECAP")

    def events(self) -> int:
        """How many events ansible-rulebook got."""
        return self.text().count("[received event]")

    def selections(self) -> list[str]:
        return re.findall(r'"msg": "((?:\d+ batch|Nothing to do).*)"', self.text())


@pytest.fixture(scope="module")
def rulebook(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Rulebook]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        book = Rulebook(vault, emulator, tmp_path_factory.mktemp("rulebook"))
        for path in ("a/1", "a/2", "a/3", "b/4"):
            book.kv.put(path, {"v": "first"})
        book.migrate()
        book.start("sync_on_write", "-i", str(book.inventory))
        yield book
        book.close()


def test_a_write_arrives_within_seconds(rulebook: Rulebook) -> None:
    took = []
    # It takes four seconds; twice that where other tests run meanwhile. Of three writes the quickest counts.
    for attempt in range(3):
        value = {"v": canary()}
        rulebook.kv.put("a/1", value)
        took.append(rulebook.until(lambda value=value: rulebook.values("a/1")[-1:] == [value]))  # type: ignore[misc]
        rulebook.until(lambda attempt=attempt: rulebook.syncs() > attempt)  # type: ignore[misc]
        if took[-1] < _SECONDS:
            break
    assert min(took) < _SECONDS
    assert rulebook.selections()[-1] == "1 batch of payments"
    assert rulebook.values("a/2") == [{"v": "first"}]


def test_only_what_was_written_is_looked_at_and_reads_cost_nothing(rulebook: Rulebook) -> None:
    done, events = rulebook.syncs(), rulebook.events()
    position = rulebook.log.stat().st_size
    rulebook.other.put("x", {"v": "elsewhere"})
    for _ in range(20):
        rulebook.vault.request("GET", f"{rulebook.kv.mount}/metadata/a/1")
    value = {"v": canary()}
    rulebook.kv.put("a/2", value)
    rulebook.until(lambda: rulebook.syncs() > done)
    assert rulebook.values("a/2")[-1] == value
    assert reads_in(rulebook.log, position, f"{rulebook.kv.mount}/data/") == [f"{rulebook.kv.mount}/data/a/2"]
    # The one event is that of the write.
    assert (rulebook.events(), rulebook.syncs()) == (events + 1, done + 1)
    assert f"{rulebook.other.mount}/x" not in rulebook.text()


def test_what_belongs_to_no_selected_batch_is_said_and_does_nothing(rulebook: Rulebook) -> None:
    done = rulebook.syncs()
    rulebook.kv.put("b/4", {"v": canary()})
    rulebook.until(lambda: rulebook.syncs() > done)
    assert rulebook.selections()[-1] == (
        f"Nothing to do: no batch has what was written. In no batch: {rulebook.kv.mount}/b/4"
    )
    assert rulebook.values("b/4") == []


def test_a_burst_causes_no_more_than_the_debounced_syncs(rulebook: Rulebook) -> None:
    """Ten thousand lines of writes, made of one that Vault wrote, and a write of Vault after them."""
    done = rulebook.syncs()
    mount = rulebook.kv.mount.encode()
    marks = (b'"type":"response"', b'"operation":"update"', mount + b'/data/a/2"')
    lines = rulebook.log.read_bytes().splitlines(keepends=True)
    line = next(line for line in lines if all(mark in line for mark in marks))
    began = time.monotonic()
    with rulebook.log.open("ab") as log:
        log.writelines(line.replace(b"/data/a/2", b"/data/burst/%d" % n) for n in range(_BURST))
    value = {"v": canary()}
    rulebook.kv.put("a/3", value)
    rulebook.until(lambda: rulebook.values("a/3")[-1:] == [value])
    lasted = time.monotonic() - began
    written = sum(int(number) for number in re.findall(r"'writes': (\d+)", rulebook.text()))
    assert written > _BURST
    # One at the most in each interval of three seconds.
    assert rulebook.syncs() - done <= lasted / 3 + 1
    # Each event is small, whatever was written.
    assert max(map(len, rulebook.text().splitlines())) < 20_000


def test_a_lost_event_is_repaired_by_the_next_full_sync(rulebook: Rulebook) -> None:
    rulebook.stop()
    value = {"v": canary()}
    rulebook.kv.put("a/3", value)
    assert rulebook.values("a/3")[-1] != value
    played = rulebook.play.run(_PLAYBOOKS / "sync.yml", inventory=rulebook.inventory, secretferry_hosts="wave_pilot")
    assert played.rc == 0
    assert rulebook.values("a/3")[-1] == value


class _Controller(BaseHTTPRequestHandler):
    """Answers as AWX to what ansible-rulebook asks."""

    launches: t.ClassVar[list[t.Any]] = []

    def do_GET(self) -> None:
        asked = self.path.partition("?")[0]
        template = {
            "id": 7, "type": "job_template", "name": "secretferry sync", "related": {"launch": "/api/v2/launch/"},
            **{f"ask_{what}_on_launch": False for what in ("limit", "labels", "inventory", "variables")},
        }  # fmt: skip
        answers = {"/api/v2/config/": {"version": "24.6.1"}, "/api/v2/unified_job_templates/": {"results": [template]}}
        job = {"id": 1, "status": "successful", "url": "/api/v2/jobs/1/", "created": "", "artifacts": {}}
        self._answer(answers.get(asked, {"results": [job]}))

    def do_POST(self) -> None:
        self.launches.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer({"id": 1, "url": "/api/v2/jobs/1/"})

    def _answer(self, body: t.Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: t.Any) -> None: ...


def test_a_job_template_is_launched_for_what_was_written(rulebook: Rulebook) -> None:
    with LocalServer(_Controller, None) as controller:
        env = {"EDA_CONTROLLER_URL": controller.url, "EDA_CONTROLLER_TOKEN": "x"}
        rulebook.start("launch_sync_on_write", **env)
        rulebook.kv.put("a/1", {"v": canary()})
        rulebook.kv.put("b/4", {"v": canary()})
        rulebook.until(lambda: bool(_Controller.launches))
        rulebook.stop()
    given = _Controller.launches[0]["extra_vars"]
    given.pop("ansible_eda")
    assert given == {
        "secretferry_hosts": "wave_pilot",
        "secretferry_sync_delete": "false",
        "secretferry_sync_paths": f"{rulebook.kv.mount}/a/1\n{rulebook.kv.mount}/b/4",
    }


def test_nothing_leaks(rulebook: Rulebook) -> None:
    """No canary is in what ansible-rulebook printed, or in what it left behind."""
    files = [file for file in rulebook.folder.rglob("*") if file.is_file() and "play" not in file.parts]
    assert scan([rulebook.text()], [rulebook.vault.root_token, rulebook.emulator.access_key]) == []
    assert scan([file for file in files if file != rulebook.log]) == []


def reads_in(log: Path, position: int, prefix: str) -> list[str]:
    """The paths below ``prefix`` that were read after a position in the log."""
    with log.open("rb") as lines:
        lines.seek(position)
        requests = [json.loads(line)["request"] for line in lines if b'"type":"request"' in line]
    return [r["path"] for r in requests if r["operation"] == "read" and r["path"].startswith(prefix)]
