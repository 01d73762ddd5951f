# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a migration would find, secret by secret, added up. Pure, and in bounded memory: counts, and short lists."""

from __future__ import annotations

import heapq
import typing as t
from dataclasses import dataclass, field

from ..plan.metadata import describe, wanted_text
from ..plan.model import readable
from ..vault.kv import Metadata

__all__ = ["GATEWAY_VERSIONS", "RANKED", "Look", "Ranking", "Size", "Statistics", "by_key", "look_at"]

GATEWAY_VERSIONS = 5  # the Gateway's own migration takes the newest 5 versions
RANKED = 10  # entries of the lists that only rank


class Ranking:
    """The entries of the highest rank, of any number that are added; among equals those that sort first.

    With the rank 0 for all of them, simply the first in order, whatever the order in which they come.

    :param most: how many are kept.
    """

    def __init__(self, most: int) -> None:
        self.count = 0
        self._most = most
        self._heap: list[_Entry] = []

    def add(self, rank: int, *entry: t.Any) -> None:
        """Offer an entry; entries must be comparable with each other."""
        self.count += 1
        new = _Entry(rank, entry)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, new)
        elif self._heap and self._heap[0] < new:
            heapq.heapreplace(self._heap, new)

    def shown(self, *names: str) -> list[dict[str, t.Any]]:
        """The entries, best first, as dictionaries with these keys; an empty text is left out."""
        return [
            {name: part for name, part in zip(names, entry.parts, strict=True) if part != ""}
            for entry in sorted(self._heap, reverse=True)
        ]


@dataclass(frozen=True)
class _Entry:
    rank: int
    parts: tuple[t.Any, ...]

    def __lt__(self, other: _Entry) -> bool:
        return (self.rank, other.parts) < (other.rank, self.parts)


class Size(t.NamedTuple):
    """The size of one value in bytes; ``key`` is empty with one item per secret."""

    version: int
    key: str
    size: int


@dataclass
class Look:
    """What there is to say of one secret.

    :ivar wanted: numbers of the versions that would be migrated.
    :ivar expiring: version to the time when Vault will delete it.
    :ivar metadata: the longest metadata text of its items, in characters; ``gateway``: as the Gateway would write it.
    :ivar sizes: of the values that were read.
    :ivar items: how many items it becomes; ``writes``: how many values they get. ``None`` where that is not known.
    :ivar companions: metadata texts that do not fit into a description.
    """

    versions: int
    readable: int
    wanted: tuple[int, ...]
    deleted: int = 0
    destroyed: int = 0
    newest_gone: bool = False
    custom: bool = False
    unversioned: bool = False
    expiring: dict[int, str] = field(default_factory=dict)
    metadata: int = 0
    metadata_too_long: bool = False
    gateway: int = 0
    gateway_too_long: bool = False
    sizes: list[Size] = field(default_factory=list)
    items: int | None = 0
    writes: int | None = 0
    companions: int = 0


def look_at(metadata: Metadata | None, wanted: tuple[int, ...], mode: str, now: str) -> Look:
    """What the metadata block alone tells. ``None`` is a KV v1 secret: one version, no metadata.

    :param now: as for :func:`.facts.readable`.
    """
    if metadata is None:
        return Look(versions=1, readable=1, wanted=wanted, unversioned=True, items=1, writes=1)
    alive = [state for state in metadata.versions if readable(state, now)]
    newest = max((state.number for state in metadata.versions), default=0)
    text = wanted_text(mode, metadata.block, wanted) if wanted else ""
    gateway = wanted_text(mode, metadata.block, [s.number for s in alive[-GATEWAY_VERSIONS:]]) if alive else ""
    return Look(
        versions=len(metadata.versions),
        readable=len(alive),
        wanted=wanted,
        deleted=sum(not s.destroyed and not readable(s, now) for s in metadata.versions),
        destroyed=sum(s.destroyed for s in metadata.versions),
        newest_gone=bool(newest) and all(s.number != newest for s in alive),
        custom=bool(metadata.custom),
        expiring={s.number: s.deletion_time for s in alive if s.deletion_time},
        metadata=len(text),
        metadata_too_long=too_long(text),
        gateway=len(gateway),
        gateway_too_long=too_long(gateway),
        items=1 if wanted else 0,
        writes=len(wanted),
        companions=int(too_long(text)),
    )


def by_key(look: Look, metadata: Metadata | None, mode: str) -> dict[str, list[int]]:
    """Correct ``look`` for one item per key, from the sizes of all wanted versions. Returns key to its versions."""
    keys: dict[str, list[int]] = {}
    for size in look.sizes:
        keys.setdefault(size.key, []).append(size.version)
    look.items, look.writes = len(keys), len(look.sizes)
    if metadata is not None:
        texts = [wanted_text(mode, metadata.block, numbers) for numbers in keys.values()]
        look.metadata = max(map(len, texts), default=0)
        look.companions = sum(map(too_long, texts))
        look.metadata_too_long = look.companions > 0
    return keys


def too_long(text: str) -> bool:
    """Whether a metadata text needs a companion item."""
    return bool(describe(text, "", str).companion)


class Statistics:
    """Adds up all secrets.

    :param most: how many entries each list of paths that want attention holds.
    :param value_limit: bytes.
    :param kept_versions: how many versions the account keeps of an item, where that is known.
    """

    def __init__(self, most: int, value_limit: int, kept_versions: int | None = None) -> None:
        ranked = min(most, RANKED)
        self.limit = value_limit
        self.kept_versions = kept_versions
        self.counts: dict[str, int] = dict.fromkeys(_COUNTS, 0)
        self.items_known = True
        self.largest, self.over_limit = Ranking(ranked), Ranking(most)
        self.values = self.bytes = 0
        self.metadata_longest, self.metadata_over = Ranking(ranked), Ranking(most)
        self.gateway_over = Ranking(most)
        self.histories_longest, self.histories_over = Ranking(ranked), 0
        self.too_many_versions = Ranking(most)
        self.newest_gone, self.nothing_readable, self.expiring = Ranking(most), Ranking(most), Ranking(most)
        self.unreadable, self.failures = Ranking(most), Ranking(most)

    def add(self, source: str, look: Look) -> None:
        """One secret was looked at."""
        counts = self.counts
        counts["versions"] += look.versions
        counts["readable_versions"] += look.readable
        counts["deleted_versions"] += look.deleted
        counts["destroyed_versions"] += look.destroyed
        counts["expiring_versions"] += len(look.expiring)
        counts["wanted_versions"] += len(look.wanted)
        counts["custom_metadata"] += look.custom
        counts["unversioned"] += look.unversioned
        counts["companions"] += look.companions
        if look.items is None:
            self.items_known = False
        counts["items"] += look.items or 0
        counts["item_versions"] += look.writes or 0
        if look.newest_gone:
            counts["newest_deleted"] += 1
            if look.readable:
                self.newest_gone.add(0, source)
        if not look.readable:
            counts["nothing_readable"] += 1
            self.nothing_readable.add(0, source)
        for number, expires in look.expiring.items():
            self.expiring.add(0, expires, source, number)
        self._add_history(source, look)
        self._add_metadata(source, look)
        for version, key, size in look.sizes:
            self.values += 1
            self.bytes += size
            self.largest.add(size, source, version, key, size)
            if size > self.limit:
                self.over_limit.add(size, source, version, key, size)

    def _add_history(self, source: str, look: Look) -> None:
        if look.versions > 1:
            self.histories_longest.add(look.versions, source, look.versions, look.readable)
        self.histories_over += look.readable > GATEWAY_VERSIONS
        if self.kept_versions is not None and len(look.wanted) > self.kept_versions:
            self.too_many_versions.add(0, source, len(look.wanted))

    def _add_metadata(self, source: str, look: Look) -> None:
        if look.metadata:
            self.metadata_longest.add(look.metadata, source, look.metadata)
        if look.metadata_too_long:
            self.metadata_over.add(look.metadata, source, look.metadata)
        if look.gateway_too_long:
            self.gateway_over.add(look.gateway, source, look.gateway)


_COUNTS = (
    "versions",
    "readable_versions",
    "deleted_versions",
    "destroyed_versions",
    "expiring_versions",
    "newest_deleted",
    "nothing_readable",
    "custom_metadata",
    "unversioned",
    "wanted_versions",
    "items",
    "item_versions",
    "companions",
)
