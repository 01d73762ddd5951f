# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of a result that hold a limited number of entries, and say how many they left out."""

from __future__ import annotations

import typing as t

__all__ = ["BoundedList"]

_T = t.TypeVar("_T")


class BoundedList(t.Generic[_T]):
    """Keeps the first entries by ``key`` of any number that are added, in memory bounded by ``limit``.

    Which entries are kept does not depend on the order in which they are added. Without a key, those that came first.

    :param limit: how many entries are kept at the most.
    :ivar count: how many were added.
    """

    def __init__(self, limit: int, key: t.Callable[[_T], t.Any] | None = None) -> None:
        self.count = 0
        self._limit = limit
        self._key = key
        self._entries: list[_T] = []

    def add(self, entry: _T) -> None:
        """Add an entry."""
        self.count += 1
        if self._key is None:
            if len(self._entries) < self._limit:
                self._entries.append(entry)
            return
        self._entries.append(entry)
        if len(self._entries) > self._limit * 4 + 100:
            self._entries = self.shown()

    def shown(self) -> list[_T]:
        """The entries that are kept, in order."""
        if self._key is None:
            return list(self._entries)
        return sorted(self._entries, key=self._key)[: self._limit]

    @property
    def left_out(self) -> int:
        """How many of those that were added are not shown."""
        return self.count - min(len(self._entries), self._limit)
