# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module under Ansible's own machinery: defaults, many hosts at once, async, pipelining, no_log, TLS."""

from __future__ import annotations

import ssl
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from counted_runs import HIDDEN_OPTION, MODULE, Counted, CountedRuns, events, migrating

from ferrydev.emulator import Emulator
from ferrydev.scene import Kv
from ferrydev.tampering import Tamper
from ferrydev.vault import Vault

HOSTS = ("batch-1", "batch-2", "batch-3", "batch-4")
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


@dataclass
class Ran:
    """One playbook of several plays, and one over TLS."""

    counted: Counted
    hosts: dict[str, list[dict[str, t.Any]]]
    items: dict[str, t.Any]
    tls: Counted


def _plays(kv: Kv, variables: Path, vault: Vault, emulator: Emulator) -> list[dict[str, t.Any]]:
    source = {"paths": [f"{kv.mount}/one/"]}
    here = {"hosts": "localhost", "gather_facts": False}
    connections = {
        "source": {"url": vault.addr, "auth": {"token": "{{ token }}"}},
        "akeyless": {
            "api_url": emulator.url,
            "auth": {"access_id": emulator.access_id, "access_key": "{{ access_key }}"},
        },
    }
    hosts = [
        {"name": host, "add_host": {"name": host, "groups": "batches", **LOCAL}, "changed_when": False}
        for host in HOSTS
    ]
    batch = migrating(
        "batch", name="{{ inventory_hostname }}", source={"paths": [f"{kv.mount}/{{{{ inventory_hostname }}}}/"]}
    )
    return [
        {
            **here,
            "vars_files": [str(variables)],
            "module_defaults": {
                "group/secretferry.akeyless.migration": {**connections, "source": {**connections["source"], **source}}
            },
            "tasks": [
                {"name": "by defaults", MODULE: {"name": "defaults", "target_location": "/defaults"}},
                {
                    "name": "a task's option replaces the default",
                    MODULE: {
                        "name": "defaults",
                        "target_location": "/defaults",
                        "source": {"url": "http://127.0.0.1:1"},
                    },
                    "ignore_errors": True,
                },
            ],
        },
        {
            **here,
            "vars_files": [str(variables)],
            "environment": {
                "VAULT_ADDR": vault.addr,
                "VAULT_TOKEN_FILE": "{{ files }}/token",
                "AKEYLESS_API_URL": emulator.url,
                "AKEYLESS_ACCESS_ID": emulator.access_id,
                "AKEYLESS_ACCESS_KEY_FILE": "{{ files }}/access_key",
            },
            "tasks": [
                migrating("by environment", name="environment", source=source),
                migrating(
                    "async", name="async", target_location="/async", source=source, keywords={"async": 60, "poll": 1}
                ),
                migrating("silent", name="silent", target_location="/silent", source=source, keywords={"no_log": True}),
                migrating(
                    "pipelined",
                    name="pipe",
                    target_location="/pipe",
                    source=source,
                    keywords={"vars": {"ansible_pipelining": True}},
                ),
                *hosts,
            ],
        },
        {
            "hosts": "batches",
            "strategy": "free",
            "gather_facts": False,
            "vars_files": [str(variables)],
            "module_defaults": {"group/secretferry.akeyless.migration": connections},
            "tasks": [
                {**batch, MODULE: {**batch[MODULE], "source": {**connections["source"], **batch[MODULE]["source"]}}},
                {"name": "again", MODULE: {"name": "{{ inventory_hostname }}", "target_location": "/migrated"}},
            ],
        },
    ]


@pytest.fixture(scope="module")
def ran(vault: Vault, vault_tls: Vault, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Ran]:
    with Emulator.start({"settings": {"journal": True}}) as emulator:
        kv, secure = Kv(vault), Kv(vault_tls)
        secure.put("one/a", {"n": 1})
        for folder in ("one", *HOSTS):
            for number in range(3):
                kv.put(f"{folder}/{number}", {"n": 1}, {"n": 2})
        files = tmp_path_factory.mktemp("vars")
        variables = {"token": vault.root_token, "access_key": emulator.access_key, "files": str(files)}
        (files / "token").write_text(vault.root_token)
        (files / "access_key").write_text(emulator.access_key)
        (files / "vars.yml").write_text(yaml.safe_dump(variables))
        stage = CountedRuns(vault, emulator, connected=False)
        counted = stage.run(stage.write(_plays(kv, files / "vars.yml", vault, emulator)), "--forks=4")
        hosts: dict[str, list[dict[str, t.Any]]] = {}
        for event in events(stage.play):
            data = event["event_data"]
            if event["event"] == "runner_on_ok" and data["host"] in HOSTS:
                hosts.setdefault(data["host"], []).append(data["res"])
        tls = _over_tls(secure, vault_tls, emulator)
        yield Ran(counted, hosts, emulator.control.dump(), tls)
        stage.close()


def _over_tls(kv: Kv, vault: Vault, emulator: Emulator) -> Counted:
    """Akeyless speaks TLS through a proxy here, with the certificate of the test's Vault, which is for 127.0.0.1."""
    assert vault.ca_cert
    ca = str(vault.ca_cert)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(vault.folder / "vault-cert.pem", vault.folder / "vault-key.pem")
    with Tamper(emulator.url, tls=context) as proxy:
        stage = CountedRuns(vault, emulator, {"AKEYLESS_API_URL": proxy.url, "VAULT_CACERT": ""})
        source = {"paths": [f"{kv.mount}/"]}
        both = {"environment": {"VAULT_CACERT": ca, "AKEYLESS_CA_CERT": ca}}
        counted = stage.run(
            [
                migrating("no CA for Akeyless", source={**source, "ca_cert": ca}, ignore=True),
                migrating("no CA for Vault", source=source, akeyless={"ca_cert": ca}, ignore=True),
                migrating(
                    "by options", target_location="/tls", source={**source, "ca_cert": ca}, akeyless={"ca_cert": ca}
                ),
                migrating("by variables", target_location="/tls", source=source, keywords=both),
                migrating(
                    "unverified",
                    target_location="/tls",
                    source={**source, "validate_certs": False},
                    akeyless={"validate_certs": False},
                ),
            ]
        )
        stage.close()
        return counted


def test_the_whole_playbook_succeeds(ran: Ran) -> None:
    assert ran.counted.played.rc == 0, ran.counted.played.stdout


def test_the_action_groups_defaults_reach_the_module(ran: Ran) -> None:
    assert ran.counted["by defaults"]["summary"]["created"] == 3
    assert ran.counted["a task's option replaces the default"]["failed"]
    # As a whole: Ansible does not merge dictionaries, so the default's login is not there.
    assert "source.auth" in ran.counted["a task's option replaces the default"]["msg"]


def test_credentials_in_defaults_are_not_shown(ran: Ran) -> None:
    auth = ran.counted["by defaults"]["invocation"]["module_args"]["source"]["auth"]
    assert auth["token"] == HIDDEN_OPTION


@pytest.mark.parametrize("task", ["by environment", "async", "pipelined"])
def test_other_ways_to_run_it_do_the_same(ran: Ran, task: str) -> None:
    assert ran.counted[task]["summary"]["created"] == 3
    assert ran.counted[task]["summary"]["versions_written"] == 6


def test_no_log_hides_the_whole_result_and_the_migration_happens(ran: Ran) -> None:
    assert "summary" not in ran.counted["silent"]
    assert "censored" in ran.counted["silent"]
    assert len([name for name in ran.items if name.startswith("/silent/") and ".secretferry" not in name]) == 3


@pytest.mark.parametrize("host", HOSTS)
def test_many_hosts_migrate_at_once_each_its_own(ran: Ran, host: str) -> None:
    first, second = ran.hosts[host]
    assert first["summary"]["created"] == 3
    assert all(f"/{host}/" in line["source"] for line in first["plan"])
    assert second["changed"] is False
    assert second["summary"]["unchanged"] == 3
    assert first["ledger"] == f"/migrated/.secretferry/{host}"


def test_tls_with_a_private_ca(ran: Ran) -> None:
    assert ran.tls.played.rc == 0, ran.tls.played.stdout
    assert ran.tls["by options"]["summary"]["created"] == 1
    for task in ("by variables", "unverified"):
        assert ran.tls[task]["summary"]["unchanged"] == 1


@pytest.mark.parametrize(("side", "option"), [("Vault", "source.ca_cert"), ("Akeyless", "akeyless.ca_cert")])
def test_tls_without_the_ca_says_which_option_is_missing(ran: Ran, side: str, option: str) -> None:
    result = ran.tls[f"no CA for {side}"]
    assert result["failed"]
    assert option in result["msg"]
    assert "not trusted" in result["msg"]
