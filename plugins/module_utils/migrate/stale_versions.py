# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions are to be deleted at the target, as the source no longer has them. Pure.

They are marked in an item's record (``Record.stale``) while the secret is read. The planner goes by these marks, and
so do the deletions at the end of the run.
"""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..ledger.entry import Entry
from ..plan.decide import pending
from ..plan.model import Record, readable
from ..source.snapshot import Snapshot

__all__ = ["mark_recreated", "mark_undeleted", "mark_unreadable"]


def mark_unreadable(entry: Entry, snapshot: Snapshot, now: str) -> None:
    """Mark the versions that cannot be read at the source any more.

    :param now: the source's time, RFC 3339.
    """
    if snapshot.metadata is None or "versions" not in snapshot.metadata.block:
        return
    states = snapshot.metadata.versions
    kept = {*snapshot.wanted, *(state.number for state in states if readable(state, now))}
    entry.items = {key: _marked(r, [n for n in r.versions if n not in kept]) for key, r in entry.items.items()}
    entry.seen = [number for number in entry.seen if number in kept]


def mark_recreated(record: Record, *, delete: bool) -> Record:
    """The record of an item whose secret was removed and created again: the source has none of its versions.

    :param delete: whether these versions are to be deleted.
    """
    return _marked(record, list(record.versions)) if delete else replace(record, versions={})


def mark_undeleted(record: Record, wanted: t.Sequence[int], kept_versions: int | None) -> Record:
    """Mark the versions that must be written again, as an older one was undeleted: Akeyless can only append.

    :param wanted: the source versions that can be read, ascending.
    :param kept_versions: how many versions the account keeps, ``None`` if that is not known. Without room for the
        copies, the record stays as it is, and the plan shows a conflict.
    """
    undeleted = min(pending(wanted, record), default=0)
    newer = [number for number in record.versions if number > undeleted > 0]
    needed = len(record.versions) + len(record.stale) + len(wanted)
    if not newer or (kept_versions is not None and needed > kept_versions):
        return record
    return _marked(record, newer)


def _marked(record: Record, numbers: t.Sequence[int]) -> Record:
    """A record with these source versions marked as to be deleted at the target."""
    if not numbers:
        return record
    stale = {**record.stale, **dict(record.versions[number] for number in numbers)}
    return replace(record, versions={n: v for n, v in record.versions.items() if n not in {*numbers}}, stale=stale)
