# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ledger: what a migration has done, kept in Akeyless beside the items that it is about.

Items below ``<target location>/.secretferry/<migration>/``:

``definition``
    the options of the migration, without credentials, and the random key of the digests; see definition.py.
``lease``, ``lease-b<bits>``
    which run may write, of the whole migration or of a batch; see lease.py.
``shard-b<bits>``, ``entry-...``
    what was done, an entry for each secret; see shards.py.
``backup/<run>/...``
    how items were before that run changed them; see backup.py.
``metadata/...``
    metadata that is too long for a description; see items.py.

An entry is written after its items. So a run that dies leaves out entries, and never writes one too many. The next run
compares values with the items that carry the migration's tag, and makes the entries that are missing.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..akeyless.items import ItemStore
from ..common.workdb import WorkDb
from ..errors import LeaseHeld, LedgerError, NotFound
from ..limits import DEFAULT_LIMITS, Limits
from ..plan.definition import tag_of
from ..plan.model import Record
from ..plan.naming import LEDGERS, join
from .definition import DEFINITION, StoredDefinition
from .digests import Digests
from .entry import Entry
from .items import LedgerItems, is_metadata_item
from .lease import Lease
from .lease_holder import LeaseHolder
from .shards import Shards

__all__ = ["Ledger", "ledger_folder", "open_ledger"]


def ledger_folder(target_location: str, name: str) -> str:
    """The folder of a migration's ledger."""
    return join(target_location, LEDGERS, name)


def open_ledger(
    store: ItemStore,
    workdb: WorkDb,
    name: str,
    target_location: str,
    *,
    batch: str = "",
    holder: LeaseHolder | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Ledger:
    """The ledger of a migration. Nothing is read yet.

    :param batch: bits of the batch that the run works on; empty for the whole migration.
    :param holder: who takes the lease; ``None``: this process, for one run.
    """
    folder, tag = ledger_folder(target_location, name), tag_of(name)
    lease = Lease(
        store,
        folder,
        tag,
        batch,
        holder=holder or LeaseHolder.this_process(),
        now=store.client.transport.clock.now,
        seconds=limits.lease_seconds,
    )
    return Ledger(LedgerItems(store, folder, tag, lease), workdb, lease, limits)


class Ledger:
    """The ledger of one migration: its definition, and its entries in the work database.

    :ivar items: its items at the target.
    :ivar lease: the lease that a run must hold to write.
    :ivar batch: bits of the batch that the run works on; empty for the whole migration.
    """

    def __init__(self, items: LedgerItems, workdb: WorkDb, lease: Lease, limits: Limits = DEFAULT_LIMITS) -> None:
        self.items = items
        self.lease = lease
        self.batch = lease.batch
        self.folder = items.folder
        self._workdb = workdb
        self._definition = StoredDefinition(items)
        self._shards = Shards(items, workdb, self._definition, lease, limits)

    @property
    def run(self) -> str:
        """The id of this run, empty until it writes."""
        return self.lease.run

    @property
    def definition(self) -> dict[str, t.Any] | None:
        """The content of the definition, ``None`` where there is none."""
        return self._definition.content

    @property
    def digests(self) -> Digests:
        """The digests with the key of the definition. Other ones after :meth:`load` and :meth:`define`."""
        return self._definition.digests

    @property
    def exists(self) -> bool:
        """Whether there is a definition."""
        return self.definition is not None

    @property
    def present(self) -> bool:
        """Whether anything of the ledger is there, metadata items aside."""
        return any(not is_metadata_item(name) for name in self.items.names())

    # --- reading

    async def load(self) -> None:
        """Read the definition and the leases, and find the shards. Reads no secret.

        :raises LedgerError: the definition was made by a newer release, or is damaged.
        """
        items = self.items
        await items.load()
        self._shards.find()
        leases = self.lease.overlapping(items.names())
        if self._shards.index.shards and not items.has(DEFINITION):
            # Lost, or made by another batch after the listing had passed its name.
            await items.exists_now(DEFINITION)
        texts = await items.texts([*([DEFINITION] if items.has(DEFINITION) else []), *leases])
        if DEFINITION in texts:
            self._definition.understand(texts[DEFINITION])
        self.lease.read(items.versions(leases), texts)

    async def load_entries(self) -> None:
        """Read all entries of the batch into the work database.

        :raises LedgerError: a shard was made by a newer release, or is damaged.
        :raises LeaseHeld: another run has split a shard since the ledger was listed. What was listed of the target
            before may be older than the entries would be now, so they are not read again.
        """
        if not self.exists:
            return
        try:
            await self._shards.load()
        except NotFound:
            holder = await self.lease.blocker()
            raise LeaseHeld(
                "another run of this migration "
                + (f"is writing: {holder}" if holder else f"wrote to {self.folder} while this one read it"),
                "Run again when it has ended",
            ) from None

    def entry(self, path: str) -> Entry | None:
        """The entry of the secret ``path``, with the records of all its keys."""
        entry = self._shards.get(path)
        if entry is None:
            return None
        parts = self._workdb.parts(path)
        for part in parts:
            entry.items.update(Entry.from_json(part).items)
        if len(parts) != entry.parts:
            entry.seen = []  # a run was killed after it had written some of the shards: read every key again
        return entry

    def record(self, path: str, key: str) -> Record | None:
        """The record of one item: of the secret ``path``, or of one key of it."""
        entry = self._shards.get(_entry_name(path, key))
        return entry.items.get(key) if entry else None

    # --- writing: only under the lease

    async def define(self, values: dict[str, t.Any]) -> bool:
        """Change members of the definition, or make it.

        :returns: whether another run has just made it. Then ``digests`` are others than before.
        :raises LedgerError: another run made a different one; or the definition is lost, and this run works on a batch,
            so it may not delete what remains.
        """
        if not self.exists and self._shards.index.shards:
            if self.batch:
                raise LedgerError(
                    f"{self.folder}/{DEFINITION} is lost, and the rest of the ledger with it",
                    "Run once without scope: entries are rebuilt",
                )
            # Without the key of their digests, the shards are useless.
            await self._shards.delete_all()
        return await self._definition.write(values, alone=not self.batch)

    async def remember(self, path: str, entry: Entry) -> None:
        """Change the entry of a secret. Its shard is written once enough of its entries have changed."""
        for name, part in _parts(path, entry):
            await self._shards.put(name, part)

    def remember_later(self, path: str, entry: Entry) -> None:
        """Change the entry of a secret. The next :meth:`flush` writes its shard."""
        for name, part in _parts(path, entry):
            self._shards.put_later(name, part)

    def replace_record(self, path: str, key: str, record: Record | None) -> None:
        """Replace the record of one item, or with ``None`` delete it. The next :meth:`flush` writes it."""
        if not key:
            entry = self.entry(path) or Entry()
            self._shards.put_later(path, replace(entry, items={"": record}, seen=[], parts=0) if record else None)
            return
        self._shards.put_later(_entry_name(path, key), Entry("", {key: record}) if record else None)
        entry_of_path = self._shards.get(path)
        if entry_of_path is not None:
            parts = len(self._workdb.parts(path))
            # With nothing seen, the next run reads every key again.
            self._shards.put_later(path, replace(entry_of_path, seen=[], parts=parts) if parts else None)

    async def flush(self) -> None:
        """Write every shard that has changed entries."""
        await self._shards.flush()

    async def forget(self, *, metadata_items: bool = False) -> int:
        """Delete the ledger and the leases, the definition last. Returns the number of items.

        :param metadata_items: these, too; otherwise they stay, because descriptions of items point to them.
        """
        names = {"lease", *(name for name in self.items.names() if metadata_items or not is_metadata_item(name))}
        for name in sorted(names, key=lambda name: (_deletion_order(name), name)):
            await self.items.delete(name, anyway=True)
        self.lease.held = False  # it is deleted, too
        return len(names)


def _entry_name(path: str, key: str) -> str:
    """The name of an entry: of one key of a secret, or of the secret. Vault allows no newline in a path."""
    return f"{path}\n{key}" if key else path


def _parts(path: str, entry: Entry) -> t.Iterator[tuple[str, Entry]]:
    """Names and contents of the entries that a secret's entry is stored as.

    With one item per key, each key has an entry of its own, because a secret can have more keys than one item of the
    ledger could hold.
    """
    whole = {"": entry.items[""]} if "" in entry.items and not entry.seen else {}
    yield path, replace(entry, items=whole, parts=len(entry.items) - len(whole))
    for key, record in entry.items.items():
        if key not in whole:
            yield f"{path}\n{key}", Entry("", {key: record})


def _deletion_order(name: str) -> int:
    """Entries first, then backups: where a rollback is killed in between, the next one finds the backups."""
    return 3 if name == DEFINITION else 2 if name.startswith("lease") else 1 if name.startswith("backup/") else 0
