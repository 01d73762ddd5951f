# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback: decide about every item, roll back, confirm that by a listing, and bring the ledger up to date.

Vault is not needed: the items' tags, the target's listing and the ledger say what was done and what was there before.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..akeyless.items import Item, ItemStore
from ..common.progress import progress
from ..common.workers import for_each
from ..errors import FATAL, Changed, SecretferryError
from ..ledger.backup import backup_names
from ..ledger.items import metadata_item_name
from ..ledger.ledger import Ledger
from ..plan.definition import Definition
from ..plan.scope import Scope
from ..target.count import TargetCount
from .decide import Evidence, Kind, RollbackAction, RunSelection, decide, is_unchanged
from .evidence import EvidenceReader
from .report import RollbackReport
from .restore import delete_created, differences, restore_item
from .workdb import RollbackDb

__all__ = ["RollbackRun"]

_Line = dict[str, t.Any]  # of the plan: path, key, reason, versions


class RollbackRun:
    """One rollback. What it did, or would do, is in ``report`` afterwards.

    :ivar changed: whether anything was changed.
    """

    def __init__(
        self,
        definition: Definition,
        runs: RunSelection,
        scope: Scope,
        store: ItemStore,
        ledger: Ledger,
        workdb: RollbackDb,
        report: RollbackReport,
        evidence: EvidenceReader,
        count: TargetCount,
    ) -> None:
        self.report = report
        self.changed = False
        self._concurrency = definition.concurrency
        self._runs = runs
        self._scope = scope
        self._store = store
        self._ledger = ledger
        self._workdb = workdb
        self._evidence = evidence
        self._count = count
        self._stale: list[str] = []  # items that an earlier rollback restored without writing the ledger

    # --- the stages

    async def plan(self) -> None:
        """Decide about every item, after :meth:`.EvidenceReader.gather`."""
        progress.stage("plan", None)

        async def work(name: str) -> None:
            path, key = self._evidence.source_of(name)
            if self._scope.takes(path):
                await self._plan_item(name, path, key)
                progress.advance()

        await for_each(self._workdb.names(), work, concurrency=self._concurrency)

    @property
    def deletes_ledger(self) -> bool:
        """Whether nothing of the migration is left after the plan, so that its ledger is deleted, too."""
        return not self._runs.first and not self.report.not_rolled_back and self._scope.whole

    @property
    def changes_ledger(self) -> bool:
        """Whether the ledger must be changed even if no item is."""
        if not self._runs.first and not self.report.not_rolled_back:
            return self.deletes_ledger
        return bool(self._stale or self._finished_runs())

    async def roll_back(self) -> None:
        """Carry out the plan. Only under the lease.

        :raises SecretferryError: the run had to end early. The next rollback sees what was done by then.
        """
        for _name, _kind, line in self._workdb.outcomes("delete", "restore"):
            self._count.note(line["path"])
        if self._runs.first:
            await self._announce_deletions()
        progress.stage("roll back", self._workdb.count_outcomes("delete", "restore"))

        async def work(planned: tuple[str, str, _Line]) -> None:
            await self._ledger.lease.hold()
            failed = not await self._roll_back_item(*planned)
            progress.advance(failed=int(failed))

        try:
            await for_each(self._workdb.outcomes("delete", "restore"), work, concurrency=self._concurrency)
        except BaseException:
            self.report.give_up(self._workdb.count_outcomes("delete"), self._workdb.count_outcomes("restore"))
            raise
        await self._confirm()
        await self._update_ledger()

    # --- one item

    async def _plan_item(self, name: str, path: str, key: str) -> None:
        seen = self._evidence.known(name, path, key)
        try:
            action = decide(seen, self._runs)
            if action.kind == "read":
                seen = await self._evidence.read(name, seen)
                action = decide(seen, self._runs)
            if action.kind == "read":
                raise SecretferryError(f"the versions and the value of {name} cannot be read", "Run again")
            if action.kind == "already_deleted" and await self._store.describe(name) is not None:
                raise SecretferryError("the listing does not show it, and it is there", "Run again")
        except FATAL:
            raise
        except SecretferryError as error:
            action = RollbackAction("fail", error.message, error.remedy or "Run again")
        self.report.plan(path, name, action)
        line = {"path": path, "key": key, "reason": action.reason, "versions": list(action.versions)}
        self._workdb.put_outcome(name, action.kind, line)
        finished = action.kind in ("already_restored", "already_deleted")
        if finished and seen.record != self._evidence.record_after(seen, seen.item):
            self._stale.append(name)

    async def _roll_back_item(self, name: str, kind: str, line: _Line) -> bool:
        """Carry out the action for one item. Returns whether that succeeded."""
        planned: Kind = "delete" if kind == "delete" else "restore"
        path, key = line["path"], line["key"]
        seen = self._evidence.known(name, path, key)
        now: Item | None = None
        try:
            if seen.item is None:
                raise SecretferryError(f"{name} was deleted at the target", "Run again")
            seen, versions = await self._read_again(name, seen, planned, line["versions"])
            if seen.item is not None and planned == "delete":
                await delete_created(seen.item, self._store, self._ledger, self._evidence.naming.location)
            elif seen.item is not None:
                now = await self._restore(seen.item, seen, versions)
        except FATAL:
            raise
        except SecretferryError as error:
            self.changed = self.changed or planned == "restore"  # it may be restored in part
            self.report.fail(path, name, error.message, error.remedy or "Run again", planned)
            self._workdb.put_outcome(name, "failed", line)
            if seen.record is not None and seen.record.deletion_noted:
                self._ledger.replace_record(path, key, replace(seen.record, deletion_noted=False))
            return False
        self.changed = True
        self._workdb.put_outcome(name, f"{planned}d", line)
        self._ledger.replace_record(path, key, self._evidence.record_after(seen, now))
        return True

    async def _read_again(
        self, name: str, seen: Evidence, planned: Kind, versions: t.Sequence[int]
    ) -> tuple[Evidence, t.Sequence[int]]:
        """Read an item again whose date cannot tell whether it was changed since the plan.

        :raises Changed: the plan would be another one now.
        """
        if seen.item is None or is_unchanged(seen.item, seen, self._runs):
            return seen, versions
        seen = await self._evidence.read(name, seen)
        action = decide(seen, self._runs)
        if action.kind != planned:
            raise Changed(f"{name} was changed while the rollback ran", "Look at the item, then run again")
        return seen, action.versions

    async def _restore(self, item: Item, seen: Evidence, versions: t.Sequence[int]) -> Item | None:
        if seen.before is None:
            return None
        texts = await self._evidence.metadata_item_texts(seen.before)
        return await restore_item(item, seen.before, versions, texts, self._store, self._ledger, self._runs.tag)

    # --- the target and the ledger

    async def _announce_deletions(self) -> None:
        """Note in the ledger which items are about to be deleted.

        A rollback after an interrupted one must tell its deletions from those that others made.
        """
        for _name, _kind, line in self._workdb.outcomes("delete"):
            record = self._ledger.record(line["path"], line["key"])
            if record is not None and not record.deletion_noted:
                self._ledger.replace_record(line["path"], line["key"], replace(record, deletion_noted=True))
        await self._ledger.flush()

    async def _confirm(self) -> None:
        """List the target again and compare it with the state before, instead of trusting the answers to the writes."""
        await self._evidence.list_target()
        report = self.report
        for kind, planned in _DONE.items():
            for name, _kind, line in self._workdb.outcomes(kind):
                if reason := self._contradiction(name, planned, line):
                    remedy = "Look at the item and at what else writes there, then run again"
                    report.fail(line["path"], name, reason, remedy, planned)
        same, other = self._workdb.compare_listings()
        report.confirmation = {
            "listed": self._workdb.count_listed(),
            "deleted": report.counts["deleted"],
            "restored": report.counts["restored"],
            "untouched": same,
            "changed_by_others": other,
            "remaining": sum(1 for _item in self._evidence.remaining()),
        }

    def _contradiction(self, name: str, planned: Kind, line: _Line) -> str:
        """In what the listing contradicts that an item was rolled back; empty if it does not."""
        item = self._workdb.listed(name)
        if planned == "delete":
            return "it was deleted, and the listing shows it" if item else ""
        before = self._evidence.known(name, line["path"], line["key"]).before
        if item is None or before is None:
            return "it was restored, and the listing does not show it"
        # A listing does not show which versions are kept: these were compared right after the item was restored.
        differing = differences(replace(item, versions=tuple(before.versions)), before)
        return f"it was restored, and the listing shows another {', '.join(differing)}" if differing else ""

    async def _update_ledger(self) -> None:
        """Bring the ledger up to date; delete it if nothing of the migration is left."""
        self.changed = self.changed or bool(self._stale or self._finished_runs())
        for name in self._stale:
            path, key = self._evidence.source_of(name)
            seen = self._evidence.known(name, path, key)
            self._ledger.replace_record(path, key, self._evidence.record_after(seen, seen.item))
            if seen.item is None:
                await self._ledger.items.delete_metadata_item(metadata_item_name(name, self._evidence.naming.location))
        if not self._runs.first and not self._scope.batch and self._nothing_left():
            await self._ledger.lease.hold()
            await self._ledger.forget(metadata_items=True)
            self.changed = True
            return
        await self._ledger.flush()
        for run in sorted(self._finished_runs()):
            for name in backup_names(self._ledger.items, run):
                await self._ledger.lease.hold()
                await self._ledger.items.delete(name)

    def _nothing_left(self) -> bool:
        if self.report.not_rolled_back or (not self._scope.whole and self._workdb.count_entries()):
            return False
        return next(self._evidence.remaining(), None) is None

    def _finished_runs(self) -> set[str]:
        """The runs whose every change is rolled back: their backups need not be kept."""
        runs = self._workdb.backup_runs() - self._workdb.unfinished_runs()
        return {run for run in runs if self._runs.includes(run)}


_DONE: dict[str, Kind] = {"deleted": "delete", "restored": "restore"}
