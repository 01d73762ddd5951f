# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A verification: find the secrets, list the target, compare, and look for extra items.

It plans nothing and trusts no record of what was written: values of both sides are read and compared by keyed digest.
The ledger gives the definition and the key of the digests. Beyond that it can explain one thing only, a version that is
at the target and no longer at the source; it cannot explain one that is missing or different.

Without a source, the target is compared with what the ledger records: a weaker statement, for when Vault is gone.
"""

from __future__ import annotations

import asyncio
import typing as t

from ..akeyless.items import Item, ItemStore
from ..common.progress import progress
from ..common.workdb import SourceSecret
from ..common.workers import chunked, for_each
from ..errors import NotFound
from ..ledger.ledger import Ledger
from ..plan.definition import Definition
from ..plan.naming import Naming, is_of_ledger
from ..plan.sample import Sample
from ..plan.scope import Scope
from ..plan.selection import Selection
from ..source.discover import Discovery, correction, find, nothing_found
from ..target.item_reader import ItemReader
from ..vault.kv import KvReader, Mount
from .extra_items import ExtraItems, WalkedPaths
from .item_verifier import ItemVerifier
from .report import VerificationReport
from .secret_verifier import SecretVerifier
from .source_digests import RecordedDigests, SourceDigests
from .workdb import VerifyDb

__all__ = ["VerificationRun"]

_CHUNK = 16  # secrets whose items are read together


class VerificationRun:
    """One verification. What it found is in ``report`` and, for the applications, in the work database.

    :param reader: ``None`` to compare with the ledger.
    :param accept_extra_items: whether extra items are no differences.
    :ivar found: how many secrets there are; ``chosen``: how many of them were compared.
    """

    def __init__(
        self,
        definition: Definition,
        reader: KvReader | None,
        store: ItemStore,
        ledger: Ledger,
        workdb: VerifyDb,
        report: VerificationReport,
        naming: Naming,
        *,
        sample: Sample,
        scope: Scope,
        accept_extra_items: bool = False,
    ) -> None:
        self.report = report
        self.found = 0
        self.chosen = 0
        self._definition = definition
        self._reader = reader
        self._store = store
        self._ledger = ledger
        self._workdb = workdb
        self._naming = naming
        self._sample = sample
        self._scope = scope
        self._keys = definition.layout == "keys"
        self._selection = Selection(definition.include, definition.exclude)
        self._walked = WalkedPaths(self._selection, everything=True)
        self._items = ItemVerifier(definition, ledger, workdb, report, naming)
        self._extra = ExtraItems(
            definition,
            ledger,
            workdb,
            report,
            naming,
            scope,
            accepted=accept_extra_items,
            recorded=reader is None,
        )

    async def discover(self) -> None:
        """Find the secrets and list the target.

        :raises SecretferryError: there is nothing to verify.
        """
        progress.stage("discover")
        await self._ledger.load_entries()
        discovery = await self._find_secrets()
        self._walked = WalkedPaths.of(discovery, self._definition, self._selection, self._scope)
        self.found = self._workdb.count_sources()
        self.report.counts["out_of_scope"] = discovery.outside
        if self._reader and not self.found and not discovery.outside and not self.report.differences:
            raise nothing_found(discovery)
        progress.stage("list")
        await self._list_target()
        secrets = self._secret_verifier()
        for path, reason in discovery.unreadable:
            secrets.unreadable(path, reason)
        for path, reason, remedy in discovery.failed:
            self.report.differ("unreadable", path, "", reason, remedy)
        for root in discovery.empty:
            if root.is_named:
                remedy = correction(root.mount, root.path)
                self.report.differ("unreadable", root.full, "", "there is nothing to list", remedy)

    async def compare(self) -> None:
        """Compare every secret of the sample.

        :raises SecretferryError: it had to end early.
        """
        in_sample = self._sample.choose(secret.path for secret in self._workdb.sources())
        chosen = (secret for secret in self._workdb.sources() if in_sample(secret.path))
        progress.stage("verify", self.found if not self._sample.requested else None)
        secrets = self._secret_verifier()

        async def work(chunk: list[SourceSecret]) -> None:
            self.chosen += len(chunk)
            await secrets.verify(chunk)
            progress.advance(len(chunk), failed=self.report.differences - progress.failed)

        # Each worker compares a chunk of secrets; the rate limit of each side bounds the requests in flight.
        count = max(1, self._definition.concurrency // _CHUNK) + 1
        await for_each(chunked(chosen, _CHUNK), work, concurrency=count)
        self.report.counts["secrets"] = self.chosen
        self.report.counts["not_sampled"] = self.found - self.chosen

    def find_extra_items(self) -> None:
        """Report the items at the target that no source secret stands for. After :meth:`compare`."""
        progress.stage("extra items")
        self._extra.find(self._walked)

    def _secret_verifier(self) -> SecretVerifier:
        digests = self._ledger.digests
        return SecretVerifier(
            self._definition,
            SourceDigests(self._reader, self._definition, digests)
            if self._reader
            else RecordedDigests(self._ledger, self._workdb, self._naming, self._definition.layout),
            ItemReader(self._store, digests, "text" if self._keys else "json", self._ledger.folder),
            self._workdb,
            self.report,
            self._items,
            named=self._walked.named,
            in_scope=self._scope.paths is not None,
        )

    async def _find_secrets(self) -> Discovery:
        definition = self._definition

        def found(mount: Mount, secret: str) -> None:
            path, item = mount.path + secret, self._naming.item(mount.path, secret)
            obstacle = self._naming.obstacle(path, item)
            if obstacle:
                self.report.differ("missing", path, "", *obstacle)
                return
            self._workdb.add_source(path, mount.path, secret, mount.version, item)
            progress.advance()

        if self._reader is None:
            self._take_recorded(found)
            return Discovery()
        discovery = await find(
            self._reader,
            definition.paths,
            self._selection,
            self._scope,
            found,
            concurrency=min(16, definition.concurrency),
        )
        if self._scope.paths is None:
            for option, glob in self._selection.unused():
                self.report.note(f"source.{option}: {glob} matches no path that was found")
        return discovery

    def _take_recorded(self, found: t.Callable[[Mount, str], None]) -> None:
        """Call ``found`` for each secret in scope that the ledger records; report those of the scope that it does not.

        :raises NotFound: it records none.
        """
        left = set(self._scope.paths or ())
        for path in self._workdb.entries_without_source():
            if self._scope.takes(path):
                mount, _slash, secret = path.partition("/")
                found(Mount(f"{mount}/", 2), secret)
                left.discard(path)
        for path in sorted(left):
            self.report.differ("missing", path, "", "the ledger does not record it", "Run kv_migration")
        if not self._workdb.count_sources() and not left:
            raise NotFound(f"{self._ledger.folder} records no secret", "Run kv_migration first")

    async def _list_target(self) -> None:
        """Note everything at the target location, or the items of the secrets that the scope names."""
        if self._scope.paths is None:
            await self._list_below(self._definition.target_location)
            return
        for chunk in chunked(self._workdb.sources(), _CHUNK):
            await asyncio.gather(*(self._list_secret(secret.item) for secret in chunk))

    async def _list_secret(self, name: str) -> None:
        if self._keys:
            await self._list_below(name)
        elif (item := await self._store.describe(name)) is not None:
            self._note(item)

    async def _list_below(self, folder: str) -> None:
        async for item in self._store.folder(folder):
            if not is_of_ledger(self._naming.location, item.name):
                self._note(item)

    def _note(self, item: Item) -> None:
        self._workdb.put_target(item, description=item.description)
        progress.advance()
