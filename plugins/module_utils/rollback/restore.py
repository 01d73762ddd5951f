# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rolling back one item. Every step can be repeated, so that an interrupted rollback goes on when it is run again.

An item is restored in an order in which every state between differs from a change by others: its newest versions are
deleted first, then a value that was replaced in place is written again, and last, in one request, the tags, the
description and the number of kept versions.
"""

from __future__ import annotations

import typing as t

from ..akeyless.items import Item, ItemStore
from ..errors import Changed
from ..ledger.backup import ItemBackup
from ..ledger.ledger import Ledger
from ..plan.model import takeover
from ..target.deletion import delete_item

__all__ = ["delete_created", "differences", "restore_item"]


async def delete_created(item: Item, store: ItemStore, ledger: Ledger, location: str) -> None:
    """Delete an item that the migration created, and its metadata item.

    :raises Changed: it was changed since it was listed.
    """

    async def check(now: Item) -> None:
        _require_unchanged(item, now)

    await delete_item(item.name, store, ledger.items, location, prepare=check)


async def restore_item(
    item: Item,
    before: ItemBackup,
    versions: t.Sequence[int],
    metadata_items: t.Mapping[str, str | None],
    store: ItemStore,
    ledger: Ledger,
    tag: str,
) -> Item:
    """Restore an item that the migration changed. Returns it as it is then.

    :param versions: what to delete, newest first.
    :param metadata_items: texts of its metadata items: name below the ledger's folder to text, ``None`` for no item.
    :raises Changed: it was changed since it was read, or it could not be restored completely.
    """
    now = await store.describe(item.name, versions=True)
    if now is None:
        raise Changed(f"restore {item.name}: it was deleted at the target")
    _require_unchanged(item, now)
    for version in versions:
        await store.delete_version(item.name, version)
    await _restore_value(item, before, store, ledger)
    for name, text in metadata_items.items():
        if text is None:
            await ledger.items.delete(name)
        else:
            await ledger.items.write(name, text, "text" if len(metadata_items) > 1 else "json")
    await _restore_properties(item, before, store, tag)
    now = await store.describe(item.name, versions=True)
    differing = differences(now, before)
    if now is None or differing:
        raise Changed(f"restore {item.name}: it is not as it was before: {', '.join(differing)}")
    return now


def differences(now: Item | None, before: ItemBackup) -> list[str]:
    """The names of the properties in which an item is not as it was before. Values are not compared."""
    if now is None:
        return ["it does not exist"]
    pairs = {
        "versions": (list(now.versions), before.versions),
        "description": (now.description, before.description),
        "tags": (sorted(now.tags), sorted(before.tags)),
        "max-versions": (now.max_versions, before.kept),
        "format": (now.form, before.form),
    }
    return [name for name, (one, other) in pairs.items() if one != other]


async def _restore_value(item: Item, before: ItemBackup, store: ItemStore, ledger: Ledger) -> None:
    """Write the value that was replaced in place, and the format, which that write may have changed, too."""
    if not before.value and item.form == before.form:
        return
    current = (await store.values([item.name])).get(item.name)
    value = current
    if before.value:
        value = await ledger.items.text(before.value)
    if value is None:
        raise Changed(f"restore {item.name}: its previous value was deleted from the ledger")
    if value == current and item.form == before.form:
        return
    now = await store.describe(item.name)
    last = now.last_version if now else 0
    await store.replace(item.name, value, last, form=before.form or "text", own_key=True)
    after = await store.describe(item.name)
    if after is not None and after.last_version > last:
        # The account forces new versions, so that no value can be replaced in place: this version must not stay.
        await store.delete_version(item.name, after.last_version)


async def _restore_properties(item: Item, before: ItemBackup, store: ItemStore, tag: str) -> None:
    mark, old = takeover(item.tags, tag), takeover(before.tags, tag)
    description = before.description if item.description != before.description else None
    keep = before.kept if item.max_versions != before.kept else 0
    if description is None and not keep and mark == old:
        return
    await store.update(
        item.name,
        description=description,
        add_tags=[f"{tag}:{old}"] if old and old != mark else [],
        remove_tags=[f"{tag}:{mark}"] if mark and old != mark else [],
        max_versions=keep,
    )


def _require_unchanged(listed: Item, now: Item) -> None:
    one, other = ((i.last_version, i.modified, i.tags, i.description) for i in (listed, now))
    if one != other:
        raise Changed(f"{now.name} was changed while the rollback was under way", "Run again")
