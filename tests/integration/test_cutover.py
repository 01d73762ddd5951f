# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``playbooks/cutover.yml``: what can fail fails before writers are frozen, in check mode too, and says what to do."""

from __future__ import annotations

import sys
import typing as t
from pathlib import Path

import httpx
import pytest

from ferrydev.emulator import Emulator
from ferrydev.play import Play, Played, connection_env
from ferrydev.scene import Kv
from ferrydev.vault import Vault

END = "-e secretferry_cutover_end_freeze=true"


class Cutover:
    """A migrated source with a writer, and cutovers of it."""

    def __init__(self, vault: Vault, emulator: Emulator, folder: Path) -> None:
        self.vault, self.emulator, self.kv = vault, emulator, Kv(vault)
        for name in ("db", "api", "old"):
            self.kv.put(f"red/{name}", {"n": 1}, {"n": 2})
        self.policy = f"writers-{self.kv.mount}"
        vault.write_policy(
            self.policy, f'path "{self.kv.mount}/data/*" {{ capabilities = ["create", "read", "update"] }}'
        )
        self.writer = vault.token([self.policy])
        self.operator = self.private(folder / "operator", vault.root_token)
        self.credential = self.private(folder / "credential", vault.token([self.policy]))
        self.play = Play(connection_env(vault, emulator))
        self.run("migrate", secretferry_source={"paths": [f"{self.kv.mount}/"]})

    @staticmethod
    def private(file: Path, text: str) -> Path:
        file.touch(0o600)
        file.write_text(text, "utf-8")
        return file

    def run(self, playbook: str, *options: str, **variables: t.Any) -> Played:
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "secretferry_migration": "pay",
            "secretferry_target_location": "/migrated",
            "secretferry_source": {"paths": [f"{self.kv.mount}/"]},
        }
        self.emulator.control.reset_counters()
        return self.play.run(
            Path(f"secretferry.akeyless.{playbook}"),
            *options,
            inventory={"all": {"hosts": {"pay": host}}},
            **{"secretferry_hosts": "pay", **variables},
        )

    def cut_over(self, *options: str, **variables: t.Any) -> Played:
        given = {
            "secretferry_cutover_freeze": {
                "policies": [self.policy],
                "operator_auth": {"token_file": str(self.operator)},
            },
            "secretferry_cutover_credential": {
                "name": "pay",
                "dest": str(self.credential),
                "operator_auth": {"token_file": str(self.operator)},
            },
        }
        return self.run("cutover", *options, **{**given, **variables})

    def writable(self) -> bool:
        place = f"{self.kv.mount}/data/red/probe"
        options = {"options": {"cas": 99}, "data": {}}
        return self.vault.request("POST", place, token=self.writer, json=options, raw=True).status_code != 403

    def items(self) -> set[str]:
        start = f"/migrated/{self.kv.mount}/red/"
        return {name.removeprefix(start) for name in self.emulator.control.dump() if name.startswith(start)}


@pytest.fixture
def cutover(vault: Vault, emulator: Emulator, tmp_path: Path) -> t.Iterator[Cutover]:
    made = Cutover(vault, emulator, tmp_path)
    yield made
    made.play.close()


def test_a_secret_removed_at_the_source_is_told_before_the_freeze(cutover: Cutover) -> None:
    cutover.kv.remove("red/old")
    for options in (["--check"], []):
        played = cutover.cut_over(*options)
        assert played.rc != 0, played.stdout
        assert cutover.writable(), "nothing is frozen"
        assert cutover.credential.exists(), "no credential is revoked"
        for words in (
            f"{cutover.kv.mount}/red/old: this migration created it, and its secret was removed at the source",
            "secretferry_cutover_delete: true",
            "secretferry_verify_extra_items: warn",
        ):
            assert words in played["Fail before anything is frozen or revoked"]["msg"]

    kept = cutover.cut_over("--check", secretferry_verify_extra_items="warn")
    assert kept.rc == 0, kept.stdout
    planned = cutover.cut_over("--check", secretferry_cutover_delete=True)
    assert planned.rc == 0, planned.stdout
    assert cutover.items() == {"db", "api", "old"}
    done = cutover.cut_over(secretferry_cutover_delete=True)
    assert done.rc == 0, done.stdout
    assert cutover.items() == {"db", "api"}
    assert not cutover.writable()
    assert not cutover.credential.exists()


def test_check_mode_accepts_what_the_last_sync_would_carry_over_and_writes_nothing(cutover: Cutover) -> None:
    cutover.kv.put("red/db", {"n": 3})
    cutover.kv.put("red/new", {"n": 1})
    before = cutover.emulator.control.dump()
    played = cutover.cut_over("--check")
    assert played.rc == 0, played.stdout
    assert cutover.emulator.control.dump() == before
    assert cutover.emulator.control.counters()["writes"] == 0
    assert cutover.writable()
    assert cutover.credential.exists()


def wrong_operator(cutover: Cutover) -> None:
    cutover.operator.write_text("hvs.not-a-token", "utf-8")


def operator_without_rights(cutover: Cutover) -> None:
    paths = ("sys/policies/acl*", f"{cutover.kv.mount}/*")
    policy = "".join(f'path "{path}" {{ capabilities = ["read", "list"] }}\n' for path in paths)
    cutover.vault.write_policy("half-operator", policy)
    cutover.operator.write_text(cutover.vault.token(["half-operator"]), "utf-8")


def credential_that_is_not_there(cutover: Cutover) -> None:
    cutover.credential.unlink()


def conflict(cutover: Cutover) -> None:
    cutover.kv.put("red/db", {"n": 3})
    body = {"name": f"/migrated/{cutover.kv.mount}/red/db", "value": '{"n": 9}', "keep-prev-version": "true"}
    answer = httpx.post(f"{cutover.emulator.url}/update-secret-val", json={"token": cutover.emulator.token(), **body})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("options", [["--check"], []], ids=["check", "real"])
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (wrong_operator, "secretferry_cutover_freeze.operator_auth"),
        (operator_without_rights, "sys/policies/acl/writers-"),
        (credential_that_is_not_there, "secretferry_cutover_credential"),
        (conflict, "red/db"),
    ],
    ids=["operator", "rights", "credential", "conflict"],
)
def test_what_can_be_known_fails_before_the_freeze(
    cutover: Cutover, broken: t.Callable[[Cutover], None], words: str, options: list[str]
) -> None:
    broken(cutover)
    played = cutover.cut_over(*options)
    assert played.rc != 0, played.stdout
    assert words in played["Fail before anything is frozen or revoked"]["msg"]
    assert cutover.writable()


def test_a_failure_after_the_freeze_says_how_to_go_on_and_how_to_end_it(cutover: Cutover) -> None:
    other = f"other-{cutover.kv.mount}"
    cutover.vault.write_policy(other, f'path "{cutover.kv.mount}/data/*" {{ capabilities = ["update"] }}')
    freeze = {
        "policies": [cutover.policy],
        "operator_auth": {"token_file": str(cutover.operator)},
        "writer_auth": {"token": cutover.vault.token([cutover.policy, other])},
    }
    played = cutover.cut_over(secretferry_cutover_freeze=freeze)
    assert played.rc != 0, played.stdout
    assert not cutover.writable()
    told = played["Say how to go on, and how to end the freeze"]["msg"]
    for words in ("add it to secretferry_cutover_freeze.policies", "run the cutover again", END):
        assert words in told, told
    assert cutover.credential.exists()

    ended = cutover.cut_over(*END.split())
    assert ended.rc == 0, ended.stdout
    assert cutover.writable()
    assert cutover.credential.exists()
