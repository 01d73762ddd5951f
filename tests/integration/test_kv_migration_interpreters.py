# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module under other Pythons: libraries that are missing, each supported version, the oldest supported Ansible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from counted_runs import Counted, CountedRuns, migrating, recap
from interpreters import environment, python_of, without

from ferrydev.emulator import Emulator
from ferrydev.play import connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

VERSIONS = ("3.10", "3.12", "3.13")
LIBRARIES = ("hvac", "httpx")
FOREIGN = ("VAULT_", "AKEYLESS_", "ANSIBLE_")


@dataclass
class Ran:
    """One play in which every task has an interpreter of its own."""

    counted: Counted
    kv: Kv


@pytest.fixture(scope="module")
def server() -> t.Iterator[Emulator]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def kv(vault: Vault) -> Kv:
    made = Kv(vault)
    made.put("a", {"n": 1}, {"n": 2})
    made.put("f/%C3%BC", {"n": 1})
    return made


@pytest.fixture(scope="module")
def ran(vault: Vault, server: Emulator, kv: Kv, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Ran]:
    folder = tmp_path_factory.mktemp("venvs")
    pythons = {
        "no hvac": without(folder / "hvac", "hvac"),
        "no httpx": without(folder / "httpx", "httpx"),
        "no httptools": without(folder / "httptools", "httptools"),
    }
    for version in VERSIONS:
        if found := python_of(version):
            pythons[version] = environment(found, "hvac", "httpx") / "python"
    tasks = []
    for name, python in pythons.items():
        there = {"vars": {"ansible_python_interpreter": str(python)}}
        source = {"paths": [f"{kv.mount}/"]}
        location = f"/{name.replace(' ', '-')}"
        tasks.append(migrating(name, target_location=location, source=source, ignore=True, keywords=there))
    stage = CountedRuns(vault, server)
    yield Ran(stage.run(tasks), kv)
    stage.close()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_missing_library_gives_the_usual_message(ran: Ran, library: str) -> None:
    result = ran.counted[f"no {library}"]
    assert result["failed"]
    assert result["msg"].startswith(f"Failed to import the required Python library ({library})")
    assert "interpreter" in result["msg"]


def test_without_httptools_it_works_by_httpx(ran: Ran) -> None:
    result = ran.counted["no httptools"]
    assert not result["failed"], result["msg"]
    assert result["transport"] == "httpx"
    assert result["summary"]["versions_written"] == 3


@pytest.mark.parametrize("version", VERSIONS)
def test_every_supported_python_does_the_same(ran: Ran, version: str) -> None:
    if version not in ran.counted.played.results:
        pytest.skip(f"there is no Python {version} here")
    result = ran.counted[version]
    assert not result["failed"], result["msg"]
    assert result["summary"]["versions_written"] == 3


def test_the_oldest_supported_ansible_migrates_and_changes_nothing_again(
    vault: Vault, server: Emulator, kv: Kv, tmp_path: Path
) -> None:
    """In a process of its own: one Python cannot hold two versions of ansible-core."""
    python = Path(sys.executable) if sys.version_info < (3, 13) else python_of("3.12") or python_of("3.11")
    if python is None:
        pytest.skip("ansible-core 2.16 needs a Python before 3.13, and there is none here")
    programs = environment(python, "ansible-core==2.16.*", "hvac", "httpx", "httptools")
    task = migrating("migrate", target_location="/oldest", source={"paths": [f"{kv.mount}/"]})
    again = {**task, "name": "again", "register": "again"}
    here = {"ansible_connection": "local", "ansible_python_interpreter": str(programs / "python")}
    kept = {"name": "keep", "ansible.builtin.copy": {"content": "{{ again }}", "dest": str(tmp_path / "again.json")}}
    tasks = [{**task, "check_mode": True, "name": "plan"}, task, again, {**kept, "changed_when": False}]
    (tmp_path / "play.yml").write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "vars": here, "tasks": tasks}]), "utf-8"
    )
    env = {
        **{
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("VAULT_", "AKEYLESS_", "ANSIBLE_"))
        },
        **connection_env(vault, server),
        "ANSIBLE_COLLECTIONS_PATH": os.environ.get("ANSIBLE_COLLECTIONS_PATH", ""),
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    command: list[str | Path] = [
        programs / "ansible-playbook",
        "-i",
        "localhost,",
        "--diff",
        "-vvv",
        str(tmp_path / "play.yml"),
    ]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "core 2.16" in done.stdout
    assert f"+/oldest/{kv.mount}/f/ü: create, version 1 of" in done.stdout
    assert recap(done.stdout)["changed"] == 2
    result = json.loads((tmp_path / "again.json").read_text("utf-8"))
    assert (result["changed"], result["summary"]["unchanged"]) == (False, 2)
    assert server.control.dump()[f"/oldest/{kv.mount}/a"]["last_version"] == 2
