# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The statistics of the secrets that a migration would take. Pure, in bounded memory: counts, and bounded lists."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ..common.bounded import BoundedList
from ..plan.metadata import describe, wanted_text
from ..plan.model import readable
from ..vault.kv import Metadata

__all__ = ["GATEWAY_VERSIONS", "RANKED", "Entries", "SecretSummary", "Size", "Statistics", "split_by_key", "summarize"]

GATEWAY_VERSIONS = 5  # the Gateway's own migration takes the newest 5 versions
RANKED = 3  # entries of the lists that only rank

Entries = BoundedList[dict[str, t.Any]]


class Size(t.NamedTuple):
    """The size of one value in bytes; ``key`` is empty with one item per secret."""

    version: int
    key: str
    size: int


@dataclass
class SecretSummary:
    """What a migration would take of one secret.

    :ivar wanted: numbers of the versions that would be migrated.
    :ivar expiring: version to the time when Vault will delete it.
    :ivar metadata_length: of the longest metadata text of its items, in characters; ``gateway_metadata_length``: of the
        text that the Gateway would write.
    :ivar sizes: of the values that were read.
    :ivar items: how many items it becomes; ``item_versions``: how many values they get. ``None`` if that is not known.
    :ivar metadata_items: how many metadata texts do not fit into a description.
    """

    versions: int
    readable: int
    wanted: tuple[int, ...]
    deleted: int = 0
    destroyed: int = 0
    newest_deleted: bool = False
    custom: bool = False
    unversioned: bool = False
    expiring: dict[int, str] = field(default_factory=dict)
    metadata_length: int = 0
    metadata_too_long: bool = False
    gateway_metadata_length: int = 0
    gateway_metadata_too_long: bool = False
    sizes: list[Size] = field(default_factory=list)
    items: int | None = 0
    item_versions: int | None = 0
    metadata_items: int = 0


def summarize(metadata: Metadata | None, wanted: tuple[int, ...], mode: str, now: str) -> SecretSummary:
    """The summary of a secret from its metadata block, without sizes.

    :param metadata: ``None`` for a secret of KV version 1, which has one version and no metadata.
    :param wanted: numbers of the versions that would be migrated.
    :param mode: the metadata mode.
    :param now: as for :func:`.plan.model.readable`.
    """
    if metadata is None:
        return SecretSummary(versions=1, readable=1, wanted=wanted, unversioned=True, items=1, item_versions=1)
    not_deleted = [state for state in metadata.versions if readable(state, now)]
    newest = max((state.number for state in metadata.versions), default=0)
    text = wanted_text(mode, metadata.block, wanted) if wanted else ""
    gateway = (
        wanted_text(mode, metadata.block, [s.number for s in not_deleted[-GATEWAY_VERSIONS:]]) if not_deleted else ""
    )
    return SecretSummary(
        versions=len(metadata.versions),
        readable=len(not_deleted),
        wanted=wanted,
        deleted=sum(not s.destroyed and not readable(s, now) for s in metadata.versions),
        destroyed=sum(s.destroyed for s in metadata.versions),
        newest_deleted=bool(newest) and all(s.number != newest for s in not_deleted),
        custom=bool(metadata.custom),
        expiring={s.number: s.deletion_time for s in not_deleted if s.deletion_time},
        metadata_length=len(text),
        metadata_too_long=_too_long(text),
        gateway_metadata_length=len(gateway),
        gateway_metadata_too_long=_too_long(gateway),
        items=1 if wanted else 0,
        item_versions=len(wanted),
        metadata_items=int(_too_long(text)),
    )


def split_by_key(summary: SecretSummary, metadata: Metadata | None, mode: str) -> dict[str, list[int]]:
    """Change ``summary`` to one item per key, by the sizes of all wanted versions. Returns key to its versions."""
    keys: dict[str, list[int]] = {}
    for size in summary.sizes:
        keys.setdefault(size.key, []).append(size.version)
    summary.items, summary.item_versions = len(keys), len(summary.sizes)
    if metadata is not None:
        texts = [wanted_text(mode, metadata.block, numbers) for numbers in keys.values()]
        summary.metadata_length = max(map(len, texts), default=0)
        summary.metadata_items = sum(map(_too_long, texts))
        summary.metadata_too_long = summary.metadata_items > 0
    return keys


def _too_long(text: str) -> bool:
    """Whether a metadata text does not fit into a description."""
    return bool(describe(text, "", str).metadata_item)


class Statistics:
    """Adds up all secrets.

    :param limit: how many entries a list of the result holds at the most.
    :param value_limit: bytes.
    :param max_versions: how many versions the account keeps of an item; ``None`` if that is not known.
    :ivar items_known: whether ``planned_items`` and ``item_versions`` of all secrets are known.
    """

    def __init__(self, limit: int, value_limit: int, max_versions: int | None = None) -> None:
        ranked = min(limit, RANKED)
        self.value_limit = value_limit
        self.max_versions = max_versions
        self.counts: dict[str, int] = dict.fromkeys(_COUNTS, 0)
        self.items_known = True
        self.values = self.bytes = 0
        self.largest, self.over_limit = Entries(ranked, _by_size), Entries(limit, _by_size)
        self.metadata_longest, self.metadata_over = Entries(ranked, _by_length), Entries(limit, _by_length)
        self.gateway_metadata_over = Entries(limit, _by_length)
        self.history_longest, self.gateway_history_over = Entries(ranked, _by_versions), 0
        self.too_many_versions = 0
        self.newest_deleted, self.no_readable_version = Entries(limit, _by_source), Entries(limit, _by_source)
        self.expiring = Entries(limit, lambda e: (e["expires"], e["source"], e["version"]))
        self.unreadable, self.failures = Entries(limit, _by_source), Entries(limit, _by_source)

    def add_unreadable(self, source: str, reason: str) -> None:
        """Add a path that may not be listed or read."""
        self.unreadable.add({"source": source, "reason": reason})

    def add_failure(self, source: str, reason: str, remedy: str) -> None:
        """Add a path that could not be assessed for another reason."""
        self.failures.add({"source": source, "reason": reason, "remedy": remedy})

    def add(self, source: str, summary: SecretSummary) -> None:
        """Add a secret."""
        counts = self.counts
        counts["versions"] += summary.versions
        counts["readable_versions"] += summary.readable
        counts["deleted_versions"] += summary.deleted
        counts["destroyed_versions"] += summary.destroyed
        counts["expiring_versions"] += len(summary.expiring)
        counts["wanted_versions"] += len(summary.wanted)
        counts["custom_metadata"] += summary.custom
        counts["unversioned"] += summary.unversioned
        counts["metadata_items"] += summary.metadata_items
        if summary.items is None:
            self.items_known = False
        counts["planned_items"] += summary.items or 0
        counts["item_versions"] += summary.item_versions or 0
        if summary.newest_deleted:
            counts["newest_deleted"] += 1
            if summary.readable:
                self.newest_deleted.add({"source": source})
        if not summary.readable:
            counts["no_readable_version"] += 1
            self.no_readable_version.add({"source": source})
        for number, expires in summary.expiring.items():
            self.expiring.add({"expires": expires, "source": source, "version": number})
        self._add_sizes(source, summary)
        self._add_history(source, summary)
        self._add_metadata(source, summary)

    def _add_sizes(self, source: str, summary: SecretSummary) -> None:
        for version, key, size in summary.sizes:
            self.values += 1
            self.bytes += size
            entry = {"source": source, "version": version, **({"key": key} if key else {}), "bytes": size}
            self.largest.add(entry)
            if size > self.value_limit:
                self.over_limit.add(entry)

    def _add_history(self, source: str, summary: SecretSummary) -> None:
        if summary.versions > 1:
            self.history_longest.add({"source": source, "versions": summary.versions, "readable": summary.readable})
        self.gateway_history_over += summary.readable > GATEWAY_VERSIONS
        if self.max_versions is not None:
            self.too_many_versions += len(summary.wanted) > self.max_versions

    def _add_metadata(self, source: str, summary: SecretSummary) -> None:
        entry = {"source": source, "characters": summary.metadata_length}
        if summary.metadata_length:
            self.metadata_longest.add(entry)
        if summary.metadata_too_long:
            self.metadata_over.add(entry)
        if summary.gateway_metadata_too_long:
            self.gateway_metadata_over.add({"source": source, "characters": summary.gateway_metadata_length})


_COUNTS = (
    "versions",
    "readable_versions",
    "deleted_versions",
    "destroyed_versions",
    "expiring_versions",
    "newest_deleted",
    "no_readable_version",
    "custom_metadata",
    "unversioned",
    "wanted_versions",
    "planned_items",
    "item_versions",
    "metadata_items",
)


def _by_source(entry: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return tuple(entry.values())


def _by_size(entry: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return -entry["bytes"], entry["source"], entry["version"], entry.get("key", "")


def _by_length(entry: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return -entry["characters"], entry["source"]


def _by_versions(entry: dict[str, t.Any]) -> tuple[t.Any, ...]:
    return -entry["versions"], entry["source"]
