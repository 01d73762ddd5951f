# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writing the items of one secret, and then what the ledger remembers of them.

The order of the writes is what makes a run safe to kill at any instant: how an existing item is now is backed up before
anything of it is changed, an item carries the migration's tag from its first request on, versions follow in order and
on condition of the version before, the ledger comes last.
"""

from __future__ import annotations

import asyncio
import typing as t

from ..akeyless.items import Item, ItemStore
from ..common.workdb import Write
from ..errors import FATAL, SecretferryError
from ..ledger.backup import BackupWriter
from ..ledger.entry import Entry
from ..ledger.items import metadata_item_pieces
from ..ledger.ledger import Ledger
from ..plan.dates import moment
from ..plan.metadata import pieces
from ..plan.model import Action, takeover
from ..source.snapshot import Value
from ..target.intended import creation_tag
from .context import RunContext
from .deletions import PostponedDeletions
from .plan_items import Job

__all__ = ["SecretWriter", "write_item"]


class SecretWriter:
    """Writes the planned items of secrets. Outside check mode only."""

    def __init__(self, context: RunContext, backup: BackupWriter, postponed: PostponedDeletions) -> None:
        self._context = context
        self._backup = backup
        self._postponed = postponed
        self._starting = asyncio.Lock()

    async def write(self, path: str, entry: Entry, seen: t.Sequence[int], jobs: t.Sequence[Job]) -> None:
        """Write the items of a secret, and its entry of the ledger.

        An item that cannot be written is put into the report, and does not stop the others. Deletions are postponed
        to the end of the run.

        :param seen: the source versions that the jobs cover.
        :raises SecretferryError: one of the errors that end a run.
        """
        if not await self._begin_writing(path, jobs):
            return
        self._context.count.note(path)
        ledger = self._context.ledger
        entry.wave = self._context.scope.wave or entry.wave
        if any(job.versions[n].digest in job.record.stale.values() for job in jobs for n in job.action.versions):
            # These values are written again: should this run die half-way, the next one must know them as its own.
            await ledger.remember(path, entry)
            await ledger.flush()
        done = [job for job in jobs if not job.action.idle and await self._write(path, entry, job)]
        failed = len(done) < sum(not job.action.idle for job in jobs)
        complete = not failed and all(job.action.kind == "unchanged" for job in jobs if job.action.idle)
        if complete and self._context.one_item_per_key:
            entry.seen = sorted({*entry.seen, *seen})
        if entry.items or entry.seen:
            self._context.workdb.touch(path, failed=failed)
            await ledger.remember(path, entry)
        self._postponed.add(path, done)

    async def _begin_writing(self, path: str, jobs: t.Sequence[Job]) -> bool:
        """Take the lease before the first write of the run, and renew it in time."""
        lease = self._context.ledger.lease
        try:
            async with self._starting:
                await lease.acquire()
            await lease.hold()
        except FATAL:
            raise
        except SecretferryError as error:
            for job in jobs:
                if not job.action.idle:
                    self._fail(path, job, error)
            return False
        return True

    async def _write(self, path: str, entry: Entry, job: Job) -> bool:
        """Write one item, and what was acknowledged into the entry; returns whether all of it was."""
        if job.action.kind == "forget":
            return True
        context = self._context
        try:
            written = await write_item(job, context.store, context.ledger, self._backup, context.policy.tag)
        except FATAL:
            raise
        except SecretferryError as error:
            self._fail(path, job, error)
            return False
        finally:
            self._note(job)
            if job.record.versions or job.record.stale:
                entry.items[job.key] = job.record
        context.report.versions_written += written  # not "+= await": other secrets are written meanwhile
        return True

    def _note(self, job: Job) -> None:
        """What the confirmation must know of it."""
        context, action, target = self._context, job.action, job.target
        if action.writes and action.kind != "delete":
            context.latest_change.note(context.store.client.transport.clock.at_least())
        elif target is not None:
            context.latest_change.note(moment(target.modified))
        cut = pieces(job.description.metadata_item) if action.describe and job.description.metadata_item else []
        metadata_item = "".join(context.ledger.digests.of_value(piece, "json") for piece in cut)
        before = target.description if target else ""
        created = action.kind == "create"
        needed = action.describe or created or _is_described(job, context.ledger)
        needed_pieces = _pieces_of_metadata_item(job) if needed else -1
        context.workdb.put_write(job.item, Write(created, action.describe, before, metadata_item, needed_pieces))

    def _fail(self, path: str, job: Job, error: SecretferryError) -> None:
        self._context.report.fail(path, job.item, error.message, error.remedy or "Run again", planned=job.action)


async def write_item(job: Job, store: ItemStore, ledger: Ledger, backup: BackupWriter, tag: str) -> int:
    """Write what the action says; returns how many versions were written.

    :raises Changed, AlreadyExists: the item was changed meanwhile. ``job.record`` then holds what was acknowledged.
    """
    action, record = job.action, job.record
    if action.kind == "delete":
        await backup.back_up(job.item, action.base)
        return 0
    for number, entry in action.matched.items():
        record.versions[number] = entry
        record.last = max(record.last, entry[0])
    if action.writes and action.kind != "create":
        overwrite = action.kind == "overwrite"
        await backup.back_up(
            job.item,
            action.base,
            overwrite=overwrite,
            metadata_items=_metadata_items_to_change(job, ledger),
            meant=[ledger.digests.of_text(job.description.text)] if action.describe else [],
            meant_versions=_meant_versions(job),
            as_planned=lambda item: _is_as_listed(item, job, ledger),
        )
    if action.describe and job.description.metadata_item:
        await ledger.items.write_metadata_item(job.metadata_item, job.description.metadata_item)
    last = action.base
    for i, number in enumerate(action.versions):
        value = job.values[number]
        if i:
            await store.append(job.item, value.text, last, form=value.form)
            last += 1
        else:
            last = await _write_first(job, value, store, tag, _creation_tag(job, ledger, tag))
            # The record changes with what was acknowledged only: a run that fails before must leave it as the item is.
            _renew_record(job)
            if action.kind == "create":
                record.description = ledger.digests.of_text(job.description.text)
        record.versions[number] = (last, job.versions[number].digest)
        record.last = last
    if action.describe and action.kind != "create":
        await store.update(job.item, description=job.description.text)
    record.last = last
    record.description = ledger.digests.of_text(job.description.text)
    record.modified = ""
    record.deletion_noted = False
    return len(action.versions)


def _pieces_of_metadata_item(job: Job) -> int:
    text = job.description.metadata_item
    return len(pieces(text)) if text else 0


def _metadata_items_to_change(job: Job, ledger: Ledger) -> list[str]:
    """The pieces of the metadata item that are about to be written, and those that are not needed any more."""
    if not job.action.describe:
        return []
    count = max(_pieces_of_metadata_item(job), ledger.items.count_pieces(job.metadata_item))
    return metadata_item_pieces(job.metadata_item, count) if count else []


def _meant_versions(job: Job) -> list[tuple[int, str]]:
    """Number and digest of the versions that the action may write."""
    base, written = job.action.base, [job.versions[number].digest for number in job.action.versions]
    places = [*enumerate(written, base + 1)]
    # A version that is replaced in place keeps its number, but for accounts that force new versions.
    return [*enumerate(written, base), *places] if job.action.kind == "overwrite" else places


def _is_described(job: Job, ledger: Ledger) -> bool:
    return job.target is not None and job.target.description == ledger.digests.of_text(job.description.text)


def _is_as_listed(item: Item, job: Job, ledger: Ledger) -> bool:
    """Whether the tags and the description of an item are still those that the plan knows."""
    target = job.target
    return target is None or (
        {*item.tags} == {*target.tags} and ledger.digests.of_text(item.description) == target.description
    )


def _creation_tag(job: Job, ledger: Ledger, tag: str) -> str:
    """The tag that tells which run created the item, and what that run meant to write."""
    description = ledger.digests.of_text(job.description.text)
    values = [job.versions[number].digest for number in job.action.versions]
    return creation_tag(tag, ledger.run, job.item, ledger.digests, description, values)


async def _write_first(job: Job, value: Value, store: ItemStore, tag: str, run: str) -> int:
    """Write the first of the versions; returns the item's newest version then.

    :param run: the tag that tells which run created the item.
    """
    action = job.action
    if action.kind == "create":
        await store.create(
            job.item,
            value.text,
            tag=tag,
            more_tags=[run],
            description=job.description.text,
            max_versions=action.keep,
            form=value.form,
        )
        return 1
    await _take_over(job, store, tag)
    if action.kind != "overwrite":
        await store.append(job.item, value.text, action.base, form=value.form)
        return action.base + 1
    await store.replace(job.item, value.text, action.base, form=value.form)
    # An account may force new versions: then this one was not replaced.
    item = await store.describe(job.item)
    return item.last_version if item else action.base


async def _take_over(job: Job, store: ItemStore, tag: str) -> None:
    """Mark an item that was not of this migration with the version after which its own versions begin."""
    action = job.action
    add = [f"{tag}:{_mark(action)}"] if action.take_over else []
    old = takeover(job.target.tags if job.target else (), tag)
    remove = [f"{tag}:{old}"] if old and add and f"{tag}:{old}" not in add else []
    if add or action.keep:
        await store.update(job.item, add_tags=add, remove_tags=remove, max_versions=action.keep)


def _mark(action: Action) -> str:
    """The mark for an item that is taken over, see plan.model.takeover."""
    base = action.base - 1 if action.kind == "overwrite" else action.base
    return f"{'anew' if action.fresh else 'from'}-{base}"


def _renew_record(job: Job) -> None:
    """After the first version was acknowledged."""
    action, record = job.action, job.record
    if action.kind == "create" or action.fresh:
        record.versions.clear()
        record.stale.clear()
        record.mark = ""
    if action.take_over:
        record.mark = _mark(action)
    record.modified = ""
