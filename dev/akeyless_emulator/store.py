# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items with their versions, in memory, in the order of their names."""

from __future__ import annotations

import typing as t
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["DYNAMIC", "STATIC", "Item", "Store", "Version"]

STATIC = "STATIC_SECRET"
DYNAMIC = "DYNAMIC_SECRET"


@dataclass(slots=True)
class Version:
    """One value of an item. ``created`` and ``modified`` are microseconds since 1970."""

    number: int
    value: str
    created: int
    modified: int
    protection_key: str = ""


@dataclass(slots=True)
class Item:
    """A static secret; or without a value a dynamic secret, or an encryption key: then ``kind`` is its algorithm.

    ``locks``: what others than ``locked_by`` may not do with it, ``read`` and ``update``.
    """

    name: str
    id: int
    kind: str
    created: int
    modified: int
    sub_type: str = "generic"
    form: str = "text"
    description: str = ""
    tags: list[str] = field(default_factory=list)
    delete_protection: bool = False
    max_versions: int = 0
    last_version: int = 1
    protection_key: str = ""
    custom_fields: dict[str, str] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)
    locks: list[str] = field(default_factory=list)
    locked_by: str = ""

    def version(self, number: int) -> Version | None:
        return next((v for v in self.versions if v.number == number), None)

    @property
    def current(self) -> Version:
        return self.versions[-1]


class Store:
    """All items of the account. ``changed`` collects the names that a storage has still to write down."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.next_id = 1_000_001
        self.changed: set[str] = set()
        self._names: list[str] = []
        self._new: list[str] = []
        self._stale = False

    def get(self, name: str) -> Item | None:
        return self.items.get(name)

    def add(self, item: Item) -> None:
        self.items[item.name] = item
        self._new.append(item.name)
        self.changed.add(item.name)

    def touch(self, item: Item) -> None:
        self.changed.add(item.name)

    def remove(self, item: Item) -> None:
        del self.items[item.name]
        self._stale = True
        self.changed.add(item.name)

    def rename(self, item: Item, name: str) -> None:
        self.remove(item)
        item.name = name
        self.add(item)

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def replace_all(self, items: t.Iterable[Item]) -> None:
        self.changed.update(self.items)
        self.items = {item.name: item for item in items}
        self.changed.update(self.items)
        self._stale = True
        self.next_id = max([self.next_id, *(item.id + 1 for item in self.items.values())])

    def under(self, prefix: str, after: str = "") -> Iterator[Item]:
        """Items whose name begins with ``prefix``, by name, from the first one behind ``after``."""
        names = self._sorted()
        for i in range(max(bisect_left(names, prefix), bisect_right(names, after)), len(names)):
            if not names[i].startswith(prefix):
                return
            yield self.items[names[i]]

    def folders(self, prefix: str) -> Iterator[str]:
        """The folders directly below ``prefix`` (which ends with a slash), each with a slash at its end."""
        names = self._sorted()
        i = bisect_left(names, prefix)
        while i < len(names) and names[i].startswith(prefix):
            head, slash, _rest = names[i][len(prefix) :].partition("/")
            if slash:
                yield f"{prefix}{head}/"
                i = bisect_left(names, f"{prefix}{head}0", i)  # "0" is the character behind "/"
            else:
                i += 1

    def _sorted(self) -> list[str]:
        # Sorted when items are listed: creating items stays cheap.
        if self._stale:
            self._names = sorted(self.items)
        elif self._new:
            self._names.extend(self._new)
            self._names.sort()
        self._stale = False
        self._new.clear()
        return self._names
