# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out one step back. Each can be repeated, so a rollback that was killed anywhere simply goes on.

An item is put back in an order in which every state between can be told from somebody's change: its newest versions go
first, then a value that was replaced in place comes back, and last of all, in one request, tags, description and the
number of kept versions.
"""

from __future__ import annotations

import typing as t

from ..akeyless.items import Item, ItemStore
from ..errors import Changed
from ..ledger.backup import ItemBackup
from ..ledger.ledger import Ledger
from ..plan.model import takeover
from ..target.deletion import delete_item

__all__ = ["delete", "differences", "restore"]


async def delete(item: Item, store: ItemStore, ledger: Ledger, location: str) -> None:
    """Delete an item that we created, and the metadata beside it.

    :raises Changed: somebody changed it since it was listed.
    """

    async def check(now: Item) -> None:
        _must_be_as_listed(item, now)

    await delete_item(item.name, store, ledger.items, location, prepare=check)


async def restore(
    item: Item,
    before: ItemBackup,
    versions: t.Sequence[int],
    companions: t.Mapping[str, str | None],
    store: ItemStore,
    ledger: Ledger,
    tag: str,
) -> Item:
    """Put an item back to how it was; returns it as it is then.

    :param versions: what to delete, newest first.
    :param companions: name below the ledger's folder to the text it had, ``None`` where it was not there.
    :raises Changed: somebody changed it since it was looked at, or it could not be put back whole.
    """
    now = await store.describe(item.name, versions=True)
    if now is None:
        raise Changed(f"restore {item.name}: it is gone")
    _must_be_as_listed(item, now)
    for version in versions:
        await store.delete_version(item.name, version)
    await _put_value_back(item, before, store, ledger)
    for name, text in companions.items():
        if text is None:
            await ledger.items.delete(name)
        else:
            await ledger.items.write(name, text, "text" if len(companions) > 1 else "json")
    await _put_about_back(item, before, store, tag)
    now = await store.describe(item.name, versions=True)
    differing = differences(now, before)
    if now is None or differing:
        raise Changed(f"restore {item.name}: it is not as it was before: {', '.join(differing)}")
    return now


def differences(now: Item | None, before: ItemBackup) -> list[str]:
    """In what an item is not as it was before, in words. Values are not looked at."""
    if now is None:
        return ["it is gone"]
    pairs = {
        "versions": (list(now.versions), before.versions),
        "description": (now.description, before.description),
        "tags": (sorted(now.tags), sorted(before.tags)),
        "max-versions": (now.max_versions, before.kept),
        "format": (now.form, before.form),
    }
    return [name for name, (one, other) in pairs.items() if one != other]


async def _put_value_back(item: Item, before: ItemBackup, store: ItemStore, ledger: Ledger) -> None:
    """Write the value that was replaced in place, and the format: a write of ours may have changed that one, too."""
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
        # The account forces new versions, so nothing can be replaced in place: this one was not wanted.
        await store.delete_version(item.name, after.last_version)


async def _put_about_back(item: Item, before: ItemBackup, store: ItemStore, tag: str) -> None:
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


def _must_be_as_listed(listed: Item, now: Item) -> None:
    one, other = ((i.last_version, i.modified, i.tags, i.description) for i in (listed, now))
    if one != other:
        raise Changed(f"{now.name} was changed while the rollback was under way", "Run again")
