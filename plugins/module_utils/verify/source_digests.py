# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What items should be, by the source or by the ledger: keyed digests of versions, and metadata. Values are dropped."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from ..errors import PermissionDenied
from ..ledger.digests import Digests
from ..ledger.ledger import Ledger
from ..plan.definition import Definition
from ..plan.naming import Naming
from ..source.snapshot import (
    Snapshot,
    Value,
    look_up,
    read_again_while_changing,
    read_newest,
    read_versions,
    split,
)
from ..vault.kv import KvReader, Mount
from .workdb import VerifyDb

__all__ = ["ExpectedItem", "ExpectedSecret", "RecordedDigests", "SourceDigests", "plain_digest"]


@dataclass
class ExpectedItem:
    """One item as it should be.

    :ivar versions: number and keyed digest of each wanted version, oldest first.
    :ivar plain: keyed digest of the newest value as an application gets it from a JSON library.
    :ivar bytes: those of all its values.
    :ivar largest: bytes of its largest value.
    """

    key: str
    versions: list[tuple[int, str]] = field(default_factory=list)
    plain: str = ""
    bytes: int = 0
    largest: int = 0

    @property
    def numbers(self) -> list[int]:
        """The numbers of the wanted versions."""
        return [number for number, _digest in self.versions]


@dataclass
class ExpectedSecret:
    """A secret as it should be at the target.

    :ivar items: its item, or one for each key, by key.
    :ivar metadata: its metadata block; ``None`` for KV version 1, and by the ledger.
    :ivar recorded: whether it is what the ledger records; otherwise, what the source is.
    """

    items: dict[str, ExpectedItem]
    metadata: dict[str, t.Any] | None
    recorded: bool = False


class SourceDigests:
    """Reads secrets at the source."""

    def __init__(self, reader: KvReader, definition: Definition, digests: Digests) -> None:
        self._reader = reader
        self._definition = definition
        self._digests = digests

    async def read(self, mount: Mount, secret: str) -> ExpectedSecret:
        """Read the wanted versions, one at a time.

        :raises NotFound: there is no such secret.
        :raises PermissionDenied: it may not be read.
        """
        return await read_again_while_changing(mount.path + secret, lambda deleted: self._read(mount, secret, deleted))

    async def _read(self, mount: Mount, secret: str, deleted: t.Collection[tuple[int, str]]) -> ExpectedSecret:
        if mount.version == 1:
            reading = await self._reader.read(mount, secret)
            snap = Snapshot(mount, secret, None, (1,), {1: reading.text or "{}"})
        else:
            snap = await self._versioned(mount, secret, deleted)
        items: dict[str, ExpectedItem] = {}
        if self._definition.layout == "json":
            items[""] = ExpectedItem("")
        for number in snap.wanted:
            if snap.metadata is not None:
                await read_versions(self._reader, snap, [number])
            for key, versions in split(snap, self._definition.layout).items():
                if number in versions:
                    self._add(items.setdefault(key, ExpectedItem(key)), number, versions[number])
            snap.values.clear()
        return ExpectedSecret(items, snap.metadata.block if snap.metadata else None)

    async def _versioned(self, mount: Mount, secret: str, deleted: t.Collection[tuple[int, str]]) -> Snapshot:
        definition = self._definition
        try:
            return await look_up(self._reader, mount, secret, definition.versions, deleted)
        except PermissionDenied:
            if definition.versions != "current" or definition.metadata_mode == "full":
                raise
            return await read_newest(self._reader, mount, secret)

    def _add(self, expected: ExpectedItem, number: int, value: Value) -> None:
        expected.versions.append((number, self._digests.of_value(value.text, value.form)))
        size = len(value.text.encode("utf-8", "surrogatepass"))
        expected.bytes += size
        expected.largest = max(expected.largest, size)
        expected.plain = plain_digest(self._digests, value.text)


class RecordedDigests:
    """Takes secrets from the ledger: the versions that were written, of those that the account keeps."""

    def __init__(self, ledger: Ledger, workdb: VerifyDb, naming: Naming, layout: str) -> None:
        self._ledger = ledger
        self._workdb = workdb
        self._naming = naming
        self._keys = layout == "keys"

    async def read(self, mount: Mount, secret: str) -> ExpectedSecret:
        """What the ledger records of a secret. No request is made."""
        items: dict[str, ExpectedItem] = {}
        entry = self._ledger.entry(mount.path + secret)
        for key, record in entry.items.items() if entry else ():
            listed = self._workdb.target(self._naming.item(mount.path, secret, key if self._keys else None))
            first = record.last - listed.kept + 1 if listed and listed.kept else 0
            versions = [(n, digest) for n, (number, digest) in sorted(record.versions.items()) if number >= first]
            items[key] = ExpectedItem(key, versions)
        return ExpectedSecret(items, None, recorded=True)


def plain_digest(digests: Digests, text: str) -> str:
    """A digest of a value as an application gets it from a JSON library: numbers as doubles, which lose digits.

    Only objects and lists are taken for JSON: of a text that looks like a number, every digit counts.
    """
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, (dict, list)):
        return digests.of_value(json.dumps(value), "json")
    return digests.of_value(text, "text")
