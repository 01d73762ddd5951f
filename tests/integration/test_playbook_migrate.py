# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``playbooks/migrate.yml`` as its user runs it: variables, plan, migration, rerun, and a report even of a failure."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played, connection_env
from ferrydev.vault import Vault

MakeMount = t.Callable[..., str]
_PLAYBOOK = Path("secretferry.akeyless.migrate")
_TASK = "Carry over what is not at the target yet"


@pytest.fixture
def play(vault: Vault, emulator: Emulator) -> t.Iterator[Play]:
    made = Play(connection_env(vault, emulator))
    yield made
    made.close()


def migrate(play: Play, mount: str, *options: str, **variables: t.Any) -> tuple[Played, dict[str, t.Any]]:
    report = play.folder / "report.json"
    report.unlink(missing_ok=True)
    played = play.run(
        _PLAYBOOK,
        *options,
        secretferry_migration="team",
        secretferry_target_location="/migrated",
        secretferry_source={"paths": [f"{mount}/"]},
        secretferry_migrate_result_file=str(report),
        **variables,
    )
    assert report.exists(), played.stdout
    return played, json.loads(report.read_text("utf-8"))


def test_plan_migrate_and_again(play: Play, vault: Vault, emulator: Emulator, make_mount: MakeMount) -> None:
    mount = make_mount()
    for number in range(3):
        vault.request("POST", f"{mount}/data/app", json={"data": {"n": number}})
    options = {"versions": "2", "metadata_mode": "none"}

    planned, plan = migrate(play, mount, "--check", "--diff", secretferry_options=options)
    assert planned.rc == 0, planned.stdout
    assert f"+/migrated/{mount}/app: create, versions 2-3" in planned.stdout
    assert emulator.control.counters()["writes"] == 0

    done, report = migrate(play, mount, secretferry_options=options)
    assert done.rc == 0, done.stdout
    assert report["plan"] == plan["plan"]
    assert report["definition"]["metadata_mode"] == "none"
    item = emulator.control.dump()[f"/migrated/{mount}/app"]
    assert [json.loads(version["value"]) for version in item["versions"]] == [{"n": 1}, {"n": 2}]

    again, report = migrate(play, mount)
    assert again.rc == 0, again.stdout
    assert "changed=0 " in again.stdout
    assert report["definition"]["versions"] == "2", "an omitted option keeps its value"


def test_a_failure_has_its_report(play: Play, vault: Vault, emulator: Emulator, make_mount: MakeMount) -> None:
    mount = make_mount()
    for name, size in (("large", 20_000), ("small", 10)):
        vault.request("POST", f"{mount}/data/{name}", json={"data": {"text": "x" * size}})
    played, report = migrate(play, mount)
    assert played.rc != 0
    assert [failure["source"] for failure in report["failures"]] == [f"{mount}/large"]
    assert f"/migrated/{mount}/small" in emulator.control.dump()
    assert (play.folder / "report.json").stat().st_mode & 0o777 == 0o600
