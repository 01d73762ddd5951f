# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a create or update request says, checked and put into a migration."""

from __future__ import annotations

import typing as t

from ..errors import ApiError, bad_request
from .cluster import Cluster, Migration
from .kinds import Field, Kind
from .schedule import Schedule

__all__ = ["apply_fields", "check_needs", "check_schedule", "location_of"]

Body = dict[str, t.Any]


def location_of(body: Body) -> str:
    location: str = body["target-location"]
    if not location:
        raise bad_request("invalid request body: missing required key(s): target-location")
    return location


def check_schedule(text: str) -> str:
    """A cron expression, or nothing for no schedule."""
    if text:
        Schedule(text)
    return text


def check_needs(cluster: Cluster, kind: Kind, body: Body) -> None:
    """What a type cannot do without."""
    if cluster.settings.check_fields and not any(all(map(body.get, need)) for need in kind.needs):
        ways = " or ".join("+".join(need) for need in kind.needs)
        raise bad_request(f"invalid request body: migration type {kind.name} needs {ways}")


def apply_fields(
    cluster: Cluster, migration: Migration, kind: Kind, body: Body, *, new: bool, update: bool = False
) -> None:
    """Put the fields of the migration's type into its payload; those of other types are ignored.

    :param new: what is omitted takes its default, otherwise it stays.
    """
    for field in kind.fields:
        if field.member == "metadata_mode" and not cluster.settings.metadata_modes:
            continue
        if field.key in body:
            migration.payload[field.member] = _value(cluster, field, body[field.key])
        # The metadata mode stays on every update: that much is documented.
        elif new and not (update and field.member == "metadata_mode"):
            migration.payload[field.member] = [*field.default] if isinstance(field.default, list) else field.default
            if field.secret:
                migration.payload[field.member] = ""
    payload = migration.payload
    if payload.get("delete_sync_on_deletion") and not payload.get("usc_name"):
        raise bad_request("delete-remote is relevant only when usc-name is not empty")


def _value(cluster: Cluster, field: Field, asked: t.Any) -> t.Any:
    if not field.target:
        # A client that sets no value sends an empty text.
        return field.convert(field.key, asked) if asked not in ("",) or field.default is None else field.default
    if not asked:
        return 0
    name = "/" + asked.strip("/")
    if name not in cluster.targets:
        raise ApiError(404, f"target {name} does not exist", "NotFound")
    return cluster.targets[name]["id"]
