# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups: how items were before a run changed them, written before the first change. A rollback needs them.

Items that a run creates need none: a tag says which run created them. For every other item that a run is about to
change, the ledger's folder keeps, before the change:

``backup/<run>/<number>``
    for several items together: newest version, kept versions, description, tags, format, and the metadata items that
    are about to be replaced.
``backup/<run>/text-<number>``
    a value that is about to be replaced in place, as it was; or metadata that is too long for the item above.

Items that are changed at the same time share an item of the first kind, so a backup costs one read of each item, and
few writes.
"""

from __future__ import annotations

import asyncio
import json
import typing as t
from dataclasses import asdict, dataclass, field

from ..akeyless.items import Item, ItemStore
from ..errors import Changed, LedgerError, PermissionDenied, SecretferryError
from ..plan.model import ranges
from .items import LedgerItems
from .lease import Lease

__all__ = ["BackupWriter", "Bundle", "ItemBackup", "backup_names", "read_bundles"]

_FOLDER = "backup/"
_TEXT = "text-"
_FORMAT = 1
_BUNDLE_LIMIT = 15_500  # bytes; an item holds 16 KB
_LONGEST_INSIDE = 3_000  # bytes of metadata items' texts that a bundle takes


@dataclass
class ItemBackup:
    """An item before a run changed it.

    :ivar last: its newest version.
    :ivar versions: the versions that were kept, ascending.
    :ivar kept: how many versions it was set to keep.
    :ivar form: its format.
    :ivar value: the item of the ledger that holds its newest value, where that is replaced in place.
    :ivar metadata_items: name of a metadata item to its text, ``None`` for one that was not there; only of those that
        were about to be written.
    :ivar kept_texts: the same for texts that are items of their own: to the name of that item.
    :ivar meant: keyed digest of the description that the run is about to write; nothing where it writes none.
    :ivar meant_versions: number and keyed digest of the versions that it may write.
    """

    last: int
    versions: list[int]
    description: str
    tags: list[str]
    kept: int
    form: str
    value: str = ""
    metadata_items: dict[str, str | None] = field(default_factory=dict)
    kept_texts: dict[str, str] = field(default_factory=dict)
    meant: list[str] = field(default_factory=list)
    meant_versions: list[tuple[int, str]] = field(default_factory=list)

    @classmethod
    def of(cls, item: Item) -> ItemBackup:
        """The item as it is now."""
        return cls(
            item.last_version, list(item.versions), item.description, list(item.tags), item.max_versions, item.form
        )

    def dump(self) -> dict[str, t.Any]:
        """As a JSON object, without empty members."""
        data = {**asdict(self), "versions": ranges(self.versions)}
        return {key: value for key, value in data.items() if value not in ("", [], {})}

    @classmethod
    def load(cls, data: dict[str, t.Any]) -> ItemBackup:
        """The opposite of :meth:`dump`."""
        empty: dict[str, t.Any] = {"description": "", "tags": [], "form": ""}
        versions = [number for first, last in data.get("versions", ()) for number in range(first, last + 1)]
        meant = [tuple(pair) for pair in data.get("meant_versions", ())]
        return cls(**{**empty, **data, "versions": versions, "meant_versions": meant})


@dataclass
class _Waiting:
    """A backup that is to be written with the next bundle."""

    text: str  # the member of the bundle: the item's name and its ItemBackup
    done: bool = False
    error: SecretferryError | None = None


class BackupWriter:
    """Writes the backups of one run. Any number of tasks may use it at once.

    :param items: those of the ledger.
    """

    def __init__(self, store: ItemStore, items: LedgerItems, lease: Lease) -> None:
        self._store = store
        self._items = items
        self._lease = lease
        self._waiting: list[_Waiting] = []
        self._writing = asyncio.Lock()
        self._bundles = 0
        self._texts = 0

    async def back_up(
        self,
        name: str,
        last: int | None,
        *,
        overwrite: bool = False,
        metadata_items: t.Sequence[str] = (),
        meant: t.Sequence[str] = (),
        meant_versions: t.Sequence[tuple[int, str]] = (),
        as_planned: t.Callable[[Item], bool] = lambda _item: True,
    ) -> None:
        """Write down how an item is. When this returns, the item may be changed. Only under the lease.

        :param last: its newest version according to the plan, ``None`` where that does not matter.
        :param overwrite: whether its newest value is about to be replaced in place.
        :param metadata_items: names of the metadata items that are about to be written or deleted with it.
        :param meant: the digest of the description that is about to be written, or nothing.
        :param meant_versions: number and digest of what may be written.
        :param as_planned: whether the item is the one that was planned for.
        :raises Changed: the item is at another version, or another one.
        """
        item = await self._store.describe(name, versions=True)
        if item is None or last not in (None, item.last_version):
            now = f"is now at {item.last_version}" if item else "does not exist any more"
            raise Changed(f"change {name}: it was at version {last} and {now}")
        if not as_planned(item):
            raise Changed(f"change {name}: it was changed at the target since it was listed", "Run again")
        before = ItemBackup.of(item)
        before.meant, before.meant_versions = [*meant], [*meant_versions]
        if overwrite:
            before.value = await self._keep_text(await self._value(name))
        for metadata_item in metadata_items:
            before.metadata_items[metadata_item] = await self._items.text(metadata_item)
        if len(_compact(before.metadata_items).encode()) > _LONGEST_INSIDE:
            for metadata_item, text in before.metadata_items.items():
                if text is not None:
                    before.kept_texts[metadata_item] = await self._keep_text(text)
            before.metadata_items = {name: text for name, text in before.metadata_items.items() if text is None}
        mine = _Waiting(f"{_compact(name)}:{_compact(before.dump())}")
        self._waiting.append(mine)
        # While one bundle is being written, backups for the next one come together.
        async with self._writing:
            while not mine.done:
                await self._write_bundle()
        if mine.error is not None:
            raise mine.error

    async def _value(self, name: str) -> str:
        try:
            # Without a version number, as the newest version that is kept may be an older one.
            value = (await self._store.values([name])).get(name)
        except PermissionDenied as error:
            raise PermissionDenied(
                f"{error.message}; so it could not be restored",
                "Give the migration's Akeyless role read on this path, or set conflict to append or skip",
                status=error.status,
            ) from None
        if value is None:
            raise Changed(f"change {name}: it has no value any more")
        return value

    async def _keep_text(self, text: str) -> str:
        self._texts, name = self._free_name(_TEXT + "{}", self._texts)
        await self._items.create(name, text, "text", versions=1)
        return name

    def _free_name(self, pattern: str, number: int) -> tuple[int, str]:
        """The next number whose name is free, and that name. One run may use several writers, one after the other."""
        while True:
            number += 1
            name = f"{_FOLDER}{self._lease.run}/{pattern.format(number)}"
            if not self._items.has(name):
                return number, name

    async def _write_bundle(self) -> None:
        batch: list[_Waiting] = []
        room = _BUNDLE_LIMIT - 100
        while self._waiting and (not batch or len(self._waiting[0].text.encode()) < room):
            batch.append(self._waiting.pop(0))
            room -= len(batch[-1].text.encode()) + 1
        self._bundles, name = self._free_name("{:06d}", self._bundles)
        text = f'{{"format":{_FORMAT},"items":{{{",".join(waiting.text for waiting in batch)}}}}}'
        try:
            await self._items.create(name, text, versions=1)
        except SecretferryError as error:
            for waiting in batch:
                waiting.done, waiting.error = True, error
        except BaseException:
            self._waiting[:0] = batch
            raise
        else:
            for waiting in batch:
                waiting.done = True


class Bundle(t.NamedTuple):
    """The backups that one item of the ledger holds."""

    name: str
    run: str
    items: dict[str, ItemBackup]


def _compact(data: t.Any) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)


def backup_names(items: LedgerItems, run: str = "", *, bundles: bool = False) -> list[str]:
    """The names of the backups among the ledger's items.

    :param run: only those of this run.
    :param bundles: without the texts that are items of their own.
    """
    names = items.names(f"{_FOLDER}{run}/" if run else _FOLDER)
    return [name for name in names if not (bundles and name.rpartition("/")[2].startswith(_TEXT))]


async def read_bundles(items: LedgerItems, runs: t.Iterable[str] = ("",)) -> t.AsyncIterator[Bundle]:
    """The bundles of these runs, or of all runs.

    Leaves out those that are deleted meanwhile: the rollback of another batch does that, once it has rolled back all
    that they describe.

    :raises LedgerError: one was made by a newer release, or is damaged.
    """
    names = [name for run in runs for name in backup_names(items, run, bundles=True)]
    async for name, text in items.read(names, but_deleted=True):
        yield Bundle(name, name.split("/")[-2], _parse_bundle(f"{items.folder}/{name}", text))


def _parse_bundle(name: str, text: str) -> dict[str, ItemBackup]:
    """The backups in a bundle, by item name.

    :param name: the bundle's, for errors.
    :raises LedgerError: it was made by a newer release, or is damaged.
    """
    try:
        data = json.loads(text)
        if data["format"] != _FORMAT:
            raise LedgerError(f"{name} has format {data['format']}", "Use the release that wrote it, or a newer one")
        return {item: ItemBackup.load(body) for item, body in data["items"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LedgerError(
            f"{name} is damaged", "Delete it: the items that it describes must then be restored by hand"
        ) from None
