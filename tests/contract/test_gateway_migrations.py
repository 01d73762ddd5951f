# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The SDK makes, changes, lists and deletes migrations at a Gateway of the emulator."""

from __future__ import annotations

import typing as t

import pytest
from official_sdk import GATEWAY_ROUTES, SDK_NEEDS, Sdk, raw, refused

from akeyless_emulator.gateway.kinds import TYPES
from ferrydev.emulator import Emulator, Gateway

MINIMAL: dict[str, dict[str, t.Any]] = {
    "hashi": {"hashi_url": "http://127.0.0.1:9", "hashi_token": "hvs.x"},
    "aws": {"aws_key_id": "AKIA", "aws_key": "key"},
    "gcp": {"gcp_key": "e30="},
    "k8s": {"k8s_url": "https://k8s", "k8s_token": "token"},
    "azure_kv": {"azure_kv_name": "kv", "azure_client_id": "c", "azure_secret": "s", "azure_tenant_id": "t"},
    "conjur": {"conjur_url": "https://c", "conjur_account": "a", "conjur_username": "u", "conjur_api_key": "k"},
    "active_directory": {"ad_target_name": "/targets/ad", "ad_domain_name": "example.com"},
    "server_inventory": {"si_target_name": "/targets/ssh", "si_users_path_template": "/u/{{USERNAME}}"},
    "certificate": {"hosts": "10.0.0.0/24, example.com"},
}


def create(sdk: Sdk, kind: str = "hashi", name: str = "m", **more: t.Any) -> t.Any:
    return sdk.gateway_create_migration(
        **{**SDK_NEEDS, **MINIMAL[kind], "name": name, "type": kind, "target_location": "/gw", **more}
    )


def entries(body: t.Any) -> list[t.Any]:
    return [entry for kind in TYPES.values() for entry in getattr(body, kind.list_key) or []]


@pytest.mark.parametrize("kind", MINIMAL)
def test_every_type_is_created_listed_and_deleted(gw: Sdk, kind: str) -> None:
    made = create(gw, kind)
    assert made.migration_name == "m"
    (entry,) = entries(gw.gateway_list_migration().body)
    assert (entry.general.id, entry.general.name, entry.general.prefix) == (made.migration_id, "m", "/gw")
    assert entry.general.type == kind
    assert getattr(gw.gateway_get_migration(name="m").body, TYPES[kind].list_key)[0].general.id == made.migration_id
    assert gw.gateway_delete_migration(id=made.migration_id).migration_id == made.migration_id
    assert entries(gw.gateway_list_migration().body) == []


def test_a_name_that_is_missing_is_a_good_answer_without_entries(gw: Sdk) -> None:
    assert entries(gw.gateway_get_migration(name="none").body) == []


@pytest.mark.parametrize("kind", ["", "vault", "1password"])
def test_a_wrong_type_is_refused_with_the_list_of_types(gw: Sdk, kind: str) -> None:
    text = (
        f"invalid request body: Invalid migration type {kind}, supported types:"
        " hashi/aws/gcp/k8s/azure_kv/conjur/active_directory/server_inventory/certificate"
    )
    with refused(400, text):
        gw.gateway_create_migration(**SDK_NEEDS, name="m", type=kind, target_location="/gw")


def test_the_metadata_mode_is_full_unless_said_and_stays_on_updates(gw: Sdk) -> None:
    create(gw, name="a")
    create(gw, name="b", hashi_metadata_mode="minimal")
    gw.gateway_update_migration(**SDK_NEEDS, name="b", target_location="/other")
    a, b = (gw.gateway_get_migration(name=name).body.hashi_migrations[0] for name in "ab")
    assert (a.payload.metadata_mode, b.payload.metadata_mode) == ("full", "minimal")
    assert b.general.prefix == "/other"


def test_an_update_renames_and_is_found_by_id(gw: Sdk) -> None:
    made = create(gw, hashi_ns=["team"])
    answer = gw.gateway_update_migration(
        **SDK_NEEDS, id=made.migration_id, new_name="n", target_location="/gw", schedule_sync="0 3 * * *"
    )
    assert answer.migration_name == "n"
    (entry,) = gw.gateway_get_migration(name="n").body.hashi_migrations
    assert (entry.general.id, entry.general.schedule) == (made.migration_id, "0 3 * * *")
    assert (entry.payload.url, entry.payload.namespaces) == ("http://127.0.0.1:9", ["team"])


def test_names_are_taken_over_all_types(gw: Sdk) -> None:
    create(gw)
    with refused(409, "AlreadyExists"):
        create(gw, "aws")


@pytest.mark.parametrize("call", ["update", "delete", "sync", "status"])
def test_what_is_missing_is_not_found(gw: Sdk, call: str) -> None:
    with refused(404, "NotFound"):
        if call == "update":
            gw.gateway_update_migration(**SDK_NEEDS, name="none", target_location="/gw")
        elif call == "delete":
            gw.gateway_delete_migration(id="none")
        elif call == "sync":
            gw.gateway_sync_migration(name="none", start_sync=True)
        else:
            gw.gateway_status_migration(name="none")


@pytest.mark.parametrize("key", sorted(GATEWAY_ROUTES["gateway-create-migration"]["required"]))
def test_only_the_types_own_keys_are_needed(gateway: Gateway, gw: Sdk, key: str) -> None:
    body = {"token": gw.token, "name": "m", "type": "hashi", "target-location": "/gw"}
    body |= {"hashi-url": "http://127.0.0.1:9", "hashi-token": "x"}
    body.pop(key, None)
    status, answer, _ = raw(gateway.url, "gateway-create-migration", body)
    assert status == (400 if key in ("name", "target-location") else 200), answer


@pytest.mark.parametrize("kind", MINIMAL)
def test_a_type_without_its_fields_is_refused(gw: Sdk, kind: str) -> None:
    with refused(400, f"migration type {kind} needs"):
        gw.gateway_create_migration(**{**SDK_NEEDS, "name": "m", "type": kind, "target_location": "/gw"})


def test_an_unknown_key_is_refused(gateway: Gateway, gw: Sdk) -> None:
    for route in GATEWAY_ROUTES:
        status, answer, _ = raw(gateway.url, route, {"token": gw.token, "no-such-key": "x"})
        assert (status, "unknown key 'no-such-key'" in answer["error"]) == (400, True)


def test_personal_items_need_their_account(gw: Sdk) -> None:
    with refused(400, "1password-password"):
        gw.gateway_migrate_personal_items()


@pytest.mark.parametrize("base", ["", "/api/v2"])
def test_the_gateway_serves_the_whole_api_at_both_places(gateway: Gateway, gw: Sdk, base: str) -> None:
    for url in (gateway.url, *gateway.urls):
        status, _, _ = raw(f"{url}{base}", "gateway-list-migration", {"token": gw.token})
        assert status == 200
        assert raw(f"{url}{base}", "list-items", {"token": gw.token, "path": "/"})[0] == 200


def test_only_those_who_are_allowed_use_migrations(gateway: Gateway, gateway_emulator: Emulator) -> None:
    reader = Sdk(gateway.url, gateway_emulator.login("p-reader", "reader-key"))
    with refused(401, "NotAllowedForThisGateway"):
        reader.gateway_list_migration()
    gateway.allow("p-reader", "automatic_migration")
    assert entries(reader.gateway_list_migration().body) == []
    gateway.allow("p-reader", "targets")
    with refused(401, "NotAllowedForThisGateway"):
        reader.gateway_list_migration()
