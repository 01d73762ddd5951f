# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verifies some secrets together: reads source and target, and has each item compared."""

from __future__ import annotations

import asyncio
import typing as t

from ..common.workdb import SourceSecret
from ..errors import FATAL, ApiError, NotFound, PermissionDenied, SecretferryError
from ..plan.definition import Definition
from ..source.discover import correction
from ..target.item_reader import ItemReader
from ..vault.kv import Mount
from .compare import Versions
from .item_verifier import ItemVerifier, PlannedItem
from .report import VerificationReport
from .source_digests import ExpectedItem, ExpectedSecret, RecordedDigests, SourceDigests
from .workdb import VerifyDb

__all__ = ["SecretVerifier"]


class SecretVerifier:
    """Verifies secrets, some at a time.

    :param named: full paths of the secrets that the migration's ``paths`` name one by one.
    :param in_scope: whether the run's scope names its secrets.
    """

    def __init__(
        self,
        definition: Definition,
        source: SourceDigests | RecordedDigests,
        target: ItemReader,
        workdb: VerifyDb,
        report: VerificationReport,
        items: ItemVerifier,
        *,
        named: t.Collection[str],
        in_scope: bool,
    ) -> None:
        self._definition = definition
        self._source = source
        self._target = target
        self._workdb = workdb
        self._report = report
        self._items = items
        self._named = named
        self._in_scope = in_scope
        self._keys = definition.layout == "keys"

    async def verify(self, secrets: list[SourceSecret]) -> None:
        """Compare all items of these secrets.

        :raises SecretferryError: the run has to end.
        """
        sources = await asyncio.gather(*map(self._read_source, secrets))
        planned = [
            PlannedItem(secret, source, expected, self._items.item_name(secret, expected.key))
            for secret, source in zip(secrets, sources, strict=True)
            if source is not None
            for expected in self._expected(secret, source)
        ]
        wanted = {
            one.name: self._items.numbers_to_read(one, item)
            for one in planned
            if (item := self._workdb.target(one.name)) and item.type == "STATIC_SECRET"
        }
        versions, metadata = await asyncio.gather(self._versions(wanted), self._metadata(wanted))
        for one in planned:
            self._items.verify(one, versions.get(one.name), metadata.get(one.name, ""))
        for secret, source in zip(secrets, sources, strict=True):
            if source is not None:
                self._workdb.compared(secret.path)

    def unreadable(self, path: str, reason: str) -> None:
        """Report a source path that may not be listed or read, and that has no item at the target."""
        if self._definition.unreadable_paths == "fail":
            self._report.differ("unreadable", path, "", reason, "Grant the Vault policy this path")
        else:
            self._report.unreadable(path, reason)

    # --- the source

    async def _read_source(self, secret: SourceSecret) -> ExpectedSecret | None:
        """What a secret should be; ``None`` if it cannot be read, which is reported then."""
        path, item = secret.path, secret.item
        try:
            return await self._source.read(Mount(secret.mount, secret.kv_version), secret.secret)
        except FATAL:
            raise
        except PermissionDenied as error:
            # Only a secret that was not migrated either may pass with a warning.
            if self._workdb.target(item) or (self._keys and self._workdb.items_below(item)):
                self._report.differ("unreadable", path, item, f"cannot be compared: {error.message}", error.remedy)
            else:
                self.unreadable(path, error.message)
        except NotFound as error:
            if path in self._named:
                remedy = correction(Mount(secret.mount, secret.kv_version), secret.secret)
                self._report.differ("unreadable", path, item, error.message, remedy)
            else:
                self._report.counts["removed_at_source"] += 1
                self._report.note(f"{path} was removed at the source{'' if self._in_scope else ' meanwhile'}")
                self._workdb.compared(path)
        except SecretferryError as error:
            self._report.differ("unreadable", path, item, error.message, error.remedy)
        return None

    def _expected(self, secret: SourceSecret, source: ExpectedSecret) -> t.Iterator[ExpectedItem]:
        """The items of a secret, with those of keys that only deleted versions had."""
        yield from source.items.values()
        entry = self._items.entry(secret) if self._keys else None
        for key in entry.items if entry else ():
            if key not in source.items:
                yield ExpectedItem(key)

    # --- the target

    async def _versions(self, wanted: dict[str, range]) -> dict[str, Versions | SecretferryError]:
        """Number and keyed digest of the versions of items, or why they cannot be read."""
        found: dict[str, Versions | SecretferryError] = {}
        try:
            found.update(await self._target.versions(wanted))
        except FATAL:
            raise
        except ApiError:
            # One item makes them all fail: ask one by one.
            for name, numbers in wanted.items():
                try:
                    found.update(await self._target.versions({name: numbers}))
                except FATAL:
                    raise
                except SecretferryError as error:
                    found[name] = error
        return found

    async def _metadata(self, names: t.Iterable[str]) -> dict[str, str | SecretferryError | None]:
        """The metadata of items, or why it cannot be read; ``None`` as from :meth:`.ItemReader.metadata`."""
        descriptions = {name: item.description for name in names if (item := self._workdb.target(name))}
        texts = await asyncio.gather(*map(self._text, descriptions.values()))
        return dict(zip(descriptions, texts, strict=True))

    async def _text(self, description: str) -> str | SecretferryError | None:
        try:
            return await self._target.metadata(description)
        except FATAL:
            raise
        except SecretferryError as error:
            return error
