# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The migration commands of a Gateway."""

from __future__ import annotations

import typing as t
import uuid
from dataclasses import dataclass

from ..checks import protection_key
from ..errors import ApiError, already_exists, bad_request
from ..rights import Caller
from .cluster import Instance, Migration
from .definition import apply_fields, check_needs, check_schedule, location_of
from .kinds import TYPES, supported
from .runs import Runner
from .views import listed, status_of

__all__ = ["GATEWAY_COMMANDS", "NEEDED", "ONE_PASSWORD_KEYS", "At", "GatewayCommand"]

Body = dict[str, t.Any]


@dataclass(frozen=True)
class At:
    """Where a request arrived: an instance, and what runs its cluster's migrations."""

    instance: Instance
    runner: Runner


@dataclass(frozen=True)
class GatewayCommand:
    """``write`` commands change migrations or start what changes items."""

    handler: t.Callable[[At, Caller, Body], Body]
    write: bool = False


NEEDED = {
    "gateway-create-migration": {"name", "target-location"},
    "gateway-update-migration": {"target-location"},
}
"""What is really required where the SDK's model requires the keys of some types from all of them."""

ONE_PASSWORD_KEYS = {
    **dict.fromkeys(("1password-url", "1password-email", "1password-password", "1password-secret-key"), "str"),
    "1password-vaults": "list[str]",
}
"""Keys that Gateways with the type 1password accept; today's models of the SDK do not have them."""


def create_migration(at: At, _caller: Caller, body: Body) -> Body:
    cluster = at.instance.cluster
    kind = TYPES.get(body.get("type", ""))
    if kind is None or (kind.name == "1password" and not cluster.settings.takes_1password):
        raise bad_request(
            f"invalid request body: Invalid migration type {body.get('type', '')}, supported types: {supported()}"
        )
    if not body["name"]:
        raise bad_request("invalid request body: missing required key(s): name")
    if cluster.by_name(body["name"]):
        raise already_exists(cluster.settings.duplicate_status, f"a migration with the name {body['name']}")
    migration = Migration(str(uuid.uuid4()), kind.name, body["name"], location_of(body))
    check_needs(cluster, kind, body)
    apply_fields(cluster, migration, kind, body, new=True)
    _general(at, migration, body)
    cluster.migrations[migration.id] = migration
    if cluster.settings.create_starts:
        at.runner.start(migration)
    answer = {"migration_name": migration.name}
    return {"migration_id": migration.id, **answer} if cluster.settings.returns_id else answer


def update_migration(at: At, _caller: Caller, body: Body) -> Body:
    cluster = at.instance.cluster
    migration = _find(at, body)
    changed = Migration(migration.id, migration.type, migration.name, location_of(body))
    changed.payload = dict(migration.payload)
    changed.protection_key, changed.schedule = migration.protection_key, migration.schedule
    new_name = body.get("new-name", "")
    if new_name and new_name != migration.name:
        if cluster.by_name(new_name):
            raise already_exists(cluster.settings.duplicate_status, f"a migration with the name {new_name}")
        changed.name = new_name
    apply_fields(
        cluster, changed, TYPES[migration.type], body, new=cluster.settings.update_omitted == "default", update=True
    )
    _general(at, changed, body)
    for name in ("name", "location", "payload", "protection_key", "schedule", "modified"):
        setattr(migration, name, getattr(changed, name))
    return {"migration_name": migration.name}


def delete_migration(at: At, _caller: Caller, body: Body) -> Body:
    migration = at.instance.cluster.migrations.get(body["id"])
    if migration is None:
        raise _missing(at, body["id"])
    at.runner.stop(migration)
    del at.instance.cluster.migrations[migration.id]
    return {"migration_id": migration.id}


def get_migration(at: At, _caller: Caller, body: Body) -> Body:
    if not body.get("name"):
        raise bad_request("invalid request body: missing required key(s): name")
    found = at.instance.cluster.by_name(body["name"])
    if found is None and at.instance.cluster.settings.missing_get == "error":
        raise _missing(at, body["name"])
    return {"body": listed(at.instance, [found] if found else [])}


def list_migrations(at: At, _caller: Caller, _body: Body) -> Body:
    return {"body": listed(at.instance, list(at.instance.cluster.migrations.values()))}


def sync_migration(at: At, _caller: Caller, body: Body) -> Body:
    """Start: a pass now, and again and again where the Gateway's sync is continuous. Stop: ends both."""
    migration = at.instance.cluster.by_name(body["name"])
    if migration is None:
        raise _missing(at, body["name"])
    if body.get("start-sync", False):
        migration.syncing = at.instance.cluster.settings.sync_mode == "continuous"
        at.runner.start(migration)
    else:
        migration.syncing = False
        at.runner.stop(migration)
    return {"migration_name": migration.name}


def migration_status(at: At, _caller: Caller, body: Body) -> Body:
    return status_of(at.instance, _find(at, body))


def migrate_personal_items(_at: At, _caller: Caller, body: Body) -> Body:
    """The items are not imitated: a call that is complete moves none."""
    if body.get("type", "1password") != "1password":
        raise bad_request("invalid request body: Invalid migration type, supported types: 1password")
    wanted = ("1password-url", "1password-email", "1password-password", "1password-secret-key")
    if missing := [key for key in wanted if not body.get(key)]:
        raise bad_request(f"invalid request body: missing required key(s): {', '.join(missing)}")
    return {"migration_items": dict.fromkeys(("total", "migrated", "updated", "skipped", "failed"), 0)}


def get_target(at: At, _caller: Caller, body: Body) -> Body:
    """The name and id of a target that tests have made."""
    name = "/" + body["name"].strip("/")
    target = at.instance.cluster.targets.get(name)
    if target is None:
        raise ApiError(404, f"target {name} does not exist", "NotFound")
    return {"target_name": name, "target_id": target["id"], "target_type": "", "last_version": 1}


def _general(at: At, migration: Migration, body: Body) -> None:
    cluster = at.instance.cluster
    if "schedule-sync" in body:
        migration.schedule = check_schedule(body["schedule-sync"])
    if "protection-key" in body:
        if cluster.settings.check_protection_key:
            protection_key(cluster.account, body["protection-key"])
        migration.protection_key = body["protection-key"]
    migration.modified = cluster.now()


def _find(at: At, body: Body) -> Migration:
    """By id, else by name."""
    cluster = at.instance.cluster
    if not body.get("id") and not body.get("name"):
        raise bad_request("invalid request body: either id or name must be given")
    found = cluster.migrations.get(body["id"]) if body.get("id") else cluster.by_name(body["name"])
    if found is None:
        raise _missing(at, body.get("id") or body["name"])
    return found


def _missing(at: At, what: str) -> ApiError:
    return ApiError(at.instance.cluster.settings.missing_status, f"migration {what} does not exist", "NotFound")


GATEWAY_COMMANDS: dict[str, GatewayCommand] = {
    "gateway-create-migration": GatewayCommand(create_migration, write=True),
    "gateway-update-migration": GatewayCommand(update_migration, write=True),
    "gateway-delete-migration": GatewayCommand(delete_migration, write=True),
    "gateway-sync-migration": GatewayCommand(sync_migration, write=True),
    "gateway-get-migration": GatewayCommand(get_migration),
    "gateway-list-migration": GatewayCommand(list_migrations),
    "gateway-migration-status": GatewayCommand(migration_status),
    "gateway-migrate-personal-items": GatewayCommand(migrate_personal_items, write=True),
    "get-target": GatewayCommand(get_target),
}
