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
from ..common.progress import progress
from ..common.workers import run_workers
from ..errors import (
    FATAL,
    ApiError,
    NotFound,
    PermissionDenied,
    SecretferryError,
)
from ..ledger.ledger import Ledger
from ..plan.definition import Definition, tag_of
from ..plan.model import takeover
from ..plan.naming import Naming
from ..plan.scope import Scope
from ..plan.selection import Selection
from ..source.discover import find, nothing_found
from ..target.item_reader import ItemReader
from ..vault.kv import KvReader, Mount
from .judge import ItemVerifier, SourceSecret
from .report import VerificationReport
from .sample import Sample
from .source_digests import Expectation, Expected, SourceDigests
from .workdb import VerifyDb

__all__ = ["VerificationRun"]

_CHUNK = 16  # secrets whose items are read together
_DELETE = "Delete the item if nobody needs it, or set extra: report"


class VerificationRun:
    """One verification. What it found is in ``findings`` and, for the access checks, in the work database."""

    def __init__(
        self,
        definition: Definition,
        reader: KvReader,
        store: ItemStore,
        ledger: Ledger,
        workdb: VerifyDb,
        findings: VerificationReport,
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
        self._workdb = workdb
        self._naming = naming
        self._sample = sample
        self._scope = scope
        self._extra = extra
        self._reader = reader
        self._keys = definition.layout == "keys"
        self._tag = tag_of(definition.name)
        self._judge = ItemVerifier(definition, ledger, workdb, findings, naming)
        self._witness = SourceDigests(reader, definition, ledger.digests)
        self._items = ItemReader(store, ledger.digests, "text" if self._keys else "json", ledger.folder)
        self._selection = Selection(definition.include, definition.exclude)
        self._folders: tuple[str, ...] = ()
        self._named: frozenset[str] = frozenset()
        self._dark: tuple[str, ...] = ()

    # --- the stages

    async def discover(self) -> None:
        """Find the secrets and list the target.

        :raises SecretferryError: there is nothing to verify.
        """
        definition = self.definition

        def found(mount: Mount, secret: str) -> None:
            self._workdb.add_source(
                mount.path + secret, mount.path, secret, mount.version, self._naming.item(mount.path, secret)
            )
            progress.advance()

        progress.stage("discover")
        selection = self._selection
        seen = await find(
            self._reader, definition.paths, selection, self._scope, found, concurrency=min(16, definition.concurrency)
        )
        if self._scope.paths is None:
            self._named = frozenset(root.full for root in seen.roots if not root.is_folder)
            self._folders = tuple(root.full for root in seen.roots if root.is_folder)
            for option, glob in selection.unused():
                self.findings.note(f"source.{option}: {glob} matches no path that was found")
        self._dark = tuple(path for path, _reason in seen.unreadable if path.endswith("/"))
        self.found = self._workdb.count_sources()
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
        rows = self._workdb.sources()
        while chunk := list(itertools.islice(rows, _CHUNK)):
            await asyncio.gather(*(self._list_one(row.item) for row in chunk))

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
        self._workdb.put_target(item, description=item.description)
        progress.advance()

    async def compare(self) -> None:
        """Compare every secret of the sample.

        :raises SecretferryError: it had to end early.
        """
        await self._ledger.load_entries()
        in_sample = self._sample.choose(row.path for row in self._workdb.sources())
        chosen = (row for row in self._workdb.sources() if in_sample(row.path))
        progress.stage("verify", self.found if not self._sample.asked else None)

        async def work() -> None:
            while rows := list(itertools.islice(chosen, _CHUNK)):
                self.chosen += len(rows)
                await self._chunk(rows)
                progress.advance(len(rows), failed=self.findings.differences - progress.failed)

        # Each worker has a chunk of secrets under way; the pace of each side bounds the requests in flight.
        await run_workers(work, count=max(1, self.definition.concurrency // _CHUNK) + 1)
        self.findings.counts["secrets"] = self.chosen
        self.findings.counts["not_sampled"] = self.found - self.chosen

    # --- some secrets

    async def _chunk(self, rows: list[SourceSecret]) -> None:
        looks = await asyncio.gather(*(self._look(row) for row in rows))
        wanted = [
            (row, look, expected, self._judge.name(row, expected.key))
            for row, look in zip(rows, looks, strict=True)
            if look is not None
            for expected in self._expected(row, look)
        ]
        asked = {
            name: self._judge.numbers(self._judge.entry(row), expected, known)
            for row, _look, expected, name in wanted
            if (known := self._judge.known(name)) and known.type == "STATIC_SECRET"
        }
        held, told = await asyncio.gather(self._held(asked), self._told(asked))
        for row, look, expected, name in wanted:
            self._judge.judge(row, look, expected, name, held.get(name), told.get(name, ""))
        for row, seen in zip(rows, looks, strict=True):
            if seen is not None:
                self._workdb.compared(row.path)

    def _expected(self, row: SourceSecret, look: Expectation) -> t.Iterator[Expected]:
        """Its items, those of keys too that only versions had which the source has deleted since."""
        yield from look.items.values()
        entry = self._judge.entry(row) if self._keys else None
        for key in entry.items if entry else ():
            if key not in look.items:
                yield Expected(key)

    async def _look(self, row: SourceSecret) -> Expectation | None:
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
                self._workdb.compared(path)
        except SecretferryError as error:
            self.findings.differ("unreadable", path, item, error.message, error.remedy)
        return None

    def _blind(self, path: str, item: str, error: SecretferryError) -> None:
        """The source may not be read. Only a secret that was not migrated either may pass with a warning."""
        if self._judge.known(item) or (self._keys and self._workdb.items_below(item)):
            self.findings.differ("unreadable", path, item, f"cannot be compared: {error.message}", error.remedy)
        else:
            self._unreadable(path, error.message)

    def _unreadable(self, path: str, reason: str) -> None:
        if self.definition.unreadable_paths == "fail":
            self.findings.differ("unreadable", path, "", reason, "Grant the Vault policy this path")
        else:
            self.findings.unreadable(path, reason)

    async def _held(self, asked: dict[str, range]) -> dict[str, list[tuple[int, str]] | SecretferryError]:
        """What the items hold; where some may not be read, each is asked by itself, and has its own error."""
        held: dict[str, list[tuple[int, str]] | SecretferryError] = {}
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
                except SecretferryError as error:
                    held[name] = error
        return held

    async def _told(self, names: t.Iterable[str]) -> dict[str, str | SecretferryError | None]:
        """What the descriptions of the items say, those that point elsewhere followed."""
        if self.definition.metadata_mode == "none":
            return {}
        descriptions = {name: known.description for name in names if (known := self._judge.known(name))}
        texts = await asyncio.gather(*(self._text(description) for description in descriptions.values()))
        return dict(zip(descriptions, texts, strict=True))

    async def _text(self, description: str) -> str | SecretferryError | None:
        try:
            return await self._items.metadata(description)
        except FATAL:
            raise
        except SecretferryError as error:
            return error

    # --- what should not be there

    def look_for_extras(self) -> None:
        """Report items below the target location that no source secret accounts for."""
        progress.stage("extras")
        for name, kind, tags in self._workdb.unwanted():
            path = self._naming.path(name, key=self._keys)
            if not self._scope.takes(path):
                continue
            owner = self._workdb.owner(name.rpartition("/")[0] if self._keys else name)
            if owner is not None and not self._workdb.was_compared(owner):
                continue  # not in the sample, or not readable, which is told elsewhere
            ours = self._tag in tags or bool(takeover(tags, self._tag))
            if not ours and any(tag.startswith("secretferry:") for tag in tags):
                self.findings.counts["other_migrations"] += 1
            elif ours and not self._reaches(path) and self._ledger.entry(path) is not None:
                self.findings.counts["out_of_scope"] += 1
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

    def _reaches(self, path: str) -> bool:
        """Whether this run would have found the secret: an earlier one may have migrated others by the same name."""
        if self._scope.paths is not None:
            return True
        inside = not self.definition.paths or path.startswith(self._folders) or path in self._named
        return inside and self._selection.takes(path)

    def _tell_extra(self, path: str, name: str, reason: str, remedy: str) -> None:
        if self._extra == "fail":
            self.findings.differ("extra", path, name, reason, remedy)
        else:
            self.findings.leave("extra", path, name, reason, remedy)


_GONE = "Delete the item if nobody needs it, let kv_sync do it with deleted: delete, or set extra: report"
_SPELLING = "Check the path's spelling, the mount and the namespace"
_SLASHES = "Name folders with a slash at the end, and secrets without"
