# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that read one item or several: values, descriptions, rights."""

from __future__ import annotations

import json
import typing as t

from .account import Account
from .checks import item_name, must_not_be_locked
from .clock import rfc3339
from .errors import invalid_param, invalid_type, not_found
from .items_shown import full_view
from .rights import Caller
from .store import STATIC, Item

__all__ = ["describe_item", "describe_permissions", "get_secret_value"]

Body = dict[str, t.Any]


def get_secret_value(account: Account, caller: Caller, body: Body) -> Body:
    """``{name as it was asked for: value}``.

    With a negative version ``{"6": value, "7": value}``, or where the setting ``last_versions_form`` or several names
    ask for it, ``{name: {"7": value, "6": value}}``.
    """
    if not body["names"]:
        raise invalid_param("names must not be empty")
    number = body.get("version", 0)
    if number < -account.settings.last_n_limit:
        raise invalid_param(f"at most the last {account.settings.last_n_limit} versions can be read")
    values: Body = {}
    count = 0
    for wanted in body["names"]:
        name = item_name(account, wanted)
        caller.must("read", name)
        item = account.store.get(name)
        if item is None:
            if account.settings.missing_in_batch == "omit":
                continue
            raise not_found(name)
        if item.kind != STATIC:
            raise invalid_type(f"{name} is not a static secret")
        must_not_be_locked(account, caller, item, "read")
        if number < 0:
            values[wanted] = {str(v.number): _shown(account, item, v.value) for v in reversed(item.versions[number:])}
            count += len(values[wanted])
            continue
        version = item.version(number) if number else item.current
        if version is None:
            raise not_found(f"{name} version {number}")
        values[wanted] = _shown(account, item, version.value)
        count += 1
    account.counters.values_read += count
    if number < 0 and account.settings.last_versions_form == "flat" and len(values) == 1:
        return dict(reversed(next(iter(values.values())).items()))
    return values


def describe_item(account: Account, caller: Caller, body: Body) -> Body:
    name = item_name(account, body["name"])
    caller.must_see(name)
    item = account.store.get(name)
    if item is None:
        raise not_found(name)
    described = full_view(account, caller, item)
    if body.get("show-versions"):
        described["item_versions"] = [
            {
                "version": version.number,
                "creation_date": rfc3339(version.created, account.settings.date_resolution),
                "modification_date": rfc3339(version.modified, account.settings.date_resolution),
                "protection_key_name": version.protection_key,
                "item_version_state": "Enabled",
            }
            for version in item.versions
        ]
    if body.get("item-custom-fields-details"):
        described["item_custom_fields_details"] = [
            {"field_name": name, "value": value} for name, value in item.custom_fields.items()
        ]
    return described


def describe_permissions(account: Account, caller: Caller, body: Body) -> Body:
    path = body["path"] if body["path"].startswith("/") else f"/{body['path']}"
    if body["type"] not in ("item", "am", "role", "target", "sra", "ara"):
        raise invalid_param(f"invalid type: {body['type']}")
    own = caller.permissions(path) if body["type"] == "item" or caller.admin else []
    return {"client_permissions": own or None}


def _shown(account: Account, item: Item, value: str) -> t.Any:
    if item.form == "json" and account.settings.decode_json_values:
        return json.loads(value)
    return value
