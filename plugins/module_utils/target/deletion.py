# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deleting an item of the migration, together with the metadata beside it."""

from __future__ import annotations

import typing as t

from ..akeyless.items import Item, ItemStore
from ..ledger.items import LedgerItems, companion_name

__all__ = ["delete_item"]


async def delete_item(
    name: str,
    store: ItemStore,
    items: LedgerItems,
    location: str,
    *,
    prepare: t.Callable[[Item], t.Awaitable[None]],
) -> None:
    """Delete an item, where it is there, and then its companion. It can be repeated.

    :param items: those of the ledger.
    :param location: the migration's target location.
    :param prepare: is called with the item as it is now, before it is deleted. It raises ``Changed`` where the item is
        not the one that was planned for.
    """
    now = await store.describe(name)
    if now is not None:
        await prepare(now)
        await store.delete(name)
    await items.delete_companion(companion_name(name, location))
