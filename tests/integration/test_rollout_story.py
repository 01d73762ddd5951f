# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout from the first credential to the last, and back: the playbooks in the order in which a team runs them.

The tests of this file are the chapters of one story, in this order, on the same servers.
"""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import httpx
import pytest
import yaml

from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

TEAMS = ("sandbox", "red", "blue", "green")
FOREIGN = "/migrated/left/by/hand"
APP_KEY = "the-red-teams-access-key"


class Story:
    """Source, target, credentials in private files, and the playbooks."""

    def __init__(self, vault: Vault, emulator: Emulator) -> None:
        self.vault = vault
        self.emulator = emulator
        self.kv = Kv(vault)
        self.canaries = [canary() for _team in TEAMS]
        for team, value in zip(TEAMS, self.canaries, strict=True):
            for name in ("db", "api"):
                self.kv.put(f"{team}/{name}", {"password": f"old-{value}"}, {"password": value})
        self.call("create-secret", name=FOREIGN, value="theirs")
        self.before = emulator.control.dump()
        self.operator = Play({**connection_env(vault, emulator), "OPERATOR_VAULT_TOKEN": vault.root_token})
        self.folder = self.operator.folder
        self.private = self.folder / "private"
        self.private.mkdir(mode=0o700)
        self.report = self.folder / "report"
        self.inventory = self.folder / "pay.kv_batches.yml"
        self.inventory.write_text(yaml.safe_dump(self._inventory()), "utf-8")
        # What the playbooks get: files with the temporary credentials, and nothing of the operator's.
        self.team = Play(
            {
                "VAULT_ADDR": vault.addr,
                "VAULT_TOKEN_FILE": str(self.private / "vault-token"),
                "AKEYLESS_API_URL": emulator.url,
                "AKEYLESS_ACCESS_TYPE": "token",
                "AKEYLESS_TOKEN_FILE": str(self.private / "akeyless-token"),
            },
            folder=self.folder,
        )

    def _inventory(self) -> dict[str, t.Any]:
        mount = self.kv.mount
        waves = [
            {"name": "pilot", "folders": [f"{mount}/sandbox"]},
            {"name": "teams", "folders": [f"{mount}/red", f"{mount}/blue"]},
            {"name": "rest", "rest": True},
        ]
        migration = {
            "name": "pay",
            "environment": "production",
            "target_location": "/migrated",
            "source": {"paths": [f"{mount}/"]},
            "waves": waves,
        }
        return {"plugin": "secretferry.akeyless.kv_batches", "batch_size": 3, "migrations": [migration]}

    def call(self, command: str, **body: t.Any) -> dict[str, t.Any]:
        answer = httpx.post(f"{self.emulator.url}/{command}", json={"token": self.emulator.token(), **body})
        assert answer.status_code == 200, answer.text
        return t.cast("dict[str, t.Any]", answer.json())

    def run(self, playbook: str, *options: str, **variables: t.Any) -> Played:
        self.emulator.control.reset_counters()
        return self.team.run(
            Path(f"secretferry.akeyless.{playbook}"),
            *options,
            inventory=self.inventory,
            secretferry_report_dir=str(self.report),
            **variables,
        )

    def access(self) -> list[dict[str, t.Any]]:
        """The application of the red team, with what it may read."""
        return [
            {
                "name": "red",
                "akeyless": {"auth": {"access_id": "p-red", "access_key": APP_KEY}},
                "may_read": [f"{self.kv.mount}/red/**"],
                "may_not_read": ["**"],
            }
        ]

    def roll_out(self, *options: str, **variables: t.Any) -> Played:
        return self.run(
            "rollout",
            *options,
            secretferry_rollout_gate="automatic",
            secretferry_verify_access=self.access(),
            **variables,
        )

    def items(self) -> set[str]:
        start = f"/migrated/{self.kv.mount}/"
        return {name.removeprefix(start) for name in self.emulator.control.dump() if name.startswith(start)}

    def written(self) -> set[str]:
        start = f"/migrated/{self.kv.mount}/"
        routes = ("create-secret", "update-secret-val", "update-item", "delete-item")
        names = [name for route, name, _outcome in self.emulator.control.journal() if route in routes]
        return {name.removeprefix(start) for name in names if name.startswith(start)}

    def figures(self) -> dict[str, tuple[int, int]]:
        """Secrets and versions of each wave, as the report has them."""
        waves = json.loads((self.report / "rollout.json").read_text("utf-8"))["waves"]
        return {wave["name"]: (wave["at_target"]["secrets"], wave["at_target"]["versions"]) for wave in waves}

    def counted(self) -> dict[str, tuple[int, int]]:
        """The same, counted at the target."""
        start, waves = (
            f"/migrated/{self.kv.mount}/",
            {"sandbox": "pilot", "red": "teams", "blue": "teams", "green": "rest"},
        )
        found = dict.fromkeys(("pilot", "teams", "rest"), (0, 0))
        for name, item in self.emulator.control.dump().items():
            if name.startswith(start):
                wave = waves[name.removeprefix(start).partition("/")[0]]
                found[wave] = found[wave][0] + 1, found[wave][1] + len(item["versions"])
        return found

    def page(self) -> str:
        return (self.report / "rollout.html").read_text("utf-8")


def of(*teams: str) -> set[str]:
    return {f"{team}/{name}" for team in teams for name in ("db", "api")}


@pytest.fixture(scope="module")
def story(vault: Vault) -> t.Iterator[Story]:
    config = {
        "settings": {"journal": True},
        "identities": [{"access_id": "p-red", "access_key": APP_KEY, "name": "red", "roles": ["red"]}],
        "roles": {"red": [{"path": "/migrated/*/red/*", "capabilities": ["read"]}]},
    }
    with Emulator.start(config) as emulator:
        made = Story(vault, emulator)
        yield made
        made.team.close()


def test_1_the_credentials_are_made(story: Story) -> None:
    played = story.operator.run(
        [
            {
                "name": "vault",
                "secretferry.akeyless.source_credential": {
                    "name": "pay",
                    "source": {"paths": [f"{story.kv.mount}/"]},
                    "dest": str(story.private / "vault-token"),
                },
            },
            {
                "name": "akeyless",
                "secretferry.akeyless.akeyless_token": {"dest": str(story.private / "akeyless-token")},
            },
        ]
    )
    assert played.rc == 0, played.stdout
    story.canaries += [(story.private / name).read_text("utf-8").strip() for name in ("vault-token", "akeyless-token")]


def test_2_preflight_finds_nothing_that_would_fail(story: Story) -> None:
    played = story.run("preflight")
    assert played.rc == 0, played.stdout
    assert story.emulator.control.counters()["writes"] == 0


def test_3_the_plan_writes_nothing(story: Story) -> None:
    played = story.roll_out("--check", "--diff")
    assert played.rc == 0, played.stdout
    assert story.emulator.control.counters()["writes"] == 0
    assert story.emulator.control.dump() == story.before


def test_4_the_pilot_alone(story: Story) -> None:
    played = story.roll_out("--limit", "wave_pilot")
    assert played.rc == 0, played.stdout
    assert story.items() == of("sandbox")
    summary = json.loads((story.report / "rollout.json").read_text("utf-8"))["summary"]
    assert summary["waves"] == {"pilot": "verified", "teams": "planned", "rest": "planned"}
    assert summary["migrated"] == 2, "the only batch of the wave counts"
    assert summary["at_target"] == {"secrets": 2, "versions": 4}
    assert story.figures() == story.counted()


def test_5_a_failure_stops_the_widening(story: Story) -> None:
    story.kv.put("blue/db", {"password": "x" * 20_000})
    played = story.roll_out()
    assert played.rc != 0
    assert story.items() == of("sandbox", "red", "blue") - {"blue/db"}
    assert f"{story.kv.mount}/blue/db" in story.page()
    assert story.figures() == story.counted()


def test_6_repaired_it_goes_on_and_repeats_nothing(story: Story) -> None:
    story.kv.destroy("blue/db", 3)
    played = story.roll_out()
    assert played.rc == 0, played.stdout
    assert story.items() == of(*TEAMS)
    assert story.written() == {"blue/db", *of("green")}


def test_7_an_application_that_may_read_too_much_is_found(story: Story) -> None:
    played = story.run(
        "verify",
        "--limit",
        "wave_pilot",
        secretferry_verify_access=[
            {
                "name": "red",
                "akeyless": {"auth": {"access_id": "p-red", "access_key": APP_KEY}},
                "may_read": [f"{story.kv.mount}/sandbox/db"],
            }
        ],
    )
    assert played.rc != 0
    assert "red" in played.stdout
    assert story.run("verify", secretferry_verify_access=story.access()).rc == 0


def test_8_sync_carries_over_what_changed(story: Story) -> None:
    story.kv.put("red/db", {"password": "new"})
    played = story.run("sync")
    assert played.rc == 0, played.stdout
    assert story.written() == {"red/db"}
    assert story.figures() == story.counted()
    assert story.run("sync").rc == 0
    assert story.emulator.control.counters()["writes"] == 0


def test_9_cutover_ends_the_credentials(story: Story) -> None:
    story.kv.put("sandbox/last", {"password": "a moment before"})
    story.vault.write_policy(
        "writers", f'path "{story.kv.mount}/data/*" {{ capabilities = ["create", "read", "update"] }}'
    )
    writer = story.vault.token(["writers"])
    tokens = [(story.private / name).read_text("utf-8").strip() for name in ("vault-token", "akeyless-token")]
    operator = story.private / "operator-token"
    operator.touch(0o600)
    operator.write_text(story.vault.root_token, "utf-8")
    played = story.run(
        "cutover",
        secretferry_cutover_credential={
            "name": "pay",
            "dest": str(story.private / "vault-token"),
            "operator_auth": {"token_file": str(operator)},
        },
        secretferry_cutover_akeyless_token_file=str(story.private / "akeyless-token"),
        secretferry_cutover_freeze={"policies": ["writers"], "operator_auth": {"token_file": str(operator)}},
        secretferry_verify_extra_items="warn",  # the item that was created by hand is no mistake
    )
    assert played.rc == 0, played.stdout
    assert story.items() == {*of(*TEAMS), "sandbox/last"}
    assert story.vault.request("GET", "auth/token/lookup-self", token=tokens[0], raw=True).status_code == 403
    assert story.call("validate-token", token=tokens[1])["is_valid"] is False
    place = f"{story.kv.mount}/data/sandbox/last"
    assert story.vault.request("GET", place, token=writer, raw=True).status_code == 200
    assert story.vault.request("POST", place, token=writer, json={"data": {}}, raw=True).status_code == 403, "frozen"
    assert sorted(os.listdir(story.private)) == ["operator-token"]
    report = json.loads((story.report / "rollout.json").read_text("utf-8"))
    assert {row["outcome"] for row in report["rows"]["credentials"]} == {"revoked"}
    assert report["summary"]["status"] == "complete"
    assert {wave["state"] for wave in report["waves"]} == {"cut_over"}
    assert story.figures() == story.counted(), "the last sync was one of the whole migration"
    assert report["summary"]["migrated"] == report["summary"]["verified"] == report["summary"]["secrets"] == 9
    newest = report["rows"]["playbooks"][0]
    assert (newest["source"], newest["outcome"], newest["reason"]) == ("cutover", "ok", "+1 secret, +1 version")
    assert [application["name"] for application in report["applications"]] == ["red"]


def test_rollback_leaves_what_was_there_before(story: Story) -> None:
    back: dict[str, t.Any] = {"secretferry_rollback_whole_migration": True}
    refused = story.operator.run(Path("secretferry.akeyless.rollback"), inventory=story.inventory, **back)
    assert refused.rc != 0
    assert "secretferry_rollback_confirmed=true" in refused.stdout
    played = story.operator.run(
        Path("secretferry.akeyless.rollback"),
        inventory=story.inventory,
        secretferry_rollback_confirmed=True,
        secretferry_report_dir=str(story.report),
        **back,
    )
    assert played.rc == 0, played.stdout
    assert story.emulator.control.dump() == story.before
    assert set(story.figures().values()) == {(0, 0)}


def test_no_value_and_no_credential_is_left_anywhere(story: Story) -> None:
    secrets = [*story.canaries, APP_KEY]
    files = [file for file in story.team.left_behind() if file.parent != story.private]
    assert len(files) > 50
    assert scan(files, secrets) == []
