# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target as its listing shows it: one request for a thousand items, instead of one each."""

from __future__ import annotations

import asyncio
import typing as t

from ..akeyless.items import Item, ItemStore
from .discover import Root
from .ledger import Digests
from .naming import Naming
from .plan import Target
from .spool import Spool

__all__ = ["Listing"]

_MOST_SINGLE = 200  # from here on, listing whole mounts costs less than describing items one by one


class Listing:
    """The items where a migration puts its own, kept in the spool."""

    def __init__(self, store: ItemStore, spool: Spool, naming: Naming, layout: str, concurrency: int) -> None:
        self._store = store
        self._spool = spool
        self._naming = naming
        self._keys = layout == "keys"
        self._concurrency = concurrency

    async def load(self, roots: t.Sequence[Root], digests: Digests) -> None:
        """Look at the target anew."""
        self._spool.forget_targets()
        folders, single = self._places(roots)
        for folder in folders:
            async for item in self._store.folder(folder):
                self._note(item, digests)
        for start in range(0, len(single), self._concurrency):
            batch = single[start : start + self._concurrency]
            for found in await asyncio.gather(*(self._store.describe(name) for name in batch)):
                if found is not None:
                    self._note(found, digests)

    def item(self, name: str) -> Target | None:
        """The item of that name, ``None`` where there is none."""
        row = self._spool.target(name)
        if row is None:
            return None
        last, modified, tags, description, kind, kept = row
        return Target(last, modified, tuple(tags.split("\n")) if tags else (), description, kind, kept)

    def _places(self, roots: t.Sequence[Root]) -> tuple[list[str], list[str]]:
        """Folders to list and items to describe so that every planned item is seen, none twice."""
        folders = {self._place(root.mount.path, root.path) for root in roots if root.is_folder or self._keys}
        single = [self._place(root.mount.path, root.path) for root in roots if not root.is_folder and not self._keys]
        if len(single) > _MOST_SINGLE:
            folders |= {self._place(root.mount.path, "") for root in roots}
            single = []
        outer = [folder for folder in sorted(folders) if not any(folder.startswith(f"{other}/") for other in folders)]
        return outer, [name for name in single if not any(name.startswith(f"{folder}/") for folder in outer)]

    def _place(self, mount: str, path: str) -> str:
        return self._naming.item(mount, path).rstrip("/")

    def _note(self, item: Item, digests: Digests) -> None:
        self._spool.put_target(
            (
                item.name,
                item.last_version,
                item.modified,
                "\n".join(item.tags),
                digests.of_text(item.description),
                item.type,
                item.max_versions,
            )
        )
