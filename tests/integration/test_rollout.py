# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``playbooks/rollout.yml``: waves in order, gates between them, a failure that stops the widening, and its repair."""

from __future__ import annotations

import hashlib
import json
import sys
import typing as t
from pathlib import Path

import pytest

from ferrydev.canaries import scan
from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

ROLLOUT = Path("secretferry.akeyless.rollout")
VERIFY = "Compare source and target again"
WAVES: dict[str, list[list[str]]] = {
    "pilot": [["sandbox/one"]],
    "teams": [["red/db"], ["blue/db"]],
    "rest": [["green/db"]],
}


class Rollout:
    """A source in three waves, its inventory, and runs of the playbook."""

    def __init__(self, vault: Vault, emulator: Emulator) -> None:
        self.kv = Kv(vault)
        self.emulator = emulator
        for batches in WAVES.values():
            for path in [path for batch in batches for path in batch]:
                self.kv.put(path, {"n": 1}, {"n": 2})
        self.play = Play(connection_env(vault, emulator))
        self.report = self.play.folder / "report"

    def inventory(self) -> dict[str, t.Any]:
        groups: dict[str, t.Any] = {"migration_pay": {"hosts": {}}}
        for number, (wave, batches) in enumerate(WAVES.items(), 1):
            hosts = groups.setdefault(f"wave_{wave}", {"hosts": {}})["hosts"]
            for index, paths in enumerate(batches, 1):
                host = f"pay-w{number:02}-b{index:02}"
                groups["migration_pay"]["hosts"][host] = None
                hosts[host] = {
                    "ansible_connection": "local",
                    "ansible_python_interpreter": sys.executable,
                    "secretferry_migration": "pay",
                    "secretferry_target_location": "/migrated",
                    "secretferry_source": {"paths": [f"{self.kv.mount}/"]},
                    "secretferry_options": {"conflict": "fail"},
                    "secretferry_scope": {
                        "paths": [f"{self.kv.mount}/{path}" for path in paths],
                        "hash_prefix": bits(f"{self.kv.mount}/{paths[0]}"),
                    },
                    "secretferry_wave": wave,
                    "secretferry_wave_number": number,
                    "secretferry_batch": host,
                    "secretferry_secret_count": len(paths),
                }
        return {"all": {"children": groups}}

    def run(self, *options: str, answers: t.Mapping[str, str] | None = None, **variables: t.Any) -> Played:
        """Run the playbook; ``variables`` are those of it, without ``secretferry_rollout_``."""
        self.emulator.control.reset_counters()
        return self.play.run(
            ROLLOUT,
            *options,
            inventory=self.inventory(),
            answers=answers,
            secretferry_report_dir=str(self.report),
            **{f"secretferry_rollout_{name}": value for name, value in variables.items()},
        )

    def items(self) -> set[str]:
        start = f"/migrated/{self.kv.mount}/"
        return {name.removeprefix(start) for name in self.emulator.control.dump() if name.startswith(start)}

    def written(self) -> list[str]:
        """The items that the last run wrote, without those of the ledger."""
        routes = ("create-secret", "update-secret-val", "update-item")
        names = [name for route, name, _outcome in self.emulator.control.journal() if route in routes]
        return [name for name in names if "/.secretferry/" not in name]


def bits(path: str) -> str:
    """Enough of a path's hash to tell it from the others."""
    return "".join(f"{byte:08b}" for byte in hashlib.sha256(path.encode()).digest()[:2])


def wave(*names: str) -> set[str]:
    return {path for name in names for batch in WAVES[name] for path in batch}


@pytest.fixture
def rollout(vault: Vault) -> t.Iterator[Rollout]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        made = Rollout(vault, emulator)
        yield made
        made.play.close()


def test_the_plan_of_all_waves_writes_nothing(rollout: Rollout) -> None:
    played = rollout.run("--check", "--diff")
    assert played.rc == 0, played.stdout
    assert rollout.emulator.control.counters()["writes"] == 0
    for path in wave("pilot", "teams", "rest"):
        assert f"+/migrated/{rollout.kv.mount}/{path}: create, versions 1-2" in played.stdout
    assert (rollout.report / "rollout.html").exists()


def test_without_an_approval_the_gate_stays_shut(rollout: Rollout) -> None:
    played = rollout.run()
    assert played.rc == 0, played.stdout
    assert rollout.items() == wave("pilot")
    assert "-e secretferry_rollout_approved=teams" in played.stdout
    assert played.hosts["pay-w01-b01"][VERIFY]["verified"] is True


def test_a_failing_item_stops_the_rollout_and_the_repair_repeats_nothing(rollout: Rollout) -> None:
    rollout.kv.put("blue/db", {"n": "x" * 20_000})
    failed = rollout.run(gate="automatic")
    assert failed.rc != 0
    assert rollout.items() == wave("pilot", "teams") - {"blue/db"}, "the other batch of the wave goes on to its end"
    problem = failed.hosts["pay-w02-b02"]["Stop the rollout where the wave failed"]["msg"]
    assert f"{rollout.kv.mount}/blue/db" in problem
    assert "wave teams is not done" in problem
    assert "pay-w03-b01" not in failed.hosts
    page = (rollout.report / "rollout.html").read_text("utf-8")
    assert f"{rollout.kv.mount}/blue/db" in page

    rollout.kv.destroy("blue/db", 3)
    repaired = rollout.run(gate="automatic")
    assert repaired.rc == 0, repaired.stdout
    assert rollout.items() == wave("pilot", "teams", "rest")
    start = f"/migrated/{rollout.kv.mount}/"
    assert {name.removeprefix(start) for name in rollout.written()} == {"blue/db", *wave("rest")}

    again = rollout.run(gate="automatic")
    assert again.rc == 0, again.stdout
    assert rollout.emulator.control.counters()["writes"] == 0
    assert all("changed=0 " in line for line in again.stdout.splitlines() if " : ok=" in line)


def test_a_budget_is_for_so_many_secrets_and_no_more(rollout: Rollout) -> None:
    rollout.kv.put("blue/db", {"n": "x" * 20_000})
    rollout.kv.put("red/db", {"n": "x" * 20_000})
    assert rollout.run(gate="automatic", failure_budget=1).rc != 0
    assert "green/db" not in rollout.items()
    played = rollout.run(gate="automatic", failure_budget=2)
    assert played.rc == 0, played.stdout
    assert "green/db" in rollout.items()


@pytest.mark.parametrize("budget", [0, 5])
def test_an_application_that_reads_wrongly_stops_the_rollout(rollout: Rollout, budget: int) -> None:
    auth = {"access_id": rollout.emulator.access_id, "access_key": rollout.emulator.access_key}
    played = rollout.play.run(
        ROLLOUT,
        inventory=rollout.inventory(),
        secretferry_rollout_gate="automatic",
        secretferry_rollout_failure_budget=budget,
        secretferry_verify_access=[{"name": "app", "akeyless": {"auth": auth}, "may_not_read": ["**"]}],
    )
    assert played.rc != 0
    assert rollout.items() == wave("pilot")
    assert "app" in played.hosts["pay-w01-b01"]["Stop the rollout where the wave failed"]["msg"]


def test_an_outage_is_never_within_the_budget(rollout: Rollout) -> None:
    rollout.emulator.stop()
    played = rollout.play.run(
        ROLLOUT,
        inventory=rollout.inventory(),
        secretferry_rollout_gate="automatic",
        secretferry_rollout_failure_budget=100,
    )
    assert played.rc != 0
    assert "pay-w02-b01" not in played.hosts


@pytest.mark.parametrize(("typed", "expected"), [("teams", ["pilot", "teams"]), ("no", ["pilot"])])
def test_the_gate_opens_when_the_name_of_the_wave_is_typed(rollout: Rollout, typed: str, expected: list[str]) -> None:
    played = rollout.run("--limit", "wave_pilot,wave_teams", gate="pause", answers={"Type teams to start it.*": typed})
    assert played.rc == 0, played.stdout
    assert rollout.items() == wave(*expected)


@pytest.mark.parametrize("approved", ["teams", "rest, teams", ["teams"], "all"])
def test_an_approval_opens_the_gate(rollout: Rollout, approved: t.Any) -> None:
    played = rollout.run("--limit", "wave_pilot,wave_teams", gate="approval", approved=approved)
    assert played.rc == 0, played.stdout
    assert rollout.items() == wave("pilot", "teams")


def test_a_later_wave_alone_wants_an_approval(rollout: Rollout) -> None:
    shut = rollout.run("--limit", "wave_teams", gate="automatic")
    assert shut.rc == 0, shut.stdout
    assert rollout.items() == set(), "this run does not know whether the pilot is done"
    assert rollout.run("--limit", "wave_teams", gate="automatic", approved="teams").rc == 0
    assert rollout.items() == wave("teams")


def test_hosts_that_are_no_batches_make_it_fail(rollout: Rollout) -> None:
    played = rollout.play.run(ROLLOUT, inventory={"all": {"hosts": {"web1": {"ansible_connection": "local"}}}})
    assert played.rc != 0
    assert "None of the hosts is a batch" in played.stdout


def test_an_unknown_gate_makes_it_fail(rollout: Rollout) -> None:
    played = rollout.run(gate="open")
    assert played.rc != 0
    assert "secretferry_rollout_gate: open is none of" in played.stdout
    assert rollout.items() == set()


def test_credentials_in_variables_come_out_nowhere(vault: Vault, tmp_path: Path) -> None:
    """Role arguments, include_role and set_fact at -vvvv are where Ansible itself would show them."""
    file = tmp_path / "credentials.json"
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        made = Rollout(vault, emulator)
        token = vault.token(["root"])
        made.play = Play({"VAULT_ADDR": vault.addr, "AKEYLESS_API_URL": emulator.url})
        auth = {"access_id": emulator.access_id, "access_key": emulator.access_key}
        secrets = {
            "secretferry_source_auth": {"method": "token", "token": token},
            "secretferry_akeyless": {"auth": auth},
            "secretferry_verify_access": [{"name": "app", "akeyless": {"auth": auth}, "may_read": ["**"]}],
        }
        file.write_text(json.dumps(secrets), "utf-8")
        played = made.play.run(
            ROLLOUT,
            "-vvvv",
            "--diff",
            f"-e @{file}",
            inventory=made.inventory(),
            secretferry_rollout_gate="automatic",
            secretferry_report_dir=str(made.play.folder / "report"),
        )
        assert played.rc == 0, played.stdout[-3000:]
        left: list[Path | str] = [played.stdout, *made.play.left_behind()]
        made.play.close()
        assert scan(left, [token, emulator.access_key]) == []
