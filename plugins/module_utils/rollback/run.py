# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback: plan every item from what is known, and (outside check mode) take back, then prove it by a listing.

Vault is not needed: tags, the target's listing and the ledger say what was done and how it was before.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..akeyless.items import Item, ItemStore
from ..common.progress import progress
from ..common.workers import for_each
from ..errors import FATAL, SecretferryError
from ..ledger.backup import backup_names
from ..ledger.items import companion_name
from ..ledger.ledger import Ledger
from ..plan.definition import Definition
from ..plan.scope import Scope
from .decide import Goal, Step, decide
from .evidence import EvidenceReader
from .report import RollbackReport
from .restore import delete, differences
from .restore import restore as put_back
from .workdb import RollbackDb

__all__ = ["RollbackRun"]


class RollbackRun:
    """One rollback. Everything that it did or would do is in ``report`` afterwards.

    :ivar changed: whether anything was changed.
    """

    def __init__(
        self,
        definition: Definition,
        goal: Goal,
        scope: Scope,
        store: ItemStore,
        ledger: Ledger,
        workdb: RollbackDb,
        report: RollbackReport,
        view: EvidenceReader,
    ) -> None:
        self.report = report
        self.changed = False
        self._definition = definition
        self._view = view
        self._goal = goal
        self._scope = scope
        self._store = store
        self._ledger = ledger
        self._workdb = workdb
        self._stale: list[str] = []  # items whose ledger entry is behind, as a rollback before this one died

    # --- the stages

    async def plan(self) -> None:
        """Decide about every item."""
        progress.stage("plan", None)

        async def work(name: str) -> None:
            path, key = self._view.place_of(name)
            if self._scope.takes(path):
                await self._plan_one(name, path, key)
                progress.advance()

        await for_each(self._workdb.names(), work, concurrency=self._definition.concurrency)

    async def take_back(self) -> None:
        """Carry the plan out, prove it, and bring the ledger up to date. Under the lease.

        :raises SecretferryError: the run had to end early. What was done by then is seen by the next one.
        """
        if self._goal.since:
            await self._note_intents()
        progress.stage("take back", self._workdb.count_outcomes("delete", "restore"))

        async def work(step: tuple[str, str, dict[str, t.Any]]) -> None:
            await self._ledger.lease.hold()
            failed = not await self._take_back_one(*step)
            progress.advance(failed=int(failed))

        steps = self._workdb.outcomes("delete", "restore")
        try:
            await for_each(steps, work, concurrency=self._definition.concurrency)
        except BaseException:
            self.report.give_up(self._workdb.count_outcomes("delete"), self._workdb.count_outcomes("restore"))
            raise
        await self._prove()
        await self._tidy()

    @property
    def ledger_is_behind(self) -> bool:
        """Whether the ledger must be changed though no item is."""
        if not self._goal.since and not self.report.undone:
            return self._scope.whole or self._nothing_left(planned=True)
        return bool(self._stale or self._finished_runs())

    # --- one item

    async def _plan_one(self, name: str, path: str, key: str) -> None:
        seen = self._view.evidence(name, path, key)
        try:
            step = decide(seen, self._goal)
            if step.kind == "look":
                seen = await self._view.look(name, seen)
                step = decide(seen, self._goal)
            if step.kind == "look":
                raise SecretferryError(f"{name} cannot be judged", "Run again")
        except FATAL:
            raise
        except SecretferryError as error:
            step = Step("refuse", error.message, error.remedy or "Run again")
        self.report.plan(path, name, step)
        line = {"path": path, "key": key, "reason": step.reason, "versions": list(step.versions)}
        self._workdb.put_outcome(name, step.kind, line)
        if step.kind in ("done", "gone") and seen.record != self._view.record_after(
            seen.record, seen.before, seen.item
        ):
            self._stale.append(name)

    async def _take_back_one(self, name: str, kind: str, line: dict[str, t.Any]) -> bool:
        path, key = line["path"], line["key"]
        item = self._workdb.found(name)
        seen = self._view.evidence(name, path, key)
        now: Item | None = None
        try:
            if item is None:
                raise SecretferryError(f"{name} is gone", "Run again")
            if kind == "delete":
                await delete(item, self._store, self._ledger, self._view.naming.location)
            elif seen.before is not None:
                companions = await self._view.companions(seen.before)
                now = await put_back(
                    item, seen.before, line["versions"], companions, self._store, self._ledger, self._goal.tag
                )
        except FATAL:
            raise
        except SecretferryError as error:
            self.changed = self.changed or kind == "restore"  # it may have come some way
            self.report.fail(path, name, error.message, error.remedy or "Run again", planned=kind)
            self._workdb.put_outcome(name, "failed", line)
            if seen.record is not None and seen.record.doomed:
                self._ledger.replace_record(path, key, replace(seen.record, doomed=False))
            return False
        self.changed = True
        self._workdb.put_outcome(name, f"{kind}d", line)
        self._ledger.replace_record(path, key, self._view.record_after(seen.record, seen.before, now))
        return True

    # --- around it

    async def _note_intents(self) -> None:
        """Note in the ledger what is about to be deleted: a rollback that dies must know it from what others delete."""
        for _name, _kind, line in self._workdb.outcomes("delete"):
            record = self._ledger.record(line["path"], line["key"])
            if record is not None and not record.doomed:
                self._ledger.replace_record(line["path"], line["key"], replace(record, doomed=True))
        await self._ledger.flush()

    async def _prove(self) -> None:
        """List the target once more and compare it with the state before, instead of trusting that all was done."""
        await self._view.list_target()
        report = self.report
        for name, kind, line in self._workdb.outcomes("deleted", "restored"):
            reason = self._contradiction(name, kind, line)
            if reason:
                remedy = "Somebody else writes there: look at the item, then run again"
                report.fail(line["path"], name, reason, remedy, planned=kind.removesuffix("d"))
        same, other = self._workdb.compare_listings()
        report.proof = {
            "listed": self._workdb.count_found(),
            "deleted": report.counts["deleted"],
            "restored": report.counts["restored"],
            "untouched": same,
            "changed_by_others": other,
            "left": sum(1 for _item in self._view.left()),
        }

    def _contradiction(self, name: str, kind: str, line: dict[str, t.Any]) -> str:
        """What the listing says against an item's having been taken back; empty where it says nothing."""
        item = self._workdb.found(name)
        if kind == "deleted":
            return "it was deleted, and the listing shows it" if item else ""
        before = self._view.evidence(name, line["path"], line["key"]).before
        if item is None or before is None:
            return "it was put back, and is not in the listing"
        # Listings do not tell which versions are kept: these were compared right after the item was put back.
        differing = differences(replace(item, versions=tuple(before.versions)), before)
        return f"it was put back, and the listing shows another {', '.join(differing)}" if differing else ""

    async def _tidy(self) -> None:
        """Bring the ledger up to date; forget it where nothing of the migration is left."""
        self.changed = self.changed or bool(self._stale or self._finished_runs())
        for name in self._stale:
            path, key = self._view.place_of(name)
            seen = self._view.evidence(name, path, key)
            self._ledger.replace_record(path, key, self._view.record_after(seen.record, seen.before, seen.item))
            if seen.item is None:
                await self._ledger.items.delete_companion(companion_name(name, self._view.naming.location))
        if not self._goal.since and not self._scope.batch and self._nothing_left(planned=False):
            await self._ledger.lease.hold()
            await self._ledger.forget(companions=True)
            self.changed = True
            self.report.ledger_deleted = True
            return
        await self._ledger.flush()
        for run in sorted(self._finished_runs()):
            for name in backup_names(self._ledger.items, run):
                await self._ledger.lease.hold()
                await self._ledger.items.delete(name)

    def _nothing_left(self, *, planned: bool) -> bool:
        if self.report.undone:
            return False
        if planned:
            return self._scope.whole
        known = 0 if self._scope.whole else self._workdb.count_entries()
        return not known and next(self._view.left(), None) is None

    def _finished_runs(self) -> set[str]:
        """Runs whose every change is taken back: how things were before them need not be kept."""
        return {run for run in self._workdb.runs() - self._workdb.unfinished_runs() if self._goal.takes(run)}
