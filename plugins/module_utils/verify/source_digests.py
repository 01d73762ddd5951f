# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the source says that items should be: versions as keyed digests, and metadata. Values are read and dropped."""

from __future__ import annotations

import json
import typing as t
from dataclasses import dataclass, field

from ..errors import PermissionDenied
from ..ledger.digests import Digests
from ..plan.definition import Definition
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

__all__ = ["Expectation", "Expected", "SourceDigests", "plain_digest"]

_REREADS = 5


@dataclass
class Expected:
    """One item as it should be.

    :ivar versions: number and keyed digest of each wanted version, oldest first.
    :ivar plain: keyed digest of the newest value as a JSON library gives it to an application.
    :ivar largest: bytes of its largest value.
    """

    key: str
    versions: list[tuple[int, str]] = field(default_factory=list)
    plain: str = ""
    largest: int = 0


@dataclass
class Expectation:
    """A secret as it should be at the target: an item, or one for each key, and the metadata block."""

    items: dict[str, Expected]
    block: dict[str, t.Any] | None
    wanted: tuple[int, ...]


class SourceDigests:
    """Reads secrets at the source."""

    def __init__(self, reader: KvReader, definition: Definition, digests: Digests) -> None:
        self._reader = reader
        self._definition = definition
        self._digests = digests

    async def look(self, mount: Mount, secret: str) -> Expectation:
        """Read the wanted versions, one at a time.

        :raises NotFound: there is no such secret.
        :raises PermissionDenied: it may not be read.
        """
        return await read_again_while_changing(mount.path + secret, lambda gone: self._look(mount, secret, gone))

    async def _look(self, mount: Mount, secret: str, gone: t.Collection[tuple[int, str]]) -> Expectation:
        if mount.version == 1:
            reading = await self._reader.read(mount, secret)
            snap = Snapshot(mount, secret, None, (1,), {1: reading.text or "{}"})
        else:
            snap = await self._versioned(mount, secret, gone)
        found: dict[str, Expected] = {}
        if self._definition.layout == "json":
            found[""] = Expected("")
        for number in snap.wanted:
            if snap.metadata is not None:
                await read_versions(self._reader, snap, [number])
            for key, versions in split(snap, self._definition.layout).items():
                if number in versions:
                    self._note(found.setdefault(key, Expected(key)), number, versions[number])
            snap.values.clear()
        return Expectation(found, snap.metadata.block if snap.metadata else None, snap.wanted)

    async def _versioned(self, mount: Mount, secret: str, gone: t.Collection[tuple[int, str]]) -> Snapshot:
        definition = self._definition
        try:
            return await look_up(self._reader, mount, secret, definition.versions, gone)
        except PermissionDenied:
            if definition.versions != "current" or definition.metadata_mode == "full":
                raise
            return await read_newest(self._reader, mount, secret)

    def _note(self, expected: Expected, number: int, value: Value) -> None:
        expected.versions.append((number, self._digests.of_value(value.text, value.form)))
        expected.largest = max(expected.largest, len(value.text.encode("utf-8", "surrogatepass")))
        expected.plain = plain_digest(self._digests, value.text)


def plain_digest(digests: Digests, text: str) -> str:
    """A digest of a value as a JSON library gives it to an application: numbers as doubles, whatever their digits.

    Only objects and lists are taken for JSON: a text that looks like a number is compared digit by digit.
    """
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if isinstance(value, (dict, list)):
        return digests.of_value(json.dumps(value), "json")
    return digests.of_value(text, "text")
