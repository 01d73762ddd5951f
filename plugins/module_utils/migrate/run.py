# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of a migration: discover, then for each secret read, plan and (outside check mode) apply, then confirm.

Secrets are independent: any number of them is under way at once. Within one secret everything is in order. Check mode
goes the same way up to the action, so it predicts what the real run does.
"""

from __future__ import annotations

import asyncio
import contextlib
import typing as t
from datetime import datetime, timezone

from ..akeyless.items import ItemStore
from ..common.progress import progress
from ..common.workdb import SourceSecret, WorkDb
from ..common.workers import for_each
from ..errors import (
    FATAL,
    NotFound,
    PermissionDenied,
    SecretferryError,
)
from ..ledger.backup import BackupWriter
from ..ledger.entry import Entry
from ..ledger.items import companion_name
from ..ledger.ledger import Ledger
from ..plan.decide import decide, pending, standing, valid
from ..plan.definition import Definition, tag_of
from ..plan.metadata import Description, describe, wanted_text
from ..plan.model import Action, PlanInput, PlanPolicy, Record, SourceVersion, TargetItem
from ..plan.naming import Naming
from ..plan.scope import Scope
from ..plan.selection import Selection
from ..source.discover import Discovery, find, nothing_found
from ..source.snapshot import (
    Snapshot,
    Value,
    look_up,
    now_text,
    read_again_while_changing,
    read_newest,
    read_versions,
    split,
)
from ..target.listing import Listing
from ..vault.kv import KvReader, Metadata, Mount
from .apply import Job, carry_out
from .deletions import DeletionPolicy, SourceDeletions
from .report import MigrationReport

__all__ = ["MigrationRun"]

_FLUSH_TIMEOUT = 10.0  # seconds


class MigrationRun:
    """One run. Everything that it did or would do is in ``report`` afterwards."""

    def __init__(
        self,
        definition: Definition,
        reader: KvReader,
        store: ItemStore,
        ledger: Ledger,
        workdb: WorkDb,
        report: MigrationReport,
        *,
        naming: Naming,
        kept_versions: int | None = None,
        scope: Scope | None = None,
        deletions: DeletionPolicy | None = None,
        check: bool = False,
    ) -> None:
        self.definition = definition
        self.report = report
        self.scope = scope or Scope()
        self._reader = reader
        self._store = store
        self._ledger = ledger
        self._workdb = workdb
        self._naming = naming
        self._check = check
        self._tag = tag_of(definition.name)
        self._backup = BackupWriter(store, ledger.items, ledger.lease)
        self._writes_before = store.writes
        self._starting = asyncio.Lock()
        self._listing = Listing(store, workdb, naming, definition.layout, definition.concurrency)
        self._policy = PlanPolicy(
            tag=self._tag,
            conflict=definition.conflict,
            versions=definition.versions,
            value_limit=definition.value_limit,
            kept_versions=kept_versions,
            deleted=deletions.deleted if deletions else "keep",
            undeleted=deletions.undeleted if deletions else "conflict",
        )
        self._syncing = deletions is not None
        self._deletions = SourceDeletions(
            deletions or DeletionPolicy(),
            store,
            ledger,
            self._backup,
            report,
            self._listing,
            form="text" if definition.layout == "keys" else "json",
            location=definition.target_location,
            kept_versions=kept_versions,
            concurrency=definition.concurrency,
        )
        self._collisions: dict[str, list[str]] = {}
        self._named: frozenset[str] = frozenset()  # secrets that were asked for by name, not found in a listing

    # --- the stages

    async def discover(self) -> Discovery:
        """Find the secrets and list the target.

        :raises SecretferryError: there is nothing to migrate, or a path is unreadable and ``unreadable`` is ``fail``.
        """
        definition = self.definition
        selection = Selection(definition.include, definition.exclude)

        def found(mount: Mount, secret: str) -> None:
            self._workdb.add_source(
                mount.path + secret, mount.path, secret, mount.version, self._naming.item(mount.path, secret)
            )
            progress.advance()

        progress.stage("discover")
        seen = await find(
            self._reader,
            definition.paths,
            selection,
            self.scope,
            found,
            concurrency=min(16, definition.concurrency),
        )
        if self.scope.paths is None:
            self._named = frozenset(root.full for root in seen.roots if not root.is_folder)
        self._judge(seen)
        for option, glob in selection.unused() if self.scope.paths is None else ():
            self.report.note(f"source.{option}: {glob} matches no path that was found")
        for path, reason in seen.unreadable:
            self.report.unreadable(path, reason)
        for path, reason, remedy in seen.failed:
            self.report.fail(path, "", reason, remedy)
        for root in seen.empty:
            if root.asked:
                self.report.fail(
                    root.full, "", "there is nothing to list", "Check the path's spelling, the mount and the namespace"
                )
            else:
                self.report.note(f"the mount {root.full} is empty")
        self._collisions = self._workdb.collisions() if definition.layout == "json" else {}
        await self.list_target(seen)
        return seen

    async def list_target(self, seen: Discovery) -> None:
        """Look at the target anew."""
        await self._listing.load(seen.roots, self._ledger.digests)

    async def migrate(self, seen: Discovery) -> None:
        """Plan every secret, and apply the plan outside check mode.

        :raises SecretferryError: the run had to end early. What was done by then is in the ledger.
        """
        progress.stage("plan" if self._check else "migrate", self._workdb.count_sources())

        async def work(row: SourceSecret) -> None:
            await self._secret(row)
            progress.advance(failed=self.report.undone - progress.failed)

        try:
            await for_each(self._workdb.sources(), work, concurrency=self.definition.concurrency)
            self._count_gone(seen)
            await self._plan_farewells(seen)
            if not self._check:
                await self._deletions.finish()
            if self._store.writes > self._writes_before and not self._check:
                await self._confirm(seen)
        except BaseException:
            await self._save_what_can_be_saved()
            raise
        if self._ledger.lease.held:
            await self._ledger.flush()

    async def _save_what_can_be_saved(self) -> None:
        """After a failure: the next run would find out by itself what is not written now, at the cost of reading."""
        if self._ledger.lease.held:
            with contextlib.suppress(SecretferryError, asyncio.TimeoutError):
                await asyncio.wait_for(self._ledger.flush(), _FLUSH_TIMEOUT)

    def _judge(self, seen: Discovery) -> None:
        if seen.unreadable and self.definition.unreadable == "fail":
            path, reason = seen.unreadable[0]
            raise PermissionDenied(
                f"{path} {reason}" + (f", and {len(seen.unreadable) - 1} more" if len(seen.unreadable) > 1 else ""),
                "Grant the Vault policy these paths, exclude them, or set unreadable: report",
            )
        if not self._workdb.count_sources() and not seen.outside:
            raise nothing_found(seen)

    # --- one secret

    async def _secret(self, row: SourceSecret) -> None:
        path, _mount, _secret, _kv, item = row
        if item in self._collisions:
            others = ", ".join(other for other in self._collisions[item] if other != path)
            self.report.plan(
                path,
                item,
                Action(
                    "refuse", f"{others} would take the same name", remedy="Migrate one of them to another location"
                ),
            )
            return
        try:
            await self._moving(row)
        except FATAL:
            raise
        except PermissionDenied as error:
            self.report.unreadable(path, error.message)
            if self.definition.unreadable == "fail":
                self.report.fail(path, item, error.message, error.remedy)
        except NotFound as error:
            if path in self._named and not (self._syncing and self._ledger.entry(path) is not None):
                self.report.fail(path, item, error.message, "Name folders with a slash at the end, and secrets without")
            else:
                self._skip_gone(path, item)
        except SecretferryError as error:
            self.report.fail(path, item, error.message, error.remedy)

    def _skip_gone(self, path: str, item: str) -> None:
        if self.scope.paths is None and path not in self._named:
            self.report.plan(path, item, Action("skip", "it was removed at the source after it was listed"))
            return
        self.report.plan(path, item, Action("skip", "it is gone at the source"))
        if self._ledger.entry(path) is not None:
            self._note_gone(path)

    async def _moving(self, row: SourceSecret) -> None:
        if row.kv_version == 2:
            await read_again_while_changing(row.path, lambda gone: self._versioned(row, gone))
        else:
            await self._unversioned(row)

    async def _versioned(self, row: SourceSecret, gone: t.Collection[tuple[int, str]]) -> None:
        path, mount_path, secret, kv, item = row
        known = self._ledger.entry(path)
        snap = await self._look(Mount(mount_path, kv), secret, gone, known=known is not None)
        if snap.metadata is None:
            raise AssertionError("a KV v2 snapshot has metadata")
        entry = self._remembered(known, snap.metadata, snap.wanted)
        self._deletions.shed(snap, entry, now_text(self._reader.client.transport.clock.now()))
        held = {"": item} if self.definition.layout == "json" else self._key_items(row, entry)
        numbers = self._to_read(snap, entry, held)
        await read_versions(self._reader, snap, numbers)
        await self._plan_and_apply(row, entry, snap, split(snap, self.definition.layout))

    async def _look(self, mount: Mount, secret: str, gone: t.Collection[tuple[int, str]], *, known: bool) -> Snapshot:
        """Look at a secret without its values, or with the newest alone where that is all that is wanted.

        Its value says enough then, and saves a request, or does without a right to the metadata. For a secret that is
        in the ledger, the metadata is asked all the same: it tells that nothing is new, and no value need be read.
        """
        definition = self.definition
        enough = definition.versions == "current" and definition.metadata_mode != "full"
        if enough and not known:
            return await read_newest(self._reader, mount, secret)
        try:
            return await look_up(self._reader, mount, secret, definition.versions, gone)
        except PermissionDenied:
            if not enough:
                raise
            return await read_newest(self._reader, mount, secret)

    async def _unversioned(self, row: SourceSecret) -> None:
        """KV v1 has no versions and no metadata: only its value can tell whether it changed.

        Each change that is seen counts as a version, for each item by itself.
        """
        path, mount_path, secret, kv, _item = row
        mount = Mount(mount_path, kv)
        reading = await self._reader.read(mount, secret)
        entry = self._ledger.entry(path) or Entry()
        read = Snapshot(mount, secret, None, (1,), {1: reading.text or "{}"})
        values = {
            key: {self._number(entry.items.get(key), versions[1]): versions[1]}
            for key, versions in split(read, self.definition.layout).items()
        }
        seen = sorted({number for versions in values.values() for number in versions})
        await self._plan_and_apply(row, entry, Snapshot(mount, secret, None, tuple(seen)), values)

    def _number(self, record: Record | None, value: Value) -> int:
        """The version that a value of KV v1 is: the newest one that is remembered, or the one after it."""
        newest = max(record.versions, default=0) if record else 0
        if record is None or not newest:
            return 1
        same = record.versions[newest][1] == self._ledger.digests.of_value(value.text, value.form)
        return newest if same else newest + 1

    def _remembered(self, known: Entry | None, metadata: Metadata, wanted: t.Sequence[int]) -> Entry:
        entry = known or Entry(metadata.created)
        if not entry.created or not metadata.created:
            entry.created = entry.created or metadata.created  # one of the two looks was at the newest value alone
        elif entry.created != metadata.created and (wanted or self._deletions.deletes):
            # Removed and made anew at the source: its version numbers begin again, the items go on. Until there is a
            # version to go on with, they are what they were.
            fresh = {key: self._deletions.renew(record) for key, record in entry.items.items()}
            entry = Entry(metadata.created, fresh)
        return entry

    def _key_items(self, row: SourceSecret, entry: Entry) -> dict[str, str]:
        return {key: self._naming.item(row.mount, row.secret, key) for key in entry.items}

    def _to_read(self, snap: Snapshot, entry: Entry, held: t.Mapping[str, str]) -> tuple[int, ...]:
        """The versions whose values must be read before anything can be decided. None, where nothing is new."""
        if self.definition.layout == "keys":
            new = [n for n in snap.wanted if n not in entry.seen]
            clean = all(
                standing(self._listing.item(name), entry.items[key], self._policy).name == "clean"
                for key, name in held.items()
            )
            return tuple(new) if clean and entry.seen else snap.wanted
        target = self._listing.item(held[""])
        record = valid(entry.items.get(""), target, self._policy)
        stands = standing(target, record, self._policy)
        todo = pending(snap.wanted, record)
        if stands.name == "clean":
            return todo
        if stands.name == "unsure":
            return tuple(sorted({*todo, *snap.wanted[-1:]}))
        if stands.name in ("foreign", "gone") and self.definition.conflict in ("fail", "skip"):
            return ()
        return snap.wanted

    async def _plan_and_apply(
        self, row: SourceSecret, entry: Entry, snap: Snapshot, values: dict[str, dict[int, Value]]
    ) -> None:
        if self.definition.layout == "keys":
            for key in entry.items:
                values.setdefault(key, {})
            if not values:
                self.report.plan(row.path, row.item, Action("skip", "it has no keys, so no item"))
        else:
            values.setdefault("", {})
        jobs = [await self._job(row, entry, snap, key, versions) for key, versions in sorted(values.items())]
        for job in jobs:
            self.report.plan(row.path, job.item, job.action)
        if self._check or all(job.action.idle for job in jobs):
            return
        await self._apply(row, entry, snap, jobs)

    async def _job(
        self, row: SourceSecret, entry: Entry, snap: Snapshot, key: str, values: t.Mapping[int, Value]
    ) -> Job:
        keyed = self.definition.layout == "keys"
        item = self._naming.item(row.mount, row.secret, key) if keyed else row.item
        target = self._listing.item(item)
        record = valid(entry.items.get(key), target, self._policy)
        stands = standing(target, record, self._policy)
        digests = self._ledger.digests
        form = "text" if keyed else "json"
        observed: dict[int, str | None] = {}
        for version in stands.look_at:
            text = await self._store.value(item, version)
            observed[version] = None if text is None else digests.of_value(text, form)
        held = {*(record.versions if record else ())}
        wanted_here = snap.wanted
        if snap.metadata is None:
            wanted_here = tuple(values)
        elif keyed:
            wanted_here = tuple(n for n in snap.wanted if n in values or n in held)
        companion = companion_name(item, self._naming.location)
        block = snap.metadata.block if snap.metadata else None
        text = wanted_text(self.definition.metadata_mode, block, {*held, *wanted_here})
        description = describe(text, f"{self._ledger.folder}/{companion}", digests.of_text) if text else Description("")
        facts = PlanInput(
            wanted=wanted_here,
            pieces={
                n: SourceVersion(n, digests.of_value(v.text, v.form), len(v.text.encode("utf-8", "surrogatepass")))
                for n, v in values.items()
            },
            target=target,
            record=record,
            description=digests.of_text(description.text),
            observed=observed,
            keep=int((block or {}).get("max_versions") or 10),
            interrupted=target is not None and self._ledger.lease.was_interrupted_at(_moment(target.modified)),
        )
        action = decide(facts, self._policy)
        if keyed and not key and action.writes:
            action = Action(
                "refuse",
                "it has a key without a name, and no item can have that name",
                remedy="Rename the key, exclude the path, or use layout: json",
            )
        kept = record or Record(0)
        return Job(key, item, action, values, facts.pieces, description, companion, kept, target.tags if target else ())

    async def _apply(self, row: SourceSecret, entry: Entry, snap: Snapshot, jobs: list[Job]) -> None:
        path = row.path
        try:
            await self._begin_writing()
        except FATAL:
            raise
        except SecretferryError as error:
            for job in jobs:
                if not job.action.idle:
                    self.report.fail(path, job.item, error.message, error.remedy or "Run again", planned=job.action)
            return
        complete = arrived = True
        done = []
        if any(job.pieces[n].digest in job.record.stale.values() for job in jobs for n in job.action.versions):
            # What is written again must not be taken for somebody else's, should this run die half-way.
            await self._ledger.remember(path, entry)
            await self._ledger.flush()
        for job in jobs:
            if job.action.idle:
                complete = complete and job.action.kind == "unchanged"
                continue
            if job.action.kind == "forget":
                done.append(job)
                continue
            try:
                written = await carry_out(job, self._store, self._ledger, self._backup, self._tag)
                self.report.versions_written += written
                done.append(job)
            except FATAL:
                raise
            except SecretferryError as error:
                complete = arrived = False
                self.report.fail(path, job.item, error.message, error.remedy or "Run again", planned=job.action)
            finally:
                if job.record.versions or job.record.stale:
                    entry.items[job.key] = job.record
        if complete and self.definition.layout == "keys":
            entry.seen = sorted({*entry.seen, *snap.wanted})
        if entry.items or entry.seen:
            if arrived:
                self._workdb.touch(path)
            await self._ledger.remember(path, entry)
        self._deletions.later(path, done)

    async def _begin_writing(self) -> None:
        """Take the lease before the first write, and keep it."""
        async with self._starting:
            await self._ledger.lease.acquire()
        await self._ledger.lease.hold()

    # --- afterwards

    def _count_gone(self, seen: Discovery) -> None:
        """Paths that the ledger knows, in the scope of this run, and that the source shows no more."""
        dark = tuple(path for path, _reason in seen.unreadable if path.endswith("/"))
        folders = tuple(root.full for root in seen.roots if root.is_folder)
        selection = Selection(self.definition.include, self.definition.exclude)
        for path in self._workdb.entries_without_source():
            if (
                path.startswith(folders)
                and not path.startswith(dark)
                and self.scope.takes(path)
                and selection.takes(path)
            ):
                self._note_gone(path)

    def _note_gone(self, path: str) -> None:
        self.report.counts["gone"] += 1
        if self._deletions.deletes:
            self._deletions.gone.append(path)
        else:
            self.report.note(f"{path} is gone at the source; its item stays")

    async def _plan_farewells(self, seen: Discovery) -> None:
        """Plan the deletion of the items of secrets that are gone. Vault's word on each is asked for once more."""
        gone = self._deletions.gone
        progress.stage("deletions", len(gone))
        # A folder that could not be listed, and a root that is empty all of a sudden, prove nothing.
        dark = (*(path for path, *_rest in seen.failed), *(root.full for root in seen.empty))
        leaving: list[tuple[str, Entry, list[Job]]] = []
        for start in range(0, len(gone), self.definition.concurrency):
            batch = gone[start : start + self.definition.concurrency]
            for path, jobs in zip(
                batch, await asyncio.gather(*(self._farewell(p, seen, dark) for p in batch)), strict=True
            ):
                progress.advance()
                entry = self._ledger.entry(path)
                if jobs and entry is not None:
                    leaving.append((path, entry, jobs))
        self._deletions.check_limit(
            sum(any(j.action.kind == "delete" for j in jobs) for _path, _entry, jobs in leaving)
        )
        if self._check:
            return
        for path, entry, jobs in leaving:
            await self._apply(SourceSecret(path, "", "", 0, ""), entry, Snapshot(Mount("", 0), "", None, ()), jobs)

    async def _farewell(self, path: str, seen: Discovery, dark: tuple[str, ...]) -> list[Job]:
        """The deletions of one secret's items; none where it is not certain that it is gone."""
        entry = self._ledger.entry(path)
        root = next((root for root in seen.roots if path.startswith(root.full)), None)
        if entry is None or root is None or path.startswith(dark):
            return []
        secret = path.removeprefix(root.mount.path)
        try:
            if root.mount.version == 2:
                await self._reader.metadata(root.mount, secret)
            else:
                await self._reader.read(root.mount, secret)
        except NotFound:
            pass
        except FATAL:
            raise
        except SecretferryError as error:
            self.report.fail(path, "", f"cannot tell whether it is gone: {error.message}", error.remedy)
            return []
        else:
            return []  # it is there again
        item = self._naming.item(root.mount.path, secret)
        row = SourceSecret(path, root.mount.path, secret, root.mount.version, item)
        nothing = Snapshot(root.mount, secret, None, ())
        jobs = [await self._job(row, entry, nothing, key, {}) for key in sorted(entry.items)]
        for job in jobs:
            self.report.plan(path, job.item, job.action)
        return [job for job in jobs if job.action.kind in ("delete", "forget")]

    async def _confirm(self, seen: Discovery) -> None:
        """List the target once more: count what is there instead of trusting that every write said it was done."""
        progress.stage("confirm")
        await self.list_target(seen)
        for row in self._workdb.touched():
            progress.advance()
            path = row.path
            entry = self._ledger.entry(path)
            if entry is None:
                continue
            for key, record in entry.items.items():
                name = self._naming.item(row.mount, row.secret, key) if self.definition.layout == "keys" else row.item
                target = self._listing.item(name)
                self._check_arrival(path, name, record, target)
                if target is not None and target.last == record.last:
                    record.modified = target.modified
            await self._ledger.remember(path, entry)

    def _check_arrival(self, path: str, name: str, record: Record, target: TargetItem | None) -> None:
        if target is None:
            self.report.fail(path, name, "it was written, and is not in the target's listing", "Run again, then verify")
        elif target.last != record.last:
            self.report.fail(
                path,
                name,
                f"it was written up to version {record.last}, and the listing shows version {target.last}",
                "Somebody else writes there: look at the item, then run again",
            )
        elif target.kept and target.kept < len(record.versions):
            self.report.fail(
                path,
                name,
                f"{len(record.versions)} versions were written, and the account keeps {target.kept}",
                "Raise the account's limit of versions, or set versions to a smaller number",
            )


def _moment(text: str) -> float:
    """Seconds since the epoch of an RFC 3339 date in UTC, whole ones; 0 for anything else."""
    try:
        return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return 0.0
