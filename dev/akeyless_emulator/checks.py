# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What commands check before they change anything. Whatever is refused here has had no effect."""

from __future__ import annotations

import json
import typing as t

from .account import Account
from .errors import ApiError, already_exists, invalid_param, invalid_type, not_found
from .rights import Caller
from .store import STATIC, Item

__all__ = [
    "KEY_TYPES",
    "check_description",
    "existing_item",
    "existing_secret",
    "flag",
    "form_and_value",
    "item_name",
    "max_versions",
    "must_be_free",
    "must_have_room",
    "must_not_be_locked",
    "must_not_be_protected",
    "protection_key",
    "taken",
    "usable_key",
]

Body = dict[str, t.Any]

_FORMATS = ("text", "json", "key-value")
_PROTECTING = ("AES128GCM", "AES256GCM")
KEY_TYPES = (
    *_PROTECTING,
    "AES128SIV",
    "AES256SIV",
    "AES128CBC",
    "AES256CBC",
    "RSA1024",
    "RSA2048",
    "RSA3072",
    "RSA4096",
)


def item_name(account: Account, name: str, *, new: bool = False) -> str:
    """A name as the account keeps it: with a slash in front. A new one must also follow the account's rules."""
    if not name.startswith("/"):
        name = f"/{name}"
    if name[-1] == "/":
        raise invalid_param(f"invalid item name: {name}")
    if new:
        settings = account.settings
        if "//" in name and not settings.allow_empty_segments:
            raise invalid_param(f"invalid item name: {name} has an empty segment")
        if settings.invalid_characters and not set(settings.invalid_characters).isdisjoint(name):
            raise invalid_param(f"invalid item name: the account forbids the characters {settings.invalid_characters}")
        if settings.name_limit and len(name) > settings.name_limit:
            raise invalid_param(f"item_name too long. maximum length is {settings.name_limit}")
    return name


def form_and_value(account: Account, body: Body, default_form: str) -> tuple[str, str]:
    form: str = body.get("format", default_form)
    value: str = body["value"]
    if form not in _FORMATS:
        raise invalid_param(f"invalid secret format: {form}")
    limit = account.settings.value_limit
    if len(value) * 4 > limit and len(value.encode()) > limit:
        raise invalid_param(f"secret value too long. maximum length is {limit}")
    if form == "json" and account.settings.check_json_format and not _is_json(value):
        raise invalid_param("the secret value is not valid JSON")
    return form, value


def _is_json(text: str) -> bool:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        # Numbers stay text: they may have more digits than Python converts.
        json.loads(text, parse_int=str, parse_float=str, parse_constant=refuse)
    except (ValueError, RecursionError):
        return False
    return True


def check_description(account: Account, text: str) -> None:
    limit = account.settings.description_limit
    size = len(text) if account.settings.description_unit == "characters" else len(text.encode())
    if size > limit:
        raise invalid_param(f"item_metadata too long. maximum length is {limit}")


def protection_key(account: Account, name: str | None, kept: str = "") -> str:
    """The key for a value, by the name that was asked for, or the one that the item has."""
    settings = account.settings
    if settings.lock_default_key:
        return settings.default_key
    if not name:
        return kept or settings.default_key
    return usable_key(account, name)


def usable_key(account: Account, name: str) -> str:
    """The full name of a key that can protect items."""
    name = item_name(account, name)
    key = account.store.get(name)
    if key is None:
        raise not_found(name)
    if key.kind not in _PROTECTING:
        raise invalid_type(f"{name} is a {key.kind}; a protection key must be {' or '.join(_PROTECTING)}")
    return name


def max_versions(account: Account, text: str | None) -> int:
    """The number that the caller wants, 0 for none."""
    if not text:
        return 0
    if not text.isdecimal() or int(text) < 1:
        raise invalid_param(f"invalid max-versions: {text}")
    most = account.settings.account_max_versions
    if int(text) > most and account.settings.max_versions_over == "refuse":
        raise invalid_param(f"max-versions {text} is over the account's maximum of {most}")
    return min(int(text), most)


def flag(key: str, text: str | None) -> bool | None:
    if not text:
        return None
    if text not in ("true", "false"):
        raise invalid_param(f"{key} must be true or false")
    return text == "true"


def existing_item(account: Account, name: str) -> Item:
    item = account.store.get(name)
    if item is None:
        raise not_found(name)
    return item


def existing_secret(account: Account, name: str) -> Item:
    item = existing_item(account, name)
    if item.kind != STATIC:
        raise invalid_type(f"{name} is not a static secret")
    return item


def must_be_free(account: Account, name: str) -> None:
    if account.store.get(name) is not None:
        raise taken(account, f"an item with the name {name}")


def taken(account: Account, what: str) -> ApiError:
    """The refusal of a name that is in use."""
    return already_exists(account.settings.already_exists_status, what, account.settings.already_exists_code)


def must_have_room(account: Account) -> None:
    """Refuse another item where the account has as many as it may have."""
    settings = account.settings
    if settings.item_quota and len(account.store.items) >= settings.item_quota:
        text = f"the account's quota of {settings.item_quota} items is reached"
        raise ApiError(settings.item_quota_status, text, "QuotaExceeded")


def must_not_be_locked(account: Account, caller: Caller, item: Item, action: str) -> None:
    """Refuse ``read`` or ``update`` of an item that is locked against it, unless the caller may pass the lock."""
    settings = account.settings
    passes = caller.access_id == item.locked_by or (caller.admin and not settings.locks_bind_admins)
    if action in item.locks and not passes:
        text = f"item {item.name} is locked for {action} by {item.locked_by}"
        raise ApiError(settings.locked_status, text, "ItemLocked")


def must_not_be_protected(account: Account, item: Item) -> None:
    if item.delete_protection:
        status = account.settings.delete_protected_status
        raise ApiError(status, f"{item.name} is protected from deletion", "DeleteProtection")
