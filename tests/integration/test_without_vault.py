# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After the cutover, with Vault stopped: the waves come from the ledger, and verification, rollback and report work.

The tests of the class are the steps of one story, in this order, on the same servers.
"""

from __future__ import annotations

import json
import subprocess
import typing as t
from pathlib import Path

import httpx
import pytest
from inventories import Listed, list_inventory, write_source

from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

TEAMS = ("sandbox", "red", "blue", "green")
LEDGER = {"SECRETFERRY_BATCH_FROM": "ledger"}
NO_VAULT = {"VAULT_ADDR": "", "VAULT_TOKEN": ""}
VERIFY = "Compare source and target again"
CHANGES: dict[str, tuple[str, dict[str, str], str]] = {
    "a value": ("update-secret-val", {"value": '{"n": 3}', "keep-prev-version": "false"}, "different"),
    "a version": ("update-secret-val", {"value": '{"n": 3}', "keep-prev-version": "true"}, "changed_at_target"),
    "a description": ("update-item", {"description": "mine now"}, "different_metadata"),
    "a metadata item": (
        "update-secret-val",
        {"name": "/migrated/.secretferry/pay/metadata/MOUNT/red/db", "value": "{}"},
        "different_metadata",
    ),
    "the tag": ("update-item", {"rm-tag": "secretferry:pay"}, "changed_at_target"),
    "the item": ("delete-item", {}, "missing"),
    "a copy": ("create-secret", {"name": "/migrated/copy", "value": "{}", "tags": "secretferry:pay"}, "extra"),
    "an item of others": ("create-secret", {"name": "/migrated/other", "value": "{}"}, "extra"),
}


def listed(body: dict[str, str]) -> dict[str, t.Any]:
    """The body, with lists where the API takes them."""
    return {key: [value] if key in ("tags", "rm-tag") else value for key, value in body.items()}


class Story:
    """Eight secrets in three waves, one of them with long metadata."""

    def __init__(self, vault: Vault, emulator: Emulator, folder: Path) -> None:
        self.vault = vault
        self.emulator = emulator
        self.kv = Kv(vault)
        for team in TEAMS:
            for name in ("db", "api"):
                self.kv.put(f"{team}/{name}", {"n": 1}, {"n": 2})
        self.kv.describe("red/db", custom_metadata={f"k{n}": "x" * 500 for n in range(4)})
        self.private = folder / "private"
        self.private.mkdir(mode=0o700)
        (self.private / "operator").touch(0o600)
        (self.private / "operator").write_text(vault.root_token, "utf-8")
        self.report = folder / "report"
        mount = self.kv.mount
        waves = [
            {"name": "pilot", "folders": [f"{mount}/sandbox"]},
            {"name": "teams", "folders": [f"{mount}/red", f"{mount}/blue"]},
            {"name": "rest", "rest": True},
        ]
        migration = {"name": "pay", "environment": "production", "target_location": "/migrated", "waves": waves}
        source = {"paths": [f"{mount}/"], "auth": {"method": "token", "token_file": str(self.private / "vault-token")}}
        self.inventory = write_source(
            folder, {"batch_size": 3, "migrations": [{**migration, "source": source}]}, "pay.kv_batches.yml"
        )
        self.play = Play(
            {**connection_env(vault, emulator), "VAULT_TOKEN": "", "OPERATOR_VAULT_TOKEN": vault.root_token}
        )
        self.source_auth = {"token_file": str(self.private / "vault-token")}
        self.waves: Listed | None = None

    def run(self, playbook: str, *options: str, **variables: t.Any) -> Played:
        self.emulator.control.reset_counters()
        return self.play.run(
            Path(f"secretferry.akeyless.{playbook}"),
            *options,
            inventory=self.inventory,
            secretferry_report_dir=str(self.report),
            secretferry_source_auth=self.source_auth,
            **variables,
        )

    def call(self, route: str, **body: str) -> None:
        """One request to Akeyless, as any other program makes it."""
        answer = httpx.post(f"{self.emulator.url}/{route}", json={"token": self.emulator.token(), **listed(body)})
        assert answer.status_code == 200, answer.text

    def items(self) -> set[str]:
        start = f"/migrated/{self.kv.mount}/"
        return {name.removeprefix(start) for name in self.emulator.control.dump() if name.startswith(start)}

    def states(self) -> dict[str, str]:
        report = json.loads((self.report / "rollout.json").read_text("utf-8"))
        return {wave["name"]: wave["state"] for wave in report["waves"]}


@pytest.fixture(scope="class")
def story(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Story]:
    with Vault.start() as vault, Emulator.start({"settings": {"journal": True}}) as emulator:
        made = Story(vault, emulator, tmp_path_factory.mktemp("story"))
        yield made
        made.play.close()


class TestAfterTheCutover:
    def test_1_rolled_out_and_cut_over_and_vault_is_stopped(self, story: Story) -> None:
        token = story.private / "vault-token"
        made = story.play.run(
            [
                {
                    "name": "make",
                    "secretferry.akeyless.source_credential": {
                        "name": "pay",
                        "source": {"paths": [f"{story.kv.mount}/"]},
                        "dest": str(token),
                    },
                }
            ]
        )
        assert made.rc == 0, made.stdout
        assert story.run("rollout", secretferry_rollout_approved="all").rc == 0
        again = story.run("rollout", secretferry_rollout_approved="all")
        assert again.rc == 0
        assert story.emulator.control.counters()["writes"] == 0, "the waves are in the ledger already"
        story.waves = list_inventory(story.play, story.inventory)
        assert story.waves.rc == 0, story.waves.stderr
        cutover = story.run(
            "cutover",
            secretferry_cutover_credential={
                "name": "pay",
                "dest": str(token),
                "operator_auth": {"token_file": str(story.private / "operator")},
            },
        )
        assert cutover.rc == 0, cutover.stdout
        assert not token.exists()
        story.vault.stop()
        assert list_inventory(story.play, story.inventory).rc != 0

    def test_2_the_ledger_gives_the_same_hosts(self, story: Story) -> None:
        assert story.waves
        listed = list_inventory(story.play, story.inventory, **LEDGER, **NO_VAULT)
        assert listed.rc == 0, listed.stderr
        assert listed.groups == story.waves.groups
        assert len(listed.hosts) > 3
        for name, host in listed.hosts.items():
            assert {**host, "secretferry_source": None} == {**story.waves.hosts[name], "secretferry_source": None}
            assert host["secretferry_source"]["paths"] == [f"{story.kv.mount}/"]
        story.play = Play({**story.play.environment(), **NO_VAULT, **LEDGER}, folder=story.play.folder)

    def test_3_what_the_ledger_records_is_there(self, story: Story) -> None:
        before = story.states()
        played = story.run("verify", secretferry_verify_against="ledger")
        assert played.rc == 0, played.stdout
        assert "The source was not read" in played.stdout
        results = [tasks[VERIFY] for tasks in played.hosts.values() if VERIFY in tasks]
        assert all((result["verified"], result["against"]) == (True, "ledger") for result in results)
        assert sum(result["summary"]["identical"] for result in results) == 16
        assert story.emulator.control.counters()["writes"] == 0
        assert story.states() == before, "it says nothing about the source"

    @pytest.mark.parametrize("change", CHANGES)
    def test_4_a_change_at_the_target_is_found(self, story: Story, change: str) -> None:
        route, body, found_as = CHANGES[change]
        item = f"/migrated/{story.kv.mount}/red/db"
        story.emulator.control.snapshot("before")
        story.call(
            route, **{"name": item, **{key: value.replace("MOUNT", story.kv.mount) for key, value in body.items()}}
        )
        # An item that was added is in no batch, so it is found in the migration as a whole.
        played = story.play.run(
            [
                {
                    "name": VERIFY,
                    "secretferry.akeyless.kv_verify": {
                        "name": "pay",
                        "target_location": "/migrated",
                        "against": "ledger",
                        **({} if found_as == "extra" else {"scope": {"paths": [f"{story.kv.mount}/red/db"]}}),
                    },
                }
            ]
        )
        story.emulator.control.reset("before")
        assert played.rc != 0
        assert [difference["type"] for difference in played[VERIFY]["differences"]] == [found_as]
        assert played[VERIFY]["verified"] is False

    def test_5_a_plan_and_a_rollback_of_a_wave(self, story: Story) -> None:
        planned = story.run("rollback", "--limit", "wave_teams", "--check", "--diff")
        assert planned.rc == 0, planned.stdout
        assert f"-/migrated/{story.kv.mount}/red/db" in planned.stdout
        assert story.emulator.control.counters()["writes"] == 0
        played = story.run("rollback", "--limit", "wave_teams", secretferry_rollback_confirmed=True)
        assert played.rc == 0, played.stdout
        assert story.items() == {f"{team}/{name}" for team in ("sandbox", "green") for name in ("db", "api")}
        assert story.states() == {"pilot": "cut_over", "teams": "rolled_back", "rest": "cut_over"}

    def test_6_everything_with_the_ledger(self, story: Story) -> None:
        played = story.run("rollback", secretferry_rollback_confirmed=True, secretferry_rollback_whole_migration=True)
        assert played.rc == 0, played.stdout
        assert story.emulator.control.dump() == {}
        assert set(story.states().values()) == {"rolled_back"}
        gone = list_inventory(story.play, story.inventory)
        assert gone.rc != 0
        assert "there is no migration pay" in gone.told


def test_a_migration_without_waves_is_rolled_back_by_its_ledger(
    vault: Vault, emulator: Emulator, tmp_path: Path
) -> None:
    kv = Kv(vault)
    for name in ("a", "b", "c"):
        kv.put(name, {"n": 1})
    play = Play(connection_env(vault, emulator))
    what: dict[str, t.Any] = {"secretferry_migration": "plain", "secretferry_target_location": "/migrated"}
    migrate = Path("secretferry.akeyless.migrate")
    assert play.run(migrate, **what, secretferry_source={"paths": [f"{kv.mount}/"]}).rc == 0
    file = write_source(
        tmp_path, {"from": "ledger", "migrations": [{"name": "plain", "target_location": "/migrated"}], "batch_size": 2}
    )
    offline = Play({**connection_env(None, emulator), "VAULT_ADDR": ""}, folder=play.folder)
    hosts = list_inventory(offline, file)
    assert hosts.rc == 0, hosts.stderr
    assert set(hosts.groups) == {"migration_plain"}
    assert len(hosts.hosts) > 1
    assert all(name.startswith("plain-w00-b") for name in hosts.hosts)
    assert hosts.paths("migration_plain") == [f"{kv.mount}/{name}" for name in "abc"]
    rolled = offline.run(Path("secretferry.akeyless.rollback"), inventory=file, secretferry_rollback_confirmed=True)
    assert rolled.rc == 0, rolled.stdout
    assert [name for name in emulator.control.dump() if "/.secretferry/" not in name] == []
    empty = list_inventory(offline, file)
    assert empty.rc != 0
    assert "records no secret" in empty.told
    play.close()


@pytest.mark.parametrize("inventory", ["", "-i localhost,"])
def test_variables_alone_are_enough_to_roll_back(
    inventory: str, vault: Vault, emulator: Emulator, tmp_path: Path
) -> None:
    kv = Kv(vault)
    kv.put("a", {"n": 1})
    play = Play(connection_env(vault, emulator))
    what: dict[str, t.Any] = {"secretferry_migration": "plain", "secretferry_target_location": "/migrated"}
    migrate = Path("secretferry.akeyless.migrate")
    assert play.run(migrate, **what, secretferry_source={"paths": [f"{kv.mount}/"]}).rc == 0
    (tmp_path / "what.json").write_text(json.dumps({**what, "secretferry_rollback_confirmed": True}), "utf-8")
    done = subprocess.run(
        ["ansible-playbook", *inventory.split(), "-e", f"@{tmp_path / 'what.json'}", "secretferry.akeyless.rollback"],
        env={**play.environment(), "VAULT_ADDR": "", "VAULT_TOKEN": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert emulator.control.dump() == {}
    play.close()
