# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One secret as it stood at one moment: its metadata and the wanted versions belong together.

The value of a version never changes once it is written. While a secret is read, a version can be deleted, destroyed or
pruned, or the whole secret can be removed and created again. The answers show each of these (no text, not found,
another creation time), and then the secret is read again from its metadata on. A version that is added meanwhile is
newer than those that are wanted. So the metadata need not be read a second time.
"""

from __future__ import annotations

import asyncio
import functools
import json
import typing as t
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from ..errors import ApiError, NotFound
from ..plan.model import wanted
from ..rawjson import keys_of
from ..vault.kv import KvReader, Metadata, Mount, VersionState

__all__ = [
    "Snapshot",
    "SourceChanged",
    "Value",
    "look_up",
    "read_again_while_changing",
    "read_newest",
    "read_versions",
    "split",
]

_ATTEMPTS = 5
_PAUSE = 0.5  # seconds, longer with each attempt
_T = t.TypeVar("_T")


class SourceChanged(Exception):
    """The secret changed while it was read: read it again.

    :ivar deleted: the version that turned out to be deleted, and its creation time, where that is what happened.
    """

    def __init__(self, deleted: tuple[int, str] | None = None) -> None:
        super().__init__()
        self.deleted = deleted


async def read_again_while_changing(
    path: str, read: t.Callable[[t.Collection[tuple[int, str]]], t.Awaitable[_T]]
) -> _T:
    """Read a secret with ``read`` until it does not change meanwhile, a few times.

    :param read: its argument is what earlier attempts have shown to be deleted, see :func:`look_up`.
    :raises ApiError: it changed during every attempt.
    """
    deleted: set[tuple[int, str]] = set()
    for attempt in range(_ATTEMPTS):
        try:
            return await read(deleted)
        except SourceChanged as changed:
            deleted |= {changed.deleted} if changed.deleted else set()
            await asyncio.sleep(_PAUSE * attempt)
    raise ApiError(
        f"{path} changed at the source during each of {_ATTEMPTS} reads",
        "Run again when fewer changes are written to it",
    )


@dataclass(frozen=True)
class Value:
    """A value to write: its text, and its format for Akeyless (``json`` or ``text``)."""

    text: str
    form: str


@dataclass
class Snapshot:
    """A secret as it stood at one moment: ``metadata`` is ``None`` for KV v1; ``values`` are those read so far."""

    mount: Mount
    secret: str
    metadata: Metadata | None
    wanted: tuple[int, ...]
    values: dict[int, str] = field(default_factory=dict)


def now_text(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, whole seconds."""
    return _second_text(int(seconds))


@functools.lru_cache(maxsize=4)  # called for each secret, thousands of times in a second
def _second_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


async def look_up(
    reader: KvReader, mount: Mount, secret: str, versions: str, deleted: t.Collection[tuple[int, str]] = ()
) -> Snapshot:
    """Look at a KV v2 secret: which versions are wanted and can be read. Reads no value.

    :param deleted: number and creation time of versions that a read has shown to be deleted, whatever the clocks say;
        see :class:`SourceChanged`.
    :raises NotFound: there is no such secret.
    """
    metadata = await reader.metadata(mount, secret)
    # The server's clock is known to the second, and never ahead: in doubt a version is read, and the answer shows it.
    now = now_text(reader.client.transport.clock.now())
    if deleted:
        marked = {s for s in metadata.versions if (s.number, s.created) in deleted}
        states = tuple(replace(s, deleted=True) if s in marked else s for s in metadata.versions)
        metadata = replace(metadata, versions=states)
    return Snapshot(mount, secret, metadata, wanted(metadata.versions, versions, now))


async def read_newest(reader: KvReader, mount: Mount, secret: str) -> Snapshot:
    """A KV v2 secret by its newest version alone, in one request and without the right to read its metadata.

    Its metadata is ``custom_metadata`` and the version; nothing of other versions is known.

    :raises NotFound: there is no such secret, or nothing was ever written to it.
    """
    reading = await reader.read(mount, secret)
    state = VersionState(reading.version, reading.created, "", destroyed=False)
    known = Metadata({"custom_metadata": dict(reading.custom or {}), "current_version": reading.version}, (state,))
    if reading.text is None:
        return Snapshot(mount, secret, known, ())
    return Snapshot(mount, secret, known, (reading.version,), {reading.version: reading.text})


async def read_versions(reader: KvReader, snap: Snapshot, numbers: t.Iterable[int]) -> None:
    """Read the values of these versions into the snapshot, oldest first.

    :raises SourceChanged: a version is no longer as the metadata says.
    """
    if snap.metadata is None:
        raise AssertionError("a snapshot without metadata has its values already")
    created = {state.number: state.created for state in snap.metadata.versions}
    for number in sorted(numbers):
        if number in snap.values:
            continue
        try:
            reading = await reader.read(snap.mount, snap.secret, number)
        except NotFound:
            raise SourceChanged from None
        if reading.version != number or reading.created != created[number]:
            raise SourceChanged
        if reading.text is None:
            raise SourceChanged((number, reading.created))
        snap.values[number] = reading.text


def split(snap: Snapshot, layout: str) -> dict[str, dict[int, Value]]:
    """The values read so far, by item: key (``""`` with one item per secret), then version.

    With one item per key, a string becomes its text, and anything else its JSON text as Vault sent it.
    """
    if layout == "json":
        return {"": {number: Value(text, "json") for number, text in snap.values.items()}}
    items: dict[str, dict[int, Value]] = {}
    for number, text in sorted(snap.values.items()):
        for key, member in keys_of(text).items():
            items.setdefault(key, {})[number] = Value(_plain(member), "text")
    return items


def _plain(member: str) -> str:
    return str(json.loads(member)) if member.startswith('"') else member
