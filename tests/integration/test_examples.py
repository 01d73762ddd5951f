# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of modules that no other test runs: as they stand, but for addresses, paths and durations."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from counted_runs import Counted, CountedRuns, migrating

from ansible_collections.secretferry.akeyless.plugins.modules import (
    kv_info,
    kv_sync,
    rollout_summary,
    source_credential_info,
    source_freeze,
)
from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

WRITER = 'path "{mount}/data/payments/*" {{ capabilities = ["create", "read", "update"] }}'


def names(examples: str) -> list[str]:
    return [task["name"] for task in yaml.safe_load(examples)]


@pytest.fixture(scope="module")
def examples(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Counted]:
    """A team's secrets are assessed, migrated, changed, synced and frozen, each as the examples do it."""
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv, files = Kv(vault), tmp_path_factory.mktemp("run-secrets")
        for path in ("payments/db", "payments/api"):
            kv.put(path, {"n": 1}, {"n": 2})
        vault.write_policy("payments-writer", WRITER.format(mount=kv.mount))
        for name in ("vault-token", "operator-token"):
            (files / name).write_text(vault.root_token)
        stage = CountedRuns(vault, emulator)

        def tasks(text: str, **replaced: str) -> t.Any:
            ours = {"https://vault.example.com:8200": vault.addr, "secret/payments": f"{kv.mount}/payments"}
            for theirs, our in {**ours, "/run/secrets": str(files), **replaced}.items():
                text = text.replace(theirs, our)
            return yaml.safe_load(text)

        source = {"paths": [f"{kv.mount}/payments/"]}
        stage.run([migrating("migrate", name="payments", target_location="/migrated/payments", source=source)])
        kv.put("payments/db", {"n": 3})
        shorter = {"interval: 1m": "interval: 1s", "duration: 8h": "duration: 3s"}
        yield stage.run(
            [*tasks(kv_info.EXAMPLES), *tasks(kv_sync.EXAMPLES, **shorter), *tasks(source_freeze.EXAMPLES)], "--diff"
        )
        stage.close()
        vault.request("DELETE", "sys/policies/acl/payments-writer")


@pytest.mark.parametrize("name", [*names(kv_info.EXAMPLES), *names(kv_sync.EXAMPLES), *names(source_freeze.EXAMPLES)])
def test_an_example_runs(examples: Counted, name: str) -> None:
    assert examples.played.rc == 0, examples.played.stdout[-3000:]
    assert not examples[name]["failed"]


def test_the_examples_of_kv_info_do_what_their_names_say(examples: Counted) -> None:
    everything, _shown, team, _assert, counted = (examples[name] for name in names(kv_info.EXAMPLES))
    assert everything["totals"]["secrets"] >= 2
    assert team["totals"]["secrets"] == 2
    assert team["ready"]
    assert counted["totals"]["versions"] >= 5


def test_the_examples_of_kv_sync_do_what_their_names_say(examples: Counted) -> None:
    shown, started, scheduled, night, stopped = (examples[name] for name in names(kv_sync.EXAMPLES))
    assert shown["changed"]
    assert shown["diff"]
    assert started["changed"]
    assert not scheduled["changed"]
    assert not night["changed"]
    assert stopped["changed"]


def test_the_examples_of_source_freeze_do_what_their_names_say(examples: Counted) -> None:
    shown, frozen, restored = (examples[name] for name in names(source_freeze.EXAMPLES))
    assert shown["diff"]
    assert frozen["changed"]
    assert restored["changed"]


def test_the_examples_of_what_looks_at_other_tasks_run(vault: Vault, tmp_path: Path) -> None:
    kv = Kv(vault)
    kv.put("payments/db", {"n": 1})
    source = {"paths": [f"{kv.mount}/payments/"]}
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    dest = str(private / "vault-token")
    made = {"name": "examples", "source": source, "dest": dest, "operator_auth": {"token": vault.root_token}}
    migrate = migrating(
        "migrate",
        name="payments",
        target_location="/migrated",
        source=source,
        keywords={"register": "secretferry_migrate_result"},
    )
    audit = yaml.safe_load(source_credential_info.EXAMPLES.replace("secret/payments", f"{kv.mount}/payments"))
    summary = yaml.safe_load(rollout_summary.EXAMPLES)
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        stage = CountedRuns(vault, emulator)
        credential = {"name": "make", "secretferry.akeyless.source_credential": made}
        played = stage.run([credential, *audit, migrate, *summary], private_folder=str(private)).played
        stage.close()
    assert played.rc == 0, played.stdout[-3000:]
    assert played["Check the credential of a migration"]["checks"]
    assert any("1 secret" in line for line in played["Sum up the wave"]["lines"])
