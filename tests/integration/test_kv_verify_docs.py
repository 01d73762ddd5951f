# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of ``kv_verify`` run as they stand, but for addresses and paths."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from counted_runs import Counted, CountedRuns, migrating

from ansible_collections.secretferry.akeyless.plugins.modules import kv_verify
from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.vault import Vault

NAMES = [task["name"] for task in yaml.safe_load(kv_verify.EXAMPLES)]
APPS = {"checkout": "p-checkout12345", "ledger": "p-ledger1234567"}


@pytest.fixture(scope="module")
def examples(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Counted]:
    config = {
        "settings": {"journal": True},
        "identities": [
            {"access_id": access_id, "access_key": f"the key of {name}", "roles": [name]}
            for name, access_id in APPS.items()
        ],
        "roles": {name: [{"path": f"/migrated/payments/*/{name}/*", "capabilities": ["read"]}] for name in APPS},
    }
    with Emulator.start(config) as emulator:
        kv, files = Kv(vault), tmp_path_factory.mktemp("run-secrets")
        for path in ("checkout/db", "checkout/api", "ledger/db"):
            kv.put(f"payments/{path}", {"n": 1}, {"n": 2})
        vault.write_policy("ledger", f'path "{kv.mount}/data/payments/ledger/*" {{ capabilities = ["read"] }}')
        login = vault.approle("ledger", ["ledger", "default"])
        (files / "ledger-role-id").write_text(login.role_id)
        (files / "ledger-secret-id").write_text(login.secret_id)
        for name in APPS:
            (files / f"{name}-access-key").write_text(f"the key of {name}")
        stage = CountedRuns(vault, emulator)
        source = {"paths": [f"{kv.mount}/payments/"]}
        stage.run([migrating("migrate", name="payments", target_location="/migrated/payments", source=source)])
        text = kv_verify.EXAMPLES
        for theirs, ours in (
            ("secret/payments", f"{kv.mount}/payments"),
            ("/run/secrets", str(files)),
            ("https://gateway.example.com:8200", emulator.url),
        ):
            assert theirs in text
            text = text.replace(theirs, ours)
        yield stage.run(yaml.safe_load(text))
        stage.close()


@pytest.mark.parametrize("name", NAMES)
def test_examples_run(examples: Counted, name: str) -> None:
    assert examples.played.rc == 0, examples.played.stdout
    assert not examples[name].get("failed")


def test_examples_do_what_their_names_say(examples: Counted) -> None:
    everything, sample, shown, recorded, applications = (examples[name] for name in NAMES)
    assert everything["summary"]["identical"] == 6
    assert recorded["summary"]["identical"] == 6
    assert sample["sample"]["requested"] == "5 %"
    assert shown["msg"].endswith("of 3 secrets compared")
    checkout, ledger = applications["access"]
    assert (checkout["name"], checkout["ok"], checkout["expected_reads"], checkout["expected_denials"]) == (
        "checkout",
        True,
        2,
        1,
    )
    # By the API and by the proxy.
    assert (ledger["name"], ledger["ok"], ledger["expected_reads"], ledger["expected_denials"]) == (
        "ledger",
        True,
        2,
        4,
    )
