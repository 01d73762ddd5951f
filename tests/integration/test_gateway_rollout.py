# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role gateway_migration and the playbook gateway_rollout: scoped credentials, and nothing left behind."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import httpx
import pytest

from ferrydev.canaries import canary, scan
from ferrydev.emulator import Emulator, Gateway
from ferrydev.gateway_runs import GatewayRuns
from ferrydev.play import Play, Played, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

PLAYBOOK = Path("secretferry.akeyless.gateway_rollout")
LONG = {f"key{n}": "x" * 100 for n in range(15)}


class Rollout:
    """A tree of two waves, a Gateway, and a folder for runs of the playbook."""

    def __init__(self, vault: Vault, emulator: Emulator, gateway: Gateway) -> None:
        self.vault, self.emulator, self.gateway = vault, emulator, gateway
        self.kv = Kv(vault)
        self.secret = canary()
        for path in ("one/a", "one/deep/b", "two/c", "never/d"):
            self.kv.put(path, {"password": self.secret})
        env = connection_env(vault, emulator)
        operator = {"OPERATOR_VAULT_TOKEN": env.pop("VAULT_TOKEN"), "AKEYLESS_GATEWAY_URL": gateway.url}
        del env["AKEYLESS_API_URL"]
        self.play = Play({**env, **operator})
        self.runs = GatewayRuns(emulator, gateway.url)
        self.before: list[str] = []  # what tests before this one have left in the Vault that they share
        self.before = self.policies()

    @property
    def waves(self) -> list[dict[str, t.Any]]:
        return [{"name": name, "paths": [f"{self.kv.mount}/{name}/"]} for name in ("one", "two")]

    def tokens(self) -> list[str]:
        """The source's tokens, as the Gateway shows them."""
        body = {"token": self.emulator.token()}
        listed = httpx.post(f"{self.gateway.url}/gateway-list-migration", json=body, trust_env=False).json()["body"]
        return [entry["payload"]["token"] for entry in listed["hashi_migrations"]]

    def run(self, *options: str, **variables: t.Any) -> Played:
        given = {
            "secretferry_migration": "team",
            "secretferry_target_location": "/migrated",
            "secretferry_gateway_migration_source": {"url": self.vault.addr, "metadata_mode": "minimal"},
            "secretferry_gateway_migration_wait_sleep": "0.1s",
            "secretferry_gateway_migration_wait_timeout": "2m",
            **variables,
        }
        return self.play.run(PLAYBOOK, *options, **given)

    def arrived(self) -> set[str]:
        cut = len(f"/migrated/{self.kv.mount}/")
        return {name[cut:] for name in self.emulator.control.dump()}

    def policies(self) -> list[str]:
        listed = self.vault.request("LIST", "sys/policies/acl")["data"]["keys"]
        return [name for name in listed if name.startswith("secretferry-") and name not in self.before]

    def folders(self) -> list[Path]:
        return list(self.play.folder.rglob("vault-token"))


def failures(played: Played) -> dict[str, str]:
    """What to show where a play should have succeeded: its failed tasks, or its end."""
    failed = {task: str(result.get("msg")) for task, result in played.results.items() if result["failed"]}
    return failed or {"end": played.stdout[-2000:]}


@pytest.fixture
def rollout(vault: Vault) -> t.Iterator[Rollout]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        made = Rollout(vault, emulator, emulator.gateway(2))
        yield made
        made.play.close()


def test_each_wave_has_its_paths_and_its_token_is_revoked_afterwards(rollout: Rollout, tmp_path: Path) -> None:
    reports = tmp_path / "report"
    first = rollout.run("-vvvv", secretferry_gateway_rollout_waves=rollout.waves[:1])
    assert first.rc == 0, failures(first)
    assert rollout.arrived() == {"one/a", "one/deep/b"}
    assert "wave one: 2 items, 2 migrated, 0 updated, 0 skipped, 0 failed" in first.stdout
    second = rollout.run(
        "-vvvv", secretferry_gateway_rollout_waves=rollout.waves[1:], secretferry_report_dir=str(reports)
    )
    assert second.rc == 0, failures(second)
    assert rollout.arrived() == {"one/a", "one/deep/b", "two/c"}
    assert rollout.policies() == []
    assert rollout.folders() == []
    listed = rollout.runs.listed()
    assert set(listed) == {"team-one", "team-two"}
    assert {one["status"] for one in listed.values()} == {"Completed"}  # not Syncing
    assert len(set(rollout.tokens())) == 2
    for token in rollout.tokens():
        assert rollout.vault.request("GET", "auth/token/lookup-self", token=token, raw=True).status_code == 403
    records = [json.loads(file.read_text()) for file in reports.rglob("*.json")]
    assert records
    assert scan([first.stdout, second.stdout, *rollout.play.left_behind(), reports]) == []


def test_a_wave_that_fails_is_the_last_and_is_cleaned_up(rollout: Rollout, tmp_path: Path) -> None:
    rollout.kv.describe("one/a", custom_metadata=LONG)
    reports = tmp_path / "report"
    failed = rollout.run(
        secretferry_gateway_rollout_waves=rollout.waves,
        secretferry_report_dir=str(reports),
        secretferry_gateway_migration_fail_on="never",
    )
    assert failed.rc != 0
    assert f"/migrated/{rollout.kv.mount}/one/a (the metadata does not fit" in failed.stdout
    assert "two/c" not in rollout.arrived()
    assert (rollout.policies(), rollout.folders()) == ([], [])
    assert {one["status"] for one in rollout.runs.listed().values()} == {"Completed"}
    assert "the metadata does not fit" in "".join(file.read_text() for file in reports.rglob("*.json"))


def test_what_the_gateway_would_fail_on_ends_it_beforehand(rollout: Rollout) -> None:
    rollout.kv.describe("one/a", custom_metadata=LONG)
    refused = rollout.run(secretferry_gateway_rollout_waves=rollout.waves)
    assert refused.rc != 0
    assert "1024" in refused.stdout
    assert rollout.runs.listed() == {}
    assert (rollout.policies(), rollout.folders(), rollout.arrived()) == ([], [], set())


def test_check_mode_writes_nothing_and_predicts(rollout: Rollout) -> None:
    checked = rollout.run("--check", "--diff", secretferry_gateway_rollout_waves=rollout.waves[:1])
    assert checked.rc == 0, failures(checked)
    assert '+  "name": "team-one"' in checked.stdout
    assert rollout.runs.listed() == {}
    assert (rollout.policies(), rollout.folders(), rollout.arrived()) == ([], [], set())


def test_everything_at_once_with_a_credential_of_its_own(rollout: Rollout) -> None:
    policy = f"all-{rollout.kv.mount}"
    rollout.vault.write_policy(policy, f'path "{rollout.kv.mount}/*" {{ capabilities = ["read", "list"] }}')
    file = rollout.play.folder / "token"
    file.write_text(rollout.vault.token([policy]))
    source = {"url": rollout.vault.addr, "token_file": str(file), "metadata_mode": "none"}
    done = rollout.run(secretferry_gateway_migration_source=source, secretferry_gateway_migration_remove=True)
    assert done.rc == 0, failures(done)
    assert rollout.arrived() == {"one/a", "one/deep/b", "two/c", "never/d"}
    assert rollout.runs.listed() == {}


def test_instances_that_disagree_stop_it_before_anything_is_written(rollout: Rollout) -> None:
    hashi = {"url": "http://127.0.0.1:9", "token": "hvs.other"}
    rollout.runs.declare(name="other", hashi=hashi)
    rollout.gateway.drift(2, "other", payload={"metadata_mode": "none"})
    stopped = rollout.run(
        secretferry_gateway_rollout_waves=rollout.waves, secretferry_gateway_migration_instances=rollout.gateway.urls
    )
    assert stopped.rc != 0
    assert "hashi.metadata_mode" in stopped.stdout
    assert set(rollout.runs.listed()) == {"other"}
    assert rollout.policies() == []
