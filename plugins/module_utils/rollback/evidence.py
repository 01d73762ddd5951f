# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The evidence of a rollback: the ledger with its backups of items, and the target as it is. Reads only."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..akeyless.items import Item, ItemStore
from ..ledger.backup import ItemBackup, read_bundles
from ..ledger.ledger import Ledger
from ..ledger.runs import run_of
from ..plan.definition import Definition
from ..plan.model import Record, takeover
from ..plan.naming import Naming, is_of_ledger, restore
from ..target.intended import Intended
from .decide import Evidence, RunSelection, is_unchanged
from .workdb import RollbackDb

__all__ = ["EvidenceReader"]


class EvidenceReader:
    """Reads what the actions are decided from, into the work database; items and their values only one by one."""

    def __init__(
        self,
        definition: Definition,
        runs: RunSelection,
        store: ItemStore,
        ledger: Ledger,
        workdb: RollbackDb,
        naming: Naming,
    ) -> None:
        self.naming = naming
        self._keyed = definition.layout == "keys"
        self._runs = runs
        self._store = store
        self._ledger = ledger
        self._workdb = workdb

    async def gather(self) -> set[str]:
        """Read the ledger and list the target. Returns the ids of the runs that they know."""
        await self._ledger.load_entries()
        for name in self._workdb.entry_names():
            path, newline, key = name.partition("\n")
            entry = self._ledger.entry(path) if not newline else None
            if newline or (entry is not None and "" in entry.items):
                self._workdb.put_recorded(self._item_name(path, key if newline else None), path, key)
        async for bundle in read_bundles(self._ledger.items):
            for item, before in bundle.items.items():
                self._workdb.put_backup(item, bundle.run, bundle.name, before)
        await self.list_target()
        self._workdb.remember_listing()
        runs = {span.run for span in self._ledger.lease.spans} | self._workdb.backup_runs()
        return runs | {run for item in self._workdb.listed_items() if (run := run_of(item.tags, self._runs.tag))}

    async def list_target(self) -> None:
        """List the target again, without the ledger's own items."""
        self._workdb.forget_listing()
        async for item in self._store.folder(self.naming.location):
            if not is_of_ledger(self.naming.location, item.name):
                self._workdb.put_listed(item)

    def _item_name(self, path: str, key: str | None) -> str:
        mount, _slash, rest = path.partition("/")
        return self.naming.item(mount, rest, key)

    def source_of(self, name: str) -> tuple[str, str]:
        """Source path and key of an item: those that the ledger records, otherwise those that its name stands for."""
        recorded = self._workdb.recorded(name)
        if recorded is not None:
            return recorded
        key = restore(name.rpartition("/")[2], self.naming.escape) if self._keyed else ""
        return self.naming.path(name, key=self._keyed), key

    def known(self, name: str, path: str, key: str) -> Evidence:
        """The evidence of an item from the listing and the ledger, without its versions and values."""
        backups = self._workdb.backups(name)
        item = self._workdb.listed(name)
        before = _merged([backup for run, backup in backups if self._runs.includes(run)])
        digests = self._ledger.digests
        return Evidence(
            item=item,
            record=self._ledger.record(path, key),
            before=before,
            intended=Intended.of(
                name,
                item.tags if item else (),
                self._runs.tag,
                digests,
                (meant for _run, backup in backups for meant in backup.meant),
                (meant for _run, backup in backups for meant in backup.meant_versions),
            ),
            description=digests.of_text(item.description) if item else "",
            before_description=digests.of_text(before.description) if before else "",
        )

    async def read(self, name: str, seen: Evidence) -> Evidence:
        """Add the item's versions, and the values that matter. Only digests of values are kept."""
        digests, before = self._ledger.digests, seen.before
        form = "text" if self._keyed else "json"
        item = await self._store.describe(name, versions=True)
        if item is None:
            return replace(seen, item=None)
        self._workdb.put_listed(replace(item, versions=()))
        observed = saved = None
        value_decides = (
            before is None
            or before.value
            or not is_unchanged(item, replace(seen, description=digests.of_text(item.description)), self._runs)
        )
        if item.type == "STATIC_SECRET" and value_decides:
            value = (await self._store.values([name])).get(name)
            observed = digests.of_value(value, form) if value is not None else None
        if before is not None and before.value:
            replaced = await self._ledger.items.text(before.value)
            saved = digests.of_value(replaced, form) if replaced is not None else None
        differ = False
        for metadata_item, text in (await self.metadata_item_texts(before)).items() if before is not None else ():
            differ = differ or text != await self._ledger.items.text(metadata_item)
        return replace(
            seen,
            item=item,
            description=digests.of_text(item.description),
            observed=observed,
            saved=saved,
            metadata_items_differ=differ,
        )

    async def metadata_item_texts(self, before: ItemBackup) -> dict[str, str | None]:
        """The texts that metadata items had before: name below the ledger's folder to text, ``None`` for no item."""
        texts = dict(before.metadata_items)
        for metadata_item, copy in before.kept_texts.items():
            texts[metadata_item] = await self._ledger.items.text(copy)
        return texts

    def record_after(self, seen: Evidence, item: Item | None) -> Record | None:
        """What the ledger is to record of an item after its rollback; ``None`` for nothing.

        :param item: the item as it is then; ``None`` if it is deleted.
        """
        record, before, tag = seen.record, seen.before, self._runs.tag
        if record is None or before is None or item is None or not (tag in before.tags or takeover(before.tags, tag)):
            return None
        return Record(
            last=item.last_version,
            mark=takeover(before.tags, tag),
            # Unsettled where the rollback changed the item a moment ago: then the next run reads its value.
            modified=record.modified if record.modified == item.modified else "",
            description=self._ledger.digests.of_text(before.description),
            versions={number: written for number, written in record.versions.items() if written[0] <= before.last},
        )

    def remaining(self) -> t.Iterator[Item]:
        """Items of the migration that the target lists."""
        for item in self._workdb.listed_items():
            if self._runs.tag in item.tags or takeover(item.tags, self._runs.tag):
                yield item


def _merged(backups: list[ItemBackup]) -> ItemBackup | None:
    """The state of an item before the first of several runs, with the texts that only a later run had to keep."""
    if not backups:
        return None
    first = backups[0]
    value = next((b.value for b in backups if b.value and b.versions == first.versions), "")
    metadata_items: dict[str, str | None] = {}
    kept_texts: dict[str, str] = {}
    for backup in backups:
        for name, text in backup.metadata_items.items():
            if name not in metadata_items and name not in kept_texts:
                metadata_items[name] = text
        for name, copy in backup.kept_texts.items():
            if name not in metadata_items and name not in kept_texts:
                kept_texts[name] = copy
    return replace(first, value=value, metadata_items=metadata_items, kept_texts=kept_texts)
