# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every type and setting of a Gateway migration: sent under the right key, held, read by the SDK, unchanged then."""

from __future__ import annotations

import typing as t

import akeyless
import pytest
from official_sdk import SDK_NEEDS, Sdk

from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.fields import (
    COMMON,
    NOT_OFFERED,
    Field,
    SourceType,
)
from ansible_collections.secretferry.akeyless.plugins.module_utils.gateway.source_types import TYPES
from ferrydev.emulator import Emulator, Gateway
from ferrydev.gateway_runs import OWN_VALUES, GatewayRuns, Recorded, recorded

# The SDK has no types.
sdk_models: t.Any = akeyless
PEM = "-----BEGIN CERTIFICATE-----\nMIIB{}\n-----END CERTIFICATE-----"

# Setting to two values, and what each looks like in a request and in the SDK's object.
Case = tuple[t.Any, t.Any, t.Any]
NAMES: Case = (["b", "a"], "b,a", ["b", "a"])
CASES: dict[str, tuple[Case, Case]] = {
    "hashi.url": (
        ("http://one:8200", "http://one:8200", "http://one:8200"),
        ("http://two", "http://two", "http://two"),
    ),
    "hashi.namespaces": ((["team", "a/b"], ["team", "a/b"], ["team", "a/b"]), (["x"], ["x"], ["x"])),
    "hashi.import_as_json": ((False, "false", False), (True, "true", True)),
    "hashi.metadata_mode": (("minimal", "minimal", "minimal"), ("none", "none", "none")),
    "hashi.usc_name": (("/usc", "/usc", "/usc"), ("/other", "/other", "/other")),
    "hashi.delete_remote": ((True, True, True), (False, False, False)),
    "gcp.use_gw_cloud_identity": ((True, True, True), (False, False, False)),
    "k8s.client_certificate": (
        (PEM.format(1), list(PEM.format(1).encode()), list(PEM.format(1).encode())),
        (PEM.format(2), list(PEM.format(2).encode()), list(PEM.format(2).encode())),
    ),
    "k8s.ca_certificate": (
        (PEM.format(3), list(PEM.format(3).encode()), list(PEM.format(3).encode())),
        (PEM.format(4), list(PEM.format(4).encode()), list(PEM.format(4).encode())),
    ),
    "active_directory.local_users_ignore": (
        (["b", "a"], "b,a", {"a": True, "b": True}),
        (["c"], "c", {"c": True}),
    ),
    "server_inventory.users_ignore": ((["b", "a"], "b,a", {"a": True, "b": True}), (["c"], "c", {"c": True})),
    "active_directory.discovery_types": (
        (["computers", "domain-users"],) * 3,
        (["local-users"],) * 3,
    ),
    "active_directory.targets_type": (("ssh",) * 3, ("windows",) * 3),
    "active_directory.target_format": (("regular",) * 3, ("linked",) * 3),
    "active_directory.password_length": ((12, "12", 12), (20, "20", 20)),
    "certificate.port_ranges": ((["80", "8000-8090"], "80,8000-8090", "80,8000-8090"), (["443"], "443", "443")),
    "schedule_sync": (("30 2 * * *",) * 3, ("",) * 3),
    "target_location": (("/gw/one",) * 3, ("/gw/two",) * 3),
}
ALSO: dict[str, dict[str, t.Any]] = {
    "hashi.delete_remote": {"usc_name": "/usc"},
    "active_directory.password_length": {"enable_password_policy": True},
    "active_directory.auto_rotate": {"rotation_interval": 9, "rotation_hour": 3},
    "server_inventory.auto_rotate": {"rotation_interval": 9, "rotation_hour": 3},
}
# Ways to log in beside the one in OWN_VALUES: what else to give with the setting, instead of what.
LOGINS: dict[str, tuple[dict[str, t.Any], tuple[str, ...]]] = {
    "k8s.client_certificate": ({"client_key": "the-client-key"}, ("token",)),
    "k8s.client_key": ({"client_certificate": PEM.format(9)}, ("token",)),
    "k8s.username": ({"password": "the-k8s-password"}, ("token",)),
    "k8s.password": ({"username": "me"}, ("token",)),
    "hashi.target_name": ({}, ("url", "token")),
    "gcp.use_gw_cloud_identity": ({}, ("key",)),
    "gcp.target_name": ({}, ("key",)),
    "aws.target_name": ({}, ("key", "key_id")),
    "aws.use_gw_cloud_identity": ({}, ("key", "key_id")),
    "azure_kv.target_name": ({}, ("client_id", "secret", "tenant_id")),
    "azure_kv.use_gw_cloud_identity": ({}, ("client_id", "secret", "tenant_id")),
    "k8s.target_name": ({}, ("url", "token")),
    "conjur.target_name": ({}, ("url", "account", "username", "api_key")),
}


def case_of(path: str, field: Field) -> tuple[Case, Case]:
    """The values of a setting: its own, or those of its kind."""
    if path in CASES:
        return CASES[path]
    return {
        "flag_text": ((True, "true", True), (False, "false", False)),
        "flag": ((True, True, True), (False, False, False)),
        "number": ((7, 7, 7), (9, 9, 9)),
        "number_text": ((2222, "2222", "2222"), (3333, "3333", "3333")),
        "names": (NAMES[:1] * 3, (["c"],) * 3),
        "names_text": (NAMES, (["c"], "c", ["c"])),
        "days": (([30, 7], ["30", "7"], [30, 7]), ([1], ["1"], [1])),
        "target": (("/targets/ad",) * 3, ("/targets/ssh",) * 3),
    }.get(field.kind, (("first-value",) * 3, ("second-value",) * 3))


COMPARED = [
    (s, f) for s in TYPES for f in s.fields if f.comparable and f.kind != "target" and s.option != "one_password"
]
UNSEEN = [
    (s, f) for s in TYPES for f in s.fields if (not f.comparable or f.kind == "target") and s.option != "one_password"
]


def named(one: tuple[SourceType, Field]) -> str:
    return f"{one[0].option}.{one[1].option}"


def options_of(source: SourceType, field: Field, value: t.Any) -> dict[str, t.Any]:
    """The suboptions of a type with this one set to ``value``, and what it needs beside."""
    path = named((source, field))
    beside, without = LOGINS.get(path, ({}, ()))
    own = {key: given for key, given in OWN_VALUES[source.option].items() if key not in without}
    return {**own, **ALSO.get(path, {}), **beside, field.option: value}


def in_the_sdk(sdk: Sdk, source: SourceType, place: str) -> t.Any:
    """What the official SDK reads at a place of the one migration that is there."""
    (value,) = getattr(sdk.gateway_list_migration().body, source.group)
    for part in place.split("."):
        value = getattr(value, part)
    if isinstance(value, list) and value and hasattr(value[0], "seconds_before"):
        return [event.seconds_before // 86400 for event in value]
    if isinstance(value, list) and value and hasattr(value[0], "host"):
        return [target.host for target in value]
    return value


@pytest.fixture
def runs(gateway: Gateway, gateway_emulator: Emulator) -> GatewayRuns:
    return GatewayRuns(gateway_emulator, gateway.url)


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    return recorded(monkeypatch)


@pytest.mark.parametrize("model", ["GatewayCreateMigration", "GatewayUpdateMigration"])
def test_the_table_has_every_key_of_the_models_and_no_other(model: str) -> None:
    ours = {field.key for source in TYPES if source.option != "one_password" for field in source.fields}
    ours |= {field.key for field in COMMON}
    keys = set(getattr(sdk_models, model).attribute_map.values())
    assert ours == keys - set(NOT_OFFERED)


def test_1password_has_the_keys_of_the_model_that_took_its_place() -> None:
    (source,) = (one for one in TYPES if one.option == "one_password")
    keys = set(sdk_models.GatewayMigratePersonalItems.attribute_map.values())
    assert {field.key for field in source.fields} == {key for key in keys if key.startswith("1password-")}


@pytest.mark.parametrize("source", TYPES, ids=lambda one: one.option)
def test_every_place_is_one_of_the_models_and_every_member_has_a_setting(source: SourceType) -> None:
    entry = sdk_models.MigrationsConfigPart.openapi_types[source.group].removeprefix("list[").removesuffix("]")
    payload = getattr(sdk_models, getattr(sdk_models, entry).openapi_types["payload"])
    members = set(payload.attribute_map.values())
    ours = {field.place.split(".")[1] for field in source.fields if field.place}
    cannot_be_set = {
        "certificate": {"folder", "max_dial_timeout", "max_scan_duration", "max_workers"},
        "server_inventory": {"server_targets_path_template"},
    }
    assert members - ours == cannot_be_set.get(source.option, set())
    assert ours <= members


@pytest.mark.parametrize("one", COMPARED, ids=named)
def test_a_setting_is_sent_held_and_unchanged_then(
    runs: GatewayRuns, gw: Sdk, record: Recorded, one: tuple[SourceType, Field]
) -> None:
    source, field = one
    for number, (value, wire, held) in enumerate(case_of(named(one), field)):
        given = {source.option: options_of(source, field, value)}
        predicted = runs.declare(check=True, **given)
        assert predicted.changed
        made = runs.declare(**given)
        assert made.error is None, made.error
        assert made.changed
        shown = made.values["migration"]
        assert {**predicted.values["migration"][source.option]}.items() <= shown[source.option].items()
        command = "gateway-update-migration" if number else "gateway-create-migration"
        (body,) = record.of(command)
        assert body[field.key] == wire
        told = in_the_sdk(gw, source, field.place)
        assert (sorted(told) if isinstance(told, list) else told) == (sorted(held) if isinstance(held, list) else held)
        record.bodies.clear()
        again = runs.declare(**given)
        assert (again.changed, again.diff) == (False, [])
        assert not record.of("gateway-update-migration")
        record.bodies.clear()


@pytest.mark.parametrize("field", COMMON, ids=lambda one: one.option)
def test_a_setting_of_every_type(runs: GatewayRuns, gw: Sdk, record: Recorded, field: Field) -> None:
    for number, (value, wire, held) in enumerate(case_of(field.option, field)):
        given = {"hashi": OWN_VALUES["hashi"], field.option: value}
        assert runs.declare(**given).error is None
        (body,) = record.of("gateway-update-migration" if number else "gateway-create-migration")
        assert body[field.key] == wire
        assert in_the_sdk(gw, TYPES[0], field.place) == held
        assert not runs.declare(**given).changed
        record.bodies.clear()


@pytest.mark.parametrize("one", UNSEEN, ids=named)
def test_what_cannot_be_compared_is_sent_on_create_and_when_asked(
    runs: GatewayRuns, record: Recorded, one: tuple[SourceType, Field]
) -> None:
    source, field = one
    value = (
        "/targets/ad"
        if field.kind == "target" or field.option == "target_name"
        else ("e30=" if field.kind == "base64" else "the-first-credential")
    )
    given = {source.option: options_of(source, field, True if field.kind == "flag" else value)}
    made = runs.declare(**given)
    assert made.error is None, made.error
    assert field.key in record.of("gateway-create-migration")[0]
    assert not runs.declare(**given).changed
    if field.kind == "target":
        return
    always = runs.declare(**given, update_credentials="always")
    assert always.changed
    assert field.key in record.of("gateway-update-migration")[0]


def test_another_target_is_a_change_where_the_caller_may_read_targets(runs: GatewayRuns) -> None:
    own = OWN_VALUES["active_directory"]
    assert runs.declare(active_directory=own).error is None
    moved = {**own, "target_name": "/targets/ssh"}
    made = runs.declare(active_directory=moved)
    assert made.values["changes"] == ["active_directory.target_name"]
    assert not runs.declare(active_directory=moved).changed
    unknown = runs.declare(check=True, active_directory={**own, "target_name": "/targets/none"})
    assert not unknown.changed
    assert unknown.values["not_compared"] == ["active_directory.target_name"]


@pytest.mark.parametrize("source", [one for one in TYPES if one.option != "one_password"], ids=lambda one: one.option)
def test_what_is_left_out_is_not_in_the_request(runs: GatewayRuns, record: Recorded, source: SourceType) -> None:
    own = OWN_VALUES[source.option]
    assert runs.declare(**{source.option: own}).error is None
    (body,) = record.of("gateway-create-migration")
    assert set(body) == {"name", "type", "target-location", *(source.field(option).key for option in own)}
    assert runs.declare(**{source.option: {}}, schedule_sync="0 3 * * *").error is None
    (body,) = record.of("gateway-update-migration")
    assert set(body) == {"id", "target-location", "schedule-sync"}


@pytest.mark.parametrize("source", [one for one in TYPES if one.option != "one_password"], ids=lambda one: one.option)
def test_the_sdk_could_have_sent_every_body(runs: GatewayRuns, record: Recorded, source: SourceType) -> None:
    runs.declare(**{source.option: OWN_VALUES[source.option]}, protection_key="", schedule_sync="")
    runs.declare(new_name="n", update_credentials="always", **{source.option: OWN_VALUES[source.option]})
    runs.run("gateway_migration_sync", name="n", state="started")
    runs.run("gateway_migration_info", name="n")
    runs.run("gateway_migration_sync", name="n", state="stopped")
    runs.run("gateway_migration", name="n", state="absent")
    models = {
        "gateway-create-migration": "GatewayCreateMigration",
        "gateway-update-migration": "GatewayUpdateMigration",
        "gateway-delete-migration": "GatewayDeleteMigration",
        "gateway-sync-migration": "GatewaySyncMigration",
        "gateway-migration-status": "GatewayStatusMigration",
        "gateway-list-migration": "GatewayListMigration",
        "list-gateways": "ListGateways",
    }
    needs = {model.replace("_", "-"): value for model, value in SDK_NEEDS.items()}
    for command, model_name in models.items():
        model = getattr(sdk_models, model_name)
        attribute_of = {key: attribute for attribute, key in model.attribute_map.items()}
        assert record.of(command)
        for body in record.of(command):
            # What the model requires of every type, though it concerns two of them, is left out on purpose.
            required = {key: value for key, value in needs.items() if key in attribute_of and key not in body}
            made = model(**{attribute_of[key]: value for key, value in {**required, **body}.items()})
            told = sdk_models.ApiClient().sanitize_for_serialization(made)
            assert {key: told[key] for key in body} == body
            kinds = {"str": str, "bool": bool, "int": int, "list[str]": list, "list[int]": list}
            types = {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}
            assert not {key: types[key] for key, value in body.items() if type(value) is not kinds[types[key]]}


def test_1password_works_on_the_gateways_that_have_it(gateway: Gateway, runs: GatewayRuns, record: Recorded) -> None:
    refused = pytest.raises(Exception, match="unknown key")
    with refused:
        runs.declare(one_password=OWN_VALUES["one_password"])
    gateway.settings(takes_1password=True, returns_id=False)
    given = {**OWN_VALUES["one_password"], "vaults": ["private"]}
    made = runs.declare(one_password=given)
    assert made.error is None, made.error
    assert made.values["migration"]["id"]
    assert not runs.declare(one_password=given).changed
    assert record.of("gateway-create-migration")[-1]["1password-vaults"] == ["private"]
