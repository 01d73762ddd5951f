# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading one secret: its metadata, and the values that the plan needs, which are none where nothing is new."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ..common.workdb import SourceSecret
from ..errors import PermissionDenied
from ..ledger.digests import Digests
from ..ledger.entry import Entry
from ..plan.decide import pending, standing, valid
from ..plan.model import Record
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
from ..vault.kv import Metadata, Mount
from .context import RunContext
from .stale_versions import mark_recreated, mark_undeleted, mark_unreadable

__all__ = ["ReadSecret", "SecretReader", "kv1_version"]


@dataclass
class ReadSecret:
    """A secret as the plan needs it.

    :ivar entry: what the ledger holds of it, brought up to date with what the source shows.
    :ivar values: by key of the secret (``""`` with one item per secret), then by version.
    """

    entry: Entry
    snapshot: Snapshot
    values: dict[str, dict[int, Value]]


class SecretReader:
    """Reads secrets for a run."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._deletes = context.policy.delete

    async def read(self, row: SourceSecret) -> ReadSecret:
        """Read what the plan needs of a secret.

        :raises NotFound: the source has no such secret.
        :raises ApiError: it changed during every one of several reads.
        """
        if row.kv_version == 2:
            return await read_again_while_changing(row.path, lambda deleted: self._versioned(row, deleted))
        return await self._unversioned(row)

    async def _versioned(self, row: SourceSecret, deleted: t.Collection[tuple[int, str]]) -> ReadSecret:
        context = self._context
        known = context.ledger.entry(row.path)
        snapshot = await self._look_up(Mount(row.mount, row.kv_version), row.secret, deleted, known=known is not None)
        if snapshot.metadata is None:
            raise AssertionError("a KV v2 snapshot has metadata")
        entry = self._up_to_date(known, snapshot.metadata, snapshot)
        await read_versions(context.reader, snapshot, self._versions_to_read(row, snapshot, entry))
        return ReadSecret(entry, snapshot, split(snapshot, context.definition.layout))

    async def _look_up(
        self, mount: Mount, secret: str, deleted: t.Collection[tuple[int, str]], *, known: bool
    ) -> Snapshot:
        """Read the metadata of a secret; or its newest version alone, where the options want nothing else.

        Reading the newest version alone takes one request less, and no right to read the metadata. For a secret that
        is in the ledger the metadata is read all the same: it shows that nothing is new, and then no value is read.
        """
        reader, definition = self._context.reader, self._context.definition
        newest_is_enough = definition.versions == "current" and definition.metadata_mode != "full"
        if newest_is_enough and not known:
            return await read_newest(reader, mount, secret)
        try:
            return await look_up(reader, mount, secret, definition.versions, deleted)
        except PermissionDenied:
            if not newest_is_enough:
                raise
            return await read_newest(reader, mount, secret)

    def _up_to_date(self, known: Entry | None, metadata: Metadata, snapshot: Snapshot) -> Entry:
        """The ledger's entry, without what the source no longer has and this run is to delete or write again."""
        policy = self._context.policy
        entry = known or Entry(metadata.created)
        if not entry.created or not metadata.created:
            entry.created = entry.created or metadata.created  # one of the two was read with the newest version alone
        elif entry.created != metadata.created and (snapshot.wanted or self._deletes):
            # Removed and created again at the source: version numbers begin at 1 again, the items continue. Until the
            # new secret has a version, the records stay as they are.
            records = {key: mark_recreated(record, delete=self._deletes) for key, record in entry.items.items()}
            entry = Entry(metadata.created, records, wave=entry.wave)
        if self._deletes:
            mark_unreadable(entry, snapshot, now_text(self._context.reader.client.transport.clock.now()))
        if policy.undeleted == "rewrite" and "" in entry.items and not entry.seen:
            entry.items[""] = mark_undeleted(entry.items[""], snapshot.wanted, policy.kept_versions)
        return entry

    def _versions_to_read(self, row: SourceSecret, snapshot: Snapshot, entry: Entry) -> tuple[int, ...]:
        """The versions whose values must be read before anything can be decided; none where nothing is new."""
        context, policy = self._context, self._context.policy
        if context.one_item_per_key:
            new = [number for number in snapshot.wanted if number not in entry.seen]
            clean = all(
                standing(context.listing.item(context.naming.item(row.mount, row.secret, key)), record, policy).name
                == "clean"
                for key, record in entry.items.items()
            )
            return tuple(new) if clean and entry.seen else snapshot.wanted
        target = context.listing.item(row.item)
        record = valid(entry.items.get(""), target, policy)
        state = standing(target, record, policy)
        todo = pending(snapshot.wanted, record)
        if state.name == "clean":
            return todo
        if state.name == "unsure":
            return tuple(sorted({*todo, *snapshot.wanted[-1:]}))
        if state.name in ("foreign", "deleted") and context.definition.conflict in ("fail", "skip"):
            return ()
        return snapshot.wanted

    async def _unversioned(self, row: SourceSecret) -> ReadSecret:
        """A secret of KV v1, which has no versions and no metadata: only its value shows whether it changed.

        Each change that a run sees counts as a version, for each item by itself.
        """
        context = self._context
        mount = Mount(row.mount, row.kv_version)
        reading = await context.reader.read(mount, row.secret)
        entry = context.ledger.entry(row.path) or Entry()
        read = Snapshot(mount, row.secret, None, (1,), {1: reading.text or "{}"})
        values = {
            key: {kv1_version(entry.items.get(key), versions[1], context.ledger.digests): versions[1]}
            for key, versions in split(read, context.definition.layout).items()
        }
        numbers = sorted({number for versions in values.values() for number in versions})
        return ReadSecret(entry, Snapshot(mount, row.secret, None, tuple(numbers)), values)


def kv1_version(record: Record | None, value: Value, digests: Digests) -> int:
    """The version number of a value of KV v1: that of the newest recorded version if equal, or else the next one."""
    newest = max(record.versions, default=0) if record else 0
    if record is None or not newest:
        return 1
    same = record.versions[newest][1] == digests.of_value(value.text, value.form)
    return newest if same else newest + 1
