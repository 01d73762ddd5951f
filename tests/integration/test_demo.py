# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo as ``make demo`` runs it: what it prints, what it never prints, and that it leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import typing as t
import uuid
from pathlib import Path

import pytest

from ferrydev import demo_data
from ferrydev.vault import find_or_build_vault

_DEV = Path(demo_data.__file__).resolve().parents[1]
_PROC = Path("/proc")


class Demo:
    """One start of the demo, in an environment by which everything that it starts or writes can be found."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.mark = f"FERRY_TEST_{uuid.uuid4().hex}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ferrydev.demo"],
            env={**os.environ, "PYTHONPATH": str(_DEV), "TMPDIR": str(folder), self.mark: "1", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.said = ""
        self.complained = ""

    def read_until(self, text: str) -> None:
        """Read what it prints up to the first line with ``text``."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if text in line:
                return
        raise AssertionError(f"it ended before it said {text!r}:\n{self.said}")

    def finish(self) -> int:
        said, self.complained = self.process.communicate(timeout=500)
        self.said += said
        return self.process.returncode

    def nothing_is_left(self) -> None:
        """No file, no open port, no process."""
        assert list(self.folder.iterdir()) == []
        for port in re.findall(r"http://127\.0\.0\.1:(\d+)", self.said):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", int(port))) != 0, f"port {port} is still open"
        assert self.processes() == []

    def processes(self) -> list[str]:
        """The command lines of what it started and still runs. Empty where there is no /proc to look into."""
        found = []
        for entry in _PROC.glob("[0-9]*"):
            try:
                if self.mark.encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue  # it has ended meanwhile, or belongs to another user
        return found


@pytest.fixture
def start(tmp_path: Path) -> t.Iterator[t.Callable[..., Demo]]:
    started: list[Demo] = []

    def make(**env: str) -> Demo:
        folder = tmp_path / "tmp"
        folder.mkdir()
        started.append(Demo(folder, **env))
        return started[-1]

    yield make
    for demo in started:
        if demo.process.poll() is None:
            demo.process.terminate()
        demo.process.communicate()


def leaves(value: t.Any) -> t.Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from leaves(member)


def test_the_whole_demo(start: t.Callable[..., Demo], tmp_path: Path) -> None:
    demo = start(VAULT_BIN=str(find_or_build_vault()), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert demo.finish() == 0, demo.said + demo.complained
    said = demo.said

    headings = [line for line in said.splitlines() if re.match(r"\d  [A-Z]", line)]
    assert [line[0] for line in headings] == ["1", "2", "3", "4", "5", "6", "7", "8", "9"]
    for statement in (
        "the error is secret/platform/backup/keystore.jks",
        "three waves, made of the paths by the inventory",
        "writes in check mode: 0  (counted at the servers: 0 at Vault, 0 at Akeyless)",
        "The gate before wave teams is shut",
        "writes before an approval: 0",
        "the playbook fails, with 1 secret that did not go; all others of the wave did",
        "the third wave has not started",
        "none of those that were there already",
        "281 of 281 items, and no other",
        "once more: 7 batches, changed=0 in each",
        "writes in the rerun: 0",
        "7 batches verified: every version, value, and right is as it should be",
        "values read: 1, the new one and no other",
        "the AppRole's secret id is revoked: tried, Vault rejects it",
        "the Akeyless token is revoked: tried",
        "the report's status: complete",
        "9 of 9 readable versions equal, in order, and no other",
        "All as expected",
        "Where to go from here",
    ):
        assert statement in said, said
    assert re.search(r"(\d+) of \1 versions equal, and in order", said)
    assert "✗" not in said
    assert "\033[" not in said, "colour, though this is no terminal"

    assert not re.search(r"hvs\.|root-[0-9a-f]{8}|\b[0-9a-f]{8}-[0-9a-f]{4}-", said), (
        "a token, a role id or a secret id"
    )
    for secret in demo_data.tree():
        for value in secret.values:
            for text in leaves(json.loads(value)):
                assert len(text) < 16 or text not in said, f"a value of {secret.full}"
    report = Path(re.findall(r"security officer: (\S+)", said)[0])
    assert report == tmp_path / "cache" / "secretferry" / "demo-report.html"
    assert "Cut over" in report.read_text("utf-8")
    demo.nothing_is_left()


@pytest.mark.parametrize(
    ("moment", "number"),
    [("From ", signal.SIGINT), ("--tags assess", signal.SIGTERM), ("rollout --check", signal.SIGINT)],
    ids=["while-seeding", "while-assessing", "while-planning"],
)
def test_an_interrupted_demo_cleans_up(start: t.Callable[..., Demo], moment: str, number: signal.Signals) -> None:
    demo = start()
    demo.read_until(moment)
    demo.process.send_signal(number)
    assert demo.finish() == 130, demo.said + demo.complained
    assert "Interrupted. Both servers are stopped" in demo.said
    demo.nothing_is_left()


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [("ANSIBLE_COLLECTIONS_PATH", "", "run `make demo`"), ("VAULT_BIN", "/nowhere/no-vault", "VAULT_BIN")],
)
def test_without_collection_or_vault_it_says_what_to_do(
    start: t.Callable[..., Demo], variable: str, value: str, named: str
) -> None:
    demo = start(**{variable: value})
    assert demo.finish() == 1
    assert named in demo.complained
    assert "Traceback" not in demo.complained
    demo.nothing_is_left()


def test_a_failing_playbook_makes_it_fail(start: t.Callable[..., Demo], tmp_path: Path) -> None:
    collection = tmp_path / "ansible_collections" / "secretferry" / "akeyless"
    (collection / "playbooks").mkdir(parents=True)
    (collection / "playbooks" / "rollout.yml").touch()
    (collection / "plugins" / "modules").mkdir(parents=True)
    result = json.dumps({"failed": True, "msg": "as the test wants"})
    for name in ("kv_info", "akeyless_token"):
        (collection / "plugins" / "modules" / f"{name}.py").write_text(
            f"#!/usr/bin/python\nprint({result!r})\n", "utf-8"
        )
    demo = start(ANSIBLE_COLLECTIONS_PATH=str(tmp_path))
    assert demo.finish() == 1
    assert "as the test wants" in demo.complained
    demo.nothing_is_left()
