# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every field of every type of migration: set with the SDK, read back with the SDK."""

from __future__ import annotations

import typing as t

import pytest
from official_sdk import GATEWAY_ROUTES, SDK_NEEDS, Sdk, raw, refused
from test_gateway_migrations import MINIMAL, create

from akeyless_emulator.gateway.kinds import TYPES
from ferrydev.emulator import Emulator, Gateway

_CREATE = GATEWAY_ROUTES["gateway-create-migration"]["keys"]
_GENERAL = {"name", "type", "target-location", "protection-key", "schedule-sync"}
_OF_THE_CALL = {"token", "uid-token", "json", "ServiceAccountKeyDecoded"}
_FLAGS = [
    "ad-winrm-over-http",
    "ad-discover-services",
    "ad-discover-iis-app",
    "ad_discover_local_users",
    "ad-sra-enable-rdp",
    "ad-auto-rotate",
    "ai-certificate-discovery",
    "enable-password-policy",
    "skip-dry-run",
    "si-sra-enable-rdp",
    "si-auto-rotate",
]

# What is sent, and what the payload then shows; any other text is shown as it was sent.
SAMPLES: dict[str, tuple[t.Any, t.Any]] = {
    **dict.fromkeys(_FLAGS, ("true", True)),
    "hashi-json": ("false", False),
    "hashi-metadata-mode": ("minimal", "minimal"),
    "hashi-ns": (["team", "other"], ["team", "other"]),
    "delete-remote": (True, True),
    "use-gw-cloud-identity": (True, True),
    "k8s-skip-system": (True, True),
    "k8s-ca-certificate": ([1, 2, 255], [1, 2, 255]),
    "k8s-client-certificate": ([3, 4], [3, 4]),
    "k8s-client-key": ([5, 6], [5, 6]),
    "gcp-key": ("eyJhIjoxfQ==", '{"a":1}'),
    "target-name": ("/targets/vault", 7002),
    "ad-target-name": ("/targets/ad", 7000),
    "si-target-name": ("/targets/ssh", 7001),
    "ad-discovery-types": (["computers", "domain-users"], ["computers", "domain-users"]),
    "ad-targets-type": ("ssh", "ssh"),
    "ad-target-format": ("regular", "regular"),
    "ad-rotation-interval": (30, 30),
    "ad-rotation-hour": (5, 5),
    "si-rotation-interval": (30, 30),
    "si-rotation-hour": (5, 5),
    "ad-user-groups": ("a, b", ["a", "b"]),
    "si-user-groups": ("a,b", ["a", "b"]),
    "ad-local-users-ignore": ("guest,admin", {"guest": True, "admin": True}),
    "si-users-ignore": ("guest", {"guest": True}),
    "exclude-hosts": ("10.0.0.1,10.0.0.2", ["10.0.0.1", "10.0.0.2"]),
}
EVENTS = ("ad-cert-expiration-event-in", "expiration-event-in")
FIELDS = [(kind.name, field) for kind in TYPES.values() for field in kind.fields if kind.name != "1password"]


def test_no_field_of_the_sdk_is_missing() -> None:
    known = {field.key for _kind, field in FIELDS}
    assert _CREATE.keys() - _OF_THE_CALL - _GENERAL == known
    updated = GATEWAY_ROUTES["gateway-update-migration"]["keys"].keys()
    assert updated - _OF_THE_CALL - _GENERAL - {"id", "new-name"} == known


def attribute(key: str) -> str:
    return key.replace("-", "_")


def shown(gw: Sdk, kind: str, member: str) -> t.Any:
    (entry,) = getattr(gw.gateway_get_migration(name="m").body, TYPES[kind].list_key)
    return getattr(entry.payload, member)


@pytest.mark.parametrize("how", ["create", "update"])
@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=[f"{kind} {field.key}" for kind, field in FIELDS])
def test_a_field_is_shown_as_it_was_set(gw: Sdk, gateway: Gateway, kind: str, field: t.Any, how: str) -> None:
    gateway.target("/targets/vault", url="http://127.0.0.1:9", token="x")
    sent, expected = SAMPLES.get(field.key, (f"value of {field.key}", f"value of {field.key}"))
    if field.key in EVENTS:
        sent = ["7", "30"]
    if field.key == "password-length":
        sent = "20"
    more = {attribute(field.key): sent}
    if field.key == "delete-remote":
        more["usc_name"] = "usc"
    if how == "create":
        create(gw, kind, **more)
    else:
        create(gw, kind)
        needs = {key: value for key, value in SDK_NEEDS.items() if key not in MINIMAL[kind]}
        kept = {key: MINIMAL[kind][key] for key in SDK_NEEDS if key in MINIMAL[kind]}
        gw.gateway_update_migration(**{**needs, **kept, "name": "m", "target_location": "/gw", **more})
    got = shown(gw, kind, field.member)
    if field.key in EVENTS:
        assert [event.seconds_before for event in got] == [7 * 86_400, 30 * 86_400]
    elif field.key == "password-length":
        assert got.password_length == 20
    elif field.key == "hosts":
        assert [target.host for target in got] == [expected]
    else:
        assert got == expected


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("hashi", {"hashi_json": "maybe"}),
        ("hashi", {"hashi_metadata_mode": "some"}),
        ("hashi", {"delete_remote": True}),
        ("hashi", {"target_location": ""}),
        ("gcp", {"gcp_key": "not base64!"}),
        ("active_directory", {"ad_targets_type": "linux"}),
        ("active_directory", {"ad_rotation_hour": 24}),
        ("active_directory", {"password_length": "7"}),
        ("active_directory", {"ad_cert_expiration_event_in": ["soon"]}),
        ("server_inventory", {"si_rotation_interval": 366}),
    ],
)
def test_a_field_that_makes_no_sense_is_refused(gw: Sdk, kind: str, wrong: dict[str, t.Any]) -> None:
    with refused(400):
        create(gw, kind, **wrong)
    assert getattr(gw.gateway_list_migration().body, TYPES[kind].list_key) is None


def test_an_unknown_target_is_not_found(gw: Sdk) -> None:
    with refused(404, "/targets/none"):
        create(gw, "active_directory", ad_target_name="/targets/none")


@pytest.mark.parametrize(
    ("cron", "text"),
    [
        ("0 */6 * * *", "once every 24 hours"),
        ("0,30 3 * * *", "once every 24 hours"),
        ("* * * * *", "once every 24 hours"),
        ("0 3 * *", "invalid cron"),
        ("0 25 * * *", "invalid cron"),
        ("0 3 * * someday", "invalid cron"),
        ("@daily", "invalid cron"),
    ],
)
def test_schedules_are_cron_and_at_most_daily(gw: Sdk, cron: str, text: str) -> None:
    with refused(400, text):
        create(gw, schedule_sync=cron)


def test_a_schedule_is_taken_away_by_an_empty_one(gw: Sdk) -> None:
    create(gw, schedule_sync="30 4 1-15 jan-jun mon-fri")
    assert gw.gateway_get_migration(name="m").body.hashi_migrations[0].general.schedule == "30 4 1-15 jan-jun mon-fri"
    gw.gateway_update_migration(**SDK_NEEDS, name="m", target_location="/gw", schedule_sync="")
    assert gw.gateway_get_migration(name="m").body.hashi_migrations[0].general.schedule == ""


def test_what_an_update_omits_stays_or_takes_its_default(gw: Sdk, gateway: Gateway) -> None:
    def update() -> None:
        raw(gateway.url, "gateway-update-migration", {"token": gw.token, "name": "m", "target-location": "/gw"})

    create(gw, "aws", aws_region="eu-central-1")
    update()
    assert shown(gw, "aws", "region") == "eu-central-1"
    gateway.settings(update_omitted="default")
    update()
    assert shown(gw, "aws", "region") == "us-east-2"


@pytest.mark.parametrize(("setting", "expected"), [("plain", "key"), ("empty", ""), ("stars", "********")])
def test_credentials_are_shown_as_the_setting_says(gw: Sdk, gateway: Gateway, setting: str, expected: str) -> None:
    gateway.settings(secrets_shown=setting)
    create(gw, "aws")
    assert (shown(gw, "aws", "secret"), shown(gw, "aws", "key")) == (expected, "AKIA")


def test_certificates_may_be_base64_both_ways(gw: Sdk, gateway: Gateway) -> None:
    gateway.settings(bytes_shown="base64")
    body = {"token": gw.token, "name": "m", "type": "k8s", "target-location": "/gw", "k8s-url": "u", "k8s-token": "t"}
    assert raw(gateway.url, "gateway-create-migration", {**body, "k8s-ca-certificate": "AQL/"})[0] == 200
    listed = raw(gateway.url, "gateway-list-migration", {"token": gw.token})[1]["body"]
    assert listed["k8s_migrations"][0]["payload"]["ca"] == "AQL/"


def test_the_sdks_keys_are_required_where_the_setting_says_so(gw: Sdk, gateway: Gateway) -> None:
    gateway.settings(require_sdk_keys=True)
    body = {"token": gw.token, "name": "m", "type": "hashi", "target-location": "/gw", "target-name": "/targets/ad"}
    assert raw(gateway.url, "gateway-create-migration", body)[0] == 400


def test_an_older_gateway_knows_neither_ids_nor_modes(gateway_emulator: Emulator) -> None:
    older = gateway_emulator.gateway(profile="older")
    gw = Sdk(older.url, gateway_emulator.token())
    assert create(gw, hashi_metadata_mode="minimal").migration_id is None
    (entry,) = gw.gateway_get_migration(name="m").body.hashi_migrations
    assert entry.general.id
    assert entry.payload.metadata_mode is None
    status = gw.gateway_status_migration(name="m")
    assert (status.migration_id, status.download_report) == (None, None)
