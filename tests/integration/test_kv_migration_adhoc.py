# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module by itself, as ``ansible -m`` runs it, through the fixtures of pytest-ansible."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import pytest
from counted_runs import MODULE

from ferrydev.emulator import Emulator
from ferrydev.play import connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

Run = t.Callable[..., dict[str, t.Any]]
# pytest-ansible announces the end of its own host management, and Ansible that of the form in which it asks.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


@pytest.fixture
def run(ansible_adhoc: t.Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, vault: Vault, emulator: Emulator) -> Run:
    """Runs the module with these options, connected to both servers; its result."""
    for name, value in {**connection_env(vault, emulator), "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    inventory = tmp_path / "hosts"
    inventory.write_text(f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}\n")

    def module(**options: t.Any) -> dict[str, t.Any]:
        hosts = ansible_adhoc(inventory=str(inventory), host_pattern="localhost")
        answer = getattr(hosts.localhost, MODULE)(name="adhoc", target_location="/adhoc", **options)
        return dict(answer.contacted["localhost"])

    return module


@pytest.fixture
def kv(vault: Vault) -> Kv:
    made = Kv(vault)
    made.put("a", {"n": 1}, {"n": 2})
    return made


def test_it_migrates_and_then_changes_nothing(run: Run, kv: Kv, emulator: Emulator) -> None:
    first, second = run(source={"paths": [f"{kv.mount}/"]}), run()
    assert first["changed"] is True
    assert first["summary"]["versions_written"] == 2
    assert second["changed"] is False
    assert emulator.control.dump()[f"/adhoc/{kv.mount}/a"]["last_version"] == 2


def test_it_fails_with_words(run: Run, emulator: Emulator) -> None:
    result = run(source={"paths": ["nowhere/"]})
    assert result["failed"]
    assert result["msg"].startswith("source.paths: ")
    assert emulator.control.counters()["writes"] == 0


def test_options_are_checked_by_the_argument_spec(run: Run) -> None:
    result = run(metadata_mode="most")
    assert result["failed"]
    assert "metadata_mode" in result["msg"]
