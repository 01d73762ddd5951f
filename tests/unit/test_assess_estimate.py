# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The estimate and what of it is unknown; when the target is looked at; and the documented options."""

from __future__ import annotations

import asyncio
import typing as t

import pytest
import yaml

from ansible_collections.secretferry.akeyless.plugins.doc_fragments.akeyless import ModuleDocFragment as AkeylessDocs
from ansible_collections.secretferry.akeyless.plugins.doc_fragments.migration import (
    ModuleDocFragment as MigrationDocs,
)
from ansible_collections.secretferry.akeyless.plugins.doc_fragments.vault import ModuleDocFragment as VaultDocs
from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.estimate import Latency, Load, estimate
from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.module import info_spec
from ansible_collections.secretferry.akeyless.plugins.module_utils.assess.target import has_credentials
from ansible_collections.secretferry.akeyless.plugins.module_utils.plan.spec import migration_spec
from ansible_collections.secretferry.akeyless.plugins.modules import kv_info


def load(**given: t.Any) -> Load:
    return Load(
        **{
            "secrets": 1000,
            "vault_requests": 4000,
            "items": 1000,
            "item_versions": 3000,
            "metadata_items": 0,
            "roots": 1,
            "folders": 1,
            **given,
        }
    )


def test_seconds_are_requests_by_latency_by_secrets_under_way() -> None:
    made = estimate(load(), 32, vault=0.008, akeyless=0.064, size=10)
    assert made["seconds"]["vault"] == pytest.approx(4000 * 0.008 / 32, abs=0.06)
    assert made["seconds"]["akeyless"] == pytest.approx(made["requests"]["akeyless"] * 0.064 / 32, abs=0.06)
    assert made["seconds"]["total"] == pytest.approx(made["seconds"]["vault"] + made["seconds"]["akeyless"], abs=0.11)
    assert made["latency_ms"] == {"vault": 8.0, "akeyless": 64.0}


@pytest.mark.parametrize(("secrets", "concurrency", "workers"), [(1000, 32, 32), (5, 32, 5), (1000, 1, 1), (0, 8, 1)])
def test_no_more_at_once_than_there_are_secrets(secrets: int, concurrency: int, workers: int) -> None:
    assert estimate(load(secrets=secrets), concurrency, 0.01, 0.01, None)["concurrency"] == workers


def test_twice_the_concurrency_takes_half_the_time() -> None:
    slow, fast = (estimate(load(), n, 0.05, 0.05, None)["seconds"]["total"] for n in (16, 32))
    assert slow == pytest.approx(2 * fast, abs=0.2)


def test_an_unknown_latency_leaves_the_seconds_unknown() -> None:
    made = estimate(load(), 32, 0.008, None, None)
    assert made["seconds"] == {"vault": 1.0, "akeyless": None, "total": None}
    assert made["requests"]["akeyless"] > 3000


def test_unknown_items_leave_the_requests_unknown() -> None:
    made = estimate(load(items=None, item_versions=None), 32, 0.008, 0.05, None)
    assert made["requests"]["akeyless"] is None
    assert made["folder_listings"] is None
    assert made["seconds"]["akeyless"] is None


@pytest.mark.parametrize(
    ("more", "requests"), [({"item_versions": 3500}, 500), ({"metadata_items": 40}, 41), ({"at_target": 5000}, 10)]
)
def test_what_costs_requests_to_akeyless(more: dict[str, int], requests: int) -> None:
    before, after = load().akeyless_requests, load(**more).akeyless_requests
    assert before is not None
    assert after == before + requests


@pytest.mark.parametrize(("folders", "requests"), [(0, 0), (1, 0), (31, 60)])
def test_folders_cost_two_requests_each_where_each_must_be_listed(folders: int, requests: int) -> None:
    assert estimate(load(folders=folders), 1, None, None, None)["folder_listings"] == requests


def test_the_ledger_costs_a_few_in_a_hundred() -> None:
    overhead = (load().akeyless_requests or 0) - 3000
    assert 0 < overhead < 100


def test_the_estimate_says_how_it_was_computed() -> None:
    assert "mean latency" in estimate(load(), 1, None, None, None)["formula"]


def test_the_latency_of_a_request_that_fails_counts_too() -> None:
    latency = Latency()
    assert latency.mean is None

    async def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  it is the one above
        asyncio.run(latency.measure(fail()))
    assert latency.count == 1
    assert latency.mean is not None


@pytest.mark.parametrize(
    ("params", "environ", "expected"),
    [
        (None, {}, False),
        ({}, {}, False),
        ({"api_url": "https://gw"}, {}, False),
        ({"auth": None}, {}, False),
        ({"auth": {"access_id": "p-1"}}, {}, True),
        (None, {"AKEYLESS_ACCESS_ID": "p-1"}, True),
        (None, {"AKEYLESS_ACCESS_KEY_FILE": "/run/key"}, True),
        (None, {"AKEYLESS_GATEWAY_URL": "https://gw"}, False),
        (None, {"AKEYLESS_TOKEN": ""}, False),
        (None, {"VAULT_TOKEN": "t"}, False),
    ],
)
def test_when_the_target_can_be_asked(params: dict[str, t.Any] | None, environ: dict[str, str], expected: bool) -> None:
    assert has_credentials(params, environ) is expected


def documented() -> dict[str, t.Any]:
    docs = {**yaml.safe_load(MigrationDocs.PLANNED)["options"], **yaml.safe_load(kv_info.DOCUMENTATION)["options"]}
    docs["source"] = yaml.safe_load(VaultDocs.KV)["options"]["source"]
    docs["akeyless"] = yaml.safe_load(AkeylessDocs.DOCUMENTATION)["options"]["akeyless"]
    return t.cast("dict[str, t.Any]", docs)


@pytest.mark.parametrize("name", sorted(info_spec()))
def test_options_are_documented_as_they_are(name: str) -> None:
    spec, docs = info_spec()[name], documented()[name]
    for member in ("type", "choices", "default", "required", "elements"):
        assert spec.get(member) == docs.get(member)


def test_no_option_is_documented_that_is_not_there() -> None:
    assert set(documented()) == set(info_spec())


@pytest.mark.parametrize("name", sorted(set(info_spec()) & set(migration_spec())))
def test_options_mean_what_they_mean_in_kv_migration(name: str) -> None:
    here, there = info_spec()[name], migration_spec()[name]
    assert {m: here.get(m) for m in ("type", "choices", "options")} == {
        m: there.get(m) for m in ("type", "choices", "options")
    }
