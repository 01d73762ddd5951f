# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verification under way: find what there should be, compare it with what there is, look for what should not be.

It plans nothing and trusts no record of what was written: values of both sides are read and compared by keyed digest.
The ledger gives the definition and the key of the digests. Beyond that it is asked for one thing only, to excuse a
version that is at the target and no longer at the source; it can never vouch for one that is missing or different.
"""

from __future__ import annotations

import asyncio
import itertools
import typing as t

from ..akeyless.items import Item, ItemStore
from ..errors import ApiError, FerryError, LedgerError, LoginError, NotFound, PermissionDenied, TransportError
from ..pacing import Outage
from ..vault.kv import KvReader, Mount
from .compare import Outcome, compare_metadata, compare_versions
from .definition import Definition, tag_of
from .discover import nothing_found
from .item_reader import ItemReader
from .ledger import Entry, Ledger
from .naming import Naming
from .plan import base_of, takeover
from .progress import progress
from .sample import Sample
from .scope import Scope, find
from .selection import Selection
from .verify_findings import Findings
from .verify_spool import VerifySpool
from .witness import Expectation, Expected, Witness

__all__ = ["FATAL", "Verification"]

# The whole ends on these: nothing that comes after could go better.
FATAL = (Outage, LoginError, LedgerError, TransportError)
_CHUNK = 16  # secrets whose items are read together
_Row = tuple[str, str, str, int, str]

_RUN = "Run kv_migration again, then verify"
_LOOK = "Look at the item and at who wrote it; kv_migration with conflict: update puts the source's versions on top"
_DELETE = "Delete the item if nobody needs it, or set extra: report"


class _Known(t.NamedTuple):
    """An item as the target's listing shows it."""

    last: int
    tags: tuple[str, ...]
    description: str
    type: str
    kept: int


class Verification:
    """One verification. What it found is in ``findings`` and, for the access checks, in the spool."""

    def __init__(
        self,
        definition: Definition,
        reader: KvReader,
        store: ItemStore,
        ledger: Ledger,
        spool: VerifySpool,
        findings: Findings,
        naming: Naming,
        *,
        sample: Sample,
        scope: Scope,
        extra: str = "fail",
    ) -> None:
        self.definition = definition
        self.findings = findings
        self.found = 0
        self.chosen = 0
        self._store = store
        self._ledger = ledger
        self._spool = spool
        self._naming = naming
        self._sample = sample
        self._scope = scope
        self._extra = extra
        self._reader = reader
        self._keys = definition.layout == "keys"
        self._tag = tag_of(definition.name)
        self._witness = Witness(reader, definition, ledger.digests)
        self._items = ItemReader(store, ledger.digests, "text" if self._keys else "json", ledger.folder)
        self._named: frozenset[str] = frozenset()
        self._dark: tuple[str, ...] = ()

    # --- the stages

    async def discover(self) -> None:
        """Find the secrets and list the target.

        :raises FerryError: there is nothing to verify.
        """
        definition = self.definition

        def found(mount: Mount, secret: str) -> None:
            self._spool.add_source(
                mount.path + secret, mount.path, secret, mount.version, self._naming.item(mount.path, secret)
            )
            progress.advance()

        progress.stage("discover")
        selection = Selection(definition.include, definition.exclude)
        seen = await find(
            self._reader, definition.paths, selection, self._scope, found, concurrency=min(16, definition.concurrency)
        )
        if self._scope.paths is None:
            self._named = frozenset(root.full for root in seen.roots if not root.is_folder)
            for option, glob in selection.unused():
                self.findings.note(f"source.{option}: {glob} matches no path that was found")
        self._dark = tuple(path for path, _reason in seen.unreadable if path.endswith("/"))
        self.found = self._spool.count_sources()
        self.findings.counts["out_of_scope"] = seen.outside
        if not self.found and not seen.outside:
            raise nothing_found(seen)
        await self._list()
        for path, reason in seen.unreadable:
            self._unreadable(path, reason)
        for path, reason, remedy in seen.failed:
            self.findings.differ("unreadable", path, "", reason, remedy)
        for root in seen.empty:
            if root.asked:
                self.findings.differ("unreadable", root.full, "", "there is nothing to list", _SPELLING)

    async def _list(self) -> None:
        """Take note of everything at the target location, or of the items of the secrets that were named."""
        progress.stage("list")
        if self._scope.paths is None:
            await self._list_below(self.definition.target_location)
            return
        rows = self._spool.sources()
        while chunk := list(itertools.islice(rows, _CHUNK)):
            await asyncio.gather(*(self._list_one(row[4]) for row in chunk))

    async def _list_below(self, folder: str) -> None:
        async for item in self._store.folder(folder):
            below = item.name.removeprefix(self.definition.target_location)
            if not below.startswith("/.secretferry/"):
                self._note(item)

    async def _list_one(self, name: str) -> None:
        if self._keys:
            await self._list_below(name)
        elif (item := await self._store.describe(name)) is not None:
            self._note(item)

    def _note(self, item: Item) -> None:
        self._spool.put_target(
            (item.name, item.last_version, "", "\n".join(item.tags), item.description, item.type, item.max_versions)
        )
        progress.advance()

    async def compare(self) -> None:
        """Compare every secret of the sample.

        :raises FerryError: it had to end early.
        """
        await self._ledger.load_entries()
        in_sample = self._sample.choose(row[0] for row in self._spool.sources())
        chosen = (row for row in self._spool.sources() if in_sample(row[0]))
        progress.stage("verify", self.found if not self._sample.asked else None)

        async def work() -> None:
            while rows := list(itertools.islice(chosen, _CHUNK)):
                self.chosen += len(rows)
                await self._chunk(rows)
                progress.advance(len(rows), failed=self.findings.differences - progress.failed)

        # Each worker has a chunk of secrets under way; the pace of each side bounds the requests in flight.
        workers = [asyncio.create_task(work()) for _worker in range(max(1, self.definition.concurrency // _CHUNK) + 1)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        self.findings.counts["secrets"] = self.chosen
        self.findings.counts["not_sampled"] = self.found - self.chosen

    # --- some secrets

    async def _chunk(self, rows: list[_Row]) -> None:
        looks = await asyncio.gather(*(self._look(row) for row in rows))
        wanted = [
            (row, look, expected, self._name(row, expected.key))
            for row, look in zip(rows, looks, strict=True)
            if look is not None
            for expected in look.items.values()
        ]
        asked = {
            name: self._numbers(self._entry(row), expected, known)
            for row, _look, expected, name in wanted
            if (known := self._known(name)) and known.type == "STATIC_SECRET"
        }
        held, told = await asyncio.gather(self._held(asked), self._told(asked))
        for row, look, expected, name in wanted:
            self._compare(row, look, expected, name, held.get(name), told.get(name, ""))
        for row, seen in zip(rows, looks, strict=True):
            if seen is not None:
                self._spool.compared(row[0])

    async def _look(self, row: _Row) -> Expectation | None:
        path, mount, secret, kv, item = row
        try:
            return await self._witness.look(Mount(mount, kv), secret)
        except FATAL:
            raise
        except PermissionDenied as error:
            self._blind(path, item, error)
        except NotFound as error:
            if path in self._named:
                self.findings.differ("unreadable", path, item, error.message, _SLASHES)
            else:
                when = "" if self._scope.paths else " while it was verified"
                self.findings.counts["gone"] += 1
                self.findings.note(f"{path} is gone at the source{when}")
                self._spool.compared(path)
        except FerryError as error:
            self.findings.differ("unreadable", path, item, error.message, error.remedy)
        return None

    def _blind(self, path: str, item: str, error: FerryError) -> None:
        """The source may not be read. Only a secret that was not migrated either may pass with a warning."""
        if self._known(item) or (self._keys and self._spool.items_below(item)):
            self.findings.differ("unreadable", path, item, f"cannot be compared: {error.message}", error.remedy)
        else:
            self._unreadable(path, error.message)

    def _unreadable(self, path: str, reason: str) -> None:
        if self.definition.unreadable == "fail":
            self.findings.differ("unreadable", path, "", reason, "Grant the Vault policy this path")
        else:
            self.findings.unreadable(path, reason)

    async def _held(self, asked: dict[str, range]) -> dict[str, list[tuple[int, str]] | FerryError]:
        """What the items hold; where some may not be read, each is asked by itself, and has its own error."""
        held: dict[str, list[tuple[int, str]] | FerryError] = {}
        try:
            held.update(await self._items.versions(asked))
        except FATAL:
            raise
        except ApiError:
            for name, numbers in asked.items():
                try:
                    held.update(await self._items.versions({name: numbers}))
                except FATAL:
                    raise
                except FerryError as error:
                    held[name] = error
        return held

    async def _told(self, names: t.Iterable[str]) -> dict[str, str | FerryError | None]:
        """What the descriptions of the items say, those that point elsewhere followed."""
        if self.definition.metadata_mode == "none":
            return {}
        descriptions = {name: known.description for name in names if (known := self._known(name))}
        texts = await asyncio.gather(*(self._text(description) for description in descriptions.values()))
        return dict(zip(descriptions, texts, strict=True))

    async def _text(self, description: str) -> str | FerryError | None:
        try:
            return await self._items.metadata(description)
        except FATAL:
            raise
        except FerryError as error:
            return error

    # --- one item

    def _compare(
        self,
        row: _Row,
        look: Expectation,
        expected: Expected,
        name: str,
        held: list[tuple[int, str]] | FerryError | None,
        told: str | FerryError | None,
    ) -> None:
        path, counts = row[0], self.findings.counts
        before = self.findings.differences
        known = self._known(name)
        counts["items"] += bool(expected.versions)
        counts["versions"] += len(expected.versions)
        state = "clean"
        if known is None:
            state = "absent"
            self._absent(path, name, expected)
        elif not self._is_ours(known):
            state = "flawed"
            self._foreign(path, name, expected, known, held, self._entry(row))
        elif isinstance(held, FerryError):
            self.findings.differ("unreadable", path, name, f"cannot be compared: {held.message}", held.remedy)
        else:
            outcome = self._outcome(row, expected, known, held or [])
            self._report(path, name, outcome)
            self._metadata(path, name, look, expected, known, told)
        if self.findings.differences > before and state == "clean":
            state = "flawed"
        if expected.versions:
            self._spool.want(name, path, expected.versions[-1][1], expected.plain, state)

    def _absent(self, path: str, name: str, expected: Expected) -> None:
        if not expected.versions:
            return
        reason, remedy = "it is not at the target", _RUN
        if expected.largest > self.definition.value_limit:
            reason = f"it is not at the target: a value has {expected.largest} bytes, value_limit is" \
                f" {self.definition.value_limit}"  # fmt: skip
            remedy = "Raise value_limit if the account takes more, or exclude the path"
        elif self._keys and not expected.key:
            reason = "it is not at the target: it has a key without a name, and no item can have that name"
            remedy = "Rename the key, exclude the path, or use layout: json"
        numbers = [number for number, _digest in expected.versions]
        self.findings.differ("missing", path, name, reason, remedy, count=len(numbers), versions=numbers)

    def _foreign(
        self,
        path: str,
        name: str,
        expected: Expected,
        known: _Known,
        held: list[tuple[int, str]] | FerryError | None,
        entry: Entry | None,
    ) -> None:
        """An item of that name which the migration did not make, or which is no longer marked as made by it."""
        if not expected.versions:
            return
        if entry is not None and expected.key in entry.items:
            reason = "it was replaced at the target since, or its tag was removed"
            self.findings.differ("changed", path, name, reason, _LOOK)
            return
        if known.type != "STATIC_SECRET":
            said = f"the name is taken by an item of type {known.type}"
        else:
            said = "it was not made by this migration"
            if isinstance(held, list) and held:
                same = held[-1][1] == expected.versions[-1][1]
                said += "; its newest value is " + ("that of the source" if same else "not that of the source")
        if self.definition.conflict == "skip":
            self.findings.leave("foreign", path, name, f"{said}; it was left alone, as conflict is skip", _TAKE)
        else:
            self.findings.differ("foreign", path, name, said, _TAKE)

    def _outcome(self, row: _Row, expected: Expected, known: _Known, held: list[tuple[int, str]]) -> Outcome:
        entry = self._entry(row)
        record = entry.items.get(expected.key) if entry else None
        first = self._first_ours(entry, expected, known)
        recorded = dict(record.versions.values()) if record else {}

        def explained(number: int, digest: str) -> bool:
            return number < first or recorded.get(number) == digest

        return compare_versions(expected.versions, held, explained)

    def _report(self, path: str, name: str, outcome: Outcome) -> None:
        self.findings.counts["identical"] += outcome.identical
        # Only what is newer than all the rest can still be put in its place.
        newer = not (outcome.different or outcome.order or outcome.added) and outcome.last_held < min(
            outcome.missing, default=0
        )
        for kind, numbers, reason, remedy in (
            ("different", outcome.different, "another value at the target", _LOOK),
            ("missing", outcome.missing, "not at the target", _RUN if newer else _LOOK),
            ("order", outcome.order, "not in its place at the target", _LOOK),
        ):
            if numbers:
                self.findings.differ(
                    kind, path, name, f"{_versions(numbers)}: {reason}", remedy, count=len(numbers), versions=numbers
                )
        if outcome.added:
            reason = f"{_versions(outcome.added)} at the target is not from the source"
            self.findings.differ("changed", path, name, reason, _LOOK, versions=outcome.added)

    def _metadata(
        self,
        path: str,
        name: str,
        look: Expectation,
        expected: Expected,
        known: _Known,
        told: str | FerryError | None,
    ) -> None:
        if self.definition.metadata_mode == "none" or not expected.versions:
            return
        if told is None:
            reason = "its description points to metadata that is not there"
            self.findings.differ("metadata", path, name, reason, _METADATA)
            return
        if isinstance(told, FerryError):
            self.findings.differ("unreadable", path, name, f"cannot be compared: {told.message}", told.remedy)
            return
        own = not takeover(known.tags, self._tag)
        numbers = [number for number, _digest in expected.versions]
        problem = compare_metadata(self.definition.metadata_mode, look.block, told, numbers, own=own)
        if problem:
            self.findings.differ("metadata", path, name, problem, _METADATA)

    # --- what there is

    def _numbers(self, entry: Entry | None, expected: Expected, known: _Known) -> range:
        """The versions to read: all that are ours, at least as many as the source has, as far as they are kept."""
        first = min(self._first_ours(entry, expected, known), known.last - len(expected.versions) + 1)
        kept = known.last - known.kept + 1 if known.kept else 1
        return range(max(1, first, kept), known.last + 1)

    def _first_ours(self, entry: Entry | None, expected: Expected, known: _Known) -> int:
        """The first version that this migration wrote; those before were there when it took the item over."""
        record = entry.items.get(expected.key) if entry else None
        ours = [number for number, _digest in record.versions.values()] if record else []
        return min(ours, default=base_of(takeover(known.tags, self._tag)) + 1)

    def _known(self, name: str) -> _Known | None:
        row = self._spool.target(name)
        if row is None:
            return None
        last, _modified, tags, description, kind, kept = row
        return _Known(last, tuple(tags.split("\n")) if tags else (), description, kind, kept)

    def _entry(self, row: _Row) -> Entry | None:
        return self._ledger.entry(row[0])

    def _is_ours(self, known: _Known) -> bool:
        return known.type == "STATIC_SECRET" and (self._tag in known.tags or bool(takeover(known.tags, self._tag)))

    def _name(self, row: _Row, key: str) -> str:
        return self._naming.item(row[1], row[2], key) if self._keys else row[4]

    # --- what should not be there

    def look_for_extras(self) -> None:
        """Report items below the target location that no source secret accounts for."""
        progress.stage("extras")
        for name, kind, tags in self._spool.unwanted():
            path = self._naming.path(name, key=self._keys)
            if not self._scope.takes(path):
                continue
            owner = self._spool.owner(name.rpartition("/")[0] if self._keys else name)
            if owner is not None and not self._spool.was_compared(owner):
                continue  # not in the sample, or not readable, which is told elsewhere
            ours = self._tag in tags or bool(takeover(tags, self._tag))
            if not ours and any(tag.startswith("secretferry:") for tag in tags):
                self.findings.counts["other_migrations"] += 1
            elif ours and path.startswith(self._dark):
                reason = "cannot be compared: the source may not be listed there"
                self.findings.differ("unreadable", path, name, reason, "Grant the Vault policy this path")
            elif ours:
                self._tell_extra(path, name, "this migration made it, and the source has it no more", _GONE)
            else:
                what = "" if kind == "STATIC_SECRET" else f" (type {kind})"
                self._tell_extra(
                    "", name, f"no migration made it{what}, and nothing at the source stands for it", _DELETE
                )

    def _tell_extra(self, path: str, name: str, reason: str, remedy: str) -> None:
        if self._extra == "fail":
            self.findings.differ("extra", path, name, reason, remedy)
        else:
            self.findings.leave("extra", path, name, reason, remedy)


_TAKE = "Rename that item, or take it over: kv_migration with conflict: update or overwrite"
_GONE = "Delete the item if nobody needs it, let kv_sync do it with deleted: delete, or set extra: report"
_METADATA = "Run kv_migration again, which writes what changed at the source; otherwise look at the item"
_SPELLING = "Check the path's spelling, the mount and the namespace"
_SLASHES = "Name folders with a slash at the end, and secrets without"


def _versions(numbers: t.Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:8])) + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")
    return f"version{'s' if len(numbers) > 1 else ''} {shown}"
