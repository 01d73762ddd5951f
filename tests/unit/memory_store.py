# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items in memory, for tests of what is kept in items."""

from __future__ import annotations

import typing as t

from ansible_collections.secretferry.akeyless.plugins.module_utils.akeyless.items import Item, ItemStore
from ansible_collections.secretferry.akeyless.plugins.module_utils.errors import AlreadyExists, Changed, NotFound

__all__ = ["MemoryStore"]


class MemoryStore(ItemStore):
    """Items with one value each.

    :ivar content: name to number of the newest version, and value.
    :ivar written: names in the order of the writes.
    :ivar before_write: is called before each write.
    """

    def __init__(self) -> None:
        self.content: dict[str, tuple[int, str]] = {}
        self.written: list[str] = []
        self.before_write: t.Callable[[str], None] = lambda _name: None

    async def folder(self, path: str, containing: str = "") -> t.AsyncIterator[Item]:
        for name in sorted(self.content):
            if name.startswith(path + "/"):
                yield self._item(name)

    async def describe(self, name: str, *, versions: bool = False) -> Item | None:
        return self._item(name) if name in self.content else None

    async def values(self, names: t.Sequence[str], version: int = 0) -> dict[str, str]:
        if missing := [name for name in names if name not in self.content]:
            raise NotFound(f"{missing[0]} is not there")
        return {name: self.content[name][1] for name in names}

    async def create(self, name: str, value: str, **_options: t.Any) -> None:
        self._begin(name)
        if name in self.content:
            raise AlreadyExists(name)
        self.content[name] = 1, value

    async def append(self, name: str, value: str, last_version: int, *, form: str = "json") -> None:
        self._begin(name)
        if self.content.get(name, (0, ""))[0] != last_version:
            raise Changed(name)
        self.content[name] = last_version + 1, value

    async def replace(
        self, name: str, value: str, last_version: int, *, form: str = "json", own_key: bool = False
    ) -> None:
        await self.append(name, value, last_version)
        self.content[name] = last_version, value

    async def delete(self, name: str) -> bool:
        self._begin(name)
        return self.content.pop(name, None) is not None

    def _begin(self, name: str) -> None:
        self.before_write(name)
        self.written.append(name)

    def _item(self, name: str) -> Item:
        return Item(name, "STATIC_SECRET", self.content[name][0], "", (), "")
