# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollback knows: the ledger, how items were before, and the target as it is. Reads only."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..akeyless.items import Item, ItemStore
from ..ledger.backup import ItemBackup, backup_names, parse_bundle
from ..ledger.ledger import Ledger
from ..ledger.runs import run_of
from ..plan.definition import Definition
from ..plan.model import Record, takeover
from ..plan.naming import Naming, restore
from .decide import Evidence, Goal, is_clean
from .workdb import RollbackDb

__all__ = ["EvidenceReader"]


class EvidenceReader:
    """Everything that decides about items, kept in the work database; closer looks are taken one by one."""

    def __init__(
        self, definition: Definition, goal: Goal, store: ItemStore, ledger: Ledger, workdb: RollbackDb, naming: Naming
    ) -> None:
        self.naming = naming
        self._keyed = definition.layout == "keys"
        self._goal = goal
        self._store = store
        self._ledger = ledger
        self._workdb = workdb

    async def gather(self) -> set[str]:
        """Read the ledger and list the target; returns the runs that are known."""
        await self._ledger.load_entries()
        for name in self._workdb.entry_names():
            path, newline, key = name.partition("\n")
            entry = self._ledger.entry(path) if not newline else None
            if newline or (entry is not None and "" in entry.items):
                self._workdb.put_planned(self._name_of(path, key if newline else None), path, key)
        async for bundle, text in self._ledger.items.read(backup_names(self._ledger.items, bundles=True)):
            run = bundle.split("/")[-2]
            for item, before in parse_bundle(f"{self._ledger.folder}/{bundle}", text).items():
                self._workdb.put_before(item, run, bundle, before)
        await self.list_target()
        self._workdb.remember_listing()
        runs = {span.run for span in self._goal.spans} | self._workdb.runs()
        return runs | {run for item in self._workdb.found_items() if (run := run_of(item.tags, self._goal.tag))}

    async def list_target(self) -> None:
        """List the target anew, the ledger's own items aside."""
        self._workdb.forget_found()
        own = f"{self.naming.location}/.secretferry/"
        async for item in self._store.folder(self.naming.location):
            if not item.name.startswith(own):
                self._workdb.put_found(item)

    def _name_of(self, path: str, key: str | None) -> str:
        mount, _slash, rest = path.partition("/")
        return self.naming.item(mount, rest, key)

    def place_of(self, name: str) -> tuple[str, str]:
        """Source path and key of an item: as the ledger knows them, or else from its name."""
        planned = self._workdb.planned(name)
        if planned is not None:
            return planned
        key = restore(name.rpartition("/")[2], self.naming.escape) if self._keyed else ""
        return self.naming.path(name, key=self._keyed), key

    def evidence(self, name: str, path: str, key: str) -> Evidence:
        """What is known of an item without asking for more."""
        befores = self._workdb.before(name)
        item = self._workdb.found(name)
        before = _merged([body for run, body in befores if self._goal.takes(run)])
        digests = self._ledger.digests
        return Evidence(
            item=item,
            record=self._ledger.record(path, key),
            before=before,
            runs=frozenset(run for run, _body in befores),
            description=digests.of_text(item.description) if item else "",
            before_description=digests.of_text(before.description) if before else "",
        )

    async def look(self, name: str, seen: Evidence) -> Evidence:
        """Look closer: at the item's versions, and at values where they matter. Only digests of them are kept."""
        digests, before = self._ledger.digests, seen.before
        form = "text" if self._keyed else "json"
        item = await self._store.describe(name, versions=True)
        if item is None:
            return replace(seen, item=None)
        self._workdb.put_found(replace(item, versions=()))
        observed = saved = None
        clean = before is not None and not before.value and is_clean(item, seen.record, self._goal)
        if item.type == "STATIC_SECRET" and not clean:
            value = (await self._store.values([name])).get(name)
            observed = digests.of_value(value, form) if value is not None else None
        if before is not None and before.value:
            kept = await self._ledger.items.text(before.value)
            saved = digests.of_value(kept, form) if kept is not None else None
        differ = False
        for companion, text in (await self.companions(before)).items() if before is not None else ():
            differ = differ or text != await self._ledger.items.text(companion)
        return replace(
            seen,
            item=item,
            description=digests.of_text(item.description),
            observed=observed,
            saved=saved,
            companions_differ=differ,
        )

    async def companions(self, before: ItemBackup) -> dict[str, str | None]:
        """The metadata that companions held before, by name below the ledger's folder."""
        texts = dict(before.companions)
        for companion, kept in before.kept_texts.items():
            texts[companion] = await self._ledger.items.text(kept)
        return texts

    def record_after(self, record: Record | None, before: ItemBackup | None, item: Item | None) -> Record | None:
        """What the ledger is to remember of an item once it is as it was before."""
        ours = before is not None and (self._goal.tag in before.tags or takeover(before.tags, self._goal.tag))
        if record is None or before is None or item is None or not ours:
            return None
        return Record(
            last=item.last_version,
            mark=takeover(before.tags, self._goal.tag),
            # Not known to be clean where a value came back: the next run looks at it, as it would have before.
            modified="" if before.value else item.modified,
            description=self._ledger.digests.of_text(before.description),
            versions={number: held for number, held in record.versions.items() if held[0] <= before.last},
        )

    def left(self) -> t.Iterator[Item]:
        """Items of the migration that the listing shows."""
        for item in self._workdb.found_items():
            if self._goal.tag in item.tags or takeover(item.tags, self._goal.tag):
                yield item


def _merged(befores: list[ItemBackup]) -> ItemBackup | None:
    """How an item was before the first of several runs, with what only a later one had to write down."""
    if not befores:
        return None
    first = befores[0]
    value = next((before.value for before in befores if before.value and before.versions == first.versions), "")
    companions: dict[str, str | None] = {}
    kept_texts: dict[str, str] = {}
    for before in befores:
        for name, text in before.companions.items():
            if name not in companions and name not in kept_texts:
                companions[name] = text
        for name, kept in before.kept_texts.items():
            if name not in companions and name not in kept_texts:
                kept_texts[name] = kept
    return replace(first, value=value, companions=companions, kept_texts=kept_texts)
