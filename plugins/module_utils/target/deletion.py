# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deleting an item of the migration, together with the metadata beside it; and whether it may be deleted."""

from __future__ import annotations

import typing as t

from ..akeyless.items import Item, ItemStore
from ..ledger.digests import Digests
from ..ledger.items import LedgerItems, metadata_item_name
from ..plan.model import Record, is_own, newest_digest

__all__ = ["delete_item", "is_as_recorded"]


async def is_as_recorded(item: Item, record: Record, digests: Digests, form: str, store: ItemStore, tag: str) -> bool:
    """Whether an item that the migration created is as the ledger's record says.

    Its value is read where the dates cannot tell.

    :param item: as it was described a moment ago.
    :param form: of the item's value, ``json`` or ``text``.
    :param tag: the migration's.
    """
    described = digests.of_text(item.description) == record.description
    if not described or item.last_version != record.last or not is_own(item.tags, tag):
        return False
    if record.modified and record.modified == item.modified:
        return True
    value = (await store.values([item.name])).get(item.name)
    return value is not None and digests.of_value(value, form) == newest_digest(record)


async def delete_item(
    name: str,
    store: ItemStore,
    items: LedgerItems,
    location: str,
    *,
    prepare: t.Callable[[Item], t.Awaitable[None]],
) -> None:
    """Delete an item, where it is there, and then its metadata item. It can be repeated.

    :param items: those of the ledger.
    :param location: the migration's target location.
    :param prepare: is called with the item as it is now, before it is deleted. It raises ``Changed`` where the item is
        not the one that was planned for.
    """
    now = await store.describe(name)
    if now is not None:
        await prepare(now)
        await store.delete(name)
    await items.delete_metadata_item(metadata_item_name(name, location))
