# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying over what was deleted at the source, and what was undeleted there, where a run is asked to.

With ``deleted: delete`` an item ends with what a migration that begins today would write: versions that cannot be read
any more go, and an item of which nothing is left. Only what the ledger proves to be ours: before a version is deleted
its value is compared by digest, before an item is deleted it must be as it was listed, and as we left it.

What is to go is written to the ledger before it goes (``Record.stale``), so a run that is killed between is understood
by the next one. How the item was is written down, too: its values cannot be brought back, but a rollback must say so.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..akeyless.items import Item, ItemStore
from ..common.workers import for_each
from ..errors import Changed, SecretferryError
from ..ledger.backup import BackupWriter
from ..ledger.digests import Digests
from ..ledger.entry import Entry
from ..ledger.items import companion_name
from ..ledger.ledger import Ledger
from ..plan.decide import pending
from ..plan.model import Record, readable
from ..source.snapshot import Snapshot
from ..target.deletion import delete_item
from ..target.listing import Listing
from .apply import Job
from .report import MigrationReport

__all__ = ["DeletionPolicy", "SourceDeletions"]


@dataclass(frozen=True)
class DeletionPolicy:
    """What a run does about what the source has no more, or has again.

    :ivar deleted: ``keep`` or ``delete``.
    :ivar undeleted: ``conflict`` or ``rewrite``.
    :ivar limit: how many secrets may lose their items in one run.
    """

    deleted: str = "keep"
    undeleted: str = "conflict"
    limit: int = 100


class SourceDeletions:
    """The deletions of one run: noted while secrets are planned, carried out at its end."""

    def __init__(
        self,
        deletions: DeletionPolicy,
        store: ItemStore,
        ledger: Ledger,
        backup: BackupWriter,
        report: MigrationReport,
        listing: Listing,
        *,
        form: str,
        location: str,
        kept_versions: int | None,
        concurrency: int,
    ) -> None:
        self.deletes = deletions.deleted == "delete"
        self.gone: list[str] = []
        self._deletions = deletions
        self._store = store
        self._ledger = ledger
        self._backup = backup
        self._report = report
        self._listing = listing
        self._form = form
        self._location = location
        self._kept = kept_versions
        self._concurrency = concurrency
        self._waiting: dict[str, list[Job]] = {}

    # --- while a secret is planned

    def shed(self, snap: Snapshot, entry: Entry, now: str) -> None:
        """Take out of the records what is to go: versions that cannot be read any more, or must be written again.

        :param now: the source's time, RFC 3339.
        """
        states = snap.metadata.versions if snap.metadata else ()
        if self.deletes and snap.metadata and "versions" in snap.metadata.block:
            alive = {*snap.wanted, *(state.number for state in states if readable(state, now))}
            entry.items = {
                key: _without(r, [n for n in r.versions if n not in alive]) for key, r in entry.items.items()
            }
            entry.seen = [number for number in entry.seen if number in alive]
        if self._deletions.undeleted == "rewrite" and (record := entry.items.get("")) and not entry.seen:
            entry.items[""] = self._to_rewrite(snap, record)

    def _to_rewrite(self, snap: Snapshot, record: Record) -> Record:
        """Without what comes after a version that is to be put between: it is written again behind that one."""
        first = min(pending(snap.wanted, record), default=0)
        tail = [number for number in record.versions if number > first > 0]
        room = len(record.versions) + len(record.stale) + len(snap.wanted)
        if not tail or (self._kept is not None and room > self._kept):
            return record
        return _without(record, tail)

    def renew(self, record: Record) -> Record:
        """The record of an item whose secret was removed and made anew: none of its versions is at the source."""
        return _without(record, list(record.versions)) if self.deletes else replace(record, versions={})

    def later(self, path: str, jobs: t.Iterable[Job]) -> None:
        """Note jobs whose action ends with a deletion, once their writes were acknowledged."""
        found = [job for job in jobs if job.action.drop or job.action.kind in ("delete", "forget")]
        if found:
            self._waiting.setdefault(path, []).extend(found)

    # --- at the end

    def check_limit(self, planned: int) -> None:
        """:raises SecretferryError: more secrets than the user allows would lose their items."""
        if planned > self._deletions.limit:
            raise SecretferryError(
                f"{planned} secrets are gone at the source and their items would be deleted, delete_limit is"
                f" {self._deletions.limit}; none of them was",
                "Make sure that they are meant to be gone, then raise delete_limit",
            )

    async def finish(self) -> None:
        """Delete what was noted. Its ledger entries are written first."""
        if not self._waiting:
            return
        await self._ledger.flush()
        await for_each(self._waiting.items(), self._delete_from, concurrency=self._concurrency)

    async def _delete_from(self, noted: tuple[str, list[Job]]) -> None:
        path, jobs = noted
        for job in jobs:
            await self._one(path, job)

    async def _one(self, path: str, job: Job) -> None:
        await self._ledger.lease.hold()
        try:
            if job.action.kind in ("delete", "forget"):
                await self._delete(path, job)
            else:
                await self._prune(path, job)
        except Changed as error:
            self._report.fail(path, job.item, error.message, error.remedy or "Run again", planned=job.action)

    async def _delete(self, path: str, job: Job) -> None:
        async def check(now: Item) -> None:
            listed = self._listing.item(job.item)
            if listed is None or (now.last_version, now.modified) != (listed.last, listed.modified):
                raise Changed(f"delete {job.item}: somebody changed it meanwhile")
            await self._backup.back_up(job.item, now.last_version)

        items = self._ledger.items
        if job.action.kind == "delete":
            await delete_item(job.item, self._store, items, self._location, prepare=check)
        else:
            await items.delete_companion(companion_name(job.item, self._location))
        before = self._ledger.entry(path)
        self._ledger.replace_record(path, job.key, None)
        if before is not None and (rest := {key: r for key, r in before.items.items() if key != job.key}):
            await self._ledger.remember(path, replace(before, items=rest))

    async def _prune(self, path: str, job: Job) -> None:
        """Delete versions, oldest first, so that no older one becomes the newest before its time."""
        record = job.record
        if job.action.drop:
            await self._backup.back_up(job.item, None)
        for number in job.action.drop:
            value = await self._store.value(job.item, number)
            if value is not None:
                if self._digests.of_value(value, self._form) != record.stale.get(number):
                    raise Changed(f"delete {job.item} version {number}: its value was changed at the target since")
                await self._store.delete_version(job.item, number)
                self._report.versions_deleted += 1
        item = await self._store.describe(job.item)
        entry = self._ledger.entry(path)
        if item is None or entry is None:
            return
        entry.items[job.key] = replace(record, last=item.last_version, modified="", stale={})
        await self._ledger.remember(path, entry)

    @property
    def _digests(self) -> Digests:
        return self._ledger.digests


def _without(record: Record, numbers: t.Sequence[int]) -> Record:
    """A record from which these source versions are taken out, to be deleted at the target."""
    if not numbers:
        return record
    stale = {**record.stale, **dict(record.versions[number] for number in numbers)}
    return replace(record, versions={n: v for n, v in record.versions.items() if n not in {*numbers}}, stale=stale)
