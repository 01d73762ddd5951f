# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An item as answers show it. Never its value."""

from __future__ import annotations

import typing as t

from .account import Account
from .clock import rfc3339
from .rights import Caller
from .store import DYNAMIC, STATIC, Item

__all__ = ["full_view", "minimal_view"]

Body = dict[str, t.Any]


def minimal_view(_account: Account, _caller: Caller, item: Item) -> Body:
    return {
        "item_name": item.name,
        "item_id": item.id,
        "display_id": f"emu-{item.id:x}",
        "item_type": item.kind,
        "item_sub_type": item.sub_type,
    }


def full_view(account: Account, caller: Caller, item: Item) -> Body:
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
    if item.kind == DYNAMIC:
        shown["item_general_info"] = {"dynamic_secret_producer_details": {"producer_type": "mysql"}}
    if item.locks:
        shown["locking_info"] = {"actions": item.locks, "locked_by": item.locked_by}
    return shown
