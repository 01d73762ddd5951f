# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook ``first_run`` and its module ``canary_secrets``: what they show, and that they leave nothing."""

from __future__ import annotations

import asyncio
import itertools
import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from probes import APP, CONFIG, KINDER_SEEN, LOCATION, SEEN

from akeyless_emulator.settings import KINDER
from ansible_collections.secretferry.akeyless.plugins.module_utils.canary_secrets.module import (
    canary_secrets,
    canary_secrets_spec,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.canary_secrets.tree import secrets_of
from ansible_collections.secretferry.akeyless.plugins.module_utils.common.result import Result
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import SecretferryError
from ansible_collections.secretferry.akeyless.plugins.module_utils.vault.kv import encode_path
from ansible_collections.secretferry.akeyless.plugins.modules import canary_secrets as documented
from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played
from ferrydev.scene import Kv
from ferrydev.vault import Vault

PLAYBOOK = Path("secretferry.akeyless.first_run")
TABLE = "Show which assumptions hold"
# What docs/first-run.md asks for.
WRITER = """
path "KV/data/first-run/*" { capabilities = ["create", "update"] }
path "KV/metadata/first-run/*" { capabilities = ["create", "update", "read", "list", "delete"] }
path "KV/delete/first-run/*" { capabilities = ["create", "update"] }
path "KV/destroy/first-run/*" { capabilities = ["create", "update"] }
"""
READER = """
path "KV/data/first-run/*" { capabilities = ["read"] }
path "KV/metadata/first-run/*" { capabilities = ["read", "list"] }
"""
_numbers = itertools.count(1)


class World:
    """A KV mount, logins with the rights that the page names, and an account; both hold something of others."""

    def __init__(self, vault: Vault, emulator: Emulator) -> None:
        self.vault = vault
        self.emulator = emulator
        self.kv = Kv(vault)
        self.kv.put("others/db", {"n": 1})
        number = next(_numbers)
        tokens = []
        for name, policy in (("reader", READER), ("writer", WRITER)):
            name = vault.write_policy(f"first-run-{name}-{number}", policy.replace("KV", self.kv.mount))
            tokens.append(vault.token([name, "default"], ttl="1h"))
        self.env = {
            "VAULT_ADDR": vault.addr,
            "VAULT_TOKEN": tokens[0],
            "OPERATOR_VAULT_TOKEN": tokens[1],
            "AKEYLESS_API_URL": emulator.url,
            "AKEYLESS_ACCESS_ID": APP["access_id"],
            "AKEYLESS_ACCESS_KEY": APP["access_key"],
        }
        self.before = self.everything()

    @property
    def path(self) -> str:
        return f"{self.kv.mount}/first-run"

    def everything(self) -> tuple[t.Any, t.Any]:
        """All items of the account, and all paths of the mount."""
        return self.emulator.control.dump(stable=True), self.paths("")

    def paths(self, folder: str) -> list[str]:
        answer = self.vault.request("LIST", encode_path(f"{self.kv.mount}/metadata/{folder}"), raw=True)
        if answer.status_code == 404:
            return []
        found: list[str] = []
        for key in answer.json()["data"]["keys"]:
            found += self.paths(folder + key) if key.endswith("/") else [folder + key]
        return found

    def run(self, *options: str, env: t.Mapping[str, str] | None = None, **variables: t.Any) -> Played:
        play = Play({**self.env, **(env or {})})
        given = {"secretferry_first_run_source_path": self.path, "secretferry_target_location": LOCATION}
        played = play.run(PLAYBOOK, *options, **{**given, **variables})
        play.close()
        return played

    def canaries(self, *, check: bool = False, **options: t.Any) -> Result:
        """The module ``canary_secrets`` without Ansible around it."""
        login = {"source": {"url": self.vault.addr}, "operator_auth": {"token": self.env["OPERATOR_VAULT_TOKEN"]}}
        validated = ArgumentSpecValidator(canary_secrets_spec()).validate({"path": self.path, **login, **options})
        assert not validated.error_messages, validated.error_messages
        work = canary_secrets(validated.validated_parameters, check=check, mask=lambda _secrets: None)
        return asyncio.run(work)


def table(played: Played) -> dict[str, tuple[str, str]]:
    """The printed table: id to word and what was seen."""
    lines: list[str] = played[TABLE]["msg"]
    return {line[15:39].strip(): (line[:14].strip(), line[40:].strip()) for line in lines}


@pytest.fixture(scope="module")
def account() -> t.Iterator[Emulator]:
    with Emulator.start(CONFIG) as emulator:
        yield emulator


@pytest.fixture
def world(vault: Vault, account: Emulator) -> t.Iterator[World]:
    account.control.reset()
    yield World(vault, account)
    account.control.faults()


@pytest.mark.parametrize(("settings", "expected"), [({}, SEEN), (KINDER, KINDER_SEEN)], ids=["default", "kinder"])
def test_says_what_it_saw_and_leaves_nothing(
    world: World, settings: dict[str, t.Any], expected: dict[str, str]
) -> None:
    world.emulator.control.settings(**settings)
    played = world.run()
    assert played.rc == 0, played.stdout
    assert table(played) == {one: ("holds", text) for one, text in expected.items()}
    assert world.everything() == world.before
    assert played["Migrate"]["summary"]["created"] == 10
    assert played["Compare both sides again"]["summary"]["identical"] == 16
    assert played["Roll back the whole migration"]["summary"]["deleted"] == 10


def test_what_does_not_hold_is_in_the_table_and_the_migration_goes_on(world: World) -> None:
    world.emulator.control.settings(deleted_versions_count=False, listing="recursive")
    played = world.run()
    assert played.rc == 0, played.stdout
    assert table(played)["version_numbers"] == ("does not hold", "the next version is 3")
    assert world.everything() == world.before


def test_stops_where_a_needed_assumption_does_not_hold(world: World) -> None:
    world.emulator.control.clock(held=True)
    played = world.run()
    assert played.rc != 0
    assert table(played)["date_changes"] == ("does not hold", "it stays the same")
    assert "Migrate" not in played.results
    assert world.everything() == world.before


def test_with_a_gateway_it_is_tried_too(world: World) -> None:
    rules = [{"path": f"{LOCATION}/*", "capabilities": ["create", "read", "update", "delete", "list"]}]
    gateway = world.emulator.gateway(1, rules=rules, allowed={APP["access_id"]: ["automatic_migration"]})
    played = world.run(env={"OPERATOR_VAULT_TOKEN": world.vault.root_token}, secretferry_gateway_url=gateway.url)
    assert played.rc == 0, played.stdout
    checks = {
        one["id"]: one["verdict"] for one in played["Check what a Gateway needs, and try it with a canary"]["checks"]
    }
    assert checks["probe_arrival"] == checks["probe_cleanup"] == "ok"
    assert world.everything() == world.before


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "error", "status": 403, "routes": ["update-secret-val"], "nth": [16]},
        {"action": "error", "status": 400, "routes": ["create-secret"], "nth": [34]},
    ],
    ids=str,
)
def test_a_failure_in_between_leaves_nothing(world: World, rule: dict[str, t.Any]) -> None:
    world.emulator.control.faults(rules=[rule])
    played = world.run()
    assert played.rc != 0
    assert world.emulator.control.struck() != [0]
    assert world.everything() == world.before


def test_after_a_run_that_was_killed_another_one_removes_all(world: World) -> None:
    world.canaries(revision=2)
    played = world.run()
    assert played.rc != 0
    assert "holds canary secrets already" in played["Write ten canary secrets"]["msg"]
    assert world.everything() == world.before


def test_a_path_with_secrets_of_others_is_not_changed(world: World) -> None:
    world.kv.put("first-run/folder/db", {"n": 1})
    before = world.everything()
    played = world.run()
    assert played.rc != 0
    assert "holds what is none of this module's, such as folder/db" in played["Write ten canary secrets"]["msg"]
    assert world.everything() == before


def test_a_wrong_login_is_named_and_leaves_nothing(world: World) -> None:
    played = world.run(env={"AKEYLESS_ACCESS_KEY": "wrong-access-key"})
    assert played.rc != 0
    assert "rejects the access_key login" in played["Try what is assumed of Akeyless"]["msg"]
    assert "wrong-access-key" not in played.stdout
    assert world.everything() == world.before
    played = world.run(env={"OPERATOR_VAULT_TOKEN": "hvs.wrong"})
    assert played.rc != 0
    assert "operator" in played["Write ten canary secrets"]["msg"]
    assert world.everything() == world.before


def test_check_mode_writes_nothing(world: World) -> None:
    world.vault.audit_reset()
    world.emulator.control.reset_counters()
    played = world.run("--check")
    assert played.rc == 0, played.stdout
    assert table(played) == dict.fromkeys(SEEN, ("not seen", ""))
    assert world.emulator.control.counters()["writes"] == 0
    assert world.vault.audit_counts().writes == 0


def test_canary_secrets_are_written_changed_and_removed_once(world: World) -> None:
    for revision in (1, 2):
        wanted = sorted(canary.path for canary in secrets_of(revision))
        assert len(wanted) == 10
        for check, changed in ((True, True), (False, True), (False, False), (True, False)):
            done = world.canaries(revision=revision, check=check)
            assert (done.changed, done.values["secrets"]) == (changed, wanted)
            assert bool(done.diff) == changed
        assert world.paths("first-run/") == [f"first-run/{path}" for path in wanted]
    path = encode_path(f"{world.kv.mount}/metadata/first-run/deleted version")
    deleted = world.vault.request("GET", path)["data"]["versions"]
    assert [number for number, one in deleted.items() if one["deletion_time"]] == ["2", "3"]
    with pytest.raises(SecretferryError, match="canary secrets already"):
        world.canaries(revision=1)
    for check, changed in ((True, True), (False, True), (False, False)):
        done = world.canaries(state="absent", check=check)
        assert (done.changed, done.values["secrets"]) == (changed, [])
    assert world.everything() == world.before


def test_canary_secrets_need_an_empty_folder_of_version_2(world: World) -> None:
    first = Kv(world.vault, 1)
    for path, text in ((f"{first.mount}/x", "KV version 1"), ("/", "names no mount"), ("nowhere/x", "no mount")):
        with pytest.raises(SecretferryError, match=text):
            world.canaries(path=path, operator_auth={"token": world.vault.root_token})
    world.kv.put("first-run/theirs", {"n": 1})
    for state in ("present", "absent"):
        with pytest.raises(SecretferryError, match="none of this module's, such as theirs"):
            world.canaries(state=state)


def test_a_missing_right_of_the_operator_is_named(world: World) -> None:
    name = world.vault.write_policy("first-run-lists", READER.replace("KV", world.kv.mount))
    with pytest.raises(SecretferryError, match=f"the operator may not create and update {world.kv.mount}/metadata"):
        world.canaries(operator_auth={"token": world.vault.token([name, "default"])})


def test_the_examples_run_and_return_what_is_documented(world: World) -> None:
    tasks = yaml.safe_load(documented.EXAMPLES.replace("secret/secretferry-first-run", world.path))
    play = Play(world.env)
    played = play.run(tasks, "--diff")
    play.close()
    assert played.rc == 0, played.stdout
    written, changed, removed = (played[task["name"]] for task in tasks)
    for result in (written, changed, removed):
        assert set(yaml.safe_load(documented.RETURN)) <= set(result)
        assert result["changed"]
    assert "new" in changed["secrets"]
    assert removed["secrets"] == []
    assert 'canary":' not in json.dumps(played.results)
    assert world.everything() == world.before
