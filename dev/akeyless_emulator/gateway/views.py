# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the API shows of migrations: entries of listings, and statuses."""

from __future__ import annotations

import base64
import typing as t

from .cluster import ITEM_COUNTS, Cluster, Instance, Migration, Run, timestamp
from .kinds import TYPES

__all__ = ["listed", "status_of"]

Body = dict[str, t.Any]

_BYTES = ("ca", "client_cert", "client_key")


def listed(instance: Instance, migrations: list[Migration]) -> Body:
    """``{"hashi_migrations": [entry], "aws_secrets_migrations": null, ...}``, as this instance sees them."""
    lists: dict[str, list[Body]] = {kind.list_key: [] for kind in TYPES.values()}
    for migration in migrations:
        drift = instance.drift.get(migration.name, {})
        if drift.get("missing"):
            continue
        entry = {"general": _general(instance.cluster, migration), "payload": _payload(instance.cluster, migration)}
        entry["general"].update(drift.get("general", {}))
        entry["payload"].update(drift.get("payload", {}))
        lists[TYPES[migration.type].list_key].append(entry)
    return {key: entries or None for key, entries in lists.items()}


def status_of(instance: Instance, migration: Migration) -> Body:
    """The answer of gateway-migration-status."""
    cluster, run = instance.cluster, migration.run
    status: Body = {
        "migration_id": migration.id,
        "migration_name": migration.name,
        "migration_type": migration.type,
        "migration_type_name": migration.type,
        "migration_state": _state(cluster, run),
        "last_status_message": run.message if run else "",
        "error": run.error if run else "",
        "start_time": timestamp(run.started) if run else "",
        "duration_time": _duration(cluster, run),
        "max_name_length": run.longest_name if run else 0,
        "max_value_length": run.longest_value if run else 0,
        "computers": 0,
        "sync": dict(migration.sync),
    }
    for kind in ("migration_items", "targets", "rotated_secrets", "certificates"):
        status[kind] = dict(run.counts[kind]) if run else dict.fromkeys(ITEM_COUNTS, 0)
    if not cluster.settings.returns_id:
        del status["migration_id"]
    if cluster.settings.has_report and run and run.over:
        status["download_report"] = _report(cluster, migration, run)
    return status


def _general(cluster: Cluster, migration: Migration) -> Body:
    run = migration.run
    status = _state(cluster, run)
    if migration.syncing and cluster.settings.status_tells_sync:
        status = "Syncing"
    return {
        "id": migration.id,
        "name": migration.name,
        "new_name": "",
        "prefix": migration.location,
        "protection_key": migration.protection_key,
        "schedule": migration.schedule,
        "status": status,
        "message": (run.error or run.message) if run else "",
        "type": migration.type,
        "last_migration": timestamp(run.started) if run else "",
        "last_modified": timestamp(migration.modified),
    }


def _payload(cluster: Cluster, migration: Migration) -> Body:
    secrets = {field.member for field in TYPES[migration.type].fields if field.secret}
    shown = {}
    for member, value in migration.payload.items():
        if member in secrets and value and cluster.settings.secrets_shown != "plain":
            value = "" if cluster.settings.secrets_shown == "empty" else "********"
        elif member in _BYTES and value and cluster.settings.bytes_shown == "base64":
            value = base64.b64encode(bytes(value)).decode()
        shown[member] = value
    return {member: value for member, value in shown.items() if value is not None}


def _state(cluster: Cluster, run: Run | None) -> str:
    return t.cast("str", getattr(cluster.settings, f"state_{run.state if run else 'never'}"))


def _duration(cluster: Cluster, run: Run | None) -> str:
    return f"{(run.ended or cluster.now()) - run.started:.3f}s" if run else ""


def _report(cluster: Cluster, migration: Migration, run: Run) -> Body:
    items = run.counts["migration_items"]
    return {
        "migration_job": {
            "Type": migration.type,
            "Started at": timestamp(run.started),
            "Duration": _duration(cluster, run),
            "Total Items": items["total"],
            "Summary": {
                "Created": items["migrated"],
                "Failed": items["failed"],
                "Migrated": items["migrated"],
                "Skipped": items["skipped"],
                "Updated": items["updated"],
            },
        },
        "secrets": run.secrets,
    }
