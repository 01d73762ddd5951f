# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying over what was deleted at the source, and what was undeleted there, where the options of ``kv_sync`` say so.

With ``delete: true`` an item ends with what a migration that begins today would write: versions that cannot be read
any more are deleted, and so is an item that no version is left for. Only what the ledger shows to be of this migration:
before a version is deleted its value is compared by digest; before an item is deleted it must be as it was listed, and
as the last run left it.

What is to be deleted is written to the ledger before it is deleted (``Record.stale``), so the next run understands what
a run that was killed has done. The item is backed up first, too: a rollback cannot restore its values, and must say so.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..akeyless.items import Item
from ..common.workdb import Deletion
from ..common.workers import for_each
from ..errors import FATAL, Changed, SecretferryError
from ..ledger.backup import BackupWriter
from ..ledger.entry import Entry
from ..ledger.items import metadata_item_name
from ..target.deletion import delete_item, is_as_recorded
from .context import RunContext
from .plan_items import Job

__all__ = ["DeletionPolicy", "PostponedDeletions"]


@dataclass(frozen=True)
class DeletionPolicy:
    """What a run does about what the source no longer has, or has again.

    :ivar delete: whether items and versions are deleted that the source no longer has.
    :ivar undeleted: ``conflict`` or ``rewrite``.
    :ivar limit: how many secrets may lose their items in one run.
    """

    delete: bool = False
    undeleted: str = "conflict"
    limit: int = 100


class PostponedDeletions:
    """The deletions of one run: noted while secrets are written, carried out at its end."""

    def __init__(self, context: RunContext, backup: BackupWriter) -> None:
        self._context = context
        self._backup = backup
        self._jobs: dict[str, list[Job]] = {}

    def add(self, path: str, jobs: t.Iterable[Job]) -> None:
        """Note those of a secret's jobs that end with a deletion. Their writes were acknowledged."""
        found = [job for job in jobs if job.action.drop or job.action.kind in ("delete", "forget")]
        if found:
            self._jobs.setdefault(path, []).extend(found)

    async def carry_out(self) -> None:
        """Delete what was noted, after the ledger's entries were written."""
        if not self._jobs:
            return
        await self._context.ledger.flush()
        await for_each(self._jobs.items(), self._secret, concurrency=self._context.definition.concurrency)

    async def _secret(self, noted: tuple[str, list[Job]]) -> None:
        path, jobs = noted
        for job in jobs:
            await self._context.ledger.lease.hold()
            try:
                if job.action.kind in ("delete", "forget"):
                    await self._delete_item(path, job)
                else:
                    await self._delete_versions(path, job)
            except FATAL:
                raise
            except SecretferryError as error:
                remedy = error.remedy or "Run again"
                self._context.report.fail(path, job.item, error.message, remedy, planned=job.action)

    async def _delete_item(self, path: str, job: Job) -> None:
        store, ledger = self._context.store, self._context.ledger
        location = self._context.naming.location

        async def check(now: Item) -> None:
            form, tag = self._context.form, self._context.policy.tag
            if not await is_as_recorded(now, job.record, ledger.digests, form, store, tag):
                raise Changed(f"delete {job.item}: it was changed at the target since")
            await self._backup.back_up(job.item, now.last_version)

        if job.action.kind == "delete":
            await delete_item(job.item, store, ledger.items, location, prepare=check)
            known = Entry("", {job.key: job.record}).to_json()
            self._context.workdb.put_deletion(Deletion(job.item, path, job.key, known))
        elif await store.describe(job.item) is None:
            await ledger.items.delete_metadata_item(metadata_item_name(job.item, location))
        else:
            raise Changed(f"forget {job.item}: the listing does not show it, and it is there")
        before = ledger.entry(path)
        ledger.replace_record(path, job.key, None)
        if before is not None and (rest := {key: r for key, r in before.items.items() if key != job.key}):
            await ledger.remember(path, replace(before, items=rest))

    async def _delete_versions(self, path: str, job: Job) -> None:
        """Delete versions, oldest first, so that no older one becomes the newest before its time."""
        store, ledger, record = self._context.store, self._context.ledger, job.record
        if job.action.drop:
            await self._backup.back_up(job.item, None)
        for number in job.action.drop:
            value = await store.value(job.item, number)
            if value is not None:
                if ledger.digests.of_value(value, self._context.form) != record.stale.get(number):
                    raise Changed(f"delete {job.item} version {number}: its value was changed at the target since")
                await store.delete_version(job.item, number)
                self._context.report.versions_deleted += 1
        item = await store.describe(job.item, versions=True)
        entry = ledger.entry(path)
        if item is None or entry is None:
            return
        if left := sorted({*job.action.drop} & {*item.versions}):
            raise Changed(f"delete {job.item} version {left[0]}: it was deleted, and the item still holds it")
        self._context.latest_change.note(store.client.transport.clock.at_least())
        # Not a newer version, which others have added meanwhile.
        last = min(item.last_version, record.last)
        entry.items[job.key] = replace(record, last=last, modified="", stale={})
        await ledger.remember(path, entry)
