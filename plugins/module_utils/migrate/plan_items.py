# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Planning the items of one secret: one with ``layout: json``, one for each key with ``layout: keys``."""

from __future__ import annotations

import asyncio
import typing as t
from dataclasses import dataclass

from ..common.workdb import SourceSecret
from ..ledger.backup import ItemBackup, read_bundles
from ..ledger.entry import Entry
from ..ledger.items import metadata_item_name
from ..plan.decide import decide, standing, valid
from ..plan.metadata import Description, describe, pieces, wanted_text
from ..plan.model import Action, PlanInput, Record, SourceVersion, TargetItem
from ..source.snapshot import Snapshot, Value
from ..target.intended import Intended
from .context import RunContext
from .read_secret import ReadSecret

__all__ = ["ItemPlanner", "Job"]


@dataclass
class Job:
    """One item's action with all that it needs.

    :ivar key: the key of the secret that the item is for, empty with one item per secret.
    :ivar values: by source version.
    :ivar versions: the source versions that were read, by number.
    :ivar metadata_item: its name below the ledger's folder, for metadata that is too long for a description.
    :ivar record: what the ledger remembers of the item; brought up to date as writes are acknowledged.
    :ivar target: the item as the target lists it.
    """

    key: str
    item: str
    action: Action
    values: t.Mapping[int, Value]
    versions: t.Mapping[int, SourceVersion]
    description: Description
    metadata_item: str
    record: Record
    target: TargetItem | None = None


class ItemPlanner:
    """Plans the items of secrets, and puts each action into the report."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._backups: dict[str, list[ItemBackup]] | None = None
        self._reading = asyncio.Lock()

    async def plan(self, row: SourceSecret, secret: ReadSecret) -> list[Job]:
        """The jobs for a secret's items, in order of their keys."""
        values = secret.values
        for key in secret.entry.items if self._context.one_item_per_key else ("",):
            values.setdefault(key, {})
        if not values:
            self._context.report.plan(row.path, row.item, Action("skip", "it has no keys, so no item"))
        return await self._jobs(row, secret.entry, secret.snapshot, values)

    async def plan_removed(self, row: SourceSecret, entry: Entry, snapshot: Snapshot) -> list[Job]:
        """The jobs for the items of a secret that the source has no more."""
        return await self._jobs(row, entry, snapshot, {key: {} for key in entry.items})

    async def _jobs(
        self, row: SourceSecret, entry: Entry, snapshot: Snapshot, values: t.Mapping[str, t.Mapping[int, Value]]
    ) -> list[Job]:
        jobs = [await self._job(row, entry, snapshot, key, versions) for key, versions in sorted(values.items())]
        for job in jobs:
            self._context.report.plan(row.path, job.item, job.action)
        return jobs

    async def _job(
        self, row: SourceSecret, entry: Entry, snapshot: Snapshot, key: str, values: t.Mapping[int, Value]
    ) -> Job:
        context = self._context
        digests, keyed = context.ledger.digests, context.one_item_per_key
        item = context.naming.item(row.mount, row.secret, key) if keyed else row.item
        target = context.listing.item(item)
        record = valid(entry.items.get(key), target, context.policy)
        written = {*(record.versions if record else ())}
        wanted = self._wanted_of_item(snapshot, values, written)
        metadata_item = metadata_item_name(item, context.naming.location)
        block = snapshot.metadata.block if snapshot.metadata else None
        text = wanted_text(context.definition.metadata_mode, block, {*written, *wanted})
        pointer = f"{context.ledger.folder}/{metadata_item}"
        description = describe(text, pointer, digests.of_text) if text else Description("")
        observed = await self._observe(item, target, record)
        described = digests.of_text(description.text)
        given = PlanInput(
            wanted=wanted,
            pieces={
                number: SourceVersion(
                    number, digests.of_value(v.text, v.form), len(v.text.encode("utf-8", "surrogatepass"))
                )
                for number, v in values.items()
            },
            target=target,
            record=record,
            description=described,
            observed=observed,
            keep=int((block or {}).get("max_versions") or 10),
            described_by=await self._described_by(item, target, record, described, observed),
            metadata_item=self._metadata_item(metadata_item, description, described, target, record),
        )
        action = decide(given, context.policy)
        if keyed and not key and action.writes:
            reason = "it has a key without a name, and no item can have that name"
            action = Action("fail", reason, remedy="Rename the key, exclude the path, or use layout: json")
        return Job(key, item, action, values, given.pieces, description, metadata_item, record or Record(0), target)

    def _metadata_item(
        self, name: str, description: Description, digest: str, target: TargetItem | None, record: Record | None
    ) -> t.Literal["right", "missing", "unneeded"]:
        """See :class:`..plan.model.PlanInput`.

        :param digest: of the description that the item should have.
        """
        if target is None or target.description != digest:
            return "right"  # or it will be, with the description
        there = self._context.ledger.items.count_pieces(name)
        needed = len(pieces(description.metadata_item)) if description.metadata_item else 0
        if needed and (there < needed or (record is not None and record.description != digest)):
            return "missing"
        return "unneeded" if there > needed else "right"

    async def _described_by(
        self,
        item: str,
        target: TargetItem | None,
        record: Record | None,
        wanted: str,
        observed: t.Mapping[int, str | None],
    ) -> t.Literal["us", "others", "unknown"]:
        """See :class:`..plan.model.PlanInput`; looked at only where neither the source nor the record tells.

        :param wanted: digest of the description that the item should have.
        """
        if target is None or target.description in ("", wanted, record.description if record else ""):
            return "unknown"
        ledger, tag = self._context.ledger, self._context.policy.tag
        backups = await self._backups_of_dead_runs(item)
        meant = Intended.of(item, target.tags, tag, ledger.digests, (d for b in backups for d in b.meant))
        if meant.has_description(target.description):
            return "us"
        if backups and target.description not in {ledger.digests.of_text(backup.description) for backup in backups}:
            return "others"
        # A tag of a ledger that was lost since has marks that this ledger's key cannot check.
        known = any(meant.has_version(number, digest) for number, digest in observed.items())
        return "others" if known and not backups else "unknown"

    async def _backups_of_dead_runs(self, item: str) -> list[ItemBackup]:
        """How the item was before runs changed it that then died. Their backups are read once."""
        async with self._reading:
            if self._backups is None:
                self._backups = {}
                ledger = self._context.ledger
                async for bundle in read_bundles(ledger.items, ledger.lease.dead_runs):
                    for of, backup in bundle.items.items():
                        self._backups.setdefault(of, []).append(backup)
        return self._backups.get(item, [])

    def _wanted_of_item(
        self, snapshot: Snapshot, values: t.Mapping[int, Value], written: t.Collection[int]
    ) -> tuple[int, ...]:
        """The versions that this item should hold: KV v1 counts per item, and a key may be in some versions only."""
        if snapshot.metadata is None:
            return tuple(values)
        if self._context.one_item_per_key:
            return tuple(number for number in snapshot.wanted if number in values or number in written)
        return snapshot.wanted

    async def _observe(self, item: str, target: TargetItem | None, record: Record | None) -> dict[int, str | None]:
        """Keyed digests of the target versions that must be read back, ``None`` for one that is no longer kept."""
        context = self._context
        observed: dict[int, str | None] = {}
        for version in standing(target, record, context.policy).to_read:
            text = await context.store.value(item, version)
            observed[version] = None if text is None else context.ledger.digests.of_value(text, context.form)
        return observed
