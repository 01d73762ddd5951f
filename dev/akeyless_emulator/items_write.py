# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that make, change and delete items."""

from __future__ import annotations

import json
import typing as t

from .account import Account
from .checks import (
    KEY_TYPES,
    check_description,
    existing_item,
    existing_secret,
    flag,
    form_and_value,
    item_name,
    max_versions,
    must_be_free,
    must_have_room,
    must_not_be_locked,
    must_not_be_protected,
    protection_key,
)
from .clock import rfc3339
from .errors import ApiError, invalid_param, invalid_type, not_found
from .rights import Caller
from .store import STATIC, Item, Version
from .wording import worded

__all__ = [
    "create_dfc_key",
    "create_secret",
    "delete_item",
    "delete_items",
    "rollback_secret",
    "update_item",
    "update_secret_val",
]

Body = dict[str, t.Any]

# The SDK sends this for "unchanged".
_UNCHANGED = "default_metadata"


def create_secret(account: Account, caller: Caller, body: Body) -> Body:
    name = item_name(account, body["name"], new=True)
    caller.must("create", name)
    settings = account.settings
    sub_type = body.get("type", "generic")
    if sub_type not in ("generic", "password"):
        raise invalid_param(f"invalid secret type: {sub_type}")
    form, value = form_and_value(account, body, "text")
    if sub_type == "password":
        value = _password(account, body, value)
    description = body.get("description") or body.get("metadata", "")
    check_description(account, description)
    custom = body.get("item-custom-fields", {})
    if missing := [name for name in settings.required_item_custom_field if not custom.get(name)]:
        raise invalid_param(f"missing required item custom field(s): {', '.join(missing)}")
    key = protection_key(account, body.get("protection_key"))
    most = max_versions(account, body.get("max-versions"))
    protected = flag("delete_protection", body.get("delete_protection"))
    must_be_free(account, name)
    must_have_room(account)
    now = account.clock.now()
    account.store.add(
        Item(
            name=name,
            id=account.store.new_id(),
            kind=STATIC,
            created=now,
            modified=now,
            sub_type=sub_type,
            form=form,
            description=description,
            tags=list(dict.fromkeys(body.get("tags", ()))),
            delete_protection=settings.delete_protection_by_default if protected is None else protected,
            max_versions=most,
            protection_key=key,
            custom_fields=custom,
            versions=[Version(1, value, now, now, key)],
        )
    )
    return {"name": name}


def update_secret_val(account: Account, caller: Caller, body: Body) -> Body:
    name = item_name(account, body["name"])
    caller.must("update", name)
    item = existing_secret(account, name)
    must_not_be_locked(account, caller, item, "update")
    settings = account.settings
    form, value = form_and_value(account, body, item.form)
    if item.sub_type == "password":
        value = _password(account, body, value, item.current.value)
    key = protection_key(account, body.get("key"), item.protection_key)
    keep = flag("keep-prev-version", body.get("keep-prev-version"))
    if keep is None:
        keep = body.get("new-version") or settings.default_versioning
    expected = body.get("last-version", 0)
    # 0 is what an unset integer looks like to the server.
    if settings.enforce_last_version and expected and expected != item.last_version:
        raise ApiError(
            settings.last_version_status,
            f"the last version of {name} is {item.last_version}, not {expected}",
            "VersionConflict",
        )
    item.form = form
    if keep or settings.force_new_versions:
        _append(account, item, value, key)
    else:
        now = account.clock.now()
        item.current.value, item.current.modified, item.current.protection_key = value, now, key
        item.modified = now
    account.store.touch(item)
    return {"name": name}


def rollback_secret(account: Account, caller: Caller, body: Body) -> Body:
    name = item_name(account, body["name"])
    caller.must("update", name)
    item = existing_secret(account, name)
    must_not_be_locked(account, caller, item, "update")
    old = item.version(body["old-version"])
    if old is None:
        raise not_found(f"{name} version {body['old-version']}")
    _append(account, item, old.value, old.protection_key)
    account.store.touch(item)
    return {"name": name, "version": item.last_version}


def update_item(account: Account, caller: Caller, body: Body) -> Body:
    name = item_name(account, body["name"])
    caller.must("update", name)
    item = existing_item(account, name)
    must_not_be_locked(account, caller, item, "update")
    description = next(
        (body[k] for k in ("description", "new-metadata") if body.get(k, _UNCHANGED) != _UNCHANGED), None
    )
    if description is not None:
        check_description(account, description)
    most = max_versions(account, body.get("max-versions"))
    protected = flag("delete_protection", body.get("delete_protection"))
    new_name = body.get("new-name", "")
    if new_name:
        new_name = item_name(account, new_name, new=True)
        caller.must("create", new_name)
        if new_name != name:
            must_be_free(account, new_name)
    # Everything is checked: from here on nothing fails.
    if description is not None:
        item.description = description
    dropped = set(body.get("rm-tag", ()))
    item.tags = [tag for tag in dict.fromkeys([*item.tags, *body.get("add-tag", ())]) if tag not in dropped]
    item.custom_fields = {**item.custom_fields, **body.get("item-custom-fields", {})}
    if protected is not None:
        item.delete_protection = protected
    if most:
        item.max_versions = most
        if account.settings.max_versions_lowered == "at_once":
            del item.versions[: max(0, len(item.versions) - most)]
    item.modified = account.clock.now()
    account.store.touch(item)
    if new_name and new_name != name:
        account.store.rename(item, new_name)
    return {"updated": True}


def delete_item(account: Account, caller: Caller, body: Body) -> Body:
    name = item_name(account, body["name"])
    caller.must("delete", name)
    item = existing_item(account, name)
    must_not_be_locked(account, caller, item, "update")
    must_not_be_protected(account, item)
    number = body.get("version", -1)
    deleted = {
        "item_id": item.id,
        "item_name": name,
        "deletion_date": rfc3339(account.clock.now(), account.settings.date_resolution),
    }
    if number == -1:
        account.store.remove(item)
        return {**deleted, "version_deleted": -1}
    version = item.version(number) if number else (item.current if item.versions else None)
    if version is None:
        raise not_found(f"{name} version {number}")
    if len(item.versions) == 1:
        raise invalid_param(f"version {version.number} is the only one of {name}: delete the item")
    item.versions.remove(version)
    if not account.settings.deleted_versions_count:
        item.last_version = item.current.number
    item.modified = account.clock.now()
    account.store.touch(item)
    return {**deleted, "version_deleted": version.number}


def delete_items(account: Account, caller: Caller, body: Body) -> Body:
    path = body.get("path", "")
    if not path and not body.get("item"):
        raise invalid_param("either path or item must be given")
    names = [item_name(account, name) for name in body.get("item", ())]
    if path:
        path = "/" + path.strip("/")
        names += [item.name for item in account.store.under(path.rstrip("/") + "/")]
    if account.settings.keys_in_delete_items == "refuse" and any(_is_visible_key(account, caller, n) for n in names):
        kinds = " ".join(KEY_TYPES)
        raise ApiError(
            403,
            "Items list include one or more items that cannot be deleted in a bulk operation: "
            f"[{kinds}]. Either delete those items manually or move them to proceed.",
            "ForbiddenTypesDeletion",
        )
    deleted, failed = [], {}
    for name in dict.fromkeys(names):
        try:
            delete_item(account, caller, {"name": name})
            deleted.append(name)
        except ApiError as error:
            error.access_id = caller.access_id
            failed[name] = worded(error, account.settings.error_texts, "delete-item")
    return {"deleted_items": deleted or None, "failed_deleted_items": failed or None, "path": path}


def _is_visible_key(account: Account, caller: Caller, name: str) -> bool:
    item = account.store.get(name)
    return item is not None and item.kind in KEY_TYPES and caller.can("list", name)


def create_dfc_key(account: Account, caller: Caller, body: Body) -> Body:
    name = item_name(account, body["name"], new=True)
    caller.must("create", name)
    if body["alg"] not in KEY_TYPES:
        raise invalid_type(f"unknown key algorithm {body['alg']}")
    description = body.get("description") or body.get("metadata", "")
    check_description(account, description)
    protected = flag("delete_protection", body.get("delete_protection"))
    must_be_free(account, name)
    must_have_room(account)
    now = account.clock.now()
    item = Item(name, account.store.new_id(), body["alg"], now, now, description=description, tags=body.get("tag", []))
    item.delete_protection = bool(protected)
    account.store.add(item)
    return {"fragment_results": [0] * body.get("split-level", 3)}


def _password(account: Account, body: Body, value: str, before: str = "{}") -> str:
    """The value of an item of the type password: JSON of its fields, those of ``before`` kept, or just the text."""
    if account.settings.password_form == "text":
        return value
    try:
        kept = dict(json.loads(before))
    except (ValueError, TypeError):
        kept = {}  # it was written as a text
    fields = {"username": body.get("username", kept.get("username", "")), "password": body.get("password") or value}
    return json.dumps({**kept, **fields, **body.get("custom-field", {})})


def _append(account: Account, item: Item, value: str, key: str) -> None:
    now = account.clock.now()
    item.last_version += 1
    item.versions.append(Version(item.last_version, value, now, now, key))
    item.modified = now
    most = item.max_versions or min(account.settings.default_max_versions, account.settings.account_max_versions)
    del item.versions[: max(0, len(item.versions) - most)]
