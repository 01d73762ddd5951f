# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading items for a comparison: with as few requests as the API allows, and only keyed digests of values are kept."""

from __future__ import annotations

import asyncio
import typing as t
from collections import defaultdict

from ..akeyless.items import ItemStore
from ..errors import FATAL, NotFound, PermissionDenied, SecretferryError
from ..ledger.digests import Digests
from ..ledger.items import metadata_item_pieces
from ..plan.metadata import pointer_of

__all__ = ["ItemReader"]

_NAMES = 20  # in one request
_NAMES_OF_NEWEST = 50


class ItemReader:
    """Reads versions by number, many items in a request.

    :param form: ``json`` or ``text``, how values are compared.
    """

    def __init__(self, store: ItemStore, digests: Digests, form: str, ledger_folder: str) -> None:
        self._store = store
        self._digests = digests
        self._form = form
        self._ledger_folder = ledger_folder

    async def versions(self, wanted: t.Mapping[str, t.Iterable[int]]) -> dict[str, list[tuple[int, str]]]:
        """Number and keyed digest of the versions that were asked for, of those that are kept, oldest first.

        :param wanted: item to version numbers.
        :raises PermissionDenied: one of the items may not be read.
        """
        by_number: dict[int, list[str]] = defaultdict(list)
        for name, numbers in wanted.items():
            for number in numbers:
                by_number[number].append(name)
        batches = [
            (number, names[start : start + _NAMES])
            for number, names in sorted(by_number.items())
            for start in range(0, len(names), _NAMES)
        ]
        found: dict[str, list[tuple[int, str]]] = {name: [] for name in wanted}
        answers = await asyncio.gather(*(self._batch(names, number) for number, names in batches))
        for (number, _names), digests in zip(batches, answers, strict=True):
            for name, digest in digests.items():
                found[name].append((number, digest))
        return found

    async def newest(self, names: t.Sequence[str]) -> dict[str, str]:
        """Keyed digest of the newest value of each item, of those that can be read."""
        parts = [names[start : start + _NAMES_OF_NEWEST] for start in range(0, len(names), _NAMES_OF_NEWEST)]
        return {name: digest for part in await asyncio.gather(*map(self._newest, parts)) for name, digest in part}

    async def _newest(self, names: t.Sequence[str]) -> list[tuple[str, str]]:
        try:
            values = await self._store.values(names)
        except FATAL:
            raise
        except SecretferryError:
            # The request fails if one of them cannot be read: find that one by halves.
            if len(names) == 1:
                return []
            half = len(names) // 2
            return [*await self._newest(names[:half]), *await self._newest(names[half:])]
        return [(name, self._digests.of_value(text, self._form)) for name, text in values.items()]

    async def _batch(self, names: list[str], number: int) -> dict[str, str]:
        try:
            values = await self._store.values(names, number)
        except NotFound:
            # One that is no longer kept makes the whole request fail: ask one by one.
            values = {name: text for name in names if (text := await self._store.value(name, number)) is not None}
        return {name: self._digests.of_value(text, self._form) for name, text in values.items()}

    async def metadata(self, description: str) -> str | None:
        """The metadata in a description, or in the metadata item that it points to.

        :returns: ``None`` where it points to something that is not there, or is no metadata item.
        """
        pointer = pointer_of(description)
        if pointer is None:
            return description
        name, count = pointer
        folder = f"{self._ledger_folder}/"
        if not name.startswith(f"{folder}metadata/") or not 1 <= count <= 100:
            return None
        names = [folder + piece for piece in metadata_item_pieces(name.removeprefix(folder), count)]
        try:
            texts = [(await self._store.values([piece])).get(piece) for piece in names]
        except (NotFound, PermissionDenied):
            return None
        return None if None in texts else "".join(text or "" for text in texts)
