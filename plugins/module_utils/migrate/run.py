# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of a migration: discover, then for each secret read, plan and (outside check mode) write, then confirm.

Secrets are independent: any number of them is in progress at once. Within one secret everything is in order. Check mode
takes the same steps up to the plan, so it predicts what the real run does.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import typing as t

from ..akeyless.items import ItemStore
from ..common.progress import progress
from ..common.workdb import SourceSecret, WorkDb
from ..common.workers import for_each
from ..errors import FATAL, NotFound, PermissionDenied, SecretferryError
from ..ledger.backup import BackupWriter
from ..ledger.ledger import Ledger
from ..plan.definition import Definition, tag_of
from ..plan.model import Action, PlanPolicy
from ..plan.scope import Scope
from ..plan.selection import Selection
from ..source.discover import Discovery, correction, find, nothing_found
from ..stopping import LAST_STEPS_SECONDS, stop
from ..target.account import Account
from ..target.count import TargetCount
from ..target.listing import Listing
from ..vault.kv import KvReader, Mount
from .confirm import confirm, wait_for_later_dates
from .context import RunContext
from .deletions import DeletionPolicy, PostponedDeletions
from .plan_items import ItemPlanner
from .read_secret import SecretReader
from .removed_secrets import RemovedSecrets
from .report import MigrationReport
from .write_items import SecretWriter

__all__ = ["MigrationRun"]


class MigrationRun:
    """One run. Everything that it did or would do is in ``report`` afterwards.

    :param account: what the Akeyless account allows.
    :param scope: the part of the migration that the run works on; all of it when omitted.
    :param deletions: what ``kv_sync`` does about deletions at the source; ``None`` for a run of ``kv_migration``.
    :param check: whether to plan only.
    """

    def __init__(
        self,
        definition: Definition,
        reader: KvReader,
        store: ItemStore,
        ledger: Ledger,
        workdb: WorkDb,
        report: MigrationReport,
        *,
        account: Account,
        scope: Scope | None = None,
        deletions: DeletionPolicy | None = None,
        check: bool = False,
    ) -> None:
        deleting, scope = deletions or DeletionPolicy(), scope or Scope()
        naming = account.naming(definition)
        context = RunContext(
            definition,
            reader,
            store,
            ledger,
            workdb,
            report,
            naming,
            Listing(store, workdb, naming, definition.layout, definition.concurrency),
            TargetCount(workdb, ledger, naming, scope, tag_of(definition.name), keyed=definition.layout == "keys"),
            PlanPolicy(
                tag=tag_of(definition.name),
                conflict=definition.conflict,
                versions=definition.versions,
                value_limit=definition.value_limit,
                kept_versions=account.kept_versions,
                delete=deleting.delete,
                undeleted=deleting.undeleted,
            ),
            scope,
            check=check,
            syncing=deletions is not None,
        )
        backup = BackupWriter(store, ledger.items, ledger.lease)
        self._context = context
        self._writes_before = store.writes
        self._postponed = PostponedDeletions(context, backup)
        self._reader = SecretReader(context)
        self._planner = ItemPlanner(context)
        self._writer = SecretWriter(context, backup, self._postponed)
        self._removed = RemovedSecrets(context, deleting, self._planner, self._writer)
        self._collisions: dict[str, list[str]] = {}
        self._named: frozenset[str] = frozenset()  # secrets that source.paths names, not found in a listing

    async def execute(self, durations: dict[str, float], *, redefined: bool = False) -> None:
        """Discover and migrate.

        :param durations: gets the seconds of each stage.
        :param redefined: whether the definition differs from the stored one, and must be stored first.
        :raises SecretferryError: the run had to end early. What was done by then is in the ledger and in the report.
        """
        with _timed(durations, "discover"):
            seen = await self._discover()
        with _timed(durations, "migrate"):
            ledger = self._context.ledger
            await ledger.load_entries()
            if redefined and not self._context.check:
                await ledger.lease.acquire()
                if await ledger.define({"options": self._context.definition.stored()}):
                    await self._list_target(seen)  # with the key of the digests that another run has just made
            await self._migrate(seen)

    # --- the stages

    async def _discover(self) -> Discovery:
        """Find the secrets and list the target.

        :raises SecretferryError: nothing can be migrated; or, with ``unreadable_paths: fail``, a folder is unreadable.
        """
        definition, scope, workdb = self._context.definition, self._context.scope, self._context.workdb
        naming = self._context.naming
        selection = Selection(definition.include, definition.exclude)

        def found(mount: Mount, secret: str) -> None:
            path, item = mount.path + secret, naming.item(mount.path, secret)
            obstacle = naming.obstacle(path, item)
            if obstacle:
                self._context.report.fail(path, item, *obstacle)
                return
            workdb.add_source(path, mount.path, secret, mount.version, item)
            progress.advance()

        progress.stage("discover")
        concurrency = min(16, definition.concurrency)
        seen = await find(self._context.reader, definition.paths, selection, scope, found, concurrency=concurrency)
        if scope.paths is None:
            self._named = frozenset(root.full for root in seen.roots if not root.is_folder)
        self._end_if_nothing_can_be_migrated(seen)
        self._report_discovery(seen, selection)
        self._collisions = {} if self._context.one_item_per_key else workdb.collisions()
        await self._list_target(seen)
        return seen

    async def _list_target(self, seen: Discovery) -> None:
        await self._context.listing.load(seen.roots, self._context.ledger.digests)

    async def _migrate(self, seen: Discovery) -> None:
        context = self._context
        progress.stage("plan" if context.check else "migrate", context.workdb.count_sources())
        try:
            await for_each(context.workdb.sources(), self._secret, concurrency=context.definition.concurrency)
            self._removed.find(seen)
            await self._removed.plan_deletions(seen)
            if not context.check:
                await self._postponed.carry_out()
                if context.store.writes > self._writes_before:
                    await self._list_again_and_confirm(seen)
        except BaseException:
            await self._flush_what_was_done()
            raise
        if context.ledger.lease.held:
            await context.ledger.flush()
        context.report.at_target = context.count.shown(context.report.limit)

    async def _list_again_and_confirm(self, seen: Discovery) -> None:
        progress.stage("confirm")
        await wait_for_later_dates(self._context)
        await self._list_target(seen)
        await confirm(self._context)

    async def _flush_what_was_done(self) -> None:
        """After a failure. What is not written now, the next run finds out by reading the items."""
        if self._context.ledger.lease.held:
            with stop.last_steps(), contextlib.suppress(SecretferryError, asyncio.TimeoutError):
                await asyncio.wait_for(self._context.ledger.flush(), LAST_STEPS_SECONDS)

    # --- one secret

    async def _secret(self, row: SourceSecret) -> None:
        report = self._context.report
        if row.item in self._collisions:
            others = ", ".join(other for other in self._collisions[row.item] if other != row.path)
            remedy = "Migrate one of them to another location"
            report.plan(row.path, row.item, Action("fail", f"{others} would take the same name", remedy=remedy))
        else:
            try:
                await self._read_plan_and_write(row)
            except FATAL:
                raise
            except PermissionDenied as error:
                report.unreadable(row.path, error.message)
                if self._context.definition.unreadable_paths == "fail":
                    report.fail(row.path, row.item, error.message, error.remedy)
            except NotFound as error:
                self._not_found(row, error)
            except SecretferryError as error:
                report.fail(row.path, row.item, error.message, error.remedy)
        progress.advance(failed=report.failed - progress.failed)

    async def _read_plan_and_write(self, row: SourceSecret) -> None:
        secret = await self._reader.read(row)
        jobs = await self._planner.plan(row, secret)
        if not self._context.check and not all(job.action.idle for job in jobs):
            await self._writer.write(row.path, secret.entry, secret.snapshot.wanted, jobs)

    def _not_found(self, row: SourceSecret, error: NotFound) -> None:
        """The secret was named, or was listed a moment ago, and is not at the source."""
        context, path = self._context, row.path
        named = path in self._named
        if named and not (context.syncing and context.ledger.entry(path) is not None):
            remedy = correction(Mount(row.mount, row.kv_version), row.secret)
            context.report.fail(path, row.item, error.message, remedy)
        elif context.scope.paths is None and not named:
            context.report.plan(path, row.item, Action("skip", "it was removed at the source after it was listed"))
        else:
            context.report.plan(path, row.item, Action("skip", "it was removed at the source"))
            if context.ledger.entry(path) is not None:
                self._removed.add(path)

    # --- what discovery has found

    def _end_if_nothing_can_be_migrated(self, seen: Discovery) -> None:
        if seen.unreadable and self._context.definition.unreadable_paths == "fail":
            path, reason = seen.unreadable[0]
            more = f", and {len(seen.unreadable) - 1} more" if len(seen.unreadable) > 1 else ""
            raise PermissionDenied(
                f"{path} {reason}{more}",
                "Grant the Vault policy these paths, exclude them, or set unreadable_paths: warn",
            )
        if not self._context.workdb.count_sources() and not seen.outside and not self._context.report.failed:
            raise nothing_found(seen)

    def _report_discovery(self, seen: Discovery, selection: Selection) -> None:
        report = self._context.report
        for option, glob in selection.unused() if self._context.scope.paths is None else ():
            report.note(f"source.{option}: {glob} matches no path that was found")
        for path, reason in seen.unreadable:
            report.unreadable(path, reason)
        for path, reason, remedy in seen.failed:
            report.fail(path, "", reason, remedy)
        for root in seen.empty:
            if root.is_named:
                report.fail(root.full, "", "there is nothing to list", correction(root.mount, root.path))
            else:
                report.note(f"the mount {root.full} is empty")


@contextlib.contextmanager
def _timed(durations: dict[str, float], stage: str) -> t.Iterator[None]:
    begin = time.monotonic()
    try:
        yield
    finally:
        durations[stage] = round(time.monotonic() - begin, 3)
