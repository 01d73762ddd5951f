# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that read items: values, descriptions, listings."""

from __future__ import annotations

import base64
import binascii
import json
import typing as t

from .account import Account
from .checks import item_name
from .clock import rfc3339
from .errors import bad_request, not_found
from .rights import Caller
from .store import STATIC, Item

__all__ = ["describe_item", "describe_permissions", "get_secret_value", "list_items"]

Body = dict[str, t.Any]

_TYPES = ("static-secret", "key", "dynamic-secret", "classic-key", "rotated-secret", "certificate", "usc")


def get_secret_value(account: Account, caller: Caller, body: Body) -> Body:
    """``{name as it was asked for: value}``; with a negative version ``{name: {"7": value, "6": value}}``."""
    if not body["names"]:
        raise bad_request("names must not be empty")
    number = body.get("version", 0)
    if number < -account.settings.last_n_limit:
        raise bad_request(f"at most the last {account.settings.last_n_limit} versions can be read")
    values: Body = {}
    count = 0
    for asked in body["names"]:
        name = item_name(account, asked)
        caller.must("read", name)
        item = account.store.get(name)
        if item is None:
            if account.settings.missing_in_batch == "omit":
                continue
            raise not_found(name)
        if item.kind != STATIC:
            raise bad_request(f"InvalidType: {name} is not a static secret")
        if number < 0:
            values[asked] = {str(v.number): _shown(account, item, v.value) for v in reversed(item.versions[number:])}
            count += len(values[asked])
            continue
        version = item.version(number) if number else item.current
        if version is None:
            raise not_found(f"{name} version {number}")
        values[asked] = _shown(account, item, version.value)
        count += 1
    account.counters.values_read += count
    return values


def describe_item(account: Account, caller: Caller, body: Body) -> Body:
    name = item_name(account, body["name"])
    caller.must_see(name)
    item = account.store.get(name)
    if item is None:
        raise not_found(name)
    described = _item(account, caller, item)
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


def list_items(account: Account, caller: Caller, body: Body) -> Body:
    """A page of the items under ``path``, by name, that the caller may list."""
    path = "/" + body.get("path", "").strip("/")
    prefix = path if path == "/" else f"{path}/"
    wanted = _filter(account, body)
    here_only = body.get("current-folder", False)
    token = body.get("pagination-token", "")
    one_page = body.get("auto-pagination", "enabled") == "disabled" or not account.settings.auto_pagination
    size = account.settings.page_size if one_page else len(account.store.items)
    view = _minimal if body.get("minimal-view") else _item
    page: list[Body] = []
    next_page = ""
    last = ""
    for item in account.store.under(prefix, _name_of(token)):
        if here_only and "/" in item.name[len(prefix) :]:
            continue
        if not wanted(item) or not caller.can("list", item.name):
            continue
        if len(page) == size:
            next_page = base64.urlsafe_b64encode(last.encode()).decode()
            break
        last = item.name
        page.append(view(account, caller, item))
    folders = [] if token else [f for f in account.store.folders(prefix) if _may_see_folder(account, caller, f)]
    return {"items": page or None, "folders": folders or None, "next_page": next_page}


def describe_permissions(account: Account, caller: Caller, body: Body) -> Body:
    path = body["path"] if body["path"].startswith("/") else f"/{body['path']}"
    if body["type"] not in ("item", "am", "role", "target", "sra", "ara"):
        raise bad_request(f"invalid type: {body['type']}")
    own = caller.permissions(path) if body["type"] == "item" or caller.admin else []
    return {"client_permissions": own or None}


def _filter(account: Account, body: Body) -> t.Callable[[Item], bool]:
    part, tag, after = body.get("filter", ""), body.get("tag", ""), body.get("modified-after", 0)
    # What counts is the date that is shown.
    unit = 1 if account.settings.date_resolution == "microseconds" else 1_000_000
    earliest = after * 1_000_000 // unit + 1 if after else 0
    sub_types = body.get("sub-types", ())
    types = [kind.lower().replace("_", "-") for kind in body.get("type", ())]
    for kind in types:
        if kind not in _TYPES:
            raise bad_request(f"invalid item type: {kind}")
    if body.get("advanced-filter") or body.get("sra-only") or body.get("ara-only"):
        raise bad_request("the emulator has no advanced-filter, sra-only and ara-only")

    def wanted(item: Item) -> bool:
        return (
            part in item.name
            and (not tag or tag in item.tags)
            and item.modified // unit >= earliest
            and (not types or ("static-secret" if item.kind == STATIC else "key") in types)
            and (not sub_types or item.sub_type in sub_types)
        )

    return wanted


def _minimal(_account: Account, _caller: Caller, item: Item) -> Body:
    return {
        "item_name": item.name,
        "item_id": item.id,
        "display_id": f"emu-{item.id:x}",
        "item_type": item.kind,
        "item_sub_type": item.sub_type,
    }


def _item(account: Account, caller: Caller, item: Item) -> Body:
    settings = account.settings
    shown = {
        "item_name": item.name,
        "item_id": item.id,
        "display_id": f"emu-{item.id:x}",
        "item_type": item.kind,
        "item_sub_type": item.sub_type,
        "item_metadata": item.description,
        "item_tags": item.tags or None,
        "item_size": len(item.current.value.encode()) if item.versions else 0,
        "last_version": item.last_version,
        "item_state": "Enabled",
        "is_enabled": True,
        "delete_protection": item.delete_protection,
        "protection_key_name": item.protection_key,
        "client_permissions": caller.permissions(item.name),
        "creation_date": rfc3339(item.created, settings.date_resolution),
        "modification_date": rfc3339(item.modified, settings.date_resolution),
        "item_general_info": {},
    }
    if item.kind == STATIC:
        most = item.max_versions or min(settings.default_max_versions, settings.account_max_versions)
        shown["item_general_info"] = {"static_secret_info": {"format": item.form, "max_versions": most}}
    return shown


def _shown(account: Account, item: Item, value: str) -> t.Any:
    if item.form == "json" and account.settings.decode_json_values:
        return json.loads(value)
    return value


def _name_of(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise bad_request("invalid pagination-token") from None


def _may_see_folder(account: Account, caller: Caller, folder: str) -> bool:
    return caller.admin or any(caller.can("list", item.name) for item in account.store.under(folder))
