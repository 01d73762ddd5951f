# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target as its listing shows it: one request for a thousand items, instead of one for each."""

from __future__ import annotations

import asyncio
import typing as t

from ..akeyless.item import DAMAGED, strange_answer
from ..akeyless.items import Item, ItemStore
from ..common.workdb import WorkDb
from ..errors import FATAL, SecretferryError
from ..ledger.digests import Digests
from ..plan.model import TargetItem
from ..plan.naming import Naming, is_of_ledger
from ..source.discover import Root

__all__ = ["Listing"]

_MOST_ASKED_FOR = 20  # of more items, listing their folder may take fewer requests


class Listing:
    """The items where a migration puts its own, kept in the work database.

    :ivar since: what the server's clock had reached, in seconds since the epoch, when the first item was listed. The
        listing shows nothing older.
    :param listed_per_item: how many items a listing may show for each item that is looked for, before asking for each
        of these takes fewer requests.
    """

    def __init__(
        self,
        store: ItemStore,
        workdb: WorkDb,
        naming: Naming,
        layout: str,
        concurrency: int,
        *,
        listed_per_item: int = 100,
    ) -> None:
        self._store = store
        self._workdb = workdb
        self._naming = naming
        self._keys = layout == "keys"
        self._concurrency = concurrency
        self._listed_per_item = listed_per_item
        self.since = 0.0
        self._failed: dict[str, SecretferryError] = {}

    async def load(self, roots: t.Sequence[Root], digests: Digests) -> None:
        """List the target; what an earlier call has found is forgotten."""
        self._workdb.forget_targets()
        self._failed.clear()
        self.since = 0.0
        folders, single = self._places(roots)
        for folder in folders:
            async for item in self._store.folder(folder):
                if not is_of_ledger(self._naming.location, item.name):
                    self._note(item, digests)
        if len(single) > _MOST_ASKED_FOR:
            single = await self._list_common_folder(single, digests)
        find = self._list_below if self._keys else self._describe
        for start in range(0, len(single), self._concurrency):
            batch = single[start : start + self._concurrency]
            await asyncio.gather(*(find(name, digests) for name in batch))

    async def _list_common_folder(self, single: list[str], digests: Digests) -> list[str]:
        """List the folder that holds all of ``single``; returns those to ask for one by one, all if it holds too many.

        A batch has a few secrets of every folder. Where most of the items belong to it, or there are none yet, listing
        takes the fewest requests; where the folder holds many times more, asking for each item does.
        """
        wanted, left = set(single), len(single) * self._listed_per_item
        async for item in self._store.folder(_common_folder(single)):
            left -= 1
            if not left:
                return sorted(wanted)
            name = item.name.rpartition("/")[0] if self._keys else item.name
            if name in wanted:
                self._note(item, digests)
                if not self._keys:
                    wanted.discard(name)
        return []

    async def _describe(self, name: str, digests: Digests) -> None:
        try:
            item = await self._store.describe(name)
        except FATAL:
            raise
        except SecretferryError as error:
            self._failed[name] = error
            return
        if item is not None:
            self._note(item, digests)

    async def _list_below(self, folder: str, digests: Digests) -> None:
        async for item in self._store.folder(folder):
            self._note(item, digests)

    def item(self, name: str) -> TargetItem | None:
        """The item of that name, ``None`` where there is none.

        :raises SecretferryError: it is not known how the item is.
        """
        if name in self._failed:
            raise self._failed[name]
        item = self._workdb.target(name)
        if item is None:
            return None
        return TargetItem(item.last, item.modified, item.tags, item.description_digest, item.type, item.kept)

    def _places(self, roots: t.Sequence[Root]) -> tuple[list[str], list[str]]:
        """Folders to list whole, and names to ask for one by one, so that every planned item is seen, none twice.

        With one item per key, the name for a secret is the folder of its keys.
        """
        folders = {self._naming.folder(root.mount.path, root.path) for root in roots if root.is_folder}
        single = {self._naming.item(root.mount.path, root.path) for root in roots if not root.is_folder}
        outer = {folder for folder in folders if not _inside(folder, folders)}
        # A folder's listing does not show the item of the folder's own name, but does show its keys.
        listed = outer if self._keys else set()
        return sorted(outer), sorted(name for name in single if name not in listed and not _inside(name, outer))

    def _note(self, item: Item, digests: Digests) -> None:
        if item.type == DAMAGED:
            self._failed[item.name] = strange_answer(f"list of {item.name}")
        self.since = self.since or self._store.client.transport.clock.at_least()
        self._workdb.put_target(item, description_digest=digests.of_text(item.description))


def _inside(name: str, folders: t.Collection[str]) -> bool:
    """Whether ``name`` lies below one of these."""
    parts = name.split("/")
    return name != "/" and any(("/".join(parts[:i]) or "/") in folders for i in range(1, len(parts)))


def _common_folder(names: t.Sequence[str]) -> str:
    first, last = (name.split("/")[:-1] for name in (min(names), max(names)))
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return "/".join(first[:same]) or "/"
