# Copyright: (c) 2026, secretferry.akeyless contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Confirming what a run wrote, instead of trusting that every write was acknowledged.

The target is listed once more, and the newest value of every item that was written is read back, many in a request.
What contradicts the ledger is reported, and taken out of the ledger: then the next run looks at the item and goes on.

An item is *settled* once its value was read back after the second of its last change was over. From then on every
change shows as another date, so later runs need not read the value again. See "Ours or not" in docs/architecture.md.
"""

from __future__ import annotations

import asyncio
import itertools
import typing as t
from dataclasses import dataclass

from ..common.progress import progress
from ..common.workdb import SourceSecret
from ..common.workers import for_each
from ..ledger.entry import Entry
from ..ledger.items import companion_name
from ..plan.dates import is_over
from ..plan.model import Record, TargetItem, is_marked, newest_digest
from ..stopping import stop
from ..target.item_reader import ItemReader
from .context import RunContext

__all__ = ["confirm", "contradiction", "correct", "wait_for_later_dates"]

_SECRETS = 50  # whose items are read together
_AT_ONCE = 4  # of these
_LONGEST_WAIT = 1.5  # seconds


@dataclass
class _Written:
    """An item that this run wrote, and what the target's listing shows of it now."""

    path: str
    key: str
    item: str
    record: Record
    target: TargetItem | None


async def wait_for_later_dates(context: RunContext) -> None:
    """Wait until a change shows as a later date than those of this run: for a second, where dates have whole ones."""
    clock = context.store.client.transport.clock
    if clock.seen and not context.workdb.has_fine_dates():
        await stop.sleep(min(_LONGEST_WAIT, max(0.0, clock.seen + 1 - clock.now())))


async def confirm(context: RunContext) -> None:
    """Compare what this run wrote with the target, whose listing was loaded since; report the differences."""
    reader = ItemReader(context.store, context.ledger.digests, context.form, context.ledger.folder)
    secrets = context.workdb.touched()
    chunks: t.Iterator[list[SourceSecret]] = iter(lambda: list(itertools.islice(secrets, _SECRETS)), [])

    async def work(chunk: list[SourceSecret]) -> None:
        entries = {row.path: entry for row in chunk if (entry := context.ledger.entry(row.path)) is not None}
        written = [one for row in chunk if row.path in entries for one in _written(context, row, entries[row.path])]
        await _confirm(context, reader, written, entries)
        for path, entry in entries.items():
            await context.ledger.remember(path, entry)
        progress.advance(len(chunk))

    await for_each(chunks, work, concurrency=_AT_ONCE)


def _written(context: RunContext, row: SourceSecret, entry: Entry) -> t.Iterator[_Written]:
    """The items of a secret that are not settled."""
    for key, record in entry.items.items():
        item = context.naming.item(row.mount, row.secret, key) if context.one_item_per_key else row.item
        target = context.listing.item(item)
        if target is None or not record.modified or record.modified != target.modified:
            yield _Written(row.path, key, item, record, target)


async def _confirm(
    context: RunContext, reader: ItemReader, written: list[_Written], entries: t.Mapping[str, Entry]
) -> None:
    """Read the items' values back, and bring their records up to date."""
    items, now = context.ledger.items, context.store.client.transport.clock.at_least()
    companions = {one.item: companion_name(one.item, context.naming.location) for one in written}
    kept = {item: name for item, name in companions.items() if items.has(name)}
    found, metadata = await asyncio.gather(
        reader.newest([one.item for one in written if one.target is not None]),
        reader.newest([f"{items.folder}/{name}" for name in kept.values()]),
    )
    for one in written:
        if one.target is None and await context.store.describe(one.item) is not None:
            continue  # the listing was too early: the record stays unsettled
        lost = one.item in kept and f"{items.folder}/{kept[one.item]}" not in metadata
        problem = contradiction(one.record, one.target, found.get(one.item), context.policy.tag, metadata_is_lost=lost)
        if problem is None:
            settled = one.item in found and one.target is not None and is_over(one.target.modified, now)
            one.record.modified = one.target.modified if settled and one.target is not None else ""
            continue
        context.report.fail(one.path, one.item, *problem)
        if lost:
            items.forget(kept[one.item])
            one.record.description = ""
        if one.target is not None:
            correct(one.record, one.target)
        elif context.workdb.was_created(one.item):
            del entries[one.path].items[one.key]


def contradiction(
    record: Record, target: TargetItem | None, found: str | None, tag: str, *, metadata_is_lost: bool = False
) -> tuple[str, str] | None:
    """In what the target contradicts the record of an item: reason and remedy, ``None`` where it confirms it.

    :param target: the item as it is listed, ``None`` where it is not.
    :param found: keyed digest of the item's newest value, ``None`` where it could not be read.
    :param metadata_is_lost: whether the companion with the item's metadata is not there.
    """
    if target is None:
        return "it was written, and is not in the target's listing", "Run again, then verify"
    if not is_marked(target.tags, tag):
        return "it was replaced at the target while this run wrote", _LOOK
    if target.last != record.last:
        return f"it was written up to version {record.last}, and the listing shows version {target.last}", _LOOK
    if target.kept and target.kept < len(record.versions):
        return (
            f"{len(record.versions)} versions were written, and the account keeps {target.kept}",
            "Raise the account's limit of versions, or set versions to a smaller number",
        )
    if found is not None and found != (newest_digest(record) or found):
        return "its newest value at the target is not the one that was written", _LOOK
    if metadata_is_lost or (record.description and record.description != target.description):
        return "its metadata at the target is not what was written", "Run again, then verify"
    return None


_LOOK = "Another program may write there: look at the item, then run again"


def correct(record: Record, target: TargetItem) -> None:
    """Take out of the record what the target contradicts, so that the next run looks at the item and writes it."""
    record.modified = ""
    if not target.description:  # another one was written by others: the record must show that
        record.description = ""
    if target.last < record.last:
        record.versions = {number: held for number, held in record.versions.items() if held[0] <= target.last}
        record.last = target.last
