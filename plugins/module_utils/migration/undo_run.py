# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollback: gather what is known, plan every item, and (outside check mode) take back, then prove it by a listing.

Vault is not needed: tags, the target's listing and the ledger say what was done and how it was before.
"""

from __future__ import annotations

import asyncio
import typing as t
from dataclasses import replace

from ..akeyless.items import Item, ItemStore
from ..errors import FerryError, LedgerError, LoginError, NotFound, TransportError
from ..pacing import Outage
from .before import FOLDER, Before, parse_bundle
from .definition import Definition
from .ledger import Ledger
from .naming import Naming, restore
from .plan import Record, takeover
from .progress import progress
from .runs import run_of
from .scope import Scope
from .undo import Evidence, Goal, Step, decide, is_clean
from .undo_report import UndoReport
from .undo_spool import UndoSpool
from .unwind import companion_names, delete, differences
from .unwind import restore as put_back

__all__ = ["Undo"]

_ASKED_AT_ONCE = 20  # values in one request
# The whole run ends on these: nothing that comes after could go better.
_FATAL = (Outage, LoginError, LedgerError, TransportError)


class Undo:
    """One rollback. Everything that it did or would do is in ``report`` afterwards."""

    def __init__(
        self,
        definition: Definition,
        goal: Goal,
        scope: Scope,
        store: ItemStore,
        ledger: Ledger,
        spool: UndoSpool,
        report: UndoReport,
        naming: Naming,
    ) -> None:
        self.report = report
        self._definition = definition
        self._goal = goal
        self._scope = scope
        self._store = store
        self._ledger = ledger
        self._spool = spool
        self._naming = naming
        self._form = "text" if definition.layout == "keys" else "json"
        self._stale: list[str] = []  # items whose ledger entry is behind, as a rollback before this one died

    # --- the stages

    async def gather(self) -> set[str]:
        """Read the ledger and list the target; returns the runs that are known."""
        await self._ledger.load_entries()
        for name in self._spool.entry_names():
            path, newline, key = name.partition("\n")
            entry = self._ledger.entry(path) if not newline else None
            if newline or (entry is not None and "" in entry.items):
                self._spool.put_planned(self._name_of(path, key if newline else None), path, key)
        bundles = [name for name in self._ledger.names(FOLDER) if "/text-" not in name]
        for start in range(0, len(bundles), _ASKED_AT_ONCE):
            names = [f"{self._ledger.folder}/{name}" for name in bundles[start : start + _ASKED_AT_ONCE]]
            for bundle, text in (await self._store.values(names)).items():
                run = bundle.split("/")[-2]
                for item, before in parse_bundle(bundle, text).items():
                    self._spool.put_before(item, run, bundle, before)
        await self._list()
        self._spool.remember_listing()
        runs = {span.run for span in self._goal.spans} | self._spool.runs()
        return runs | {run for item in self._spool.found_items() if (run := run_of(item.tags, self._goal.tag))}

    async def plan(self) -> None:
        """Decide about every item."""
        progress.stage("plan", None)
        names = self._spool.names()

        async def work() -> None:
            for name in names:
                path, key = self._spool.planned(name) or self._source_of(name)
                if self._scope.takes(path):
                    await self._plan_one(name, path, key)
                    progress.advance()

        await self._together(work)

    async def take_back(self) -> None:
        """Carry the plan out, prove it, and bring the ledger up to date. Under the lease.

        :raises FerryError: the run had to end early. What was done by then is seen by the next one.
        """
        if self._goal.since:
            await self._note_intents()
        progress.stage("take back", self._spool.count_outcomes("delete", "restore"))
        steps = self._spool.outcomes("delete", "restore")

        async def work() -> None:
            for name, kind, line in steps:
                await self._ledger.lease.hold()
                failed = not await self._take_back_one(name, kind, line)
                progress.advance(failed=int(failed))

        await self._together(work)
        await self._prove()
        await self._tidy()

    @property
    def ledger_is_behind(self) -> bool:
        """Whether the ledger must be changed though no item is."""
        if not self._goal.since and not self.report.undone:
            return self._scope.whole or self._nothing_left(planned=True)
        return bool(self._stale or self._finished_runs())

    # --- what is known

    async def _list(self) -> None:
        self._spool.forget_found()
        own = f"{self._naming.location}/.secretferry/"
        async for item in self._store.folder(self._naming.location):
            if not item.name.startswith(own):
                self._spool.put_found(item)

    def _name_of(self, path: str, key: str | None) -> str:
        mount, _slash, rest = path.partition("/")
        return self._naming.item(mount, rest, key)

    def _source_of(self, name: str) -> tuple[str, str]:
        """Source path and key of an item that the ledger does not know, from its name."""
        keyed = self._definition.layout == "keys"
        key = restore(name.rpartition("/")[2], self._naming.escape) if keyed else ""
        return self._naming.path(name, key=keyed), key

    def _evidence(self, name: str, path: str, key: str) -> Evidence:
        befores = self._spool.before(name)
        item = self._spool.found(name)
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

    async def _look(self, name: str, seen: Evidence) -> Evidence:
        """Look closer: at the item's versions, and at values where they matter. Only digests of them are kept."""
        digests, before = self._ledger.digests, seen.before
        item = await self._store.describe(name, versions=True)
        if item is None:
            return replace(seen, item=None)
        self._spool.put_found(replace(item, versions=()))
        observed = saved = None
        clean = before is not None and not before.value and is_clean(item, seen.record, self._goal)
        if item.type == "STATIC_SECRET" and not clean:
            value = (await self._store.values([name])).get(name)
            observed = digests.of_value(value, self._form) if value is not None else None
        if before is not None and before.value:
            kept = await self._own_text(before.value)
            saved = digests.of_value(kept, self._form) if kept is not None else None
        differ = False
        for companion, text in (await self._companions(before)).items() if before is not None else ():
            differ = differ or text != await self._own_text(companion)
        return replace(
            seen,
            item=item,
            description=digests.of_text(item.description),
            observed=observed,
            saved=saved,
            companions_differ=differ,
        )

    async def _companions(self, before: Before) -> dict[str, str | None]:
        """The metadata that companions held before, by name below the ledger's folder."""
        texts = dict(before.companions)
        for companion, kept in before.kept_texts.items():
            texts[companion] = await self._own_text(kept)
        return texts

    async def _own_text(self, name: str) -> str | None:
        """The value of an item of the ledger, ``None`` where there is none."""
        if not self._ledger.has(name):
            return None
        full = f"{self._ledger.folder}/{name}"
        try:
            return (await self._store.values([full])).get(full)
        except NotFound:
            return None

    # --- one item

    async def _plan_one(self, name: str, path: str, key: str) -> None:
        seen = self._evidence(name, path, key)
        try:
            step = decide(seen, self._goal)
            if step.kind == "look":
                seen = await self._look(name, seen)
                step = decide(seen, self._goal)
            if step.kind == "look":
                raise FerryError(f"{name} cannot be judged", "Run again")
        except _FATAL:
            raise
        except FerryError as error:
            step = Step("refuse", error.message, error.remedy or "Run again")
        self.report.plan(path, name, step)
        line = {"path": path, "key": key, "reason": step.reason, "versions": list(step.versions)}
        self._spool.put_outcome(name, step.kind, line)
        if step.kind in ("done", "gone") and seen.record != self._after(seen.record, seen.before, seen.item):
            self._stale.append(name)

    async def _take_back_one(self, name: str, kind: str, line: dict[str, t.Any]) -> bool:
        path, key = line["path"], line["key"]
        item = self._spool.found(name)
        seen = self._evidence(name, path, key)
        now: Item | None = None
        try:
            if item is None:
                raise FerryError(f"{name} is gone", "Run again")
            if kind == "delete":
                await delete(item, self._store, self._ledger, self._naming.location)
            elif seen.before is not None:
                companions = await self._companions(seen.before)
                now = await put_back(
                    item, seen.before, line["versions"], companions, self._store, self._ledger, self._goal.tag
                )
        except _FATAL:
            raise
        except FerryError as error:
            self.report.fail(path, name, error.message, error.remedy or "Run again", planned=kind)
            self._spool.put_outcome(name, "failed", line)
            if seen.record is not None and seen.record.doomed:
                self._ledger.replace_record(path, key, replace(seen.record, doomed=False))
            return False
        self._spool.put_outcome(name, f"{kind}d", line)
        self._ledger.replace_record(path, key, self._after(seen.record, seen.before, now))
        return True

    def _after(self, record: Record | None, before: Before | None, item: Item | None) -> Record | None:
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

    # --- around it

    async def _note_intents(self) -> None:
        """Note in the ledger what is about to be deleted: a rollback that dies must know it from what others delete."""
        for _name, _kind, line in self._spool.outcomes("delete"):
            record = self._ledger.record(line["path"], line["key"])
            if record is not None and not record.doomed:
                self._ledger.replace_record(line["path"], line["key"], replace(record, doomed=True))
        await self._ledger.flush()

    async def _prove(self) -> None:
        """List the target once more and compare it with the state before, instead of trusting that all was done."""
        await self._list()
        report = self.report
        for name, kind, line in self._spool.outcomes("deleted", "restored"):
            item = self._spool.found(name)
            if kind == "deleted" and item is not None:
                report.fail(
                    line["path"], name, "it was deleted, and the listing shows it", "Run again", planned="delete"
                )
            elif kind == "restored":
                before = self._evidence(name, line["path"], line["key"]).before
                differing = (
                    differences(replace(item, versions=tuple(before.versions)), before) if item and before else ["it"]
                )
                if differing:
                    report.fail(
                        line["path"],
                        name,
                        f"it was put back, and the listing shows another {', '.join(differing)}",
                        "Somebody else writes there: look at the item",
                        planned="restore",
                    )
        same, other = self._spool.compare_listings()
        report.proof = {
            "listed": self._spool.count_found(),
            "deleted": report.counts["deleted"],
            "restored": report.counts["restored"],
            "untouched": same,
            "changed_by_others": other,
            "left": sum(1 for _item in self._left()),
        }

    def _left(self) -> t.Iterator[Item]:
        """Items of the migration that the listing shows."""
        for item in self._spool.found_items():
            if self._goal.tag in item.tags or takeover(item.tags, self._goal.tag):
                yield item

    async def _tidy(self) -> None:
        """Bring the ledger up to date; forget it where nothing of the migration is left."""
        for name in self._stale:
            path, key = self._spool.planned(name) or self._source_of(name)
            seen = self._evidence(name, path, key)
            self._ledger.replace_record(path, key, self._after(seen.record, seen.before, seen.item))
            if seen.item is None:
                for companion in companion_names(name, self._ledger, self._naming.location):
                    await self._ledger.delete(companion)
        if not self._goal.since and not self._scope.batch and self._nothing_left(planned=False):
            await self._ledger.lease.hold()
            await self._ledger.forget(companions=True)
            self._ledger.lease.held = False  # it is gone, too
            self.report.ledger_deleted = True
            return
        await self._ledger.flush()
        for run in sorted(self._finished_runs()):
            for name in self._ledger.names(f"{FOLDER}{run}/"):
                await self._ledger.lease.hold()
                await self._ledger.delete(name)

    def _nothing_left(self, *, planned: bool) -> bool:
        if self.report.undone:
            return False
        if planned:
            return self._scope.whole
        known = 0 if self._scope.whole else self._spool.count_entries()
        return not known and next(self._left(), None) is None

    def _finished_runs(self) -> set[str]:
        """Runs whose every change is taken back: how things were before them need not be kept."""
        return {run for run in self._spool.runs() - self._spool.unfinished_runs() if self._goal.takes(run)}

    async def _together(self, work: t.Callable[[], t.Coroutine[t.Any, t.Any, None]]) -> None:
        workers = [asyncio.create_task(work()) for _worker in range(self._definition.concurrency)]
        try:
            await asyncio.gather(*workers)
        except BaseException:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            raise


def _merged(befores: list[Before]) -> Before | None:
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
