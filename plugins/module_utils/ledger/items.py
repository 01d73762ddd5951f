# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The items in a ledger's folder: which there are, reading and writing them, and the metadata items among them.

A metadata item, ``metadata/<path of the item>``, holds metadata that is too long for a description. Where one item
cannot hold it, it continues in ``metadata-2/...``, ``metadata-3/...``: in folders of their own, as any other
name below ``metadata/`` could be the metadata item of another item.
"""

from __future__ import annotations

import contextlib
import typing as t

from ..akeyless.item import DAMAGED, strange_answer
from ..akeyless.items import Item, ItemStore
from ..errors import AlreadyExists, Changed, NotFound
from ..plan.metadata import pieces
from ..plan.naming import below
from .lease import Lease

__all__ = ["LedgerItems", "is_metadata_item", "metadata_item_name", "metadata_item_pieces"]

_METADATA = "metadata"
_READ_AT_ONCE = 20  # values in one request


class LedgerItems:
    """The items of one ledger. Their names are those below its folder.

    What another run writes after :meth:`load` is not seen. Write only under the lease: no other run writes then.
    """

    def __init__(self, store: ItemStore, folder: str, tag: str, lease: Lease) -> None:
        self.folder = folder
        self._store = store
        self._tag = f"{tag}:ledger"
        self._lease = lease
        self._versions: dict[str, int] = {}  # name -> newest version

    async def load(self) -> None:
        """List the folder."""
        async for item in self._store.folder(self.folder):
            if item.name.startswith(self.folder + "/"):
                self._note(item)

    async def exists_now(self, name: str) -> bool:
        """Whether there is such an item at this moment."""
        item = await self._store.describe(f"{self.folder}/{name}")
        if item is not None:
            self._note(item)
        return item is not None

    def _note(self, item: Item) -> None:
        if item.type == DAMAGED:
            raise strange_answer(f"list of {self.folder}")
        self._versions[item.name.removeprefix(self.folder + "/")] = item.last_version

    def has(self, name: str) -> bool:
        """Whether there is such an item, as far as this run knows."""
        return name in self._versions

    def names(self, prefix: str = "") -> list[str]:
        """The names that begin with ``prefix``, sorted."""
        return sorted(name for name in self._versions if name.startswith(prefix))

    def versions(self, names: t.Iterable[str]) -> dict[str, int]:
        """The newest versions of these items, by name."""
        return {name: self._versions[name] for name in names}

    # --- reading

    async def read(self, names: t.Sequence[str], *, but_deleted: bool = False) -> t.AsyncIterator[tuple[str, str]]:
        """Names and values of several items, many in a request. In bounded memory.

        :param but_deleted: leave out those that another run has deleted since the ledger was listed.
        :raises NotFound: one of them is not there.
        :raises ApiError: the answer lacks one that is there.
        """
        for start in range(0, len(names), _READ_AT_ONCE):
            full = [f"{self.folder}/{name}" for name in names[start : start + _READ_AT_ONCE]]
            try:
                values = await self._store.values(full)
            except NotFound:
                if not but_deleted:
                    raise
                values = await self._values_one_by_one(full)
            for name in full:
                if name in values:
                    yield name.removeprefix(self.folder + "/"), values[name]
                elif await self._store.describe(name) is not None:
                    # Without it, the ledger would be taken for another one.
                    raise strange_answer(f"value of {name}")

    async def _values_one_by_one(self, full: t.Sequence[str]) -> dict[str, str]:
        """The values of those that are there."""
        values: dict[str, str] = {}
        for name in full:
            with contextlib.suppress(NotFound):
                values.update(await self._store.values([name]))
        return values

    async def texts(self, names: t.Sequence[str]) -> dict[str, str]:
        """The values of several items, by name. Errors: as for :meth:`read`."""
        return {name: text async for name, text in self.read(names)}

    async def text(self, name: str) -> str | None:
        """The value of an item, ``None`` where there is none."""
        if name in self._versions:
            with contextlib.suppress(NotFound):
                return (await self.texts([name])).get(name)
        return None

    # --- writing

    async def create(self, name: str, text: str, form: str = "json", *, versions: int = 2) -> None:
        """Create an item.

        :param versions: how many versions it keeps; 1 for an item that never changes.
        :raises AlreadyExists: it is there already.
        """
        await self._store.create(
            f"{self.folder}/{name}", text, tag=self._tag, max_versions=versions, form=form, passing=True
        )
        self._versions[name] = 1

    async def write(self, name: str, text: str, form: str = "json") -> None:
        """Create an item, or replace its value."""
        full = f"{self.folder}/{name}"
        if name not in self._versions:
            try:
                await self.create(name, text, form)
                return
            except AlreadyExists:
                item = await self._store.describe(full)
                self._versions[name] = item.last_version if item else 0
        try:
            await self.replace(name, text, form)
        except Changed:
            # Some accounts make a new version of each write: then the number is higher than we know.
            item = await self._store.describe(full)
            if item is None or not self._lease.held:
                raise
            self._versions[name] = item.last_version
            await self._store.replace(full, text, item.last_version, form=form)

    async def replace(self, name: str, text: str, form: str = "json") -> None:
        """Replace the value of an item, on condition that its version is the one that this run knows.

        :raises Changed: it is another one.
        """
        await self._store.replace(f"{self.folder}/{name}", text, self._versions[name], form=form)

    async def delete(self, name: str, *, anyway: bool = False) -> None:
        """Delete an item, where it is there.

        :param anyway: ask for it even where this run does not know of such an item.
        """
        if anyway or name in self._versions:
            await self._store.delete(f"{self.folder}/{name}")
            self._versions.pop(name, None)

    def forget(self, name: str) -> None:
        """Note that an item does not exist."""
        self._versions.pop(name, None)

    # --- metadata items

    async def write_metadata_item(self, name: str, text: str) -> None:
        """Write metadata to a metadata item, see :func:`metadata_item_name`."""
        cut = pieces(text)
        for piece_name, piece in zip(metadata_item_pieces(name, len(cut)), cut, strict=True):
            await self.write(piece_name, piece, form="json" if len(cut) == 1 else "text")

    def count_pieces(self, name: str) -> int:
        """In how many pieces a metadata item is there, 0 where it is not."""
        count = 0
        while self.has(metadata_item_pieces(name, count + 1)[-1]):
            count += 1
        return count

    async def delete_metadata_item(self, name: str, *, but: int = 0) -> None:
        """Delete a metadata item, where it is there: all its pieces, the last one first.

        :param but: how many of its pieces are still needed.
        """
        for number in range(self.count_pieces(name), but, -1):
            await self.delete(metadata_item_pieces(name, number)[-1])


def metadata_item_name(item: str, location: str) -> str:
    """The metadata item of an item.

    :param item: the item's full name.
    :param location: the migration's target location, a folder above the item.
    """
    return _METADATA + below(location, item)


def metadata_item_pieces(name: str, count: int) -> list[str]:
    """The items that hold a metadata item in so many pieces: ``metadata/...``, ``metadata-2/...``."""
    path = name.removeprefix(_METADATA)
    return [name, *(f"{_METADATA}-{number}{path}" for number in range(2, count + 1))]


def is_metadata_item(name: str) -> bool:
    """Whether an item of the ledger is (a piece of) a metadata item."""
    return name.startswith(_METADATA) and "/" in name
